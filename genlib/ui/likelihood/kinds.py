"""Whether Likelihood asks about pictures or about points: the model says which, and here is the way to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from genlib.ui.model_page import ModelPage
from genlib.ui.pages import LIKELIHOOD, LikelihoodQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

KIND = LIKELIHOOD.widget("_kind")


def choose(page: ModelPage[LikelihoodQuery], checkpoint: Checkpoint) -> None:
    """The widget, where there are shipped models of both kinds: another kind opens its first model."""
    shelf = LIKELIHOOD.shelf()
    first = {
        kind: LIKELIHOOD.default if _is(LIKELIHOOD.default, kind) else next(n for n in shelf if _is(n, kind))
        for kind in ("pictures", "points")
        if any(_is(name, kind) for name in shelf)
    }
    if len(first) < 2:
        return
    state = st.session_state
    state[KIND] = checkpoint.config.space.kind

    def change() -> None:
        if state[KIND] != checkpoint.config.space.kind:
            page.address.want({"model": first[state[KIND]]})

    st.segmented_control("Of", list(first), format_func=str.capitalize, required=True, key=KIND, on_change=change)


def _is(name: str, kind: str) -> bool:
    shelf = LIKELIHOOD.shelf()
    return name in shelf and shelf[name].kind == kind
