"""The picture that all parts of Likelihood ask about: a test picture, a drawing, or an upload.

What a visitor brings stays in memory, for this visitor alone, and is in no address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import fitting
from genlib.sheets import enlargement, png
from genlib.ui import controls, uploading
from genlib.ui.canvas import canvas
from genlib.ui.gallery import gallery
from genlib.ui.latent import codes
from genlib.ui.latent.own import PAPER_SIDE, PENS
from genlib.ui.likelihood import held
from genlib.ui.pages import LIKELIHOOD, OFFERED, LikelihoodQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

WAYS = {
    "example": ":material/imagesmode: Test picture",
    "draw": ":material/draw: Draw",
    "upload": ":material/upload: Upload",
}
WAY, EXAMPLE, FILE, UPLOAD, TROUBLE, PAPER = map(
    LIKELIHOOD.widget, ("way", "example", "_file", "_upload", "_trouble", "paper")
)
LARGE = 168  # px of the picture


@dataclass(frozen=True)
class Chosen:
    """pixels uint8 (H, W, C), as large as the model's; what it is; and what was done to it, in sentences."""

    pixels: np.ndarray
    name: str
    notes: tuple[str, ...] = ()


def way(ways: tuple[str, ...]) -> None:
    """The widget for where the picture comes from."""
    controls.choice("Picture", WAY, WAYS, ways)


def choose(checkpoint: Checkpoint, shown: LikelihoodQuery) -> Chosen | None:
    """The widgets of that way, and what they hold; None while there is nothing yet. GenlibError."""
    match shown.way:
        case "example":
            return _example(checkpoint, shown)
        case "draw":
            found = _drawing(checkpoint, whole=shown.part != "complete")
            wanted = "Draw something: after each stroke it is asked again."
        case "upload":
            found = _upload(checkpoint)
            wanted = "Bring a picture: it is made what the models know, and that is said."
    if found is None:
        st.caption(wanted)
    else:
        _large(found)
    return found


def _example(checkpoint: Checkpoint, shown: LikelihoodQuery) -> Chosen:
    pictures = held.offered(checkpoint)
    gallery(
        pictures,
        range(OFFERED),
        LIKELIHOOD.widget(f"examples.{checkpoint.name}"),
        [f"test picture {i + 1} of {OFFERED}" for i in range(OFFERED)],
        across=4,
        name="Test pictures",
        chosen=shown.example,
        slides=True,
        on_pick=lambda picked: st.session_state.update({EXAMPLE: picked}),
    )
    st.caption("Pictures that no model has learned from. Click one.")
    return Chosen(pictures[shown.example], "the test picture")


def _drawing(checkpoint: Checkpoint, whole: bool) -> Chosen | None:
    """whole: it is put into the middle; where it is not, half of it may be all there is."""
    drawing = canvas(PAPER, PAPER_SIDE, brush=False, pens=PENS)
    if drawing.empty:
        return None
    side = held.space(checkpoint).side
    if not whole:
        return Chosen(fitting.placed(drawing.lines, side), "your drawing", ("It lies where it lies on the paper.",))
    pixels = fitting.drawn(drawing.lines, side, codes.extent(checkpoint))
    return Chosen(pixels, "your drawing", ("Placed and scaled as the models' pictures are.",))


def _upload(checkpoint: Checkpoint) -> Chosen | None:
    state = st.session_state
    uploading.field(FILE, _take)
    if trouble := state.get(TROUBLE):
        st.error(trouble, icon=":material/error:")
    if (data := state.get(UPLOAD)) is None:
        return None
    picture = uploading.read(data)
    found = fitting.fit(picture.pixels, held.space(checkpoint))
    done = (f"It was {' and '.join(found.notes)}.",) if found.notes else ()
    return Chosen(found.pixels, "your picture", (*picture.notes, *done))


def _take(key: str) -> None:
    uploading.take(key, UPLOAD, TROUBLE)


def _large(chosen: Chosen) -> None:
    pixels = chosen.pixels
    st.image(png(pixels, enlargement(len(pixels), LARGE)), alt=f"{chosen.name.capitalize()}, as the models see it")
    st.caption(" ".join(["As the models see it.", *chosen.notes]))
