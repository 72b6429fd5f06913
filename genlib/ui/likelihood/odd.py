"""Odd ones out: a score, a threshold to drag, and what it lets through and catches, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import crowds
from genlib.figures import likelihood as figures
from genlib.ui import words
from genlib.ui.gallery import gallery
from genlib.ui.likelihood import held
from genlib.ui.likelihood.many import TERMS, choose_score, mark
from genlib.ui.likelihood.scene import SCORES, UNITS, Scene
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import LIKELIHOOD, LikelihoodQuery

if TYPE_CHECKING:
    from torch import Tensor

TILES = 12  # pictures of each kind that are shown


def draw(scene: Scene, page: ModelPage[LikelihoodQuery]) -> None:
    import torch

    from genlib import scoring

    checkpoint, shown = scene.checkpoint, scene.shown
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox(
            "Strangers",
            page.options("against"),
            format_func=crowds.title,
            key=LIKELIHOOD.widget("against"),
            persist_state="session",
            width=260,
        )
        choose_score(page)
    found = scene.scored(("train", "test", shown.against))
    usual = held.usual(checkpoint)
    ours, theirs = (found[key].oddity(shown.score, usual) for key in ("test", shown.against))
    st.slider(
        "Test pictures that are let through, in a hundred",
        50,
        100,
        key=LIKELIHOOD.widget("keep"),
        persist_state="session",
        help="The threshold is where so many test pictures lie below it: what is odder is caught.",
    )
    threshold = float(torch.quantile(ours, shown.keep / 100))
    mine = mark(scene, usual)
    false, true = float((ours > threshold).double().mean()), float((theirs > threshold).double().mean())

    strangers = crowds.title(shown.against)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.plotly_chart(
            figures.crowds(
                {"test pictures": ours.numpy(), strangers: theirs.numpy()}, UNITS[shown.score], mine, threshold
            ),
            config={"displayModeBar": False},
            key=LIKELIHOOD.widget("threshold"),
            alt=f"Histograms of test pictures and of {strangers}, with the threshold",
        )
    with right:
        curve = scoring.roc(ours, theirs)
        st.plotly_chart(
            figures.roc(curve[0].numpy(), curve[1].numpy(), (false, true), SCORES[shown.score]),
            config={"displayModeBar": False},
            key=LIKELIHOOD.widget("roc"),
            alt="ROC curve: the share of strangers caught against that of test pictures caught",
        )
    area = scoring.area(ours, theirs)
    verdict = f" It {'catches' if mine[1] > threshold else 'lets through'} {mine[0]}." if mine else ""
    st.markdown(
        f"The threshold catches **{true:.0%}** of the strangers ({strangers}) and **{false:.0%}** of the test "
        f"pictures. AUROC **{area:.3f}**, of {len(theirs)} against {len(ours)} pictures.{verdict}"
    )
    words.row(("AUROC", TERMS[shown.score]), "likelihood-odd")
    _pictures(scene, ours, theirs, threshold)


def _pictures(scene: Scene, ours: Tensor, theirs: Tensor, threshold: float) -> None:
    """What is let through and what is caught, each with what is right and what is wrong about it."""
    strangers = crowds.title(scene.shown.against)
    crowd = {key: held.crowd(scene.checkpoint, key) for key in ("test", scene.shown.against)}
    columns = st.columns(2, gap="medium")
    for column, caught in zip(columns, (False, True), strict=True):
        with column:
            st.subheader("Caught" if caught else "Let through", anchor=False)
            for key, name, oddity in (("test", "test pictures", ours), (scene.shown.against, strangers, theirs)):
                numbers = np.flatnonzero(((oddity > threshold) == caught).numpy())
                right = (key == "test") != caught
                st.markdown(f"{'' if right else ':material/warning: '}{len(numbers)} of {len(oddity)} {name}")
                if len(numbers):
                    shown = numbers[np.arange(min(TILES, len(numbers))) * len(numbers) // min(TILES, len(numbers))]
                    labels = [f"{name}, number {n}: {float(oddity[n]):.4g}" for n in shown.tolist()]
                    gallery(
                        crowd[key][shown], range(len(shown)), LIKELIHOOD.widget(f"{key}.{caught}"), labels, 6,
                        name=f"{'Caught' if caught else 'Let through'}: {name}", still=True,
                    )  # fmt: skip
