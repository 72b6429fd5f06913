"""Whether a picture is memorised, in words."""

from __future__ import annotations

import pytest
import torch

from genlib import data
from genlib.measures import memorisation
from genlib.measures.memorisation import nearest_distances, verdict


@pytest.mark.parametrize(
    ("distance", "floor", "answer"),
    [
        (0.0, 0.1, "Yes"),
        (0.001, None, "Yes"),
        (0.049, 0.1, "Perhaps"),
        (0.05, 0.1, "No sign of it"),
        (0.3, 0.1, "No sign of it"),
        (0.3, None, "no exact copy"),
    ],
)
def test_a_verdict_comes_with_its_number(distance: float, floor: float | None, answer: str) -> None:
    said = verdict(distance, floor)
    assert said.startswith("**")
    assert answer in said.partition("**:")[0] + said
    assert f"{distance:.3f}" in said
    assert distance < 0.002 or floor is None or f"{floor:.3f}" in said


def test_copies_are_accused_and_unseen_pictures_are_not() -> None:
    train = data.load_pictures("faces", "train").pixels
    unseen = data.load_pictures("faces", "test").pixels[::10]
    distances = nearest_distances(unseen, train)
    floor = float(distances.mean())
    accused = [verdict(float(d), floor).startswith(("**Yes", "**Perhaps")) for d in distances]
    assert sum(accused) <= 0.05 * len(accused)
    copies = torch.cat([train[:20], (train[20:40].float() * 0.98).round().byte()])  # the second ones a little paler
    for d in nearest_distances(copies, train):
        assert verdict(float(d), floor).startswith(("**Yes", "**Perhaps"))
    assert memorisation.NEAR == 0.5
