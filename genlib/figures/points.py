"""Points that a model made, over those that it learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genlib.figures import INVISIBLE, MUTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

MARGIN = 0.15  # of the data's extent, on each side


@dataclass(frozen=True)
class Real:
    """What the points should be like.

    points    held-out ones, (N, D)
    modes     the centres of the clusters, (K, D); None where it has no such
    density   on a line, the density at evenly spaced places: (places (M,), density (M,)); else None
    """

    points: np.ndarray
    modes: np.ndarray | None = None
    density: tuple[np.ndarray, np.ndarray] | None = None


def view(points: np.ndarray) -> np.ndarray:
    """The lowest and the highest value of each axis that a figure of these points (N, D) shows: (2, D)."""
    low, high = points.min(0), points.max(0)
    margin = MARGIN * float((high - low).max() or 1.0)
    return np.stack([low - margin, high + margin])


def outside(made: np.ndarray, real: Real | None) -> int:
    """How many points (B, D) the figure does not show: axes are the data's, so that no stray point shrinks it."""
    if real is None:
        return 0
    low, high = view(real.points)
    return int(((made < low) | (made > high)).any(1).sum())


def points(made: np.ndarray | None, real: Real | None = None) -> go.Figure:
    """Points (B, D) of a model: scattered over the real ones in the plane, a histogram with their density on a line.

    Without made ones, the real ones alone. Raises ValueError where there are neither.
    """
    some = made if real is None else real.points
    if some is None:
        raise ValueError("there are no points to show")
    figure = _plane(made, real, view(some)) if some.shape[1] == 2 else _line(made, real, view(some))
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 30 if made is not None else 0, "b": 0},
        showlegend=made is not None,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        dragmode=False,  # a finger scrolls the page
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    figure.update_xaxes(fixedrange=True, zeroline=False)
    figure.update_yaxes(fixedrange=True, zeroline=False)
    return figure


def _plane(made: np.ndarray | None, real: Real | None, shown: np.ndarray) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    # The first trace has the theme's first colour, whether it is there or not.
    of_made = made if made is not None else np.empty((0, 2))
    figure.add_scatter(
        x=of_made[:, 0], y=of_made[:, 1], name="made", mode="markers", marker={"size": 4, "opacity": 0.6}, zorder=2,
        hovertemplate="%{x:.3f}, %{y:.3f}<extra>made</extra>",
    )  # fmt: skip
    if real is not None:
        figure.add_scatter(
            x=real.points[:, 0], y=real.points[:, 1], name="data", mode="markers", zorder=1, hoverinfo="skip",
            marker={"size": 5, "opacity": 0.5, "symbol": "x-thin-open"},  # not by their colour alone
        )  # fmt: skip
        if real.modes is not None:
            figure.add_scatter(
                x=real.modes[:, 0], y=real.modes[:, 1], name="modes", mode="markers", zorder=3, hoverinfo="skip",
                marker={"size": 22, "color": MUTED, "symbol": "circle-open", "line_width": 1.5},
            )  # fmt: skip
    (left, bottom), (right, top) = shown.tolist()
    figure.update_xaxes(range=[left, right], constrain="domain")
    figure.update_yaxes(range=[bottom, top], constrain="domain", constraintoward="top", scaleanchor="x", scaleratio=1)
    return figure


def _line(made: np.ndarray | None, real: Real | None, shown: np.ndarray) -> go.Figure:
    import plotly.graph_objects as go

    low, high = shown[:, 0].tolist()
    figure = go.Figure()
    figure.add_histogram(
        x=[] if made is None else made[:, 0], name="made", histnorm="probability density", opacity=0.6,
        xbins={"start": low, "end": high, "size": (high - low) / 80}, hovertemplate="%{x}: %{y:.3f}<extra>made</extra>",
    )  # fmt: skip
    if real is not None and real.density is not None:
        figure.add_scatter(x=real.density[0], y=real.density[1], name="data", mode="lines", hoverinfo="skip")
    if real is not None and real.modes is not None:
        figure.add_scatter(
            x=real.modes[:, 0], y=np.zeros(len(real.modes)), name="modes", mode="markers", hoverinfo="skip",
            marker={"size": 12, "color": MUTED, "symbol": "triangle-up-open", "line_width": 1.5},
        )  # fmt: skip
    figure.update_xaxes(range=[low, high])
    figure.update_yaxes(title="density", rangemode="tozero")
    return figure
