"""Models of points: their density beside the true one, and how invertible layers make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.budget import MADE
from genlib.contract import Scores, Warps
from genlib.errors import GenlibError
from genlib.figures import density as figures
from genlib.figures.points import view
from genlib.ui import loaders, words
from genlib.ui.pages import LIKELIHOOD

if TYPE_CHECKING:
    import torch

    from genlib.checkpoint import Checkpoint
    from genlib.data.mixture import Mixture
    from genlib.density import Carried, Gap, Gaps

COLUMNS = 161  # places from left to right of a heat map
CELLS, POINTS = 73, 400  # of the grid that is carried, and points on it
LINE = 400  # places of a curve


@dataclass(frozen=True)
class Densities:
    """Log densities of places (R, C, 2), or (M, 1) on a line: the model's and the data's; and how far apart."""

    places: np.ndarray
    ours: np.ndarray
    true: np.ndarray
    gaps: Gaps


def densities(checkpoint: Checkpoint) -> Densities:
    """DataError, GenlibError, CheckpointError."""
    import torch

    from genlib import density, scoring

    def make() -> Densities:
        low, high = view(loaders.real_points(checkpoint).points)
        if len(low) == 1:
            places = torch.linspace(float(low[0]), float(high[0]), LINE)[:, None]
        elif len(low) == 2:
            places = density.grid(_pair(low), _pair(high), COLUMNS)
        else:
            raise GenlibError(f"Points of {len(low)} numbers have no picture of their density: choose another model.")
        law, model = _law(checkpoint), loaders.model(checkpoint)
        assert isinstance(model, Scores)
        with loaders.computing:
            ours, gaps = density.log_density(model, places), density.gaps(model, law)
        scoring.finite(torch.tensor([gaps.missed.nats, float(ours.max())]), checkpoint.name)
        true = law.log_density(places.reshape(-1, len(low))).view(places.shape[:-1])
        return Densities(places.numpy(), ours.numpy(), true.numpy(), gaps)

    return MADE.get(("densities", *loaders.key(checkpoint)), make)


def carried(checkpoint: Checkpoint) -> Carried:
    """The grid and some points, layer by layer. DataError, GenlibError, CheckpointError."""
    from genlib import density, scoring

    def make() -> Carried:
        real = loaders.real_points(checkpoint).points
        low, high = view(real)
        model = loaders.model(checkpoint)
        assert isinstance(model, Warps)
        with loaders.computing:
            found = density.carried(model, density.grid(_pair(low), _pair(high), CELLS), _tensor(real[:POINTS]))
        scoring.finite(found.log_p, checkpoint.name)
        return found

    return MADE.get(("carried", *loaders.key(checkpoint)), make)


def _pair(corner: np.ndarray) -> tuple[float, float]:
    return float(corner[0]), float(corner[1])


def _tensor(array: np.ndarray) -> torch.Tensor:
    import torch

    return torch.from_numpy(array)


def _law(checkpoint: Checkpoint) -> Mixture:
    from genlib import data

    return data.load_points(checkpoint.spec.recipe.data, "test").density


def draw_density(checkpoint: Checkpoint) -> None:
    """The model's density beside the data's."""
    with st.spinner("Asking for the density of each place"):
        found = densities(checkpoint)
    kind = found.gaps.kind
    ours = "the model's" if kind == "exact" else f"the model's ({kind})"
    if found.places.shape[-1] == 1:
        _chart(figures.curves(found.places[:, 0], {ours: found.ours, "the data's": found.true}), "curves", "Densities")
    else:
        top = float(np.exp(found.true.max()))
        with st.container(key="densities"):
            for name, key, nats in ((ours, "ours", found.ours), ("the data's", "true", found.true)):
                with st.container():
                    st.markdown(f"**{'The model’s' if key == 'ours' else 'The data’s own'} density**")
                    _chart(figures.heat(found.places, nats, top, name), key, f"Heat map of {name} density")
    st.markdown(_said(found.gaps))
    st.caption(
        "Both maps share one scale of colours; click or hover for the density of a place. The data's density has a "
        f"formula, and the model's is {kind}. Each KL is a mean over 20,000 draws."
    )
    words.row(("KL", kind, "nats"), "likelihood-density")


def _said(gaps: Gaps) -> str:
    """The divergences in words."""
    most = "" if gaps.kind == "exact" else "at most "
    text = f"KL(data ‖ model) is **{most}{_nats(gaps.missed)}**: what the model leaves out of the data makes it large."
    if gaps.invented is None:
        return text
    return (
        f"{text}  \nKL(model ‖ data) is **{_nats(gaps.invented)}**: what it makes where no data are makes it large. "
        "Both are 0 for a model that has the very law of the data."
    )


def _nats(gap: Gap) -> str:
    return f"{gap.nats:.3f} ± {gap.error:.3f} nats".replace("-", "−")


def _chart(figure: object, key: str, alt: str) -> None:
    st.plotly_chart(figure, config={"displayModeBar": False}, key=LIKELIHOOD.widget(f"density-{key}"), alt=alt)


def draw_layers(checkpoint: Checkpoint) -> None:
    """The plane on its way through the layers."""
    from genlib.ui.likelihood.flow import flow

    with st.spinner("Carrying the plane through the layers"):
        found = carried(checkpoint)
    st.markdown(
        "An invertible network bends the plane until the data (dots) look like a bell curve. Where a speck of the "
        "plane grows, its density falls, and where it shrinks it rises: keeping account of that gives the density of "
        "every place exactly. From noise back to data, the same layers make new points."
    )
    flow(found, LIKELIHOOD.widget("flow"))
    words.row(("coupling layer", "change of variables", "log-likelihood"), "likelihood-layers")
