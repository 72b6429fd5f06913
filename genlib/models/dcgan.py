"""Deep convolutional GAN.

    Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks", ICLR 2016. https://arxiv.org/abs/1511.06434

The game is Goodfellow's (gan.py): D descends -log D(x) - log(1 - D(G(z))), G descends -log D(G(z)). What is new is a
recipe for convolutional players that do not collapse (section 3):

    - strided convolutions in D, fractionally-strided (transposed) ones in G, and no pooling;
    - no fully connected hidden layers;
    - batch norm everywhere but at G's output and D's input;
    - ReLU in G with tanh at its output, LeakyReLU(0.2) in D;
    - weights from N(0, 0.02), Adam with rate 2e-4 and beta1 = 0.5 (section 4).

One thing is optional and younger: where D would win too clearly and its gradient turn to noise, a penalty keeps it flat
around real pictures,

    R1 = gamma / 2 * E_x~data |grad_x D(x)|^2

    Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018 (equation 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import contract
from genlib.contract import Batch, Criticises, Criticism, Decodes, Paper, Recipe, Samples, Seeds, Trains
from genlib.layers import frozen, levels, normal
from genlib.models.base import Model

LAZY = 4  # the penalty on D's gradient is laid on one step in so many


class Config(contract.Config):
    latent: int = Field(100, ge=1, le=512, description="Dimensions of the noise z")
    generator_width: int = Field(64, ge=4, le=256, description="Channels of G's last hidden layer, doubled inwards")
    discriminator_width: int = Field(
        64, ge=4, le=256, description="Channels of D's first hidden layer, doubled inwards"
    )

    r1: float = Field(0.0, ge=0, le=100, description="Gamma of the penalty on D's gradient; 0 is the paper's game")

    @model_validator(mode="after")
    def _size(self) -> Config:
        levels(self.image_size)
        return self


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


def generator(c: Config) -> nn.Sequential:
    """z (B, Z, 1, 1) -> image (B, C, H, W) in [-1, 1]. For 64 px: 4x4 -> 8x8 -> 16x16 -> 32x32 -> 64x64."""
    side, doublings = levels(c.image_size)
    widths = [c.generator_width * 2**i for i in reversed(range(doublings))]  # e.g. 512, 256, 128, 64
    net = nn.Sequential(
        nn.ConvTranspose2d(c.latent, widths[0], side, bias=False),  # (B, 8w, 4, 4): the projection of z
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(inplace=True),
    )
    for wide, narrow in pairwise(widths):
        net.extend([
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),  # twice the side
            nn.BatchNorm2d(narrow),
            nn.ReLU(inplace=True),
        ])  # fmt: skip
    net.extend([nn.ConvTranspose2d(widths[-1], c.channels, 4, stride=2, padding=1), nn.Tanh()])
    return net


def discriminator(c: Config) -> nn.Sequential:
    """Image (B, C, H, W) in [-1, 1] -> logit of D(x) (B, 1, 1, 1). The generator's mirror image."""
    side, halvings = levels(c.image_size)
    widths = [c.discriminator_width * 2**i for i in range(halvings)]  # e.g. 64, 128, 256, 512
    net = nn.Sequential(nn.Conv2d(c.channels, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True))
    for narrow, wide in pairwise(widths):
        net.extend([
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),  # half the side
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2, inplace=True),
        ])  # fmt: skip
    net.append(nn.Conv2d(widths[-1], 1, side))  # the whole 4x4 map at once
    return net


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch norm's scale from N(1, 0.02) (section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


# --- Objective -------------------------------------------------------------------------------------------------------


def squared_slope(logits: Tensor, images: Tensor) -> Tensor:
    """E |grad_x D(x)|^2, for D's logits (B,) on images (B, C, H, W) that require a gradient.

    x in [0, 1], so gamma counts four times what it does for pictures in [-1, 1]; and as D has batch norm, a picture's
    slope contains its influence on the rest of its batch.
    """
    (slope,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return slope.float().square().flatten(1).sum(1).mean()


class DCGAN(Model, Samples, Decodes, Criticises, Trains):
    Config: ClassVar = Config
    Controls: ClassVar = Controls
    title = "Deep convolutional GAN"
    idea = (
        "The adversarial game with convolutional players: the generator paints from a coarse map of 4 x 4 to the full "
        "picture, the discriminator looks through strided convolutions."
    )
    paper = Paper(
        "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
        "Radford, Metz & Chintala", 2016, "https://arxiv.org/abs/1511.06434",
    )  # fmt: skip
    family = ("Implicit density", "Direct")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.config: Config
        self.generator = generator(config).apply(initialise)
        self.discriminator = discriminator(config).apply(initialise)

    @classmethod
    def tiny(cls) -> Config:
        return Config(channels=3, image_size=16, latent=4, generator_width=4, discriminator_width=4)

    # --- Sampling ---

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        truncation = (controls or Controls()).truncation
        return normal(seeds, self.config.latent, truncation).to(self.device)

    def decode(self, z: Tensor) -> Tensor:
        return (self.generator(z[:, :, None, None]) + 1) / 2

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, images: Tensor) -> Criticism:
        return Criticism(torch.sigmoid(self.logits(images)), "probability")

    def logits(self, images: Tensor) -> Tensor:
        """D's logit (B,)."""
        return self.discriminator(2 * images - 1).float().flatten()

    # --- Training ---

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        rate = recipe.learning_rate or 2e-4
        return {
            "generator": torch.optim.Adam(self.generator.parameters(), rate, betas=(0.5, 0.999), fused=True),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas=(0.5, 0.999), fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        z = torch.randn(len(batch.images), self.config.latent, generator=batch.rng, device=self.device)
        fake = self.decode(z)

        # D ascends log D(x) + log(1 - D(G(z))). Real and made pictures go through apart: each batch has its own norm.
        optimizers["discriminator"].zero_grad()
        # The penalty is dear: it is laid on one step in four or so, with four times the weight (Karras 2020, B).
        penalised = self.config.r1 > 0 and torch.rand((), generator=batch.rng, device=self.device).item() < 1 / LAZY
        real = batch.images.requires_grad_(penalised)
        real_logits, fake_logits = self.logits(real), self.logits(fake.detach())
        loss_d = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        penalty = LAZY * self.config.r1 / 2 * squared_slope(real_logits, real) if penalised else 0
        (loss_d + penalty).backward()
        optimizers["discriminator"].step()

        # G ascends log D(G(z)).
        optimizers["generator"].zero_grad()
        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(fake)).mean()
            loss_g.backward()
        optimizers["generator"].step()

        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }
