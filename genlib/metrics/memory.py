"""Whether samples are copies: how near they come to training pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlib import data
from genlib.metrics.features import as_float


@dataclass(frozen=True)
class Memory:
    """Distance to the nearest training picture: root mean square difference of pixels in [0, 1], mean over pictures.

    distance  of samples
    floor     of test pictures, which cannot be copies: samples far below it may be
    closest   the smallest among the samples
    count     samples, and as many test pictures
    """

    distance: float
    floor: float
    closest: float
    count: int


def memory(data_name: str, made: Tensor, real: Tensor) -> Memory:
    """Of made and real images (N, C, H, W), uint8 or float in [0, 1]; as many of each are used as there are of both."""
    count = min(len(made), len(real))
    train = data.load(data_name, "train", size=made.shape[-1]).pixels
    of_made, of_real = nearest_distances(made[:count], train), nearest_distances(real[:count], train)
    return Memory(float(of_made.mean()), float(of_real.mean()), float(of_made.min()), count)


@torch.inference_mode()
def nearest_distances(images: Tensor, train: Tensor, block: int = 2000) -> Tensor:
    """Distance (N,), float64, of each of images (N, C, H, W) to the nearest of train (M, C, H, W).

    All at once by matrix products: a thousand queries take seconds, where `genlib.data.nearest`, made for a page that
    asks for one and must stay small, takes minutes.
    """
    x = as_float(images).flatten(1)
    best = torch.full((len(x),), torch.inf)
    which = torch.zeros(len(x), dtype=torch.long)
    for start in range(0, len(train), block):
        y = as_float(train[start : start + block]).flatten(1)
        # |x - y|^2 but for |x|^2, which is the same for all y
        found = torch.addmm(y.square().sum(1), x, y.T, alpha=-2).min(1)
        nearer = found.values < best
        best, which = torch.where(nearer, found.values, best), torch.where(nearer, start + found.indices, which)
    difference = x.double() - as_float(train[which]).flatten(1).double()  # exact, where the product above cancels
    return difference.square().mean(1).sqrt()
