"""How likely a model holds x that it never saw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genlib.checkpoint import Checkpoint
from genlib.contract import Scores
from genlib.data import PointSet
from genlib.measures.base import HubResult, Measure, Part, number_in
from genlib.measures.markdown import number
from genlib.measures.pixels import as_float
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

BATCH = 250
APART = 1.0  # nats: ends of an estimate that are farther apart are a limit


@dataclass(frozen=True)
class Result:
    """Mean log-likelihood of held-out pictures or points, higher is better.

    nats          mean per picture or point
    error         standard error of that mean: standard deviation over them / sqrt(count)
    estimated     standard error of what the model estimated for all of them alike, nats
    other         the mean that comes of its estimate from the other end; None where it has but one
    bits_per_dim  pictures: -nats / (C H W ln 2), lower is better; None where the likelihood is not normalised
    kind          exact, lower bound, estimate or unnormalised
    note          how the model came by it
    law           points: the mean log density of the same points under the law that they were drawn from, nats; on
                  average over all points no model has more
    """

    nats: float
    error: float
    bits_per_dim: float | None
    kind: str
    count: int
    note: str
    law: float | None = None
    estimated: float = 0.0
    other: float | None = None


class Likelihood(Measure[Result]):
    name = "likelihood"
    place = 50

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Scores)

    def measure(self, subject: Subject) -> Result:
        model = subject.model
        subject.progress("Measuring the likelihood of the test data")
        found = likelihood(model, subject.real)
        if not isinstance(subject.test, PointSet):
            return found
        return replace(found, law=float(subject.test.density.log_density(subject.real).mean()))

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        pictures = isinstance(checkpoint.config.space, Pictures)
        each, of = ("image", "test pictures") if pictures else ("point", "held-out points")
        kind = ": ".join(filter(None, (found.kind, found.note)))
        what = f"Log-likelihood ({kind}), nats per {each}, mean of {found.count:,} {of}"
        beside = ""
        if found.bits_per_dim is not None:
            beside = f"{number(found.bits_per_dim)} bits per dimension"
        elif found.law is not None and found.kind != "unnormalised":
            beside = f"{number(found.law)} by the law of the data itself"
        if found.other is not None:
            beside = f"{beside}; {number(found.other)} from the other end of the estimate"
        own = f", {number(found.estimated)} of it from the estimate" if found.estimated else ""
        limits = []
        if found.other is not None and abs(found.other - found.nats) > APART:
            limits.append(
                f"The two ends of its likelihood's estimate are {number(abs(found.other - found.nats))} nats apart: it "
                "is known no better."
            )
        inexact = f"Its likelihood is not exact ({found.kind}): set it beside numbers of the same kind only."
        return Part(
            rows=((what, f"{number(found.nats)} ± {number(math.hypot(found.error, found.estimated))}{own}", beside),),
            terms=("Nats are units of the natural logarithm: higher is likelier.",),
            limits=() if found.kind == "exact" else (inexact, *limits),
        )

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        each = "image" if isinstance(checkpoint.config.space, Pictures) else "point"
        yield HubResult("log-likelihood", found.nats, f"Log-likelihood, nats per {each} ({found.kind})")


def usual(checkpoint: Checkpoint) -> float | None:
    """Nats that held-out x have on average; None: not measured."""
    return number_in(checkpoint, Likelihood.name, "nats")


@torch.inference_mode()
def likelihood(model: Scores, x: Tensor) -> Result:
    """Of pictures (N, C, H, W), uint8 or float in [0, 1], or of points (N, D); N >= 2."""
    parts = [model.log_prob(as_float(part)) for part in x.split(BATCH)]
    kind = parts[0].kind
    nats = torch.cat([part.nats.cpu() for part in parts]).double()
    mean, count = float(nats.mean()), len(nats)
    pictures = x.ndim == 4 and kind != "unnormalised"
    bits = -mean / (x[0].numel() * math.log(2)) if pictures else None
    error, other = float(nats.std()) / math.sqrt(count), parts[0].other
    return Result(
        mean, error, bits, kind, count, parts[0].note,
        estimated=parts[0].error, other=None if other is None else mean + other,
    )  # fmt: skip
