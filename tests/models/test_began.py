"""The balance by hand, and that one backward pass serves both players."""

from __future__ import annotations

import copy

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import noise
from genlib.contract import Batch, Recipe
from genlib.models.began import BEGAN, Config, Training, convergence, next_balance
from genlib.spaces import Pictures
from genlib.training import Run


@pytest.mark.parametrize(
    ("k", "real", "fake", "expected"),
    [
        (0.2, 1.0, 0.3, 0.22),  # G is ahead of gamma L(x) = 0.5: k rises by 0.1 * 0.2
        (0.2, 1.0, 0.9, 0.16),
        (0.2, 1.0, 0.5, 0.2),  # in balance
        (0.0, 1.0, 0.9, 0.0),
        (0.99, 1.0, 0.0, 1.0),
    ],
)
def test_balance_moves_as_by_hand_and_stays_in_0_1(k: float, real: float, fake: float, expected: float) -> None:
    found = next_balance(torch.tensor(k), torch.tensor(real), torch.tensor(fake), gamma=0.5, rate=0.1)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_convergence_is_the_loss_on_data_in_balance_and_more_outside() -> None:
    real = torch.tensor(0.4)
    assert convergence(real, 0.5 * real, 0.5) == real
    assert convergence(real, torch.tensor(0.3), 0.5).item() == pytest.approx(0.5)
    assert convergence(real, torch.tensor(0.1), 0.5).item() == pytest.approx(0.5)


def a_model(k: float = 0.3) -> BEGAN:
    torch.manual_seed(0)
    model = BEGAN(BEGAN.tiny()[0])
    model.balance.fill_(k)
    return model


def a_batch(step: int = 0, count: int = 6) -> Batch:
    rng = torch.Generator().manual_seed(step)
    return Batch(torch.rand(count, 3, 16, 16, generator=rng), rng, step, 10)


def test_error_is_the_mean_distance_per_pixel() -> None:
    model = a_model()
    x = a_batch().x
    v = 2 * x - 1
    expected = (v - model.decoder(model.encoder(v))).abs().mean((1, 2, 3))
    torch.testing.assert_close(model.error(v), expected)
    assert model.criticise(x).meaning == "energy"
    torch.testing.assert_close(model.criticise(x).score, expected)


def test_gradients_are_those_of_two_backward_passes() -> None:
    """L_D = L(x) - k L(G(z)) with G held, and L_G = L(G(z)) with D held."""
    model = a_model()
    plain = copy.deepcopy(model)
    still = {
        name: torch.optim.SGD(o.param_groups[0]["params"], 0.0) for name, o in model.optimizers(Training()).items()
    }
    values = model.train_step(a_batch(), still, Training())

    batch = a_batch()
    x, z = 2 * batch.x - 1, noise.draw(BEGAN.latent(plain.config), 6, batch.rng)
    loss_d = plain.error(x).mean() - 0.3 * plain.error(plain.generator(z).detach()).mean()
    of_d = torch.autograd.grad(loss_d, [*plain.encoder.parameters(), *plain.decoder.parameters()])
    of_g = torch.autograd.grad(plain.error(plain.generator(z)).mean(), list(plain.generator.parameters()))

    def gradients(module: torch.nn.Module) -> list[Tensor]:
        return [p.grad for p in module.parameters() if p.grad is not None]

    found_d = [*gradients(model.encoder), *gradients(model.decoder)]
    torch.testing.assert_close(found_d, list(of_d), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(gradients(model.generator), list(of_g), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(values["L(x)"] - 0.3 * values["L(G(z))"], loss_d.detach())


def test_a_step_moves_the_balance() -> None:
    model = a_model()
    training = Training(gamma=0.7, balance_rate=0.5)
    values = model.train_step(a_batch(), model.optimizers(training), training)
    expected = 0.3 + 0.5 * (0.7 * values["L(x)"] - values["L(G(z))"])
    torch.testing.assert_close(values["k"], expected)
    torch.testing.assert_close(model.balance, expected)
    assert not model.balance.requires_grad
    before = values["k"].item()
    model.train_step(a_batch(1), model.optimizers(training), training)
    assert values["k"].item() == before, "what a step returned changes with the next one"


class Noisy:
    """A source without end."""

    name, labels, paired, size = "noise", {}, False, None  # type: ignore[var-annotated]
    space = Pictures(channels=3, side=16)

    def draw_rows(self, count: int, rng: torch.Generator) -> Batch:
        return Batch(torch.rand(count, 3, 16, 16, generator=rng), rng, 0, 1)


def test_the_balance_is_not_averaged() -> None:
    """It steers: its last value counts, and the average of its past would be another game."""
    recipe = Recipe(data="noise", steps=5, batch_size=4, ema=0.99, training={"balance_rate": 1.0, "gamma": 1.0})
    run = Run(a_model(), Noisy(), recipe, torch.device("cpu"))  # type: ignore[arg-type]
    for _ in run:
        pass
    taken = run.snapshot()
    assert isinstance(taken, BEGAN)
    assert isinstance(run.model, BEGAN)
    assert taken.balance != 0.3
    assert torch.equal(taken.balance, run.model.balance)
    assert not torch.equal(taken.generator.first.weight, run.model.generator.first.weight)


def test_the_side_must_halve_as_often_as_asked() -> None:
    with pytest.raises(ValidationError, match="choose a smaller depth"):
        Config(space=Pictures(side=28), depth=3)
    assert Config(space=Pictures(side=28), depth=2).depth == 2
