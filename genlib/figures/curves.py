"""Curves of training runs: what their players lose, and how far their samples are from the data, over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import INVISIBLE, MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 190  # px
ROW, LOW, LEGEND = 84, 62, 64  # px, of each curve where runs are compared, or of many, and what is about them
MANY = 5  # rows
# Of runs: in one figure after another each has its own, and they are told apart without colours, too.
COLOURS = ("#b5614e", "#4a879b", "#a07c2c", "#8272ae")
DASHES = ("solid", "dot", "dash", "longdashdot")
FEW = 300  # values of a curve that are drawn

Curve = tuple[np.ndarray, np.ndarray]  # steps (T,), values (T,)
NONE: Curve = (np.array([np.nan]), np.array([np.nan]))  # of no value at all there would be nothing in the legend


def curves(run: Mapping[str, Curve], title: str, steps: int) -> go.Figure:
    """The curves of one run, a colour for each name.

    title    of the axis of their values
    steps    of the whole run: the axis is there from the start
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, curve in run.items():
        at, values = _thin(curve)
        figure.add_scatter(x=at, y=values, name=name, line={"width": 1.6}, **_drawn(name))
    _lay(figure, HEIGHT)
    figure.update_xaxes(range=[0, steps])
    figure.update_yaxes(title=title)
    return figure


def compared(runs: Sequence[Mapping[str, Curve]], steps: int, called: Sequence[str]) -> go.Figure:
    """The curves of several runs, at most four: a row for each name, a colour and a dash for each run.

    steps    of the longest run
    called   what the runs are called
    """
    from plotly.subplots import make_subplots

    names = list(dict.fromkeys(name for run in runs for name in run))
    figure = make_subplots(
        rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.3 / len(names), subplot_titles=names
    )
    for i, (run, of) in enumerate(zip(runs, called, strict=True)):
        for row, name in enumerate(names, 1):
            at, values = _thin(run.get(name, NONE))
            at, values = (at, values) if len(at) else NONE
            line = {"width": 1.6, "color": COLOURS[i], "dash": DASHES[i]}
            legend = {"legendgroup": str(i), "showlegend": row == 1}
            figure.add_scatter(x=at, y=values, name=of, line=line, row=row, col=1, **legend, **_drawn(of))
    row_height = ROW if len(names) < MANY else LOW
    _lay(figure, LEGEND + row_height * len(names))
    figure.update_annotations(x=0, xanchor="left", font={"size": 12, "color": MUTED})  # the names of the rows
    figure.update_layout(legend={"y": 1 + 24 / (row_height * len(names))})
    figure.update_xaxes(range=[0, steps])
    figure.update_yaxes(nticks=4 if row_height == ROW else 3)
    return figure


def _thin(curve: Curve) -> Curve:
    at, values = curve
    some = np.linspace(0, max(0, len(at) - 1), min(len(at), FEW)).round().astype(int)
    return at[some], values[some]


def _drawn(said: str) -> dict[str, str]:
    return {"mode": "lines", "hovertemplate": f"%{{y:.3g}} at step %{{x:,}}<extra>{said}</extra>"}


def _lay(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        showlegend=True,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        dragmode=False,  # a finger scrolls the page
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    figure.update_xaxes(fixedrange=True, zeroline=False)
    figure.update_yaxes(fixedrange=True, zeroline=False)
