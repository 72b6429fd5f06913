"""What a visitor uploads: untrusted bytes to a clean picture. Checked before it is decoded, and bounded in memory.

>>> from genlib import uploads
>>> upload = uploads.read(data)
>>> upload.pixels.shape, upload.notes
((1365, 2048, 3), ('The picture was scaled down from 6000 x 4000 to 2048 x 1365 pixels.',))

Imports neither torch nor streamlit, and writes nothing to disk.
"""

from __future__ import annotations

import io
import lzma
import struct
import threading
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from genlib.errors import GenlibError

MAX_BYTES = 10_000_000
MAX_SIDE = 2048  # of what `read` returns, in pixels
MIN_SIDE = 16
MAX_RATIO = 8
# A decoded pixel takes 4 bytes, and 22 for WebP, whose decoder keeps two canvases that are both copied; one of 8 bits
# takes 1, and JPEG is decoded smaller. With these bounds no file takes more than about 190 MB.
MAX_PIXELS = {"JPEG": 50_400_000, "PNG": 25_000_000, "GIF": 25_000_000, "BMP": 25_000_000, "TIFF": 25_000_000}
MAX_PIXELS["WEBP"] = 8_400_000
MAX_PIXELS["HEIF"] = 25_000_000  # 7.5 bytes a pixel; what a telephone saves has up to 24.5 million
EIGHT_BITS = {"1", "L", "P"}
ENOUGH = 0.9  # of MAX_SIDE: a photo of 4000 pixels is decoded at a half of that, and not made larger again
KINDS = "a PNG, JPEG, HEIC, WebP, GIF, BMP or TIFF file"
WITHHELD = 32  # rows that the JPEG decoder keeps back until it sees the end
BAND = 128  # rows of the reduced picture that are made at a time

# What Pillow raises for damaged files of these formats: found by reading its sources, and by changing bytes in files.
DAMAGE: tuple[type[Exception], ...] = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, RuntimeError, ArithmeticError, MemoryError,
    AttributeError, struct.error, zlib.error,
)  # fmt: skip
# What zipfile raises for damaged or foreign archives.
OF_ZIP: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
)  # fmt: skip
HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1")
FTYP = b"ftyp"  # after the length: HEIC, AVIF and films begin so
ENTRY = b"PK\x01\x02"  # before each entry of a zip's directory
OF_PROFILE: tuple[type[Exception], ...] = (ImageCms.PyCMSError, *DAMAGE)

_one_at_a_time = threading.Lock()  # many visitors may upload large pictures in the same second


class UploadError(GenlibError):
    """A file that is not a picture we can use, or a picture that shows nothing."""


@dataclass(frozen=True)
class Upload:
    """A picture from a visitor.

    pixels   uint8 (H, W, 3), upright, at most MAX_SIDE pixels a side
    notes    sentences for the visitor on what was done to the file
    """

    pixels: np.ndarray
    notes: tuple[str, ...] = ()


def read(data: bytes, most: int = MAX_SIDE) -> Upload:
    """The picture in a file's bytes: upright, in colour, its longer side at most `most` pixels.

    An animation gives its first frame. A transparent picture is laid on white, or on black if its drawing is white.
    Colours become those of sRGB where the file has a profile of its own, as those of many telephones have.
    UploadError, with one sentence for the visitor: no bytes or more than MAX_BYTES, no picture or a damaged one, a
    format not in KINDS, more pixels than MAX_PIXELS, a side below MIN_SIDE, sides in a ratio above MAX_RATIO.
    """
    image = _opened(data)
    try:
        with image, _one_at_a_time:
            return _decode(image, data, most)
    except DAMAGE:
        raise UploadError("The picture is damaged or cut off: save or export it again.") from None


def pixels(data: bytes) -> int:
    """How many pixels the picture in a file has, by its header: nothing is decoded. UploadError, as of read()."""
    with _opened(data) as image:
        return image.width * image.height


def entries(archive: bytes) -> int:
    """How many files and folders a zip holds, at least; 0: it is none. zipfile makes an object of each when it opens
    the archive, and 20 MB may name hundreds of thousands."""
    return archive.count(ENTRY)


def _opened(data: bytes) -> Image.Image:
    """The picture, not decoded yet, of a kind and a size that are taken. UploadError."""
    if not data:
        raise UploadError("The file is empty: choose one with a picture in it.")
    if len(data) > MAX_BYTES:
        raise UploadError(
            f"The file has {len(data) / 1e6:.1f} MB and at most {MAX_BYTES / 1e6:.0f} MB are taken: "
            "save it smaller, or as JPEG."
        )
    _refuse_other_kinds(data)
    formats = [kind for kind in MAX_PIXELS if kind != "HEIF"]
    if data[4:8] == FTYP:  # its library is loaded where it is needed
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False, decode_threads=1)
        formats = ["HEIF"]
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UploadError("The picture has too many pixels: scale it down to 4000 pixels a side.") from None
    except DAMAGE:
        raise UploadError(f"This file is not a picture, or it is damaged: bring {KINDS}.") from None
    _check_size(image)
    return image


def _refuse_other_kinds(data: bytes) -> None:
    """UploadError, by name, for kinds of file that people take for pictures and that Pillow does not read."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    name = ""
    if head.startswith(b"<") and b"<svg" in head.lower():
        name = "an SVG drawing"
    elif head.startswith(b"\x1f\x8b"):
        name = "a compressed file"
    elif head.startswith(b"%PDF"):
        name = "a PDF document"
    elif head.startswith(b"version https://git-lfs"):
        raise UploadError("This is only a pointer of Git LFS to a file: fetch the picture with git lfs pull.")
    elif head.startswith(b"PK\x03\x04"):
        name = "a zip archive, whatever its name says"
    elif data[4:8] == FTYP:
        if data[8:12] in (b"avif", b"avis"):
            name = "an AVIF picture"  # of 1 kB it may unpack to gigabytes, whatever size its header says
        elif data[8:12] not in HEIC:
            name = "a film"
    if name:
        raise UploadError(f"This is {name}: export the picture as PNG or JPEG and bring that.")


def _check_size(image: Image.Image) -> None:
    """UploadError if the size in the file's header is out of bounds. No pixel is decoded for this."""
    width, height = image.size
    most = MAX_PIXELS.get(image.format or "", MAX_PIXELS["JPEG"])  # a JPEG with a second picture in it is called MPO
    if image.mode in EIGHT_BITS:
        most = max(most, min(4 * most, MAX_PIXELS["JPEG"]))
    if image.info.get("progressive"):  # decoded in several passes, between which up to 6 bytes a pixel are kept
        most //= 3
    if width * height > most:
        raise UploadError(
            f"The picture has {width} x {height} pixels and at most {most // 1_000_000} million are taken: "
            "scale it down."
        )
    if max(width, height) > MAX_RATIO * min(width, height):
        raise UploadError(
            f"The picture is {width} x {height} pixels: one side is more than {MAX_RATIO} times the other, so crop it."
        )
    if min(width, height) < MIN_SIDE:
        raise UploadError(f"The picture is {width} x {height} pixels: bring one of at least {MIN_SIDE} a side.")


def _decode(image: Image.Image, data: bytes, most: int) -> Upload:
    """The pixels of an open file, scaled down, upright and without transparency, and notes on what was done."""
    width, height = image.size
    notes = []
    if getattr(image, "is_animated", False):
        if image.format == "TIFF":
            notes.append("The file has several pages: the first one is used.")
        elif image.format in ("GIF", "WEBP", "PNG"):
            notes.append("This is an animation: its first frame is used.")
    share = most / max(width, height)
    if share < 1:  # JPEG is decoded at a half, a quarter or an eighth where that is enough
        image.draft(None, (max(1, int(width * share * ENOUGH)), max(1, int(height * share * ENOUGH))))
    image = _load(image, data)
    profile = image.info.get("icc_profile")
    small = _reduced(image, most)
    orientation = _orientation(image)
    if max(small.size) > most:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        small = small.resize(size, Image.Resampling.LANCZOS, reducing_gap=None)
    size = small.size
    small, note = _in_srgb(small, profile)
    notes += note
    small.info.clear()  # of its Exif data nothing else counts, and what is broken in it cannot be written anew
    small.getexif()[ExifTags.Base.Orientation] = orientation
    small = ImageOps.exif_transpose(small)
    if share < 1:
        before = (width, height) if small.size == size else (height, width)
        notes.append("The picture was scaled down from {} x {} to {} x {} pixels.".format(*before, *small.size))
    if small.mode == "RGB":
        return Upload(np.array(small), tuple(notes))
    pixels, note = _flatten(np.asarray(small))
    return Upload(pixels, (*notes, *note))


def _load(image: Image.Image, data: bytes) -> Image.Image:
    """Decode it. A JPEG may lack its end marker alone, and browsers show it: all but its last rows is there then."""
    try:
        image.load()
    except OSError:
        if image.format != "JPEG":
            raise
        image.tile = []  # type: ignore[attr-defined]  # that was all: what is missing is black
        *_, bottom = image.getbbox() or (0,)
        if bottom < image.height - WITHHELD:
            raise
        whole = Image.open(io.BytesIO(data + b"\xff\xd9"), formats=["JPEG"])
        whole.draft(None, image.size)
        whole.load()
        return whole
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """An RGB or RGBA picture with the colours that its ICC profile means, and a note where that moved them. A profile
    that is broken, or of something else than RGB, counts for nothing."""
    if not profile:
        return image, ()
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if meant.profile.xcolor_space != "RGB " or "sRGB" in ImageCms.getProfileDescription(meant):
            return image, ()
        mended = ImageCms.profileToProfile(image, meant, ImageCms.createProfile("sRGB"), outputMode=image.mode)
    except OF_PROFILE:
        return image, ()
    assert mended is not None  # it is made anew
    return mended, ("Its colours were converted from the file's own profile.",)


def _orientation(image: Image.Image) -> object:
    """What its Exif data say of which side is up; 1, as it is, where they are broken: the picture need not be."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except DAMAGE:
        return 1


def _reduced(image: Image.Image, most: int) -> Image.Image:
    """The picture as RGB or RGBA, reduced by a whole factor so that its longer side is still `most` pixels or more.

    It is converted in bands of rows: a large picture in another mode is never in memory twice.
    """
    width, height = image.size
    factor = max(1, max(width, height) // most)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if factor == 1 and image.mode == mode:
        return image
    whole = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, BAND * factor):
        band = image.crop((0, top, width, min(top + BAND * factor, height)))
        whole.paste(_colour(band, image).reduce(factor), (0, top // factor))
    return whole


def _colour(band: Image.Image, whole: Image.Image) -> Image.Image:
    """A band of a picture as RGB or RGBA.

    Values of 16 bits are divided by 65535. Larger integers and floats have no known maximum: they are divided by 1
    (floats only), 255 or 65535, the smallest that no value of the whole picture exceeds; if there is none, or if a
    value is negative, the range of the whole picture becomes 0 to 255.
    """
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
    """A picture uint8 (H, W, 4) laid on white, or on black if its drawing is white: (H, W, 3), and the notes on it."""
    on_white, on_black = np.empty((2, *rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), BAND):
        band = np.s_[top : top + BAND]
        alpha = rgba[band, :, 3:].astype(np.uint16)
        on_black[band] = dark = (rgba[band, :, :3] * alpha + 127) // 255
        on_white[band] = dark + 255 - alpha
    solid = np.count_nonzero(rgba[..., 3] > 127)
    faint = np.count_nonzero(on_white.min(2) < 160) < 0.002 * solid
    if faint and solid < rgba.shape[0] * rgba.shape[1]:
        return on_black, ("The drawing is white on a transparent ground: it was laid on black.",)
    return on_white, ()
