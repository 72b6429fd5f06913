"""Which classes samples show, and how sure the classifier is of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.models.classifier import Classifier

RARE = 0.1  # a class counts as made when it has at least this share of the share that it has among real pictures


@dataclass(frozen=True)
class Classes:
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


@torch.inference_mode()
def classes(classifier: Classifier, attribute: str, names: Sequence[str], made: Tensor, real: Tensor) -> Classes:
    """Of features (N, D) of samples and (M, D) of real pictures; `names` are the classes of `attribute`, in order."""

    def shares(features: Tensor) -> tuple[dict[str, float], float]:
        best = classifier.logits(features)[attribute].softmax(1).max(1)
        counts = torch.bincount(best.indices, minlength=len(names)).double()
        return dict(zip(names, (counts / len(features)).tolist(), strict=True)), float(best.values.mean())

    (of_made, certainty), (of_real, real_certainty) = shares(made), shares(real)
    covered = sum(of_made[name] >= RARE * of_real[name] and of_made[name] > 0 for name in names)
    return Classes(attribute, of_made, of_real, covered, certainty, real_certainty)


@torch.inference_mode()
def accuracy(classifier: Classifier, features: Tensor, labels: dict[str, Tensor]) -> dict[str, float]:
    """Attribute -> share of pictures named rightly, from features (N, D) and labels (N,)."""
    return {
        attribute: float((logits.argmax(1) == labels[attribute]).double().mean())
        for attribute, logits in classifier.logits(features).items()
    }
