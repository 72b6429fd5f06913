"""One picture: how likely every model of its kind holds it, each kind of number in a column of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from genlib.contract import Bounds, LogProb
from genlib.figures import likelihood as figures
from genlib.ui import words
from genlib.ui.likelihood import held
from genlib.ui.likelihood.scene import Scene, ask
from genlib.ui.pages import LIKELIHOOD

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

KINDS = ("exact", "lower bound", "estimate", "unnormalised")


def draw(scene: Scene) -> None:
    if not ask(scene):
        return
    assert scene.chosen is not None
    models = held.members(scene.checkpoint)
    with st.spinner("Asking the models"):
        answers = {model.name: held.log_prob(model, scene.chosen.pixels) for model in models}
    titles = {model.name: model.model_class.short or model.model_class.title for model in models}
    _table(scene, models, answers, titles)
    words.row(("nats", "bits per dimension", *_terms(answers)), "likelihood-models")
    _tighten(scene, models)
    _silent(scene)


def _table(scene: Scene, members: list[Checkpoint], answers: dict[str, LogProb], titles: dict[str, str]) -> None:
    """Kinds stand in columns, and rows in the order of the family tree: nothing here is a ranking."""
    from genlib.measures.likelihood import usual

    kinds = [kind for kind in KINDS if kind in {"exact", "lower bound", *(a.kind for a in answers.values())}]
    models = {model.name: model for model in members}
    lines = [f"| model | {' | '.join(kinds)} | test pictures have, on average |", "|---|" + "---|" * (len(kinds) + 1)]
    for name, answer in answers.items():
        cells = [_cell(scene, answer) if kind == answer.kind else "" for kind in kinds]
        mean = usual(models[name])
        beside = "" if mean is None else f"{_number(mean)} nats"
        lines.append(f"| {titles[name]} · {name} | {' | '.join(cells)} | {beside} |")
    st.markdown("\n".join(lines))
    notes = dict.fromkeys(f"{titles[name]}: {a.kind}, {a.note}" for name, a in answers.items() if a.note)
    st.caption(
        f"Log-likelihood of {scene.chosen.name if scene.chosen else 'it'}; less negative is likelier. An exact number "
        f"and a bound are no ranking: a bound says only the least that it can be. How: {'; '.join(notes)}."
    )


def _cell(scene: Scene, answer: LogProb) -> str:
    from genlib.scoring import bits_per_dim

    nats = float(answer.nats)
    if answer.kind == "unnormalised":
        return f"**{_number(nats)}**"
    ends = f" ± {answer.error:.2f}" if answer.error else ""
    if answer.other is not None:
        ends += f" · {_number(nats + answer.other)} from the other end"
    return f"**{_number(nats)} nats**{ends} · {bits_per_dim(nats, held.space(scene.checkpoint).shape):.3f} bits/dim"


def _number(nats: float) -> str:
    """With a minus that one sees, and as many digits as mean something."""
    return (f"{nats:,.2f}" if abs(nats) < 1000 else f"{nats:,.0f}").replace("-", "−")


def _terms(answers: dict[str, LogProb]) -> list[str]:
    found = [kind for kind in KINDS if any(answer.kind == kind for answer in answers.values())]
    notes = " ".join(answer.note for answer in answers.values())
    found += ["binarised"] if "on-off" in notes else []
    found += ["dequantised"] if "8-bit" in notes else []
    return found


def _tighten(scene: Scene, members: list[Checkpoint]) -> None:
    """The bounds while their samples come, and then as a figure."""
    assert scene.chosen is not None
    models = [model for model in members if issubclass(model.model_class, Bounds)]
    if not models:
        return
    st.subheader("The bound tightens", anchor=False)
    place, curves = st.empty(), {}
    for model in models:

        def tell(share: float, best: float, name: str = model.name) -> None:
            place.progress(share, f"{name}: at least {_number(best)} nats, with {share:.0%} of the samples")

        curves[model.name] = held.tightened(model, scene.chosen.pixels, tell)
    place.plotly_chart(
        figures.bounds(curves),
        config={"displayModeBar": False},
        key=LIKELIHOOD.widget("bounds"),
        alt="The lower bound, for a growing number of importance samples",
    )
    gain = {name: max(curve.values()) - min(curve.values()) for name, curve in curves.items()}
    most = max(max(curve) for curve in curves.values())
    st.caption(
        f"From one sample to {most:,} the bound rises by "
        + " and ".join(f"{nats:.1f} nats ({name})" for name, nats in gain.items())
        + f". Each value is the mean over all groups of so many among {most:,} samples; the table's bound took the "
        "first 50."
    )
    words.row(("importance samples",), "likelihood-bound")


def _silent(scene: Scene) -> None:
    found = held.silent(scene.checkpoint)
    if not found:
        return
    st.subheader("Who cannot say", anchor=False)
    st.markdown(
        "These models make such pictures, too: they send noise through a network. How likely one picture is would be "
        "the sum over all noise that ends at it, and no formula gives that sum; a game against another network, from "
        "which most of them learned, never asks for it."
    )
    st.markdown("\n".join(f"- {listed.about.title} · {listed.name}" for listed in found))
