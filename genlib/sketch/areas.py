"""Wide areas on the paper that are no lines: what is painted already, and the shadow of a hand or a phone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlib.framing import border
from genlib.sketch.common import as_relative, counted, enlarged, looked_up, reduced

FINE = 320  # px: the longer side of the reduced picture in which areas are looked for
PEN = 1 / 16  # of the longer side: what is wider than that is no line
BARE = 0.9  # of the paper's tone: what is lighter is paper
BLACK = 0.3  # what is darker, and of no hue, is filled with ink, but for a shadow with a soft edge
DEEPEST = 0.1  # the tone of a shadow in which a line can still be seen
RIM = 3.0  # px of the reduced picture: the soft edge of a shadow is wider
HUE = 0.14  # difference between the channels of what has a hue
LEAST = 0.002  # of the picture: smaller areas are none
PAINTS = 8  # the most frequent ones, of which narrow strips are looked for
MOST = 0.6  # of the picture: with more there is no paper left, as in a photo
MOST_EVEN = 0.85  # the same where the largest area is of one tone, as the ground of a sticker drawn on a screen


@dataclass(frozen=True)
class Areas:
    """Where lines lie on something else than bare paper.

    tone     float32 (h, w, 3) in [0, 1], of a reduced picture: what is under the lines, as a share of the paper's tone
    painted  bool (h, w): where that is paint; elsewhere it is paper, or shadow on it
    shadow   whether there is a shadow
    """

    tone: np.ndarray
    painted: np.ndarray
    shadow: bool

    def under(self, shape: tuple[int, ...], channel: int) -> np.ndarray:
        """The tone of one channel, at the resolution of the picture."""
        return enlarged(self.tone[..., channel], shape)


def find_areas(pixels: np.ndarray, paper: np.ndarray, sheet: np.ndarray | None) -> Areas | None:
    """The areas of a picture uint8 (H, W, 3) on paper of a colour (3,) or colours (h, w, 3); None if there are none.

    sheet: a mask (h, w) of the paper if something else is around it.
    """
    from scipy import ndimage

    small = as_relative(reduced(pixels, FINE), paper)
    if sheet is not None:
        small[enlarged(sheet.astype(np.float32), small.shape) < 0.99] = 1
    under = _without_lines(small, max(5, round(PEN * max(small.shape))))
    parts, count = ndimage.label(under.min(2) < BARE)
    if not count:
        return None
    level, hue = under.mean(2), np.ptp(under, axis=2)
    sizes = counted(parts, count)
    levels, hues = (np.bincount(parts.ravel(), v.ravel(), count + 1) / np.maximum(sizes, 1) for v in (level, hue))
    shadow = (hues < HUE) & (levels > DEEPEST) & _reaches_the_edge(parts, count)
    shadow &= (levels > BLACK) | _soft(level, parts, levels)
    pen = _pen(small, under)
    inked = (np.abs(under - pen).max(2) < 0.25) & ~looked_up(shadow & ~_one_tone(pixels, parts, shadow), parts)
    black = ((level < BLACK) & (hue < HUE) & ~looked_up(shadow, parts)) | inked
    area = looked_up(sizes > LEAST * parts.size, parts) & (parts > 0) & ~ndimage.binary_dilation(black, iterations=2)
    area = ndimage.binary_dilation(ndimage.binary_erosion(area, iterations=2, border_value=1), iterations=2)
    covered = area.mean()
    if not covered or covered > MOST_EVEN:
        return None
    if covered > MOST and not _one_tone(pixels, parts, sizes == sizes[1:].max()).any():
        return None
    under[~area] = 1
    shaded = looked_up(shadow, parts) & area
    painted = _plain(area & ~shaded, small, under)
    for tone in _paints(under[painted]):
        if np.abs(tone - pen).max() < 0.25:  # a thick line of the same pen
            continue
        strip = _like(small, tone)
        under[strip] = small[strip]
        painted |= strip
    return Areas(under.astype(np.float32), painted, bool(shaded.any()))


def _plain(areas: np.ndarray, small: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Those of the areas, a mask (h, w), of which a third shows what is `under` the lines of the picture (h, w, 3). The
    rest is only the corners and soft edges of thick lines."""
    from scipy import ndimage

    parts, count = ndimage.label(areas)
    bare = np.bincount(parts[np.abs(small - under).max(2) < 0.06], minlength=count + 1)
    return areas & looked_up(bare > counted(parts, count) / 3, parts)


def _paints(tones: np.ndarray) -> np.ndarray:
    """The most frequent of tones (N, 3), (K, 3)."""
    steps = (tones * 15).round().astype(int) @ np.array([256, 16, 1])
    names, counts = np.unique(steps, return_counts=True)
    most = np.argsort(counts)[::-1][:PAINTS]
    return np.array([np.median(tones[steps == names[k]], axis=0) for k in most if counts[k] > 0.02 * len(tones)])


def _like(small: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Where a picture (h, w, 3) has the tone of a paint, as a mask: also in strips that are as narrow as lines."""
    from scipy import ndimage

    return ndimage.binary_opening(np.abs(small - tone).max(2) < 0.08, np.ones((2, 2)))


def _pen(small: np.ndarray, under: np.ndarray) -> np.ndarray:
    """The colour (3,) of the lines; black without any. What is wider and has it is filled with ink, or a thick line."""
    thin = (under - small).max(2) > 0.3
    return np.median(small[thin], axis=0) if thin.any() else np.zeros(3)


def _without_lines(small: np.ndarray, size: int) -> np.ndarray:
    """A picture (h, w, 3) without what is dark and narrower than `size` pixels."""
    from scipy import ndimage

    wide = ndimage.grey_dilation(small, (size, size, 1))
    closed = ndimage.grey_erosion(wide, (size, size, 1))
    if closed.min() >= BARE:
        return closed
    hued = np.ptp(small, axis=2, keepdims=True) > HUE
    for _ in range(size):  # paint reaches into corners and strips that are narrower than a line may be
        before = closed
        closed = np.where(hued, np.maximum(small, ndimage.grey_erosion(closed, (3, 3, 1))), closed)
        if (closed == before).all():
            break
    return closed


def _one_tone(pixels: np.ndarray, parts: np.ndarray, some: np.ndarray) -> np.ndarray:
    """Which of `some` parts, bool (count + 1,), have a single tone in a picture uint8 (H, W, 3): filled on a screen, in
    a pencil's grey perhaps. A shadow that a camera saw has grain, and grows lighter to its edge. parts: int (h, w)."""
    rows, columns = (np.arange(n) * size // n for n, size in zip(parts.shape, pixels.shape[:2], strict=True))
    green = pixels[rows[:, None], columns, 1].astype(np.int16)
    found = np.zeros_like(some)
    for number in np.flatnonzero(some):
        tones = green[parts == number]
        found[number] = np.mean(tones == np.median(tones)) > 0.5
    return found


def _soft(level: np.ndarray, parts: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Which of the parts, bool (count + 1,), have a wide soft edge, as a shadow has and ink has not. level: (h, w), of
    which `levels` (count + 1,) are the means."""
    from scipy import ndimage

    rim = level > looked_up(levels + 0.25 * (BARE - levels), parts)
    outline = ndimage.binary_dilation(parts == 0)
    wide, long = (np.bincount(parts[part], minlength=len(levels)) for part in (rim, outline))
    return wide > RIM * np.maximum(long, 1)


def _reaches_the_edge(parts: np.ndarray, count: int) -> np.ndarray:
    """Which of the parts 0 to `count` in parts int (h, w) touch the edge of the picture, as a mask (count + 1,)."""
    found = np.zeros(count + 1, bool)
    found[border(parts)] = True
    return found
