"""What passes through the contract: batches, and answers that are more than a tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """One training batch.

    x           float32 (B, *shape), on the run's device.
    rng         the noise of this step. Nothing else is drawn from: the process's own generator belongs to nobody.
    step, steps this step's number, from 0, and how many there will be.
    labels      attribute -> int64 (B,).
    condition   float32 (B, 1, H, W) in [0, 1], the line drawings of a paired data set.
    another     see fresh().
    """

    x: Tensor
    rng: torch.Generator
    step: int
    steps: int
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    condition: Tensor | None = None
    another: Callable[[], Batch] | None = None

    def fresh(self) -> Batch:
        """Another batch for the same step, for a player that moves more than once: a new one at each call, the same
        ones again when the step is repeated."""
        if self.another is None:
            raise ValueError("this batch was made by hand and has no others beside it")
        return self.another()


@dataclass(frozen=True)
class LogProb:
    """Log-likelihood: nats (B,), what kind of number that is, and how it was come by, in a few words.

    error   standard error of what is estimated, the same for all x, nats
    other   what makes of these nats the estimate that errs to the other side: to be added to each
    """

    nats: Tensor
    kind: Literal["exact", "lower bound", "estimate", "unnormalised"]
    note: str = ""
    error: float = 0.0
    other: float | None = None


@dataclass(frozen=True)
class Partition:
    """log Z, the logarithm of what all unnormalised probabilities add up to, in nats; estimated from both ends.

    below    on average too low, with its standard error
    above    on average too high, with its standard error
    weights  a checksum of the weights that it belongs to
    """

    below: float
    below_error: float
    above: float
    above_error: float
    weights: int = 0


@dataclass(frozen=True)
class Predictions:
    """What a model foresaw of each pixel of pictures, from those before it: rows from the top, each from the left.

    read    which of the L greys it takes each pixel for, int64 (B, H, W)
    nats    log-probability of each grey, float32 (B, L, H, W)
    greys   what these are, from black to white, (L,) in [0, 1]
    """

    read: Tensor
    nats: Tensor
    greys: Tensor

    @property
    def of_read(self) -> Tensor:
        """Log-probability of what each pixel is, (B, H, W): log_prob is their sum, and their negatives the surprise."""
        return self.nats.gather(1, self.read[:, None])[:, 0]


@dataclass(frozen=True)
class Criticism:
    """A discriminator's word: score (B,), higher is more real unless it is an energy."""

    score: Tensor
    meaning: Literal["probability", "critic value", "energy"]
