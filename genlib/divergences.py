"""How far one law is from another: on a grid of places, or between two sets of points.

KL(p || q) = sum p log p / q          0 where they are the same, infinite where q leaves out what p has
JS(p, q)   = KL(p || m) / 2 + KL(q || m) / 2,   m = (p + q) / 2         at most log 2
EMD(x, y)  = min over pairings of the mean distance |x_i - y_pi(i)|     what it costs to carry x to y

Goodfellow et al., "Generative Adversarial Nets", NIPS 2014 (proposition 1). https://arxiv.org/abs/1406.2661
    Against a fixed generator the best discriminator is D*(x) = p(x) / (p(x) + q(x)).
Kantorovich's distance between two sets of as many points is an assignment problem (Burkard, Dell'Amico, Martello,
    "Assignment Problems", SIAM 2009).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def kl(log_p: Tensor, log_q: Tensor) -> float:
    """KL(p || q) in nats of two densities on the same places of a grid: logarithms (M,), up to a constant each.

    Each is made to sum to 1 over the grid, so the grid has to hold nearly all of both.
    """
    p, q = log_p.double().log_softmax(0), log_q.double().log_softmax(0)
    terms = p.exp() * (p - q)
    return float(torch.where(p.exp() > 0, terms, 0).sum())


def js(log_p: Tensor, log_q: Tensor) -> float:
    """JS(p, q) in nats, from 0 to log 2; takes what kl() takes."""
    p, q = log_p.double().log_softmax(0), log_q.double().log_softmax(0)
    middle = torch.logaddexp(p, q) - math.log(2)
    return max(0.0, (kl(p, middle) + kl(q, middle)) / 2)


def earth_movers(x: Tensor, y: Tensor) -> float:
    """Between two sets of as many points (N, D) each, in their own unit: exact. N^3 steps in the plane.

    ValueError: there are not as many of one as of the other.
    """
    if x.shape != y.shape:
        raise ValueError(f"the sets have shapes {tuple(x.shape)} and {tuple(y.shape)}")
    x, y = x.cpu().double(), y.cpu().double()
    if x.shape[1] == 1:  # on a line nothing is gained by crossing over
        return float((x.sort(0).values - y.sort(0).values).abs().mean())
    from scipy.optimize import linear_sum_assignment

    costs = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    rows, columns = linear_sum_assignment(costs)
    return float(costs[rows, columns].mean())


def optimal_discriminator(log_p: Tensor, log_q: Tensor) -> Tensor:
    """p / (p + q), from the logarithms of the data's density and of the generator's at the same places."""
    return torch.sigmoid(log_p - log_q)
