"""The VAE's parts against closed forms, on pictures and on points."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from genlib import data, training
from genlib.contract import Batch
from genlib.models.vae import VAE, Config, Training, kl_to_standard_normal, log_normal
from genlib.spaces import Pictures, Points


def test_kl_is_the_closed_form() -> None:
    mu, log_var = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mu, log_var), expected)


def test_log_normal_is_the_density() -> None:
    x, mu, log_sigma = torch.randn(4, 6), torch.randn(4, 6), torch.randn(4, 6)
    expected = Normal(mu, log_sigma.exp()).log_prob(x).sum(1)
    torch.testing.assert_close(log_normal(x, mu, log_sigma), expected)


def test_law_of_on_off_pixels_is_the_cross_entropy() -> None:
    model = VAE(Config(space=Pictures(side=8), latent=4, width=32)).eval()
    z, x = torch.randn(5, 4), torch.rand(5, 1, 8, 8).round()
    expected = -F.binary_cross_entropy_with_logits(model.decoder(z), x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def linear_gaussian_vae(space: Pictures | Points) -> tuple[VAE, Tensor, Tensor, float]:
    """A VAE whose likelihood is known: x = W z + b + sigma eps, so p(x) = N(b, W W' + sigma^2 I); with W, b, sigma."""
    model = VAE(Config(space=space, latent=2, width=16, decoder="gaussian"))
    pictures, sigma = isinstance(space, Pictures), 0.3
    # Orthogonal columns: then the exact posterior N(M^-1 W'(x - b) / sigma^2, M^-1) has a diagonal M.
    w = 0.4 * torch.linalg.qr(torch.randn(space.size, 2))[0]
    b = torch.full((space.size,), 0.5 if pictures else 0.0)
    precision = 0.4**2 / sigma**2 + 1
    with torch.no_grad():
        for linear in (*model.decoder[::2], *model.encoder[1::2]):
            linear.weight.zero_()
            linear.bias.zero_()
        # Two units carry z through the rectifiers on a pedestal that the last bias takes away again.
        model.decoder[0].weight[:2] = torch.eye(2)
        model.decoder[0].bias[:2] = 50
        model.decoder[2].weight[:2, :2] = torch.eye(2)
        model.decoder[4].weight[:, :2] = w
        model.decoder[4].bias.copy_(b - 50 * w.sum(1))
        model.log_sigma.fill_(math.log(sigma))
        # The encoder sees 2 x - 1 of pictures, so x - 0.5 is half of what it sees, and points as they are.
        model.encoder[1].weight[:2] = w.T / sigma**2 / precision / (2 if pictures else 1)
        model.encoder[1].bias[:2] = 50
        model.encoder[3].weight[:2, :2] = torch.eye(2)
        model.encoder[5].weight[:2, :2] = torch.eye(2)
        model.encoder[5].bias[:2] = -50
        model.encoder[5].bias[2:] = -math.log(precision)
    return model.eval(), w, b, sigma


@torch.no_grad()
@pytest.mark.parametrize("space", [Pictures(side=4), Points()], ids=["pictures", "points"])
def test_log_prob_of_a_linear_gaussian_model_is_its_exact_likelihood(
    space: Pictures | Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the exact posterior as q every importance weight equals p(x): the bound is tight."""
    torch.manual_seed(0)
    model, w, b, sigma = linear_gaussian_vae(space)
    x = torch.rand(8, *space.shape) if isinstance(space, Pictures) else 2 * torch.randn(8, 2)
    seen: list[Tensor] = []
    observed = model.observed
    monkeypatch.setattr(model, "observed", lambda *a: seen.append(observed(*a)) or seen[-1])
    found = model.log_prob(x)
    law = MultivariateNormal(b, w @ w.T + sigma**2 * torch.eye(space.size))
    expected = law.log_prob(seen[0].flatten(1))
    if isinstance(space, Pictures):  # log P(8-bit picture) >= E log p(x + u) + log(bin volume)
        expected = expected - space.size * math.log(255)
        assert "8-bit" in found.note
    else:  # the density at the point itself
        assert torch.equal(seen[0], x)
        assert "density" in found.note
    assert found.kind == "lower bound"
    torch.testing.assert_close(found.nats, expected, atol=2e-3, rtol=1e-4)


@torch.no_grad()
def test_log_prob_is_tighter_than_the_elbo() -> None:
    torch.manual_seed(0)
    model = VAE(Config(space=Pictures(side=8), latent=4, width=32)).eval()
    pictures = torch.rand(64, 1, 8, 8)
    rng = torch.Generator().manual_seed(0)
    x = model.observed(pictures, torch.rand(pictures.shape, generator=rng))
    mu, log_var = model.posterior(x)
    draws = [
        model.log_likelihood(x, mu + (0.5 * log_var).exp() * torch.randn(mu.shape, generator=rng)) for _ in range(50)
    ]
    elbo = torch.stack(draws).mean(0) - kl_to_standard_normal(mu, log_var)
    assert model.log_prob(pictures).nats.mean() > elbo.mean()


def test_dynamic_binarisation_keeps_the_mean() -> None:
    model = VAE(Config(space=Pictures(side=8), latent=4, width=32))
    x = model.observed(torch.full((4000, 1, 8, 8), 0.3), torch.rand(4000, 1, 8, 8))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert abs(x.mean().item() - 0.3) < 0.005


def test_temperature_zero_is_the_centre_of_the_prior() -> None:
    for config in VAE.tiny():
        model = VAE(config).eval()
        cold = model.sample([1, 2, 3], model.Controls(temperature=0.0))
        torch.testing.assert_close(cold[0], cold[2])


def test_beta_weighs_the_divergence() -> None:
    """The gradient is linear in beta: what 3 gives beyond 1 is twice what 1 gives beyond 0."""

    def gradient(beta: float) -> Tensor:
        model = training.fresh(VAE, Config(space=Pictures(side=8), latent=4, width=32), seed=0)
        assert isinstance(model, VAE)
        how = Training(beta=beta, learning_rate=1e-30)
        rng = torch.Generator().manual_seed(0)
        batch = Batch(torch.rand(8, 1, 8, 8, generator=rng), rng, 0, 1)
        model.train_step(batch, model.optimizers(how), how)
        grad = model.encoder[1].weight.grad
        assert isinstance(grad, Tensor)
        return grad

    none, one, three = map(gradient, (0.0, 1.0, 3.0))
    assert (one - none).abs().max() > 1e-4
    torch.testing.assert_close(three - one, 2 * (one - none), atol=1e-5, rtol=1e-3)


# --- Points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{"network": "conv", "decoder": "gaussian"}, {"decoder": "bernoulli"}])
def test_points_have_no_pixels(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="points take the network mlp and the decoder gaussian"):
        Config(space=Points(), **asked)


def test_config_for_points_has_the_law_that_they_take() -> None:
    config = VAE.config_for(data.info("ring8"))
    assert (config.space, config.network, config.decoder) == (Points(dims=2), "mlp", "gaussian")
    assert VAE.config_for(data.info("digits")).decoder == "bernoulli"


def test_points_may_lie_anywhere() -> None:
    model, _, _, _ = linear_gaussian_vae(Points())
    far = model.decode(torch.tensor([[20.0, -20.0]]))
    assert far.abs().max() > 1, "nothing is cut off at 0 and 1"


def test_learns_points() -> None:
    points = data.load_points("two-gaussians")
    model = training.fresh(VAE, Config(space=points.space, latent=2, width=32, decoder="gaussian"), seed=0)
    assert isinstance(model, VAE)
    how, held_out = Training(learning_rate=3e-3), points.sample(500)
    optimizers = model.optimizers(how)
    with torch.no_grad():
        before = model.log_prob(held_out).nats.mean()
    for step in range(400):
        rng = torch.Generator().manual_seed(step)
        model.train_step(Batch(points.draw(64, rng), rng, step, 400), optimizers, how)
    with torch.no_grad():
        after = model.eval().log_prob(held_out).nats.mean()
    truth = points.density.log_density(held_out).mean()
    assert before < after < truth + 0.05, "a lower bound cannot beat the truth"
    assert after > truth - 1.0
