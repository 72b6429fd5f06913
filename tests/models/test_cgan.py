"""The game of each class: that both players are told it, and that a class asked for is the class that comes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from genlib import data, experiment, training
from genlib.contract import Batch
from genlib.errors import GenlibError
from genlib.models.cgan import ConditionalGAN, Config, Training
from genlib.spaces import Pictures

CLASSES = ("dark", "light", "striped")
either = pytest.mark.parametrize("network", ["mlp", "conv"])


def cgan(network: Any) -> ConditionalGAN:
    width = 32 if network == "mlp" else 8
    config = Config(space=Pictures(side=8), classes=CLASSES, latent=4, network=network, width=width)
    model = training.fresh(ConditionalGAN, config, seed=0)
    assert isinstance(model, ConditionalGAN)
    return model


def pictures(y: Tensor, rng: torch.Generator) -> Tensor:
    """Of each class, with a little noise."""
    stripes = (torch.arange(8) % 2).float().expand(8, 8)
    plain = torch.stack([torch.full((8, 8), 0.1), torch.full((8, 8), 0.9), stripes])
    return (plain[y] + 0.05 * torch.randn((len(y), 8, 8), generator=rng)).clamp(0, 1)[:, None]


def batch(step: int) -> Batch:
    rng = torch.Generator().manual_seed(step)
    y = torch.randint(3, (64,), generator=rng)
    return Batch(pictures(y, rng), rng, step, 1000, labels={"label": y})


@either
def test_a_seed_keeps_its_noise_whatever_the_class(network: str) -> None:
    model = cgan(network).eval()
    any_class = model.sample(range(40))
    of_each = torch.stack([model.sample(range(40), model.Controls(label=name)) for name in CLASSES])
    for number, made in enumerate(of_each):
        torch.testing.assert_close(model.sample_classes(range(40), torch.full((40,), number)), made)
    # The class that a seed draws is one of the three, and in 40 draws all of them come.
    near = (of_each - any_class).abs().flatten(2).amax(2)  # (3, 40)
    assert near.min(0).values.max() < 1e-5
    assert set(near.argmin(0).tolist()) == {0, 1, 2}


@pytest.mark.parametrize("by", ["reference", "virtual"])
def test_beside_a_reference_batch_no_picture_depends_on_its_company(by: Any) -> None:
    config = Config(space=Pictures(side=8), classes=CLASSES, latent=4, network="conv", width=8, normalisation=by)
    model = training.fresh(ConditionalGAN, config, seed=0)
    assert isinstance(model, ConditionalGAN)
    assert not any("reference" in name for name in model.state_dict())
    for trained in (model, cgan("conv")):
        z, y = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
        alone, together = trained.made(z[:2], y[:2]), trained.made(z, y)[:2]
        assert torch.allclose(alone, together, atol=1e-5) == (trained is model)
    optimizers, before = model.optimizers(Training()), [p.clone() for p in model.generator.parameters()]
    model.train_step(batch(0), optimizers, Training())
    assert all((p != was).any() for p, was in zip(model.generator.parameters(), before, strict=True))
    with pytest.raises(ValueError, match="for the convolutional network"):
        Config(space=Pictures(side=8), classes=CLASSES, normalisation=by)


@either
def test_both_players_read_the_class(network: str) -> None:
    model = cgan(network).eval()
    x, z = torch.rand(6, 1, 8, 8), torch.randn(6, 4)
    one, other = torch.zeros(6, dtype=torch.long), torch.ones(6, dtype=torch.long)
    assert (model.logits(x, one) - model.logits(x, other)).abs().min() > 1e-6
    assert (model.made(z, one) - model.made(z, other)).flatten(1).abs().amax(1).min() > 1e-6


@either
def test_what_is_asked_for_comes(network: str) -> None:
    model, how = cgan(network), Training(generator_rate=2e-3, discriminator_rate=2e-3)
    optimizers = model.optimizers(how)
    for step in range(300):
        model.train_step(batch(step), optimizers, how)
    model.eval()
    plain = pictures(torch.arange(3), torch.Generator())  # one of each
    for number in range(3):
        made = model.sample_classes(range(30), torch.full((30,), number))
        nearest = (made - plain[:, None]).square().flatten(2).sum(2).argmin(0)
        assert (nearest == number).float().mean() > 0.9


def test_a_part_of_a_set_of_points_comes_when_it_is_asked_for() -> None:
    points = data.load_points("two-gaussians")
    task = experiment.plan("cgan-two-gaussians", recipe={"steps": 400, "batch_size": 128})
    model = experiment.run(task, lambda _: None, device=torch.device("cpu")).model
    assert isinstance(model, ConditionalGAN)
    assert model.config.classes == points.info.labels["part"] == ("left", "right")
    made = torch.cat([model.sample(range(100), model.Controls(label=name)) for name in model.config.classes])
    asked = torch.arange(2).repeat_interleave(100)
    assert ((made[:, 0] > 0).long() == asked).float().mean() > 0.95


def test_the_classes_follow_from_the_data_and_are_chosen_by_name() -> None:
    config = ConditionalGAN.config_for(data.info("fashion"))
    assert config.classes[0] == "T-shirt"
    controls = ConditionalGAN.controls_for(config)
    assert controls(label="bag").model_dump()["label"] == "bag"
    assert controls is ConditionalGAN.controls_for(config)  # one schema, or forms would be drawn anew
    with pytest.raises(ValueError, match="label"):
        controls(label="hat")
    hair = ConditionalGAN.config_for(data.info("faces"), attribute="hair_colour")
    assert "blond" in hair.classes
    with pytest.raises(GenlibError, match=r"Spiral has no labels: choose data that are labelled\.$"):
        ConditionalGAN.config_for(data.info("spiral"))
    with pytest.raises(GenlibError, match=r"has no hat: choose one of .*hair_colour"):
        ConditionalGAN.config_for(data.info("faces"), attribute="hat")


def test_the_convolutional_players_say_what_they_need() -> None:
    config = Config(space=Pictures(side=28), classes=CLASSES, network="conv", width=64)
    for refused in ({"width": 512}, {"batch_norm": False}, {"space": {"side": 30}}):
        with pytest.raises(ValueError, match=r"width|batch norm|side"):
            Config.model_validate(config.model_dump() | refused)
