"""The adversarial games: their objectives against the papers' equations, and that playing them teaches G the data."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import jensenshannon
from torch import Tensor, nn

from genlib import training
from genlib.contract import Batch
from genlib.models.gan import GAN, Config, Controls, Training, discriminator_loss, generator_loss, squared_slope
from genlib.nets import Stack
from genlib.spaces import Pictures, Points

LOG3 = math.log(3)


def gan(**config: Any) -> GAN:
    model = training.fresh(GAN, GAN.tiny()[0].model_copy(update=config), seed=0)
    assert isinstance(model, GAN)
    return model


def batch(x: Tensor, step: int = 0, another: Any = None) -> Batch:
    return Batch(x, torch.Generator().manual_seed(step), step, 1000, another=another)


# --- Objectives ------------------------------------------------------------------------------------------------------


def test_discriminator_descends_minus_v() -> None:
    """Equation 1, written with D rather than with its logits."""
    real, fake = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    v = torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean()
    for game in ("minimax", "non-saturating", "maximum-likelihood"):
        torch.testing.assert_close(discriminator_loss(real, fake, game), -v)


def test_value_at_the_best_discriminator_is_the_jensen_shannon_divergence() -> None:
    """Theorem 1: with D*(x) = p / (p + q), V = -log 4 + 2 JSD(p || q)."""
    p, q = torch.tensor([5, 3, 2]), torch.tensor([1, 3, 6])  # of ten draws each, over three outcomes
    best = (p / q).log()
    v = -discriminator_loss(best.repeat_interleave(p), best.repeat_interleave(q), "minimax")
    assert v.item() == pytest.approx(-math.log(4) + 2 * jensenshannon(p, q) ** 2, abs=1e-6)


def test_generator_objectives() -> None:
    real, fake = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    d = torch.sigmoid(fake)
    torch.testing.assert_close(generator_loss(real, fake, "minimax"), (1 - d).log().mean())
    torch.testing.assert_close(generator_loss(real, fake, "non-saturating"), -d.log().mean())
    torch.testing.assert_close(generator_loss(real, fake, "maximum-likelihood"), -(d / (1 - d)).mean())
    better = torch.sigmoid(fake - real)
    torch.testing.assert_close(generator_loss(real, fake, "relativistic"), -better.log().mean())


def test_relativistic_game_by_hand() -> None:
    """Each x is more real than its sample by log 3: D holds that for likely with 3 / 4, G's hope is 1 / 4."""
    real, fake = torch.tensor([LOG3, 0.0]), torch.tensor([0.0, -LOG3])
    assert discriminator_loss(real, fake, "relativistic").item() == pytest.approx(-math.log(3 / 4))
    assert generator_loss(real, fake, "relativistic").item() == pytest.approx(-math.log(1 / 4))
    shifted = discriminator_loss(real + 7, fake + 7, "relativistic")
    assert shifted.item() == pytest.approx(-math.log(3 / 4), abs=1e-6), "only differences count"


def test_maximum_likelihood_game_by_hand() -> None:
    """With logits log 2 and log 4, E exp(l) = 3; each sample counts by its ratio p_data / p_G."""
    fake = torch.tensor([2.0, 4.0]).log().requires_grad_()
    loss = generator_loss(torch.zeros(2), fake, "maximum-likelihood")
    assert loss.item() == pytest.approx(-3)
    loss.backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([-1, -2])


def test_maximum_likelihood_game_has_the_gradient_of_the_likelihood() -> None:
    """Where D is the best one, on three outcomes that G draws with probability q = softmax(a): dE exp(l) / da is
    d E_p log q / da, the gradient of KL(p || q) but for its sign."""
    p, a = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.4, -0.2, 0.1], requires_grad=True)
    q = a.softmax(0)
    (wanted,) = torch.autograd.grad((p * q.log()).sum(), a, retain_graph=True)
    best = (p / q).log().detach()
    (found,) = torch.autograd.grad((q * best.exp()).sum(), a)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("game", ["minimax", "non-saturating", "maximum-likelihood"])
def test_smoothing_touches_the_labels_of_data_only(game: Any) -> None:
    """Section 3.4 of Salimans 2016: D aims at 1 - s on data, and at 0 on samples as ever."""
    real, fake = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    for s in (0.0, 0.1, 0.5):
        on_data = F.binary_cross_entropy_with_logits(real, torch.full((32,), 1 - s))
        on_samples = F.binary_cross_entropy_with_logits(fake, torch.zeros(32))
        torch.testing.assert_close(discriminator_loss(real, fake, game, s), on_data + on_samples)


def test_two_sided_smoothing_touches_both() -> None:
    real, fake = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    both = F.binary_cross_entropy_with_logits(real, torch.full((32,), 0.8))
    both = both + F.binary_cross_entropy_with_logits(fake, torch.full((32,), 0.2))
    torch.testing.assert_close(discriminator_loss(real, fake, "minimax", 0.2, fake_target=0.2), both)


def test_smoothed_discriminator_is_best_at_its_target() -> None:
    """On data alone the loss is least where D = 1 - s."""
    logits = torch.linspace(-6, 6, 1201)
    losses = torch.stack([discriminator_loss(logit[None], torch.tensor([-1e4]), "minimax", 0.1) for logit in logits])
    assert torch.sigmoid(logits[losses.argmin()]).item() == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(("game", "expected"), [("minimax", 0.0), ("non-saturating", -1.0)])
def test_gradient_where_the_discriminator_is_sure(game: Any, expected: float) -> None:
    """Section 3: the minimax gradient is gone just there, the other one is strongest."""
    logit = torch.tensor([-20.0], requires_grad=True)
    generator_loss(torch.zeros(1), logit, game).backward()
    assert logit.grad is not None
    assert logit.grad.item() == pytest.approx(expected, abs=1e-6)


def test_objectives_are_finite_for_any_logit() -> None:
    far = torch.tensor([-1e4, 1e4])
    for game in ("minimax", "non-saturating", "relativistic"):
        assert discriminator_loss(far, far.flip(0), game).isfinite()
        assert generator_loss(far, far.flip(0), game).isfinite()


# --- Penalty and steps of D ------------------------------------------------------------------------------------------


def test_squared_slope_of_a_linear_discriminator() -> None:
    """l(x) = w x has slope w everywhere."""
    x, w = torch.rand(5, 3, 8, 8, requires_grad=True), torch.randn(3, 8, 8)
    torch.testing.assert_close(squared_slope((x * w).flatten(1).sum(1), x), w.square().sum())


@pytest.mark.parametrize("game", ["non-saturating", "relativistic"])
def test_penalty_of_a_linear_discriminator_is_its_closed_form(game: Any) -> None:
    """R1 + R2 = gamma / 2 (|w|^2 + |w|^2), whose gradient is 2 gamma w: all that gamma adds to D's."""

    def gradient(gamma: float) -> tuple[Tensor, Tensor]:
        model = gan(space=Points(), batch_norm=False, dropout=0.0, game=game)
        model.discriminator = Stack(nn.Linear(2, 1, bias=False))
        w = model.discriminator[0].weight
        with torch.no_grad():
            w.copy_(torch.tensor([[0.6, -1.1]]))
        how = Training(gamma=gamma, discriminator_rate=1e-30)
        model.train_step(
            batch(torch.randn(8, 2, generator=torch.Generator().manual_seed(1))), model.optimizers(how), how
        )
        assert w.grad is not None
        return w.grad.clone(), w.detach()

    (with_it, w), (without, _) = gradient(3.0), gradient(0.0)
    torch.testing.assert_close(with_it - without, 2 * 3.0 * w)


def test_each_step_of_the_discriminator_sees_fresh_data() -> None:
    rows = torch.Generator().manual_seed(0)
    asked: list[Tensor] = []

    def another() -> Batch:
        asked.append(torch.rand(8, 1, 8, 8, generator=rows))
        return batch(asked[-1], another=another)

    model = gan()
    seen: list[Tensor] = []
    model.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    first = another()
    how = Training(discriminator_steps=3)
    model.train_step(first, model.optimizers(how), how)
    assert len(asked) == 3
    shown = [x for x in seen if any(torch.equal(x, (2 * a - 1).flatten(1)) for a in asked)]
    assert len(seen) == 3 * 2 + 1, "three times data and samples, and G's own look"
    assert len(torch.unique(torch.stack(shown), dim=0)) == 3


def test_the_generator_moves_once_however_often_the_discriminator_does() -> None:
    model = gan()
    how = Training(discriminator_steps=4)
    optimizers = model.optimizers(how)
    x = torch.rand(8, 1, 8, 8)
    model.train_step(batch(x, another=lambda: batch(x)), optimizers, how)
    moves = {name: {int(s["step"]) for s in o.state_dict()["state"].values()} for name, o in optimizers.items()}
    assert moves == {"generator": {1}, "discriminator": {4}}


# --- Play ------------------------------------------------------------------------------------------------------------


def test_truncation_bounds_the_noise() -> None:
    for law, most in (("gaussian", 0.5), ("uniform", 0.25)):
        model = gan(law=law)
        assert model.prior(range(200), Controls(truncation=0.5)).abs().max() <= most
        assert model.prior(range(200), Controls(truncation=3.0)).abs().max() > (1.5 if law == "gaussian" else 0.9)


def test_only_a_game_with_probabilities_speaks_of_them() -> None:
    x = torch.rand(4, 1, 8, 8)
    assert gan().eval().criticise(x).meaning == "probability"
    relative = gan(game="relativistic").eval()
    assert relative.criticise(x).meaning == "critic value"
    assert relative.discriminator[-1].bias is None, "a bias has no part in differences"


@pytest.mark.parametrize("game", ["minimax", "non-saturating", "maximum-likelihood", "relativistic"])
def test_learns_a_picture(game: str) -> None:
    model = gan(game=game)
    picture = torch.zeros(1, 8, 8)
    picture[:, :, 4:] = 1  # the right half is white
    how = Training(generator_rate=5e-3, discriminator_rate=5e-3)

    def error() -> float:
        model.eval()
        with torch.no_grad():
            return (model.sample(range(32)) - picture).abs().mean().item()

    before, optimizers = error(), model.optimizers(how)
    model.train()
    for step in range(150):
        values = model.train_step(batch(picture.expand(16, -1, -1, -1), step), optimizers, how)
    assert values.keys() == {"loss D", "loss G", "D(real)", "D(fake)"}
    assert before > 0.4
    assert error() < 0.1


def test_learns_where_points_are() -> None:
    """The same file, in the plane: samples come to lie where the data does."""
    model = gan(space=Points(), batch_norm=False, dropout=0.0, game="relativistic")
    how = Training(generator_rate=3e-3, discriminator_rate=3e-3, gamma=0.1)
    optimizers = model.optimizers(how)
    for step in range(400):
        x = torch.tensor([1.0, -0.5]) + 0.1 * torch.randn(32, 2, generator=torch.Generator().manual_seed(step))
        model.train_step(batch(x, step), optimizers, how)
    with torch.no_grad():
        made = model.eval().sample(range(200))
    assert (made.mean(0) - torch.tensor([1.0, -0.5])).norm() < 0.3


def test_hidden_layers_follow_the_space() -> None:
    assert Config(space=Pictures(side=8), width=32).space.size == 64
    assert [m.out_features for m in gan(width=32).generator if isinstance(m, nn.Linear)] == [16, 32, 64]
    flat = gan(space=Points(), width=32)
    assert [m.out_features for m in flat.generator if isinstance(m, nn.Linear)] == [32, 32, 2]
