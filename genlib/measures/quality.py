"""How close samples are to real pictures, and how varied: FID, KID, precision and recall, density and coverage.

All are computed on the features of a classifier trained on the same data set, not on Inception's, so that none can be
compared with numbers from papers. What can be compared: models of one data set here, and each number with its floor.

    FID                   Heusel et al. 2017, https://arxiv.org/abs/1706.08500
    KID                   Binkowski et al. 2018, https://arxiv.org/abs/1801.01401
    precision, recall     Kynkaanniemi et al. 2019, https://arxiv.org/abs/1904.06991
    density, coverage     Naeem et al. 2020, https://arxiv.org/abs/2002.09797
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples
from genlib.errors import GenlibError
from genlib.measures import judge
from genlib.measures.base import HubResult, Measure, Part, protocol_of
from genlib.measures.judge import Judge, can_judge, classifier_of
from genlib.measures.markdown import bullets, number, table, words
from genlib.measures.pixels import evenly
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

NEIGHBOURS = 5  # k of the nearest-neighbour balls, as in Naeem et al.
BALLS = 5000  # at most so many pictures a side for these four: they take a matrix of all distances
SUBSETS, SUBSET = 100, 1000  # of KID, as in Binkowski et al. (fewer pictures where there are fewer)
ENOUGH = 0.95  # of the floor's precision and coverage: what reaches it has no fault that a card would name

# field of Comparison -> (name for people, which way is better, what it says), in the order of the card's table
FIGURES: dict[str, tuple[str, str, str]] = {
    "fid": ("FID", "lower", "how far apart samples and real pictures are, by mean and spread of their features"),
    "kid": ("KID", "lower", "how far apart they are, by comparing features pair by pair"),
    "precision": ("Precision", "higher", "the share of samples that lie among real pictures"),
    "recall": ("Recall", "higher", "the share of real pictures that lie among samples"),
    "density": ("Density", "higher", "how thickly samples lie among real pictures; 1 is as thickly as real ones do"),
    "coverage": ("Coverage", "higher", "the share of real pictures with a sample close by"),
}


@dataclass(frozen=True)
class Comparison:
    """One set of pictures against the test pictures, by their features.

    fid         squared Frechet distance between Gaussians fitted to both (equation 6 of Heusel et al.); 0 is best
    kid         squared maximum mean discrepancy with a cubic kernel, unbiased, so that it can fall below 0
    kid_spread  standard deviation of kid over its subsets
    precision   share of the pictures within the manifold of the test pictures
    recall      share of the test pictures within the manifold of the pictures
    density     how many test balls a picture lies in, over k: above 1 where pictures crowd
    coverage    share of the test pictures with a picture in their ball
    """

    fid: float
    kid: float
    kid_spread: float
    precision: float
    recall: float
    density: float
    coverage: float


@dataclass(frozen=True)
class Result:
    """Samples against the test pictures; beside it as many other real pictures against them; and the protocol."""

    made: Comparison
    floor: Comparison
    extractor: str  # checkpoint whose features these are
    data: str
    split: str
    reals: int  # pictures of the split
    samples: int  # pictures compared with them
    floor_from: str  # what the floor's pictures are, e.g. "1,000 validation and 1,000 train"
    neighbours: int = NEIGHBOURS
    neighbours_from: int = BALLS  # pictures a side for precision, recall, density and coverage
    seed: int = 0  # of KID's subsets


class Quality(Measure[Result]):
    name = "quality"
    place = 10

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Samples) and can_judge(checkpoint)

    def measure(self, subject: Subject) -> Result:
        of_real, of_made = subject.real_features, subject.made_features
        subject.progress("Comparing the samples with the test pictures")
        return compare(of_real, of_made, subject.judge)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        blocks = (
            table(
                ("", "samples", "real against real", ""),
                [
                    (name, number(getattr(found.made, key)), number(getattr(found.floor, key)), f"{better} is better")
                    for key, (name, better, _) in FIGURES.items()
                ],
            ),
            bullets(f"{name}: {gloss}." for name, _, gloss in FIGURES.values()),
            f"FID here is **FID ({found.extractor} features)**, and the rest likewise: computed on the features of the "
            f"classifier {found.extractor} of this repository. It cannot be compared with Inception FID.",
            how(found, checkpoint),
        )
        return Part(blocks, limits=tuple(limits(found)))

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        for key, (name, _, _) in FIGURES.items():
            yield HubResult(key, getattr(found.made, key), f"{name} ({found.extractor} features)")


def how(found: Result, checkpoint: Checkpoint) -> str:
    """The protocol, in sentences."""
    protocol = protocol_of(checkpoint)
    controls = ", ".join(f"{words(k)} {v}" for k, v in protocol["controls"].items()) or "no controls"
    return (
        f"Protocol: {found.samples:,} samples (seeds {protocol['seeds']}, {controls}, rounded to 8 bits) against "
        f"{found.reals:,} {found.split} pictures. Real against real: {found.floor_from} pictures in place of the "
        "samples, which is the best that a model could get. KID: mean over random subsets; its standard deviation over "
        f"them is {number(found.made.kid_spread)}. Precision, recall, density and coverage: {found.neighbours} "
        f"neighbours, {found.neighbours_from:,} pictures a side."
    )


def limits(found: Result) -> Iterator[str]:
    made, floor = found.made, found.floor
    yield (
        f"Its FID is {made.fid / floor.fid:.1f} times that of real pictures ({number(made.fid)} against "
        f"{number(floor.fid)})."
    )
    if made.precision < ENOUGH * floor.precision:
        yield (
            f"{1 - made.precision:.0%} of its samples lie outside the manifold of the test pictures "
            f"({1 - floor.precision:.0%} of real ones do)."
        )
    if made.coverage < ENOUGH * floor.coverage:
        yield (
            f"It misses variety: {made.coverage:.0%} of the test pictures have a sample near them "
            f"({floor.coverage:.0%} have another real picture)."
        )


# --- From pictures and features --------------------------------------------------------------------------------------


def quality(images: Tensor, data_name: str, n: int | None = None, seed: int = 0) -> Result:
    """The first `n` (None: all) of images (N, C, H, W), uint8 or float in [0, 1], against the test split.

    Raises GenlibError: no classifier for this data set, fewer than 10 pictures, more than the floor can have.
    """
    images = images[:n]
    channels, height = images.shape[1:3]
    space = Pictures.model_validate({"channels": channels, "side": height})
    by = judge.load(classifier_of(data_name, space))
    real = data.load_pictures(data_name, "test", size=height).pixels
    return compare(by.features(real), by.features(images), by, seed)


def compare(real: Tensor, made: Tensor, by: Judge, seed: int = 0) -> Result:
    """Like quality(), from features (N, D) of the whole test split and (M, D) of samples, extracted by `by`.

    The floor takes M pictures from validation, then from the start of train where validation has fewer.
    """
    count, splits = len(made), data.info(by.data).splits
    if count < 2 * NEIGHBOURS or count > splits["validation"] + splits["train"]:
        raise GenlibError(
            f"Quality takes {2 * NEIGHBOURS} to {splits['validation'] + splits['train']} pictures of {by.data}, "
            f"and these are {count}."
        )
    others, floor_from = other_pictures(by, count)
    return Result(
        made=comparison(real, made, seed),
        floor=comparison(real, by.features(others), seed),
        extractor=by.name,
        data=by.data,
        split="test",
        reals=len(real),
        samples=count,
        floor_from=floor_from,
        neighbours_from=min(BALLS, len(real), count),
        seed=seed,
    )


def other_pictures(by: Judge, count: int) -> tuple[Tensor, str]:
    """`count` real pictures uint8 (count, C, H, W) that are no test pictures, and what they are, in words."""
    held = min(count, data.info(by.data).splits["validation"])
    others = data.load_pictures(by.data, "validation", size=by.side).pixels[:held]
    if not (rest := count - held):
        return others, f"{held:,} validation"
    train = data.load_pictures(by.data, "train", size=by.side).pixels[:rest]
    return torch.cat([others, train]), f"{held:,} validation and {rest:,} train"


def comparison(real: Tensor, made: Tensor, seed: int = 0) -> Comparison:
    """All of them, from features (N, D) and (M, D)."""
    mean, spread = kid(real, made, seed)
    return Comparison(frechet_distance(real, made), mean, spread, **manifolds(real, made))


class _Identity(nn.Identity):
    """Lets torchmetrics take features that were extracted once, for all measures."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size


def frechet_distance(real: Tensor, made: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), from features (N, D) and (M, D); in float64."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(_Identity(real.shape[1]))
    metric.update(real.double(), real=True)
    metric.update(made.double(), real=False)
    return float(metric.compute())


def kid(real: Tensor, made: Tensor, seed: int = 0) -> tuple[float, float]:
    """Mean and standard deviation of the unbiased squared MMD over random subsets, kernel (x y / D + 1)^3."""
    from torchmetrics.image.kid import KernelInceptionDistance

    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.filterwarnings("ignore", message=".*will save all extracted features")
        torch.manual_seed(seed)  # it draws its subsets from the global generator
        subset = min(SUBSET, len(real), len(made))
        metric = KernelInceptionDistance(_Identity(real.shape[1]), subsets=SUBSETS, subset_size=subset)
        metric.update(real.double(), real=True)
        metric.update(made.double(), real=False)
        mean, spread = metric.compute()
    return float(mean), float(spread)


def manifolds(real: Tensor, made: Tensor) -> dict[str, float]:
    """precision, recall, density and coverage, from as many features of one as of the other, spread over each."""
    from prdc import compute_prdc

    count = min(BALLS, len(real), len(made))
    # It prints its counts, and scikit-learn warns of how it starts its threads.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*sklearn.utils.parallel")
        found = compute_prdc(evenly(real, count).numpy(), evenly(made, count).numpy(), nearest_k=NEIGHBOURS)
    return {name: float(value) for name, value in found.items()}
