"""Open a model from the Hugging Face Hub: the field, the progress, the outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import streamlit as st

from genlib.checkpoint import WEIGHTS
from genlib.contract import Samples
from genlib.ui import loaders, permalink
from genlib.ui.controls import quote

if TYPE_CHECKING:
    from genlib import hub

_TOKEN: Literal[False] = False  # the server's own would open its owner's private models to every visitor
_DOWNLOAD, _THEN, _ERROR = "sample.hub.download", "sample.hub.then", "sample.hub.error"


def collect() -> None:
    """Take in a download that ended: have its model shown, or keep its error for notes(). Before restore()."""
    download: hub.Download | None = st.session_state.get(_DOWNLOAD)
    if download is None or not download.done:
        return
    del st.session_state[_DOWNLOAD]
    if download.error:
        st.session_state[_ERROR] = str(download.error)
    elif checkpoint := download.checkpoint:
        if not issubclass(checkpoint.model_class, Samples):
            st.session_state[_ERROR] = f"{checkpoint.name} makes no pictures: choose a generative model."
            return
        st.session_state.setdefault(loaders.OPENED, {})[checkpoint.name] = checkpoint
        model, _, revision = checkpoint.name.partition("@")
        permalink.want({**st.session_state[_THEN], "model": model, "revision": revision})


def field(current: Mapping[str, str]) -> None:
    """Ask for a repository. `current`: the address of what is shown, whose seed and number the new model takes over."""
    with st.form("sample.hub", border=False):
        repo = st.text_input("Model on the Hugging Face Hub", placeholder="user/repo", key="sample.hub.repo")
        revision = st.text_input(
            "Revision", placeholder="main", key="sample.hub.revision", help="A branch, a tag or a commit."
        )
        if st.form_submit_button("Open model", icon=":material/download:"):
            _start(repo.strip(), revision.strip(), {k: current[k] for k in ("seed", "n")})
    st.caption("Any repository that `python -m genlib push` made. Weights are read as safetensors only.")


def notes(asked: permalink.Hub | None) -> None:
    """What goes on: a download under way, one that failed, or a model that the address asks for (`asked`).

    An address downloads nothing by itself; what the client's cache holds of a pinned commit it opens without a request.
    """
    state = st.session_state
    if error := state.pop(_ERROR, None):
        st.error(error, icon=":material/error:")
    elif asked and _DOWNLOAD not in state and _is_cached(asked):
        _start(asked.repo, asked.revision, st.query_params.to_dict())
    if _DOWNLOAD in state:
        _watch(state[_DOWNLOAD])
    elif asked:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"This address asks for {quote(asked.repo)} from the Hugging Face Hub.", icon=":material/cloud:")
            then = st.query_params.to_dict()
            st.button("Download it", on_click=_start, args=(asked.repo, asked.revision, then), type="primary")


def _is_cached(asked: permalink.Hub) -> bool:
    from huggingface_hub import try_to_load_from_cache

    from genlib import hub

    if not re.fullmatch(r"[0-9a-f]{40}", asked.revision):
        return False
    return isinstance(try_to_load_from_cache(asked.repo, WEIGHTS, hub.cache_of(_TOKEN), asked.revision), str)


def _start(repo: str, revision: str, then: Mapping[str, str]) -> None:
    from genlib import hub

    if (running := st.session_state.pop(_DOWNLOAD, None)) is not None:
        running.cancel()
    st.session_state[_DOWNLOAD] = hub.Download(repo, revision or None, token=_TOKEN)
    st.session_state[_THEN] = then


@st.fragment(run_every=0.3)
def _watch(download: hub.Download) -> None:
    if download.done:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        if download.total:
            share = min(download.bytes / download.total, 1.0)
            text = f"Downloading from the Hub: {download.bytes / 1e6:.1f} of {download.total / 1e6:.1f} MB"
        else:
            share, text = 0.0, "Looking at the Hub"
        st.progress(share, text)
        if st.button("Stop", key="sample.hub.stop"):
            download.cancel()
            st.rerun()
