"""How many drawings are prepared rightly: python -m benchmarks.preparing [--sheet FOLDER]

60 held-out line drawings of OpenMoji, drawn clean in many widths, sizes, places and colours, and 60 as people bring
them. Right is one of which 95 % of the lines that the model sees lie on lines of the clean drawing (2.5 of 128 pixels
may be between them), and 95 % of the clean drawing's lines are there, whole in the square and at least half its side.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from genlib import data
from genlib.framing import window
from genlib.sketch import Sketch, prepare
from genlib.uploads import UploadError
from tests import brought as made

SIDE, NEAR = 128, 2.5
Case = tuple[str, np.ndarray, np.ndarray]  # its kind, the picture (H, W, 3), its ink (H, W)


def ink_of(lines: np.ndarray, shape: tuple[int, int], size: float, at: tuple[float, float], width: float) -> np.ndarray:
    """A line drawing uint8 (S, S), its frame `size` of the shorter side long and placed `at` (0 to 1) in the rest.

    Its lines are `width` times as wide."""
    extent = round(size * min(shape))
    large = np.asarray(Image.fromarray(lines).resize((2 * extent, 2 * extent), Image.Resampling.BICUBIC))
    dark = ndimage.gaussian_filter((large < 128).astype(np.float32), 0.01 * extent) > 0.5
    pen = 3.5 / 128 * 2 * extent
    signed = ndimage.distance_transform_edt(~dark) - ndimage.distance_transform_edt(dark)
    grown = Image.fromarray((255 * (signed < pen * (width - 1) / 2)).astype(np.uint8))
    ink = np.zeros(shape, np.float32)
    y, x = (round(a * (s - extent)) for a, s in zip(at[::-1], shape, strict=True))
    ink[y : y + extent, x : x + extent] = (
        np.asarray(grown.resize((extent, extent), Image.Resampling.BOX), np.float32) / 255
    )
    return ink


def clean(lines: np.ndarray, k: int, rng: np.random.Generator) -> Case:
    height = int(rng.choice([160, 320, 600, 1024]))
    shape = (height, round(height * rng.choice([0.75, 1, 1.33])))
    ink = ink_of(lines, shape, rng.uniform(0.35, 0.95), tuple(rng.uniform(0, 1, 2)), rng.choice([0.6, 0.8, 1, 1.5, 2]))
    colour = [(0, 0, 0), (60, 60, 60), (20, 40, 150), (200, 30, 40), (0, 110, 60)][k % 5]
    paper = [(255, 255, 255), (250, 244, 225)][k % 2]
    return "clean", made.painted(ink, colour, paper), ink


def degraded(lines: np.ndarray, k: int, rng: np.random.Generator) -> Case:
    shape = [(450, 600), (600, 450), (512, 512), (900, 1000)][int(rng.integers(4))]
    at, size, width = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7)), rng.uniform(0.5, 0.62), rng.choice([0.5, 0.7, 1])
    kinds = list(KINDS)
    kind = kinds[k % len(kinds)]
    if kind == "inverted":
        width = rng.choice([0.7, 1.2, 2, 2.5])
    ink = ink_of(lines, shape, size, at, width)
    picture = KINDS[kind](ink, rng)
    if kind == "screenshot":
        across = (picture.shape[1] - shape[1]) // 2
        down = (picture.shape[0] - shape[0]) // 2
        ink = np.pad(ink, ((down, down), (across, across)))
    return kind, picture, ink


def hued(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each connected line in a colour of its own."""
    parts, _ = ndimage.label(ink > 0.2, np.ones((3, 3)))
    y, x = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    pens = np.array([(30, 80, 220), (214, 40, 50), (20, 140, 60), (240, 150, 20), (20, 20, 20), (120, 190, 240)])
    return made.painted(ink, pens[rng.permutation(len(pens))][parts[y, x] % len(pens)])


def filled(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the closed areas painted in."""
    parts, count = ndimage.label(ink < 0.5)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    paper = np.full((*ink.shape, 3), 255, np.uint8)
    paints = [(250, 200, 60), (90, 170, 70), (230, 90, 80), (90, 150, 230), (170, 120, 80)]
    spread = ndimage.grey_dilation(parts, 5)
    for n in range(2, count + 1):
        if sizes[n] > 100 and (n % 2 == 0 or count == 2):
            paper[spread == n] = paints[int(rng.integers(5))]
    return made.painted(ink, (0, 0, 0), paper)


def shaded(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    pen = [(40, 40, 40), (90, 90, 90), (30, 40, 140)][int(rng.integers(3))]
    light = made.hand_shadow(ink.shape, rng.uniform(0.28, 0.5), (rng.uniform(0.5, 1), 1.0), rng.uniform(0.25, 0.45))
    return made.photographed(made.lit(made.painted(ink, pen, (244, 236, 208)), light))


def schooled(squared: bool) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    def make(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        ruled = made.rules(
            ink.shape, rng.uniform(-9, 9), rng.uniform(14, 30), squared, (160, 185, 225), rng.uniform(0, 4)
        )
        sheet = made.painted(ink, [(40, 50, 130), (60, 60, 60)][int(rng.integers(2))], ruled)
        if rng.random() < 0.5:
            sheet = made.on_table(sheet, rng.uniform(-6, 6), 0.06)
        x = np.linspace(0, 1, ink.shape[1])[None]
        return made.photographed(made.lit(sheet, np.broadcast_to(1 - rng.uniform(0, 0.35) * x, ink.shape)))

    return make


def dim(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : ink.shape[0] * 1j, -1 : 1 : ink.shape[1] * 1j]
    light = rng.uniform(0.3, 0.5) * (1 - 0.4 * (x * x + y * y) / 2)
    sheet = made.painted(0.75 * ink, (60, 50, 45), (235, 205, 150))
    return made.photographed(made.lit(sheet, light), rng.uniform(5, 10), 0.7, 85)


def blackboard(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    ground = [(0, 0, 0), (35, 70, 50), (24, 24, 30), (20, 40, 90)][int(rng.integers(4))]
    return made.painted(ink, [(255, 255, 255), (230, 230, 220)][int(rng.integers(2))], ground)


def with_areas(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Its largest closed areas black. The ink is changed."""
    parts, count = ndimage.label(ink < 0.5)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[[0, parts[0, 0]]] = 0
    for n in np.argsort(sizes)[::-1][1:3]:
        if sizes[n] > 50:
            ink[ndimage.grey_dilation(parts, 3) == n] = 1
    return made.painted(ink)


def scan(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sheet = made.painted(ink, (25, 25, 25), (243, 243, 243))
    return made.photographed(
        made.scanned(sheet, int(rng.integers(3, 12)), ["lb", "r", "tl", "b"][int(rng.integers(4))]), 1, 0.4, 88
    )


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "inverted": blackboard,
    "pens": hued,
    "filled": filled,
    "shadow": shaded,
    "ruled": schooled(False),
    "squared": schooled(True),
    "areas": with_areas,
    "dim": dim,
    "scan": scan,
    "screenshot": lambda ink, rng: made.screenshot(made.painted(ink, (20, 20, 20)))[0],
}


def right(sketch: Sketch, ink: np.ndarray) -> tuple[float, float, bool]:
    """The share of the model's lines that is true; that of the true ones that is there; whole and large enough."""
    truth = window((255 * ink).astype(np.uint8), sketch.square, 4 * SIDE, 0) > 100
    seen = np.asarray(Image.fromarray(sketch.lines).resize(truth.shape, Image.Resampling.BICUBIC)) < 0.5
    if not truth.any() or not seen.any():
        return 0.0, 0.0, False
    near = ndimage.distance_transform_edt(~truth) <= 4 * NEAR
    there = ndimage.distance_transform_edt(~seen) <= 4
    bones = skeletonize(truth)
    rows, columns = np.flatnonzero(ink.max(1) > 0.4), np.flatnonzero(ink.max(0) > 0.4)
    left, top, extent = sketch.square
    whole = (
        left <= columns[0] + 2
        and top <= rows[0] + 2
        and left + extent >= columns[-1] - 2
        and top + extent >= rows[-1] - 2
    )
    large = max(np.ptp(rows), np.ptp(columns)) >= 0.5 * extent
    return float(near[seen].mean()), float(there[bones].mean()), bool(whole and large)


def cases(count: int) -> list[Case]:
    drawings = data.load_pictures("emoji", "test", size=SIDE).lines
    assert drawings is not None
    some = [d for d in drawings[:, 0].numpy() if 0.04 < np.mean(d < 128) < 0.3][3::3]
    rng = np.random.default_rng(1)
    found = [clean(some[k], k, rng) for k in range(count)]
    return found + [degraded(some[count + k], k, rng) for k in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument(
        "--sheet", type=Path, help="a folder for a contact sheet of each kind: input, what the model sees"
    )
    args = parser.parse_args()
    good: Counter[str] = Counter()
    total: Counter[str] = Counter()
    times: list[float] = []
    rows: dict[str, list[Image.Image]] = {}
    for kind, pixels, ink in cases(args.count):
        total[kind] += 1
        started, precise, complete, placed, lines = time.perf_counter(), 0.0, 0.0, False, np.zeros((SIDE, SIDE))
        try:
            sketch = prepare(pixels, SIDE)
            times.append(time.perf_counter() - started)
            precise, complete, placed = right(sketch, ink)
            lines = sketch.lines
        except UploadError:
            pass
        fine = precise >= 0.95 and complete >= 0.95 and placed
        good[kind] += fine
        if args.sheet:
            tile = Image.new("RGB", (2 * SIDE + 6, SIDE + 4), "green" if fine else "red")
            small = Image.fromarray(pixels)
            small.thumbnail((SIDE, SIDE))
            tile.paste(small, (2, 2))
            tile.paste(Image.fromarray((255 * lines).astype(np.uint8)), (SIDE + 4, 2))
            rows.setdefault(kind, []).append(tile)
    for kind in total:
        print(f"{kind:12} {good[kind]:3} of {total[kind]}")
    print(
        f"clean {good['clean']} of {total['clean']}, degraded {good.total() - good['clean']} of {args.count}; "
        f"median {1e3 * statistics.median(times):.0f} ms, slowest {1e3 * max(times):.0f} ms"
    )
    for kind, tiles in rows.items():
        across = 6
        sheet = Image.new("RGB", (across * tiles[0].width, -(-len(tiles) // across) * tiles[0].height))
        for k, tile in enumerate(tiles):
            sheet.paste(tile, (k % across * tile.width, k // across * tile.height))
        sheet.save(args.sheet / f"{kind}.png")


if __name__ == "__main__":
    main()
