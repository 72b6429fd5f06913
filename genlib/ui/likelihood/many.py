"""Many pictures: how likely a model holds what it learned from, what it never saw, and what is none of its kind."""

from __future__ import annotations

import streamlit as st

from genlib import crowds
from genlib.figures import likelihood as figures
from genlib.ui import controls, words
from genlib.ui.likelihood import held
from genlib.ui.likelihood.scene import SCORES, UNITS, Scene
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import LIKELIHOOD, LikelihoodQuery

BAD = 0.4  # area: below it a score holds strangers for more usual than test pictures
TERMS = {"likelihood": "log-likelihood", "typicality": "typicality", "reconstruction": "reconstruction error"}


def draw(scene: Scene, page: ModelPage[LikelihoodQuery]) -> None:
    from genlib import scoring

    checkpoint, score = scene.checkpoint, scene.shown.score
    scores, strangers = page.options("score"), page.options("against")
    choose_score(page)
    found = scene.scored(("train", "test", *strangers))
    usual = held.usual(checkpoint)
    st.plotly_chart(
        figures.crowds(
            {crowds.title(key): crowd.oddity(score, usual).numpy() for key, crowd in found.items()},
            UNITS[score],
            mark(scene, usual),
        ),
        config={"displayModeBar": False},
        key=LIKELIHOOD.widget("crowds"),
        alt=f"How the {SCORES[score].lower()} of pictures is distributed, for each kind of pictures",
    )
    kind = f"{found['test'].kind}, {found['test'].note}"
    st.caption(
        f"At most {held.count(checkpoint)} pictures of each kind; further right is odder, in logarithmic steps where "
        f"they differ much. Faded ones have a twentieth of their brightness. Log-likelihood: {kind}."
    )
    st.markdown("**Which score tells strangers from test pictures?**")
    areas = {
        key: {s: scoring.area(found["test"].oddity(s, usual), found[key].oddity(s, usual)) for s in scores}
        for key in strangers
    }
    lines = [f"| strangers | {' | '.join(SCORES[s].lower() for s in scores)} |", "|---|" + "---|" * len(scores)]
    for key, by in areas.items():
        cells = [f"**{area:.3f}**" if area < BAD else f"{area:.3f}" for area in by.values()]
        lines.append(f"| {crowds.title(key)} | {' | '.join(cells)} |")
    st.markdown("\n".join(lines))
    for key, by in areas.items():
        if by["likelihood"] < BAD:
            st.markdown(_failure(key, by))
    words.row(("AUROC", *(TERMS[s] for s in scores)), "likelihood-many")


def mark(scene: Scene, usual: float) -> tuple[str, float] | None:
    """The visitor's picture, and how odd it is by the score that is chosen."""
    if scene.chosen is None:
        return None
    found = held.scored_one(scene.checkpoint, scene.chosen.pixels)
    return scene.chosen.name, float(found.oddity(scene.shown.score, usual))


def choose_score(page: ModelPage[LikelihoodQuery]) -> None:
    controls.choice("Told apart by", LIKELIHOOD.widget("score"), SCORES, page.options("score"))


def _failure(key: str, by: dict[str, float]) -> str:
    """The famous one: what no model learned from is likelier than what it did (Nalisnick et al. 2019)."""
    wrong = 1 - by["likelihood"]
    good = [SCORES[score].lower() for score, area in by.items() if area > 1 - BAD]
    rest = f" {' and '.join(good).capitalize()} sees that they are odd." if good else " No score here sees it."
    return (
        f"Likelihood fails here: held against a test picture, one of the {crowds.title(key)} is the likelier one "
        f"{100 * wrong:.0f} times in a hundred. A picture with little in it has little to be surprised by "
        f"([Nalisnick et al. 2019](https://arxiv.org/abs/1810.09136)).{rest}"
    )
