"""Variational autoencoder, with Bernoulli or Gaussian decoder.

    Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014. https://arxiv.org/abs/1312.6114

A latent z ~ N(0, I) is decoded to a law over x, p(x|z). Its likelihood p(x) = E_z p(x|z) has no closed form, so
an encoder q(z|x) = N(mu(x), diag sigma^2(x)) is learned beside it, and both ascend the evidence lower bound (eq. 3)

    log p(x) >= ELBO(x) = E_q(z|x) [log p(x|z)] - KL(q(z|x) || p(z))

through z = mu + sigma * eps, eps ~ N(0, I): the reparameterisation that lets the gradient through the draw (2.4).

    Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016. https://arxiv.org/abs/1509.00519
        log p(x) >= E log 1/k sum_i p(x, z_i) / q(z_i|x): the tighter bound that log_prob reports.
    Rybkin, Daniilidis, Levine, "Simple and Effective VAE Training with Calibrated Decoders", ICML 2021.
        https://arxiv.org/abs/2006.13202
        The Gaussian decoder's one shared sigma is learned, which balances the two terms by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import (
    Batch,
    Bounds,
    Decodes,
    Encodes,
    HasPosterior,
    HasPrior,
    Latent,
    LogProb,
    Paper,
    Samples,
    Scores,
    Seeds,
    Trains,
)
from genlib.models.base import Model
from genlib.nets import halvings
from genlib.noise import Noise
from genlib.spaces import Pictures, Points

if TYPE_CHECKING:
    from genlib.data import DataInfo

IMPORTANCE_SAMPLES = 50  # k of the bound that log_prob reports
AT_ONCE = 800_000  # numbers of x that are decoded at once for it: a thousand digits


class Config(contract.Config):
    latent: int = Field(32, ge=1, le=512, description="Dimensions of z")
    network: Literal["mlp", "conv"] = Field("mlp", description="Fully connected as in the paper, or convolutional")
    width: int = Field(512, ge=4, le=2048, description="Hidden units (mlp), or channels next to the pixels")
    decoder: Literal["bernoulli", "gaussian"] = Field(
        "bernoulli", description="p(x|z): on-off pixels, or real values with one learned deviation"
    )

    @model_validator(mode="after")
    def _fits(self) -> Config:
        if isinstance(self.space, Points) and (self.network == "conv" or self.decoder == "bernoulli"):
            raise ValueError("points take the network mlp and the decoder gaussian: they have no pixels")
        if isinstance(self.space, Pictures) and self.network == "conv":
            halvings(self.space.side)
            if self.width > 256:
                raise ValueError("width is at most 256 for the convolutional network")
        return self


class Training(contract.Training):
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of both networks")
    beta: float = Field(1.0, ge=0, le=100, description="Weight of the KL term; 1 is the ELBO")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0, le=1.5, description="Standard deviation of the draws of z: 1 is the prior, lower is more typical"
    )


# --- Blocks: the encoder maps x (B, *shape) -> (B, 2Z), the decoder z (B, Z) -> (B, *shape) ---------------------------


def mlp(c: Config) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder with two hidden layers each (appendix C has one, of tanh units)."""
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(c.space.size, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, 2 * c.latent),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(c.latent, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, c.space.size), nn.Unflatten(1, c.space.shape),
    )  # fmt: skip
    return encoder, decoder


def conv(c: Config) -> tuple[nn.Module, nn.Module]:
    """Encoder of strided convolutions, decoder of transposed ones; widths double inwards. For 64 px: down to 4x4."""
    assert isinstance(c.space, Pictures)
    channels = c.space.channels
    side, times = halvings(c.space.side)
    widths = [c.width * 2**i for i in range(times)]
    inner = widths[-1] * side**2
    encoder, decoder = nn.Sequential(), nn.Sequential()
    for before, after in zip([channels, *widths], widths, strict=False):
        encoder.extend([nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.SiLU()])
    encoder.extend([nn.Flatten(), nn.Linear(inner, 2 * c.latent)])
    decoder.extend([nn.Linear(c.latent, inner), nn.Unflatten(1, (widths[-1], side, side))])
    for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True):
        decoder.extend([nn.BatchNorm2d(before), nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)])
    decoder.extend([
        nn.BatchNorm2d(widths[0]), nn.SiLU(), nn.ConvTranspose2d(widths[0], channels, 4, stride=2, padding=1),
    ])  # fmt: skip
    return encoder, decoder


# --- Objective -------------------------------------------------------------------------------------------------------


def kl_to_standard_normal(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, I)) in nats (B,), closed form (appendix B): -1/2 sum(1 + log s^2 - mu^2 - s^2)."""
    return -0.5 * (1 + log_var - mu.square() - log_var.exp()).sum(1)


def log_normal(x: Tensor, mu: Tensor | float, log_sigma: Tensor | float) -> Tensor:
    """log N(x; mu, sigma^2) in nats, summed over all but the leading dimension (B,)."""
    log_sigma = torch.as_tensor(log_sigma, device=x.device)
    nats = -0.5 * ((x - mu) * torch.exp(-log_sigma)) ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)
    return nats.flatten(1).sum(1)


class VAE(
    Model[Config, Controls, Training],
    Samples,
    HasPrior,
    Decodes,
    Encodes,
    HasPosterior,
    Scores,
    Bounds,
    Trains[Training],
):
    title = "Variational autoencoder"
    short = "VAE"
    idea = (
        "An encoder squeezes a picture into a few numbers, a decoder draws it again from them; noise in between makes "
        "every point of that small space a picture, and gives a bound on the likelihood."
    )
    paper = Paper(
        "Auto-Encoding Variational Bayes", "Kingma & Welling", 2014, "https://arxiv.org/abs/1312.6114"
    )  # fmt: skip
    family = ("Explicit density", "Approximate", "Variational")
    points: ClassVar = {"latent": 2, "width": 128, "decoder": "gaussian"}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.encoder, self.decoder = mlp(config) if config.network == "mlp" else conv(config)
        if config.decoder == "gaussian":
            self.log_sigma = nn.Parameter(torch.tensor(-1.0))  # of p(x|z), shared by all numbers of x

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(channels=3, side=16), latent=3, network="conv", width=4, decoder="gaussian"),
            Config(space=Points(), latent=2, width=8, decoder="gaussian"),
        )

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        law = {"decoder": "gaussian"} if isinstance(info.space, Points) else {}
        return super().config_for(info, **{**law, **overrides})

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        temperature = self.set_by(controls).temperature
        return temperature * self.here(Noise(seeds).latent(self.latent(self.config)))

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z), as is usual: a draw would only add its noise."""
        parameters = self.decoder(self.here(z)).float()
        if self.config.decoder == "bernoulli":
            return torch.sigmoid(parameters)
        return parameters.clamp(0, 1) if isinstance(self.config.space, Pictures) else parameters

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def encode(self, x: Tensor) -> Tensor:
        """mu(x), the mean of q(z|x)."""
        return self.posterior(x)[0]

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x), each (B, Z), for x (B, *shape)."""
        mu, log_var = self.encoder(self.config.space.centre(self.here(x))).float().chunk(2, dim=1)
        return mu, log_var.clamp(-20, 20)

    # --- Likelihood ---

    def observed(self, x: Tensor, noise: Tensor) -> Tensor:
        """x as the decoder's law sees it; `noise` is uniform in [0, 1), of the shape of x, and used up.

        Bernoulli: on-off pixels, drawn with the grey value as probability ("dynamic binarisation").
        Gaussian: a density needs a continuum, so the 8-bit steps of pictures are filled with uniform noise of their
        width; points lie in one.
        """
        if self.config.decoder == "bernoulli":
            return noise.lt_(x)
        return x + (noise - 0.5) / 255 if isinstance(self.config.space, Pictures) else x

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats (B,), of x as observed()."""
        parameters = self.decoder(z).float()
        if self.config.decoder == "bernoulli":
            # log sigmoid(l) where x is on, log sigmoid(-l) where it is off: the cross entropy, in fewer passes.
            return F.logsigmoid((2 * x - 1) * parameters).flatten(1).sum(1)
        return log_normal(x, parameters, self.log_sigma)

    def log_weights(self, x: Tensor, samples: int) -> Iterator[Tensor]:
        """log p(x|z) + log p(z) - log q(z|x), with the bins of 8-bit pixels. An x's noise is seeded by that x."""
        pictures, size = isinstance(self.config.space, Pictures), self.config.space.size
        noise = Noise.of(x)
        x = self.here(self.observed(x.cpu(), noise.uniform(size).view(x.shape)).float())
        mu, log_var = (p[:, None] for p in self.posterior(x))
        # From the density to 8-bit pictures, each the middle of a bin of width 1/255 in every dimension.
        bins = size * math.log(255) if pictures and self.config.decoder == "gaussian" else 0.0
        some = max(1, AT_ONCE // x.numel())
        for start in range(0, samples, some):
            eps = self.here(noise.normal(min(some, samples - start), self.config.latent))
            z = (mu + (0.5 * log_var).exp() * eps).flatten(0, 1)
            mean, spread = (p.expand_as(eps).flatten(0, 1) for p in (mu, 0.5 * log_var))
            weights = self.log_likelihood(x.repeat_interleave(eps.shape[1], 0), z)
            weights += log_normal(z, 0.0, 0.0) - log_normal(z, mean, spread)
            yield weights.view(len(x), -1) - bins

    def log_prob(self, x: Tensor) -> LogProb:
        """The bound with k = 50 draws."""
        return self.bound(x, IMPORTANCE_SAMPLES)

    def bound(self, x: Tensor, samples: int) -> LogProb:
        """The importance weighted one (Burda 2016, equation 8)."""
        weights = torch.cat(list(self.log_weights(x, samples)), 1)
        nats = weights.logsumexp(1) - math.log(samples)
        note = f"{samples:,} importance sample{'s' if samples > 1 else ''}"
        if self.config.decoder == "bernoulli":
            return LogProb(nats, "lower bound", f"{note}, of on-off pixels drawn once from the grey ones")
        pictures = isinstance(self.config.space, Pictures)
        return LogProb(nats, "lower bound", f"{note}, of {'8-bit pixels' if pictures else 'the density'}")

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"vae": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        x = self.observed(batch.x, torch.rand(batch.x.shape, generator=batch.rng, device=batch.x.device))
        mu, log_var = self.posterior(x)
        eps = torch.randn(mu.shape, generator=batch.rng, device=mu.device)
        z = mu + (0.5 * log_var).exp() * eps
        reconstruction = self.log_likelihood(x, z).mean()
        kl = kl_to_standard_normal(mu, log_var).mean()

        optimizers["vae"].zero_grad()
        (training.beta * kl - reconstruction).backward()
        optimizers["vae"].step()
        return {
            "ELBO": (reconstruction - kl).detach(),
            "log p(x|z)": reconstruction.detach(),
            "KL": kl.detach(),
        }
