"""How pictures come to be, step by step: a film with its controls, sent to the browser once."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import films
from genlib.budget import MADE
from genlib.sheets import columns, enlargement, grid, png
from genlib.ui import bar, loaders

if TYPE_CHECKING:
    from genlib.unrolling import Trace

HERE = Path(__file__).parent
MAX_PICTURES = 8
MAX_PIXELS = 2**22  # of all steps of all pictures: at most 12 MB, and a bitmap of 16 MB in the browser
MAX_FPS = 60
LEAST = 128  # px of a side of a film that is taken away

_component = st.components.v2.component(
    "genlib.film",
    html=bar.within("film.html"),
    css=bar.CSS + (HERE / "film.css").read_text(),
    js=(HERE / "film.js").read_text(),
)


def film(
    frames: np.ndarray,
    key: str,
    labels: Sequence[str] | None = None,
    fps: float = 8,
    rests_on: str = "last",
    trace: Trace | None = None,
) -> None:
    """Show `frames` uint8 (T, B, H, W, C), T steps of B pictures, C 1 or 3, as a film.

    labels: what each of the T steps is called ("row 3 of 28"); None: "step 3 of 28".
    rests_on: the step that it shows at first, "first" or "last".
    trace: a number for each step and picture, drawn as lines over the slider.
    fps: steps a second. Where T * B * H * W is above MAX_PIXELS, steps are left out evenly, never the first or the
    last, and the film is as much shorter.

    Nothing is sent back: play, pause and every step happen in the browser. While `frames` are the same the film stays
    where it is when the script runs again.

    Raises ValueError for another shape or type, for more than MAX_PICTURES pictures, where not even the first and the
    last step together are within MAX_PIXELS, and for labels or fps that don't fit.
    """
    if frames.ndim != 5 or frames.dtype != np.uint8 or not frames.size or frames.shape[-1] not in (1, 3):
        raise ValueError(f"a film is uint8 (T, B, H, W, 1 or 3), not {frames.dtype} {frames.shape}")
    count, pictures, height, width, _ = frames.shape
    if pictures > MAX_PICTURES:
        raise ValueError(f"a film shows at most {MAX_PICTURES} pictures, not {pictures}")
    if labels is not None and len(labels) != count:
        raise ValueError(f"{count} steps and {len(labels)} labels")
    if trace is not None and trace.numbers.shape != (count, pictures):
        raise ValueError(f"numbers {trace.numbers.shape} for {count} steps of {pictures} pictures")
    if not 0 < fps <= MAX_FPS:
        raise ValueError(f"fps is above 0 and at most {MAX_FPS}, not {fps}")
    steps = kept(count, pictures * height * width)
    url, across = _sent(frames[steps])
    _component(
        data={
            "sheet": url,
            "across": across,
            "width": width,
            "height": height,
            "pictures": pictures,
            "labels": tuple(labels[t] if labels is not None else f"step {t + 1} of {count}" for t in steps),
            "fps": fps,
            "start": 0 if rests_on == "first" else len(steps) - 1,
            "trace": None if trace is None else _lines(trace, steps),
        },
        key=key,
    )


def _lines(trace: Trace, steps: Sequence[int]) -> tuple[str, tuple[tuple[float, ...], ...]]:
    """What they are, and for each picture its numbers at `steps`. A tuple: for a dict Streamlit imports pandas."""
    lines = trace.numbers[steps].T.astype(float).round(3)
    return trace.what, tuple(map(tuple, lines.tolist()))


def downloads(frames: np.ndarray, fps: float, stem: str) -> None:
    """Buttons that take `frames` uint8 (T, H, W, C) away as a file called `stem`, at `fps` frames a second."""
    scale = enlargement(frames.shape[1], LEAST)
    kinds = [("GIF", films.gif, "image/gif"), ("WebP", films.webp, "image/webp")]
    if films.can_mp4():
        kinds.append(("MP4", films.mp4, "video/mp4"))
    with st.container(horizontal=True):
        for name, encode, mime in kinds:
            st.download_button(
                f"Film as {name}",
                partial(encode, frames, fps, scale),
                f"{stem}.{name.lower()}",
                mime,
                on_click="ignore",
                icon=":material/movie:",
            )


def kept(count: int, pixels: int) -> list[int]:
    """Which of `count` steps of `pixels` pixels each are shown: all, or as many as MAX_PIXELS allows, evenly.

    Raises ValueError where that would not be at least the first and the last.
    """
    most = MAX_PIXELS // pixels
    if most < min(count, 2):
        raise ValueError(f"a film has at most {MAX_PIXELS} pixels, and one step of this one has {pixels}")
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()


def sheet(frames: np.ndarray) -> tuple[np.ndarray, int]:
    """One picture uint8 (H', W', C) of `frames` uint8 (T, B, H, W, C), without gaps, and how many stand in its rows.

    Row by row, step t of picture b is at place b * T + t: what hardly differs stands side by side, where PNG's
    compression sees it.
    """
    cells = frames.swapaxes(0, 1).reshape(-1, *frames.shape[2:])
    across = columns(len(cells))
    return grid(cells, across, gap=0), across


def _sent(frames: np.ndarray) -> tuple[str, int]:
    """The sheet as a data URL, and how many stand in its rows."""

    def make() -> tuple[str, int]:
        picture, across = sheet(frames)
        return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}", across

    # The script runs again at every touch of a widget, and a second of compressing each time would be felt.
    return MADE.get(("film", loaders.digest(frames)), make)
