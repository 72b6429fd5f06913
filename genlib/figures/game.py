"""A game of two players on a function of two numbers: its heights, and the way that the players go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import INVISIBLE, MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 340  # px
LINES = 16  # of equal height
STILL = 0.005  # of the figure's width: shorter steps at the end are left out


def game(x: np.ndarray, y: np.ndarray, heights: np.ndarray, path: np.ndarray) -> go.Figure:
    """
    x, y     places along the axes, (A,) and (B,); the way is cut off at their ends
    heights  of the function there, (B, A)
    path     where the players were after each step, (T, 2)
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_contour(
        x=x, y=y, z=heights, ncontours=LINES, showscale=False, opacity=0.5, contours={"coloring": "heatmap"},
        line={"width": 0.6, "color": MUTED}, hovertemplate="f(%{x:.2f}, %{y:.2f}) = %{z:.2f}<extra></extra>",
    )  # fmt: skip
    moved = np.abs(np.diff(path, axis=0)).max(1) > STILL * (x[-1] - x[0])
    path = path[: 2 + int(np.flatnonzero(moved)[-1])]  # where they have come to rest, arrows would make a heap
    figure.add_scatter(
        x=path[:, 0], y=path[:, 1], mode="lines+markers", marker={"size": 8, "symbol": "arrow", "angleref": "previous"},
        customdata=np.arange(len(path)), line={"width": 1.8},
        hovertemplate="after %{customdata} steps: x %{x:.3f}, y %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=path[:2, 0], y=path[:2, 1], mode="markers+text", text=[f"({x:.4g}, {y:.4g})" for x, y in path[:2]],
        textposition="middle right", textfont={"size": 13}, marker={"size": 7}, hoverinfo="skip",
    )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        showlegend=False,
        dragmode=False,  # a finger scrolls the page
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    figure.update_xaxes(title="x goes down", range=[x[0], x[-1]], fixedrange=True, zeroline=False, showgrid=False)
    figure.update_yaxes(title="y goes up", range=[y[0], y[-1]], fixedrange=True, zeroline=False, showgrid=False)
    return figure
