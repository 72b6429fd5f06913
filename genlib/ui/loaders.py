"""What the pages load, cached. torch is imported by the first model, after the page's heading is painted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import catalog
from genlib.checkpoint import CONFIG, WEIGHTS, Checkpoint, CheckpointError
from genlib.contract import Controls, Criticises, LogProb, Samples, Scores, TakesHints, Translates
from genlib.sheets import to_uint8

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.contract import Criticism
    from genlib.models.base import Model
    from genlib.novelty import World

CHUNK = 2**17  # pixels sampled at once: 32 pictures of 64 x 64; bounds the memory that large ones take
EXAMPLES = 24  # held-out pictures that a translating model is shown with
OPENED = "opened"  # session state: the Hub's checkpoints that this visitor opened, by name


def samplers() -> dict[str, Checkpoint]:
    """The checkpoints that make pictures: the shipped ones, then those that the visitor opened from the Hub."""
    found = catalog.checkpoints() | st.session_state.get(OPENED, {})
    return {name: c for name, c in found.items() if issubclass(c.model_class, Samples)}


def translators() -> dict[str, Checkpoint]:
    """The checkpoints that translate pictures, likewise: first those that take hints, the largest pictures first."""
    found = catalog.checkpoints() | st.session_state.get(OPENED, {})
    able = {name: c for name, c in found.items() if issubclass(c.model_class, Translates)}
    order = sorted(
        able, key=lambda n: (not issubclass(able[n].model_class, TakesHints), -able[n].model_config.image_size)
    )
    return {name: able[name] for name in order}


def model(checkpoint: Checkpoint) -> Model:
    """The model with its weights, shared by all visitors (evaluating it is safe in threads). CheckpointError."""
    return _model(str(checkpoint.folder), _version(checkpoint), checkpoint)


def pictures(checkpoint: Checkpoint, seeds: Sequence[int], controls: Controls) -> np.ndarray:
    """uint8 (B, H, W, C): what the model makes of `seeds`. CheckpointError."""
    return _pictures(str(checkpoint.folder), _version(checkpoint), tuple(seeds), controls.model_dump_json(), checkpoint)


def opinion(checkpoint: Checkpoint, image: np.ndarray) -> tuple[Criticism | None, LogProb | None]:
    """What the model holds of a picture uint8 (H, W, C), where it has a discriminator or a likelihood."""
    import torch

    judge, batch = model(checkpoint), _batch(image)
    with torch.inference_mode():
        return (
            judge.criticise(batch) if isinstance(judge, Criticises) else None,
            judge.log_prob(batch) if isinstance(judge, Scores) else None,
        )


def examples(checkpoint: Checkpoint, source: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Held-out inputs of a translating model, uint8 (N, S, S, C) with N at most EXAMPLES, and their true answers where
    these are known. DataError, CheckpointError."""
    return _examples(str(checkpoint.folder), _version(checkpoint), source, checkpoint)


def world(checkpoint: Checkpoint, source: str) -> World:
    """What the inputs of a translating model look like. DataError, CheckpointError."""
    return _world(str(checkpoint.folder), _version(checkpoint), source, checkpoint)


@st.cache_data(max_entries=64, show_spinner=False)
def neighbours(data_name: str, image: np.ndarray, k: int = 5) -> list[tuple[float, np.ndarray]]:
    """The nearest training pictures: (distance, uint8 (H, W, C)), nearest first. DataError, CheckpointError."""
    from genlib import data

    info = data.info(data_name)
    channels, side, _ = info.image_shape
    if image.shape[2] != channels or image.shape[0] not in {side, *info.sizes}:  # a Hub model may claim any data set
        raise CheckpointError(f"The model's pictures have another shape than its training pictures ({data_name}).")
    (found,) = data.nearest(data_name, _batch(image), k)
    return [(float(d), p.permute(1, 2, 0).numpy()) for d, p in zip(found.distances, found.pixels, strict=True)]


def _batch(image: np.ndarray) -> Tensor:
    """float32 (1, C, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


def _version(checkpoint: Checkpoint) -> tuple[int, ...]:
    """Another one as soon as the checkpoint is trained or pulled anew."""
    files = [Path(checkpoint.folder) / name for name in (CONFIG, WEIGHTS)]
    return tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files)


@st.cache_data(max_entries=6, show_spinner=False)
def _examples(
    folder: str, version: tuple[int, ...], source: str, _checkpoint: Checkpoint
) -> tuple[np.ndarray, np.ndarray | None]:
    from genlib import data, translation

    translator, recipe = model(_checkpoint), _checkpoint.spec.recipe
    assert isinstance(translator, Translates)
    domain, _ = translation.source_of(translator, source)
    inputs: list[np.ndarray] = []
    truths: list[np.ndarray] = []
    parts = data.parts(recipe.data)
    for part in parts:
        images = data.load(part, "test", size=recipe.size)
        # Spread over the split, as its neighbours are alike; eight times too many, since a domain may be a part of it.
        spread = images.take(slice(None, None, max(1, len(images) // (8 * EXAMPLES))))
        found, answers = translation.examples(translator, spread, domain, _checkpoint.model_config.image_size)
        chosen = slice(None, None, max(1, len(found) * len(parts) // EXAMPLES))
        inputs.append(to_uint8(found[chosen])[: EXAMPLES // len(parts)])
        if answers is not None:
            truths.append(to_uint8(answers[chosen])[: EXAMPLES // len(parts)])
    return np.concatenate(inputs), np.concatenate(truths) if truths else None


@st.cache_resource(max_entries=6, show_spinner=False)
def _world(folder: str, version: tuple[int, ...], source: str, _checkpoint: Checkpoint) -> World:
    from genlib import novelty

    translator = model(_checkpoint)
    assert isinstance(translator, Translates)
    return novelty.world(translator, source, _checkpoint.spec.recipe.data)


# An argument that begins with an underscore is not part of the cache's key.


@st.cache_resource(max_entries=4, show_spinner=False)
def _model(folder: str, version: tuple[int, ...], _checkpoint: Checkpoint) -> Model:
    return _checkpoint.load()


@st.cache_data(max_entries=16, show_spinner=False)
def _pictures(
    folder: str, version: tuple[int, ...], seeds: tuple[int, ...], controls: str, _checkpoint: Checkpoint
) -> np.ndarray:
    import torch

    source = model(_checkpoint)
    assert isinstance(source, Samples)
    values = source.Controls.model_validate_json(controls)
    _, height, width = _checkpoint.model_config.image_shape
    most = max(1, CHUNK // (height * width))
    with torch.inference_mode():  # a seed is one picture, whatever it is sampled with
        parts = [to_uint8(source.sample(seeds[i : i + most], values)) for i in range(0, len(seeds), most)]
    return np.concatenate(parts)
