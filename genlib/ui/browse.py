"""A page of a data set's pictures, to look through."""

from __future__ import annotations

import numpy as np

from genlib import data
from genlib.budget import MADE
from genlib.ui.pages import PAGE, pages_of

Page = tuple[np.ndarray, list[str], int, int]


def browse(name: str, sha256: str, attribute: str, label: int | None, page: int) -> Page:
    """One page, counted from 1, of the validation pictures whose `attribute` is `label` (None: any).

    Returns the pictures uint8 (B, H, W, C), what each is called, how many there are on all pages, and the page: the
    last one where there are fewer. A line drawing stands above its picture. `sha256` is the file's, so that a rebuilt
    file is read again. Raises DataError.
    """
    key = ("browse", name, sha256, attribute, label, page)
    return MADE.get(key, lambda: _browse(name, attribute, label, page))


def _browse(name: str, attribute: str, label: int | None, page: int) -> Page:
    import torch

    images = data.load_pictures(name, "validation")  # at most a few thousand pictures, gone again when this returns
    found = torch.arange(len(images)) if label is None else (images.labels[attribute] == label).nonzero().squeeze(1)
    page = min(page, pages_of(len(found)))
    rows = found[(page - 1) * PAGE : page * PAGE]
    pixels = images.pixels[rows]
    if images.lines is not None:
        pixels = torch.cat([images.lines[rows].expand_as(pixels), pixels], 2)
    if images.titles:  # "1F600 grinning face"
        called = [images.titles[row].partition(" ")[2] for row in rows]
    else:
        values = data.info(name).labels[attribute]
        called = [f"{readable(attribute)} {readable(values[i])}" for i in images.labels[attribute][rows]]
    return pixels.permute(0, 2, 3, 1).numpy(), called, len(found), page


def readable(word: str) -> str:
    """An attribute or a value, as people write it."""
    return word.replace("_", " ")
