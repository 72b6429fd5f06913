"""A line drawing that somebody brings, made into what a model of line drawings has seen; and the colours brought back.

The models here were trained on OpenMoji's line drawings: black lines on pure white, of one width (3.5 of 128 pixels),
the drawing centred and 0.6 to 0.94 of the square long. `prepare` takes the paper away, turns white on black round,
crops and scales, and redraws the lines in that width. `colour_in` lays the model's colours under the visitor's own
lines, at the resolution of their picture. Coordinates are in pixels of the picture, (0, 0) its upper left corner.

>>> drawing = sketch.prepare(uploads.read(data).pixels, 128)
>>> drawing.lines.shape            # what the model sees, dark on white
(128, 128)
>>> sketch.colour_in(drawing, colours).shape      # colours: uint8 (4, 128, 128, 3)
(4, 1365, 2048, 3)

No torch, no streamlit; SciPy and scikit-image are imported when the first picture comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from genlib.framing import window
from genlib.uploads import UploadError

# Measured on the 3215 training drawings at 128 pixels (0 is the 1st, 1 the 99th percentile).
LINE = 3.5 / 128  # width of a line, by this module's own `_width`, as a share of the square's side
EXTENT = (0.58, 0.95)  # longer side of the drawing
OFF_CENTRE = 0.1  # distance of its middle from the square's
AIM = 0.76  # the median extent: what a drawing outside EXTENT is scaled to

WORK = 4  # lines are redrawn at this multiple of the model's resolution
SPOT = 12  # the smallest area, in pixels of the model, whose own colour is kept within a larger area
PENCIL = 90  # the lightest grey that lines are drawn in over colours
SHOW = 512  # longest side of a Stage's picture, and shortest longest side of a coloured one
NOTHING = "There are no lines in this picture to colour: draw something, or bring a drawing with clear lines."


@dataclass(frozen=True)
class Steps:
    """Which steps `prepare` takes: away with the paper's tone and shadow; white on black turned round; cropped, centred
    and scaled; lines redrawn in the training width."""

    paper: bool = True
    invert: bool = True
    crop: bool = True
    strokes: bool = True


@dataclass(frozen=True)
class Stage:
    """What one step did: its name, a sentence, and the picture after it, uint8 (H, W) or (H, W, 3), at most 512."""

    name: str
    text: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Sketch:
    """A drawing as the model sees it, and what is needed to bring the colours back.

    lines        float32 (side, side) in [0, 1], dark on white: the model's input
    ink          float32 (H, W) in [0, 1], the visitor's own lines at the resolution of their picture; 1 is ink
    ink_colour   uint8 (3,)
    square       (left, top, side): the part of the picture that became `lines`; it may reach outside the picture
    stages       what each step did, from the picture as it came to `lines`
    notes        sentences for the visitor
    """

    lines: np.ndarray
    ink: np.ndarray
    ink_colour: np.ndarray
    square: tuple[float, float, float]
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()


def prepare(pixels: np.ndarray, side: int, steps: Steps | None = None) -> Sketch:
    """The drawing in a picture uint8 (H, W, 3), for a model of `side` pixels. `steps` None: all of them.

    UploadError: there is nothing in the picture that could be a line.
    """
    steps = steps or Steps()
    notes: list[str] = []
    stages = [Stage("Picture", f"As it came, {pixels.shape[1]} x {pixels.shape[0]} pixels.", _shown(pixels))]
    turned = steps.invert and _is_inverted(pixels)
    work = 255 - pixels if turned else pixels
    if steps.invert:
        text = "Light lines on a dark ground: turned round." if turned else "Dark lines on a light ground: left so."
        stages.append(Stage("Turned", text, _shown(work)))
    found = _ink(work) if steps.paper else _plain_ink(work)
    ink = found.ink
    notes += found.notes
    if steps.paper:
        stages.append(Stage("Paper", found.text, _shown(_grey(ink))))
    square, text = _crop(ink) if steps.crop else (_frame(ink), "")
    lines = window(_grey(ink), square, side, 255)
    if steps.crop:
        stages.append(Stage("Cropped", text, lines))
    if steps.strokes:
        lines, text = _redrawn(ink, square, lines)
        stages.append(Stage("Lines", text, lines))
    if np.mean(lines < 128) > 0.35:
        notes.append("Much of this picture is dark: drawings of lines alone are coloured best.")
    stages.append(Stage("What the model sees", f"{side} x {side} pixels.", lines))
    colour = np.zeros(3, np.uint8) if turned else found.colour
    return Sketch(lines.astype(np.float32) / 255, ink, colour, square, tuple(stages), tuple(notes))


# ---------------------------------------------------------------------------------------------------------------------
# From the picture to the ink
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    ink: np.ndarray
    colour: np.ndarray
    text: str = ""
    notes: tuple[str, ...] = ()


def _is_inverted(pixels: np.ndarray) -> bool:
    """Light lines on a dark ground: most of the picture and of its border is dark, and neither is that a table around
    a sheet, nor a shadow on paper with dark lines."""
    from scipy import ndimage

    grey = _small(pixels, 192).mean(2)
    low, high = np.percentile(grey, (0.1, 99.9))
    ring = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if high - low < 8 or max(np.median(grey), np.median(ring)) > (low + high) / 2 or _sheet(grey) is not None:
        return False
    dark = ndimage.grey_closing(grey, 5) - grey
    light = grey - ndimage.grey_opening(grey, 5)
    return bool(dark.sum() <= 1.5 * light.sum())


def _plain_ink(pixels: np.ndarray) -> _Found:
    """Darkness as it is."""
    ink = 1 - pixels.min(2).astype(np.float32) / 255
    if ink.max() - ink.min() < 0.1:
        raise UploadError(NOTHING)
    return _Found(ink, _median(pixels[ink > 0.7 * ink.max()]))


def _ink(pixels: np.ndarray) -> _Found:
    """How much ink there is at each pixel, the paper's tone and shadow divided out, specks removed."""
    from scipy import ndimage

    notes: tuple[str, ...] = ()
    small = _small(pixels, 192)
    sheet = _sheet(small.mean(2))
    paper = _even_paper(pixels) if sheet is None else None
    even = paper is not None
    if paper is None:
        paper = _shaded_paper(small, sheet)
    dark = _darkness(pixels, paper, np.minimum)
    if np.mean(dark > 0.3) > 0.25:  # coloured areas: only what is really dark is a line
        dark = _darkness(pixels, paper, np.add)
    if sheet is not None:
        dark *= _enlarged(sheet.astype(np.float32), dark.shape) > 0.99
        notes += ("There is a table around the sheet: only the sheet is used.",)

    noise = 0.0 if even else float(np.percentile(dark[::3, ::3], 75))  # ink is less than a quarter of the picture
    if noise > 0.01:
        dark = ndimage.gaussian_filter(dark, max(0.7, max(dark.shape) / 1600))
        noise = float(np.percentile(dark[::3, ::3], 75))
    floor = 0.0 if even and np.mean(dark[::3, ::3] == 0) > 0.7 else max(0.04, 1.5 * noise)
    some = dark[dark > max(0.08, 3 * noise)]
    if some.size < 12:
        raise UploadError(NOTHING)
    level = float(np.percentile(some[:: max(1, some.size // 100_000)], 80))
    grid = _grid_level(dark, max(0.08, 3 * noise))
    if grid:
        notes += ("The lines printed on the paper were taken away.",)
        level = float(np.percentile(some[some > grid], 80))
        floor = grid
    if level < 5 * noise:
        raise UploadError(NOTHING)
    kept = _without_specks(dark > floor + 0.25 * (level - floor), dark > floor + 0.45 * (level - floor))
    grain = np.median(some) < 0.7 * level  # a pencil's, or a camera's: most of a line is far from its darkest
    ink = ((dark - floor) / ((0.75 if grain or not even else 1.0) * (level - floor))).clip(0, 1)
    # What is left around a line is its soft edge; the rest is the paper's.
    ink *= ndimage.maximum_filter(kept.view(np.uint8), 5)
    if kept.mean() > 0.95:
        raise UploadError(NOTHING)
    at = kept & (ink > 0.8)
    tone = np.ones(3) * 255 if even else np.median(_small(pixels, 192).reshape(-1, 3), axis=0)
    tone = paper if even else tone
    colour = (np.median(pixels[at], axis=0) / np.maximum(tone, 1) * 255).clip(0, 255)
    if np.ptp(colour) < 40:  # a pencil's grey would be lost among colours
        colour *= min(1.0, PENCIL / max(1.0, colour.mean()))
    text = "The ground is even already." if even else "The paper's tone and shadow were divided out."
    return _Found(ink.astype(np.float32), colour.round().astype(np.uint8), text, notes)


def _even_paper(pixels: np.ndarray) -> np.ndarray | None:
    """The ground's colour (3,) where it is one colour, as in what was drawn on a screen."""
    step = max(1, min(pixels.shape[:2]) // 256)
    some = pixels[::step, ::step].reshape(-1, 3).astype(np.int32)
    grey = some.sum(1)
    light = some[grey >= (int(grey.min()) + int(grey.max())) / 2]
    colours, counts = np.unique(light @ np.array([65536, 256, 1]), return_counts=True)
    mode = colours[counts.argmax()]
    mode = np.array([mode >> 16, mode >> 8 & 255, mode & 255])
    return mode.astype(np.float32) if np.mean(np.abs(light - mode).max(1) <= 2) > 0.7 else None


def _shaded_paper(small: np.ndarray, sheet: np.ndarray | None) -> np.ndarray:
    """The paper's colour everywhere, (h, w, 3): a smooth surface through what is neither line nor dark area."""
    from scipy import ndimage

    height, width = small.shape[:2]
    grey = small.mean(2)
    inside = np.ones_like(grey, bool) if sheet is None else sheet
    size = max(5, max(height, width) // 10)
    closed = ndimage.gaussian_filter(ndimage.grey_closing(np.where(inside, grey, 0), size), size / 4)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    paper = inside.copy()
    for _ in range(5):  # away with what is far below the surface: areas filled with ink
        surface = terms @ np.linalg.lstsq(terms[paper], closed[paper], rcond=None)[0]
        paper = inside & (closed > 0.85 * surface)
    bare = paper & (grey > 0.93 * closed)
    soft = max(height, width) / 14
    weight = ndimage.gaussian_filter(bare.astype(np.float32), soft)
    channels = []
    for channel in np.moveaxis(small, 2, 0):
        wide = terms @ np.linalg.lstsq(terms[bare], channel[bare], rcond=None)[0]
        near = ndimage.gaussian_filter(np.where(bare, channel, 0), soft)
        channels.append((near + 0.03 * wide) / (weight + 0.03))
    return np.stack(channels, -1).clip(8, 255)


def _sheet(grey: np.ndarray) -> np.ndarray | None:
    """Where the sheet lies, as a mask (h, w), in a photo that shows a dark table around it; None for other pictures."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    if np.ptp(grey) < 40:
        return None
    bright = grey > threshold_otsu(grey)
    ring = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    if ring.mean() > 0.75:
        return None
    size = max(3, max(grey.shape) // 16)
    padded = np.pad(bright, size)
    closed = ndimage.binary_closing(padded, np.ones((size, size)))[size:-size, size:-size]
    parts, count = ndimage.label(closed)
    if not count:
        return None
    areas = np.bincount(parts.ravel())[1:]
    sheet = ndimage.binary_fill_holes(parts == areas.argmax() + 1)
    table = ~sheet
    if not 0.2 < sheet.mean() < 0.95 or table.mean() < 0.05:
        return None
    edge = sheet & ndimage.binary_dilation(table, iterations=2)
    step = ndimage.grey_dilation(grey, 7) - ndimage.grey_erosion(grey, 7)
    drop = np.median(grey[sheet]) - np.median(grey[table])
    if drop < 40 or np.mean(step[edge] > 0.5 * drop) < 0.7:  # a soft edge is a shadow's
        return None
    return ndimage.binary_erosion(sheet, iterations=4, border_value=1)


def _grid_level(dark: np.ndarray, floor: float) -> float:
    """The darkness below which everything is the paper's own print (squares or rules), 0 where there is none.

    Print is clearly lighter than the ink, and lies away from it over the whole page.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    step = max(1, max(dark.shape) // 700)
    fine = ndimage.maximum_filter(dark, step)[::step, ::step] if step > 1 else dark
    some = fine[fine > floor]
    if some.size < 50 or np.ptp(some) < 0.1:
        return 0.0
    cut = float(threshold_otsu(some))
    low, high = some[some <= cut], some[some > cut]
    if low.mean() > 0.6 * high.mean() or high.size < 0.1 * some.size:
        return 0.0
    print_ = (fine > floor) & ~ndimage.binary_dilation(fine > cut, iterations=3)
    if print_.sum() < 0.4 * low.size:
        return 0.0
    parts, _ = ndimage.label(ndimage.binary_dilation(print_))
    boxes = ndimage.find_objects(parts)
    long = np.array([max(int(p.stop - p.start) for p in box) > 0.6 * min(fine.shape) for box in boxes])
    sizes = np.bincount(parts.ravel())[1:]
    if sizes[long].sum() < 0.5 * sizes.sum():
        return 0.0
    page = np.append(False, long)[parts]
    rows, columns = np.flatnonzero(page.any(1)), np.flatnonzero(page.any(0))
    if np.ptp(rows) < 0.85 * fine.shape[0] or np.ptp(columns) < 0.85 * fine.shape[1]:
        return 0.0
    return float(np.percentile(low, 90))


def _without_specks(mask: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The parts of a mask that hold something `sure`, without those far smaller than a dot of the same pen."""
    from scipy import ndimage

    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        raise UploadError(NOTHING)
    areas = np.bincount(parts.ravel())
    areas[np.bincount(parts[sure], minlength=count + 1) == 0] = 0
    areas[0] = 0
    pen = _pen((areas > 0.02 * areas.sum())[parts])
    keep = areas >= max(2, 0.35 * pen**2)
    if not keep.any():
        keep = areas == areas.max()
    keep[0] = False
    return keep[parts]


def _pen(mask: np.ndarray) -> float:
    """Rough width of the lines in a mask, in pixels: twice the area by the length of the outline."""
    edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    return 2 * np.count_nonzero(mask) / max(1.0, edges * np.pi / 4)


def _darkness(pixels: np.ndarray, paper: np.ndarray, how: np.ufunc) -> np.ndarray:
    """1 - pixel / paper, float32 (H, W) in [0, 1]: of the darkest channel (minimum), or of all together (add)."""
    total = np.empty(0, np.float32)
    for c, weight in enumerate((0.299, 0.587, 0.114) if how is np.add else (1, 1, 1)):
        tone = paper[c] if paper.ndim == 1 else _enlarged(paper[..., c], pixels.shape[:2])
        part = pixels[..., c] * (np.float32(weight) / np.maximum(tone, 1)).astype(np.float32)
        total = how(total, part) if c else part
    return (1 - total).clip(0, 1)


# ---------------------------------------------------------------------------------------------------------------------
# From the ink to the model's lines
# ---------------------------------------------------------------------------------------------------------------------


def _frame(ink: np.ndarray) -> tuple[float, float, float]:
    """The square around the whole picture."""
    height, width = ink.shape
    side = max(height, width)
    return ((width - side) / 2, (height - side) / 2, float(side))


def _crop(ink: np.ndarray) -> tuple[tuple[float, float, float], str]:
    """The square that shows the drawing as the training drawings are shown, and a sentence on it."""
    mask = ink > 0.4
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise UploadError(NOTHING)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    x, y, extent = (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)
    frame = _frame(ink)
    off = max(abs(x - frame[0] - frame[2] / 2), abs(y - frame[1] - frame[2] / 2)) / frame[2]
    square = min(ink.shape) > 0.95 * max(ink.shape)
    if square and EXTENT[0] <= extent / frame[2] <= EXTENT[1] and off <= OFF_CENTRE:
        return frame, "Sized and placed like the training drawings: left so."
    side = float(extent / AIM)
    return (float(x - side / 2), float(y - side / 2), side), "Cut out, centred and scaled, with a margin."


def _redrawn(ink: np.ndarray, square: tuple[float, float, float], lines: np.ndarray) -> tuple[np.ndarray, str]:
    """The square's lines, uint8 (side, side), in the training width: drawn anew around their skeleton. `lines`, the
    same as they are, where the width is near that. Dark areas stay, their outline moved as a line's would be.
    """
    from scipy import ndimage
    from skimage.morphology import skeletonize

    side = len(lines)
    work = WORK * side
    target = LINE * work
    alpha = window(255 - _grey(ink), square, work, 0).astype(np.float32) / 255
    pen = _pen(ink > 0.5) * work / square[2]
    mask = alpha > np.clip(0.45 * pen, 0.12, 0.5)  # a line thinner than a pixel is nowhere dark
    if pen > 6:
        mask = ndimage.gaussian_filter(mask.astype(np.float32), min(4, 0.12 * pen)) > 0.5
    mask = _without_holes(mask, (0.5 * target) ** 2)
    if not mask.any():
        return lines, "Nothing to redraw."
    inside = ndimage.distance_transform_edt(mask)
    skeleton = skeletonize(mask)
    width = 2 * float(np.median(inside[skeleton]))
    if abs(width / target - 1) < 0.15:
        return lines, "As wide as the training lines: left so."
    core = inside > 0.95 * max(width, 3)
    areas = ndimage.distance_transform_edt(~core) <= 0.95 * max(width, 3) if core.any() else core
    areas &= mask
    thin = _pruned(skeleton & ~areas, skeleton & areas, round(0.6 * width))
    outside = ndimage.distance_transform_edt(~thin) if thin.any() else np.full(mask.shape, np.inf)
    drawn = (target / 2 - outside).clip(0, 1)
    if areas.any():
        signed = ndimage.distance_transform_edt(~areas) - ndimage.distance_transform_edt(areas)
        drawn = np.maximum(drawn, ((target - width) / 2 + 0.5 - signed).clip(0, 1))
    blocks = drawn.reshape(side, WORK, side, WORK).mean((1, 3))
    text = f"Redrawn {'wider' if width < target else 'narrower'}: {width / WORK:.1f} to {target / WORK:.1f} pixels."
    return (255 - (255 * blocks).round()).astype(np.uint8), text


def _without_holes(mask: np.ndarray, area: float) -> np.ndarray:
    """The mask with its holes of less than `area` pixels filled: the grain of a pencil, gaps between double lines."""
    from scipy import ndimage

    parts, count = ndimage.label(~mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    holes = sizes < area
    holes[0] = False
    return mask | holes[parts]


def _pruned(skeleton: np.ndarray, rest: np.ndarray, length: int) -> np.ndarray:
    """A skeleton without its side branches of up to `length` pixels: rough edges of a wide line make such barbs.

    Line ends are taken off pixel by pixel, then grown back where an end is still there; a line that would vanish
    altogether stays whole. Where the skeleton goes on in `rest` it does not end.
    """
    from scipy import ndimage

    if length < 2:
        return skeleton
    whole = np.pad(skeleton | rest, 1)
    width = whole.shape[1]
    near = np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
    alive = whole.ravel().copy()
    movable = np.pad(skeleton, 1).ravel()
    removed = []
    at = np.flatnonzero(movable)
    for _ in range(length):
        count = alive[at[:, None] + near].sum(1)
        ends = at[count <= 1]
        if not len(ends):
            break
        alive[ends] = False
        removed.append(ends)
        at = at[count > 1]
    front = at[alive[at[:, None] + near].sum(1) == 1] if len(at) else at
    gone = np.zeros_like(alive)
    if removed:
        gone[np.concatenate(removed)] = True
    for _ in range(length):
        if not len(front):
            break
        step = (front[:, None] + near).ravel()
        front = np.unique(step[gone[step]])
        alive[front] = True
        gone[front] = False
    parts, count = ndimage.label(whole, np.ones((3, 3)))
    left = np.zeros(count + 1, bool)
    left[parts.ravel()[alive]] = True
    alive |= whole.ravel() & ~left[parts.ravel()]
    return alive.reshape(whole.shape)[1:-1, 1:-1] & skeleton


# ---------------------------------------------------------------------------------------------------------------------
# From the model's colours back to the picture
# ---------------------------------------------------------------------------------------------------------------------


def colour_in(sketch: Sketch, colours: np.ndarray, longest: int = 2048) -> np.ndarray:
    """The model's pictures uint8 (B, side, side, 3) laid under the visitor's own lines: uint8 (B, H, W, 3).

    At the picture's own resolution; enlarged where its longer side is below 512, reduced where it is above `longest`.
    The model's own lines are left out. Areas that the lines enclose (gaps up to a line's width count as closed) end
    under the middle of the visitor's lines, and are filled with one to six flat colours where these make up most of
    the area. Else one that is closed takes the most frequent colour, as where the model wavered between several; in one
    that reaches the square's border the colours are interpolated.
    """
    ink = _resized(sketch.ink, min(longest, max(SHOW, *sketch.ink.shape)))
    factor = max(ink.shape) / max(sketch.ink.shape)
    place = tuple(v * factor for v in sketch.square)
    regions = _Regions.of(sketch.lines, ink, place)
    free = sketch.lines > 0.85
    pictures = []
    for picture in colours:
        under = regions.painted(_over_lines(picture, free))
        pictures.append(_inked(under, ink, sketch.ink_colour))
    return np.stack(pictures)


def hints_to_model(sketch: Sketch, rgb: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """Colours that a visitor painted over the picture, brought into the model's square: float32 (4, side, side).

    rgb uint8 (h, w, 3) and mask bool (h, w) cover the whole picture, at any resolution. The first three channels are
    the colour in [0, 1] where there is a hint and 0 elsewhere, the fourth is 1 and 0. A stroke thinner than a pixel of
    the model keeps the pixels that it covers most.
    """
    from scipy import ndimage

    left, top, extent = sketch.square
    height, width = sketch.ink.shape
    scale = (mask.shape[1] / width + mask.shape[0] / height) / 2
    square = (left * scale, top * scale, extent * scale)
    cover = _averaged(mask.astype(np.float32), square, side)
    hint = (cover > 0) & (cover >= 0.5 * ndimage.maximum_filter(cover, 3))
    painted = [_averaged(rgb[..., c] * mask.astype(np.float32) / 255, square, side) for c in range(3)]
    values = np.stack(painted) / np.maximum(cover, 1e-6)
    return np.concatenate([values.clip(0, 1) * hint, hint[None]]).astype(np.float32)


def _averaged(plane: np.ndarray, square: tuple[float, float, float], side: int) -> np.ndarray:
    """Like `window`, for a float plane, 0 outside."""
    left, top, extent = square
    step = extent / side
    height, width = plane.shape
    sums = np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    x = (left + step * np.arange(side + 1)).clip(0, width)
    y = (top + step * np.arange(side + 1)).clip(0, height)

    def along(table: np.ndarray, at: np.ndarray) -> np.ndarray:
        low = np.minimum(at.astype(int), len(table) - 2)
        part = (at - low)[:, None]
        return table[low] * (1 - part) + table[low + 1] * part

    table = along(along(sums, y).T, x).T
    return (np.diff(np.diff(table, axis=0), axis=1) / step**2).clip(0, 1)


def _over_lines(picture: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The model's colours (side, side, 3) with those on its lines replaced by the nearest beside them."""
    from scipy import ndimage

    if not free.any():
        return picture
    y, x = ndimage.distance_transform_edt(~free, return_distances=False, return_indices=True)
    return picture[y, x]


def _inked(under: np.ndarray, ink: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Lines over a picture uint8 (H, W, 3), which is changed."""
    weight = (ink * 256).astype(np.uint16)
    for c in range(3):
        plane = under[..., c].astype(np.uint16)
        under[..., c] = ((256 - weight) * plane + weight * np.uint16(colour[c]) + 128) >> 8
    return under


def _resized(ink: np.ndarray, longest: int) -> np.ndarray:
    """Ink (H, W) with its longer side `longest`: averaged where it shrinks; where it grows interpolated, and its edge
    made as sharp as it was, in pixels."""
    factor = longest / max(ink.shape)
    if factor == 1:
        return ink
    size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
    how = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    large = np.asarray(Image.fromarray(ink).resize(size, how)).clip(0, 1)
    if factor > 1.5:
        large = ((large - 0.45) * min(4.0, factor) + 0.5).clip(0, 1)
    return large


@dataclass(frozen=True)
class _Regions:
    """The areas that a drawing's lines enclose.

    large    int (H, W): the number of the area that each pixel of the picture belongs to, 0 to n - 1, lines to the
             nearest; n outside of the square
    boxes    where each area lies in `large`; None where it has no pixel
    members  for each area, indices of the model's pixels in it, each as often as sixteenths of the pixel are in it
    outer    bool (n,): touches the square's border
    place    (left, top, side) of the square in the picture
    """

    large: np.ndarray
    boxes: list[tuple[slice, slice] | None]
    members: list[np.ndarray]
    outer: np.ndarray
    place: tuple[float, float, float]

    @classmethod
    def of(cls, lines: np.ndarray, ink: np.ndarray, place: tuple[float, float, float]) -> _Regions:
        from scipy import ndimage

        side = len(lines)
        work = WORK * side
        fine = np.asarray(Image.fromarray(lines).resize((work, work), Image.Resampling.BICUBIC))
        core = fine > 0.5
        if not core.any():
            core = np.ones_like(core)
        parts, count = ndimage.label(core)
        y, x = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
        small = parts[y, x] - 1

        at = np.flatnonzero(core)
        at = at[np.argsort(parts.ravel()[at], kind="stable")]
        pixel = at // work // WORK * side + at % work // WORK
        members = np.split(pixel, np.cumsum(np.bincount(parts.ravel(), minlength=count + 1)[1:-1]))
        clear = (lines > 0.85).ravel()
        clearer = (ndimage.minimum_filter(lines, 3) > 0.85).ravel()
        members = [_trusted(m, clear, clearer) for m in members]
        outer = np.zeros(count, bool)
        outer[np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])] = True

        height, width = ink.shape
        left, top, extent = place
        column = np.floor((np.arange(width) + 0.5 - left) * work / extent).astype(int)
        row = np.floor((np.arange(height) + 0.5 - top) * work / extent).astype(int)
        c0, c1 = np.searchsorted(column, (0, work))
        r0, r1 = np.searchsorted(row, (0, work))
        large = np.full(ink.shape, count, np.int32)
        inner = small[np.ix_(row[r0:r1], column[c0:c1])]
        paper = ink[r0:r1, c0:c1] < 0.5
        seen = core[np.ix_(row[r0:r1], column[c0:c1])] & paper
        large[r0:r1, c0:c1] = _sorted_out(inner, seen, paper, count)
        boxes = ndimage.find_objects(large + 1, count)
        return cls(large, boxes, members, outer, place)

    def painted(self, colours: np.ndarray) -> np.ndarray:
        """The areas filled from the colours (side, side, 3) that the model gave them: uint8 (H, W, 3)."""
        flat = np.full((len(self.members) + 1, 3), 255, np.uint8)
        varied: list[tuple[int, np.ndarray | None]] = []
        for number, members in enumerate(self.members):
            palette = _palette(colours, members)
            if palette is None and not self.outer[number]:
                palette = _most_frequent(colours.reshape(-1, 3)[np.unique(members)])[None]
            if palette is not None:
                palette[palette.min(1) >= (232 if self.outer[number] else 246)] = 255
                flat[number] = palette[0]
            if palette is None or len(palette) > 1:
                varied.append((number, palette))
        picture = flat[self.large]
        for number, palette in varied:
            self._shade(picture, number, palette, colours)
        return picture

    def _shade(self, picture: np.ndarray, number: int, palette: np.ndarray | None, colours: np.ndarray) -> None:
        """Fill one area of `picture`, which has the first colour of its palette, from the model's colours inside it
        alone: its other colours, with sharp edges between them; or interpolated ones where there is no palette."""
        from scipy import ndimage

        side = len(colours)
        here = np.zeros(side * side, bool)
        here[self.members[number]] = True
        y, x = ndimage.distance_transform_edt(~here.reshape(side, side), return_distances=False, return_indices=True)
        values = colours[y, x].astype(np.float32)  # the area's own colours go on beyond its edge
        if palette is None:
            values = ndimage.gaussian_filter(values, (0.8, 0.8, 0))
            if self.outer[number]:  # nearly white is white
                values += (255 - values) * ((values.min(2, keepdims=True) - 224) / 16).clip(0, 1)
            patch = self._enlarged(values.round().astype(np.uint8), number, np.ones((side, side), bool))
            if patch:
                box, inside, shade = patch
                np.copyto(picture[box], shade, where=inside[..., None])
            return
        distance = np.abs(values[:, :, None] - palette.astype(np.float32)).max(3)
        sure = np.stack([_blocks(d < 28) for d in np.moveaxis(distance, 2, 0)], -1)
        near = ndimage.maximum_filter(sure, (5, 5, 1)) / (distance**2 + 50) + 1e-9  # else an edge has a third colour
        near = ndimage.gaussian_filter(near / near.sum(2, keepdims=True), (0.5, 0.5, 0))
        sharp = max(1.0, self.place[2] / side / 2)
        for k in range(1, len(palette)):
            lead = near[..., k] - near[..., :k].max(2)
            patch = self._enlarged(lead, number, lead > -0.98)
            if patch:
                box, inside, shade = patch
                share = ((shade * sharp + 0.5).clip(0, 1) * inside)[..., None]
                picture[box] = (picture[box] + share * (palette[k].astype(np.float32) - picture[box])).round()

    def _enlarged(
        self, values: np.ndarray, number: int, where: np.ndarray
    ) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
        """A picture uint8 (side, side, 3) or a plane float32 (side, side) at the resolution of the visitor's picture,
        around `where` in an area: the box there, the area's pixels in it, the values in it; None where there are none.
        """
        box = self.boxes[number]
        rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        if box is None or not len(rows):
            return None
        side = len(values)
        step = self.place[2] / side
        spans, limits = [], []
        for at, found, start in ((box[1], columns, self.place[0]), (box[0], rows, self.place[1])):
            low = max(at.start, int((found[0] - 1) * step + start))
            high = min(at.stop, int((found[-1] + 2) * step + start) + 1)
            if high <= low:
                return None
            spans.append(slice(low, high))
            # + 2: a margin copied from the border, for an interpolation that reaches over it
            limits.append(((low - start) / step + 2, (high - start) / step + 2))
        (left, right), (top, bottom) = limits
        view = (max(0.0, left), max(0.0, top), min(side + 4.0, right), min(side + 4.0, bottom))
        size = (spans[0].stop - spans[0].start, spans[1].stop - spans[1].start)
        padded = np.pad(values, ((2, 2), (2, 2), (0, 0))[: values.ndim], mode="edge")
        large = Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC, view)
        place = (spans[1], spans[0])
        return place, self.large[place] == number, np.asarray(large)


def _trusted(members: np.ndarray, clear: np.ndarray, clearer: np.ndarray) -> np.ndarray:
    """An area's pixels without those that a line of the model may have tinged, as far as others are left."""
    for good in (clearer[members], clear[members]):
        if np.count_nonzero(good) >= max(1, len(members) // 8):
            return members[good]
    return members


def _palette(colours: np.ndarray, members: np.ndarray) -> np.ndarray | None:
    """One to six clearly different flat colours uint8 (K, 3) that make up nearly all of an area's, the most frequent
    first; None where its colours vary more. A second colour has a spot of SPOT pixels of the model of its own, none
    of them in a row one pixel wide: that is the soft edge between two others."""
    side = len(colours)
    pixels = np.unique(members)
    values = colours.reshape(-1, 3)[pixels].astype(np.int16)
    if len(pixels) < 2 * SPOT:
        return _median(values)[None]
    palette: list[np.ndarray] = []
    left = np.ones(len(pixels), bool)
    varied = 0
    while np.count_nonzero(left) >= SPOT and len(palette) < 6:
        rest = values[left]
        bins = (rest >> 4) @ np.array([256, 16, 1])
        peak = rest[bins == np.bincount(bins).argmax()].mean(0)
        close = left & (np.abs(values - peak).max(1) < 28)
        if close.sum() < SPOT:
            break
        left &= ~close
        if palette and min(np.abs(colour - peak).max() for colour in palette) < 40:  # the same, a little off
            continue
        spot = np.zeros(side * side, bool)
        spot[pixels[close]] = True
        if np.count_nonzero(_blocks(spot.reshape(side, side))) >= SPOT:
            palette.append(values[close].mean(0).round().astype(np.uint8))
        else:
            varied += int(np.count_nonzero(close))
    varied += int(np.count_nonzero(left))
    if not palette or varied > 0.2 * len(pixels):
        return None
    off = np.stack([np.abs(values - colour.astype(np.int16)).max(1) for colour in palette])
    nearest, others = off.min(0), off[0] >= 28
    if np.mean(nearest < 28) < 0.8:
        return None
    if len(palette) > 1 and np.mean(nearest[others] < 14) < 0.7:  # slices of colours that change slowly
        return None
    return np.stack(palette)


def _most_frequent(values: np.ndarray) -> np.ndarray:
    """The colour uint8 (3,) around which most of the colours uint8 (N, 3) lie."""
    bins, counts = np.unique(values >> 4, axis=0, return_counts=True)
    near = np.abs(bins[:, None].astype(np.int16) - bins).max(2) <= 2
    centre = bins[(near * counts).sum(1).argmax()].astype(np.int16)
    close = np.abs((values >> 4).astype(np.int16) - centre).max(1) <= 2
    return values[close].mean(0).round().astype(np.uint8)


def _blocks(mask: np.ndarray) -> np.ndarray:
    """A mask without what is one pixel wide: its pixels in 2 x 2 squares of it."""
    corner = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    full = np.zeros_like(mask)
    for y in (0, 1):
        for x in (0, 1):
            full[y : len(mask) - 1 + y, x : len(mask) - 1 + x] |= corner
    return full


def _sorted_out(inner: np.ndarray, seen: np.ndarray, paper: np.ndarray, count: int) -> np.ndarray:
    """Areas at the picture's resolution, made to end at its own lines.

    inner int (h, w): the areas as the model's lines have them; seen: off the model's and the own lines; paper: off the
    own ones. The model's lines may be wider, and run a little beside the own: what an own line cuts off from all of its
    area that was seen goes to the area on its own side.
    """
    from scipy import ndimage

    own, owns = ndimage.label(paper)
    pairs, votes = np.unique(inner[seen].astype(np.int64) * (owns + 1) + own[seen], return_counts=True)
    area, part = pairs // (owns + 1), pairs % (owns + 1)
    home = np.zeros(count, np.int64)  # the own part that most of an area lies in
    order = np.argsort(votes)
    home[area[order]] = part[order]
    inside = np.bincount(home[home > 0], minlength=owns + 1)
    wrong = paper & (own != home[inner]) & (inside[own] > 0)
    if wrong.any():
        inner = inner.copy()
        single = np.full(owns + 1, -1, np.int64)
        single[home] = np.arange(count)
        alone = wrong & (inside[own] == 1)
        inner[alone] = single[own[alone]]
        shared = wrong & (inside[own] > 1)
        for number in np.unique(own[shared]):
            here = own == number
            rows, columns = np.flatnonzero((here & shared).any(1)), np.flatnonzero((here & shared).any(0))
            box = np.s_[max(0, rows[0] - 16) : rows[-1] + 17, max(0, columns[0] - 16) : columns[-1] + 17]
            right = here[box] & ~wrong[box]
            if right.any():
                y, x = ndimage.distance_transform_edt(~right, return_distances=False, return_indices=True)
                inner[box] = np.where(here[box] & wrong[box], inner[box][y, x], inner[box])
    return inner


# ---------------------------------------------------------------------------------------------------------------------
# Small helpers
# ---------------------------------------------------------------------------------------------------------------------


def _grey(ink: np.ndarray) -> np.ndarray:
    """Ink in [0, 1] as uint8, dark on white."""
    return (255.5 - 255 * ink).astype(np.uint8)


def _median(pixels: np.ndarray) -> np.ndarray:
    return np.median(pixels, axis=0).round().astype(np.uint8)


def _small(pixels: np.ndarray, longest: int) -> np.ndarray:
    """The picture as float32, averaged down to at most `longest` pixels."""
    share = min(1.0, longest / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)


def _shown(pixels: np.ndarray) -> np.ndarray:
    return _small(pixels, SHOW).round().astype(np.uint8)


def _enlarged(plane: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A float plane (h, w) at the size (H, W), interpolated."""
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
