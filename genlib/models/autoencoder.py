"""Autoencoder: a network that learns to say its input again through a narrow middle.

    Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 313, 2006.
        https://doi.org/10.1126/science.1127647
    Rumelhart, Hinton, Williams, "Learning Internal Representations by Error Propagation", in: Parallel Distributed
        Processing 1, MIT Press 1986. The encoder problem: one of eight units passes through three.

An encoder f brings x to a code z of few numbers, a decoder g brings it back, and both descend the error that remains

    L = E_x~data  d(x, g(f(x)))

With linear f and g and the squared error, the best code spans the first principal components (Baldi, Hornik, 1989);
what is not linear can follow data that are curved. In 2006 deep ones (784-1000-500-250-30) had to be pretrained layer
by layer, as Boltzmann machines; better initial weights, rectifiers and Adam have made that needless.

It is no generative model. Nothing says which z are likely, so there is no law to draw z from and no p(x): between and
beyond the codes of the data, g may draw anything. The variational autoencoder (vae.py) has these networks, too, and
adds just that: noise on z, and a law that its z must keep to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import Batch, Decodes, Encodes, Latent, Paper, Trains
from genlib.models.base import Model
from genlib.nets import halvings
from genlib.spaces import Pictures, Points

PixelLoss = Literal["cross-entropy", "squared"]


class Config(contract.Config):
    latent: int = Field(24, ge=1, le=512, description="Numbers in the code z")
    network: Literal["mlp", "conv"] = Field("mlp", description="Fully connected, or convolutional: pictures only")
    width: int = Field(512, ge=4, le=2048, description="Hidden units (mlp), or channels next to the pixels (conv)")

    @model_validator(mode="after")
    def _fits(self) -> Config:
        if self.network == "conv":
            if not isinstance(self.space, Pictures):
                raise ValueError("the convolutional network takes pictures only: choose mlp for points")
            halvings(self.space.side)
            if self.width > 256:
                raise ValueError("width is at most 256 for the convolutional network")
        return self


class Training(contract.Training):
    """Both losses are least where the reconstruction is the mean of all x that share its code: what is decoded means
    the same, whichever taught it. So the loss is a way to learn, and no part of what the model is."""

    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate")
    pixel_loss: PixelLoss = Field(
        "cross-entropy", description="What a pixel's error costs; for points it is always the squared distance"
    )


# --- Blocks: encoder x (B, *shape) -> (B, Z), decoder z (B, Z) -> numbers (B, *shape) that the space makes an x of ----


def mlp(c: Config) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder with two hidden layers each, as in the VAE."""
    size = c.space.size
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(size, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, c.latent),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(c.latent, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, size), nn.Unflatten(1, c.space.shape),
    )  # fmt: skip
    return encoder, decoder


def conv(c: Config, space: Pictures) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder of strided convolutions, decoder of transposed ones; widths double inwards. For 64 px: down to 4x4."""
    side, count = halvings(space.side)
    widths = [c.width * 2**i for i in range(count)]
    inner = widths[-1] * side**2
    encoder, decoder = nn.Sequential(), nn.Sequential()
    for before, after in zip([space.channels, *widths], widths, strict=False):
        encoder.extend([nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.SiLU()])
    encoder.extend([nn.Flatten(), nn.Linear(inner, c.latent)])
    decoder.extend([nn.Linear(c.latent, inner), nn.Unflatten(1, (widths[-1], side, side))])
    for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True):
        decoder.extend([nn.BatchNorm2d(before), nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)])
    decoder.extend([
        nn.BatchNorm2d(widths[0]), nn.SiLU(), nn.ConvTranspose2d(widths[0], space.channels, 4, stride=2, padding=1),
    ])  # fmt: skip
    return encoder, decoder


# --- Objective: from what the decoder gave (B, *shape) and the x (B, *shape) it should be -----------------------------


def cross_entropy(h: Tensor, x: Tensor) -> Tensor:
    """-sum_i x_i log g_i + (1 - x_i) log(1 - g_i) in nats (B,), for logits h of g and pixels x in [0, 1].

    Least where g = x, yet only zero there if all pixels are 0 or 1: else what is left is the entropy of x.
    """
    return F.binary_cross_entropy_with_logits(h, x, reduction="none").flatten(1).sum(1)


def squared_error(y: Tensor, x: Tensor) -> Tensor:
    """|x - y|^2 (B,), summed over the numbers of each x."""
    return (y - x).square().flatten(1).sum(1)


class Autoencoder(Model[Config, contract.Controls, Training], Encodes, Decodes, Trains[Training]):
    title = "Autoencoder"
    idea = (
        "An encoder squeezes a picture into a few numbers, a decoder draws it again from them. Nothing says which "
        "numbers are likely: it cannot make new pictures, nor say how probable one is."
    )
    paper = Paper(
        "Reducing the Dimensionality of Data with Neural Networks",
        "Hinton & Salakhutdinov", 2006, "https://doi.org/10.1126/science.1127647",
    )  # fmt: skip
    family = ("Explicit density", "Approximate", "Variational")
    points: ClassVar = {"latent": 1, "width": 128}
    aside = "defines no density"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.network == "conv" and isinstance(config.space, Pictures):
            self.encoder, self.decoder = conv(config, config.space)
        else:
            self.encoder, self.decoder = mlp(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(channels=3, side=16), latent=3, network="conv", width=4),
            Config(space=Points(), latent=1, width=16),
        )

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "none")

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(self.config.space.centre(self.here(x))).float()

    def decode(self, z: Tensor) -> Tensor:
        return self.config.space.emit(self.decoder(self.here(z)).float())

    def loss(self, x: Tensor, pixel_loss: PixelLoss) -> Tensor:
        """What is lost of each x (B, *shape) on its way through z: (B,), in nats or as squared distance."""
        h = self.decoder(self.encode(x)).float()
        if pixel_loss == "cross-entropy" and isinstance(self.config.space, Pictures):
            return cross_entropy(h, x)
        return squared_error(self.config.space.emit(h), x)

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"autoencoder": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        loss = self.loss(batch.x, training.pixel_loss).mean()
        optimizers["autoencoder"].zero_grad()
        loss.backward()
        optimizers["autoencoder"].step()
        return {"loss": loss.detach()}
