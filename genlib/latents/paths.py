"""Ways from one latent to another.

    straight     z(t) = (1 - t) a + t b
    spherical    along the great circle from a's direction to b's, the norm going evenly from |a| to |b|

    White, "Sampling Generative Networks", 2016. https://arxiv.org/abs/1609.04468
    Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985: the spherical formula.

Of a standard normal law in Z dimensions nearly all draws have a norm near sqrt(Z): the square of it is chi-squared,
with mean Z and variance 2 Z. A straight line between two of them passes much nearer to the origin, where the model has
hardly been; the spherical way keeps to the shell. In a uniform law's cube, or where a model has no law, there is no
such shell, and the straight way is as good.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from genlib.contract import Latent
from genlib.errors import GenlibError

Way = Literal["spherical", "straight"]


def between(a: Tensor, b: Tensor, at: Tensor, way: Way) -> Tensor:
    """Latents (T, Z) on the way from `a` (Z,) to `b` (Z,) at the shares `at` (T,) of it, 0 for a and 1 for b."""
    t = at.to(a)[:, None]
    straight = (1 - t) * a + t * b
    if way == "straight":
        return straight
    norm_a, norm_b = a.norm(), b.norm()
    if min(norm_a, norm_b) == 0:  # the origin has no direction
        return straight
    angle = torch.arccos((a @ b / (norm_a * norm_b)).clamp(-1, 1))
    if angle < 1e-4 or angle > math.pi - 1e-4:  # the same direction, or opposite ones with every great circle between
        return straight
    direction = (torch.sin((1 - t) * angle) * (a / norm_a) + torch.sin(t * angle) * (b / norm_b)) / torch.sin(angle)
    return direction * ((1 - t) * norm_a + t * norm_b)


def loop(keys: Tensor, frames: int, way: Way, closed: bool = False) -> tuple[Tensor, list[int]]:
    """Latents (T, Z) on a way through all `keys` (K, Z), and at which of the T each key is.

    frames   T, shared evenly among the legs; at least one for each key
    closed   back to the first key at the end: a film of it, without its last frame, has no jump
    Raises GenlibError where there are no two keys, or two that follow each other are the same.
    """
    stops = [*keys, keys[0]] if closed else [*keys]
    if len(keys) < 2:
        raise GenlibError("A way needs two pictures at least: choose another one.")
    for i, (a, b) in enumerate(pairwise(stops)):
        if torch.equal(a, b):
            raise GenlibError(f"Picture {i + 1} and the next one are the same: choose two that differ.")
    legs = len(stops) - 1
    ends = [round(i * (frames - 1) / legs) for i in range(legs + 1)]
    parts = [
        between(a, b, torch.linspace(0, 1, end - start + 1)[:-1], way)
        for (a, b), (start, end) in zip(pairwise(stops), pairwise(ends), strict=True)
    ]
    return torch.cat([*parts, stops[-1][None]]), ends


def typical_norms(latent: Latent) -> tuple[float, float]:
    """Between which norms about 95 % of the draws of a Gaussian or uniform law lie.

    |z|^2 is a sum of independent terms: about normal, with mean Z m and variance Z v (m = 1, v = 2 for a standard
    normal z; m = 1/3, v = 4/45 for a uniform one on [-1, 1]). Raises GenlibError for another law.
    """
    moments = {"gaussian": (1.0, 2.0), "uniform": (1 / 3, 4 / 45)}
    if latent.law not in moments:
        raise GenlibError(f"Nothing is known of the norms of latents whose law is {latent.law!r}.")
    mean, variance = (latent.dims * moment for moment in moments[latent.law])
    low, high = mean - 1.96 * math.sqrt(variance), mean + 1.96 * math.sqrt(variance)
    return math.sqrt(max(low, 0.0)), math.sqrt(high)


def step_lengths(features: Tensor) -> Tensor:
    """How far each frame is from the one before it, (T - 1,): the Euclidean distance of features (T, F).

    Their sum is the way's length as the features see it; one that stands out is a jump.
    """
    return (features[1:] - features[:-1]).norm(dim=1)
