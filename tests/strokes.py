"""Strokes as a browser sends them, for the tests of drawing.py and of the canvas."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from genlib.drawing import INK, SEE_THROUGH

RED = "#ea5a47"
HINT = RED + SEE_THROUGH


def stroke(*points: tuple[float, float], colour: str = INK, width: float = 6) -> dict[str, Any]:
    """A stroke as the paper sends it: curves through the middles."""
    (x, y), *_ = points
    path: list[list[Any]] = [["M", x, y]]
    path += [["Q", a, b, (a + c) / 2, (b + d) / 2] for (a, b), (c, d) in pairwise(points[1:])]
    path.append(["L", *points[-1]])
    return {"path": path, "stroke": colour, "strokeWidth": width}


ACROSS = stroke((8, 32), (56, 32))
DOWN = stroke((32, 8), (32, 56))


DEEP: Any = []  # a list in a list in a list ...
for _ in range(900):
    DEEP = [DEEP]
