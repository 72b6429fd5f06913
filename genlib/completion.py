"""The rest of a picture of which a part is given, once for each seed.

>>> known = completion.half(28, "top")
>>> made = completion.complete(genlib.load("pixelcnn-digits"), picture, known, range(8))
>>> made.shape                                      # uint8; what is known stays as the model reads it
(8, 28, 28, 1)

The command line asks for HALVES before anything is done, so NumPy is imported when a picture comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from genlib.contract import Completes, Controls, Seeds
from genlib.errors import GenlibError

if TYPE_CHECKING:
    import numpy as np

Half = Literal["top", "bottom", "left", "right"]
HALVES: tuple[Half, ...] = get_args(Half)


def half(side: int, which: Half) -> np.ndarray:
    """Bool (side, side): which pixels of a square picture lie in that half."""
    import numpy as np

    first = np.arange(side) < side // 2
    line = first if which in ("top", "left") else ~first
    return np.broadcast_to(line[:, None] if which in ("top", "bottom") else line, (side, side))


def complete(
    model: Completes, picture: np.ndarray, known: np.ndarray, seeds: Seeds, controls: Controls | None = None
) -> np.ndarray:
    """A picture uint8 (S, S, C) with all pixels made anew that are not `known`, bool (S, S): uint8 (B, S, S, C).

    GenlibError: the picture has another shape than the model's, or the mask another one than the picture.
    """
    import torch

    from genlib import fitting
    from genlib.sheets import to_uint8

    shape: tuple[int, ...] = _shape(model)
    if picture.shape != shape:
        raise GenlibError(f"The picture is {_said(picture)}, the model's are {shape[1]} x {shape[0]}: scale it first.")
    if known.shape != shape[:2]:
        raise GenlibError(
            f"The mask is {_said(known)} and the picture {_said(picture)}: a mask has one value for each pixel."
        )
    x = fitting.to_x(picture[None]).expand(len(seeds), -1, -1, -1)
    mask = torch.from_numpy(known.astype(bool)).expand(len(seeds), 1, -1, -1)
    with torch.inference_mode():
        return to_uint8(model.complete(x, mask, seeds, controls))


def _shape(model: Any) -> tuple[int, int, int]:
    channels, height, width = model.shape
    return height, width, channels


def _said(array: np.ndarray) -> str:
    return " x ".join(map(str, array.shape[1::-1])) + (f" of {array.shape[2]} channels" if array.ndim > 2 else "")
