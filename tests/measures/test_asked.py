"""Whether what is asked for comes: on points by where they lie."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor

from genlib import data
from genlib.checkpoint import shipped
from genlib.measures.asked import EACH, Asked
from genlib.measures.subject import Subject


@pytest.mark.parametrize(("off", "right"), [(0, 1.0), (1, 0.0)])
def test_points_of_a_part_are_right_where_they_lie_in_it(off: int, right: float, monkeypatch: Any) -> None:
    subject = Subject(shipped("cgan-ring8"), progress=lambda _: None)
    ring = data.load_points("ring8")

    def made(_: range, y: Tensor) -> Tensor:
        return ring.density.means[(y + off) % 8].float()

    monkeypatch.setattr(subject.model, "sample_classes", made)
    measure = Asked()
    assert measure.applies(subject.checkpoint)
    found = measure.measure(subject)
    assert found.right == right
    assert found.real_right == 1.0
    assert set(found.by_class) == set(ring.info.labels["part"])
    (said, table) = measure.card(found, subject.checkpoint).blocks
    assert f"{right:.1%} of {EACH} samples of each" in said
    assert "north-west" in table


def test_a_model_that_is_told_nothing_is_asked_for_nothing() -> None:
    assert not Asked().applies(shipped("gan-ring8"))
    assert Asked().applies(shipped("cgan-digits"))
