"""Which part of a picture that a visitor brought is used, which side of it is up, and what its paper's colour is."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from genlib import sketch
from genlib.framing import Part, border, cut, window
from genlib.translation import Brought
from genlib.ui.gallery import gallery
from genlib.ui.pages import TRANSLATE, TranslateQuery
from genlib.uploads import Upload

TURN, PART, TONE, ANSWER = map(TRANSLATE.widget, ("turn", "part", "tone", "answer"))
# Of the widgets that make these, and the drawings that were found on the whole sheet.
ACROSS, DOWN, PAPER, PIECES = map(TRANSLATE.widget, ("part.across", "part.down", "tone.picker", "pieces.found"))
TILE = 96  # px


def used(pixels: np.ndarray, shown: TranslateQuery) -> np.ndarray:
    """What is used of a picture uint8 (H, W, 3)."""
    return cut(pixels, shown.turn, _part(shown.part))


def reset() -> None:
    """All of it, as it came."""
    st.session_state.update({TURN: 0, PART: "", TONE: ""})
    st.session_state.pop(PIECES, None)


def choose(upload: Upload, drawing: bool) -> None:
    """The widgets, in a popover."""
    state = st.session_state
    part = _part(state[PART]) or (0, 0, 1000, 1000)
    state[ACROSS], state[DOWN] = ((part[k] / 10, part[k + 2] / 10) for k in (0, 1))
    with st.popover("Crop and rotate", icon=":material/crop_rotate:", type="tertiary"):
        with st.container(horizontal=True):
            for label, turns, icon in (("Rotate left", 3, "rotate_left"), ("Rotate right", 1, "rotate_right")):
                st.button(label, on_click=partial(_rotate, turns), key=f"{TURN}.{turns}", icon=f":material/{icon}:")
        for label, key in (("Used from left to right", ACROSS), ("Used from top to bottom", DOWN)):
            st.slider(label, 0.0, 100.0, step=0.5, format="%g %%", key=key, on_change=_crop)
        if drawing:
            ground = np.median(border(upload.pixels), axis=0).astype(np.uint8)
            state[PAPER] = f"#{state[TONE] or bytes(ground.tolist()).hex()}"
            st.color_picker("The paper's colour, where it is taken for something else", key=PAPER, on_change=_tone)
        st.button("As it came", on_click=reset, key=f"{PART}.reset", icon=":material/undo:", type="tertiary")


def offer(whole: np.ndarray | None, brought: Brought, shown: TranslateQuery) -> None:
    """The drawings that were found on a sheet, a picture uint8 (H, W, 3), each to be coloured alone."""
    state = st.session_state
    if whole is None or brought.sketch is None:
        return
    if not shown.part:
        state[PIECES] = sketch.pieces(brought.sketch.ink)
    found: tuple[Part, ...] = state.get(PIECES, ())
    if not found:
        return
    parts = [None, *found]
    tiles = np.stack([_tile(cut(whole, shown.turn, part)) for part in parts])
    names = [_name(part) for part in parts]
    gallery(
        tiles,
        range(len(tiles)),
        "translate.pieces",
        ["the whole sheet", *(f"drawing {k + 1} of {len(found)}" for k in range(len(found)))],
        len(tiles) if len(tiles) < 8 else None,
        name="Drawings",
        chosen=names.index(shown.part) if shown.part in names else None,
        slides=True,
        on_pick=lambda picked: state.update({PART: names[picked], ANSWER: 0}),
    )
    st.caption(f"There seem to be {len(found)} drawings on this sheet. Click one to have it coloured alone.")


def _tile(pixels: np.ndarray) -> np.ndarray:
    """All of a picture uint8 (H, W, 3), small."""
    height, width = pixels.shape[:2]
    side = float(max(height, width))
    return window(pixels, ((width - side) / 2, (height - side) / 2, side), TILE, 255)


def _part(text: str) -> Part | None:
    """What an address says; None where it says nothing, or no part of a picture."""
    if not text:
        return None
    left, top, right, bottom = map(int, text.split("-"))
    return (left, top, right, bottom) if left < right <= 1000 and top < bottom <= 1000 else None


def _name(part: Part | None) -> str:
    return "" if part in (None, (0, 0, 1000, 1000)) else "-".join(map(str, part or ()))


def _crop() -> None:
    state = st.session_state
    (left, right), (top, bottom) = (
        (min(round(10 * low), 990), max(round(10 * high), min(round(10 * low), 990) + 10))
        for low, high in (state[ACROSS], state[DOWN])
    )
    state[PART] = _name((left, top, right, bottom))


def _rotate(turns: int) -> None:
    state = st.session_state
    state.update({TURN: (state[TURN] + turns) % 4, PART: ""})
    state.pop(PIECES, None)


def _tone() -> None:
    st.session_state[TONE] = st.session_state[PAPER].removeprefix("#").lower()
