"""A plane to drag in: what the model draws all over it, where it puts held-out pictures, and where the holes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import sources
from genlib.contract import Encodes
from genlib.errors import GenlibError
from genlib.ui.gallery import gallery
from genlib.ui.latent import codes, pad
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import LATENT, LatentQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.latents.planes import Plane

PAD, UNDER, X, Y = map(LATENT.widget, ("pad", "under", "x", "y"))
VERSION = LATENT.widget("_pad_version")
BESIDE = 3  # models side by side, at most
CUTS = {"principal": "Where the codes differ most", "three": "Through three pictures", "whole": "The whole space"}
LARGE = 160  # px of the picture under the cursor


def draw(scene: Scene, page: ModelPage[LatentQuery]) -> None:
    cuts = page.options("cut")
    if len(cuts) > 1:
        st.segmented_control(
            "Plane",
            cuts,
            format_func=CUTS.__getitem__,
            required=True,
            key=LATENT.widget("cut"),
            persist_state="session",
        )
    keys = None
    if scene.shown.cut == "three":
        keys = scene.keys(3, most=3)
        choose(scene, keys, 3, "plane")
        st.caption("The plane goes through the last three pictures that you clicked.")
    models = [scene.checkpoint]
    if scene.shown.cut == "whole":
        others = _others(scene.checkpoint)
        if others:
            st.toggle("Other models of the same data beside it", key=LATENT.widget("others"), persist_state="session")
        if scene.shown.others:
            models = sorted([*models, *others], key=lambda c: c.name)[:BESIDE]
    with st.spinner("Decoding the plane"):
        planes = [codes.plane(model, scene.shown.cut, scene.latents(keys) if keys else None) for model in models]
        pads, names = _pads(models, planes)
    _live(pads, names, models, planes, page)
    if issubclass(scene.checkpoint.model_class, Encodes):
        st.caption(
            "Dots: where held-out pictures are encoded, in the colour of their class; click a class to hide it. Where "
            "there are no dots, no picture has taught the model what to draw: look whether the mosaic still shows "
            "something one can read."
        )


def _others(checkpoint: Checkpoint) -> list[Checkpoint]:
    """The shipped models of the same data and space that have two numbers, too."""
    found = []
    for name, listed in LATENT.shelf().items():
        if name == checkpoint.name:
            continue
        other = sources.find(name) if listed else None
        if other is None or other.spec.recipe.data != checkpoint.spec.recipe.data:
            continue
        if codes.latent(other).dims == 2 and other.config.space == checkpoint.config.space:
            found.append(other)
    return found


def _pads(models: list[Checkpoint], planes: list[Plane]) -> tuple[list[pad.Pad], tuple[str, ...]]:
    import torch

    pads: list[pad.Pad] = []
    names: tuple[str, ...] = ("pictures",)
    for model, plane in zip(models, planes, strict=True):
        places, labels = np.zeros((0, 2)), np.zeros(0, np.int64)
        if issubclass(model.model_class, Encodes):
            try:
                found = codes.coded(model)
                places = (plane.places(torch.from_numpy(found.z)) / plane.extent).numpy()
                labels, names = found.labels, found.names
            except GenlibError as error:  # a stranger's model, of data that is not here
                st.caption(str(error))
        pads.append(pad.Pad(f"{model.name} · {model.model_class.title}", codes.mosaic(model, plane), places, labels))
    return pads, names


@st.fragment
def _live(
    pads: list[pad.Pad],
    names: tuple[str, ...],
    models: list[Checkpoint],
    planes: list[Plane],
    page: ModelPage[LatentQuery],
) -> None:
    """The planes and what is under the cursor: of the page, this part alone runs again when it moves."""
    import torch

    state = st.session_state
    at = torch.tensor([[state[X], state[Y]]])
    z = [plane.at(plane.extent * at).numpy() for plane in planes]
    pictures = np.concatenate([codes.decoded(model, code) for model, code in zip(models, z, strict=True)])
    labels = [f"{model.model_class.title}, {_numbers(code[0])}" for model, code in zip(models, z, strict=True)]
    with st.container(key="under-cursor", width=LARGE * len(models)):
        # Not st.image: it serves a picture at an address of its own, which is gone again when the cursor moves on.
        gallery(pictures, range(len(models)), UNDER, labels, len(models), name="Under the cursor", still=True)
    st.caption("Under the cursor: " + "; ".join(labels))
    pad.pad(pads, names, (state[X], state[Y]), state.setdefault(VERSION, 0), PAD, _moved)
    found = pad.place(PAD)
    if found is not None and found.rest:
        page.publish()  # the address says where


def _numbers(z: np.ndarray) -> str:
    return f"z = ({z[0]:.2f}, {z[1]:.2f})" if len(z) == 2 else f"|z| = {np.linalg.norm(z):.2f}"


def _moved() -> None:
    found = pad.place(PAD)
    if found is not None:
        st.session_state[X], st.session_state[Y] = round(found.x, 3), round(found.y, 3)
