"""Pixel by pixel: where a picture surprises a model that goes by the chain rule, and how it would have gone on."""

from __future__ import annotations

import random

import numpy as np
import streamlit as st

from genlib.contract import Completes
from genlib.sheets import in_colour
from genlib.ui import frame, words
from genlib.ui.gallery import gallery
from genlib.ui.likelihood import heat, held
from genlib.ui.likelihood.held import Foreseen
from genlib.ui.likelihood.scene import Scene, ask
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import COMPLETIONS, LIKELIHOOD, LikelihoodQuery

HEAT, PIXEL, SEED = map(LIKELIHOOD.widget, ("heat", "pixel", "seed"))
VERSION = LIKELIHOOD.widget("_heat_version")
GIVEN = np.array([1.0, 0.6, 0.5])  # the colour of what is light in a part that is given


def draw(scene: Scene, page: ModelPage[LikelihoodQuery]) -> None:
    if not ask(scene):
        return
    assert scene.chosen is not None
    with st.spinner("Asking for each pixel"):
        found = held.foreseen(scene.checkpoint, scene.chosen.pixels)
    st.markdown(
        "The model goes through the picture from the top, row by row, and says of each pixel what it expects there, "
        f"knowing only those before it. All surprise added up, **{found.surprise.sum():.2f} nats**, is minus the "
        "picture's log-likelihood: that is the chain rule."
    )
    terms = ("surprise", "nats") + (("binarised",) if len(found.greys) == 2 else ())
    words.row(terms, "likelihood-pixels")
    _live(scene, found, page)


@st.fragment
def _live(scene: Scene, found: Foreseen, page: ModelPage[LikelihoodQuery]) -> None:
    """The component and what follows from its cursor: of the page, this part alone runs again when that rests."""
    state = st.session_state
    heat.heat(found, state[PIXEL], state.setdefault(VERSION, 0), HEAT, lambda: _moved(found.read.size))
    if not issubclass(scene.checkpoint.model_class, Completes):
        return
    st.subheader("What it would have drawn", anchor=False)
    side = len(found.read)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, pixel in (("From the top", 0), ("From the middle", side // 2 * side)):
            st.button(name, on_click=_put, args=(pixel,), key=LIKELIHOOD.widget(f"at.{pixel}"))
        st.button("Other seeds", on_click=_reseed, key=LIKELIHOOD.widget("reseed"), icon=":material/casino:")
    pixel, first = state[PIXEL], state[SEED]
    with frame.answering(), st.spinner("Drawing the rest"):
        made = held.completed(scene.checkpoint, found.picture, pixel, first, scene.controls)
        pictures = np.stack([tinted(picture, pixel) for picture in (found.picture, *made)])
        labels = ["the picture itself", *(f"as completed with seed {first + i}" for i in range(COMPLETIONS))]
        with st.container(key="completions"):
            gallery(
                pictures, range(len(pictures)), LIKELIHOOD.widget("made"), labels, len(pictures),
                name="Completions", still=True,
            )  # fmt: skip
        st.caption(
            f"First the picture itself, then {COMPLETIONS} times the same beginning, in red, and the rest as the model "
            f"draws it with the seeds {first} to {first + COMPLETIONS - 1}."
        )
    page.address.write()  # it says where


def tinted(picture: np.ndarray, pixel: int) -> np.ndarray:
    """A picture uint8 (H, W, 1) in colour (H, W, 3), with what is before `pixel` in another one."""
    coloured = in_colour(picture).copy()
    before = coloured.reshape(-1, 3)[:pixel]
    before[:] = before * GIVEN
    return coloured


def _moved(pixels: int) -> None:
    pixel = heat.place(HEAT, pixels)
    if pixel is not None:
        st.session_state[PIXEL] = pixel


def _put(pixel: int) -> None:
    state = st.session_state
    state[PIXEL], state[VERSION] = pixel, state[VERSION] + 1


def _reseed() -> None:
    st.session_state[SEED] = random.randrange(1_000_000)
