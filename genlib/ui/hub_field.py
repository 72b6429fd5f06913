"""Open a model from the Hugging Face Hub: the field, the progress, the outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from genlib.query import Hub, quote, repository
from genlib.ui import loaders
from genlib.ui.address import ModelAddress

if TYPE_CHECKING:
    from genlib import hub

QUIET_S = 3.0  # s after which it is said that a download stalls; it may go on until it is given up
_TOKEN: Literal[False] = False  # the server's own would open its owner's private models to every visitor


class HubField:
    """On the page of an address."""

    def __init__(self, address: ModelAddress[Any]) -> None:
        self._address = address
        # asked: the parameters that the model is opened with. The last two are the widgets'.
        self._download, self._asked, self._error, self._repo, self._revision = (
            address.spec.widget(f"hub.{part}") for part in ("download", "asked", "error", "repo", "revision")
        )

    def collect(self) -> None:
        """Take in a download that ended: have its model shown, or keep its error for notes(). Before the picker."""
        state, address = st.session_state, self._address
        download: hub.Download | None = state.get(self._download)
        if download is None or not download.done:
            return
        del state[self._download]
        if download.error:
            state[self._error] = str(download.error)
        elif checkpoint := download.checkpoint:
            if not address.spec.takes(checkpoint):
                state[self._error] = f"{checkpoint.name} {address.spec.lacks}."
                return
            state.setdefault(loaders.OPENED, {})[checkpoint.name] = checkpoint
            model, _, revision = checkpoint.name.partition("@")
            address.want({**state[self._asked], "model": model, "revision": revision})

    def field(self) -> None:
        """Ask for a repository."""
        address = self._address
        with st.form(address.spec.widget("hub"), border=False):
            repo = st.text_input(
                "Model on the Hugging Face Hub", placeholder="user/repo, or its address", key=self._repo
            )
            revision = st.text_input(
                "Revision", placeholder="main", key=self._revision, help="A branch, a tag or a commit."
            )
            if st.form_submit_button("Open model", icon=":material/download:"):
                repo, said = repository(repo)
                self._start(repo, revision.strip() or said, address.kept(address.parameters()))
        st.caption("A repository that `python -m genlib push` made. Weights are read in the safetensors format only.")

    def notes(self, asked: Hub | None) -> None:
        """What goes on: a download under way, one that failed, or a model that the address asks for (`asked`).

        An address downloads nothing by itself; what the client's cache holds of a pinned commit it opens without a
        request.
        """
        state = st.session_state
        if error := state.pop(self._error, None):
            st.error(error, icon=":material/error:")
        elif asked and self._download not in state and _is_cached(asked):
            self._start(asked.repo, asked.revision, st.query_params.to_dict())
        if self._download in state:
            _watch(state[self._download], self._address.spec.widget("hub.stop"))
        elif asked:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.info(
                    f"This address asks for {quote(asked.repo)} from the Hugging Face Hub.", icon=":material/cloud:"
                )
                arguments = (asked.repo, asked.revision, st.query_params.to_dict())
                st.button("Download it", on_click=self._start, args=arguments, type="primary")

    def _start(self, repo: str, revision: str, asked: Mapping[str, str]) -> None:
        from genlib import hub

        if (running := st.session_state.pop(self._download, None)) is not None:
            running.cancel()
        st.session_state[self._download] = hub.Download(repo, revision or None, token=_TOKEN)
        st.session_state[self._asked] = asked


def _is_cached(asked: Hub) -> bool:
    from huggingface_hub import try_to_load_from_cache

    from genlib import hub
    from genlib.checkpoint import WEIGHTS

    if not re.fullmatch(r"[0-9a-f]{40}", asked.revision):
        return False
    return isinstance(try_to_load_from_cache(asked.repo, WEIGHTS, hub.cache_of(_TOKEN), asked.revision), str)


@st.fragment(run_every=0.3)
def _watch(download: hub.Download, stop: str) -> None:
    if download.done:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(*progress(download))
        if st.button("Stop", key=stop):
            download.cancel()
            st.rerun()


def progress(download: hub.Download) -> tuple[float, str]:
    """The share of a download that is here, and what to say of it."""
    if not download.total:
        return 0.0, "Looking at the Hub"
    text = f"Downloading from the Hub: {download.bytes / 1e6:.1f} of {download.total / 1e6:.1f} MB"
    if (quiet := download.quiet) > QUIET_S:
        text = f"The download has stalled: next to nothing has come for {quiet:.0f} s. Stop it, or wait a little"
    return min(download.bytes / download.total, 1.0), text
