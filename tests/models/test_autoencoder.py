"""The autoencoder against closed forms: its losses, and what a linear code must lose and a curved one need not."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib.contract import Batch, HasPrior, Samples, Scores
from genlib.models.autoencoder import Autoencoder, Config, Training, cross_entropy, squared_error
from genlib.spaces import Pictures, Points


def test_losses_are_their_equations() -> None:
    rng = torch.Generator().manual_seed(0)
    h, x = torch.randn(5, 1, 4, 4, generator=rng), torch.rand(5, 1, 4, 4, generator=rng)
    g = h.sigmoid()
    torch.testing.assert_close(cross_entropy(h, x), -(x * g.log() + (1 - x) * (1 - g).log()).sum((1, 2, 3)))
    torch.testing.assert_close(squared_error(g, x), (x - g).pow(2).sum((1, 2, 3)))
    assert cross_entropy(torch.tensor([[1e4, -1e4]]), torch.tensor([[1.0, 0.0]])).item() == 0, "far logits overflow"


def test_cross_entropy_is_least_at_the_picture_where_its_entropy_is_left() -> None:
    x = torch.tensor([[0.5, 0.2]])
    h = x.logit().requires_grad_()
    loss = cross_entropy(h, x)
    loss.sum().backward()
    assert h.grad is not None
    torch.testing.assert_close(h.grad, torch.zeros(1, 2))
    assert loss.item() == pytest.approx(math.log(2) - 0.2 * math.log(0.2) - 0.8 * math.log(0.8))


def arc(count: int) -> Tensor:
    """Points on half a circle: one number says where, and no straight line passes through them."""
    angle = math.pi * torch.linspace(0, 1, count)
    return torch.stack([angle.cos(), angle.sin()], 1)


def linear_autoencoder(x: Tensor) -> Autoencoder:
    """One whose code is the first principal component of points x (N, 2), set by hand."""
    model = Autoencoder(Config(space=Points(), latent=1, width=8))
    mean = x.mean(0)
    direction = torch.linalg.eigh((x - mean).T @ (x - mean)).eigenvectors[:, -1]
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        # One unit carries the number through the rectifiers on a pedestal that the last bias takes away again.
        for net, first, last in ((model.encoder, 1, 5), (model.decoder, 0, 4)):
            layers = [net[first], net[first + 2], net[last]]
            layers[1].weight[0, 0] = 1
            layers[0].bias[0] = 50
            if net is model.encoder:
                layers[0].weight[0] = direction
                layers[2].weight[0, 0] = 1
                layers[2].bias[0] = -50 - direction @ mean
            else:
                layers[0].weight[0, 0] = 1
                layers[2].weight[:, 0] = direction
                layers[2].bias[:] = mean - 50 * direction
    return model


def discarded_variance(x: Tensor) -> float:
    """The least mean squared error of any linear code of one number: the smaller eigenvalue of the covariance."""
    return torch.linalg.eigvalsh(torch.cov(x.T, correction=0))[0].item()


@torch.no_grad()
def test_a_linear_code_loses_the_discarded_variance() -> None:
    x = arc(200)
    model = linear_autoencoder(x)
    assert model.loss(x, "squared").mean().item() == pytest.approx(discarded_variance(x), rel=1e-3)
    z = model.encode(x)
    torch.testing.assert_close(model.encode(model.decode(z)), z, atol=1e-4, rtol=0, msg="projecting twice moves it")


def test_a_curved_code_loses_less_than_any_linear_one() -> None:
    torch.manual_seed(0)
    x = arc(64)
    model = Autoencoder(Config(space=Points(), latent=1, width=32))
    training = Training(learning_rate=1e-2)
    optimizers = model.optimizers(training)
    for step in range(200):
        values = model.train_step(Batch(x, torch.Generator(), step, 200), optimizers, training)
    assert values["loss"] < 0.2 * discarded_variance(x)


@pytest.mark.parametrize("pixel_loss", ["cross-entropy", "squared"])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_learns_a_picture_by_either_loss(network: str, pixel_loss: str) -> None:
    torch.manual_seed(0)
    config = {"space": Pictures(channels=3, side=8), "latent": 2, "network": network, "width": 8}
    model = Autoencoder(Config.model_validate(config))
    training = Training.model_validate({"learning_rate": 1e-2, "pixel_loss": pixel_loss})
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).repeat(4, 1, 1, 1)
    optimizers = model.optimizers(training)
    for step in range(200):
        model.train_step(Batch(x, torch.Generator(), step, 200), optimizers, training)
    assert (model.decode(model.encode(x)) - x).abs().mean() < 0.06


@torch.no_grad()
def test_points_cost_the_squared_distance_whatever_pixels_do() -> None:
    model = Autoencoder(Config(space=Points(), latent=1, width=8))
    x = 3 * arc(10)
    expected = (model.decode(model.encode(x)) - x).square().sum(1)
    for pixel_loss in ("cross-entropy", "squared"):
        torch.testing.assert_close(model.loss(x, pixel_loss), expected)


def test_it_does_not_pretend_to_be_a_generative_model() -> None:
    assert not issubclass(Autoencoder, HasPrior | Samples | Scores)
    assert Autoencoder.latent(Config(latent=7)).law == "none"
    assert Autoencoder.latent(Config(latent=7)).dims == 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": {"kind": "points"}}, "pictures only"),
        ({"space": {"kind": "pictures", "side": 50}}, "not 50"),
        ({"width": 512}, "at most 256"),
    ],
)
def test_convolutions_take_pictures_that_can_be_halved(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Config.model_validate({"network": "conv", "width": 16, **changes})
