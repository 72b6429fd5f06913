"""A lower bound on the likelihood, as tight as many importance samples make it (Burda 2016, table 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from genlib.checkpoint import Checkpoint
from genlib.contract import Bounds
from genlib.measures.base import HubResult, Measure, Part
from genlib.measures.markdown import number
from genlib.measures.pixels import as_float, evenly
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

DRAWS = 5000
BATCH = 10
SIZE = 1024  # numbers of a picture: five million of larger ones are not decoded in a few minutes


@dataclass(frozen=True)
class Result:
    """Mean of the bound over test pictures, nats, higher is better.

    error   standard error of that mean
    draws   importance samples of each picture
    """

    nats: float
    error: float
    draws: int
    count: int


class Tightened(Measure[Result]):
    name = "tightened"
    place = 52

    def applies(self, checkpoint: Checkpoint) -> bool:
        space = checkpoint.config.space
        small = isinstance(space, Pictures) and space.size <= SIZE
        return small and issubclass(checkpoint.model_class, Bounds)

    @torch.inference_mode()
    def measure(self, subject: Subject) -> Result:
        """Of 1,000 pictures, where 5,000 samples are drawn for the other measures."""
        x = evenly(subject.real, max(2, subject.count // 5))
        subject.progress(f"Bounding the likelihood of {len(x):,} pictures with {DRAWS:,} importance samples each")
        nats = torch.cat([subject.model.bound(as_float(part), DRAWS).nats.cpu() for part in x.split(BATCH)]).double()
        return Result(float(nats.mean()), float(nats.std()) / math.sqrt(len(nats)), DRAWS, len(nats))

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        what = f"The same bound with {found.draws:,} importance samples, nats, mean of {found.count:,} test pictures"
        return Part(rows=((what, f"{number(found.nats)} ± {number(found.error)}", ""),))

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        name = f"Log-likelihood, nats per image (lower bound, {found.draws:,} importance samples)"
        yield HubResult("log-likelihood", found.nats, name)
