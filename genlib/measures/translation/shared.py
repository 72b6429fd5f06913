"""What both kinds of translation are measured with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlib import data
from genlib.contract import Domain, Seeds, TakesHints, Translates
from genlib.data import PictureSet, Split
from genlib.errors import GenlibError
from genlib.measures import judge
from genlib.measures.judge import Judge, classifier_of
from genlib.measures.pixels import as_bytes
from genlib.spaces import Pictures

# Labels whose first class is the picture itself and whose others are variants of it. The drawing of an emoji is the
# same in six skin tones: it has no one right answer, so only the plain emoji is measured.
VARIANTS = ("skin_tone",)
BATCH, BLOCK = 32, 500  # pictures translated, and training pictures decoded, at once


@dataclass(frozen=True)
class Task:
    """Test pictures of one part of the data set, to be brought from one domain to the other.

    model   Translates
    size    side of the pictures where the data set has several, px
    judge   by whose features pictures are compared
    """

    model: Any
    part: str
    size: int | None
    test: PictureSet
    source: Domain
    target: Domain
    judge: Judge


def held_out(part: str, size: int | None, split: Split = "test") -> PictureSet:
    """The pictures of a split that have one right answer: without variants of others."""
    whole = data.load_pictures(part, split, size=size)
    plain = torch.ones(len(whole), dtype=torch.bool)
    for attribute in VARIANTS:
        if attribute in whole.labels:
            plain &= whole.labels[attribute] == 0
    return whole.take(plain.nonzero()[:, 0])


@torch.inference_mode()
def answers(
    model: Translates, inputs: Tensor, source: Domain, seeds: Seeds | None = None, hints: Tensor | None = None
) -> Tensor:
    """Translations uint8 (N, C, H, W), on the CPU, at default controls, of inputs (N, C', H, W) in [0, 1]."""
    made = []
    for at in range(0, len(inputs), BATCH):
        here = slice(at, at + BATCH)
        some, asked = inputs[here], None if seeds is None else seeds[here]
        if hints is None:
            made.append(as_bytes(model.translate(some, source, asked)))
        else:
            assert isinstance(model, TakesHints)
            made.append(as_bytes(model.translate_hinted(some, source, hints[here], asked)))
    return torch.cat(made)


def judge_of(part: str, channels: int, side: int, device: torch.device | str | None = None) -> Judge:
    """The classifier for pictures of that shape, or of half that side. GenlibError: there is neither."""
    whole, half = (Pictures.model_validate({"channels": channels, "side": s}) for s in (side, side // 2))
    try:
        found = classifier_of(part, whole)
    except GenlibError as error:
        try:
            found = classifier_of(part, half)
        except GenlibError:
            raise error from None
    return judge.load(found, device)


def others(pick: Callable[[PictureSet], Tensor | None], task: Task, count: int) -> tuple[Tensor, str]:
    """`count` real pictures, uint8, that are no test pictures, and what they are: first validation, then the start of
    train."""
    taken, said = [], []
    for split in ("validation", "train"):
        if count:
            found = [pick(block) for block in blocks(held_out(task.part, task.size, split))]
            some = torch.cat([as_bytes(pictures) for pictures in found if pictures is not None])[:count]
            taken.append(some)
            said.append(f"{len(some):,} {split}")
            count -= len(some)
    return torch.cat(taken), " and ".join(said)


def blocks(pictures: PictureSet) -> Iterator[PictureSet]:
    """Some at a time: as floats all would take gigabytes."""
    return (pictures.take(slice(at, at + BLOCK)) for at in range(0, len(pictures), BLOCK))


def among(labels: Tensor, classes: Sequence[int]) -> Tensor:
    """Which labels are of these classes: bool (N,)."""
    return torch.isin(labels, torch.tensor(classes))


def difference(a: Tensor, b: Tensor) -> float:
    """Mean absolute difference in [0, 1] of uint8 pictures of one shape."""
    return float((a.short() - b.short()).abs().double().mean()) / 255
