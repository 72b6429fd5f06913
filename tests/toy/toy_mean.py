"""The data's mean and spread, and nothing else: a model as small as one can be, written to prove that one file is
enough. It stands in for a paper's model in tests of the house.

    Gauss, "Theoria motus corporum coelestium", 1809. https://archive.org/details/theoriamotuscor00gausgoog

    x = mu + sigma * z,  z ~ N(0, I): log p(x) = sum_i log N(x_i; mu_i, sigma_i^2)
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import Batch, Decodes, HasPrior, Latent, LogProb, Paper, Samples, Scores, Seeds, Trains
from genlib.models.base import Model
from genlib.noise import Noise
from genlib.spaces import Pictures, Points


class Config(contract.Config):
    start: float = Field(0.0, ge=-2, le=2, description="Where mu begins")


class Training(contract.Training):
    learning_rate: float = Field(1e-2, gt=0, le=1, description="Learning rate")


class Controls(contract.Controls):
    spread: float = Field(1.0, ge=0.1, le=2, description="Standard deviations of the draws")


class Toy(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Scores, Trains[Training]):
    title = "Mean and spread"
    idea = "Every number is drawn by itself around its mean."
    paper = Paper(
        "Theoria motus corporum coelestium", "Gauss", 1809, "https://archive.org/details/theoriamotuscor00gausgoog"
    )
    family = ("Explicit density", "Tractable")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.mu = nn.Parameter(torch.full(self.shape, config.start))
        self.log_sigma = nn.Parameter(torch.zeros(self.shape))

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return Config(space=Pictures(side=8)), Config(space=Points())

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.space.size, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        z = Noise(seeds).latent(self.latent(self.config))
        return self.here(self.set_by(controls).spread * z)

    def decode(self, z: Tensor) -> Tensor:
        x = self.mu + self.log_sigma.exp() * self.here(z).unflatten(1, self.shape)
        return x.clamp(0, 1) if isinstance(self.config.space, Pictures) else x

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def log_prob(self, x: Tensor) -> LogProb:
        z = (self.here(x) - self.mu) * (-self.log_sigma).exp()
        nats = -0.5 * z**2 - self.log_sigma - 0.5 * math.log(2 * math.pi)
        return LogProb(nats.flatten(1).sum(1), "exact")

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"toy": Adam(self.parameters(), training.learning_rate)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        loss = -self.log_prob(batch.x).nats.mean()
        optimizers["toy"].zero_grad()
        loss.backward()
        optimizers["toy"].step()
        return {"nats": -loss.detach()}
