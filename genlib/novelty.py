"""How far a picture is from what a model was made for: a word of warning before it is asked about something else.

A picture is described coarsely: its tones on a grid of 8 x 8, and how its edges are distributed (drawings and flat
colours have few, strong edges; photos have many weak ones). Its distance is that to the nearest held-out picture of the
data set the model learned from, in units of what such a distance usually is.

That says little of a foreign cartoon: a face is laid out like a face. `style` tells it by what is the same all over a
set, and differs in pictures from another hand: which colours there are, which tones lie beside one another (with an
outline between them or without), how strong edges are and which way they run.

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

from genlib import data, framing
from genlib.sheets import in_colour, to_uint8
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


# --- Style ------------------------------------------------------------------------------------------------------------

LEVELS, APART = 8, (1, 2, 4)  # of tones, and how many pixels those lie apart that are counted together
SHADES = 6  # of red, of green and of blue
GRID_STEPS = np.array([SHADES**2, SHADES, 1])
CORNERS = np.array(list(np.ndindex(2, 2, 2)))  # of a cell of that grid
STRENGTHS, WAYS = (0.03, 0.15, 0.5), 8  # of edges, and directions they run in
COLOURED = 12  # grey levels between a picture's channels: more than a hundredth of a picture in colour has that
LEARNED, HELD_OUT = 1600, 400  # pictures of a set that say what is usual, and what is far
ROOM = 1.8  # where all pictures of a set are alike, resizing alone takes one out of what is usual among them


@dataclass(frozen=True)
class Kind:
    """The styles of one data set: their mean (D,), and the transform (D, D) after which they vary by about 1 in every
    direction, so that lengths are Mahalanobis distances. far: what only one held-out picture in a hundred exceeds, and
    no less than ROOM times the median."""

    mean: Tensor
    whiten: Tensor
    far: float = 1.0

    def distances(self, styles: Tensor) -> Tensor:
        """(B,), of styles (B, D), in units of `far`."""
        return torch.linalg.vector_norm((styles - self.mean) @ self.whiten, dim=1) / self.far


@dataclass(frozen=True)
class Styles:
    """Of what a model learned from: one Kind for each data set that was joined to that, of pictures `side` wide."""

    kinds: tuple[Kind, ...]
    side: int

    def distance(self, pixels: np.ndarray) -> float:
        """Of a picture uint8 (H, W, 3) of any size to the nearest kind: above 1 for one of no kind."""
        image = Image.fromarray(pixels)
        shrunk = np.asarray(image.reduce(max(1, min(image.size) // (4 * self.side))))
        found = style(shrunk[None], self.side)
        return min(float(kind.distances(found)) for kind in self.kinds)


def in_colours(pixels: np.ndarray) -> bool:
    """Whether a picture uint8 (H, W, 3) is in colour, and not grey in three channels."""
    few = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX, reducing_gap=1))
    return bool(np.mean(np.ptp(few, axis=2) > COLOURED) > 0.01)


def styles(model: Translates, source: Domain, data_name: str, coloured: bool) -> Styles:
    """Of a model's inputs from `source`, or of what those are in colour, if `coloured` and where that is known.
    GenlibError: there is no such data, or none that the model could start from."""
    kinds, side = [], 0
    for part in data.parts(data_name):
        learned = _pictures(model, source, part, "train", LEARNED, coloured)
        held_out = _pictures(model, source, part, "validation", HELD_OUT, coloured)
        side = learned.shape[1]
        kinds.append(_kind(style(learned, side), style(held_out, side)))
    return Styles(tuple(kinds), side)


def _pictures(model: Translates, source: Domain, part: str, split: data.Split, most: int, coloured: bool) -> np.ndarray:
    """About `most` of them, uint8 (N, S, S, 3)."""
    some = data.load_pictures(part, split, every=max(1, data.info(part).splits[split] // (4 * most)))
    pairs = examples(model, some, source)
    found = to_uint8(torch.cat([x if truths is None or not coloured else truths for x, truths in pairs]))
    return in_colour(found[:: max(1, round(len(found) / most))])


def _kind(learned: Tensor, held_out: Tensor) -> Kind:
    """From styles (N, D) and (M, D)."""
    mean, spread = learned.mean(0), learned.std(0) + 0.02  # what is nearly constant counts, yet not without bounds
    z = (learned - mean) / spread
    law = z.T @ z / len(z) + 0.1 * torch.eye(z.shape[1])
    kind = Kind(mean, torch.linalg.inv(torch.linalg.cholesky(law)).T / spread[:, None])
    usual = kind.distances(held_out)
    return Kind(kind.mean, kind.whiten, max(float(usual.quantile(0.99)), ROOM * float(usual.median())))


def style(pictures: np.ndarray, side: int) -> Tensor:
    """Which colours, neighbouring tones and edges there are: (B, D), of pictures uint8 (B, H, W, 3), each without the
    empty ground around it and `side` pixels wide and high.

    Roots of shares, so that what is rare has its say (Hellinger). Neighbouring tones: Haralick, Shanmugam, Dinstein,
    "Textural Features for Image Classification", 1973."""
    found = []
    for picture in pictures:
        square = framing.fit(framing.trimmed(picture), side)[0]
        grey = np.asarray(Image.fromarray(square).convert("L"), np.float32) / 255
        colours = square[::2, ::2].reshape(-1, 3).astype(np.float32) / 255
        found.append(np.concatenate([_neighbours(grey), _colours(colours), _edges(grey)]))
    return torch.from_numpy(np.sqrt(np.stack(found))).float()


def _shares(bins: np.ndarray, count: int, weights: np.ndarray | None = None) -> np.ndarray:
    """How often each of `count` bins is among bins: (count,)."""
    return np.bincount(bins.ravel(), None if weights is None else weights.ravel(), minlength=count) / bins.size


def _neighbours(grey: np.ndarray) -> np.ndarray:
    """How often which two tones are so many pixels apart, in a row or a column, whichever comes first."""
    tones = np.minimum((grey * LEVELS).astype(np.int32), LEVELS - 1)
    found = []
    for d in APART:
        pairs = [LEVELS * tones[d:] + tones[:-d], LEVELS * tones[:, d:] + tones[:, :-d]]
        table = _shares(np.concatenate([pair.ravel() for pair in pairs]), LEVELS**2).reshape(LEVELS, LEVELS)
        found.append(((table + table.T) / 2)[np.triu_indices(LEVELS)])
    return np.concatenate(found)


def _colours(rgb: np.ndarray) -> np.ndarray:
    """How often which colour of a grid is among (N, 3); those between are shared out among their eight neighbours."""
    places = rgb * (SHADES - 1)
    low = np.minimum(places.astype(np.int32), SHADES - 2)
    above = places - low
    bins = (low @ GRID_STEPS)[:, None] + CORNERS @ GRID_STEPS
    weights = np.where(CORNERS, above[:, None], 1 - above[:, None]).prod(2)
    return 8 * _shares(bins, SHADES**3, weights)


def _edges(grey: np.ndarray) -> np.ndarray:
    """How often edges of which strength run which way."""
    across, down = grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]
    strength = np.digitize(np.hypot(across, down), STRENGTHS)
    way = ((np.arctan2(down, across) / np.pi + 1) * (WAYS / 2)).astype(np.int32).clip(max=WAYS - 1)
    return _shares(strength * WAYS + way, WAYS * (len(STRENGTHS) + 1))[WAYS:]


# --- Photos -----------------------------------------------------------------------------------------------------------

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
