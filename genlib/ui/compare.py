"""Before and after: two pictures over each other, with a divider to drag."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from genlib.sheets import png

HERE = Path(__file__).parent
LONGEST = 1024  # pixels that are sent, of the longer side; a download is the page's matter
SMALL = 256  # below this the pixels are shown as they are

_component = st.components.v2.component(
    "genlib.compare",
    html=(HERE / "compare.html").read_text(),
    css=(HERE / "compare.css").read_text(),
    js=(HERE / "compare.js").read_text(),
)


def compare(
    before: np.ndarray,
    after: np.ndarray,
    key: str,
    labels: tuple[str, str] = ("before", "after"),
    width: int = 640,
) -> None:
    """Show `before` left and `after` right of a divider, both uint8 (H, W, 3) of the same size.

    width: of the whole, at most, in pixels of the page. The divider stays where it is when the pictures change.
    Raises ValueError where the sizes differ.
    """
    if before.shape != after.shape:
        raise ValueError(f"the pictures differ in size: {before.shape} and {after.shape}")
    height, breadth = before.shape[:2]
    _component(
        data={
            "before": data_url(before),
            "after": data_url(after),
            "labels": labels,  # tuples: for lists Streamlit imports pandas
            "shape": (breadth, height),
            "width": width,
            "crisp": max(height, breadth) < SMALL,
        },
        key=key,
    )


def data_url(picture: np.ndarray, longest: int = LONGEST) -> str:
    """A picture uint8 (H, W, 3) as a PNG in a data URL, shrunk to `longest` pixels where its longer side has more."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
