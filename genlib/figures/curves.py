"""Curves of training runs: what their players lose, and how far their samples are from the data, over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib.figures import INVISIBLE, MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 190  # px
ROW, LOW, LEGEND = 84, 62, 64  # px, of each curve where runs are compared, or of many, and what is about them
MANY = 5  # rows
BETWEEN = 0.3  # of what there would be for each row, between two of them
# Of runs: in one figure after another each has its own, and they are told apart without colours, too.
COLOURS = ("#b5614e", "#4a879b", "#a07c2c", "#8272ae")
DASHES = ("solid", "dot", "dash", "longdashdot")
FEW = 300  # values of a curve that are drawn

STILL = {"fixedrange": True, "zeroline": False}  # of an axis

Curve = tuple[np.ndarray, np.ndarray]  # steps (T,), values (T,)
NONE: Curve = (np.array([np.nan]), np.array([np.nan]))  # of no value at all there would be nothing in the legend


def curves(run: Mapping[str, Curve], title: str, steps: int) -> go.Figure:
    """The curves of one run, a colour for each name.

    title    of the axis of their values
    steps    of the whole run: the axis is there from the start
    """
    import plotly.graph_objects as go

    lines = []
    for name, (at, values) in zip(run, map(_thin, run.values()), strict=True):
        lines.append({"type": "scatter", "x": at, "y": values, "name": name, "line": {"width": 1.6}, **_drawn(name)})
    axes = {"xaxis": {"range": [0, steps], **STILL}, "yaxis": {"title": {"text": title}, **STILL}}
    return go.Figure(lines, {**_laid(HEIGHT), **axes})  # at once: updates take several times as long


def compared(runs: Sequence[Mapping[str, Curve]], steps: int, called: Sequence[str]) -> go.Figure:
    """The curves of several runs, at most four: a row for each name, a colour and a dash for each run.

    steps    of the longest run
    called   what the runs are called
    """
    import plotly.graph_objects as go

    names = list(dict.fromkeys(name for run in runs for name in run))
    row_height = ROW if len(names) < MANY else LOW
    lines: list[dict[str, Any]] = []
    for i, (run, of) in enumerate(zip(runs, called, strict=True)):
        for row, name in enumerate(names):
            at, values = _thin(run.get(name, NONE))
            at, values = (at, values) if len(at) else NONE
            line = {"width": 1.6, "color": COLOURS[i], "dash": DASHES[i]}
            legend = {"legendgroup": str(i), "showlegend": not row}
            lines.append(
                {"type": "scatter", "x": at, "y": values, "name": of, "line": line, "yaxis": _axis("y", row)}
                | legend
                | _drawn(of)
            )
    layout = _laid(LEGEND + row_height * len(names))
    layout["legend"]["y"] = 1 + 24 / (row_height * len(names))
    layout["xaxis"] = {"range": [0, steps], "anchor": _axis("y", len(names) - 1), **STILL}
    tops = np.linspace(1, (1 - BETWEEN * (1 - 1 / len(names))) / len(names), len(names)).tolist()
    for row, top in enumerate(tops):
        nticks = 4 if row_height == ROW else 3
        layout[_axis("yaxis", row)] = {"domain": [max(0.0, top - tops[-1]), top], "nticks": nticks, **STILL}
    named = {"x": 0, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    named["font"] = {"size": 12, "color": MUTED}
    layout["annotations"] = [{"text": name, "y": top, **named} for name, top in zip(names, tops, strict=True)]
    return go.Figure(lines, layout)


def _axis(kind: str, row: int) -> str:
    """As plotly calls the axis of a row: y, y2, ..."""
    return f"{kind}{row + 1 if row else ''}"


def _thin(curve: Curve) -> Curve:
    at, values = curve
    some = np.linspace(0, max(0, len(at) - 1), min(len(at), FEW)).round().astype(int)
    return at[some], values[some]


def _drawn(said: str) -> dict[str, str]:
    return {"mode": "lines", "hovertemplate": f"%{{y:.3g}} at step %{{x:,}}<extra>{said}</extra>"}


def _laid(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        "dragmode": False,  # a finger scrolls the page
        "paper_bgcolor": INVISIBLE,
        "plot_bgcolor": INVISIBLE,
    }
