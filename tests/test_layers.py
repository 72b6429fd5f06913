"""Noise from seeds, and switching gradients off for a part."""

from __future__ import annotations

import math

import pytest
import scipy.stats
import torch
from torch import nn

from genlib.contract import MAX_SEED
from genlib.layers import frozen, levels, normal


def test_normal_row_depends_on_its_seed_alone() -> None:
    many = normal([*range(63), 42], 16)
    assert many.shape == (64, 16)
    assert many.dtype == torch.float32
    assert torch.equal(normal([42], 16)[0], many[-1])
    assert torch.equal(many[42], many[-1])
    assert len(torch.unique(many, dim=0)) == 63
    assert normal([0, MAX_SEED], 512).isfinite().all()


def test_normal_leaves_the_global_generator_alone() -> None:
    state = torch.manual_seed(0).get_state()
    normal([1, 2, 3], 8)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("truncation", [math.inf, 2.0, 0.5])
def test_normal_has_the_law_it_claims(truncation: float) -> None:
    z = normal(range(400), 50, truncation)
    assert z.abs().max() <= truncation
    law = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(z.flatten().numpy(), law.cdf).pvalue > 1e-3


def test_normal_changes_smoothly_with_truncation() -> None:
    """A seed keeps its place in the law: order within a row stays, and a small turn moves it a little."""
    wide, narrow = normal([7], 256, 2.0), normal([7], 256, 1.99)
    assert torch.equal(wide.argsort(), narrow.argsort())
    assert (wide - narrow).abs().max() < 0.02
    torch.testing.assert_close(normal([7], 256, 8.0), normal([7], 256), atol=1e-4, rtol=1e-4)


def test_frozen_lets_gradients_through_but_not_in() -> None:
    part, x = nn.Linear(3, 1), torch.ones(2, 3, requires_grad=True)
    part.bias.requires_grad_(False)
    with frozen(part):
        part(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert part.weight.grad is None
    assert part.weight.requires_grad
    assert not part.bias.requires_grad, "what was frozen before stays so"


def test_frozen_thaws_after_an_error() -> None:
    part = nn.Linear(3, 1)
    with pytest.raises(RuntimeError), frozen(part):
        part(torch.ones(2, 5))  # the wrong shape
    assert part.weight.requires_grad


@pytest.mark.parametrize(("size", "expected"), [(64, (4, 4)), (28, (7, 2)), (8, (4, 1)), (128, (4, 5)), (96, (6, 4))])
def test_levels(size: int, expected: tuple[int, int]) -> None:
    assert levels(size) == expected


@pytest.mark.parametrize("size", [4, 7, 9, 30, 36, 255])
def test_levels_refuses_what_does_not_halve(size: int) -> None:
    with pytest.raises(ValueError, match=f"is {size}"):
        levels(size)
