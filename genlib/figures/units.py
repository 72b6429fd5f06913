"""How much single numbers of a latent count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go


def bars(values: np.ndarray, what: str) -> go.Figure:
    """A bar for each of `values` (Z,), in their order. `what`: their axis's title."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=np.arange(1, len(values) + 1), y=values, hovertemplate="%{y:.3g}<extra></extra>"))
    figure.update_layout(
        height=200,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        xaxis={"title": "numbers of the code, by rank", "fixedrange": True},
        yaxis={"title": what, "rangemode": "tozero", "fixedrange": True},
        dragmode=False,  # a finger scrolls the page
    )
    return figure
