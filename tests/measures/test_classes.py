from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlib.metrics.classes import accuracy, classes
from genlib.models.classifier import Classifier, Config

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def judge() -> Classifier:
    """Reads the class off the first three features, with probability 0.9866; the shade off the fourth."""
    model = Classifier(Config(image_size=8, heads={"animal": 3, "shade": 2}, width=4, features=4)).eval()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.weight[:3, :3] = 5 * torch.eye(3)
        model.head.weight[4, 3] = 1
    return model


def features(labels: list[int]) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(labels), 4).float()


def test_shares_and_certainty(judge: Classifier) -> None:
    found = classes(judge, "animal", NAMES, features([0] * 6 + [1] * 2), features([0, 1, 2, 2]))
    assert found.shares == {"cat": 0.75, "dog": 0.25, "owl": 0}
    assert found.real_shares == {"cat": 0.25, "dog": 0.25, "owl": 0.5}
    assert found.covered == 2
    sure = torch.tensor([5.0, 0, 0]).softmax(0)[0].item()
    assert found.certainty == pytest.approx(sure)
    assert found.real_certainty == pytest.approx(sure)


def test_unclear_pictures_lower_the_certainty(judge: Classifier) -> None:
    found = classes(judge, "animal", NAMES, torch.zeros(3, 4), features([0, 1, 2]))
    assert found.certainty == pytest.approx(1 / 3)


def test_a_class_that_is_hardly_ever_made_does_not_count(judge: Classifier) -> None:
    real = features([0, 1, 2] * 30)
    assert classes(judge, "animal", NAMES, features([0] * 98 + [1] * 2), real).covered == 1
    assert classes(judge, "animal", NAMES, features([0] * 90 + [1] * 10), real).covered == 2


def test_accuracy_by_attribute(judge: Classifier) -> None:
    shown = features([0, 1, 2, 3])
    labels = {"animal": torch.tensor([0, 1, 0, 0]), "shade": torch.tensor([0, 0, 0, 1])}
    assert accuracy(judge, shown, labels) == {"animal": 0.75, "shade": 1.0}
