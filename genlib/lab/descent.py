"""Two players on one function of two numbers: x walks down it, y walks up. A GAN is such a game of many numbers.

Goodfellow et al., "Generative Adversarial Networks", NeurIPS 2014 (eq. 1): min over G, max over D of V(D, G).
    https://arxiv.org/abs/1406.2661
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Value = Callable[[Tensor, Tensor], Tensor]


def saddle(x: Tensor, y: Tensor) -> Tensor:
    """x² + 2xy - 3y² + 4x + 5y + 6: a valley along x, a ridge along y."""
    return x**2 + 2 * x * y - 3 * y**2 + 4 * x + 5 * y + 6


def slopes(value: Value, at: tuple[float, float]) -> tuple[float, float]:
    """How fast `value` grows with x and with y, at a point (x, y)."""
    x, y = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in at)
    of_x, of_y = torch.autograd.grad(value(x, y), (x, y))
    return float(of_x), float(of_y)


def walk(value: Value, start: tuple[float, float], rate: float, steps: int) -> np.ndarray:
    """Where the players are, float64 (steps + 1, 2): both move at once, x by -rate times its slope, y by +rate."""
    path = [start]
    for _ in range(steps):
        (x, y), (of_x, of_y) = path[-1], slopes(value, path[-1])
        path.append((x - rate * of_x, y + rate * of_y))
    return np.array(path)
