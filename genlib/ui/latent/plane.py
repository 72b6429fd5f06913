"""A plane to drag in: what the model draws all over it, where it puts held-out pictures, and where the holes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import sources
from genlib.contract import Encodes
from genlib.errors import GenlibError
from genlib.ui import controls
from genlib.ui.gallery import gallery
from genlib.ui.latent import codes, own, pad
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import LATENT, LatentQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.latents.planes import Plane

PAD, UNDER, OWN, DRAWING, X, Y = map(LATENT.widget, ("pad", "under", "own", "_drawing", "x", "y"))
VERSION = LATENT.widget("_pad_version")
BESIDE = 3  # models side by side, at most
CUTS = {"principal": "Where the codes differ most", "three": "Through three pictures", "whole": "The whole space"}
LARGE, SMALL = 160, 96  # px of the picture under the cursor, and of a visitor's own


def draw(scene: Scene, page: ModelPage[LatentQuery]) -> None:
    checkpoint, cuts = scene.checkpoint, page.options("cut")
    others = _others(checkpoint) if scene.shown.cut == "whole" else []
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(cuts) > 1:
            controls.choice("Plane", LATENT.widget("cut"), CUTS, cuts)
        if others:
            st.toggle("Other models of the same data beside it", key=LATENT.widget("others"), persist_state="session")
        drawing = own.drawable(checkpoint) and st.toggle("Draw your own", key=DRAWING, persist_state="session")
    keys = None
    if scene.shown.cut == "three":
        keys = scene.keys(3, most=3)
        choose(scene, keys, 3, "plane")
        st.caption("The plane goes through the last three pictures that you clicked.")
    left, right = st.columns([3, 7], gap="medium") if drawing else (st.container(), st.container())
    with left:
        if drawing:
            own.paper(checkpoint)
    models = [checkpoint]
    if scene.shown.others:
        models = sorted([*models, *others], key=lambda c: c.name)[:BESIDE]
    with right:
        with st.spinner("Decoding the plane"):
            planes = [codes.plane(model, scene.shown.cut, scene.latents(keys) if keys else None) for model in models]
            pads, names = _pads(models, planes)
        _live(pads, names, models, planes, page)
    with left:
        _own(models, pads, nearest=scene.shown.cut != "whole")
    if issubclass(checkpoint.model_class, Encodes):
        st.caption(
            "Dots: where held-out pictures are encoded, in the colour of their class; click a class to hide it. Where "
            "there are no dots, no picture has taught the model what to draw: look whether the mosaic still shows "
            "something one can read."
        )


def _own(models: list[Checkpoint], pads: list[pad.Pad], nearest: bool) -> None:
    """A visitor's own picture, and what each model draws of its own code of it. `nearest`: codes lie off the plane."""
    there = [(model, z) for model in models if (z := own.code(model)) is not None]
    picture = own.offered(there[0][0]) if there else None
    if picture is None:
        return
    titles = [model.model_class.title for model, _ in there]
    pictures = np.stack([picture, *(codes.decoded(model, z)[0] for model, z in there)])
    labels = ["Your picture, as the models see it", *(f"{title} draws it again" for title in titles)]
    with st.container(key="own-picture", width=SMALL * len(pictures)):
        gallery(pictures, range(len(labels)), OWN, labels, len(labels), name="Your picture", still=True)
    where = "The diamond is " + ("the place of the plane nearest to its code." if nearest else "where it is encoded.")
    beyond = [p.title for p in pads if p.mark and max(map(abs, p.mark)) > 1]
    if beyond:
        where += f" It lies outside of what is shown, beyond the edge: {', '.join(beyond)}."
    st.caption(f"Your picture as it is seen, then as it is drawn again by: {', '.join(titles)}. {where}")


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
        places, labels, mark = np.zeros((0, 2)), np.zeros(0, np.int64), None
        if issubclass(model.model_class, Encodes):
            try:
                found = codes.coded(model)
                places = (plane.places(torch.from_numpy(found.z)) / plane.extent).numpy()
                labels, names = found.labels, found.names
            except GenlibError as error:  # a stranger's model, of data that is not here
                st.caption(str(error))
        if (mine := own.code(model)) is not None:
            x, y = (plane.places(torch.from_numpy(mine))[0] / plane.extent).tolist()
            mark = x, y
        title = f"{model.name} · {model.model_class.title}"
        pads.append(pad.Pad(title, codes.mosaic(model, plane), places, labels, mark))
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
        page.address.write()  # the address says where


def _numbers(z: np.ndarray) -> str:
    return f"z = ({z[0]:.2f}, {z[1]:.2f})" if len(z) == 2 else f"|z| = {np.linalg.norm(z):.2f}"


def _moved() -> None:
    found = pad.place(PAD)
    if found is not None:
        st.session_state[X], st.session_state[Y] = round(found.x, 3), round(found.y, 3)
