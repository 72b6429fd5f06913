from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import Tensor

from genlib.contract import LogProb, Scores
from genlib.metrics.likelihood import likelihood
from genlib.metrics.reconstruction import reconstruction


class Darkness(Scores):
    """log p = minus the sum of the pixels."""

    def __init__(self, kind: Literal["exact", "unnormalised"] = "exact") -> None:
        self.kind = kind

    def log_prob(self, images: Tensor) -> LogProb:
        return LogProb(-images.flatten(1).sum(1), self.kind)


def test_mean_standard_error_and_bits() -> None:
    images = torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    found = likelihood(Darkness(), images, batch=3)
    assert found.nats == pytest.approx(-6)  # 12 pixels, half of them 1
    assert found.error == pytest.approx(math.sqrt(48) / 2)  # values 0, -12, -12, 0
    assert found.bits_per_dim == pytest.approx(0.5 / math.log(2))
    assert (found.kind, found.count) == ("exact", 4)


def test_unnormalised_has_no_bits() -> None:
    assert likelihood(Darkness("unnormalised"), torch.rand(4, 1, 2, 2)).bits_per_dim is None


class Copier:
    """Keeps a picture, `off` too bright."""

    def __init__(self, off: float) -> None:
        self.off = off

    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def decode(self, z: Tensor) -> Tensor:
        return (z + self.off).view(-1, 1, 2, 2)


def test_reconstruction_error_and_its_baseline() -> None:
    images = torch.tensor([0.25, 0.75]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    found = reconstruction(Copier(0.1), images, batch=1)
    assert found.rms == pytest.approx(0.1)
    assert found.baseline == pytest.approx(0.25)
    assert found.count == 2
    assert reconstruction(Copier(0), images).rms == 0
