"""A batch of pictures as tiles: one sprite sheet, sent once, in one component."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from genlib.sheets import columns, grid, png

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "genlib.gallery",
    html='<div class="wall" role="group"></div>',
    css=(HERE / "gallery.css").read_text(),
    js=(HERE / "gallery.js").read_text(),
)


def gallery(
    images: np.ndarray,
    seeds: Sequence[int],
    key: str,
    labels: Sequence[str] | None = None,
    across: int | None = None,
    *,
    name: str = "Pictures",
    chosen: int | None = None,
    still: bool = False,
    slides: bool = False,
    rows: bool = False,
    reveals: str = "",
    on_pick: Callable[[int], None] | None = None,
) -> int | None:
    """Show pictures uint8 (B, H, W, C) as tiles; the seed of the tile that was clicked just now, else None.

    labels: what the tiles are called, where they are not pictures with seeds; `seeds` then only tells them apart.
    across: how many stand in a row where there is room; None: what suits their number.
    name: of them all, for screen readers.
    chosen: the seed of the tile that is marked as the chosen one; None: a click chooses none.
    still: the tiles are only looked at.
    slides: on a phone they stand in one row.
    rows: as many stand in a row on a phone, too, however small: what is in a column has to do with each other.
    reveals: the key of the container that a click changes, and that it scrolls into view.
    on_pick: is called with the seed before the script runs again, where what stands above the tiles depends on it.
    """

    def picked() -> None:
        if on_pick and (seed := st.session_state[key].picked) in seeds:
            on_pick(seed)

    across = across or columns(len(images))
    sheet = base64.b64encode(png(grid(images, across, gap=0))).decode()
    result = _component(
        data={
            "name": name,
            "sheet": f"data:image/png;base64,{sheet}",
            "across": across,  # in a row of the sheet and, at most, of the page
            "width": images.shape[2],
            "height": images.shape[1],
            # Lists would have Streamlit look whether they are data frames, and import pandas for that.
            "seeds": tuple(seeds),
            "labels": tuple(labels or (f"picture with seed {seed}" for seed in seeds)),
            "chosen": chosen,
            "still": still,
            "slides": slides,
            "rows": rows,
            "reveals": reveals,
        },
        on_picked_change=picked,
        key=key,
    )
    return result.picked if result.picked in seeds else None
