"""The DCGAN follows the paper's list of rules (section 3), at every size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genlib.contract import Batch, Recipe
from genlib.models.dcgan import DCGAN, Config, squared_slope


def kinds(net: nn.Module) -> list[type]:
    return [type(m) for m in net.children()]


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 3), (128, 1)])
def test_shapes_at_every_size(size: int, channels: int) -> None:
    model = DCGAN(Config(channels=channels, image_size=size, generator_width=4, discriminator_width=4)).eval()
    images = model.sample(range(3))
    assert images.shape == (3, channels, size, size)
    assert model.logits(images).shape == (3,)


def test_architecture_is_the_papers() -> None:
    model = DCGAN(Config(channels=3, image_size=64))
    both = kinds(model.generator) + kinds(model.discriminator)
    assert not {nn.MaxPool2d, nn.AvgPool2d, nn.Linear} & set(both)
    assert kinds(model.generator)[-2:] == [nn.ConvTranspose2d, nn.Tanh]  # no batch norm at G's output
    assert kinds(model.discriminator)[:2] == [nn.Conv2d, nn.LeakyReLU]  # nor at D's input
    assert kinds(model.generator).count(nn.BatchNorm2d) == 4
    assert kinds(model.discriminator).count(nn.BatchNorm2d) == 3
    assert all(m.stride == (2, 2) for m in list(model.discriminator.children())[:-1] if isinstance(m, nn.Conv2d))
    weights = torch.cat([m.weight.flatten() for m in model.generator if isinstance(m, nn.ConvTranspose2d)])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("size", [9, 50, 100])
def test_sizes_that_do_not_halve_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Config(image_size=size)


def test_the_generators_step_leaves_the_discriminators_gradients_alone() -> None:
    from genlib.layers import frozen

    model = DCGAN(DCGAN.tiny())
    with frozen(model.discriminator):
        model.logits(model.sample([1, 2])).sum().backward()
    assert all(p.grad is None and p.requires_grad for p in model.discriminator.parameters())
    assert all(p.grad is not None for p in model.generator.parameters())


def test_the_penalty_is_the_squared_slope() -> None:
    """D(x) = w x has slope w everywhere."""
    images = torch.rand(5, 3, 8, 8, requires_grad=True)
    w = torch.randn(3, 8, 8)
    slope = squared_slope((images * w).flatten(1).sum(1), images)
    torch.testing.assert_close(slope, w.square().sum())


def test_the_penalty_flattens_the_discriminator() -> None:
    def slope_after(r1: float) -> float:
        torch.manual_seed(0)
        model = DCGAN(DCGAN.tiny().model_copy(update={"r1": r1})).train()
        optimizers = model.optimizers(Recipe(data="faces", learning_rate=2e-3))
        for step in range(60):
            rng = torch.Generator().manual_seed(step)
            model.train_step(Batch(torch.rand(16, 3, 16, 16, generator=rng).round(), rng), optimizers)
        images = torch.rand(64, 3, 16, 16).round().requires_grad_()
        return squared_slope(model.logits(images), images).item()

    assert slope_after(10.0) < 0.5 * slope_after(0.0)
