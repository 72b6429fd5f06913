"""Unrolled GAN: G looks ahead to what D is going to answer.

    Metz, Poole, Pfau, Sohl-Dickstein, "Unrolled Generative Adversarial Networks", ICLR 2017.
    https://arxiv.org/abs/1611.02163

In the usual game G moves against D as it stands. The best move is then to heap all samples where D believes most, D
learns to disbelieve that place, and G's heap jumps to the next: it never spreads over all of the data. Here G moves
against the D that k steps of gradient ascent would make of it (equations 5 to 7):

    theta^0 = theta,     theta^{i+1} = theta^i + eta df(G, theta^i)/d theta^i,     f_k(G, theta) = f(G, theta^k)

with f the value function V of gan.py. To heap is no good against theta^k, which has seen the heap. Equation 10: the
gradient by which G moves,

    d f_k / dG = df(G, theta^k)/dG  +  df(G, theta^k)/d theta^k  d theta^k/dG

goes THROUGH the k steps. The second term tells G how D will answer its move, and it is what the game is about. Then D
makes a step of its own (equation 9), the k steps are forgotten. k = 0 is the usual game; k to infinity the best
discriminator's, JSD. Each step ahead costs about as much as one step of D, and its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import (
    Batch,
    Criticises,
    Criticism,
    Decodes,
    HasPrior,
    Latent,
    Paper,
    Samples,
    Seeds,
    Trains,
)
from genlib.models.base import Model
from genlib.models.gan import Players, discriminator_loss, generator, hidden
from genlib.nets import Dropout, Stack
from genlib.noise import Noise
from genlib.spaces import Pictures, Points


class Config(Players):
    width: int = Field(256, ge=8, le=2048, description="Units of the widest hidden layer")
    dropout: float = Field(0.3, ge=0, le=0.9, description="Dropout in D, which keeps it from winning too early")


class Training(contract.Training):
    generator_rate: float = Field(5e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of D's own steps")
    ahead: int = Field(5, ge=0, le=20, description="Steps of D that G looks ahead (k)")
    ahead_rate: float = Field(0.003, gt=0, le=10, description="Learning rate of the steps ahead (eta), plain ascent")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks: G is that of gan.py, so that the game alone is another --------------------------------------------------


def discriminator(c: Config) -> Stack:
    """x (B, size) -> logit of D(x) (B, 1). Smooth units: G's gradient goes through D's, and a rectifier has none of
    the second order."""
    inner, outer = hidden(c)
    return Stack(
        nn.Linear(c.space.size, outer), nn.Tanh(), Dropout(c.dropout),
        nn.Linear(outer, inner), nn.Tanh(), Dropout(c.dropout),
        nn.Linear(inner, 1),
    )  # fmt: skip


class UnrolledGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Unrolled GAN"
    idea = (
        "Before it moves, the generator looks a few steps ahead to what the discriminator will answer. To heap all "
        "samples in one place no longer pays, so they spread over all of the data."
    )
    paper = Paper("Unrolled Generative Adversarial Networks", "Metz et al.", 2017, "https://arxiv.org/abs/1611.02163")
    family = ("Implicit density", "Direct")
    # Looking ahead by larger steps than these tells G of a D that is far beyond the one it meets.
    points: ClassVar = {
        "latent": 2, "width": 128, "batch_norm": False, "dropout": 0.0,
        "generator_rate": 1e-3, "discriminator_rate": 1e-3, "ahead_rate": 0.03,
    }  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator, self.discriminator = generator(config), discriminator(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(side=8), latent=4, width=16),
            Config(space=Points(), latent=4, width=16, batch_norm=False),
        )

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.here(Noise(seeds).latent(self.latent(self.config), self.set_by(controls).truncation))

    def decode(self, z: Tensor) -> Tensor:
        return self.config.space.emit(self.generator(self.here(z))).unflatten(1, self.shape)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, x: Tensor) -> Criticism:
        return Criticism(self.logits(self.here(x)).sigmoid(), "probability")

    def logits(
        self, x: Tensor, theta: Mapping[str, Tensor] | None = None, rng: torch.Generator | None = None
    ) -> Tensor:
        """D's logit l(x) (B,), with other weights `theta` in place of its own where they are given. `rng` draws the
        dropout while training."""
        given = self.config.space.centre(x).flatten(1), rng
        out: Tensor = functional_call(self.discriminator, dict(theta or {}), given)
        return out.float().squeeze(1)

    # --- Objective ---

    def value(
        self,
        real: Tensor,
        fake: Tensor,
        theta: Mapping[str, Tensor] | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """V(D, G) of gan.py, equation 1, on a batch of data and one of samples, (B, *shape) each."""
        return -discriminator_loss(self.logits(real, theta, rng), self.logits(fake, theta, rng))

    def look_ahead(
        self, real: Tensor, fake: Tensor, training: Training, rng: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """theta^k, k steps of ascent from D's weights: a function of `fake` through every one of them (equation 7)."""
        theta = {name: p.detach().requires_grad_() for name, p in self.discriminator.named_parameters()}
        for _ in range(training.ahead):
            slopes = torch.autograd.grad(self.value(real, fake, theta, rng), list(theta.values()), create_graph=True)
            steps = zip(theta.items(), slopes, strict=True)
            theta = {name: p + training.ahead_rate * slope for (name, p), slope in steps}
        return theta

    # --- Training (equations 8 and 9) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, 0.999)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        real, fake = batch.x, self.decode(noise.draw(self.latent(self.config), len(batch.x), batch.rng))

        # G, against D as it is going to be. Its part of f_k in the form that does not fade: it ascends log D^k(G(z)).
        # D's answer is to all of V: there the steps ahead have used both terms.
        theta = self.look_ahead(real, fake, training, batch.rng)
        loss_g = F.softplus(-self.logits(fake, theta, batch.rng)).mean()
        optimizers["generator"].zero_grad()
        loss_g.backward()
        optimizers["generator"].step()

        # D, one step from where it stands.
        real_logits, fake_logits = self.logits(real, rng=batch.rng), self.logits(fake.detach(), rng=batch.rng)
        loss_d = discriminator_loss(real_logits, fake_logits)
        optimizers["discriminator"].zero_grad()
        loss_d.backward()
        optimizers["discriminator"].step()
        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": real_logits.sigmoid().mean().detach(),
            "D(fake)": fake_logits.sigmoid().mean().detach(),
        }
