"""Pixel by pixel: where a picture surprises a model that goes by the chain rule, and how it would have gone on."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.contract import Completes
from genlib.ui import frame, words
from genlib.ui.likelihood import halves, heat, held
from genlib.ui.likelihood.held import Foreseen
from genlib.ui.likelihood.scene import Scene, ask
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import COMPLETIONS, LIKELIHOOD, LikelihoodQuery

HEAT, PIXEL, SEED = map(LIKELIHOOD.widget, ("heat", "pixel", "seed"))
VERSION = LIKELIHOOD.widget("_heat_version")


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
        halves.reseed()
    pixel, first = state[PIXEL], state[SEED]
    with frame.answering(), st.spinner("Drawing the rest"):
        known = (np.arange(found.read.size) < pixel).reshape(found.read.shape)
        halves.show(scene, found.picture, known, first)
        st.caption(
            f"First the picture itself, then {COMPLETIONS} times the same beginning, in red, and the rest as the model "
            f"draws it with the seeds {first} to {first + COMPLETIONS - 1}."
        )
    page.address.write()  # it says where


def _moved(pixels: int) -> None:
    pixel = heat.place(HEAT, pixels)
    if pixel is not None:
        st.session_state[PIXEL] = pixel


def _put(pixel: int) -> None:
    state = st.session_state
    state[PIXEL], state[VERSION] = pixel, state[VERSION] + 1
