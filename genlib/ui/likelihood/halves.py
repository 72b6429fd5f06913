"""Half a picture, and how a model would go on from there: by capability, whatever the model's order or chain."""

from __future__ import annotations

import random

import numpy as np
import streamlit as st

from genlib import completion
from genlib.contract import Predicts
from genlib.sheets import in_colour
from genlib.ui import controls
from genlib.ui.gallery import gallery
from genlib.ui.likelihood import held
from genlib.ui.likelihood.scene import Scene, ask
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import COMPLETIONS, LIKELIHOOD, LikelihoodQuery

SEED = LIKELIHOOD.widget("seed")
GIVEN = np.array([1.0, 0.6, 0.5])  # the colour of what is light in a part that is given
ACROSS = 5  # pictures in a row
HALVES = {"top": "Upper half", "bottom": "Lower half", "left": "Left half", "right": "Right half"}


def draw(scene: Scene, page: ModelPage[LikelihoodQuery]) -> None:
    if not ask(scene):
        return
    assert scene.chosen is not None
    given = scene.shown.given
    with st.container(horizontal=True, vertical_alignment="bottom"):
        controls.choice("What the model is given", LIKELIHOOD.widget("given"), HALVES, page.options("given"))
        reseed()
    first, picture = scene.shown.seed, scene.chosen.pixels
    with st.spinner("Drawing the rest"):
        show(scene, picture, completion.half(len(picture), given), first, ACROSS)
    st.caption(
        f"First the picture itself, then {COMPLETIONS} times the half that is given, in red, and the rest as the model "
        f"draws it with the seeds {first} to {first + COMPLETIONS - 1}. What the picture holds there counts nowhere."
    )
    if issubclass(scene.checkpoint.model_class, Predicts) and given != "top":
        st.markdown(
            ":material/south: This model draws row by row from the top, and knows at each pixel only those before it. "
            "What is given after them stands there in the end, but nothing was drawn to fit it: try the upper half."
        )


def show(scene: Scene, picture: np.ndarray, known: np.ndarray, first: int, across: int = COMPLETIONS + 1) -> None:
    """A picture uint8 (H, W, 1) and its completions from seed `first` on, with what is `known` in another colour."""
    made = held.completed(scene.checkpoint, picture, known, first, scene.controls)
    pictures = np.stack([tinted(picture, known) for picture in (picture, *made)])
    labels = ["the picture itself", *(f"as completed with seed {first + i}" for i in range(COMPLETIONS))]
    with st.container(key="completions"):
        gallery(
            pictures, range(len(pictures)), LIKELIHOOD.widget("made"), labels, across,
            name="Completions", still=True,
        )  # fmt: skip


def tinted(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture uint8 (H, W, 1) in colour (H, W, 3), with what is `known`, bool (H, W), in another one."""
    coloured = in_colour(picture).copy()
    coloured[known] = coloured[known] * GIVEN
    return coloured


def reseed() -> None:
    """The button for other completions."""
    st.button("Other seeds", on_click=_reseed, key=LIKELIHOOD.widget("reseed"), icon=":material/casino:")


def _reseed() -> None:
    st.session_state[SEED] = random.randrange(1_000_000)
