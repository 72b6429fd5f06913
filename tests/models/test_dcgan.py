"""The DCGAN follows the paper's list of rules (section 3), at every size."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genlib import checkpoint, training
from genlib.checkpoint import Checkpoint, Spec
from genlib.contract import Batch, Recipe
from genlib.models.dcgan import DCGAN, LAZY, REFERENCE, Config, Training
from genlib.models.gan import squared_slope
from genlib.nets import ReferenceNorm, frozen
from genlib.noise import Noise
from genlib.spaces import Pictures


def tiny() -> DCGAN:
    model = training.fresh(DCGAN, DCGAN.tiny()[0], seed=0)
    assert isinstance(model, DCGAN)
    return model


def batch(step: int = 0, another: Any = None) -> Batch:
    rng = torch.Generator().manual_seed(step)
    return Batch(torch.rand(16, 3, 16, 16, generator=rng).round(), rng, step, 100, another=another)


def kinds(net: nn.Module) -> list[type]:
    return [type(m) for m in net.children()]


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3), (64, 3), (128, 1)])
def test_shapes_at_every_size(side: int, channels: Any) -> None:
    space = Pictures(channels=channels, side=side)
    model = DCGAN(Config(space=space, generator_width=4, discriminator_width=4)).eval()
    x = model.sample(range(3))
    assert x.shape == (3, channels, side, side)
    assert model.logits(x).shape == (3,)


def test_architecture_is_the_papers() -> None:
    model = DCGAN(Config(space=Pictures(channels=3, side=64)))
    both = kinds(model.generator) + kinds(model.discriminator)
    assert not {nn.MaxPool2d, nn.AvgPool2d, nn.Linear} & set(both)
    assert kinds(model.generator)[-2:] == [nn.ConvTranspose2d, nn.Tanh]  # no batch norm at G's output
    assert kinds(model.discriminator)[:2] == [nn.Conv2d, nn.LeakyReLU]  # nor at D's input
    assert kinds(model.generator).count(nn.BatchNorm2d) == 4
    assert kinds(model.discriminator).count(nn.BatchNorm2d) == 3
    assert all(m.stride == (2, 2) for m in list(model.discriminator.children())[:-1] if isinstance(m, nn.Conv2d))
    weights = torch.cat([m.weight.flatten() for m in model.generator if isinstance(m, nn.ConvTranspose2d)])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    gains = torch.cat([m.weight for m in model.generator if isinstance(m, nn.BatchNorm2d)])
    assert gains.mean().item() == pytest.approx(1, abs=0.01)
    assert gains.std().item() == pytest.approx(0.02, rel=0.2)


@pytest.mark.parametrize("side", [9, 50, 100])
def test_sizes_that_do_not_halve_are_refused(side: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Config(space=Pictures(side=side))


def test_points_are_refused() -> None:
    with pytest.raises(ValueError, match="space"):
        Config.model_validate({"space": {"kind": "points"}})


def test_the_generators_step_leaves_the_discriminators_gradients_alone() -> None:
    model = tiny()
    with frozen(model.discriminator):
        model.logits(model.sample([1, 2])).sum().backward()
    assert all(p.grad is None and p.requires_grad for p in model.discriminator.parameters())
    assert all(p.grad is not None for p in model.generator.parameters())


def test_the_penalty_of_a_linear_discriminator_is_its_closed_form_on_one_step_in_a_few() -> None:
    """l = w (2 x - 1) has slope 2 w at every x: R1 = gamma / 2 * 4 |w|^2, with gradient 4 gamma w. It is laid on every
    LAZY-th step with LAZY times the weight, and on no other."""

    def gradient(gamma: float, step: int) -> tuple[Tensor, Tensor]:
        model = tiny()
        torch.manual_seed(0)
        linear = nn.Linear(3 * 16 * 16, 1, bias=False)
        model.discriminator = nn.Sequential(nn.Flatten(), linear)
        how = Training(gamma=gamma, discriminator_rate=1e-30)
        model.train_step(batch(step), model.optimizers(how), how)
        assert linear.weight.grad is not None
        return linear.weight.grad, linear.weight.detach()

    for step in range(2 * LAZY):
        (penalised, w), (plain, _) = gradient(0.5, step), gradient(0.0, step)
        wanted = LAZY * 4 * 0.5 * w if step % LAZY == 0 else torch.zeros_like(w)
        torch.testing.assert_close(penalised - plain, wanted, atol=1e-5, rtol=1e-4)


def test_the_penalty_flattens_the_discriminator() -> None:
    def slope_after(gamma: float) -> float:
        model, how = tiny().train(), Training(gamma=gamma, generator_rate=2e-3, discriminator_rate=2e-3)
        optimizers = model.optimizers(how)
        for step in range(60):
            model.train_step(batch(step), optimizers, how)
        x = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(99)).round().requires_grad_()
        return squared_slope(model.logits(x), x).item()

    assert slope_after(10.0) < 0.5 * slope_after(0.0)


def test_smoothing_is_on_data_only() -> None:
    """Where D says the same logit b of everything, its loss is known."""
    model, s, b = tiny(), 0.2, 1.5
    last = model.discriminator[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, b)
    how = Training(smoothing=s)
    found = model.train_step(batch(), model.optimizers(how), how)["loss D"].item()
    d = 1 / (1 + math.exp(-b))
    on_data, on_samples = -(1 - s) * math.log(d) - s * math.log(1 - d), -math.log(1 - d)
    assert found == pytest.approx(on_data + on_samples, rel=1e-5)


def test_each_step_of_the_discriminator_sees_fresh_data() -> None:
    asked: list[Batch] = []

    def another() -> Batch:
        asked.append(batch(len(asked), another))
        return asked[-1]

    model, how = tiny(), Training(discriminator_steps=3)
    seen: list[Tensor] = []
    model.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    optimizers = model.optimizers(how)
    model.train_step(another(), optimizers, how)
    assert len(asked) == 3
    assert len(seen) == 3 * 2 + 1, "three times data and samples, and G's own look"
    for one in asked:
        assert sum(torch.equal(x, 2 * one.x - 1) for x in seen) == 1
    moves = {name: {int(s["step"]) for s in o.state_dict()["state"].values()} for name, o in optimizers.items()}
    assert moves == {"generator": {1}, "discriminator": {3}}


# --- What G normalises by ---

OTHERS = ["reference", "virtual"]


def normalised(by: str) -> DCGAN:
    config = DCGAN.tiny()[0].model_copy(update={"normalisation": by})
    model = training.fresh(DCGAN, config, seed=0)
    assert isinstance(model, DCGAN)
    return model


def test_under_batch_norm_a_picture_depends_on_those_that_are_made_with_it() -> None:
    model, z = normalised("batch").train(), torch.randn(6, 4)
    assert not torch.allclose(model.decode(z)[:2], model.decode(z[:2]), atol=1e-3)


@pytest.mark.parametrize("by", OTHERS)
def test_beside_a_reference_batch_it_does_not(by: str) -> None:
    model, z = normalised(by).train(), torch.randn(6, 4)
    whole = model.decode(z)
    assert torch.allclose(whole[:2], model.decode(z[:2]), atol=1e-5)
    assert torch.allclose(whole[3:4], model.decode(z[3:4]), atol=1e-5)
    assert torch.allclose(whole, model.eval().decode(z), atol=1e-5)  # nor on whether it is being trained


@pytest.mark.parametrize("own", [False, True])
def test_the_mean_and_the_spread_are_those_of_the_reference_batch(own: bool) -> None:
    """Of a virtual batch: of the reference batch and the one picture, as if they were a batch."""
    norm, x = ReferenceNorm(3, reference=5, own=own), torch.randn(7, 3, 4, 4) * 2 + 1
    norm.weight.data, norm.bias.data = torch.tensor([1.0, 2, 3]), torch.tensor([0.5, 0, -1])
    made, reference = norm(x), x[:5]
    plain = nn.BatchNorm2d(3)
    plain.weight, plain.bias = norm.weight, norm.bias
    assert torch.allclose(made[:5], plain(reference), atol=1e-5)
    for i in (5, 6):
        batch = torch.cat([reference, x[i : i + 1]]) if own else reference
        mean, spread = batch.mean((0, 2, 3)), batch.var((0, 2, 3), unbiased=False).sqrt()
        right = (x[i] - mean[:, None, None]) / spread[:, None, None]
        right = right * norm.weight[:, None, None] + norm.bias[:, None, None]
        assert torch.allclose(made[i], right, atol=1e-4)


@pytest.mark.parametrize("by", OTHERS)
def test_it_learns_and_comes_back_from_a_checkpoint(by: str, tmp_path: Path) -> None:
    model = normalised(by).train()
    before = [p.clone() for p in model.generator.parameters()]
    model.train_step(batch(), model.optimizers(Training()), Training())
    assert all(not torch.equal(a, b) for a, b in zip(before, model.generator.parameters(), strict=True))
    assert not any("reference" in name for name in model.state_dict())
    spec = Spec(model="dcgan", config=model.config.model_dump(), recipe=Recipe(data="emoji"))
    checkpoint.save(model, tmp_path / "mine", spec)
    again = Checkpoint.read(tmp_path / "mine").load("cpu")
    assert torch.allclose(again.sample(range(3)), model.eval().sample(range(3)), atol=1e-5)


def test_what_a_checkpoint_was_trained_with_stays_as_it_was() -> None:
    assert Config().normalisation == "batch"
    assert {type(m) for m in tiny().generator} >= {nn.BatchNorm2d}


def test_no_seed_of_a_visitor_gives_a_picture_of_the_reference_batch() -> None:
    model = normalised("reference")
    asked = Noise(range(REFERENCE)).latent(model.latent(model.config))
    assert torch.cdist(asked, model.reference).min() > 0
