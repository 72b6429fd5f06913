"""Which modes of a known law samples reach, and how many samples lie between the modes.

    Lin, Khetan, Fanti, Oh, "PacGAN: The Power of Two Samples in Generative Adversarial Networks", NeurIPS 2018.
        https://arxiv.org/abs/1712.04086
        2,500 samples, each given to its nearest mode, with distances in units of the mode's sigma. It is of high
        quality where that distance is below 3; a mode is covered that has at least one sample of high quality. (So in
        the authors' program, https://github.com/fjxmlzn/PacGAN, synthetic_data_experiments.) Their tables are means
        over ten trained models.
    Metz, Poole, Pfau, Sohl-Dickstein, "Unrolled Generative Adversarial Networks", ICLR 2017.
        https://arxiv.org/abs/1611.02163
        KL(model || data) over the modes: with q_k the share of ALL samples whose nearest mode is k, and w_k the mode's
        weight in the data's law, sum_k q_k log(q_k / w_k) in nats. It is 0 where every mode gets its share, and at most
        -log min_k w_k; a mode without samples adds nothing of its own. (PacGAN's program counts samples of high quality
        only in the shares that it compares.)

Points of the line or the plane, whose law is a mixture of Gaussians that do not meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples
from genlib.data import PointSet
from genlib.measures.base import HubResult, Measure, Part, protocol_of
from genlib.measures.markdown import bullets, number, table, words
from genlib.measures.subject import Subject

SIGMAS = 3.0
ENOUGH = 0.95  # of the floor's share of high quality: what reaches it has no fault that a card would name
UNEVEN = 0.1  # nats of reverse KL above the floor's: a card names what exceeds it


@dataclass(frozen=True)
class Reached:
    """One set of points beside the modes.

    covered       modes with at least one point of high quality
    high_quality  share of the points within 3 sigma of their nearest mode
    reverse_kl    KL(points || law) over the modes, nats
    shares        share of the points whose nearest mode it is, for each mode in the law's order; they sum to 1
    """

    covered: int
    high_quality: float
    reverse_kl: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """Samples beside the modes, and beside them as many held-out points of the data.

    modes     how many there are
    samples   points of either set
    sigmas    within so many standard deviations of a mode a point is of high quality
    """

    made: Reached
    floor: Reached
    modes: int
    samples: int
    sigmas: float = SIGMAS


class Modes(Measure[Result]):
    name = "modes"
    place = 30

    def applies(self, checkpoint: Checkpoint) -> bool:
        name = checkpoint.spec.recipe.data
        if not issubclass(checkpoint.model_class, Samples) or data.info(name).kind != "points":
            return False
        return data.load_points(name, "test").density.modes is not None

    def measure(self, subject: Subject) -> Result:
        assert isinstance(subject.test, PointSet)
        law = subject.test.density
        assert law.modes is not None
        made, real = subject.made, subject.test.sample(subject.count)
        return Result(
            made=reached(made, law.modes, law.sigma, law.weights),
            floor=reached(real, law.modes, law.sigma, law.weights),
            modes=len(law.modes),
            samples=len(made),
        )

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        made, floor, protocol = found.made, found.floor, protocol_of(checkpoint)
        controls = ", ".join(f"{words(k)} {v}" for k, v in protocol["controls"].items()) or "no controls"
        rows = [
            ("Modes covered", *(f"{r.covered} of {found.modes}" for r in (made, floor)), "higher is better"),
            ("Samples of high quality", *(f"{r.high_quality:.1%}" for r in (made, floor)), "higher is better"),
            ("Reverse KL over the modes, nats", *(number(r.reverse_kl) for r in (made, floor)), "lower is better"),
        ]
        blocks = (
            table(("", "samples", "points of the data", ""), rows),
            bullets(
                (
                    f"High quality: within {found.sigmas:g} standard deviations of a mode.",
                    "Modes covered: those with at least one sample of high quality.",
                    "Reverse KL: KL(model || data) between the shares of the samples whose nearest mode is each, and "
                    "the modes' weights in the data; 0 where every mode gets its share.",
                )
            ),
            f"Protocol: {found.samples:,} samples (seeds {protocol['seeds']}, {controls}), and as many held-out "
            "points of the data, which are the best that a model could get. After Lin et al. "
            "2018 ([PacGAN](https://arxiv.org/abs/1712.04086)), whose tables are means over ten trained models; here "
            "it is one.",
        )
        return Part(blocks, limits=tuple(limits(found)))

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        yield HubResult("modes", found.made.covered, f"Modes covered, of {found.modes}")
        yield HubResult("high-quality", found.made.high_quality, f"Share of samples within {found.sigmas:g} sigma")
        yield HubResult("reverse-kl", found.made.reverse_kl, "KL(model || data) over the modes, nats")


def limits(found: Result) -> Iterator[str]:
    made, floor = found.made, found.floor
    if missing := found.modes - made.covered:
        yield f"It misses {missing} of the {found.modes} modes."
    if made.high_quality < ENOUGH * floor.high_quality:
        yield (
            f"{1 - made.high_quality:.0%} of its samples lie farther than {found.sigmas:g} standard deviations from "
            f"every mode ({1 - floor.high_quality:.0%} of the data's points do)."
        )
    if made.reverse_kl > floor.reverse_kl + UNEVEN:
        yield (
            f"It does not give every mode its share: from {min(made.shares):.1%} to {max(made.shares):.1%} of the "
            f"samples ({min(floor.shares):.1%} to {max(floor.shares):.1%} of the data's points)."
        )


def reached(points: Tensor, modes: Tensor, sigma: Tensor, weights: Tensor) -> Reached:
    """Of points (N, D) beside modes (K, D) with standard deviations (K,) and weights (K,) of sum 1."""
    away = torch.cdist(points.double(), modes, compute_mode="donot_use_mm_for_euclid_dist") / sigma
    nearest = away.min(1)
    good = nearest.values < SIGMAS
    shares = torch.bincount(nearest.indices, minlength=len(modes)).double() / len(points)
    return Reached(
        covered=len(nearest.indices[good].unique()),
        high_quality=float(good.double().mean()),
        reverse_kl=float(torch.xlogy(shares, shares / weights).sum()),
        shares=tuple(shares.tolist()),
    )
