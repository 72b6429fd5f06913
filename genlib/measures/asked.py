"""Whether a model that is told a class makes that class, by the word of the classifier."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from genlib.checkpoint import Checkpoint
from genlib.contract import Conditions
from genlib.measures.accuracy import accuracy
from genlib.measures.base import Measure, Part
from genlib.measures.judge import can_judge
from genlib.measures.markdown import table, words
from genlib.measures.pixels import as_bytes
from genlib.measures.subject import Subject

EACH = 500  # samples of each class


@dataclass(frozen=True)
class Result:
    """The classifier's word on samples of each class.

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
        return issubclass(cls, Conditions) and can_judge(checkpoint, cls.classes(checkpoint.config).attribute)

    @torch.inference_mode()
    def measure(self, subject: Subject) -> Result:
        cls, judge = subject.checkpoint.model_class, subject.judge
        assert issubclass(cls, Conditions)
        told = cls.classes(subject.checkpoint.config)
        subject.progress(f"Asking for {EACH} samples of each of {len(told.names)} classes")

        def right(number: int) -> float:
            made = as_bytes(subject.model.sample_classes(range(EACH), torch.full((EACH,), number)))
            return float((judge.names(judge.features(made))[told.attribute] == number).double().mean())

        by_class = {name: right(number) for number, name in enumerate(told.names)}
        real = accuracy(judge.names(subject.real_features), subject.test.labels)[told.attribute]
        return Result(told.attribute, sum(by_class.values()) / len(by_class), real, by_class, EACH)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        said = (
            f"Asked for a {words(found.attribute)}, it makes what the classifier takes for it in {found.right:.1%} of "
            f"{found.each} samples of each; of test pictures the classifier reads {found.real_right:.1%} as they are "
            "labelled."
        )
        rows = [(name, f"{share:.1%}") for name, share in found.by_class.items()]
        return Part((said, table((words(found.attribute), "taken for it"), rows)))
