"""What is seen of a model that learns points: its samples, what it holds of the plane, and how far it is from the data.

Everything follows from what a model can do (genlib.contract): no model is known by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from genlib import divergences
from genlib.contract import Criticises, Decodes, Encodes, Samples, Scores
from genlib.lab.grid import Grid
from genlib.measures.modes import SIGMAS, reached

if TYPE_CHECKING:
    from genlib.data import PointSet
    from genlib.models.base import Model

MADE = 1000  # samples that are looked at
CARRIED = 250  # of them, for the earth mover's distance
LATTICE = 21  # lines of the latent lattice in each direction, or
LINE = 241  # places on a latent line
COARSE = {1: 64, 2: 20}  # places along an axis where a density takes long
PUSHED = 160  # samples at which it is shown where the discriminator's value rises
EDGE = 0.02  # share of the prior beyond the lattice, on each side


@dataclass(frozen=True)
class Gauges:
    """How far samples are from the data's law.

    modes     how many it has; 0 where its Gaussians form a curve
    covered   modes with a sample within three sigma; of a curve the share of its Gaussians that have one
    sharp     share of the samples within three sigma of a Gaussian of the law
    uneven    reverse KL over the modes, nats; of a curve nan
    kl, reverse_kl, js   between the laws on the grid, both blurred, nats
    emd       earth mover's distance to as many points of the data
    """

    modes: int
    covered: float
    sharp: float
    uneven: float
    kl: float
    reverse_kl: float
    js: float
    emd: float


@dataclass(frozen=True)
class Seen:
    """One moment.

    made      float32 (N, D): samples, or held-out points as an autoencoder says them again
    gauges    of them
    word      float32 (side, ..): what the discriminator says of the places of the grid; None: there is none
    meaning   of it: probability, critic value, energy
    density   float32 (side, ..), where the model knows its own; None: it does not. A bound or an estimate takes many
              times as long, and is known at COARSE places a side
    optimal   float32 (side, ..): p / (p + q) of the blurred laws
    lattice   float32 (LATTICE, LATTICE, D), where a lattice of the latent plane goes, or (1, LINE, D) of a latent line;
              None: its latent is neither
    pushes    float32 (PUSHED, D): at the first samples, the slope of what the discriminator says, towards more like
              data; None: there is none, or the data are on a line
    """

    made: np.ndarray
    gauges: Gauges
    word: np.ndarray | None
    meaning: str
    density: np.ndarray | None
    optimal: np.ndarray
    lattice: np.ndarray | None
    pushes: np.ndarray | None = None


class Watcher:
    """Looks at models that learn one set of points. Call it with a model and the step."""

    def __init__(self, source: PointSet) -> None:
        self.source, self.law = source, source.density
        self.real = source.sample(MADE)
        self.grid = Grid.around(self.real)
        self.coarse = Grid(self.grid.low, self.grid.high, COARSE[self.grid.dims])
        self._of_law = self.grid.of_law(self.law)
        self._shape = (self.grid.side,) * self.grid.dims

    def __call__(self, model: Model[Any, Any, Any], step: int) -> Seen:
        with torch.inference_mode():
            made = self.made(model)
            of_made = self.grid.of_points(made)
            word, meaning, pushes = None, "", None
            if isinstance(model, Criticises):
                said = model.criticise(self.grid.places)
                word, meaning = self._on_grid(said.score), said.meaning
                if self.grid.dims == 2:
                    pushes = slopes(model, made[:PUSHED])
            density = self._density(model) if isinstance(model, Scores) else None
            return Seen(
                made.numpy(),
                self.gauges(made, of_made),
                word,
                meaning,
                density,
                self._on_grid(divergences.optimal_discriminator(self._of_law, of_made)),
                self._lattice(model),
                pushes,
            )

    def gauges(self, made: Tensor, of_made: Tensor | None = None) -> Gauges:
        """Of points (N, D), N at least CARRIED. `of_made`: their density on the grid, where it is known already."""
        law = self.law
        of_made = self.grid.of_points(made) if of_made is None else of_made
        found = reached(made, law.means, law.sigma, law.weights)
        modes = len(law.means) if law.modes is not None else 0
        return Gauges(
            modes=modes,
            covered=found.covered if modes else self._along(made),
            sharp=found.high_quality,
            uneven=found.reverse_kl if modes else float("nan"),
            kl=divergences.kl(self._of_law, of_made),
            reverse_kl=divergences.kl(of_made, self._of_law),
            js=divergences.js(self._of_law, of_made),
            emd=divergences.earth_movers(made[:CARRIED], self.real[:CARRIED]),
        )

    def _along(self, made: Tensor) -> float:
        """Share of the Gaussians of a curve with a sample within three sigma."""
        away = torch.cdist(self.law.means, made.double()).min(1).values
        return float((away < SIGMAS * self.law.sigma).double().mean())

    def _density(self, model: Scores) -> np.ndarray | None:
        kind = model.log_prob(self.grid.places[:1]).kind
        if kind == "unnormalised":
            return None
        grid = self.grid if kind == "exact" else self.coarse
        nats = model.log_prob(grid.places).nats
        return nats.exp().float().cpu().reshape((grid.side,) * grid.dims).numpy()

    def made(self, model: Model[Any, Any, Any], count: int = MADE) -> Tensor:
        """So many samples, float32 (count, D), or held-out points as an autoencoder says them again."""
        if isinstance(model, Samples):
            return model.sample(range(count)).float().cpu()
        assert isinstance(model, Encodes)
        assert isinstance(model, Decodes)
        return model.decode(model.encode(self.source.sample(count))).float().cpu()

    def _on_grid(self, values: Tensor) -> np.ndarray:
        return values.float().cpu().reshape(self._shape).numpy()

    def _lattice(self, model: Model[Any, Any, Any]) -> np.ndarray | None:
        if not isinstance(model, Decodes) or self.grid.dims != 2:
            return None
        latent = model.latent(model.config)
        if latent.dims > 2 or latent.law == "binary":
            return None
        across = LATTICE if latent.dims == 2 else LINE
        share = torch.linspace(EDGE, 1 - EDGE, across)
        if latent.law == "gaussian":
            axes = [torch.special.ndtri(share)] * latent.dims
        elif latent.law == "uniform":
            axes = [2 * share - 1] * latent.dims
        elif isinstance(model, Encodes):  # no law: where the codes of the data lie
            z = model.encode(self.real).float().cpu()
            axes = [torch.quantile(column, share) for column in z.T]
        else:
            return None
        z = torch.cartesian_prod(*axes[::-1]).view(-1, latent.dims).flip(1)
        return model.decode(z).float().cpu().reshape(-1, across, self.grid.dims).numpy()


def slopes(judge: Criticises, x: Tensor) -> np.ndarray:
    """Where what a discriminator says of points (N, D) becomes more like data, and how fast, float32 (N, D)."""
    with torch.inference_mode(False), torch.enable_grad():
        at = x.clone().requires_grad_()
        said = judge.criticise(at)
        (slope,) = torch.autograd.grad(said.score.sum(), at)
    sign = -1 if said.meaning == "energy" else 1  # low where it takes x for data
    return (sign * slope).float().cpu().numpy()
