"""Parzen window: a likelihood for models that have none, by Gaussians around their samples, and why it says little.

Goodfellow et al., "Generative Adversarial Networks", NIPS 2014, section 5 and table 1.
    https://arxiv.org/abs/1406.2661
Theis, van den Oord, Bethge, "A Note on the Evaluation of Generative Models", ICLR 2016, table 1.
    https://arxiv.org/abs/1511.01844
    On MNIST the centres of k-means, no model at all, have 313 nats, and the data itself 243.

p(x) = 1/N sum_i N(x; s_i, sigma^2 I), of samples s_i, pixels in [0, 1]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples
from genlib.measures.base import HubResult, Measure, Part
from genlib.measures.markdown import number
from genlib.measures.pixels import as_float
from genlib.measures.subject import Subject, draw
from genlib.spaces import Pictures

VALIDATION = 1000  # pictures on which sigma is chosen
SIGMAS = torch.logspace(-1.3, -0.3, 21, dtype=torch.float64).tolist()  # about 0.05 to 0.5
BATCH = 250
SIZE = 1024  # numbers of a picture: beyond it a window in all pixels says nothing at all


@dataclass(frozen=True)
class Result:
    """Mean over the test pictures, nats, higher is better.

    error    standard error of that mean
    real     the same with as many training pictures in place of samples
    sigma    of the windows, the best one on validation pictures
    samples  how many windows; `count` test pictures
    """

    nats: float
    error: float
    real: float
    sigma: float
    samples: int
    count: int


class Parzen(Measure[Result]):
    name = "parzen"
    place = 55

    def applies(self, checkpoint: Checkpoint) -> bool:
        space = checkpoint.config.space
        fits = isinstance(space, Pictures) and space.channels == 1 and space.size <= SIZE
        return fits and issubclass(checkpoint.model_class, Samples)

    def measure(self, subject: Subject) -> Result:
        """10,000 samples, where 5,000 are drawn for the other measures."""
        count = 2 * subject.count
        made = torch.cat([subject.made, draw(subject.model, range(subject.count, count))])
        subject.progress(f"Laying a Parzen window around each of {count:,} samples")
        size = subject.checkpoint.spec.recipe.size
        validation = data.load_pictures(subject.data, "validation", size=size).pixels[:VALIDATION]
        real = data.load_pictures(subject.data, "train", size=size).pixels[:count]
        nats, sigma = parzen(made, validation, subject.real)
        others, _ = parzen(real, validation, subject.real)
        error = float(nats.std()) / math.sqrt(len(nats))
        return Result(float(nats.mean()), error, float(others.mean()), sigma, len(made), len(nats))

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        what = (
            f"Parzen window around {found.samples:,} samples (sigma {number(found.sigma)}, chosen on validation "
            f"pictures), nats, mean of {found.count:,} test pictures"
        )
        beside = f"{number(found.real)} around as many training pictures"
        flaw = (
            "A Parzen window says little of a model, and stands here because papers quote it: on MNIST the centres of "
            "k-means, which are no model, have 313 nats, and the data itself 243 "
            "([Theis et al. 2016](https://arxiv.org/abs/1511.01844))."
        )
        return Part(rows=((what, f"{number(found.nats)} ± {number(found.error)}", beside),), terms=(flaw,))

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        yield HubResult("log-likelihood", found.nats, f"Parzen window, {found.samples:,} samples, nats per image")


def parzen(samples: Tensor, validation: Tensor, test: Tensor) -> tuple[Tensor, float]:
    """Nats of each test picture, float64 (N,), and the sigma that is best for the validation pictures.

    Pictures are uint8 (..., C, H, W) or floats in [0, 1].
    """
    centres = as_float(samples).flatten(1)

    def nats(pictures: Tensor, sigmas: list[float]) -> Tensor:
        """(sigmas, N)."""
        parts = []
        for part in pictures.split(BATCH):
            distances = torch.cdist(as_float(part).flatten(1), centres).square().double()
            of = [(distances / (-2 * s * s)).logsumexp(1) - centres.shape[1] * math.log(s) for s in sigmas]
            parts.append(torch.stack(of))
        constant = math.log(len(centres)) + centres.shape[1] / 2 * math.log(2 * math.pi)
        return torch.cat(parts, 1) - constant

    best = SIGMAS[int(nats(validation, SIGMAS).mean(1).argmax())]
    return nats(test, [best])[0], best
