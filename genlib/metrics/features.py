"""Pictures -> features: the numbers by which a classifier of this repository describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlib import catalog
from genlib.contract import Embeds, GenlibError, Samples, Seeds

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint


def extractor(data_name: str, image_shape: tuple[int, int, int]) -> Checkpoint:
    """The shipped classifier of a data set, for pictures (C, H, W). GenlibError: there is none."""
    for checkpoint in catalog.checkpoints().values():
        fits = checkpoint.spec.recipe.data == data_name and checkpoint.model_config.image_shape == image_shape
        if fits and issubclass(checkpoint.model_class, Embeds):
            return checkpoint
    channels, height, width = image_shape
    raise GenlibError(
        f"There is no classifier for {data_name} at {channels} x {height} x {width}, which these metrics need; "
        f"train one with python -m genlib train classifier --data {data_name}."
    )


@torch.inference_mode()
def extract(images: Tensor, classifier: Embeds, batch: int = 256) -> Tensor:
    """Features float32 (N, D), on the CPU, of images (N, C, H, W): float in [0, 1], or uint8."""
    return torch.cat([classifier.features(as_float(part)).float().cpu() for part in images.split(batch)])


def features_of(images: Tensor, judge: Checkpoint) -> Tensor:
    """Like extract(), by the classifier of a checkpoint that extractor() found."""
    classifier = judge.load()
    assert isinstance(classifier, Embeds)
    return extract(images, classifier)


@torch.inference_mode()
def draw(model: Samples, seeds: Seeds, batch: int = 250) -> Tensor:
    """Samples at the model's default controls, uint8 (N, C, H, W): 8 bits, like the real pictures beside them."""
    parts = [model.sample(seeds[at : at + batch]) for at in range(0, len(seeds), batch)]
    return torch.cat([part.mul(255).round().to(torch.uint8).cpu() for part in parts])


def spread(rows: Tensor, count: int) -> Tensor:
    """`count` of the rows at even distances: a test set's first half may be the easier one, as MNIST's is."""
    return rows[:: max(1, len(rows) // count)][:count]


def as_float(images: Tensor) -> Tensor:
    """uint8 images as float32 in [0, 1]; float ones as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images
