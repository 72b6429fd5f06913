"""How far a picture is from what a model was made for: a word of warning before it is asked about something else.

A picture is described coarsely: its tones on a grid of 8 x 8, and how its edges are distributed (drawings and flat
colours have few, strong edges; photos have many weak ones). Its distance is that to the nearest held-out picture of the
data set the model learned from, in units of what such a distance usually is.

Made into lines, a photo is near to drawings. What it was is told from the picture as it came, by how much of it is
softly shaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from genlib import data
from genlib.translation import examples

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.contract import Domain, Translates

GRID, FINE = 8, 32
EDGES = (0.01, 0.03, 0.1, 0.3)  # of the tone's change from pixel to pixel
MOST = 1000  # pictures of a set that are compared with


@dataclass(frozen=True)
class World:
    """What a model's inputs look like.

    rows      descriptions (N, D) of held-out pictures
    typical   the median distance of other held-out pictures to the nearest of them
    far       the distance that only one in a hundred of them exceeds, in units of `typical`
    """

    rows: Tensor
    typical: float
    far: float

    def distance(self, image: Tensor) -> float:
        """Of a picture (1, C, H, W) in [0, 1] to the nearest, in units of `typical`: about 1 for one of its kind."""
        return float(torch.linalg.vector_norm(self.rows - describe(image), dim=1).min()) / self.typical


def world(model: Translates, source: Domain, data_name: str) -> World:
    """Of the inputs from `source`, by the validation and test pictures in their default size, on which
    descriptions do not depend. GenlibError: there is no such data, or none that the model could start from."""
    rows = {split: _rows(model, source, data_name, split) for split in ("validation", "test")}
    nearest = torch.cdist(rows["test"], rows["validation"]).amin(1)
    typical = float(nearest.median())
    return World(rows["validation"], typical, float(nearest.quantile(0.99)) / typical)


def _rows(model: Translates, source: Domain, data_name: str, split: data.Split) -> Tensor:
    found = []
    for part in data.parts(data_name):
        # Four times too many, since a domain may be a fraction of the data.
        some = data.load_pictures(part, split, every=max(1, data.info(part).splits[split] // (4 * MOST)))
        rows = torch.cat([describe(inputs) for inputs, _ in examples(model, some, source)])
        found.append(rows[:: max(1, len(rows) // MOST)])
    return torch.cat(found)


def describe(images: Tensor) -> Tensor:
    """(B, D), from images (B, C, H, W) in [0, 1] of any size."""
    fine = F.adaptive_avg_pool2d(images.float(), FINE)
    tones = F.adaptive_avg_pool2d(fine, GRID).flatten(1) / (GRID * images.shape[1] ** 0.5)
    grey = fine.mean(1)
    edges = torch.cat([grey.diff(dim=1).abs().flatten(1), grey.diff(dim=2).abs().flatten(1)], 1)
    steeper = torch.stack([(edges > e).float().mean(1) for e in EDGES], 1)
    return torch.cat([tones, steeper / len(EDGES) ** 0.5], 1)


CELLS, WITHIN = 64, 8  # a picture's cells a side, and pixels of a cell a side
SOFT = (0.025, 0.15)  # by how much the tones of neighbouring cells differ where something is softly shaded
SHADED = 0.18  # of a picture: more of it is a photo of something else than a drawing


def shading(pixels: np.ndarray) -> float:
    """The share, in [0, 1], of a picture uint8 (H, W, 3) that is softly shaded; a photo of things is above SHADED.

    A cell's tone is that of its lighter part, so that thin lines leave no trace in it. Paper is even, also in the
    shade; the edge of a line or of a flat area is hard. Measured: 0.04 at most for 143 held-out line drawings, 0.16 for
    drawings as a phone takes them and for soft pencil; at least 0.23 for photos of a face, a person or a cat.
    """
    grey = Image.fromarray(pixels).convert("L")
    side = CELLS * WITHIN
    grey = grey.resize((side, side), Image.Resampling.BOX if max(grey.size) > side else Image.Resampling.BICUBIC)
    cells = np.asarray(grey, np.float32).reshape(CELLS, WITHIN, CELLS, WITHIN).swapaxes(1, 2) / 255
    cells = cells.reshape(CELLS, CELLS, -1)
    lighter = int(0.85 * cells.shape[2])
    tones = np.partition(cells if np.median(cells) >= 0.5 else 1 - cells, lighter, axis=2)[..., lighter]
    steps = np.maximum(abs(np.diff(tones, axis=0))[:, :-1], abs(np.diff(tones, axis=1))[:-1])
    return float(np.mean((steps > SOFT[0]) & (steps < SOFT[1])))
