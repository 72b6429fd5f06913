"""A strip of pictures from a data set, as one PNG."""

from __future__ import annotations

from genlib import data
from genlib.budget import MADE

ROWS, COLUMNS = 4, 18
HEIGHT = 128  # px of a picture in the PNG; the page shows it at about half, which is sharp on a dense screen


def strip(name: str, sha256: str, attribute: str, label: int | None) -> bytes:
    """PNG of the first validation pictures whose `attribute` is `label` (None: any), four to a column.

    Empty where no picture has the label. A line drawing hangs above its picture. `sha256` is the file's, so that a
    rebuilt file is read again. Raises DataError.
    """
    return MADE.get(("strip", name, sha256, attribute, label), lambda: _strip(name, attribute, label))


def _strip(name: str, attribute: str, label: int | None) -> bytes:
    import numpy as np
    import torch

    from genlib.sheets import enlargement, grid, png

    images = data.load_pictures(name, "validation")  # at most a few thousand pictures, gone again when this returns
    chosen = torch.arange(len(images)) if label is None else (images.labels[attribute] == label).nonzero().squeeze(1)
    if not len(chosen):
        return b""
    layers = [images.pixels] if images.lines is None else [images.lines, images.pixels]
    chosen = chosen[: ROWS * COLUMNS // len(layers)]
    pictures = torch.stack([layer[chosen].expand(-1, 3, -1, -1) for layer in layers], 1).flatten(0, 1)
    side = pictures.shape[-1]
    # With an alpha channel: the gaps, and the places that stay empty, show the page, light or dark.
    cells = np.zeros((-len(pictures) // ROWS * -ROWS, side, side, 4), np.uint8)
    cells[: len(pictures), ..., :3] = pictures.permute(0, 2, 3, 1).numpy()
    cells[: len(pictures), ..., 3] = 255
    by_row = cells.reshape(-1, ROWS, side, side, 4).swapaxes(0, 1).reshape(cells.shape)
    return png(grid(by_row, len(cells) // ROWS, gap=side // 8, background=0), enlargement(side, HEIGHT))
