"""Pictures to contact sheets, PNG and zip. Imports no streamlit, and torch for type checkers only."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor


def to_uint8(images: Tensor) -> np.ndarray:
    """uint8 (B, H, W, C) from float images (B, C, H, W) in [0, 1]. Rounded to the nearest level: 0.999 becomes 255."""
    return np.ascontiguousarray((images.detach() * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())


def in_colour(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 (..., H, W, 1 or 3) with three channels, (..., H, W, 3): a grey one has three equal ones."""
    return np.ascontiguousarray(np.broadcast_to(pictures, (*pictures.shape[:-1], 3)))


def columns(count: int) -> int:
    """How many columns a sheet of `count` pictures has: about 1.5 times as many as rows, with full rows if possible."""
    wish = math.sqrt(1.5 * count)
    full = [c for c in range(math.ceil(math.sqrt(count)), math.floor(math.sqrt(3 * count)) + 1) if count % c == 0]
    return min(full, key=lambda c: abs(c - wish)) if full else round(wish)


def grid(images: np.ndarray, across: int | None = None, gap: int = 2, background: int = 255) -> np.ndarray:
    """One picture uint8 (H', W', C) of all `images` uint8 (B, H, W, C), row by row.

    across: pictures in a row (None: `columns`). gap: pixels between two. background: grey level of gaps and empty
    places, 0 to 255.
    """
    count, height, width, channels = images.shape
    across = min(across or columns(count), count)
    down = math.ceil(count / across)
    cells = np.full((down * across, height + gap, width + gap, channels), background, np.uint8)
    cells[:count, :height, :width] = images
    cells = cells.reshape(down, across, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = cells.reshape(down * (height + gap), across * (width + gap), channels)
    return sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap]


def enlargement(side: int, target: int) -> int:
    """The whole number, at least 1, by which pictures of `side` pixels are enlarged to about `target` pixels."""
    return max(1, round(target / side))


def png(image: np.ndarray, scale: int = 1) -> bytes:
    """PNG of a picture uint8 (H, W, 1, 3 or 4), each pixel `scale` x `scale` large.

    At the lowest level of compression: on pictures this small the highest saves a tenth and takes five times as long.
    """
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    if scale > 1:
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of name -> content.

    Stored without compression, since PNG is compressed already. Every file is dated 1980, so that the same files always
    give the same bytes.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return archive.getvalue()
