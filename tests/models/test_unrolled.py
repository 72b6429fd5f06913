"""The unrolled game: G's gradient goes through D's steps, as a numerical derivative says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models.unrolled import Training, UnrolledGAN


def unrolled(**config: Any) -> UnrolledGAN:
    model = training.fresh(UnrolledGAN, UnrolledGAN.tiny()[1].model_copy(update={"dropout": 0.0, **config}), seed=0)
    assert isinstance(model, UnrolledGAN)
    return model


def data(seed: int) -> Tensor:
    return torch.randn(16, 2, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_gradient_of_the_value_ahead_is_the_numerical_one(ahead: int) -> None:
    """d f(G, theta^k(G)) / d fake: moved by a little, the samples move D's k steps too."""
    model, how = unrolled(), Training(ahead=ahead, ahead_rate=0.5)
    real, way = data(0), data(1)
    fake = data(2).requires_grad_()

    def ahead_of(fake: Tensor) -> Tensor:
        return model.value(real, fake, model.look_ahead(real, fake, how))

    (slope,) = torch.autograd.grad(ahead_of(fake), fake)
    h = 1e-2
    numerical = (ahead_of(fake + h * way) - ahead_of(fake - h * way)) / (2 * h)
    torch.testing.assert_close((slope * way).sum(), numerical, rtol=3e-3, atol=1e-5)


def test_the_steps_ahead_are_those_of_gradient_ascent_and_leave_d_alone() -> None:
    model, how = unrolled(), Training(ahead=4, ahead_rate=0.3)
    real, fake = data(0), data(2)
    before = {name: p.detach().clone() for name, p in model.discriminator.named_parameters()}
    theta = model.look_ahead(real, fake.requires_grad_(), how)
    assert all(torch.equal(before[name], p) for name, p in model.discriminator.named_parameters())

    by_hand = torch.optim.SGD(model.discriminator.parameters(), lr=how.ahead_rate, maximize=True)
    for _ in range(how.ahead):
        by_hand.zero_grad()
        model.value(real, fake.detach()).backward()
        by_hand.step()
    for name, p in model.discriminator.named_parameters():
        torch.testing.assert_close(theta[name], p.detach())
    assert model.value(real, fake, theta) > model.value(real, fake, before)


def test_without_steps_ahead_it_is_the_game_of_gan() -> None:
    model, how = unrolled(), Training(ahead=0)
    x, rng = data(0), torch.Generator().manual_seed(3)
    z = torch.randn(16, 4, generator=torch.Generator().manual_seed(3))
    against = -F.logsigmoid(model.logits(model.decode(z))).mean()
    told = model.train_step(Batch(x, rng, 0, 10), model.optimizers(how), how)
    torch.testing.assert_close(told["loss G"], against.detach())
