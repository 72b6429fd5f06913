"""The component of a plane to drag in: one mosaic or several side by side, codes over them, one cursor in all."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from genlib.budget import MADE

HERE = Path(__file__).parent

# Paul Tol, "Colour Schemes" (2021), muted, with black for a tenth: told apart by the colour-blind.
COLOURS = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#222222",
)  # fmt: skip

_component = st.components.v2.component(
    "genlib.pad",
    html=(HERE / "pad.html").read_text(),
    css=(HERE / "pad.css").read_text(),
    js=(HERE / "pad.js").read_text(),
)


@dataclass(frozen=True)
class Pad:
    """mosaic uint8 (H, W, C); places (N, 2) of codes in it, in [-1, 1] with y upwards; labels (N,) of them; mark,
    a place that stands out, or None."""

    title: str
    mosaic: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    mark: tuple[float, float] | None = None


@dataclass(frozen=True)
class Place:
    """Where the cursor is, in [-1, 1] with y upwards. `rest`: it was let go."""

    x: float
    y: float
    rest: bool


def pad(
    pads: Sequence[Pad],
    names: Sequence[str],
    start: tuple[float, float],
    version: int,
    key: str,
    moved: Callable[[], None],
) -> None:
    """Show `pads`. `names` are the classes that labels count.

    start     where the cursor is put whenever `version` is another number; else it stays where the visitor has it
    moved     called when it was moved; place() says where to
    What is sent stays the same while the cursor moves, so that the mosaics travel once.
    """
    _component(
        data={
            "pads": tuple(_sent(p) for p in pads),
            "marks": tuple(p.mark for p in pads),
            "names": tuple(names),
            "colours": COLOURS,
            "start": (*start, version),  # a tuple: for a dict Streamlit imports pandas
        },
        on_place_change=moved,
        key=key,
    )


def place(key: str) -> Place | None:
    """Where the cursor of the component `key` was moved to; None: it was not."""
    try:
        found: Any = st.session_state[key]["place"]
        return Place(_within(found["x"]), _within(found["y"]), bool(found["rest"]))
    except (TypeError, KeyError, ValueError):  # what a browser sends may be anything
        return None


def _within(value: float) -> float:
    number = float(value)
    if not -1 <= number <= 1:
        raise ValueError(number)
    return number


def _digest(p: Pad) -> str:
    digest = hashlib.blake2b(p.title.encode())
    for array in (p.mosaic, p.places, p.labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _sent(p: Pad) -> dict[str, object]:
    digest = _digest(p)
    return MADE.get(("pad", digest), lambda: _packed(p, digest))


def _packed(p: Pad, version: str) -> dict[str, object]:
    inside = (np.abs(p.places) <= 1).all(1)
    points = [
        (round(float(x), 3), round(float(y), 3), int(label))
        for (x, y), label in zip(p.places[inside], p.labels[inside], strict=True)
    ]
    file = io.BytesIO()
    # A mosaic of colour pictures has 4 MB as PNG, a tenth of that as WebP, and no eye tells them apart.
    Image.fromarray(p.mosaic.squeeze(2) if p.mosaic.shape[2] == 1 else p.mosaic).save(
        file, "WebP", quality=90, method=2
    )
    picture = base64.b64encode(file.getvalue()).decode()
    return {
        "title": p.title,
        "mosaic": f"data:image/webp;base64,{picture}",
        "points": points,
        "version": version,
    }
