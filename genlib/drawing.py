"""From the strokes that a browser sends to what was drawn, as arrays.

The strokes are JSON: {"objects": [{"path": [["M", x, y], ["Q", a, b, x, y], ["L", x, y]], "stroke": colour,
"strokeWidth": pixels}, ...]}, a path as in SVG. They come from a browser and are not trusted: `clean` keeps what is a
stroke of one of the tools, `rasterise` draws it.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from PIL import Image, ImageColor, ImageDraw

# A stroke's colour tells its tool. The pen draws in INK, the eraser in PAPER; a colour hint has two more digits: the
# opacity that it has while the visitor paints, or FILL where it is for the whole area that its first point lies in.
INK, PAPER = "#1a1a1a", "#ffffff"
SEE_THROUGH = "99"
FILL = "f1"
HINT = re.compile(rf"(#[0-9a-f]{{6}})({SEE_THROUGH}|{FILL})")

# Limits of one drawing: more would take long to draw and to send. Lengths are in pixels of the paper.
MAX_STROKES = 2_000
MAX_POINTS = 30_000  # about 1 MB of JSON
MAX_LENGTH = 400_000
MAX_COORDINATE = 10_000  # a stroke may leave the paper
MAX_WIDTH = 64
FINER = 3  # lines are drawn this much larger, then averaged: antialiasing
COMMANDS = {"M": 2, "L": 2, "Q": 4}  # of a path, and how many numbers follow each


@dataclass(frozen=True)
class Drop:
    """A colour for a whole area: at a point of the paper, and after how many other strokes it came."""

    x: float
    y: float
    colour: tuple[int, int, int]
    turn: int


@dataclass(frozen=True)
class Drawing:
    """What is on the paper of S x S pixels."""

    lines: np.ndarray  # uint8 (S, S, 3): the pen's lines, black on white
    hints: np.ndarray  # uint8 (S, S, 3): the brush's colours, white where there is none
    mask: np.ndarray  # bool (S, S): where there is a hint of the brush
    turns: np.ndarray  # int32 (S, S): after how many other strokes it came there
    drops: tuple[Drop, ...]  # those that no eraser went over
    empty: bool  # no line is drawn
    strokes: int  # of all tools, the eraser's too

    @property
    def hinted(self) -> bool:
        """Whether there is any colour on it."""
        return bool(self.drops) or bool(self.mask.any())


def clean(drawing: object) -> list[dict[str, Any]]:
    """The strokes of a drawing, as they came, with nothing else in them.

    drawing: anything. What is not a stroke of one of the tools is left out, and so is all that comes after
    a limit is reached. Raises nothing.
    """
    objects = drawing.get("objects") if isinstance(drawing, dict) else None
    strokes: list[dict[str, Any]] = []
    points, length = 0, 0.0
    for thing in objects if isinstance(objects, list) else ():
        if not isinstance(thing, dict):
            continue
        path, colour, width = thing.get("path"), thing.get("stroke"), thing.get("strokeWidth")
        if not (isinstance(colour, str) and (colour in (INK, PAPER) or HINT.fullmatch(colour))):
            continue
        if not (_is_number(width) and 1 <= width <= MAX_WIDTH and isinstance(path, list)):
            continue
        points += len(path)
        if len(strokes) == MAX_STROKES or points > MAX_POINTS:
            break
        if not _is_path(path):
            continue
        length += _length(path)
        if length > MAX_LENGTH:
            break
        strokes.append({"path": path, "stroke": colour, "strokeWidth": width})
    return strokes


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and -MAX_COORDINATE <= value <= MAX_COORDINATE  # NaN is not


def _is_path(path: list[Any]) -> bool:
    for command in path:
        if not (isinstance(command, list) and command and isinstance(command[0], str)):
            return False
        if COMMANDS.get(command[0]) != len(command) - 1 or not all(map(_is_number, command[1:])):
            return False
    return bool(path) and path[0][0] == "M"


def _length(path: list[list[Any]]) -> float:
    """An upper bound of a path's length: that of the polygon through all its points."""
    corners = np.array([n for command in path for n in command[1:]]).reshape(-1, 2)
    return float(np.hypot(*np.diff(corners, axis=0).T).sum())


def rasterise(objects: list[dict[str, Any]], side: int) -> Drawing:
    """Draw strokes that `clean` let through, in their order, on paper of `side` x `side` pixels.

    The eraser takes away the lines and hints under it; a line and a hint leave each other alone. The arrays are the
    caller's own.
    """
    drawn = _drawn(json.dumps(objects), side)
    # Copies: all sessions share the arrays in the cache.
    arrays = {name: getattr(drawn, name).copy() for name in ("lines", "hints", "mask", "turns")}
    return replace(drawn, **arrays)


def strokes(objects: list[dict[str, Any]]) -> list[np.ndarray]:
    """The pen's lines that are left, each (n, 2) in pixels of the paper, of strokes that `clean` let through.

    The eraser parts the lines that were drawn before it.
    """
    lines: list[np.ndarray] = []
    for thing in objects:
        points = _dense(_points(thing["path"]))
        if thing["stroke"] == INK:
            lines.append(points)
        elif thing["stroke"] == PAPER:
            lines = [part for line in lines for part in _without(line, points, thing["strokeWidth"] / 2)]
    return lines


def _dense(points: np.ndarray, pace: float = 3.0) -> np.ndarray:
    """A line with a corner every `pace` pixels, at most."""
    parts = [points[:1]]
    for a, b in itertools.pairwise(points):
        count = max(1, math.ceil(float(np.hypot(*(b - a))) / pace))
        parts.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(parts)


def _without(line: np.ndarray, eraser: np.ndarray, radius: float) -> list[np.ndarray]:
    """What is left of a line."""
    away = np.concatenate([
        np.hypot(*(some[:, None] - eraser).T).min(0) for some in np.array_split(line, len(line) // 256 + 1)
    ])  # fmt: skip
    kept = away > radius
    ends = np.flatnonzero(np.diff(kept)) + 1
    return [line[a:b] for a, b in itertools.pairwise([0, *ends, len(line)]) if kept[a]]


@functools.lru_cache(maxsize=8)  # 3 MB each
def _drawn(text: str, side: int) -> Drawing:
    objects = json.loads(text)
    ink = Image.new("L", (FINER * side, FINER * side), 255)
    colours = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    turns = Image.new("I", (side, side), 0)
    on_ink, on_colours, on_turns = map(ImageDraw.Draw, (ink, colours, turns))
    drops: list[Drop] = []
    for turn, thing in enumerate(objects):
        points, colour, width = _points(thing["path"]), thing["stroke"], thing["strokeWidth"]
        if colour[7:] == FILL:
            x, y = points[0].tolist()
            red, green, blue = ImageColor.getrgb(colour[:7])[:3]
            drops.append(Drop(x, y, (red, green, blue), turn))
            continue
        if colour == PAPER:
            dense = _dense(points)
            drops = [drop for drop in drops if np.hypot(*(dense - (drop.x, drop.y)).T).min() > width / 2]
        if colour in (INK, PAPER):
            _draw(on_ink, points * FINER, width * FINER, 0 if colour == INK else 255)
        if colour != INK:
            _draw(on_colours, points, width, (*ImageColor.getrgb(colour[:7]), 0 if colour == PAPER else 255))
            _draw(on_turns, points, width, turn)
    lines = np.asarray(ink.reduce(FINER))
    hints = np.asarray(colours)
    return Drawing(
        lines=np.repeat(lines[..., None], 3, axis=2),
        hints=hints[..., :3],
        mask=hints[..., 3] > 0,
        turns=np.asarray(turns),
        drops=tuple(drops),
        empty=bool((lines == 255).all()),
        strokes=len(objects),
    )


def _points(path: list[list[Any]]) -> np.ndarray:
    """The corners (N, 2) of a path, its curves in at most 8 steps of about 6 pixels."""
    points: list[tuple[float, float]] = []
    for _, *numbers in path:
        x, y = numbers[-2:]
        if len(numbers) == 4:
            (x0, y0), (cx, cy) = points[-1], numbers[:2]
            steps = min(round(math.hypot(x - x0, y - y0) / 6), 8)
            for t in (step / steps for step in range(1, steps)):
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
                points.append((a * x0 + b * cx + c * x, a * y0 + b * cy + c * y))
        points.append((x, y))
    return np.array(points)


def _draw(pen: ImageDraw.ImageDraw, points: np.ndarray, width: float, fill: Any) -> None:
    """A line through points (N, 2) with round joints and ends.

    Each segment is a quadrilateral. Two that meet at a small angle share their corners, so that a hand-drawn line of
    many short ones doesn't wobble, as Pillow's own lines do; where the line turns sharply there is a disc.
    """
    radius = (width - 1) / 2  # polygons and ellipses include their right and lower edge
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    moved = lengths > 0
    points, steps, lengths = points[np.r_[True, moved]], steps[moved], lengths[moved]
    across = steps[:, ::-1] * (-1, 1) / lengths[:, None]  # unit normals (N-1, 2)
    cosine = (across[:-1] * across[1:]).sum(1)
    bend = np.arccos(cosine.clip(-1, 1))
    smooth = (bend < 1) & (bend * radius < 0.5 * np.minimum(lengths[:-1], lengths[1:]))
    mitre = (across[:-1] + across[1:])[smooth] / (1 + cosine[smooth])[:, None]
    first, last = across.copy(), across.copy()
    first[1:][smooth], last[:-1][smooth] = mitre, mitre

    a, b, u, v = points[:-1], points[1:], first * radius, last * radius
    for quad in np.concatenate([a + u, b + v, b - v, a - u], axis=1).round().tolist():
        pen.polygon(quad, fill)
    round_off = np.r_[True, ~smooth, True][: len(points)]
    for x, y in points[round_off].tolist():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill)
