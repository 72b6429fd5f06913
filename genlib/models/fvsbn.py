"""Fully visible sigmoid belief network: each pixel is a logistic regression on those before it.

    Neal, "Connectionist Learning of Belief Networks", Artificial Intelligence 56, 1992.
        https://doi.org/10.1016/0004-3702(92)90065-6
        The sigmoid belief network. Here nothing is hidden: every unit is a pixel.
    Frey, Hinton, Dayan, "Does the Wake-sleep Algorithm Produce Good Density Estimators?", NIPS 1995; Frey, "Graphical
        Models for Machine Learning and Digital Communication", MIT Press 1998. The same network for digits.
    Larochelle, Murray, "The Neural Autoregressive Distribution Estimator", AISTATS 2011.
        https://proceedings.mlr.press/v15/larochelle11a.html
        It gives the network its name FVSBN and a successor, NADE, whose pixels share one hidden layer.

The chain rule writes any law of pictures as a product over its pixels, x_1 the first of the top row and so on,

    p(x) = prod_i p(x_i | x_1, ..., x_{i-1}),      p(x_i = 1 | x_<i) = sigmoid(b_i + sum_{j<i} W_ij x_j)

and the second equation is this model: a strictly lower triangular W, D (D - 1) / 2 numbers, and D biases. So

    log p(x) = sum_i log sigmoid((2 x_i - 1) a_i),      a = b + W x

takes one matrix product and is exact: no bound, no partition function. It is concave in (W, b), so training has one
summit. What the model cannot do is to combine pixels: each only adds to the logits of those that follow.

Pixels are on or off. Grey pictures are made so by a draw, on with the grey value as probability (Salakhutdinov, Murray,
"On the Quantitative Analysis of Deep Belief Networks", ICML 2008), a new one at each training step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from genlib import contract
from genlib.contract import Batch, Completes, LogProb, Paper, Predicts, Samples, Scores, Seeds, Trains, Unrolls
from genlib.models.base import Model, last
from genlib.noise import Noise
from genlib.spaces import Pictures

MAX_SIDE = 32  # W grows with its fourth power: a million numbers


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Its pictures: grey ones, read as on-off pixels")

    @model_validator(mode="after")
    def _small_and_grey(self) -> Config:
        if self.space.channels != 1 or self.space.side > MAX_SIDE:
            raise ValueError(f"it takes grey pictures of at most {MAX_SIDE} x {MAX_SIDE}, not {self.space}")
        return self


class Training(contract.Training):
    learning_rate: float = Field(1e-2, gt=0, le=1, description="Adam's learning rate")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Pull of W towards zero, per step and learning rate")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0.5, le=1.5, description="Divides each pixel's logit: 1 is the model's law, lower is more decided"
    )


# --- The law of on-off pictures, with all that depends on the order of the pixels ------------------------------------


def conditionals(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """a (B, D): the logit of p(x_i = 1 | x_<i) for each pixel of x (B, D).

    The triangle is cut here, each time: whatever a file holds on and above the diagonal of `weight` (D, D) is unseen.
    """
    return F.linear(x, weight.tril(-1), bias).float()


def log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x) in nats (B,), for on-off pixels x (B, D) and their logits a (B, D)."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


class FVSBN(Model[Config, Controls, Training], Samples, Unrolls, Completes, Scores, Predicts, Trains[Training]):
    title = "Fully visible sigmoid belief network"
    short = "FVSBN"
    idea = (
        "Pixels are drawn one after the other, each a coin whose bias is a weighted sum of all the pixels before it. "
        "The product of their probabilities is the picture's, exactly."
    )
    paper = Paper(
        "Connectionist Learning of Belief Networks", "Neal", 1992, "https://doi.org/10.1016/0004-3702(92)90065-6"
    )
    family = ("Explicit density", "Tractable", "Fully visible belief nets")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        pixels = config.space.size
        # From zero: there is no symmetry to break, and what is above the diagonal stays zero.
        self.weight = nn.Parameter(torch.zeros(pixels, pixels))  # W_ij: what pixel j adds to the logit of pixel i
        self.bias = nn.Parameter(torch.zeros(pixels))

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8)),)

    # --- Sampling ---

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return last(self.sample_steps(seeds, controls))

    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """On-off pictures (B, 1, H, W) as their rows come, from none to all; what is not yet drawn is mid grey."""
        return self._rows(seeds, controls)

    def complete(self, x: Tensor, known: Tensor, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        """A pixel is drawn after those before it, known or drawn, and knows nothing of known ones after it: what is
        known should be the top of a picture. What is known and brighter than mid grey is on."""
        return last(self._rows(seeds, controls, self.here(x).flatten(1), self.here(known).flatten(1)))

    @torch.no_grad()
    def _rows(
        self,
        seeds: Seeds,
        controls: contract.Controls | None,
        given: Tensor | None = None,
        known: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """See sample_steps. Pixels that are `known` (B, D) are those of `given` (B, D) in place of drawn ones.

        Pixel i is on where u_i < sigmoid(a_i / T), that is where T logit(u_i) < a_i. The logits are kept and updated
        element by element, and adding a weight or not rounds alike in any batch; so does the noise, which is brought
        to logits seed by seed. So a seed is the same picture in any batch, to the last pixel.
        """
        side = self.config.space.side
        temperature = self.set_by(controls).temperature
        noise = torch.stack([u.logit() for u in Noise(seeds).uniform(self.config.space.size)])
        thresholds = self.here((temperature * noise).float())
        columns = self.weight.tril(-1).T.contiguous()  # row j: what pixel j adds to each
        logits = self.bias.repeat(len(seeds), 1)  # a (B, D)
        x = torch.full_like(logits, 0.5)
        yield x.clone().unflatten(1, self.shape)
        for row in range(side):
            for i in range(row * side, (row + 1) * side):
                on = thresholds[:, i] < logits[:, i]
                if given is not None and known is not None:
                    on = torch.where(known[:, i], given[:, i] > 0.5, on)
                x[:, i] = on.float()
                logits[:, i + 1 :] += x[:, i, None] * columns[i, i + 1 :]
            yield x.clone().unflatten(1, self.shape)

    # --- Likelihood ---

    def log_prob(self, x: Tensor) -> LogProb:
        """Exact, for on-off pixels; those of a grey picture are drawn with a noise that is seeded by the picture, so
        that its number depends on nothing else."""
        drawn = self._drawn(x)
        nats = log_likelihood(drawn, conditionals(drawn, self.weight, self.bias))
        return LogProb(nats, "exact", "of on-off pixels drawn once from the grey ones")

    def predictions(self, x: Tensor) -> contract.Predictions:
        drawn = self._drawn(x)
        logits = conditionals(drawn, self.weight, self.bias)
        nats = F.logsigmoid(torch.stack([-logits, logits], 1))  # of off, and of on
        side = self.shape[1:]
        greys = self.here(torch.tensor([0.0, 1.0]))
        return contract.Predictions(drawn.long().unflatten(1, side), nats.unflatten(2, side), greys)

    def _drawn(self, x: Tensor) -> Tensor:
        """On-off pixels (B, D) of grey pictures."""
        return self.here(Noise.of(x).uniform(self.config.space.size) < x.flatten(1).cpu()).float()

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        groups: list[dict[str, Any]] = [
            {"params": [self.weight], "weight_decay": training.weight_decay},
            {"params": [self.bias], "weight_decay": 0.0},
        ]
        # Some pixels are hardly ever on. After a silence the first gradient moves all weights to such a pixel by
        # (1 - beta1) / sqrt(1 - beta2) rates at once: three with the usual beta2 of 0.999, one with 0.99.
        return {"fvsbn": AdamW(groups, training.learning_rate, (0.9, 0.99), fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        grey = batch.x.flatten(1)
        x = (torch.rand(grey.shape, generator=batch.rng, device=grey.device) < grey).float()
        nats = log_likelihood(x, conditionals(x, self.weight, self.bias)).mean()

        optimizers["fvsbn"].zero_grad()
        (-nats).backward()
        optimizers["fvsbn"].step()
        return {"log p(x)": nats.detach()}
