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
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import GenlibError
from genlib.metrics.features import extractor, features_of, spread

NEIGHBOURS = 5  # k of the nearest-neighbour balls, as in Naeem et al.
BALLS = 5000  # at most so many pictures a side for these four: they take a matrix of all distances
SUBSETS, SUBSET = 100, 1000  # of KID, as in Binkowski et al. (fewer pictures where there are fewer)


@dataclass(frozen=True)
class Measures:
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
class Quality:
    """Samples against the test pictures; beside it as many other real pictures against them; and the protocol."""

    made: Measures
    floor: Measures
    extractor: str  # checkpoint whose features these are
    data: str
    split: str
    reals: int  # pictures of the split
    samples: int  # pictures compared with them
    floor_from: str  # what the floor's pictures are, e.g. "1,000 validation and 1,000 train"
    neighbours: int = NEIGHBOURS
    neighbours_from: int = BALLS  # pictures a side for precision, recall, density and coverage
    seed: int = 0  # of KID's subsets


def quality(images: Tensor, data_name: str, n: int | None = None, seed: int = 0) -> Quality:
    """The first `n` (None: all) of images (N, C, H, W), uint8 or float in [0, 1], against the test split.

    Raises GenlibError: no classifier for this data set, fewer than 10 pictures, more than the floor can have.
    """
    images = images[:n]
    channels, height, width = images.shape[1:]
    judge = extractor(data_name, (channels, height, width))
    real = data.load(data_name, "test", size=height).pixels
    return compare(features_of(real, judge), features_of(images, judge), judge, seed)


def compare(real: Tensor, made: Tensor, judge: Checkpoint, seed: int = 0) -> Quality:
    """Like quality(), from features (N, D) of the whole test split and (M, D) of samples, extracted by `judge`.

    The floor takes M pictures from validation, then from the start of train where validation has fewer.
    """
    name, count = judge.spec.recipe.data, len(made)
    splits = data.info(name).splits
    held = min(count, splits["validation"])
    rest = count - held
    if count < 2 * NEIGHBOURS or rest > splits["train"]:
        raise GenlibError(
            f"Quality takes {2 * NEIGHBOURS} to {splits['validation'] + splits['train']} pictures of {name}, "
            f"and these are {count}."
        )
    side = judge.model_config.image_size
    others = data.load(name, "validation", size=side).pixels[:held]
    floor_from = f"{held:,} validation"
    if rest:
        others = torch.cat([others, data.load(name, "train", size=side).pixels[:rest]])
        floor_from += f" and {rest:,} train"
    return Quality(
        made=measures(real, made, seed),
        floor=measures(real, features_of(others, judge), seed),
        extractor=judge.name,
        data=name,
        split="test",
        reals=len(real),
        samples=count,
        floor_from=floor_from,
        neighbours_from=min(BALLS, len(real), count),
        seed=seed,
    )


def measures(real: Tensor, made: Tensor, seed: int = 0) -> Measures:
    """All of them, from features (N, D) and (M, D)."""
    mean, spread = kid(real, made, seed)
    return Measures(frechet_distance(real, made), mean, spread, **manifolds(real, made))


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
        found = compute_prdc(spread(real, count).numpy(), spread(made, count).numpy(), nearest_k=NEIGHBOURS)
    return {name: float(value) for name, value in found.items()}
