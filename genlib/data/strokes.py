"""What somebody drew, as a law of points: Gaussians so close along the strokes that none can be seen.

A stroke is a polyline. Gaussians stand on it, one sigma or less from one to the next, and each stroke weighs as much as
it is long: points lie evenly along the strokes, with Gaussian noise. As everywhere in points.py the mixture itself is
the law, so its density is exact. A dot, which has no length, weighs as much as a line of one sigma: with dots alone,
each is one Gaussian, all of the same weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from genlib.data.manifest import DataError, DataInfo
from genlib.data.mixture import Mixture
from genlib.data.sets import PointSet

MAX_STROKES = 100
MAX_POINTS = 10_000  # of all strokes together
MAX_GAUSSIANS = 2_048
FAR = 10.0  # no coordinate lies further from zero


def from_strokes(lines: Sequence[np.ndarray], sigma: float) -> PointSet:
    """See genlib.data.from_strokes."""
    if not 0.001 <= sigma <= 1:
        raise DataError(f"A noise of sigma {sigma:g} does not fit a drawing; choose a number from 0.001 to 1.")
    strokes = [np.asarray(line, np.float64) for line in _bounded(lines)]
    for stroke in strokes:
        if stroke.ndim != 2 or stroke.shape[1] != 2:
            raise DataError("A stroke must be a list of points (x, y); draw it again.")
        if not (np.abs(stroke) <= FAR).all():  # which NaN is not either
            raise DataError(f"A stroke has a coordinate that is no number from -{FAR:g} to {FAR:g}; draw it again.")
    lengths = [math.fsum(np.hypot(*np.diff(stroke, axis=0).T)) for stroke in strokes]
    counts = [max(1, math.ceil(length / sigma)) for length in lengths]
    if sum(counts) > MAX_GAUSSIANS:
        raise DataError(
            f"The strokes are {sum(lengths):,.0f} long together, too much for a noise of sigma {sigma:g}; "
            "draw less, or choose a larger sigma."
        )
    means = np.concatenate([_along(stroke, count) for stroke, count in zip(strokes, counts, strict=True)])
    weights = [max(length, sigma) / count for length, count in zip(lengths, counts, strict=True) for _ in range(count)]
    info = DataInfo.of_points(
        name="strokes",
        title="Drawn by hand",
        description=f"Points along the strokes of a drawing, with Gaussian noise of sigma {sigma:g}.",
        dims=2,
        licence="none: drawn by hand",
        credit="whoever drew it",
    )
    return PointSet(info, Mixture.of(means.tolist(), [sigma], weights))


def _bounded(lines: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    """The strokes, if there are some and not too many. Before anything is converted."""
    if not len(lines) or not all(len(line) for line in lines[: MAX_STROKES + 1]):
        raise DataError("There is no stroke, or one without points; draw at least one line or dot.")
    if len(lines) > MAX_STROKES:
        raise DataError(f"There are {len(lines)} strokes, and at most {MAX_STROKES} are taken; draw fewer.")
    if (count := sum(map(len, lines))) > MAX_POINTS:
        raise DataError(f"The strokes have {count:,} points, and at most {MAX_POINTS:,} are taken; draw less.")
    return lines


def _along(stroke: np.ndarray, count: int) -> np.ndarray:
    """`count` points (count, 2) on a polyline (n, 2), at the middles of as many pieces of equal length."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    middles = (np.arange(count) + 0.5) / count * at[-1]
    return np.stack([np.interp(middles, at, coordinate) for coordinate in stroke.T], axis=1)
