from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlib.measures.accuracy import accuracy
from genlib.measures.classes import classes
from genlib.measures.judge import Judge

NAMES = ("cat", "dog", "owl")


class Reader:
    """Reads the animal off the first three features, with probability 0.9866; the shade off the fourth."""

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        dark = features[:, 3]
        return {"animal": 5 * features[:, :3], "shade": torch.stack([torch.zeros_like(dark), dark], 1)}


@pytest.fixture
def judge() -> Judge:
    return Judge("judge", "animals", 8, Reader())


def features(labels: list[int]) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), 4).float()


def test_shares_and_certainty(judge: Judge) -> None:
    found = classes(judge, "animal", NAMES, features([0] * 6 + [1] * 2), features([0, 1, 2, 2]))
    assert found.shares == {"cat": 0.75, "dog": 0.25, "owl": 0}
    assert found.real_shares == {"cat": 0.25, "dog": 0.25, "owl": 0.5}
    assert found.covered == 2
    sure = torch.tensor([5.0, 0, 0]).softmax(0)[0].item()
    assert found.certainty == pytest.approx(sure)
    assert found.real_certainty == pytest.approx(sure)


def test_unclear_pictures_lower_the_certainty(judge: Judge) -> None:
    found = classes(judge, "animal", NAMES, torch.zeros(3, 4), features([0, 1, 2]))
    assert found.certainty == pytest.approx(1 / 3)


def test_a_class_that_is_hardly_ever_made_does_not_count(judge: Judge) -> None:
    real = features([0, 1, 2] * 30)
    assert classes(judge, "animal", NAMES, features([0] * 98 + [1] * 2), real).covered == 1
    assert classes(judge, "animal", NAMES, features([0] * 90 + [1] * 10), real).covered == 2


def test_accuracy_by_attribute(judge: Judge) -> None:
    shown = features([0, 1, 2, 3])
    labels = {"animal": torch.tensor([0, 1, 0, 0]), "shade": torch.tensor([0, 0, 0, 1])}
    assert accuracy(judge.names(shown), labels) == {"animal": 0.75, "shade": 1.0}
