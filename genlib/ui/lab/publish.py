"""The result of a run, pushed to the Hugging Face Hub with the visitor's token, which is used once and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from genlib.errors import GenlibError
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib import hub


def _key(which: str, part: str) -> str:
    return TRAIN.widget(f"_push{which}.{part}")


def field(write: Callable[[Path], Path], which: str) -> None:
    """A form behind a button. `write` makes the checkpoint's folder; `which` tells it from another one's."""
    repo, token, private = (_key(which, part) for part in ("repo", "token", "private"))
    with st.popover("To the Hub", icon=":material/cloud_upload:", key=_key(which, "open")):
        with st.form(_key(which, "form"), border=False):
            st.text_input("Repository on the Hugging Face Hub", placeholder="user/name", key=repo)
            st.text_input("Token that may write", type="password", key=token, autocomplete="off")
            st.checkbox("Private", True, key=private, help="Nobody but you sees a private repository")
            st.form_submit_button("Push", on_click=_push, args=(write, which), type="primary")
        _outcome(which)
        st.caption(
            "You make a token at huggingface.co/settings/tokens. It is used for this push alone, never stored and "
            "never logged."
        )


def _outcome(which: str) -> None:
    """How a push goes, or ended."""
    if trouble := st.session_state.get(_key(which, "trouble")):
        st.error(trouble, icon=":material/error:")
    push: hub.Push | None = st.session_state.get(_key(which, "push"))
    if push is not None:
        st.fragment(_watch, run_every=None if push.done else 0.5)(push, push.done)


def _watch(push: hub.Push, was_done: bool) -> None:
    if push.done and not was_done:
        st.rerun()
    if not push.done:
        st.info("The model is on its way to the Hub.", icon=":material/cloud_upload:")
    elif push.error:
        st.error(push.error, icon=":material/error:")
    else:
        st.success(f"The model is at [{push.url.partition('://')[2]}]({push.url}).", icon=":material/cloud_done:")


def _push(write: Callable[[Path], Path], which: str) -> None:
    from genlib import hub

    state = st.session_state
    token, state[_key(which, "token")] = state[_key(which, "token")], ""  # out of the field and of the session
    state[_key(which, "push")] = None
    try:
        push = hub.Push(write, state[_key(which, "repo")], token, private=state[_key(which, "private")])
        state[_key(which, "push")], state[_key(which, "trouble")] = push, ""
    except GenlibError as error:
        state[_key(which, "trouble")] = str(error)
