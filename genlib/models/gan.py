"""Generative adversarial network, with fully connected players: the same games on pictures and on points of the plane.

    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio,
    "Generative Adversarial Nets", NIPS 2014. https://arxiv.org/abs/1406.2661

Two players share the value function (equation 1)

    min_G max_D V(D, G) = E_x~data [log D(x)] + E_z~p(z) [log(1 - D(G(z)))]

D learns to tell data from samples; G learns to make samples that D takes for data. At the optimum G's law is the
data's, D(x) = 1/2 everywhere, and V = -log 4 (theorem 1): C(G) = -log 4 + 2 JSD(data || G).

D always ascends V. What G does about it makes four games here; l is D's logit, D = sigmoid(l):

    minimax              G descends  E log(1 - D(G(z)))            its gradient fades just when D is sure
    non-saturating       G ascends   E log D(G(z))                 the same fixed point, strong where D is sure
    maximum-likelihood   G ascends   E exp(l(G(z)))                if D is optimal, the gradient of KL(data || G)
    relativistic         both play for E log sigmoid(l(x) - l(G(z))): is x more real than G(z)?

    Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks" (3.2.3 to 3.2.5). https://arxiv.org/abs/1701.00160
    Huang, Gokaslan, Kuleshov, Tompkin, "The GAN is dead; long live the GAN! A Modern GAN Baseline" (R3GAN), NeurIPS
        2024. https://arxiv.org/abs/2501.05441
        The relativistic game (equation 2), with penalties on D's slope at real and at made x (section 2.2), which make
        it converge: R1 + R2 = gamma / 2 (E |grad l(x)|^2 + E |grad l(G(z))|^2). Any game here may use them.
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved Techniques for Training GANs", NIPS 2016.
        https://arxiv.org/abs/1606.03498
        One-sided label smoothing (section 3.4): D aims at 1 - s on data, and at 0 on samples as ever. Two-sided, as it
        was first, at s on samples: where there are samples only the best D is then s, level, and tells them no way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
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
from genlib.nets import Dropout, Stack, frozen
from genlib.noise import Noise
from genlib.spaces import Pictures, Points

Game = Literal["non-saturating", "minimax", "maximum-likelihood", "relativistic"]


class Players(contract.Config):
    """What fully connected players are, whatever they play for: other games have the same (wgan.py, unrolled.py)."""

    latent: int = Field(64, ge=1, le=512, description="Dimensions of the noise z")
    width: int = Field(512, ge=8, le=2048, description="Units of the widest hidden layer")
    batch_norm: bool = Field(True, description="Batch norm in G, which quickens the learning of pictures")


class Config(Players):
    law: Literal["gaussian", "uniform"] = Field("gaussian", description="What z is drawn from; the paper's is uniform")
    game: Game = Field("non-saturating", description="What the players play for")
    dropout: float = Field(0.3, ge=0, le=0.9, description="Dropout in D, which keeps it from winning too early")


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of D")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's memory of squared gradients")
    discriminator_steps: int = Field(1, ge=1, le=20, description="Steps of D, each on fresh data, for one of G (k)")
    smoothing: float = Field(0.0, ge=0, le=0.5, description="D aims at 1 - this on real data")
    fake_target: float = Field(
        0.0, ge=0, le=0.5, description="D aims at this on samples; above 0 both sides are smooth"
    )
    gamma: float = Field(0.0, ge=0, le=100, description="Weight of the penalty on D's slopes, real and made (R1 + R2)")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


def hidden(c: Players) -> tuple[int, int]:
    """Widths of the two hidden layers, from the noise outwards: the many pixels of a picture are reached in steps."""
    return (c.width // 2 if isinstance(c.space, Pictures) else c.width), c.width


def generator(c: Players, given: int = 0) -> nn.Sequential:
    """z (B, Z) -> numbers (B, size) that the space makes an x of. Rectifiers inside, as in section 5.

    Batch norm is newer than the paper (2015); without it pictures need several times the steps. `given`: how many
    numbers it reads beside z (cgan.py).
    """
    inner, outer = hidden(c)
    return nn.Sequential(
        nn.Linear(c.latent + given, inner), nn.BatchNorm1d(inner) if c.batch_norm else nn.Identity(), nn.ReLU(),
        nn.Linear(inner, outer), nn.BatchNorm1d(outer) if c.batch_norm else nn.Identity(), nn.ReLU(),
        nn.Linear(outer, c.space.size),
    )  # fmt: skip


def discriminator(c: Config) -> Stack:
    """x (B, size) -> logit of D(x) (B, 1). Leaky rectifiers for the paper's maxout units; dropout stays."""
    inner, outer = hidden(c)
    return Stack(
        nn.Linear(c.space.size, outer), nn.LeakyReLU(0.2), Dropout(c.dropout),
        nn.Linear(outer, inner), nn.LeakyReLU(0.2), Dropout(c.dropout),
        nn.Linear(inner, 1, bias=c.game != "relativistic"),  # where logits are only compared, it has no part
    )  # fmt: skip


# --- Objective: what each player descends, from D's logits on data and on samples ------------------------------------


def discriminator_loss(
    real: Tensor, fake: Tensor, game: Game = "non-saturating", smoothing: float = 0.0, fake_target: float = 0.0
) -> Tensor:
    """-V. -log D(x) = softplus(-l), -log(1 - D(x)) = softplus(l); with smoothing s the target on data is 1 - s."""
    if game == "relativistic":
        return F.softplus(fake - real).mean()
    on_data = (1 - smoothing) * F.softplus(-real) + smoothing * F.softplus(real)
    on_samples = (1 - fake_target) * F.softplus(fake) + fake_target * F.softplus(-fake)
    return on_data.mean() + on_samples.mean()


def generator_loss(real: Tensor, fake: Tensor, game: Game) -> Tensor:
    """What G descends in each game; the relativistic one alone looks at data, too."""
    match game:
        case "minimax":
            return -F.softplus(fake).mean()
        case "non-saturating":
            return F.softplus(-fake).mean()
        case "maximum-likelihood":
            return -fake.exp().mean()
        case "relativistic":
            return F.softplus(real - fake).mean()


def squared_slope(logits: Tensor, x: Tensor) -> Tensor:
    """E |grad_x l(x)|^2, for logits (B,) of x (B, *shape) that require a gradient."""
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()


class GAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Generative adversarial network"
    short = "GAN"
    idea = (
        "A generator turns noise into samples; a discriminator tries to tell them from real ones. Each learns from "
        "the other's successes until the fakes pass."
    )
    paper = Paper("Generative Adversarial Nets", "Goodfellow et al.", 2014, "https://arxiv.org/abs/1406.2661")
    family = ("Implicit density", "Direct")
    points: ClassVar = {
        "latent": 2, "width": 128, "batch_norm": False, "dropout": 0.0, "game": "relativistic",
        "generator_rate": 1e-3, "discriminator_rate": 1e-3, "beta2": 0.99, "gamma": 0.02,
    }  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator = generator(config)
        self.discriminator = discriminator(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(side=8), latent=4, width=16),
            Config(space=Points(), latent=4, width=16, batch_norm=False, dropout=0.0, game="relativistic"),
        )

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, config.law)

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        truncation = self.set_by(controls).truncation
        if self.config.law == "uniform":  # no standard deviations: the whole cube is drawn in by as much
            return self.here(Noise(seeds).latent(self.latent(self.config)) * min(1.0, truncation / 2))
        return self.here(Noise(seeds).latent(self.latent(self.config), truncation))

    def decode(self, z: Tensor) -> Tensor:
        return self.config.space.emit(self.generator(self.here(z))).unflatten(1, self.shape)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, x: Tensor) -> Criticism:
        logits = self.logits(self.here(x))
        if self.config.game == "relativistic":  # only differences of its logits mean anything
            return Criticism(logits, "critic value")
        return Criticism(torch.sigmoid(logits), "probability")

    def logits(self, x: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """D's logit l(x) (B,). `rng` draws the dropout while training."""
        return self.discriminator(self.config.space.centre(x).flatten(1), rng).float().squeeze(1)

    # --- Training (algorithm 1) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        # The paper used SGD with momentum; Adam with beta1 = 0.5 (DCGAN) is what made the game easy to play.
        betas = (0.5, training.beta2)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        game, rng = self.config.game, batch.rng

        # D, k times; G then moves against the last samples that D has seen.
        for k in range(training.discriminator_steps):
            real = batch.fresh().x if k else batch.x
            fake = self.decode(noise.draw(self.latent(self.config), len(real), rng))
            made = fake.detach()
            penalised = training.gamma > 0
            real, made = real.requires_grad_(penalised), made.requires_grad_(penalised)
            real_logits, fake_logits = self.logits(real, rng), self.logits(made, rng)
            loss_d = objective = discriminator_loss(
                real_logits, fake_logits, game, training.smoothing, training.fake_target
            )
            if penalised:
                slopes = squared_slope(real_logits, real) + squared_slope(fake_logits, made)
                objective = loss_d + training.gamma / 2 * slopes
            optimizers["discriminator"].zero_grad()
            objective.backward()
            optimizers["discriminator"].step()

        optimizers["generator"].zero_grad()
        with frozen(self.discriminator):
            against = self.logits(real.detach(), rng) if game == "relativistic" else real_logits.detach()
            loss_g = generator_loss(against, self.logits(fake, rng), game)
            loss_g.backward()
        optimizers["generator"].step()

        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }
