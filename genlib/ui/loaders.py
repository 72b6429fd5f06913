"""What the pages load, kept within the budget of genlib/budget.py and shared by all visitors: nobody may change it.

torch is imported by the first model, after the page's heading is painted.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib.budget import MADE
from genlib.errors import GenlibError
from genlib.ui.pages import EXAMPLES

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.checkpoint import Checkpoint
    from genlib.contract import Controls, Criticism, Domain, LogProb, Translates
    from genlib.figures.points import Real
    from genlib.models.base import Model
    from genlib.novelty import Styles, World
    from genlib.unrolling import Steps

    AnyModel = Model[Any, Any, Any]

CHUNK = 2**17  # pixels sampled at once: 32 pictures of 64 x 64; bounds the memory that large ones take
REAL = 2000  # held-out points that made ones are shown over
OPENED = "opened"  # session state: the checkpoints of the Hub and of zips that this visitor opened, by name

# One network computes at a time, with all cores. Several at once, each with threads of its own for every core, wait for
# each other's threads: twenty visitors' pictures take several times as long as one after the other.
computing = threading.Lock()


def shipped(name: str) -> Checkpoint:
    """The shipped checkpoint of that name. CheckpointError."""
    from genlib import checkpoint

    return checkpoint.shipped(name)


def model(checkpoint: Checkpoint) -> AnyModel:
    """The model with its weights (evaluating it is safe in threads). CheckpointError."""
    return MADE.get(("model", *key(checkpoint)), checkpoint.load)


def translator(checkpoint: Checkpoint) -> Translates:
    """The same of a model that translates. CheckpointError."""
    from genlib.contract import Translates

    found = model(checkpoint)
    assert isinstance(found, Translates)
    return found


def samples(checkpoint: Checkpoint, seeds: Sequence[int], controls: Controls) -> np.ndarray:
    """What the model makes of `seeds`: pictures uint8 (B, H, W, C), or points float32 (B, D). CheckpointError."""
    return MADE.get(
        ("samples", *key(checkpoint), _named(seeds), controls.model_dump_json()),
        lambda: _samples(checkpoint, seeds, controls),
    )


def steps(checkpoint: Checkpoint, seeds: Sequence[int], controls: Controls) -> Steps:
    """How the pictures of `seeds` come to be. CheckpointError."""
    from genlib import unrolling
    from genlib.contract import Unrolls

    def make() -> Steps:
        source = model(checkpoint)
        assert isinstance(source, Unrolls)
        with computing:
            return unrolling.steps(source, seeds, controls)

    return MADE.get(("steps", *key(checkpoint), _named(seeds), controls.model_dump_json()), make)


def opinion(checkpoint: Checkpoint, picture: np.ndarray) -> tuple[Criticism | None, LogProb | None]:
    """What the model holds of a picture uint8 (H, W, C), where it has a discriminator or a likelihood."""
    import torch

    from genlib.contract import Criticises, Scores

    judge, x = model(checkpoint), _x(picture)
    with computing, torch.inference_mode():
        return (
            judge.criticise(x) if isinstance(judge, Criticises) else None,
            judge.log_prob(x) if isinstance(judge, Scores) else None,
        )


def examples(checkpoint: Checkpoint, source: Domain) -> tuple[np.ndarray, np.ndarray | None]:
    """Held-out inputs of a translating model, uint8 (N, S, S, C) with N at most EXAMPLES, and their true answers where
    these are known. DataError, CheckpointError."""
    return MADE.get(("examples", *key(checkpoint), source), lambda: _examples(checkpoint, source))


def world(checkpoint: Checkpoint, source: Domain) -> World:
    """What the inputs of a translating model look like. DataError, CheckpointError."""
    from genlib import novelty

    return MADE.get(
        ("world", *key(checkpoint), source),
        lambda: novelty.world(translator(checkpoint), source, checkpoint.spec.recipe.data),
    )


def styles(checkpoint: Checkpoint, source: Domain, coloured: bool) -> Styles:
    """How the pictures look that a translating model learned from. DataError, CheckpointError."""
    from genlib import novelty

    return MADE.get(
        ("styles", *key(checkpoint), source, coloured),
        lambda: novelty.styles(translator(checkpoint), source, checkpoint.spec.recipe.data, coloured),
    )


def real_points(checkpoint: Checkpoint) -> Real:
    """What the points of a model should be like. DataError, GenlibError."""
    data_name = checkpoint.spec.recipe.data
    real = points_of(data_name)
    if real.points.shape[1:] != checkpoint.config.space.shape:  # a Hub model may claim any data set
        raise GenlibError(f"The model's points have another dimension than those that it learned from ({data_name}).")
    return real


def neighbours(data_name: str, picture: np.ndarray, k: int = 5) -> list[tuple[float, np.ndarray]]:
    """The nearest training pictures: (distance, uint8 (H, W, C)), nearest first. DataError, GenlibError."""
    from genlib import data

    info = data.info(data_name)
    channels, side = info.space.shape[0], info.space.shape[-1]
    fits = info.kind == "pictures" and picture.shape[2] == channels and picture.shape[0] in {side, *info.sizes}
    if not fits:  # a Hub model may claim any data set
        raise GenlibError(f"The model's pictures have another shape than its training pictures ({data_name}).")

    def make() -> list[tuple[float, np.ndarray]]:
        (found,) = data.nearest(data_name, _x(picture), k)
        return [(float(d), p.permute(1, 2, 0).numpy()) for d, p in zip(found.distances, found.pixels, strict=True)]

    return MADE.get(("nearest", data_name, digest(picture), k), make)


def digest(picture: np.ndarray) -> tuple[bytes, tuple[int, ...]]:
    """Tells a picture from every other."""
    return hashlib.blake2b(np.ascontiguousarray(picture).data).digest(), picture.shape


def _x(picture: np.ndarray) -> Tensor:
    """float32 (1, C, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


def key(checkpoint: Checkpoint) -> tuple[str, tuple[int, ...]]:
    """Of the caches below: another one as soon as the checkpoint is trained or pulled anew."""
    from genlib.checkpoint import CONFIG, WEIGHTS

    files = [checkpoint.folder / name for name in (CONFIG, WEIGHTS)]
    return str(checkpoint.folder), tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files)


def _named(seeds: Sequence[int]) -> Sequence[int]:
    """Of a key: a range is short, however long it is."""
    return seeds if isinstance(seeds, range) else tuple(seeds)


def _samples(checkpoint: Checkpoint, seeds: Sequence[int], controls: Controls) -> np.ndarray:
    import torch

    from genlib.contract import Samples
    from genlib.sheets import to_uint8

    source = model(checkpoint)
    assert isinstance(source, Samples)
    space = checkpoint.config.space
    most = max(1, CHUNK // prod(space.shape[-2:]))
    parts = []
    for i in range(0, len(seeds), most):  # a seed is one x, whatever it is sampled with
        with computing, torch.inference_mode():
            x = source.sample(seeds[i : i + most], controls).cpu()
            parts.append(to_uint8(x) if space.kind == "pictures" else x.numpy())
    return np.concatenate(parts)


def points_of(data_name: str) -> Real:
    """Held-out points of a set, and what is known of its law. DataError."""
    return MADE.get(("points", data_name), lambda: _points_of(data_name))


def _points_of(data_name: str) -> Real:
    import torch

    from genlib import data
    from genlib.figures.points import Real, view

    found = data.load_points(data_name, "test")
    points, density = found.sample(REAL).numpy(), None
    if points.shape[1] == 1:
        low, high = view(points)[:, 0].tolist()
        at = torch.linspace(low, high, 400)
        density = at.numpy(), found.density.log_density(at[:, None]).exp().numpy()
    modes = found.density.modes
    return Real(points, None if modes is None else modes.numpy(), density)


def _examples(checkpoint: Checkpoint, source: Domain) -> tuple[np.ndarray, np.ndarray | None]:
    from genlib import data, translation
    from genlib.sheets import to_uint8

    recipe, side = checkpoint.spec.recipe, checkpoint.config.space.shape[-1]
    inputs: list[np.ndarray] = []
    truths: list[np.ndarray] = []
    parts = data.parts(recipe.data)
    for part in parts:
        # Spread over the split, as its neighbours are alike; eight times too many, since a domain may be a part of it.
        every = max(1, data.info(part).splits["test"] // (8 * EXAMPLES))
        spread = data.load_pictures(part, "test", size=recipe.size, every=every)
        found: list[np.ndarray] = []
        answers: list[np.ndarray] = []
        for x, truth in translation.examples(translator(checkpoint), spread, source, side):
            found.extend(to_uint8(x))
            answers.extend(() if truth is None else to_uint8(truth))
        chosen = slice(None, None, max(1, len(found) * len(parts) // EXAMPLES))
        inputs += found[chosen][: EXAMPLES // len(parts)]
        truths += answers[chosen][: EXAMPLES // len(parts)]
    return np.stack(inputs), np.stack(truths) if truths else None
