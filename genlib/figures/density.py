"""Densities of points: on the plane as heat maps that share their colours, on a line as curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import INVISIBLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Inferno, but for its first colour: Streamlit takes #000004 for a place that it is to fill with one of the theme's.
COLOURS = ("#050208", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")


def heat(places: np.ndarray, nats: np.ndarray, top: float, what: str) -> go.Figure:
    """Log densities (R, C), in nats, of places (R, C, 2), rows from the lowest. top: the density with the lightest
    colour; what: whose it is, for the hover."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Heatmap(
            x=places[0, :, 0],
            y=places[:, 0, 1],
            z=np.exp(nats.astype(np.float64)),
            customdata=nats,
            zmin=0,
            zmax=top,
            zsmooth="best",
            colorscale=COLOURS,
            showscale=False,
            hovertemplate="%{x:.2f}, %{y:.2f}<br>density %{z:.3g}<br>log %{customdata:.2f} nats"
            f"<extra>{what}</extra>",
        )
    )
    _lay_out(figure, 300, {"l": 0, "r": 0, "t": 0, "b": 0})
    figure.update_xaxes(constrain="domain", showgrid=False)
    figure.update_yaxes(constrain="domain", constraintoward="top", scaleanchor="x", scaleratio=1, showgrid=False)
    return figure


def curves(places: np.ndarray, nats: Mapping[str, np.ndarray]) -> go.Figure:
    """For each name: log densities (M,) of places (M,) on a line."""
    import plotly.graph_objects as go

    figure = go.Figure(
        [
            go.Scatter(
                x=places, y=np.exp(some), name=name, mode="lines", line={"dash": dash}, customdata=some,
                hovertemplate="%{x:.2f}: density %{y:.3g}, log %{customdata:.2f} nats<extra>" + name + "</extra>",
            )
            for (name, some), dash in zip(nats.items(), ("solid", "dot"), strict=True)
        ]
    )  # fmt: skip
    _lay_out(figure, 300, {"l": 0, "r": 0, "t": 28, "b": 0})
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    figure.update_yaxes(title="density", rangemode="tozero")
    return figure


def _lay_out(figure: go.Figure, height: int, margin: dict[str, int]) -> None:
    figure.update_layout(
        height=height,
        margin=margin,
        dragmode=False,  # a finger scrolls the page
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    figure.update_xaxes(fixedrange=True, zeroline=False)
    figure.update_yaxes(fixedrange=True, zeroline=False)
