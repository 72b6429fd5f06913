"""The picture of a card: what the model makes, translates or reconstructs. Nothing is chosen by hand."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlib import data, sheets
from genlib.card import scatter
from genlib.checkpoint import Checkpoint
from genlib.contract import Decodes, Domain, Encodes, Samples, Seeds, TakesHints, Translates, Unrolls
from genlib.data import PictureSet, PointSet
from genlib.measures.pixels import as_float, evenly
from genlib.measures.subject import POINTS, draw
from genlib.measures.translation import answers, held_out
from genlib.models.base import Model
from genlib.spaces import Pictures

COLUMNS = 8
SIDE = 512  # px of the picture, about
EXAMPLES, PLACES = 16, 10  # held-out pictures of a translation, and hints for each
PAIRS = 32  # held-out pictures beside their reconstructions


@dataclass(frozen=True)
class Picture:
    """sheet uint8 (H, W, C), what it is, and a caption. `scale`: how many times each pixel is enlarged."""

    sheet: np.ndarray
    title: str
    caption: str
    scale: int = 1

    def packed(self) -> bytes:
        """PNG, as small as it gets, since it is kept in the repository: colours become the 256 that fit best."""
        from PIL import Image

        file, picture = io.BytesIO(), Image.open(io.BytesIO(sheets.png(self.sheet, self.scale)))
        (picture.quantize(256) if picture.mode == "RGB" else picture).save(file, "PNG", optimize=True)
        return file.getvalue()

    def shown(self, path: str) -> str:
        """Markdown: the picture, and its caption."""
        return f"![{self.title}]({path})\n\n{self.caption}"


def sheet(model: Samples, seeds: Seeds) -> bytes:
    """PNG of what a model makes of `seeds`: pictures side by side, or points in the plane."""
    x = draw(model, seeds)
    if x.ndim == 4:
        return sheets.png(sheets.grid(_pixels(x)))
    return sheets.png(scatter.plot(x.numpy(), None, None))


def describing(checkpoint: Checkpoint, model: Model[Any, Any, Any], here: bool = True) -> Picture | None:
    """The picture that says most about a checkpoint; None: it only names or describes what others made.

    here: whether its data are; else there is a picture only where none of them are in it.
    Raises GenlibError: the data set is missing or damaged.
    """
    if not here:
        return _samples(model) if isinstance(model, Samples) and isinstance(model.config.space, Pictures) else None
    if not isinstance(model.config.space, Pictures):
        return _points(checkpoint, model)
    if isinstance(model, Samples):
        return _samples(model)
    if isinstance(model, Translates):
        return _translations(checkpoint, model)
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        return _reconstructions(checkpoint, model)
    return None


def _pixels(images: Tensor) -> np.ndarray:
    """uint8 (N, C, H, W) -> uint8 (N, H, W, C)."""
    return images.permute(0, 2, 3, 1).contiguous().numpy()


# --- Samples and reconstructions -------------------------------------------------------------------------------------


def _samples(model: Any) -> Picture:
    made = _pixels(draw(model, range(COLUMNS**2)))
    grid = sheets.grid(made, across=COLUMNS, gap=0)
    caption = f"Seeds 0 to {COLUMNS**2 - 1} at default controls, row by row; none was chosen."
    if isinstance(model, Unrolls):
        grid = np.concatenate([grid, np.full_like(grid[: made.shape[1] // 4], 255), _steps(model)])
        caption += f" Below them seed 0 at {COLUMNS} of its steps, from the first to the last."
    return Picture(grid, "64 samples in 8 rows", caption, sheets.enlargement(grid.shape[1], SIDE))


@torch.inference_mode()
def _steps(model: Unrolls) -> np.ndarray:
    """One row of COLUMNS pictures: seed 0 on its way, at even distances."""
    steps = list(model.sample_steps([0]))
    chosen = [steps[round(i * (len(steps) - 1) / (COLUMNS - 1))] for i in range(COLUMNS)]
    return sheets.grid(sheets.to_uint8(torch.cat(chosen)), across=COLUMNS, gap=0)


@torch.inference_mode()
def _reconstructions(checkpoint: Checkpoint, model: Any) -> Picture:
    recipe = checkpoint.spec.recipe
    real = as_float(evenly(data.load_pictures(recipe.data, "test", size=recipe.size).pixels, PAIRS))
    pairs = torch.stack([real, model.decode(model.encode(real)).cpu()], 1).flatten(0, 1)
    grid = sheets.grid(sheets.to_uint8(pairs), across=COLUMNS)
    return Picture(
        grid,
        f"{PAIRS} held-out pictures and their reconstructions",
        f"{PAIRS} pictures at even distances in the test split, each with its reconstruction on its right; none was "
        "chosen.",
        sheets.enlargement(grid.shape[1], SIDE),
    )


# --- Points ----------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def _points(checkpoint: Checkpoint, model: Any) -> Picture | None:
    """Samples, or reconstructions of held-out points where it makes none, over points of the data."""
    test = data.load_points(checkpoint.spec.recipe.data, "test")
    real = test.sample(POINTS)
    if isinstance(model, Samples):
        made, what = draw(model, range(POINTS)), f"{POINTS:,} samples"
        how = f"seeds 0 to {POINTS - 1} at default controls"
    elif isinstance(model, Encodes) and isinstance(model, Decodes):
        made, what = model.decode(model.encode(real)).float().cpu(), f"{POINTS:,} reconstructions"
        how = "of the held-out points themselves"
    else:
        return None
    marks, line = _marks(test), made.shape[1] == 1
    around = "Marks below the axis are the modes." if line else "A circle: three standard deviations around a mode."
    return Picture(
        scatter.plot(made.numpy(), real.numpy(), marks),
        f"{what} over the points of the data",
        f"Blue: {what}, {how}; none was chosen. Grey: as many held-out points of the data."
        + (" Both as histograms." if line else "")
        + (f" {around}" if marks else ""),
    )


def _marks(points: PointSet) -> tuple[np.ndarray, np.ndarray] | None:
    """Modes (K, D) and their standard deviations (K,)."""
    modes = points.density.modes
    return None if modes is None else (modes.numpy(), points.density.sigma.numpy())


# --- Translations ----------------------------------------------------------------------------------------------------


def _translations(checkpoint: Checkpoint, model: Any) -> Picture:
    """Held-out pictures, two in a row, each beside its translations and, where it is known, the truth."""
    recipe, worlds = checkpoint.spec.recipe, model.worlds(checkpoint.config)
    parts, sources = data.parts(recipe.data), worlds.sources
    each = EXAMPLES // (len(parts) * len(sources))
    strips: list[np.ndarray] = []
    for part in parts:
        for source in sources:
            cells = _cells(model, held_out(part, recipe.size), source, each)
            channels = max(cell.shape[1] for cell in cells.values())
            strip = torch.stack([cell.expand(-1, channels, -1, -1) for cell in cells.values()], 1)
            strips.append(sheets.to_uint8(strip.flatten(0, 1)))
    pictures = np.concatenate(strips)
    halves = pictures.reshape(2, EXAMPLES // 2, len(cells), *pictures.shape[1:])  # the first half stands left
    grid = sheets.grid(halves.swapaxes(0, 1).reshape(pictures.shape), across=2 * len(cells))
    return Picture(
        grid,
        f"{EXAMPLES} held-out pictures and their translations",
        f"{EXAMPLES} pictures at even distances in the test split, two in a row; none was chosen. Of each: "
        f"{', '.join(cells)}.{_where(parts, sources)}",
        sheets.enlargement(grid.shape[1], SIDE),
    )


def _cells(model: Any, test: PictureSet, source: Domain, count: int) -> dict[str, Tensor]:
    """What it is -> float32 (count, C, H, W), of pictures at even distances in `test`, in the order of a row."""
    worlds = model.worlds(model.config)
    inputs, truths = model.examples(test, source)
    rows = evenly(torch.arange(len(inputs)), count)
    inputs = inputs[rows]
    made = as_float(answers(model, inputs, source))
    cells = {"input": inputs, "ours without a seed" if worlds.varies else "ours": made}
    if truths is None:
        return cells | {"back again": as_float(answers(model, made, worlds.target(source)))}
    if isinstance(model, TakesHints):
        hints = model.hints_from(truths[rows], inputs, [PLACES] * count, torch.Generator().manual_seed(0))
        hinted: Any = model
        cells[f"ours with hints at {PLACES} places"] = as_float(answers(hinted, inputs, source, hints=hints))
    return cells | {"truth": truths[rows]}


def _where(parts: tuple[str, ...], sources: tuple[Domain, ...]) -> str:
    """What stands left and what right, in a sentence; '' where all is of one kind."""
    kinds = [
        " ".join(
            ([data.info(part).title] if len(parts) > 1 else []) + ([f"from {source.title}"] if len(sources) > 1 else [])
        )
        for part in parts
        for source in sources
    ]
    half = len(kinds) // 2
    return f" Left {' and '.join(kinds[:half])}, right {' and '.join(kinds[half:])}." if len(kinds) > 1 else ""
