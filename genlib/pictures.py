"""Untrusted bytes to a clean picture: what a visitor uploads, checked before it is decoded, bounded in memory.

>>> from genlib import pictures
>>> picture = pictures.read(data)
>>> picture.pixels.shape, picture.notes
((1365, 2048, 3), ('The picture was scaled down from 6000 x 4000 to 2048 x 1365 pixels.',))

No torch, no streamlit; nothing is written to disk.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps

from genlib.contract import GenlibError

MAX_BYTES = 10_000_000
MAX_SIDE = 2048  # of what `read` returns, in pixels
MIN_SIDE = 16
MAX_RATIO = 8
# Decoding takes up to 7 bytes a pixel, WebP 22 (its decoder keeps two canvases, and both are copied): 300 MB at most.
MAX_PIXELS = {"JPEG": 50_400_000, "PNG": 40_000_000, "GIF": 40_000_000, "BMP": 40_000_000, "TIFF": 40_000_000}
MAX_PIXELS["WEBP"] = 12_500_000
KINDS = "a PNG, JPEG, WebP, GIF, BMP or TIFF file"
PLAIN = 24  # grey levels: what differs less from the border's colour is background
BAND = 128  # rows of the reduced picture that are converted at a time

# What Pillow raises for damaged files of these formats: found by reading its sources and by flipping bytes.
DAMAGE: tuple[type[Exception], ...] = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, RuntimeError, ArithmeticError, MemoryError,
    AttributeError, struct.error, zlib.error,
)  # fmt: skip


_one_at_a_time = threading.Lock()  # many visitors may bring large pictures in the same second


class PictureError(GenlibError):
    """A file that is no picture we can use, or a picture with nothing in it."""


@dataclass(frozen=True)
class Picture:
    """pixels uint8 (H, W, 3), at most 2048 a side; notes: sentences for the visitor on what was done to the file."""

    pixels: np.ndarray
    notes: tuple[str, ...] = ()


def read(data: bytes) -> Picture:
    """The picture in a file's bytes: upright, in colour, on white, its longest side at most MAX_SIDE pixels.

    Of an animation the first frame. Transparency is laid on white; on black where the drawing would be lost on white.
    PictureError, in one sentence: no bytes or more than MAX_BYTES, no picture or a damaged one, a format not in KINDS,
    more pixels than MAX_PIXELS, a side below MIN_SIDE, sides in a ratio above MAX_RATIO.
    """
    if not data:
        raise PictureError("The file is empty: choose one with a picture in it.")
    if len(data) > MAX_BYTES:
        raise PictureError(
            f"The file has {len(data) / 1e6:.1f} MB and at most {MAX_BYTES / 1e6:.0f} MB are taken: "
            "save it smaller, or as JPEG."
        )
    _refuse_other_kinds(data)
    try:
        image = Image.open(io.BytesIO(data), formats=list(MAX_PIXELS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError("The picture has too many pixels: scale it down to 4000 pixels a side.") from None
    except DAMAGE:
        raise PictureError(f"This file is not a picture, or it is damaged: bring {KINDS}.") from None
    _check_size(image)
    try:
        with image, _one_at_a_time:
            return _decode(image)
    except DAMAGE:
        raise PictureError("The picture is damaged or cut off: save or export it again.") from None


def fit(
    pixels: np.ndarray, side: int, background: tuple[int, int, int] | None = None
) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A picture (H, W, 3) that is no line drawing on the square of a model: uint8 (side, side, 3), and its place.

    Sides within a quarter of each other: the whole picture, padded with `background` (None: the border's colour).
    A longer picture is cut at its long ends: around what it shows where its border is plain, else evenly.
    The place is (left, top, side) in pixels of the picture and may reach outside of it.
    """
    height, width = pixels.shape[:2]
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.int16)
    border = np.median(ring, axis=0)
    x, y, extent = width / 2, height / 2, max(width, height)
    if extent > 1.25 * min(width, height):
        extent = min(width, height)
        shown = np.abs(pixels - border).max(2) >= PLAIN
        if np.mean(np.abs(ring - border).max(1) < PLAIN) > 0.8 and shown.any():
            columns, rows = np.flatnonzero(shown.any(0)), np.flatnonzero(shown.any(1))
            extent = max(extent, int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            if width > height:
                x = float(columns[0] + columns[-1] + 1) / 2
            else:
                y = float(rows[0] + rows[-1] + 1) / 2
    square = (x - extent / 2, y - extent / 2, float(extent))
    return window(pixels, square, side, border if background is None else np.asarray(background)), square


def window(pixels: np.ndarray, square: tuple[float, float, float], side: int, fill: np.ndarray | int) -> np.ndarray:
    """A square (left, top, side) of a picture (H, W) or (H, W, 3) as (side, side): averaged over each pixel's area
    where it shrinks, bicubic where it grows; `fill` where the square reaches outside the picture. dtype uint8.
    """
    left, top, extent = square
    x0, y0 = int(np.floor(left)), int(np.floor(top))
    x1, y1 = int(np.ceil(left + extent)), int(np.ceil(top + extent))
    canvas = np.empty((y1 - y0, x1 - x0, *pixels.shape[2:]), np.uint8)
    canvas[:] = fill
    inner = pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    canvas[max(-y0, 0) : max(-y0, 0) + inner.shape[0], max(-x0, 0) : max(-x0, 0) + inner.shape[1]] = inner
    how = Image.Resampling.BOX if extent >= side else Image.Resampling.BICUBIC
    box = (left - x0, top - y0, left - x0 + extent, top - y0 + extent)
    return np.asarray(Image.fromarray(canvas).resize((side, side), how, box=box))


def _refuse_other_kinds(data: bytes) -> None:
    """PictureError for what people take for a picture and Pillow would only call unknown."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    name = ""
    if head.startswith(b"<") and b"<svg" in head.lower():
        name = "an SVG drawing"
    elif head.startswith(b"\x1f\x8b"):
        name = "a compressed file"
    elif head.startswith(b"%PDF"):
        name = "a PDF document"
    elif head.startswith(b"PK\x03\x04"):
        name = "a zip archive, whatever its name says"
    elif data[4:8] == b"ftyp":
        name = "an AVIF picture" if data[8:12] in (b"avif", b"avis") else "a HEIC picture or a film"
    if name:
        raise PictureError(f"This is {name}: export the picture as PNG or JPEG and bring that.")


def _check_size(image: Image.Image) -> None:
    """PictureError by what the file's header says, before any pixel is decoded."""
    width, height = image.size
    most = MAX_PIXELS.get(image.format or "", MAX_PIXELS["JPEG"])  # a JPEG with a second picture in it is called MPO
    if image.info.get("progressive"):  # decoded in several passes over all of it, which is held meanwhile
        most //= 2
    if width * height > most:
        raise PictureError(
            f"The picture has {width} x {height} pixels and at most {most // 1_000_000} million are taken: "
            "scale it down."
        )
    if max(width, height) > MAX_RATIO * min(width, height):
        raise PictureError(
            f"The picture is {width} x {height} pixels: one side is more than {MAX_RATIO} times the other, so crop it."
        )
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"The picture is {width} x {height} pixels: bring one of at least {MIN_SIDE} a side.")


def _decode(image: Image.Image) -> Picture:
    width, height = image.size
    notes = []
    if getattr(image, "is_animated", False):
        if image.format == "TIFF":
            notes.append("The file has several pages: the first one is used.")
        elif image.format in ("GIF", "WEBP", "PNG"):
            notes.append("This is an animation: its first frame is used.")
    share = MAX_SIDE / max(width, height)
    if share < 1:  # JPEG is decoded at a half, a quarter or an eighth where that is enough
        image.draft(None, (max(1, int(width * share)), max(1, int(height * share))))
    image.load()
    small = _reduced(image)
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if share < 1:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        small = small.resize(size, Image.Resampling.LANCZOS, reducing_gap=None)
    small.getexif()[ExifTags.Base.Orientation] = orientation
    small = ImageOps.exif_transpose(small)
    if share < 1:
        before = (width, height) if small.size == size else (height, width)
        notes.append("The picture was scaled down from {} x {} to {} x {} pixels.".format(*before, *small.size))
    if small.mode == "RGB":
        return Picture(np.array(small), tuple(notes))
    pixels, note = _flatten(np.asarray(small))
    return Picture(pixels, (*notes, *note))


def _reduced(image: Image.Image) -> Image.Image:
    """The picture as RGB or RGBA, reduced by a whole factor to no less than MAX_SIDE; band by band, so that a large
    picture of another kind is never held twice."""
    width, height = image.size
    factor = max(1, max(width, height) // MAX_SIDE)
    if factor == 1:
        return _colour(image, image)
    clear = image.has_transparency_data
    whole = Image.new("RGBA" if clear else "RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, BAND * factor):
        band = image.crop((0, top, width, min(top + BAND * factor, height)))
        whole.paste(_colour(band, image).reduce(factor), (0, top // factor))
    return whole


def _colour(band: Image.Image, whole: Image.Image) -> Image.Image:
    """A band of a picture as RGB or RGBA. 16 bits become 8 by division; integers and floats without a bound of their
    own by the smallest usual bound that holds the whole picture, else by its range."""
    mode = band.mode
    if mode.startswith("I") or mode == "F":
        low, high = 0.0, 65535.0
        if not mode.startswith("I;16"):
            low, high = (float(v) for v in whole.getextrema())  # type: ignore[arg-type]
            bounds = [b for b in ((1.0,) if mode == "F" else ()) + (255.0, 65535.0) if low >= 0 and high <= b]
            low, high = (0.0, bounds[0]) if bounds else (low, high)
        values = (np.asarray(band).astype(np.float32) - low) * (255 / max(high - low, 1e-6))
        return Image.fromarray(np.nan_to_num(values).clip(0, 255).round().astype(np.uint8)).convert("RGB")
    return band.convert("RGBA" if whole.has_transparency_data else "RGB")


def _flatten(rgba: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Transparency laid on white, uint8 (H, W, 3) from (H, W, 4); on black where white would swallow the drawing."""
    alpha = rgba[..., 3:].astype(np.uint16)
    on_black = (rgba[..., :3] * alpha + 127) // 255
    on_white = on_black + 255 - alpha
    solid = alpha[..., 0] > 127
    faint = np.count_nonzero(on_white.min(2) < 160) < 0.002 * np.count_nonzero(solid)
    if faint and not solid.all():
        return on_black.astype(np.uint8), ("The drawing is white on a transparent ground: it was laid on black.",)
    return on_white.astype(np.uint8), ()
