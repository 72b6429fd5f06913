"""What the page Latent space computes, and keeps: latents, what is decoded of them, planes, the use of single numbers.

Latents travel as float32 arrays (N, Z), pictures as uint8 (N, H, W, C).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib.budget import MADE
from genlib.contract import Controls, Encodes, HasPosterior, Latent, Names
from genlib.errors import GenlibError
from genlib.sheets import grid, to_uint8
from genlib.spaces import Pictures
from genlib.ui import loaders
from genlib.ui.pages import CANDIDATES

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.checkpoint import Checkpoint
    from genlib.latents.planes import Plane
    from genlib.measures.judge import Judge

CODES = 2000  # held-out pictures that are encoded for a plane
BATCH = 256  # pictures encoded or decoded at once
LIGHT = 64  # grey level: above it is no background
ACROSS = 20  # tiles in a row of a mosaic


@dataclass(frozen=True)
class Coded:
    """Held-out pictures in the latent space.

    z        (N, Z)
    labels   int64 (N,), of the data set's main attribute; `names` are its classes
    """

    z: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]


def latent(checkpoint: Checkpoint) -> Latent:
    """How many numbers a code of the model has, and their law."""
    model: Any = checkpoint.model_class
    found: Latent = model.latent(checkpoint.config)
    return found


def offered(checkpoint: Checkpoint, given: str, first: int, controls: Controls) -> tuple[np.ndarray, list[int]]:
    """Pictures to choose from, and their numbers: seeds, or numbers of held-out pictures. GenlibError."""
    if given == "seeds":
        seeds = range(first, first + CANDIDATES)
        return decoded(checkpoint, drawn(checkpoint, seeds, controls)), list(seeds)
    pixels = real(checkpoint)
    numbers = [i * len(pixels) // CANDIDATES for i in range(CANDIDATES)]
    return pixels[numbers], numbers


def latents(checkpoint: Checkpoint, given: str, numbers: list[int], controls: Controls) -> np.ndarray:
    """Those of the pictures with these numbers, (N, Z). GenlibError: a number of no picture."""
    if not numbers:
        return np.zeros((0, latent(checkpoint).dims), np.float32)
    if given == "seeds":
        return drawn(checkpoint, numbers, controls)
    pixels = real(checkpoint)
    for number in numbers:
        if number >= len(pixels):
            raise GenlibError(f"There are {len(pixels)} held-out pictures, numbered from 0, and no number {number}.")
    return encoded(checkpoint, pixels[numbers])


def drawn(checkpoint: Checkpoint, seeds: range | list[int], controls: Controls) -> np.ndarray:
    """Draws of the model's prior, (N, Z)."""
    import torch

    model: Any = loaders.model(checkpoint)
    with loaders.computing, torch.inference_mode():
        z: Tensor = model.prior(list(seeds), controls)
    return z.cpu().numpy()


def encoded(checkpoint: Checkpoint, pictures: np.ndarray) -> np.ndarray:
    """Latents (N, Z) of pictures uint8 (N, H, W, C)."""
    import torch

    model = loaders.model(checkpoint)
    assert isinstance(model, Encodes)
    with loaders.computing, torch.inference_mode():
        parts = [
            model.encode(torch.from_numpy(pictures[i : i + BATCH]).permute(0, 3, 1, 2).float() / 255).cpu()
            for i in range(0, len(pictures), BATCH)
        ]
    return torch.cat(parts).numpy()


def decoded(checkpoint: Checkpoint, z: np.ndarray) -> np.ndarray:
    """Pictures uint8 (N, H, W, C) of latents (N, Z)."""
    import torch

    model: Any = loaders.model(checkpoint)
    with loaders.computing, torch.inference_mode():
        parts = [to_uint8(model.decode(torch.from_numpy(z[i : i + BATCH]))) for i in range(0, len(z), BATCH)]
    return np.concatenate(parts)


def real(checkpoint: Checkpoint) -> np.ndarray:
    """Held-out pictures of the model's data, uint8 (N, H, W, C), at most CODES. DataError, GenlibError."""
    return _held_out(checkpoint)[0]


def extent(checkpoint: Checkpoint) -> float:
    """How long is what held-out pictures show, the median of the longer sides, in pixels: 20 of 28 for digits. Of data
    that is not here: the whole square."""
    try:
        light = real(checkpoint).max(3) > LIGHT
    except GenlibError:
        return float(checkpoint.config.space.shape[-1])
    return float(np.median(np.maximum(light.any(1).sum(1), light.any(2).sum(1))))


def coded(checkpoint: Checkpoint) -> Coded:
    """The held-out pictures as the model encodes them. DataError, GenlibError."""

    def make() -> Coded:
        pixels, labels, names = _held_out(checkpoint)
        return Coded(encoded(checkpoint, pixels), labels, names)

    return MADE.get(("coded", *loaders.key(checkpoint)), make)


def plane(checkpoint: Checkpoint, cut: str, keys: np.ndarray | None) -> Plane:
    """The plane that is shown. `keys`: the latents (3, Z) that it goes through, for the cut "three". GenlibError."""
    import torch

    from genlib.latents import planes

    if cut == "three":
        assert keys is not None
        return planes.through(torch.from_numpy(keys))
    if cut == "whole":
        return planes.whole(2, _reach(checkpoint))
    return planes.principal(torch.from_numpy(coded(checkpoint).z))


def mosaic(checkpoint: Checkpoint, shown: Plane) -> np.ndarray:
    """ACROSS x ACROSS pictures of the plane as one, uint8 (H, W, C)."""
    where = (shown.origin.numpy().tobytes(), shown.axes.numpy().tobytes(), shown.extent)
    return MADE.get(
        ("mosaic", *loaders.key(checkpoint), where),
        lambda: grid(decoded(checkpoint, shown.mosaic(ACROSS).numpy()), ACROSS, gap=0),
    )


def jumps(checkpoint: Checkpoint, pictures: np.ndarray) -> np.ndarray:
    """How far each picture uint8 (T, H, W, C) is from the one before, (T - 1,), in the features of the classifier that
    the repository ships for the model's data. GenlibError: there is none."""
    from genlib.latents import paths

    return paths.step_lengths(_seen(checkpoint, pictures)[1]).numpy()


def read(checkpoint: Checkpoint, pictures: np.ndarray) -> dict[str, list[str]]:
    """Attribute -> what that classifier names of each picture uint8 (N, H, W, C). GenlibError: it is not there."""
    from genlib import data

    reader, features = _seen(checkpoint, pictures)
    if not isinstance(reader.model, Names):
        return {}
    labels = data.info(reader.data).labels
    return {
        attribute: [labels[attribute][i] for i in classes.tolist()]
        for attribute, classes in reader.names(features).items()
    }


def use_of_units(checkpoint: Checkpoint) -> tuple[np.ndarray, str]:
    """How much each number of the latent counts, (Z,), and what that is: nats of KL, or the change of a picture."""
    return MADE.get(("units", *loaders.key(checkpoint)), lambda: _use_of_units(checkpoint))


def _seen(checkpoint: Checkpoint, pictures: np.ndarray) -> tuple[Judge, Tensor]:
    """The shipped classifier for the model's data, and its features (N, F) of pictures. GenlibError: there is none."""
    import torch

    from genlib.measures import judge

    space = checkpoint.config.space
    assert isinstance(space, Pictures)
    found = judge.classifier_of(checkpoint.spec.recipe.data, space)
    reader = MADE.get(("judge", *loaders.key(found)), lambda: judge.load(found))
    with loaders.computing:
        return reader, reader.features(torch.from_numpy(pictures).permute(0, 3, 1, 2))


def _reach(checkpoint: Checkpoint) -> float:
    """How far from the origin a space of two dimensions is shown: where nearly all codes, or draws, are."""
    if issubclass(checkpoint.model_class, Encodes):
        return float(np.quantile(np.abs(coded(checkpoint).z).max(1), 0.98))
    return 2.5 if latent(checkpoint).law == "gaussian" else 1.0


def _held_out(checkpoint: Checkpoint) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Pictures uint8 (N, H, W, C) evenly from the test split, their main labels (N,), and the names of those."""
    data_name, shape = checkpoint.spec.recipe.data, checkpoint.config.space.shape
    return MADE.get(("held-out", data_name, shape), lambda: _read(data_name, shape))


def _read(data_name: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    from genlib import data

    pictures = data.load_pictures(data_name, "test")
    if pictures.pixels.shape[1:] != shape:  # a Hub model may claim any data set
        raise GenlibError(f"The model's pictures have another shape than those that it learned from ({data_name}).")
    chosen = pictures.take(slice(None, None, max(1, len(pictures) // CODES)))
    attribute = chosen.info.main_label
    labels = chosen.labels[attribute][:CODES].numpy() if attribute in chosen.labels else np.zeros(CODES, np.int64)
    names = chosen.info.labels[attribute] if attribute in chosen.labels else ("pictures",)
    return np.ascontiguousarray(chosen.pixels[:CODES].permute(0, 2, 3, 1).numpy()), labels, tuple(names)


def _use_of_units(checkpoint: Checkpoint) -> tuple[np.ndarray, str]:
    import torch

    from genlib.latents import units

    model: Any = loaders.model(checkpoint)
    if isinstance(model, HasPosterior):
        x = torch.from_numpy(real(checkpoint)[:1000]).permute(0, 3, 1, 2).float() / 255
        with loaders.computing:
            return units.kl_per_unit(model, x).numpy(), "KL, nats"
    few = range(16)
    z = (
        encoded(checkpoint, real(checkpoint)[:16])
        if isinstance(model, Encodes)
        else drawn(checkpoint, few, model.Controls())
    )
    start = torch.from_numpy(z)
    with loaders.computing:
        return units.effect_per_unit(model, start, float(start.std())).numpy(), "change of the picture, RMS"
