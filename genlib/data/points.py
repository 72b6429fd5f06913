"""The point sets: each a few numbers, from which follow its density, exactly, and as many points as wanted.

All are mixtures of round Gaussians. Moons and spiral are Gaussians so close together along a curve (one sigma or less
from one to the next) that none can be seen; the mixture is the set's law, so its density is exact, not approximate.
Imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlib.data.mixture import Mixture


@dataclass(frozen=True)
class Formula:
    """One point set.

    means     of the Gaussians, (K, D)
    sigma     of all of them, or of each
    weights   of each, in any unit; none: all alike
    parts     names of what one can tell apart in it, all equally likely and each of as many Gaussians in a row; none:
              it is one whole
    """

    title: str
    description: str
    credit: str
    source_url: str
    means: Sequence[Sequence[float]]
    sigma: Sequence[float]
    weights: Sequence[float] = ()
    parts: tuple[str, ...] = ()

    @property
    def dims(self) -> int:
        return len(self.means[0])

    def density(self) -> Mixture:
        from genlib.data.mixture import Mixture

        return Mixture.of(self.means, self.sigma, self.weights)


PACGAN = ("Lin et al. 2018, PacGAN; after Metz et al. 2017, Unrolled GAN", "https://arxiv.org/abs/1712.04086")
OURS = ("This project", "")
HALF = [(k + 0.5) / 64 * pi for k in range(64)]  # angles of a half circle
# Angles of a spiral, from a quarter turn to two turns. The root spreads them evenly along it, to a fifth.
TURNS = [pi / 2 * sqrt(1 + 63 * (k + 0.5) / 256) for k in range(256)]

SETS: dict[str, Formula] = {
    # Metz et al. 2017 (https://arxiv.org/abs/1611.02163) were the first to count modes on a ring; radius and sigma of
    # ring and grid are PacGAN's (section 4.1), which later papers compare with.
    "ring8": Formula(
        "Ring of 8",
        "Eight narrow Gaussians on a circle of radius 1, sigma 0.01: the usual test for mode collapse.",
        *PACGAN,
        means=[(cos(k * pi / 4), sin(k * pi / 4)) for k in range(8)],
        sigma=[0.01],
        parts=("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east"),
    ),
    "grid25": Formula(
        "Grid of 25",
        "Twenty-five Gaussians on a square grid from -4 to 4, two apart, sigma 0.05.",
        *PACGAN,
        means=[(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)],
        sigma=[0.05],
        parts=tuple(f"{column}{row}" for column in "abcde" for row in range(1, 6)),  # as on a chessboard
    ),
    "moons": Formula(
        "Two moons",
        "Two half circles of radius 1 that reach into each other, with Gaussian noise of sigma 0.05.",
        "The shape of scikit-learn's make_moons, about zero",
        "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html",
        means=[(cos(a) - 0.5, sin(a) - 0.25) for a in HALF] + [(0.5 - cos(a), 0.25 - sin(a)) for a in HALF],
        sigma=[0.05],
        parts=("upper", "lower"),
    ),
    "spiral": Formula(
        "Spiral",
        "A spiral of one and three quarter turns, evenly filled along its length, with Gaussian noise of sigma 0.05.",
        *OURS,
        means=[(a / 8 * cos(a), a / 8 * sin(a)) for a in TURNS],
        sigma=[0.05],
    ),
    # Against a generator that has only one of the two, the best discriminator is (1 + r) / (3 + r) with
    # r = exp(+-2 x / 0.3^2): it looks at the horizontal coordinate alone.
    "two-gaussians": Formula(
        "Two Gaussians",
        "Two equal Gaussians at -1 and 1 on the horizontal axis, sigma 0.3: the simplest case of two modes.",
        *OURS,
        means=[(-1, 0), (1, 0)],
        sigma=[0.3],
        parts=("left", "right"),
    ),
    "mixture1d": Formula(
        "Three Gaussians on a line",
        "Three Gaussians of different width and weight on a line: 30 % at -2.5, 20 % at 0, 50 % at 2.5.",
        *OURS,
        means=[(-2.5,), (0,), (2.5,)],
        sigma=[0.5, 0.2, 0.6],
        weights=[0.3, 0.2, 0.5],
    ),
}
