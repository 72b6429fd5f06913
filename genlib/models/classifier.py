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
from pydantic import Field, StringConstraints
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import contract
from genlib.contract import Batch, Embeds, Paper, Recipe, Trains
from genlib.models.base import Model

if TYPE_CHECKING:
    from genlib.data import DataInfo

Attribute = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Classes = Annotated[int, Field(ge=2, le=64)]


class Config(contract.Config):
    heads: dict[Attribute, Classes] = Field(
        min_length=1, max_length=16, description="Attributes it names, the main one first, each with its classes"
    )
    width: int = Field(32, ge=4, le=128, description="Channels of the first layer; later ones have up to 4 x as many")
    features: int = Field(128, ge=4, le=512, description="Numbers that describe a picture")
    shift: int = Field(2, ge=0, le=16, description="While training, pictures move by up to this many pixels each way")


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
    """Images (B, C, H, W) -> features (B, D): halve until 8 pixels or fewer are left, then average over place.

    The last layer fixes the unit: each feature has mean 0 and variance 1 over the training pictures.
    """
    first_stride = 2 if c.image_size > 32 else 1  # large pictures are halved at once, for speed
    layers: list[nn.Module] = [convolution(c.channels, c.width, first_stride)]
    width, side = c.width, math.ceil(c.image_size / first_stride)
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


def rate_at(progress: float) -> float:
    """Share of the peak learning rate at `progress` in [0, 1]: up over the first 5 %, then down along a cosine."""
    return min(progress / 0.05, 0.5 * (1 + math.cos(math.pi * progress)))


class Classifier(Model, Embeds, Trains):
    Config: ClassVar = Config
    title = "Classifier"
    idea = (
        "Names what a picture shows. The layer before its answer describes a picture by a few numbers, and the metrics "
        "compare made pictures with real ones there."
    )
    paper = Paper(
        "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
        "Heusel et al.", 2017, "https://arxiv.org/abs/1706.08500",
    )  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.config: Config
        self.trunk = trunk(config)
        self.head = nn.Linear(config.features, sum(config.heads.values()))  # all attributes' logits side by side

    @classmethod
    def tiny(cls) -> Config:
        return Config(image_size=8, heads={"label": 3, "shade": 2}, width=4, features=8, shift=1)

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        order = sorted(info.labels, key=lambda attribute: attribute != info.main_label)  # the main label first
        heads = {attribute: len(info.labels[attribute]) for attribute in order}
        return super().config_for(info, **{"heads": heads, **overrides})

    def features(self, images: Tensor) -> Tensor:
        # Centred to [-1, 1] first, as everywhere.
        return self.trunk(2 * images - 1)

    def predict(self, images: Tensor) -> dict[str, Tensor]:
        """Attribute -> logits (B, classes), of images (B, C, H, W) in [0, 1]."""
        return self.logits(self.features(images))

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Attribute -> logits (B, classes), of features (B, D)."""
        parts = self.head(features).split(list(self.config.heads.values()), dim=1)
        return dict(zip(self.config.heads, parts, strict=True))

    # --- Training ---

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        peak = recipe.learning_rate or 2e-3
        # Decay pulls on the weights that multiply; biases and batch norm's gains set a scale and stay free.
        group = {"peak": peak, "done": 0}  # kept with the optimiser's state: a resumed run goes on along the schedule
        self.steps = recipe.steps
        return {
            "classifier": torch.optim.AdamW(
                [
                    {"params": [p for p in self.parameters() if p.ndim > 1], "weight_decay": 0.05, **group},
                    {"params": [p for p in self.parameters() if p.ndim == 1], "weight_decay": 0.0, **group},
                ],
                peak,
            )
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        optimizer = optimizers["classifier"]
        for group in optimizer.param_groups:
            group["done"] += 1
            group["lr"] = group["peak"] * rate_at(min(1.0, group["done"] / self.steps))

        logits = self.predict(shifted(batch.images, self.config.shift, batch.rng))
        loss = loss_of(logits, batch.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        right = [(logit.argmax(1) == batch.labels[name]).float().mean() for name, logit in logits.items()]
        return {"loss": loss.detach(), "accuracy": torch.stack(right).mean().detach()}
