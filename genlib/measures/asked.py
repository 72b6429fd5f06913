"""Whether a model that is told a class makes that class: by the classifier's word, of points by where they lie."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Conditions
from genlib.data import PointSet
from genlib.measures.accuracy import accuracy
from genlib.measures.base import Measure, Part
from genlib.measures.judge import can_judge
from genlib.measures.markdown import table, words
from genlib.measures.pixels import as_bytes
from genlib.measures.subject import Subject
from genlib.spaces import Points

EACH = 500  # samples of each class


@dataclass(frozen=True)
class Result:
    """What samples of each class are taken for.

    right, real_right   share that is taken for what was asked for, and of test pictures for what they are
    by_class            the first, for each class by name
    each                how many samples of each class
    """

    attribute: str
    right: float
    real_right: float
    by_class: dict[str, float]
    each: int


class Asked(Measure[Result]):
    name = "asked"
    place = 15

    def applies(self, checkpoint: Checkpoint) -> bool:
        cls = checkpoint.model_class
        if not issubclass(cls, Conditions):
            return False
        attribute = cls.classes(checkpoint.config).attribute
        if isinstance(checkpoint.config.space, Points):
            return attribute in data.info(checkpoint.spec.recipe.data).labels
        return can_judge(checkpoint, attribute)

    @torch.inference_mode()
    def measure(self, subject: Subject) -> Result:
        cls, test = subject.checkpoint.model_class, subject.test
        assert issubclass(cls, Conditions)
        told = cls.classes(subject.checkpoint.config)
        subject.progress(f"Asking for {EACH} samples of each of {len(told.names)} classes")

        def right(number: int) -> float:
            made = subject.model.sample_classes(range(EACH), torch.full((EACH,), number))
            if isinstance(test, PointSet):
                taken = test.parts(made, told.attribute)
            else:
                taken = subject.judge.names(subject.judge.features(as_bytes(made)))[told.attribute]
            return float((taken == number).double().mean())

        by_class = {name: right(number) for number, name in enumerate(told.names)}
        if isinstance(test, PointSet):
            rows = test.draw_rows(EACH * len(by_class), torch.Generator().manual_seed(0))
            real = accuracy({told.attribute: test.parts(rows.x, told.attribute)}, rows.labels)[told.attribute]
        else:
            real = accuracy(subject.judge.names(subject.real_features), test.labels)[told.attribute]
        return Result(told.attribute, sum(by_class.values()) / len(by_class), real, by_class, EACH)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        attribute, each = words(found.attribute), f"{found.right:.1%} of {found.each} samples of each"
        if isinstance(checkpoint.config.space, Points):
            said = (
                f"Asked for a {attribute}, it makes a point that lies nearest to it in {each}; of points of the data "
                f"{found.real_right:.1%} lie nearest to their own."
            )
        else:
            said = (
                f"Asked for a {attribute}, it makes what the classifier takes for it in {each}; of test pictures the "
                f"classifier reads {found.real_right:.1%} as they are labelled."
            )
        rows = [(name, f"{share:.1%}") for name, share in found.by_class.items()]
        return Part((said, table((attribute, "taken for it"), rows)))
