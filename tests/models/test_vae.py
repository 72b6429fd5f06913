"""The VAE's parts against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from genlib.models.vae import VAE, Config, kl_to_standard_normal, log_normal


def test_kl_is_the_closed_form() -> None:
    mu, log_var = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mu, log_var), expected)


def test_log_normal_is_the_density() -> None:
    x, mu, log_sigma = torch.randn(4, 6), torch.randn(4, 6), torch.randn(4, 6)
    expected = Normal(mu, log_sigma.exp()).log_prob(x).sum(1)
    torch.testing.assert_close(log_normal(x, mu, log_sigma), expected)


def linear_gaussian_vae() -> tuple[VAE, torch.Tensor, float]:
    """A VAE whose likelihood is known: x = W z + b + sigma eps, so p(x) = N(b, W W' + sigma^2 I)."""
    model = VAE(Config(channels=1, image_size=4, latent=2, width=16, decoder="gaussian"))
    w, sigma = 0.1 * torch.randn(16, 2), 0.3
    with torch.no_grad():
        for linear in (model.decoder[0], model.decoder[2], model.decoder[4]):
            linear.weight.zero_()
            linear.bias.zero_()
        # Two units carry z through the rectifiers on a pedestal that the last bias takes away again.
        model.decoder[0].weight[:2] = torch.eye(2)
        model.decoder[0].bias[:2] = 50
        model.decoder[2].weight[:2, :2] = torch.eye(2)
        model.decoder[4].weight[:, :2] = w
        model.decoder[4].bias.copy_(0.5 - 50 * w.sum(1))
        model.log_sigma.fill_(math.log(sigma))
        # q(z|x) = the exact posterior N(M^-1 W'(x - b) / sigma^2, M^-1), with a diagonal M made by orthogonal columns.
        q, _ = torch.linalg.qr(w)
        w_orthogonal = 0.4 * q
        model.decoder[4].weight[:, :2] = w_orthogonal
        model.decoder[4].bias.copy_(0.5 - 50 * w_orthogonal.sum(1))
        precision = 0.4**2 / sigma**2 + 1
        for linear in (model.encoder[1], model.encoder[3], model.encoder[5]):
            linear.weight.zero_()
            linear.bias.zero_()
        # The encoder sees 2 x - 1, so x - 0.5 is half of what it sees.
        model.encoder[1].weight[:2] = w_orthogonal.T / sigma**2 / precision / 2
        model.encoder[1].bias[:2] = 50
        model.encoder[3].weight[:2, :2] = torch.eye(2)
        model.encoder[5].weight[:2, :2] = torch.eye(2)
        model.encoder[5].bias[:2] = -50
        model.encoder[5].bias[2:] = -math.log(precision)
    return model.eval(), w_orthogonal, sigma


@torch.no_grad()
def test_log_prob_of_a_linear_gaussian_model_is_its_exact_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the exact posterior as q every importance weight equals p(x): the bound is tight."""
    torch.manual_seed(0)
    model, w, sigma = linear_gaussian_vae()
    images = torch.rand(8, 1, 4, 4)
    seen: list[torch.Tensor] = []
    observed = model.observed
    monkeypatch.setattr(model, "observed", lambda *a: seen.append(observed(*a)) or seen[-1])
    found = model.log_prob(images)
    law = torch.distributions.MultivariateNormal(torch.full((16,), 0.5), w @ w.T + sigma**2 * torch.eye(16))
    # log P(8-bit picture) >= E log p(x + u) + log(bin volume)
    expected = law.log_prob(seen[0].flatten(1)) - 16 * math.log(255)
    assert found.kind == "lower bound"
    torch.testing.assert_close(found.nats, expected, atol=2e-3, rtol=1e-4)


@torch.no_grad()
def test_log_prob_is_tighter_than_the_elbo() -> None:
    torch.manual_seed(0)
    model = VAE(Config(image_size=8, latent=4, width=32)).eval()
    images = torch.rand(64, 1, 8, 8)
    rng = torch.Generator().manual_seed(0)
    x = model.observed(images, torch.rand(images.shape, generator=rng))
    mu, log_var = model.posterior(x)
    draws = [
        model.log_likelihood(x, mu + (0.5 * log_var).exp() * torch.randn(mu.shape, generator=rng)) for _ in range(50)
    ]
    elbo = torch.stack(draws).mean(0) - kl_to_standard_normal(mu, log_var)
    assert model.log_prob(images).nats.mean() > elbo.mean()


def test_dynamic_binarisation_keeps_the_mean() -> None:
    model = VAE(Config(image_size=8, latent=4, width=32))
    x = model.observed(torch.full((4000, 1, 8, 8), 0.3), torch.rand(4000, 1, 8, 8))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert abs(x.mean().item() - 0.3) < 0.005


def test_temperature_zero_is_the_centre_of_the_prior() -> None:
    model = VAE(VAE.tiny()).eval()
    cold = model.sample([1, 2, 3], model.Controls(temperature=0.0))
    torch.testing.assert_close(cold[0], cold[2])
