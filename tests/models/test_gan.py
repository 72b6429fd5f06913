"""The adversarial game: its objectives against the paper's equations, and that playing it teaches G the data."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from genlib.contract import Batch, Recipe
from genlib.models.gan import GAN, Controls, discriminator_loss, generator_loss

RECIPE = Recipe(data="digits", learning_rate=5e-3)


def test_discriminator_descends_minus_v() -> None:
    """Equation 1, written with D rather than with its logits."""
    real, fake = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    v = torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean()
    torch.testing.assert_close(discriminator_loss(real, fake), -v)


def test_value_at_the_best_discriminator_is_the_jensen_shannon_divergence() -> None:
    """Theorem 1: with D*(x) = p / (p + q), V = -log 4 + 2 JSD(p || q)."""
    p, q = torch.tensor([5, 3, 2]), torch.tensor([1, 3, 6])  # of ten draws each, over three outcomes
    best = (p / q).log()
    v = -discriminator_loss(best.repeat_interleave(p), best.repeat_interleave(q))
    assert v.item() == pytest.approx(-math.log(4) + 2 * jensenshannon(p, q) ** 2, abs=1e-6)


def test_generator_objectives() -> None:
    fake = torch.randn(32, generator=torch.Generator().manual_seed(0))
    d = torch.sigmoid(fake)
    torch.testing.assert_close(generator_loss(fake, "minimax"), (1 - d).log().mean())
    torch.testing.assert_close(generator_loss(fake, "non-saturating"), -d.log().mean())


@pytest.mark.parametrize(("objective", "expected"), [("minimax", 0.0), ("non-saturating", -1.0)])
def test_gradient_where_the_discriminator_is_sure(objective: str, expected: float) -> None:
    """Section 3: the minimax gradient is gone just there, the other one is strongest."""
    logit = torch.tensor([-20.0], requires_grad=True)
    generator_loss(logit, objective).backward()
    assert logit.grad is not None
    assert logit.grad.item() == pytest.approx(expected, abs=1e-6)


def test_objectives_are_finite_for_any_logit() -> None:
    far = torch.tensor([-1e4, 1e4])
    assert discriminator_loss(far, far).isfinite()
    assert generator_loss(far, "minimax").isfinite()
    assert generator_loss(far, "non-saturating").isfinite()


def test_truncation_bounds_the_noise() -> None:
    model = GAN(GAN.tiny())
    assert model.prior(range(200), Controls(truncation=0.5)).abs().max() <= 0.5
    assert model.prior(range(200), Controls(truncation=3.0)).abs().max() > 1.5


@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
def test_learns_a_picture(objective: str) -> None:
    torch.manual_seed(0)
    model = GAN(GAN.tiny().model_copy(update={"objective": objective}))
    picture = torch.zeros(1, 8, 8)
    picture[:, :, 4:] = 1  # the right half is white
    rng = torch.Generator().manual_seed(0)

    def error() -> float:
        model.eval()
        with torch.no_grad():
            return (model.sample(range(32)) - picture).abs().mean().item()

    before, optimizers = error(), model.optimizers(RECIPE)
    model.train()
    for _ in range(150):
        values = model.train_step(Batch(picture.expand(16, -1, -1, -1), rng), optimizers)
    assert values.keys() == {"loss D", "loss G", "D(real)", "D(fake)"}
    assert before > 0.4
    assert error() < 0.1
