"""Generative adversarial network, with fully connected generator and discriminator.

    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio,
    "Generative Adversarial Nets", NIPS 2014. https://arxiv.org/abs/1406.2661

Two players share the value function (equation 1)

    min_G max_D V(D, G) = E_x~data [log D(x)] + E_z~p(z) [log(1 - D(G(z)))]

D learns to tell data from samples; G learns to make samples that D takes for data. At the optimum G's law is the
data's, D(x) = 1/2 everywhere, and V = -log 4 (theorem 1): C(G) = -log 4 + 2 JSD(data || G).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import contract
from genlib.contract import Batch, Criticises, Criticism, Decodes, Paper, Recipe, Samples, Seeds, Trains
from genlib.layers import frozen, normal
from genlib.models.base import Model


class Config(contract.Config):
    latent: int = Field(64, ge=1, le=512, description="Dimensions of the noise z")
    width: int = Field(512, ge=8, le=2048, description="Units of the widest hidden layer")
    objective: Literal["non-saturating", "minimax"] = Field(
        "non-saturating", description="What G ascends: log D(G(z)), or the minimax game's own -log(1 - D(G(z)))"
    )
    dropout: float = Field(0.3, ge=0, le=0.9, description="Dropout in D, which keeps it from winning too early")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


def generator(c: Config) -> nn.Sequential:
    """z (B, Z) -> logits of pixels (B, C*H*W). Rectifiers inside, sigmoid at the end, as in section 5.

    Batch norm is newer than the paper (2015); without it this depth needs several times the steps.
    """
    pixels = c.channels * c.image_size**2
    return nn.Sequential(
        nn.Linear(c.latent, c.width // 2), nn.BatchNorm1d(c.width // 2), nn.ReLU(),
        nn.Linear(c.width // 2, c.width), nn.BatchNorm1d(c.width), nn.ReLU(),
        nn.Linear(c.width, pixels),
    )  # fmt: skip


def discriminator(c: Config) -> nn.Sequential:
    """Image (B, C*H*W) -> logit of D(x) (B, 1). Leaky rectifiers for the paper's maxout units; dropout stays."""
    pixels = c.channels * c.image_size**2
    return nn.Sequential(
        nn.Linear(pixels, c.width), nn.LeakyReLU(0.2), nn.Dropout(c.dropout),
        nn.Linear(c.width, c.width // 2), nn.LeakyReLU(0.2), nn.Dropout(c.dropout),
        nn.Linear(c.width // 2, 1),
    )  # fmt: skip


# --- Objective -------------------------------------------------------------------------------------------------------


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-V: what D descends, from its logits. -log D(x) = softplus(-logit), -log(1 - D(x)) = softplus(logit)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor, objective: str) -> Tensor:
    """What G descends, from D's logits on samples.

    minimax: log(1 - D(G(z))), whose gradient fades just when D is sure. non-saturating: -log D(G(z)), with the same
    fixed point and a gradient that is strongest there (section 3).
    """
    return F.softplus(-fake).mean() if objective == "non-saturating" else -F.softplus(fake).mean()


class GAN(Model, Samples, Decodes, Criticises, Trains):
    Config: ClassVar = Config
    Controls: ClassVar = Controls
    title = "Generative adversarial network"
    idea = (
        "A generator turns noise into pictures; a discriminator tries to tell them from real ones. Each learns from "
        "the other's successes until the fakes pass."
    )
    paper = Paper("Generative Adversarial Nets", "Goodfellow et al.", 2014, "https://arxiv.org/abs/1406.2661")
    family = ("Implicit density", "Direct")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.config: Config
        self.generator = generator(config)
        self.discriminator = discriminator(config)

    @classmethod
    def tiny(cls) -> Config:
        return Config(image_size=8, latent=4, width=16)

    # --- Sampling ---

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        truncation = (controls or Controls()).truncation
        return normal(seeds, self.config.latent, truncation).to(self.device)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.generator(z)).unflatten(1, self.image_shape)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, images: Tensor) -> Criticism:
        return Criticism(torch.sigmoid(self.logits(images)), "probability")

    def logits(self, images: Tensor) -> Tensor:
        """D's logit (B,). Images are centred to [-1, 1] first."""
        return self.discriminator((2 * images - 1).flatten(1)).float().squeeze(1)

    # --- Training (algorithm 1, with k = 1) ---

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        # The paper used SGD with momentum; Adam with beta1 = 0.5 (DCGAN) is what made the game easy to play.
        rate = recipe.learning_rate or 2e-4
        return {
            "generator": torch.optim.Adam(self.generator.parameters(), rate, betas=(0.5, 0.999), fused=True),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas=(0.5, 0.999), fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        z = torch.randn(len(batch.images), self.config.latent, generator=batch.rng, device=self.device)
        fake = self.decode(z)

        optimizers["discriminator"].zero_grad()
        real_logits, fake_logits = self.logits(batch.images), self.logits(fake.detach())
        loss_d = discriminator_loss(real_logits, fake_logits)
        loss_d.backward()
        optimizers["discriminator"].step()

        optimizers["generator"].zero_grad()
        with frozen(self.discriminator):
            loss_g = generator_loss(self.logits(fake), self.config.objective)
            loss_g.backward()
        optimizers["generator"].step()

        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }
