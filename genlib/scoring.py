"""What a model's likelihood of an x is good for: a bound that tightens, and scores that tell the odd from the usual.

    Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016. https://arxiv.org/abs/1509.00519
        Theorem 1: the bound rises with its number of draws, towards log p(x).
    Nalisnick et al., "Do Deep Generative Models Know What They Don't Know?", ICLR 2019.
        https://arxiv.org/abs/1810.09136. No: they may hold strangers likelier than what they learned.
    Nalisnick et al., "Detecting Out-of-Distribution Inputs Using Typicality", 2019. https://arxiv.org/abs/1906.02994
        What is as likely as training pictures usually are is typical; much likelier is odd, too.

>>> for step in scoring.tighten(model, x):                 # of a model that Bounds
...     print(step.done, step.nats)                        # {1: tensor([-91.2]), 5: tensor([-89.6]), ...}
>>> usual, odd = (scoring.scored(model, pictures) for pictures in (test, fashion))
>>> scoring.area(usual.oddity("likelihood", mean), odd.oddity("likelihood", mean))
0.997
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor

from genlib.contract import Bounds, Decodes, Encodes, LogProb, Scores
from genlib.errors import GenlibError

DRAWS = (1, 5, 50, 500, 5000)  # each divides the next one
BATCH = 50  # x scored at once

Score = Literal["likelihood", "typicality", "reconstruction"]


def bits_per_dim(nats: float, shape: Sequence[int]) -> float:
    """Of a picture: -nats / (C H W ln 2), lower is better."""
    return -nats / (prod(shape) * math.log(2))


def said(answer: LogProb, shape: Sequence[int]) -> str:
    """Of one picture: "-80.2712 nats, 0.1477 bits/dim (exact, of on-off pixels)"."""
    nats = float(answer.nats)
    ends = f" ± {answer.error:.4f}" if answer.error else ""
    if answer.other is not None:
        ends += f" (from the other end {nats + answer.other:.4f})"
    bits = "" if answer.kind == "unnormalised" else f", {bits_per_dim(nats, shape):.4f} bits/dim"
    return f"{nats:.4f} nats{ends}{bits} ({', '.join(filter(None, (answer.kind, answer.note)))})"


def finite(nats: Tensor, name: str) -> Tensor:
    """`nats`, if all of them are numbers. GenlibError: the model called `name` has none for some, as one with a law of
    no width at all."""
    if not bool(nats.isfinite().all()):
        raise GenlibError(f"{name} gives no finite likelihood here, as its law has no width: choose another model.")
    return nats


# --- A bound that tightens -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tightening:
    """What is known of the bound after `done` of `draws` draws: number of draws k -> the bound with k, nats (B,)."""

    done: int
    draws: int
    nats: Mapping[int, Tensor]


@torch.inference_mode()
def tighten(model: Bounds, x: Tensor, draws: Sequence[int] = DRAWS) -> Iterator[Tightening]:
    """The bound for each number of draws, on the CPU, again and again while they come.

    All draws serve every k: the bound with k is the mean over groups of k of them. Where each of `draws` divides the
    next one, the last answer rises from k to k for every x, and not only on average (Jensen).
    """
    most = max(draws)
    weights = torch.empty(len(x), 0)
    for part in model.log_weights(x, most):
        weights = torch.cat([weights, part.cpu()], 1)
        done = weights.shape[1]
        yield Tightening(done, most, {k: _bound(weights, k) for k in draws if k <= done})


def _bound(weights: Tensor, k: int) -> Tensor:
    """The mean over groups of k draws of the log of their mean weight, (B,) of log weights (B, n)."""
    groups = weights[:, : weights.shape[1] // k * k].unflatten(1, (-1, k))
    return (groups.logsumexp(2) - math.log(k)).mean(1)


# --- Many x ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """What a model holds of N x.

    nats     log-likelihood (N,)
    kind     what kind of number that is: see LogProb
    note     how it was come by
    errors   root mean square of x - decode(encode(x)), (N,); None where the model has no encoder and decoder
    """

    nats: Tensor
    kind: str
    note: str
    errors: Tensor | None

    def oddity(self, score: Score, usual: float) -> Tensor:
        """How odd each x is, (N,), higher is odder. usual: nats that training x have on average."""
        match score:
            case "likelihood":
                return -self.nats
            case "typicality":
                return (self.nats - usual).abs()
            case "reconstruction":
                assert self.errors is not None
                return self.errors


@torch.inference_mode()
def scored(model: Scores, x: Tensor, draws: int | None = None) -> Scored:
    """Of pictures uint8 (N, C, H, W), or of points or pictures as floats.

    draws   of a model that Bounds: how many each bound takes; None: as many as log_prob
    """
    found: list[LogProb] = []
    errors: list[Tensor] = []
    for part in x.split(BATCH):
        part = part.float() / 255 if part.dtype == torch.uint8 else part
        found.append(likelihood(model, part, draws))
        if isinstance(model, Encodes) and isinstance(model, Decodes):
            back = model.decode(model.encode(part)).cpu()
            errors.append((back - part).flatten(1).square().mean(1).sqrt())
    nats = torch.cat([p.nats.cpu() for p in found])
    return Scored(nats, found[0].kind, found[0].note, torch.cat(errors) if errors else None)


def joined(parts: Sequence[Scored]) -> Scored:
    """Of the x of several parts, which the same model scored."""
    errors = [part.errors for part in parts if part.errors is not None]
    nats = torch.cat([part.nats for part in parts])
    return Scored(nats, parts[0].kind, parts[0].note, torch.cat(errors) if errors else None)


@torch.inference_mode()
def likelihood(model: Scores, x: Tensor, draws: int | None = None) -> LogProb:
    """log_prob, or where the model Bounds and `draws` are said, the bound with so many."""
    return model.bound(x, draws) if draws and isinstance(model, Bounds) else model.log_prob(x)


def area(usual: Tensor, odd: Tensor) -> float:
    """Under the ROC curve: how often one of `odd` (M,) is odder than one of `usual` (N,), ties half; 0.5 is chance."""
    ordered = usual.sort().values
    below = torch.searchsorted(ordered, odd, right=False) + torch.searchsorted(ordered, odd, right=True)
    return float(below.double().mean()) / (2 * len(usual))


def roc(usual: Tensor, odd: Tensor) -> tuple[Tensor, Tensor]:
    """The curve, from (0, 0) to (1, 1): the shares of usual and of odd x that lie above a threshold as it falls."""
    thresholds = torch.cat([usual, odd]).unique().flip(0)
    rates = [(x[:, None] >= thresholds).double().mean(0) for x in (usual, odd)]
    start = torch.zeros(1, dtype=torch.float64)
    return torch.cat([start, rates[0]]), torch.cat([start, rates[1]])


def scores_of(model_class: type[Any]) -> tuple[Score, ...]:
    """Those that a model can have."""
    rebuilds = issubclass(model_class, Encodes) and issubclass(model_class, Decodes)
    return ("likelihood", "typicality", "reconstruction") if rebuilds else ("likelihood", "typicality")
