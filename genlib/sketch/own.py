"""The visitor's own colours: of each line, and of what they have painted already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from genlib.sketch.areas import Areas
from genlib.sketch.common import PENCIL, Box, enlarged, placed, tone_of

HUES = 45  # levels between two hues of lines; tones of one hue are those of one pen
SECOND = 0.03  # of the lines: fewer in another hue are an accident


@dataclass(frozen=True)
class Own:
    """Own colours, as on white paper, at the resolution of the picture; what there is none of is None.

    lines    uint8 (H, W, 3): on the lines and beside them, each line's own colour
    paint    uint8 (H, W, 4): what is painted already, and 255 in the fourth channel where that is
    """

    lines: np.ndarray | None = None
    paint: np.ndarray | None = None

    def within(self, shape: tuple[int, ...], box: Box) -> Own:
        """The same in a larger picture (H, W), of which it was that box."""
        return Own(*(None if p is None else placed(p, shape, box) for p in (self.lines, self.paint)))

    @property
    def note(self) -> str:
        """A sentence for the visitor."""
        if self.paint is None:
            return "Each line keeps its own colour."
        return "What is coloured already keeps its colour."

    def sized(self, shape: tuple[int, ...]) -> Own:
        """The same for a picture of another size (H, W)."""
        lines, paint = (None if p is None else _sized(p, shape) for p in (self.lines, self.paint))
        if paint is not None:
            paint[..., 3] = np.where(paint[..., 3] > 127, 255, 0)  # as a layer it must not count twice at its edge
        return Own(lines, paint)

    def over(self, picture: np.ndarray) -> np.ndarray:
        """The paint over a picture uint8 (H, W, 3 or 4) of the same size."""
        if self.paint is None:
            return picture
        made = Image.fromarray(picture)
        paint = self.paint[..., : picture.shape[2]].copy()
        paint[..., 3:] = 255
        made.paste(Image.fromarray(paint), mask=Image.fromarray(np.ascontiguousarray(self.paint[..., 3])))
        return np.array(made)


def own_colours(pixels: np.ndarray, paper: np.ndarray, ink: np.ndarray, areas: Areas | None) -> Own | None:
    """What is coloured in a picture uint8 (H, W, 3) with that ink (H, W); None if all is ink of one colour.

    paper: float (3,), or (h, w, 3) for a reduced picture.
    """
    several = _several(_on_white(pixels, paper, ink > 0.8))
    painted = areas is not None and areas.painted.any()
    if not several and not painted:
        return None
    white = np.empty_like(pixels)
    for c in range(3):
        tone = tone_of(paper, c, ink.shape)
        white[..., c] = (pixels[..., c] * (255 / np.maximum(tone, 1)).astype(np.float32)).clip(0, 255)
    paint = None
    if areas is not None and painted:
        where = enlarged(areas.painted.astype(np.float32), ink.shape) > 0.5
        paint = np.concatenate([white, (255 * where)[..., None].astype(np.uint8)], 2)
    return Own(_pens(white, ink) if several else None, paint)


def _on_white(pixels: np.ndarray, paper: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The colours float (N, 3) of some pixels in a mask, as on white paper."""
    step = max(1, min(where.shape) // 300)
    found = pixels[::step, ::step][where[::step, ::step]]
    tone = paper if paper.ndim == 1 else np.median(paper.reshape(-1, 3), axis=0)
    return (found * (255 / np.maximum(tone, 1))).clip(0, 255)


def _several(colours: np.ndarray) -> bool:
    """Whether colours (N, 3) of lines are of several hues."""
    if not len(colours):
        return False
    hues = colours - colours.mean(1, keepdims=True)
    return bool(np.mean(np.abs(hues - np.median(hues, axis=0)).max(1) > HUES) > SECOND)


def _pens(white: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """The colour of the ink around each pixel of a picture uint8 (H, W, 3) on white paper, without the paper's share.

    A pixel of ink a and colour c shows 255 (1 - a) + a c; the mean of c is weighted by a squared, in which no division
    makes noise large.
    """
    from scipy import ndimage

    size = 5
    weight = ndimage.uniform_filter(ink * ink, size) + 1e-4
    pens = np.empty_like(white)
    for c in range(3):
        part = ndimage.uniform_filter(ink * (white[..., c].astype(np.float32) - 255 * (1 - ink)), size)
        pens[..., c] = (part / weight).clip(0, 255)
    pencil = np.ptp(pens, axis=2) < 40
    pens[pencil] = np.minimum(pens[pencil], PENCIL)
    return pens


def _sized(picture: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if picture.shape[:2] == shape[:2]:
        return picture.copy()
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(picture, 2, 0)]
    return np.stack([np.asarray(plane.resize((shape[1], shape[0]))) for plane in planes], -1)
