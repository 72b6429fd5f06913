"""Wasserstein GAN: a critic measures how far samples have to be carried to become data.

    Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017. https://arxiv.org/abs/1701.07875
    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein GANs", NIPS 2017.
        https://arxiv.org/abs/1704.00028

The earth mover's distance between the data's law and G's is, by Kantorovich and Rubinstein (equation 2 of the first)

    W(data, G) = sup_{|f|_L <= 1}  E_x~data f(x) - E_z~p(z) f(G(z))

over functions f that nowhere rise faster than 1. The critic f ascends it and G descends it (algorithm 1). Unlike JSD it
falls smoothly while two laws that do not touch come closer, so the critic may be trained as well as one can, and G's
gradient does not fade. How the critic is kept from rising too fast makes two models here:

    clip      after each step every weight goes back into [-c, c] (algorithm 1): some |f|_L <= K, W up to a factor
    penalty   + lambda E (|grad f(x^)| - 1)^2 at x^ = t x + (1 - t) G(z), t ~ U(0, 1) (algorithm 1 of the second):
              an optimal critic has slope 1 along the lines by which mass is carried (proposition 1 there)
    none      neither: what the distance means is lost, and the critic runs off. To see why it needs a bound
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

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
from genlib.models.gan import Players, generator, hidden
from genlib.nets import frozen
from genlib.noise import Noise
from genlib.spaces import Pictures, Points


class Config(Players):
    bound: Literal["penalty", "clip", "none"] = Field("penalty", description="What keeps the critic from rising fast")


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of G")
    critic_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of the critic")
    critic_steps: int = Field(5, ge=1, le=100, description="Steps of the critic, each on fresh data, for one of G")
    clip: float = Field(0.01, gt=0, le=1, description="Largest weight of the critic (c), where it is bound by clipping")
    penalty: float = Field(10.0, ge=0, le=1000, description="Weight of the penalty on slopes other than 1 (lambda)")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks: G is that of gan.py, so that the game alone is another --------------------------------------------------


def critic(c: Config) -> nn.Sequential:
    """x (B, size) -> f(x) (B, 1). No batch norm: the penalty is on the slope at each x by itself (section 4)."""
    inner, outer = hidden(c)
    return nn.Sequential(
        nn.Linear(c.space.size, outer), nn.LeakyReLU(0.2),
        nn.Linear(outer, inner), nn.LeakyReLU(0.2),
        nn.Linear(inner, 1, bias=False),  # values are only compared: it would have no part
    )  # fmt: skip


class WassersteinGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Wasserstein GAN"
    short = "WGAN"
    idea = (
        "The discriminator becomes a critic that measures how far samples have to be carried to become data. That "
        "distance falls smoothly, so there is always a way to improve, and its value says how well it goes."
    )
    paper = Paper("Wasserstein GAN", "Arjovsky et al.", 2017, "https://arxiv.org/abs/1701.07875")
    family = ("Implicit density", "Direct")
    points: ClassVar = {
        "latent": 2, "width": 128, "batch_norm": False, "generator_rate": 1e-3, "critic_rate": 1e-3, "penalty": 0.1,
    }  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator, self.critic = generator(config), critic(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(side=8), latent=4, width=16),
            Config(space=Points(), latent=4, width=16, batch_norm=False, bound="clip"),
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
        return Criticism(self.f(self.here(x)), "critic value")

    def f(self, x: Tensor) -> Tensor:
        """The critic's value f(x) (B,). Only differences of values mean anything."""
        return self.critic(self.config.space.centre(x).flatten(1)).float().squeeze(1)

    # --- Training (algorithm 1 of either paper) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        # Memory of the gradient's mean makes a clipped critic unstable: hence RMSprop there (section 4.3 of the first
        # paper), and Adam without that memory for the other (section 4 of the second).
        g, f = self.generator.parameters(), self.critic.parameters()
        if self.config.bound == "clip":
            return {"generator": RMSprop(g, training.generator_rate), "critic": RMSprop(f, training.critic_rate)}
        betas = (0.0, 0.9)
        return {
            "generator": Adam(g, training.generator_rate, betas, fused=True),
            "critic": Adam(f, training.critic_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        # f ascends E f(x) - E f(G(z)); G then moves against the last samples that f has seen.
        for k in range(training.critic_steps):
            real = batch.fresh().x if k else batch.x
            fake = self.decode(noise.draw(self.latent(self.config), len(real), batch.rng))
            distance = self.f(real).mean() - self.f(fake.detach()).mean()
            loss = -distance
            if self.config.bound == "penalty":
                t = torch.rand((len(real), *[1] * (real.ndim - 1)), generator=batch.rng, device=real.device)
                loss = loss + training.penalty * self.penalty(t * real + (1 - t) * fake.detach())
            optimizers["critic"].zero_grad()
            loss.backward()
            optimizers["critic"].step()
            if self.config.bound == "clip":
                with torch.no_grad():
                    for weight in self.critic.parameters():
                        weight.clamp_(-training.clip, training.clip)

        # G descends -E f(G(z)).
        optimizers["generator"].zero_grad()
        with frozen(self.critic):
            loss_g = -self.f(fake).mean()
            loss_g.backward()
        optimizers["generator"].step()
        return {"distance": distance.detach(), "loss G": loss_g.detach()}

    def penalty(self, x: Tensor) -> Tensor:
        """E (|grad f| - 1)^2 at x (B, *shape). The slope is that against numbers in [-1, 1], which the critic sees."""
        x = self.config.space.centre(x.detach()).flatten(1).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(x).float().sum(), x, create_graph=True)
        return (slope.norm(dim=1) - 1).square().mean()
