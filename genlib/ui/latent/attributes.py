"""Attributes: directions that labels, or the network itself, show in a latent space, added to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib.budget import MADE
from genlib.contract import Encodes
from genlib.errors import GenlibError
from genlib.sheets import enlargement, grid, png
from genlib.ui import controls, loaders
from genlib.ui.latent import analogy, codes, values
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.latent.values import Values
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import KEYS, LATENT, LatentQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.latents.directions import Direction, Directions

ADD = LATENT.widget("add")
WAYS = {"add": "Add to pictures", "analogy": "A − B + C"}
FINDING = "Finding the directions: encoding some thousand labelled pictures"
TILE = 96  # px of a picture
FEW = 5  # attributes that are offered at first
UNNAMED = 6  # directions of SeFa
REACH = 3.0  # how far along an unnamed one a slider goes, in standard deviations of a draw


def draw(scene: Scene, page: ModelPage[LatentQuery]) -> None:
    if len(ways := page.options("how")) > 1:
        controls.choice(
            "Arithmetic",
            LATENT.widget("how"),
            WAYS,
            ways,
            label_visibility="collapsed",
        )
    if scene.shown.how == "analogy":
        with st.spinner(FINDING):
            found = _directions(scene.checkpoint)
        analogy.draw(scene, found)
    else:
        _add(scene)


def _add(scene: Scene) -> None:
    keys = scene.keys(KEYS)
    left, right = st.columns([1, 1], gap="large")
    with left:
        choose(scene, keys, KEYS, "attributes")
        st.caption(f"Click pictures to work on, up to {KEYS}.")
    z = scene.latents(keys)
    try:
        with left, st.spinner(FINDING):
            found = _directions(scene.checkpoint)
    except GenlibError as error:
        with left:
            moved = z + _unnamed(scene, z)
        words = [
            f"{error} So these are the directions that the first layer stretches most (SeFa, Shen & Zhou 2021): nobody "
            "named them, and what each does is for the eye to find out."
        ]
    else:
        with left:
            chosen = _pick(found)
        moved = _moved(scene, found, z, chosen)
        words = [
            f"{values.title(d.attribute)}: {d.value}. Its direction tells {d.accuracy:.0%} of held-out codes with it "
            "from those without (50 % by chance)."
            for d in chosen
        ]
        words.append(
            f"Directions are differences of means over {len(found.labelled.z):,} codes with the labels of "
            f"{found.labelled.by}, each with the other attributes held."
        )
    with left:
        for sentence in words:
            st.caption(sentence)
    with right, st.container(key=LATENT.widget("added")):
        changed = not np.array_equal(z, moved)
        rows = np.concatenate([z, moved] if changed else [z]).astype(np.float32)
        pictures = codes.decoded(scene.checkpoint, rows)
        st.image(
            png(grid(pictures, len(keys)), enlargement(pictures.shape[1], TILE)),
            caption="Above: as the model draws them. Below: with what was added."
            if changed
            else "As the model draws them. Choose an attribute, and a second row shows the same pictures with it.",
            alt="Two rows of pictures: as the model draws them, and with what was added"
            if changed
            else "A row of pictures as the model draws them",
        )


def _pick(found: Directions) -> list[Direction]:
    """A row of pills for each attribute; what is chosen stands in the address as attribute.value."""
    state, offered = st.session_state, found.offered()
    wanted, trouble = values.read(state[ADD], offered)
    if trouble:
        st.warning(trouble, icon=":material/link_off:")

    def row(attribute: str) -> None:
        state[f"{ADD}.{attribute}"] = wanted.get(attribute)
        st.pills(
            values.title(attribute),
            offered[attribute],
            key=f"{ADD}.{attribute}",
            on_change=_changed,
            args=(attribute, wanted),
            wrap=True,
        )

    shown = [attribute for i, attribute in enumerate(offered) if i < FEW or attribute in wanted]
    for attribute in shown:
        row(attribute)
    if len(shown) < len(offered):
        with st.expander("More attributes"):
            for attribute in offered:
                if attribute not in shown:
                    row(attribute)
    st.slider(
        "How far",
        0.0,
        2.0,
        step=0.1,
        key=LATENT.widget("strength"),
        persist_state="session",
        width=320,
        help="1 goes from the mean of the pictures without to the mean of those with it.",
    )
    return [found.between(attribute, value) for attribute, value in wanted.items()]


def _changed(attribute: str, wanted: Values) -> None:
    state = st.session_state
    state[ADD] = values.write(
        {name: value for name, value in {**wanted, attribute: state[f"{ADD}.{attribute}"]}.items() if value}
    )


def _moved(scene: Scene, found: Directions, z: np.ndarray, chosen: list[Direction]) -> np.ndarray:
    """Codes (N, Z) with the chosen directions added.

    Where codes were encoded from pictures, what is special about their neighbourhood counts as well; draws of a prior
    lie too far from each other for that to say anything.
    """
    import torch

    moved = torch.from_numpy(z)
    for direction in chosen:
        if issubclass(scene.checkpoint.model_class, Encodes):
            moved = moved + scene.shown.strength * found.step_at(moved, direction)
        else:
            moved = direction.moved(moved, scene.shown.strength)
    return moved.numpy()


def _unnamed(scene: Scene, z: np.ndarray) -> np.ndarray:
    """Sliders for directions without names; what they add (Z,)."""
    from genlib.latents.sefa import sefa

    vectors, stretch = sefa(loaders.model(scene.checkpoint))
    total = np.zeros(z.shape[1], np.float32)
    for i in range(min(UNNAMED, len(vectors))):
        far = st.slider(
            f"Direction {i + 1}",
            -REACH,
            REACH,
            0.0,
            0.1,
            key=LATENT.widget(f"_sefa.{i}"),
            help=f"Stretched {stretch[i]:.1f} times",
        )
        total += far * vectors[i].numpy()
    return total


def _directions(checkpoint: Checkpoint) -> Directions:
    from genlib.latents.directions import Directions
    from genlib.latents.labelled import labelled

    def make() -> Directions:
        model: Any = loaders.model(checkpoint)
        with loaders.computing:
            return Directions(labelled(model, checkpoint.spec.recipe.data))

    return MADE.get(("directions", *loaders.key(checkpoint)), make)
