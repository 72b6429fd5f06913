"""Figures of a way through a latent space: how far from the origin it passes, and how the pictures change along it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib.figures import MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 200  # px
DASHES = {"spherical": "solid", "straight": "dot"}  # told apart without colours, too


def norms(ways: Mapping[Any, np.ndarray], typical: tuple[float, float] | None) -> go.Figure:
    """|z| (T,) along each way, by its name; the band where nearly all draws lie, where there is such."""
    figure = _lines(ways, "length of the code")
    if typical is not None:
        figure.add_hrect(y0=typical[0], y1=typical[1], fillcolor=MUTED, opacity=0.18, line_width=0, layer="below")
    return figure


def jumps(ways: Mapping[Any, np.ndarray]) -> go.Figure:
    """How far each picture is from the one before, (T - 1,), along each way."""
    return _lines(ways, "change")


def _lines(ways: Mapping[Any, np.ndarray], title: str) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure(
        [
            go.Scatter(
                x=np.linspace(0, 1, len(values)),
                y=values,
                name=way,
                mode="lines",
                line={"dash": DASHES.get(way, "solid")},
                hovertemplate=f"%{{y:.3g}} at %{{x:.0%}} of the {way} way<extra></extra>",
            )
            for way, values in sorted(ways.items())
        ]
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"tickformat": ".0%", "fixedrange": True},
        yaxis={"title": title, "rangemode": "tozero", "fixedrange": True},
        dragmode=False,  # a finger scrolls the page
    )
    return figure
