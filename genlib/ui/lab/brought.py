"""Pictures of a visitor's own to learn from: brought in a zip, and kept in memory as long as this visit lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from genlib import data
from genlib.data.manifest import LEAST_OWN, MOST_OWN
from genlib.data.own import MOST_BYTES
from genlib.errors import GenlibError
from genlib.spaces import Pictures
from genlib.ui import uploading
from genlib.ui.lab.desk import DESK
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.data import PictureSet
    from genlib.ui.lab.desk import Desk

TURN, TROUBLE, NOTE = map(TRAIN.widget, ("_own.turn", "_own.trouble", "_own.note"))


def pictures() -> PictureSet:
    """What the visitor brought. DataError: nothing yet."""
    desk: Desk | None = st.session_state.get(DESK)
    if desk is None or desk.own is None:
        raise data.DataError("Bring a zip of your pictures, then press Start.")
    return desk.own


def bring(desk: Desk) -> None:
    """The field for the zip."""
    space = data.OWN.space
    assert isinstance(space, Pictures)
    state = st.session_state
    # A new field after each file: Streamlit's would keep the zip, which is larger than what is needed of it.
    key = TRAIN.widget(f"_own.{state.get(TURN, 0)}")
    file = uploading.of_zip(f"A zip of {LEAST_OWN} to {MOST_OWN} pictures, at most {MOST_BYTES / 1e6:.0f} MB", key)
    if file is not None:
        with st.spinner("Reading the pictures"):
            try:
                desk.own, state[NOTE] = data.from_zip(file.getvalue())
                state[TROUBLE] = desk.trouble = ""
            except GenlibError as error:
                state[TROUBLE] = str(error)
        state[TURN] = state.get(TURN, 0) + 1
        st.rerun()
    if trouble := state.get(TROUBLE):
        with st.container(key="trouble-upload"):  # look.css hides it behind a later one of Streamlit's own
            st.error(trouble, icon=":material/error:")
    if desk.own is not None and (note := state.get(NOTE)):
        st.caption(note)
    st.caption(
        f"Each is cut to {space.side} x {space.side} pixels and kept in this server's memory for this visit, never on "
        "its disk. What a model makes may resemble them: bring pictures that you may use so."
    )
