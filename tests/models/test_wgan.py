"""The Wasserstein game: the critic's bound, its penalty, and that its value is the earth mover's distance."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genlib import data, training
from genlib.contract import Batch, Recipe
from genlib.models.wgan import Config, Training, WassersteinGAN
from genlib.spaces import Points


def wgan(**config: Any) -> WassersteinGAN:
    model = training.fresh(WassersteinGAN, WassersteinGAN.tiny()[1].model_copy(update=config), seed=0)
    assert isinstance(model, WassersteinGAN)
    return model


def batch(x: Tensor, step: int = 0) -> Batch:
    return Batch(x, torch.Generator().manual_seed(step), step, 1000, another=lambda: batch(x, step + 1))


def test_clipping_bounds_every_weight_of_the_critic_and_none_of_the_generator() -> None:
    model, how = wgan(), Training(clip=0.02, generator_rate=0.1, critic_rate=0.1, critic_steps=2)
    model.train_step(batch(torch.randn(32, 2)), model.optimizers(how), how)
    assert max(p.abs().max().item() for p in model.critic.parameters()) == pytest.approx(0.02)
    assert max(p.abs().max().item() for p in model.generator.parameters()) > 0.05


def test_penalty_is_the_mean_square_by_which_slopes_differ_from_one() -> None:
    model = wgan(bound="penalty")
    model.critic = nn.Sequential(nn.Linear(2, 1))
    x = torch.randn(16, 2)
    for weights, wanted in (((3.0, 4.0), 16.0), ((0.6, 0.8), 0.0), ((0.0, 0.0), 1.0)):
        model.critic[0].weight.data = torch.tensor([weights])
        torch.testing.assert_close(model.penalty(x), torch.tensor(wanted))


@pytest.mark.parametrize("dims", [1, 2])
def test_the_critics_value_is_the_earth_movers_distance(dims: int) -> None:
    """G stands still: its points all lie at the origin, so it is known how far they have to be carried.

    The penalty is a large one: a critic with slope s gains s times the distance, and loses only lambda (s - 1)^2.
    """
    model = wgan(bound="penalty", space=Points(dims=dims), width=64)
    for p in model.generator.parameters():
        p.data.zero_()
    how = Training(generator_rate=1e-9, critic_rate=5e-3, critic_steps=1, penalty=300)
    x = torch.randn(256, dims, generator=torch.Generator().manual_seed(1)) + 3
    optimizers = model.optimizers(how)
    told = [model.train_step(batch(x, step), optimizers, how)["distance"].item() for step in range(250)]
    assert sum(told[-100:]) / 100 == pytest.approx(x.norm(dim=1).mean().item(), rel=0.12)


def test_playing_it_brings_the_samples_to_the_data() -> None:
    """From far away, where the samples of a GAN whose D is sure would hardly move."""
    config = Config(space=Points(), latent=2, width=32, batch_norm=False)
    how = Training(generator_rate=1e-3, critic_rate=1e-3)
    recipe = Recipe(data="two-gaussians", steps=200, batch_size=128, ema=0.9, training=how.model_dump())
    source = data.load_points("two-gaussians")
    run = training.Run(training.fresh(WassersteinGAN, config, seed=0), source, recipe)
    distances = [progress.scalars["distance"] for progress in run]
    made, real = run.snapshot().sample(range(2000)), source.sample(2000)
    assert distances[-1] < 0.3 * max(distances)
    assert (made.mean(0) - real.mean(0)).norm() < 0.3
    assert (made[:, 0].std() / real[:, 0].std() - 1).abs() < 0.2  # the gap between the two
