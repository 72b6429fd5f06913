"""Curves of a training run: what its players lose, and how far its samples are from the data, over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import INVISIBLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 190  # px
DASHES = ("solid", "dot")  # of the first run and of the second, told apart without colours, too
FEW = 300  # values of a curve that are drawn

Curve = tuple[np.ndarray, np.ndarray]  # steps (T,), values (T,)


def curves(runs: Sequence[Mapping[str, Curve]], title: str, steps: int, called: Sequence[str] = ("", "")) -> go.Figure:
    """The curves of one run, or of two: a colour for each name, a dash for each run.

    title    of the axis of their values
    steps    of the whole run: the axis is there from the start
    called   what the runs are called, where there are two
    """
    import plotly.graph_objects as go

    names = list(dict.fromkeys(name for run in runs for name in run))
    figure = go.Figure()
    for run, dash, of in zip(runs, DASHES, called, strict=False):
        for name, (at, values) in run.items():
            thin = np.linspace(0, max(0, len(at) - 1), min(len(at), FEW)).round().astype(int)
            said = f"{name}, {of}" if len(runs) > 1 else name
            figure.add_scatter(
                x=at[thin], y=values[thin], name=said, mode="lines", line={"width": 1.6, "dash": dash},
                legendrank=names.index(name), hovertemplate=f"%{{y:.3g}} at step %{{x:,}}<extra>{said}</extra>",
            )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        showlegend=True,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"range": [0, steps], "fixedrange": True, "zeroline": False},
        yaxis={"title": title, "fixedrange": True, "zeroline": False},
        dragmode=False,  # a finger scrolls the page
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    return figure
