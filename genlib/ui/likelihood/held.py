"""What the page Likelihood computes, and keeps: what models hold of one picture and of many.

Pictures are uint8 (H, W, C), or (N, H, W, C).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib import crowds, fitting, sources
from genlib.budget import MADE
from genlib.contract import Bounds, Completes, Controls, LogProb, Predicts, Samples, Scores
from genlib.spaces import Pictures
from genlib.ui import loaders
from genlib.ui.pages import COMPLETIONS, LIKELIHOOD, OFFERED

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.catalog import Listed
    from genlib.checkpoint import Checkpoint
    from genlib.scoring import Scored

# Pictures of each crowd, where one has at most SMALL numbers, and of larger ones: a page waits a second or two for it.
# The bound of a larger one ends with one step less.
MANY, FEW, SMALL = 300, 60, 4000
DRAWS = 5  # importance samples for each picture of a crowd
TURN = 20  # pictures that are scored before others have their turn
COMPUTED = "crowd scored"  # key of the budget


@dataclass(frozen=True)
class Foreseen:
    """What a model foresaw of each pixel: `read` (H, W) is which of the `greys` (L,) each is, `nats` (L, H, W)."""

    read: np.ndarray
    nats: np.ndarray
    greys: np.ndarray

    @property
    def surprise(self) -> np.ndarray:
        """Of each pixel, in nats (H, W)."""
        return -np.take_along_axis(self.nats, self.read[None], 0)[0]

    @property
    def picture(self) -> np.ndarray:
        """As the model reads it, uint8 (H, W, 1)."""
        return (255 * self.greys[self.read]).round().astype(np.uint8)[..., None]


def space(checkpoint: Checkpoint) -> Pictures:
    found = checkpoint.config.space
    assert isinstance(found, Pictures)  # the page shows no others
    return found


# --- One picture -----------------------------------------------------------------------------------------------------


def offered(checkpoint: Checkpoint) -> np.ndarray:
    """Test pictures to choose from. DataError, GenlibError."""
    found = crowd(checkpoint, "test")
    return found[np.arange(OFFERED) * len(found) // OFFERED]


def members(checkpoint: Checkpoint) -> list[Checkpoint]:
    """The models that say how likely a picture of this one's kind is: itself first, and shipped ones of its data."""
    found = [checkpoint]
    for name, listed in LIKELIHOOD.shelf().items():
        if name == checkpoint.name or listed.data != checkpoint.spec.recipe.data:
            continue
        other = sources.find(name)
        if other.config.space == checkpoint.config.space:
            found.append(other)
    return found


def silent(checkpoint: Checkpoint) -> list[Listed]:
    """Shipped models of its data that make pictures, and cannot say how likely one is."""
    from genlib import catalog

    return [
        listed
        for listed in catalog.shelf().values()
        if listed.data == checkpoint.spec.recipe.data
        and Samples.__name__ in listed.about.capabilities
        and Scores.__name__ not in listed.about.capabilities
    ]


def log_prob(checkpoint: Checkpoint, picture: np.ndarray) -> LogProb:
    """What the model holds of a picture; what `genlib score` says, too. CheckpointError, GenlibError."""
    import torch

    from genlib import scoring

    def make() -> LogProb:
        model = loaders.model(checkpoint)
        assert isinstance(model, Scores)
        with loaders.computing, torch.inference_mode():
            found = model.log_prob(fitting.to_x(picture[None]))
        scoring.finite(found.nats, checkpoint.name)
        return found

    return MADE.get(("log_prob", *loaders.key(checkpoint), loaders.digest(picture)), make)


def tightened(
    checkpoint: Checkpoint, picture: np.ndarray, tell: Callable[[float, float], object]
) -> Mapping[int, float]:
    """Number of importance samples -> the bound with so many. `tell` hears what share is done, and the best so far."""
    from genlib import scoring

    def make() -> Mapping[int, float]:
        model = loaders.model(checkpoint)
        assert isinstance(model, Bounds)
        nats: dict[int, float] = {}
        draws = scoring.DRAWS if _small(checkpoint) else scoring.DRAWS[:-1]
        steps = scoring.tighten(model, fitting.to_x(picture[None]), draws)
        while True:
            with loaders.computing:  # others take their turn in between
                step = next(steps, None)
            if step is None:
                return nats
            nats = {k: float(value) for k, value in step.nats.items()}
            tell(step.done / step.draws, max(nats.values()))

    return MADE.get(("tightened", *loaders.key(checkpoint), loaders.digest(picture)), make)


def foreseen(checkpoint: Checkpoint, picture: np.ndarray) -> Foreseen:
    """Pixel by pixel. CheckpointError, GenlibError."""
    import torch

    from genlib import scoring

    def make() -> Foreseen:
        model = loaders.model(checkpoint)
        assert isinstance(model, Predicts)
        with loaders.computing, torch.inference_mode():
            found = model.predictions(fitting.to_x(picture[None]))
        scoring.finite(found.of_read, checkpoint.name)
        return Foreseen(found.read[0].cpu().numpy(), found.nats[0].cpu().numpy(), found.greys.cpu().numpy())

    return MADE.get(("foreseen", *loaders.key(checkpoint), loaders.digest(picture)), make)


def completed(
    checkpoint: Checkpoint, picture: np.ndarray, known: np.ndarray, first: int, controls: Controls
) -> np.ndarray:
    """A picture with what is not `known`, bool (H, W), made anew, once for each seed: (COMPLETIONS, H, W, C)."""
    from genlib import completion

    def make() -> np.ndarray:
        model: Any = loaders.model(checkpoint)
        assert isinstance(model, Completes)
        with loaders.computing:
            return completion.complete(model, picture, known, range(first, first + COMPLETIONS), controls)

    which = (loaders.digest(picture), loaders.digest(known), first, controls.model_dump_json())
    return MADE.get(("completed", *loaders.key(checkpoint), which), make)


# --- Many pictures ---------------------------------------------------------------------------------------------------


def count(checkpoint: Checkpoint) -> int:
    """How many pictures a crowd has, at most."""
    return MANY if _small(checkpoint) else FEW


def _small(checkpoint: Checkpoint) -> bool:
    return space(checkpoint).size <= SMALL


def crowd(checkpoint: Checkpoint, key: str) -> np.ndarray:
    """The pictures of a crowd (genlib/crowds.py), (N, H, W, C). DataError, GenlibError."""
    learned = checkpoint.spec.recipe.data

    def make() -> np.ndarray:
        found: Tensor = crowds.pictures(key, learned, space(checkpoint), count(checkpoint))
        return np.ascontiguousarray(found.permute(0, 2, 3, 1).numpy())

    return MADE.get(("crowd", key, learned, space(checkpoint), count(checkpoint)), make)


def scored(checkpoint: Checkpoint, key: str, tell: Callable[[float], object] = lambda share: None) -> Scored:
    """What the model holds of a crowd. `tell` hears what share is done. DataError, GenlibError."""
    pictures = crowd(checkpoint, key)
    return MADE.get((COMPUTED, *loaders.key(checkpoint), key), lambda: _scored(checkpoint, pictures, tell))


def scored_one(checkpoint: Checkpoint, picture: np.ndarray) -> Scored:
    """The same of one picture."""
    which = (COMPUTED, *loaders.key(checkpoint), loaders.digest(picture))
    return MADE.get(which, lambda: _scored(checkpoint, picture[None], lambda share: None))


def usual(checkpoint: Checkpoint) -> float:
    """Nats that training pictures have on average."""
    return float(scored(checkpoint, "train").nats.mean())


def _scored(checkpoint: Checkpoint, pictures: np.ndarray, tell: Callable[[float], object]) -> Scored:
    import torch

    from genlib import scoring

    model = loaders.model(checkpoint)
    assert isinstance(model, Scores)
    parts: list[Scored] = []
    for part in torch.from_numpy(pictures).permute(0, 3, 1, 2).split(TURN):
        with loaders.computing:
            parts.append(scoring.scored(model, part, DRAWS))
        scoring.finite(parts[-1].nats, checkpoint.name)
        tell(len(parts) * TURN / len(pictures))
    return scoring.joined(parts)
