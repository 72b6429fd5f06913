"""A small convolutional classifier: its features are what FID, KID, precision and recall are computed on.

    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs Trained by a Two Time-Scale Update Rule Converge to a
    Local Nash Equilibrium", NIPS 2017. https://arxiv.org/abs/1706.08500

Comparing pictures pixel by pixel says little about what they show. FID compares them in a layer of a network that has
learnt to name things: Inception on ImageNet in the paper; here a network trained on the very data set that a model
imitates, small enough to ship and to run anywhere. Blocks are residual (He et al., 2016,
https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from genlib import contract
from genlib.contract import Batch, Controls, Embeds, Name, Names, Needs, Paper, Trains
from genlib.models.base import Model
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.data import DataInfo

Classes = Annotated[int, Field(ge=2, le=64)]


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Pictures")
    heads: dict[Name, Classes] = Field(
        min_length=1, max_length=16, description="Attributes it names, the main one first, each with its classes"
    )
    width: int = Field(32, ge=4, le=128, description="Channels of the first layer; later ones have up to 4 x as many")
    features: int = Field(128, ge=4, le=512, description="Numbers that describe a picture")


class Training(contract.Training):
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Learning rate at its peak")
    weight_decay: float = Field(0.05, ge=0, le=10, description="Pull of the weights towards 0, per unit of the rate")
    shift: int = Field(2, ge=0, le=16, description="Pictures move by up to this many pixels each way")


# --- Blocks ----------------------------------------------------------------------------------------------------------


def convolution(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    """relu(x + f(x)); f starts as 0, so that a deep stack starts as a shallow one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)
        self.f = nn.Sequential(convolution(width, width), nn.Conv2d(width, width, 3, padding=1, bias=False), last)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.f(x))


def trunk(c: Config) -> nn.Sequential:
    """Pictures (B, C, H, W) -> features (B, F): halve until 8 pixels or fewer are left, then average over place.

    The last layer fixes the unit: each feature has mean 0 and variance 1 over the training pictures.
    """
    first_stride = 2 if c.space.side > 32 else 1  # large pictures are halved at once, for speed
    layers: list[nn.Module] = [convolution(c.space.channels, c.width, first_stride)]
    width, side = c.width, math.ceil(c.space.side / first_stride)
    while side > 8 or len(layers) == 1:
        wider = min(2 * width, 4 * c.width)
        layers += [convolution(width, wider, stride=2), Residual(wider)]
        width, side = wider, math.ceil(side / 2)
    return nn.Sequential(
        *layers,
        convolution(width, c.features, kernel=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.BatchNorm1d(c.features, eps=1e-3, affine=False),
    )


# --- Objective -------------------------------------------------------------------------------------------------------


def shifted(images: Tensor, most: int, rng: torch.Generator) -> Tensor:
    """Each picture moved by up to `most` pixels each way, its edge repeated into what becomes free."""
    count, _, height, width = images.shape
    dy, dx = torch.randint(0, 2 * most + 1, (2, count, 1), generator=rng, device=images.device)
    rows = dy + torch.arange(height, device=images.device)  # (B, H)
    columns = dx + torch.arange(width, device=images.device)  # (B, W)
    padded = F.pad(images, (most,) * 4, mode="replicate")
    which = torch.arange(count, device=images.device)
    return padded[which[:, None, None], :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def loss_of(logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
    """Cross entropy in nats, summed over the attributes: -log p of all labels of a picture, taken as independent."""
    return torch.stack([F.cross_entropy(logit.float(), labels[name]) for name, logit in logits.items()]).sum()


class Classifier(Model[Config, Controls, Training], Embeds, Names, Trains[Training]):
    title = "Classifier"
    idea = (
        "Names what a picture shows. The layer before its answer describes a picture by a few numbers, and measures "
        "compare made pictures with real ones there."
    )
    paper = Paper(
        "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
        "Heusel et al.", 2017, "https://arxiv.org/abs/1706.08500",
    )  # fmt: skip

    # The rate rises over the first 5 % of the steps, then falls along a cosine.
    recipe: ClassVar = {"warmup": 0.05, "cooldown": 1.0, "fall": "cosine"}
    follows = frozenset({"space", "heads"})

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.trunk = trunk(config)
        self.head = nn.Linear(config.features, sum(config.heads.values()))  # all attributes' logits side by side

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8), heads={"label": 3, "shade": 2}, width=4, features=8),)

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        order = sorted(info.labels, key=lambda attribute: attribute != info.main_label)  # the main label first
        heads = {attribute: len(info.labels[attribute]) for attribute in order}
        return super().config_for(info, **{"heads": heads, **overrides})

    @classmethod
    def needs(cls, config: Config) -> Needs:
        return Needs(labels=config.heads)

    # --- Reading pictures ---

    @classmethod
    def heads(cls, config: Config) -> Mapping[str, int]:
        return config.heads

    def features(self, x: Tensor) -> Tensor:
        return self.trunk(self.config.space.centre(self.here(x)))

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        parts = self.head(self.here(features)).split(list(self.config.heads.values()), dim=1)
        return dict(zip(self.config.heads, parts, strict=True))

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        # Decay pulls on the weights that multiply; biases and batch norm's gains set a scale and stay free.
        groups = [
            {"params": [p for p in self.parameters() if p.ndim > 1], "weight_decay": training.weight_decay},
            {"params": [p for p in self.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ]
        return {"classifier": AdamW(groups, training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        logits = self.logits(self.features(shifted(batch.x, training.shift, batch.rng)))
        loss = loss_of(logits, batch.labels)
        optimizers["classifier"].zero_grad()
        loss.backward()
        optimizers["classifier"].step()

        right = [(logit.argmax(1) == batch.labels[name]).float().mean() for name, logit in logits.items()]
        return {"loss": loss.detach(), "accuracy": torch.stack(right).mean().detach()}
