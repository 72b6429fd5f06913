from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import Tensor

from genlib import sources
from genlib.contract import LogProb, Scores
from genlib.measures import likelihood as module
from genlib.measures import reconstruction as rebuilt
from genlib.measures.likelihood import likelihood
from genlib.measures.reconstruction import reconstruction


class Darkness(Scores):
    """log p = minus the sum of the pixels."""

    def __init__(self, kind: Literal["exact", "unnormalised"] = "exact") -> None:
        self.kind = kind

    def log_prob(self, x: Tensor) -> LogProb:
        return LogProb(-x.flatten(1).sum(1), self.kind)


def test_mean_standard_error_and_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    monkeypatch.setattr(module, "BATCH", 3)
    found = likelihood(Darkness(), images)
    assert found.nats == pytest.approx(-6)  # 12 pixels, half of them 1
    assert found.error == pytest.approx(math.sqrt(48) / 2)  # values 0, -12, -12, 0
    assert found.bits_per_dim == pytest.approx(0.5 / math.log(2))
    assert (found.kind, found.count) == ("exact", 4)


def test_unnormalised_has_no_bits() -> None:
    assert likelihood(Darkness("unnormalised"), torch.rand(4, 1, 2, 2)).bits_per_dim is None


def test_points_have_no_bits() -> None:
    """Bits per dimension are of grey levels; a density in the plane has none."""
    found = likelihood(Darkness(), torch.tensor([[1.0, 2.0], [3.0, -2.0]]))
    assert (found.nats, found.bits_per_dim, found.count) == (-2, None, 2)


class Estimates(Darkness):
    def log_prob(self, x: Tensor) -> LogProb:
        return LogProb(super().log_prob(x).nats, "estimate", error=4.0, other=-2.5)


def test_both_ends_of_an_estimate_stand_on_the_card() -> None:
    found = likelihood(Estimates(), torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 2, 2))
    assert (found.nats, found.estimated, found.other) == (-6, 4, -8.5)
    part = module.Likelihood().card(found, sources.find("fvsbn-digits"))
    ((_, value, beside),) = part.rows
    assert value == "-6 ± 7.211, 4 of it from the estimate"  # 6 over the pictures, 4 of the estimate: hypot
    assert beside.endswith("-8.5 from the other end of the estimate")
    assert any("2.5 nats apart" in limit for limit in part.limits)


class Copier:
    """Keeps a picture, `off` too bright."""

    def __init__(self, off: float) -> None:
        self.off = off

    def encode(self, x: Tensor) -> Tensor:
        self.shape = x.shape[1:]
        return x.flatten(1)

    def decode(self, z: Tensor) -> Tensor:
        return (z + self.off).view(-1, *self.shape)


def test_reconstruction_error_and_its_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.tensor([0.25, 0.75]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    monkeypatch.setattr(rebuilt, "BATCH", 1)
    found = reconstruction(Copier(0.1), images)
    assert found.rms == pytest.approx(0.1)
    assert found.baseline == pytest.approx(0.25)
    assert found.count == 2
    assert reconstruction(Copier(0), images).rms == 0


def test_reconstruction_of_points_is_in_their_unit() -> None:
    found = reconstruction(Copier(0.5), torch.tensor([[0.0, 4.0], [0.0, -4.0]]))
    assert found.rms == pytest.approx(0.5)
    assert found.baseline == pytest.approx(math.sqrt(8))  # the mean is (0, 0): 0 and 4 off, over two coordinates
