"""Figures of likelihoods: bounds that tighten, crowds of pictures, and how well a score tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

DASHES = ("solid", "dot", "dash", "dashdot", "longdash")  # told apart without colours, too
BINS = 48
STEEP = 8  # by how much the largest value may surpass the usual before an axis is logarithmic


def bounds(curves: Mapping[str, Mapping[int, float]]) -> go.Figure:
    """For each model by its name: number of importance samples -> nats."""
    import plotly.graph_objects as go

    figure = go.Figure(
        [
            go.Scatter(
                x=list(curve),
                y=list(curve.values()),
                name=name,
                mode="lines+markers+text" if len(curves) == 1 else "lines+markers",
                text=[f"{nats:,.{abs(nats) < 1000:d}f}".replace("-", "−") for nats in curve.values()],
                textposition="top center",
                cliponaxis=False,
                line={"dash": DASHES[i % len(DASHES)]},
                hovertemplate="%{y:.2f} nats with %{x:,} samples<extra>" + name + "</extra>",
            )
            for i, (name, curve) in enumerate(curves.items())
        ]
    )
    ticks = sorted({k for curve in curves.values() for k in curve})
    _lay_out(figure, 260, legend=len(curves) > 1)
    figure.update_xaxes(
        type="log", tickvals=ticks, ticktext=[f"{k:,}" for k in ticks], title="importance samples", fixedrange=True
    )
    figure.update_yaxes(title="nats, at least", tickformat=",", fixedrange=True)
    return figure


def crowds(
    values: Mapping[str, np.ndarray], title: str, mine: tuple[str, float] | None = None, threshold: float | None = None
) -> go.Figure:
    """A histogram for each crowd, by its name, of the same score; the first one is what is usual.

    mine        a value that is marked, and what it is of: the visitor's picture
    threshold   another, beyond which all is shaded
    Where values differ by orders of magnitude, and are all of one sign, the axis is logarithmic.
    """
    import plotly.graph_objects as go

    everything = np.concatenate([*values.values(), *([[mine[1]]] if mine is not None else [])])
    scale = _Scale(everything, np.median(np.abs(next(iter(values.values())))))
    places = scale.to(everything)
    edges = np.linspace(places.min(), places.max() + 1e-9, BINS + 1)
    figure, top = go.Figure(), 0.0
    for i, (name, crowd) in enumerate(values.items()):
        shares = np.histogram(scale.to(crowd), edges)[0] / len(crowd)
        top = max(top, float(shares.max()))
        figure.add_scatter(
            x=np.repeat(edges, 2),
            y=np.concatenate([[0], np.repeat(shares, 2), [0]]),
            name=name,
            mode="lines",
            fill="tozeroy",
            opacity=0.9,
            line={"dash": DASHES[i % len(DASHES)], "width": 1.5},
            hoverinfo="skip",
        )
    if threshold is not None:
        at = float(scale.to(np.array([threshold]))[0])
        figure.add_vline(x=at, line={"color": MUTED, "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=at, y=1, yref="paper", text=" caught →", showarrow=False, xanchor="left", font={"color": MUTED}
        )
    if mine is not None:
        at = float(scale.to(np.array([mine[1]]))[0])
        figure.add_scatter(
            x=[at, at], y=[0, top], name=mine[0], mode="lines", hoverinfo="skip", line={"color": MUTED, "width": 3}
        )
    _lay_out(figure, 300, legend=True)
    figure.update_xaxes(title=title, fixedrange=True, zeroline=False, **scale.ticks(edges[0], edges[-1]))
    figure.update_yaxes(title="share of the pictures", tickformat=".0%", rangemode="tozero", fixedrange=True)
    return figure


def roc(false: np.ndarray, true: np.ndarray, at: tuple[float, float], score: str) -> go.Figure:
    """Shares of test pictures and of strangers that are caught, as the threshold falls; `at`: where it stands now."""
    import plotly.graph_objects as go

    figure = go.Figure(
        [
            go.Scatter(x=false, y=true, mode="lines", name=score, hovertemplate="%{y:.0%} at %{x:.0%}<extra></extra>"),
            go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="chance", line={"color": MUTED, "dash": "dot"},
                       hoverinfo="skip"),
            go.Scatter(x=[at[0]], y=[at[1]], mode="markers", name="the threshold", marker={"size": 12, "color": MUTED},
                       hovertemplate="%{y:.0%} of the strangers and %{x:.0%} of the test pictures<extra></extra>"),
        ]
    )  # fmt: skip
    _lay_out(figure, 300, legend=False)
    figure.update_xaxes(
        title="test pictures caught", tickformat=".0%", tickvals=[0, 0.5, 1], range=[-0.02, 1.02], fixedrange=True
    )
    figure.update_yaxes(title="strangers caught", tickformat=".0%", range=[-0.02, 1.02], fixedrange=True)
    return figure


class _Scale:
    """Where values stand on an axis: as they are, or by their logarithm, negative ones from right to left."""

    def __init__(self, values: np.ndarray, usual: float) -> None:
        steep = np.abs(values).max() > STEEP * max(float(usual), 1e-9)
        one_sign = (values < 0).all() or (values > 0).all()
        self.sign = 0 if not (steep and one_sign) else 1 if values[0] > 0 else -1

    def to(self, values: np.ndarray) -> np.ndarray:
        return self.sign * np.log10(np.abs(values)) if self.sign else values

    def ticks(self, low: float, high: float) -> dict[str, list[float] | list[str]]:
        if not self.sign:
            return {}
        powers = [m * 10.0**e for e in range(-4, 9) for m in (1, 2, 5)]
        places = [(self.sign * float(np.log10(p)), self.sign * p) for p in powers]
        shown = sorted((at, value) for at, value in places if low <= at <= high)
        while len(shown) > 8:
            shown = shown[::2]
        return {
            "tickvals": [at for at, _ in shown],
            "ticktext": [f"{value:,g}".replace("-", "−") for _, value in shown],
        }


def _lay_out(figure: go.Figure, height: int, legend: bool) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 8, "t": 28, "b": 0},
        showlegend=legend,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        dragmode=False,  # a finger scrolls the page
    )
