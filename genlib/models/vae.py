"""Variational autoencoder, with Bernoulli or Gaussian decoder.

    Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014. https://arxiv.org/abs/1312.6114

A latent z ~ N(0, I) is decoded to a law over pictures p(x|z). Its likelihood p(x) = E_z p(x|z) has no closed form, so
an encoder q(z|x) = N(mu(x), diag sigma^2(x)) is learned beside it, and both ascend the evidence lower bound (eq. 3)

    log p(x) >= ELBO(x) = E_q(z|x) [log p(x|z)] - KL(q(z|x) || p(z))

through z = mu + sigma * eps, eps ~ N(0, I): the reparameterisation that lets the gradient through the draw (2.4).

    Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016. https://arxiv.org/abs/1509.00519
        log p(x) >= E log 1/k sum_i p(x, z_i) / q(z_i|x): the tighter bound that log_prob reports.
    Rybkin, Daniilidis, Levine, "Simple and Effective VAE Training with Calibrated Decoders", ICML 2021.
        The Gaussian decoder's one shared sigma is learned, which balances the two terms by itself.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import contract
from genlib.contract import Batch, Decodes, Encodes, LogProb, Paper, Recipe, Samples, Scores, Seeds, Trains
from genlib.layers import levels, normal
from genlib.models.base import Model

IMPORTANCE_SAMPLES = 50  # k of the bound that log_prob reports


class Config(contract.Config):
    latent: int = Field(32, ge=1, le=512, description="Dimensions of z")
    network: Literal["mlp", "conv"] = Field("mlp", description="Fully connected as in the paper, or convolutional")
    width: int = Field(512, ge=4, le=2048, description="Hidden units (mlp), or channels next to the pixels")
    decoder: Literal["bernoulli", "gaussian"] = Field(
        "bernoulli", description="p(x|z): on-off pixels, or grey and colour values with one learned deviation"
    )
    beta: float = Field(1.0, ge=0, le=100, description="Weight of the KL term; 1 is the ELBO")

    @model_validator(mode="after")
    def _size(self) -> Config:
        if self.network == "conv":
            levels(self.image_size)
            if self.width > 256:
                raise ValueError("width is at most 256 for the convolutional network")
        return self


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0, le=1.5, description="Standard deviation of the draws of z: 1 is the prior, lower is more typical"
    )


# --- Blocks: both networks map image (B, C, H, W) -> (B, 2Z) and z (B, Z) -> (B, C, H, W) -----------------------------


def mlp(c: Config) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder with two hidden layers each (appendix C has one, of tanh units)."""
    pixels = c.channels * c.image_size**2
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(pixels, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, 2 * c.latent),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(c.latent, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, pixels), nn.Unflatten(1, c.image_shape),
    )  # fmt: skip
    return encoder, decoder


def conv(c: Config) -> tuple[nn.Module, nn.Module]:
    """Encoder of strided convolutions, decoder of transposed ones; widths double inwards. For 64 px: down to 4x4."""
    side, halvings = levels(c.image_size)
    widths = [c.width * 2**i for i in range(halvings)]
    inner = widths[-1] * side**2
    encoder, decoder = nn.Sequential(), nn.Sequential()
    for before, after in zip([c.channels, *widths], widths, strict=False):
        encoder.extend([nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.SiLU()])
    encoder.extend([nn.Flatten(), nn.Linear(inner, 2 * c.latent)])
    decoder.extend([nn.Linear(c.latent, inner), nn.Unflatten(1, (widths[-1], side, side))])
    for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True):
        decoder.extend([nn.BatchNorm2d(before), nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)])
    decoder.extend([
        nn.BatchNorm2d(widths[0]), nn.SiLU(), nn.ConvTranspose2d(widths[0], c.channels, 4, stride=2, padding=1),
    ])  # fmt: skip
    return encoder, decoder


# --- Objective -------------------------------------------------------------------------------------------------------


def kl_to_standard_normal(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, I)) in nats (B,), closed form (appendix B): -1/2 sum(1 + log s^2 - mu^2 - s^2)."""
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1)


def log_normal(x: Tensor, mu: Tensor | float, log_sigma: Tensor | float) -> Tensor:
    """log N(x; mu, sigma^2) in nats, summed over all but the leading dimension (B,)."""
    log_sigma = torch.as_tensor(log_sigma, device=x.device)
    nats = -0.5 * ((x - mu) * torch.exp(-log_sigma)) ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)
    return nats.flatten(1).sum(1)


class VAE(Model, Samples, Decodes, Encodes, Scores, Trains):
    Config: ClassVar = Config
    Controls: ClassVar = Controls
    title = "Variational autoencoder"
    idea = (
        "An encoder squeezes a picture into a few numbers, a decoder draws it again from them; noise in between makes "
        "every point of that small space a picture, and gives a bound on the likelihood."
    )
    paper = Paper(
        "Auto-Encoding Variational Bayes", "Kingma & Welling", 2014, "https://arxiv.org/abs/1312.6114"
    )  # fmt: skip
    family = ("Explicit density", "Approximate", "Variational")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.config: Config
        self.encoder, self.decoder = mlp(config) if config.network == "mlp" else conv(config)
        if config.decoder == "gaussian":
            self.log_sigma = nn.Parameter(torch.tensor(-1.0))  # of p(x|z), shared by all pixels

    @classmethod
    def tiny(cls) -> Config:
        return Config(channels=3, image_size=16, latent=3, network="conv", width=4, decoder="gaussian")

    # --- Sampling ---

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        temperature = (controls or Controls()).temperature
        return temperature * normal(seeds, self.config.latent).to(self.device)

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z), as is usual: a draw would only add pixel noise."""
        parameters = self.decoder(z).float()
        return torch.sigmoid(parameters) if self.config.decoder == "bernoulli" else parameters.clamp(0, 1)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def encode(self, images: Tensor) -> Tensor:
        """mu(x), the mean of q(z|x)."""
        return self.posterior(images)[0]

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x), each (B, Z), for images (B, C, H, W) in [0, 1]."""
        mu, log_var = self.encoder(2 * images - 1).float().chunk(2, dim=1)
        return mu, log_var.clamp(-20, 20)

    # --- Likelihood ---

    def observed(self, images: Tensor, noise: Tensor) -> Tensor:
        """The pictures as the decoder's law sees them; `noise` is uniform in [0, 1], of the images' shape.

        Bernoulli: on-off pixels, drawn with the grey value as probability ("dynamic binarisation").
        Gaussian: a density needs a continuum, so the 8-bit steps are filled with uniform noise of their width.
        """
        return (noise < images).float() if self.config.decoder == "bernoulli" else images + (noise - 0.5) / 255

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats (B,)."""
        parameters = self.decoder(z).float()
        if self.config.decoder == "bernoulli":
            return -F.binary_cross_entropy_with_logits(parameters, x, reduction="none").flatten(1).sum(1)
        return log_normal(x, parameters, self.log_sigma)

    def log_prob(self, images: Tensor) -> LogProb:
        """The importance weighted bound with k = 50 draws (Burda 2016, equation 8).

        A picture's noise is seeded by the picture, so that its number depends on nothing else.
        """
        seeds = [zlib.crc32(pixels.numpy().tobytes()) for pixels in (255 * images).round().byte().cpu()]
        pixels = images[0].numel()
        noise = normal(seeds, pixels + IMPORTANCE_SAMPLES * self.config.latent).to(images.device)
        x = self.observed(images, torch.special.ndtr(noise[:, :pixels]).view_as(images))
        mu, log_var = self.posterior(x)
        log_weights = []
        for eps in noise[:, pixels:].split(self.config.latent, dim=1):  # (B, Z), k times
            z = mu + (0.5 * log_var).exp() * eps
            # log p(x|z) + log p(z) - log q(z|x)
            log_weights.append(self.log_likelihood(x, z) + log_normal(z, 0.0, 0.0) - log_normal(z, mu, 0.5 * log_var))
        bound = torch.logsumexp(torch.stack(log_weights), 0) - math.log(IMPORTANCE_SAMPLES)
        note = f"{IMPORTANCE_SAMPLES} importance samples"
        if self.config.decoder == "bernoulli":
            return LogProb(bound, "lower bound", f"{note}, of on-off pixels drawn once from the grey ones")
        # From the density to 8-bit pictures, each the middle of a bin of width 1/255 in every dimension.
        return LogProb(bound - pixels * math.log(255), "lower bound", f"{note}, of 8-bit pixels")

    # --- Training ---

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        return {"vae": torch.optim.Adam(self.parameters(), recipe.learning_rate or 1e-3, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        x = self.observed(batch.images, torch.rand(batch.images.shape, generator=batch.rng, device=self.device))
        mu, log_var = self.posterior(x)
        eps = torch.randn(mu.shape, generator=batch.rng, device=mu.device)
        z = mu + (0.5 * log_var).exp() * eps
        reconstruction = self.log_likelihood(x, z).mean()
        kl = kl_to_standard_normal(mu, log_var).mean()

        optimizers["vae"].zero_grad()
        (self.config.beta * kl - reconstruction).backward()
        optimizers["vae"].step()
        return {
            "ELBO": (reconstruction - kl).detach(),
            "log p(x|z)": reconstruction.detach(),
            "KL": kl.detach(),
        }
