"""Attributes: directions that labels, or the network itself, show in a latent space, added to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib.budget import MADE
from genlib.errors import GenlibError
from genlib.sheets import enlargement, grid, png
from genlib.ui import loaders
from genlib.ui.latent import codes
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.pages import KEYS, LATENT

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.latents.directions import Direction, Directions

ADD = LATENT.widget("add")
TILE = 96  # px of a picture
FEW = 4  # attributes that are offered at first
UNNAMED = 6  # directions of SeFa
REACH = 3.0  # how far along an unnamed one a slider goes, in standard deviations of a draw


def draw(scene: Scene) -> None:
    keys = scene.keys(KEYS)
    left, right = st.columns([1, 1], gap="large")
    with left:
        choose(scene, keys, KEYS, "attributes")
        st.caption(f"Click pictures to work on, up to {KEYS}.")
        try:
            with st.spinner("Finding the directions: encoding some thousand labelled pictures"):
                found = _directions(scene.checkpoint)
            named, table = found.every(), ""
        except GenlibError as error:
            found, named, table = None, {}, str(error)
    z = scene.latents(keys)
    with left:
        chosen = _pick(named) if named else []
        moves = _unnamed(scene, z) if not named else None
    with right:
        after = _moved(found, z, chosen, scene.shown.strength) if found is not None and named else z
        if moves is not None:
            after = after + moves
        before, made = (codes.decoded(scene.checkpoint, latents.astype(np.float32)) for latents in (z, after))
        scale = enlargement(before.shape[1], TILE)
        st.image(png(grid(np.concatenate([before, made]), len(keys)), scale), caption="Above: as the model draws them. "
                 "Below: with what was added.")  # fmt: skip
        for direction in chosen:
            st.caption(
                f"{_said(direction.attribute)}: from {direction.start} to {direction.value}. Along this direction "
                f"{direction.accuracy:.0%} of held-out codes are told apart (50 % by chance)."
            )
        if named:
            st.caption(
                f"Directions are differences of means over {len(found.labelled.z):,} codes with the labels of "  # type: ignore[union-attr]
                f"{found.labelled.by}, each with the other attributes held."  # type: ignore[union-attr]
            )
        elif table:
            st.caption(
                f"{table} So these are the directions that the first layer stretches most (SeFa, Shen & Zhou 2021): "
                "nobody named them, and what each does is for the eye to find out."
            )


def _pick(named: dict[str, list[Direction]]) -> list[Direction]:
    """A row of pills for each attribute; what is chosen stands in the address as attribute.value."""
    state = st.session_state
    wanted = dict(part.partition(".")[::2] for part in state[ADD].split("_") if "." in part)
    offered = {a: {_slug(d.value): d for d in some} for a, some in named.items()}
    unknown = [f"{a}.{v}" for a, v in wanted.items() if v not in offered.get(a, {})]
    if unknown:
        raise GenlibError(f"The model has no direction {', '.join(unknown)}: choose among those below.")
    chosen: dict[str, str] = {}

    def row(attribute: str) -> None:
        key = f"{ADD}.{attribute}"
        state[key] = wanted.get(attribute)
        value = st.pills(
            _said(attribute),
            list(offered[attribute]),
            format_func=lambda v: offered[attribute][v].value,
            key=key,
            on_change=_changed,
            args=(attribute,),
        )
        if value:
            chosen[attribute] = value

    shown = [attribute for i, attribute in enumerate(named) if i < FEW or attribute in wanted]
    for attribute in shown:
        row(attribute)
    with st.expander("More attributes"):
        for attribute in [a for a in named if a not in shown]:
            row(attribute)
    st.slider("How far", 0.0, 2.0, step=0.1, key=LATENT.widget("strength"), persist_state="session", width=320,
              help="1 goes from the mean of the pictures without to the mean of those with it.")  # fmt: skip
    return [offered[attribute][value] for attribute, value in chosen.items()]


def _changed(attribute: str) -> None:
    state = st.session_state
    kept = [part for part in state[ADD].split("_") if part and part.partition(".")[0] != attribute]
    value = state[f"{ADD}.{attribute}"]
    state[ADD] = "_".join([*kept, f"{attribute}.{value}"] if value else kept)


def _moved(found: Directions, z: np.ndarray, chosen: list[Direction], strength: float) -> np.ndarray:
    import torch

    moved = torch.from_numpy(z)
    for direction in chosen:
        moved = direction.moved(moved, strength)
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


def _said(attribute: str) -> str:
    return attribute.replace("_", " ").capitalize()


def _slug(value: str) -> str:
    return value.replace(" ", "-")


def _directions(checkpoint: Checkpoint) -> Directions:
    from genlib.latents.directions import Directions
    from genlib.latents.labelled import labelled

    def make() -> Directions:
        model: Any = loaders.model(checkpoint)
        with loaders.computing:
            return Directions(labelled(model, checkpoint.spec.recipe.data))

    return MADE.get(("directions", *loaders.key(checkpoint)), make)
