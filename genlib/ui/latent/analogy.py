"""A - B + C: three groups of pictures by their labels, the means of their codes, and what their sum looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.errors import GenlibError
from genlib.sheets import enlargement, grid, png
from genlib.ui.latent import codes, values
from genlib.ui.latent.scene import Scene, others
from genlib.ui.latent.values import Values
from genlib.ui.pages import LATENT

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.latents.directions import Directions

GROUPS = {"a": "A: pictures with", "b": "− B: pictures with", "c": "+ C: pictures with"}
MEAN, TILE = 128, 80  # px at least of a mean picture, and of the others
AROUND = 9  # the result and its neighbours


def draw(scene: Scene, found: Directions) -> None:
    offered = found.offered()
    columns = st.columns(len(GROUPS), gap="medium")
    groups = [_pick(letter, offered, column) for letter, column in zip(GROUPS, columns, strict=True)]
    figure = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.slider("Pictures of each", 1, 6, key=LATENT.widget("each"), persist_state="session", width=200)
        st.button("Other pictures", on_click=others, key=LATENT.widget("shuffle"), icon=":material/casino:")
    with figure:
        _figure(scene, found, groups, columns)


def _pick(letter: str, offered: Mapping[str, Sequence[str]], column: st.delta_generator.DeltaGenerator) -> Values:
    """Two fields for the values that the pictures of a group have in common; the address has them as one text."""
    state, key = st.session_state, LATENT.widget(letter)
    chosen, trouble = values.read(state[key], offered)
    chosen = dict(list(chosen.items())[:2]) or usual(offered)[letter]
    names = values.options(offered)
    first, second = (values.write(dict([pair])) for pair in (*chosen.items(), ("", ""))[:2])
    with column:
        state[f"{key}.first"] = first
        _field(GROUPS[letter], f"{key}.first", names, letter)
        rest = {name: pair for name, pair in names.items() if pair[0] != names[first][0]}
        if rest:
            state[f"{key}.second"] = second if second in rest else None
            _field("and", f"{key}.second", rest, letter, optional=True)
    if trouble:
        column.warning(trouble, icon=":material/link_off:")
    return chosen


def _field(label: str, key: str, names: Mapping[str, tuple[str, str]], letter: str, optional: bool = False) -> None:
    st.selectbox(
        label,
        list(names),
        index=None if optional else 0,
        format_func=lambda name: values.said(*names[name]),
        key=key,
        placeholder="and anything",
        label_visibility="collapsed" if optional else "visible",
        on_change=_changed,
        args=(letter,),
        width=280,
    )


def _changed(letter: str) -> None:
    state, key = st.session_state, LATENT.widget(letter)
    first: str = state[f"{key}.first"]
    second: str | None = state.get(f"{key}.second")
    if second and first.partition(".")[0] == second.partition(".")[0]:  # a picture has one value of each
        second = None
    state[key] = f"{first}_{second}" if second else first


def usual(offered: Mapping[str, Sequence[str]]) -> dict[str, Values]:
    """What the groups have in common at first: something that one has or has not, carried over to another kind.

    Where there is one attribute only, three values of it.
    """
    what = next((attribute for attribute, some in offered.items() if "none" in some), next(iter(offered)))
    without, *rest = sorted(offered[what], key=lambda value: value != "none")
    having, third = (rest[-1], rest[0]) if rest else (without, without)
    other = next((attribute for attribute, some in offered.items() if attribute != what and len(some) > 1), None)
    if other is None:
        return {"a": {what: having}, "b": {what: without}, "c": {what: third}}
    here, there = offered[other][:2]
    return {
        "a": {what: having, other: here},
        "b": {what: without, other: here},
        "c": {what: without, other: there},
    }


def _figure(
    scene: Scene, found: Directions, groups: list[Values], columns: list[st.delta_generator.DeltaGenerator]
) -> None:
    from genlib.latents.analogy import analogy, carried

    labelled, shown = found.labelled, scene.shown
    rows = [_rows(labelled.where(**group), group, shown.each, shown.first) for group in groups]
    a, b, c = (labelled.z[some] for some in rows)
    made = analogy(a, b, c, AROUND, scale=labelled.z.std(0))
    for column, letter, z in zip(columns, GROUPS, (a, b, c), strict=True):
        pictures = codes.decoded(scene.checkpoint, np.concatenate([z.numpy(), z.mean(0, keepdim=True).numpy()]))
        with column:
            _image(pictures[:-1], len(z), TILE, f"The pictures of group {letter.upper()}")
            _image(pictures[-1:], 1, MEAN, f"The mean of group {letter.upper()}", "their mean")
    result = codes.decoded(scene.checkpoint, made.around.numpy())
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _image(result[:1], 1, 2 * MEAN, "A minus B plus C", "= mean of A − mean of B + mean of C")
    with right:
        _image(
            result[1:], (AROUND - 1) // 2, MEAN, "Eight pictures next to it",
            "Beside it: every number of that code moved at random, by at most a quarter of its usual spread",
        )  # fmt: skip
    st.caption(_verdict(scene, carried(*groups), result))
    st.caption(
        "One code is too unsteady, so the mean of a few stands for each group; Radford, Metz & Chintala (2016, figure "
        "7) took three. What A and B share falls away, and what sets them apart goes over to C. The pictures are drawn "
        f"by the model from codes with the labels of {labelled.by}."
    )


def _rows(there: Tensor, group: Values, count: int, seed: int) -> Tensor:
    """`count` of the numbers (M,) by chance, or all. GenlibError: there is none."""
    import torch

    if not len(there):
        what = " and ".join(values.said(*pair) for pair in group.items())
        raise GenlibError(f"There is no picture with {what} among those that the model was shown: choose other values.")
    return there[torch.randperm(len(there), generator=torch.Generator().manual_seed(seed))[:count]]


def _image(pictures: np.ndarray, across: int, tile: int, alt: str, caption: str | None = None) -> None:
    sheet = grid(pictures, across, gap=max(1, pictures.shape[1] // 32) if len(pictures) > 1 else 0)
    st.image(png(sheet, enlargement(pictures.shape[1], tile)), alt=alt, caption=caption)


def _verdict(scene: Scene, wanted: Values, pictures: np.ndarray) -> str:
    """What the shipped classifier says of what should have come of it."""
    try:
        read = codes.read(scene.checkpoint, pictures)
    except GenlibError as error:
        return str(error)
    counts = [
        f"{values.said(attribute, value)} in {sum(name == value for name in read[attribute])} of {len(pictures)}"
        for attribute, value in wanted.items()
        if attribute in read
    ]
    if not counts:
        return "What should come of it does not follow from the labels: look whether it is what you expected."
    return f"The data set's classifier sees {' and '.join(counts)} of these pictures."
