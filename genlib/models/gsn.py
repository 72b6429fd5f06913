"""Generative stochastic network: a chain that spoils what it has and repairs it, and wanders through the data's law.

    Bengio, Thibodeau-Laufer, Alain, Yosinski, "Deep Generative Stochastic Networks Trainable by Backprop", ICML 2014.
    https://arxiv.org/abs/1306.1091
    Bengio, Yao, Alain, Vincent, "Generalized Denoising Auto-Encoders as Generative Models", NIPS 2013.
        https://arxiv.org/abs/1305.6663
        The chain without a memory, as here, and walkback training (algorithm 1).

Noise C(x~ | x) spoils an x, and a network learns what x may have been, P(x | x~), from pairs of which x is data:

    maximise  E log P(x | x~),      x ~ data, x~ ~ C(. | x)

Spoiling and drawing in turn is a Markov chain,

    x~_t ~ C(. | x_t),      x_{t+1} ~ P(. | x~_t)

and if P(x | x~) is right, its stationary law is that of the data (theorem 1 of both): no density is ever written down.
P(x | x~) has few modes where p(x) has many, so a simple law may do: here independent pixels, on or off, or for points a
Gaussian. The less was spoiled, the more nearly it is of that kind, and the slower the chain wanders. Noise in the
hidden layers, before their tanh (section 3.3), is noise of C as well.

What the chain reaches by itself and never saw in training may be far from all data. Walkback lets it go on for some
steps from an x of the data, and learns to come back to that x from each of them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import Batch, Paper, Samples, Seeds, Trains, Unrolls
from genlib.models.base import Model, last
from genlib.noise import Noise
from genlib.spaces import Pictures, Points

MAX_SIDE = 32
AHEAD = 2  # steps of the chain for which noise is drawn at once

Chance = Callable[[int], Tensor]  # so many numbers in [0, 1) for each x of a batch: (B, count)


class Config(contract.Config):
    width: int = Field(800, ge=4, le=2048, description="Units of each of the two hidden layers")
    corruption: float = Field(
        0.4, gt=0, le=1, description="Share of the pixels that turn to coins, or deviation of the noise on points"
    )
    hidden_noise: float = Field(0.5, ge=0, le=4, description="Deviation of the noise in the hidden layers")

    @model_validator(mode="after")
    def _small_and_grey(self) -> Config:
        space = self.space
        if isinstance(space, Pictures) and (space.channels != 1 or space.side > MAX_SIDE):
            raise ValueError(f"it takes points, or grey pictures of at most {MAX_SIDE} x {MAX_SIDE}, not {space}")
        return self


class Training(contract.Training):
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate")
    walkback: int = Field(4, ge=1, le=20, description="Steps of the chain from an x of the data, and back from each")


class Controls(contract.Controls):
    chain_steps: int = Field(100, ge=1, le=1000, description="Steps of the chain from noise to what is shown")


# --- The two halves of a step, on x (B, D) ---------------------------------------------------------------------------


def normal(u: Tensor) -> Tensor:
    """Standard normal numbers by uniform ones."""
    return torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))


def salt_and_pepper(x: Tensor, u: Tensor, share: float) -> Tensor:
    """On-off pixels x of which each with probability `share` becomes a coin, by u in [0, 1)."""
    return torch.where(u < share / 2, 0.0, torch.where(u >= 1 - share / 2, 1.0, x))


class Repair(nn.Module):
    """x~ (B, D) -> what P(x | x~) is made of: logits (B, D), or mean and log deviation (B, 2 D)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.noise, size = c.hidden_noise, c.space.size
        self.hidden = nn.ModuleList([nn.Linear(size, c.width), nn.Linear(c.width, c.width)])
        self.out = nn.Linear(c.width, size if isinstance(c.space, Pictures) else 2 * size)

    def forward(self, x: Tensor, chance: Chance) -> Tensor:
        for layer in self.hidden:
            x = layer(x)
            if self.noise:
                x = x + self.noise * normal(chance(x.shape[1])).to(x.dtype)
            x = torch.tanh(x)
        return self.out(x)


class GSN(Model[Config, Controls, Training], Samples, Unrolls, Trains[Training]):
    title = "Generative stochastic network"
    short = "GSN"
    idea = (
        "Noise spoils a picture, and a network that learned to repair such damage draws what it may have been. Again "
        "and again: the chain wanders from noise to pictures, and on from picture to picture."
    )
    paper = Paper(
        "Deep Generative Stochastic Networks Trainable by Backprop",
        "Bengio, Thibodeau-Laufer, Alain & Yosinski", 2014, "https://arxiv.org/abs/1306.1091",
    )  # fmt: skip
    family = ("Implicit density", "Markov chain")
    recipe: ClassVar = {"cooldown": 0.5}
    points: ClassVar = {"width": 128, "corruption": 0.3, "hidden_noise": 0.0}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.repair = Repair(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8), width=16), Config(space=Points(), width=16))

    # --- The chain ---

    @property
    def on_off(self) -> bool:
        return isinstance(self.config.space, Pictures)

    def spoil(self, x: Tensor, chance: Chance) -> Tensor:
        """x~ ~ C(. | x), both (B, D)."""
        u = chance(x.shape[1])
        if self.on_off:
            return salt_and_pepper(x, u, self.config.corruption)
        return x + self.config.corruption * normal(u).to(x.dtype)

    def law(self, spoiled: Tensor, chance: Chance) -> tuple[Tensor, Tensor]:
        """P(x | x~): the logits of pixels and what is of no use, or the means and log deviations of coordinates."""
        if self.on_off:
            logits = self.repair(2 * spoiled - 1, chance).to(spoiled.dtype)
            return logits, logits
        mean, log_sigma = self.repair(spoiled, chance).to(spoiled.dtype).chunk(2, 1)
        return spoiled + mean, log_sigma.clamp(-6, 3)

    def log_likelihood(self, x: Tensor, law: tuple[Tensor, Tensor]) -> Tensor:
        """log P(x | x~) in nats (B,), of x (B, D)."""
        first, log_sigma = law
        if self.on_off:
            return F.logsigmoid((2 * x - 1) * first).sum(1)
        return (-0.5 * ((x - first) * (-log_sigma).exp()) ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)).sum(1)

    def drawn(self, law: tuple[Tensor, Tensor], chance: Chance) -> Tensor:
        """x ~ P(. | x~), (B, D)."""
        first, log_sigma = law
        u = chance(first.shape[1])
        if self.on_off:
            return (u < first.sigmoid()).to(first.dtype)
        return first + log_sigma.exp() * normal(u).to(first.dtype)

    # --- Sampling ---

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return last(self.sample_steps(seeds, controls))

    @torch.no_grad()
    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """The chain from noise on: what C leaves of an empty picture, or a point of N(0, I). (Fair coins are as near to
        a digit's negative as to a digit, and the chain would come to either.) Of pictures P(x = 1 | x~) is shown, not
        the coins that fall by it: they would only add their noise.

        In double precision, on the CPU, as not every device has it: sums that round otherwise in another batch would
        toss another coin once in a while, and a seed would be another picture.
        """
        away = copy.deepcopy(self).cpu().double()
        noise = Noise(seeds)
        chance = noise.uniform
        u = chance(self.config.space.size)
        x = salt_and_pepper(torch.zeros_like(u), u, self.config.corruption) if self.on_off else normal(u)
        yield self.here(x.float().view(-1, *self.shape))
        numbers = 2 * self.config.space.size + (2 * self.config.width if self.config.hidden_noise else 0)  # of a step
        for step in range(self.set_by(controls).chain_steps):
            if step % AHEAD == 0:
                noise.fetch(AHEAD * numbers)
            law = away.law(away.spoil(x, chance), chance)
            x = away.drawn(law, chance)
            yield self.here((law[0].sigmoid() if self.on_off else x).float().view(-1, *self.shape))

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"gsn": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        data = batch.x.flatten(1)

        def chance(count: int) -> Tensor:
            return torch.rand(len(data), count, generator=batch.rng, device=data.device)

        if self.on_off:
            data = (chance(data.shape[1]) < data).float()
        x, nats = data, []
        for _ in range(training.walkback):
            law = self.law(self.spoil(x, chance), chance)
            nats.append(self.log_likelihood(data, law).mean())
            with torch.no_grad():
                x = self.drawn(law, chance)
        mean = torch.stack(nats).mean()

        optimizers["gsn"].zero_grad()
        (-mean).backward()
        optimizers["gsn"].step()
        return {"log P(x | x~)": mean.detach()}
