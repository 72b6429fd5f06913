"""Pictures as measures take them: 8 bits a channel, on the CPU, like the files that real pictures come from."""

from __future__ import annotations

import torch
from torch import Tensor

RMS = "RMS is the root mean square of the differences, pixel by pixel: 0 between equal pictures."  # for cards


def as_float(x: Tensor) -> Tensor:
    """uint8 pictures as float32 in [0, 1]; what is float, pictures or points, as it is."""
    return x.float() / 255 if x.dtype == torch.uint8 else x


def as_bytes(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as uint8, rounded to the nearest level, on the CPU."""
    return images.mul(255).round().to(torch.uint8).cpu()


def evenly(rows: Tensor, count: int) -> Tensor:
    """`count` of the rows at even distances: a test set's first half may be the easier one, as MNIST's is."""
    return rows[:: max(1, len(rows) // count)][:count]
