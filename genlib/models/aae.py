"""Adversarial autoencoder: an autoencoder whose codes a discriminator holds to a law of our choice.

    Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders", ICLR workshop 2016.
    https://arxiv.org/abs/1511.05644

An encoder f brings x to a code z = f(x), a decoder g brings it back. Over all data the codes have a law, the
aggregated posterior q(z) = E_x~data q(z|x) (equation 1). A VAE draws it towards the prior p(z) by a KL term for each x,
which needs the densities of both; here a game does it, which needs no more than draws from them (section 2):

    reconstruction   f and g descend    E_x d(x, g(f(x)))
    regularisation   D ascends          E_z~p(z) log D(z) + E_x log(1 - D(f(x)))
                     f ascends          E_x log D(f(x))

one after the other on each batch. At the game's end no z of data can be told from a z of the prior: q(z) = p(z), so
what is drawn from the prior lies where the decoder has learned to draw, and there are no holes (figure 2).

The encoder is the paper's deterministic one: all that is random in q(z) is which x was met (section 2.1). D sees codes,
never pictures: it has no word on what is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import Batch, Decodes, Encodes, HasPrior, Latent, Paper, Samples, Seeds, Trains
from genlib.models.base import Model
from genlib.nets import frozen, halvings
from genlib.noise import Noise
from genlib.spaces import Pictures, Points


class Config(contract.Config):
    latent: int = Field(8, ge=1, le=512, description="Numbers in the code z")
    law: Literal["gaussian", "uniform"] = Field("gaussian", description="The law that codes are held to")
    network: Literal["mlp", "conv"] = Field("mlp", description="Fully connected as in the paper, or convolutional")
    width: int = Field(512, ge=4, le=2048, description="Hidden units (mlp), or channels next to the pixels (conv)")
    units: int = Field(512, ge=8, le=2048, description="Hidden units of D, which looks at codes")

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
    reconstruction_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of f and g while they reconstruct")
    regularisation_rate: float = Field(1e-4, gt=0, le=1, description="Learning rate of f against D")
    discriminator_rate: float = Field(4e-4, gt=0, le=1, description="Learning rate of D, which has to keep up with f")
    pixel_loss: Literal["cross-entropy", "squared"] = Field(
        "cross-entropy", description="What a pixel's error costs; for points it is always the squared distance"
    )


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0, le=1.5, description="The draws of z are multiplied by this: 1 is the prior, lower is more typical"
    )


# --- Blocks: f x (B, *shape) -> z (B, Z); g z (B, Z) -> numbers (B, *shape) that the space makes an x of --------------


def mlp(c: Config) -> tuple[nn.Sequential, nn.Sequential]:
    """Two hidden layers of rectifiers each (appendix A.1, which has 1000 units)."""
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(c.space.size, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, c.latent),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(c.latent, c.width), nn.ReLU(),
        nn.Linear(c.width, c.width), nn.ReLU(),
        nn.Linear(c.width, c.space.size), nn.Unflatten(1, c.space.shape),
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


def discriminator(c: Config) -> nn.Sequential:
    """z (B, Z) -> logit of D(z) (B, 1), two hidden layers (appendix A.1)."""
    return nn.Sequential(
        nn.Linear(c.latent, c.units), nn.LeakyReLU(0.2),
        nn.Linear(c.units, c.units), nn.LeakyReLU(0.2),
        nn.Linear(c.units, 1),
    )  # fmt: skip


class AdversarialAutoencoder(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Encodes, Trains[Training]):
    title = "Adversarial autoencoder"
    short = "AAE"
    idea = (
        "An autoencoder whose codes a discriminator compares with draws from a simple law, until they cannot be told "
        "apart: then every draw decodes to a picture. A game does what the VAE's KL term does."
    )
    paper = Paper("Adversarial Autoencoders", "Makhzani et al.", 2016, "https://arxiv.org/abs/1511.05644")
    family = ("Implicit density", "Direct")
    points: ClassVar = {"latent": 2, "width": 128, "units": 128}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.network == "conv" and isinstance(config.space, Pictures):
            self.encoder, self.decoder = conv(config, config.space)
        else:
            self.encoder, self.decoder = mlp(config)
        self.discriminator = discriminator(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(channels=3, side=16), latent=3, network="conv", width=4, units=8),
            Config(space=Points(), latent=2, law="uniform", width=16, units=16),
        )

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, config.law)

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.set_by(controls).temperature * self.here(Noise(seeds).latent(self.latent(self.config)))

    def decode(self, z: Tensor) -> Tensor:
        return self.config.space.emit(self.decoder(self.here(z)).float())

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(self.config.space.centre(self.here(x))).float()

    # --- Objective ---

    def reconstruction_loss(self, x: Tensor, z: Tensor, training: Training) -> Tensor:
        """d(x, g(z)) of each x (B, *shape): (B,), in nats or as squared distance."""
        h = self.decoder(z).float()
        if training.pixel_loss == "cross-entropy" and isinstance(self.config.space, Pictures):
            return F.binary_cross_entropy_with_logits(h, x, reduction="none").flatten(1).sum(1)
        return (self.config.space.emit(h) - x).square().flatten(1).sum(1)

    def logits(self, z: Tensor) -> Tensor:
        """D's logit l(z) (B,): log D(z) = -softplus(-l), log(1 - D(z)) = -softplus(l)."""
        return self.discriminator(z).float().squeeze(1)

    # --- Training (section 2) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        encoder, decoder = list(self.encoder.parameters()), list(self.decoder.parameters())
        betas = (0.5, 0.999)
        return {
            "autoencoder": Adam([*encoder, *decoder], training.reconstruction_rate, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
            # The encoder's second optimiser: the game's gradient has another size than the reconstruction's, and Adam
            # would measure the one with the other's memory.
            "generator": Adam(encoder, training.regularisation_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        # Reconstruction.
        loss = self.reconstruction_loss(batch.x, self.encode(batch.x), training).mean()
        optimizers["autoencoder"].zero_grad()
        loss.backward()
        optimizers["autoencoder"].step()

        # Regularisation: D, then f as the generator of the game. Both look at the same codes.
        drawn = noise.draw(self.latent(self.config), len(batch.x), batch.rng)
        code = self.encode(batch.x)
        real, fake = self.logits(drawn), self.logits(code.detach())
        loss_d = F.softplus(-real).mean() + F.softplus(fake).mean()
        optimizers["discriminator"].zero_grad()
        loss_d.backward()
        optimizers["discriminator"].step()

        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(code)).mean()
        optimizers["generator"].zero_grad()
        loss_g.backward()
        optimizers["generator"].step()
        return {
            "loss": loss.detach(),
            "loss D": loss_d.detach(),
            "loss f": loss_g.detach(),
            "D(prior)": real.sigmoid().mean().detach(),
            "D(codes)": fake.sigmoid().mean().detach(),
        }
