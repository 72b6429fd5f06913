"""Pieces of networks that several models share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genlib.nets import Dropout, Stack, frozen, halvings


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
def test_halvings(size: int, expected: tuple[int, int]) -> None:
    assert halvings(size) == expected


@pytest.mark.parametrize("size", [4, 7, 9, 30, 36, 255])
def test_halvings_refuses_what_does_not_halve(size: int) -> None:
    with pytest.raises(ValueError, match=f"not {size}"):
        halvings(size)


def test_dropout_draws_from_its_generator_alone() -> None:
    layer, x = Dropout(0.25).train(), torch.ones(200, 50)
    state = torch.manual_seed(0).get_state()
    once, again = (layer(x, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(once, again)
    assert torch.equal(torch.get_rng_state(), state)
    assert once.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((once == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert not torch.equal(once, layer(x, torch.Generator().manual_seed(4)))


def test_dropout_of_whole_maps_keeps_or_drops_all_of_one() -> None:
    made = Dropout(0.5, whole=True).train()(torch.ones(8, 16, 3, 3), torch.Generator().manual_seed(0))
    assert (made.flatten(2).std(2) == 0).all()
    assert 0 < (made == 0).float().mean() < 1


def test_dropout_rests_in_evaluation_and_asks_for_a_generator_in_training() -> None:
    x = torch.ones(3, 4)
    assert torch.equal(Dropout(0.5).eval()(x, None), x)
    assert torch.equal(Dropout(0.0).train()(x, None), x)
    with pytest.raises(ValueError, match="generator"):
        Dropout(0.5).train()(x, None)


def test_a_stack_passes_the_generator_on_inwards() -> None:
    stack = Stack(nn.Identity(), Stack(Dropout(0.5), nn.Identity())).train()
    x = torch.ones(100)[None]
    made = stack(x, torch.Generator().manual_seed(0))
    assert torch.equal(made, Dropout(0.5).train()(x, torch.Generator().manual_seed(0)))
