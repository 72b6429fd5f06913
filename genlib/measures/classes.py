"""Which classes samples show, and how sure the classifier is of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples
from genlib.measures.base import Measure, Part
from genlib.measures.judge import Judge, can_judge
from genlib.measures.markdown import table, words
from genlib.measures.subject import Subject

RARE = 0.1  # a class counts as made when it has at least this share of the share that it has among real pictures


@dataclass(frozen=True)
class Result:
    """The classifier's word on samples, and on the real pictures beside them.

    shares, real_shares        share of each class, by name; each sums to 1
    covered                    number of classes that are made at all (at least a tenth as often as they are real)
    certainty, real_certainty  mean probability of the class that was named: low where pictures show nothing clear
    """

    attribute: str
    shares: dict[str, float]
    real_shares: dict[str, float]
    covered: int
    certainty: float
    real_certainty: float


class Classes(Measure[Result]):
    name = "classes"
    place = 20

    def applies(self, checkpoint: Checkpoint) -> bool:
        attribute = data.info(checkpoint.spec.recipe.data).main_label
        return bool(attribute) and issubclass(checkpoint.model_class, Samples) and can_judge(checkpoint, attribute)

    def measure(self, subject: Subject) -> Result:
        attribute = subject.info.main_label
        names = subject.info.labels[attribute]
        return classes(subject.judge, attribute, names, subject.made_features, subject.real_features)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        attribute, count = words(found.attribute), len(found.shares)
        said = (
            f"What the classifier sees in the samples ({attribute}): {found.covered} of {count} classes are made (at "
            "least a tenth as often as they are real); its mean probability for the class it names is "
            f"{found.certainty:.3f}, and {found.real_certainty:.3f} on test pictures."
        )
        rows = [(name, f"{share:.1%}", f"{found.real_shares[name]:.1%}") for name, share in found.shares.items()]
        missing = count - found.covered
        limits = (f"It hardly ever makes {missing} of the {count} classes.",) if missing else ()
        return Part((said, table((attribute, "samples", "test pictures"), rows)), limits=limits)


@torch.inference_mode()
def classes(judge: Judge, attribute: str, names: Sequence[str], made: Tensor, real: Tensor) -> Result:
    """Of features (N, D) of samples and (M, D) of real pictures; `names` are the classes of `attribute`, in order."""

    def shares(features: Tensor) -> tuple[dict[str, float], float]:
        best = judge.logits(features)[attribute].softmax(1).max(1)
        counts = torch.bincount(best.indices, minlength=len(names)).double()
        return dict(zip(names, (counts / len(features)).tolist(), strict=True)), float(best.values.mean())

    (of_made, certainty), (of_real, real_certainty) = shares(made), shares(real)
    covered = sum(of_made[name] >= RARE * of_real[name] and of_made[name] > 0 for name in names)
    return Result(attribute, of_made, of_real, covered, certainty, real_certainty)
