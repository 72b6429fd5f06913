"""Open a model from the Hugging Face Hub: the field, the progress, the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from genlib.checkpoint import WEIGHTS
from genlib.ui import loaders
from genlib.ui.address import Hub
from genlib.ui.controls import quote

if TYPE_CHECKING:
    from genlib import hub

_TOKEN: Literal[False] = False  # the server's own would open its owner's private models to every visitor


@dataclass(frozen=True)
class HubField:
    """On one page.

    page    what its session keys begin with
    needs   what a model must be able to do to be shown there
    lacks   what to say of one that can't: "... makes no pictures"
    keeps   what of the address a new model takes over
    want    has the page show an address
    """

    page: str
    needs: Any
    lacks: str
    keeps: Sequence[str]
    want: Callable[[Mapping[str, str]], None]

    def _key(self, part: str) -> str:
        return f"{self.page}.hub.{part}"

    def collect(self) -> None:
        """Take in a download that ended: have its model shown, or keep its error for notes(). Before the widgets."""
        state = st.session_state
        download: hub.Download | None = state.get(self._key("download"))
        if download is None or not download.done:
            return
        del state[self._key("download")]
        if download.error:
            state[self._key("error")] = str(download.error)
        elif checkpoint := download.checkpoint:
            if not issubclass(checkpoint.model_class, self.needs):
                state[self._key("error")] = f"{checkpoint.name} {self.lacks}."
                return
            state.setdefault(loaders.OPENED, {})[checkpoint.name] = checkpoint
            model, _, revision = checkpoint.name.partition("@")
            self.want({**state[self._key("then")], "model": model, "revision": revision})

    def field(self, current: Mapping[str, str]) -> None:
        """Ask for a repository. `current`: the address of what is shown."""
        with st.form(f"{self.page}.hub", border=False):
            repo = st.text_input("Model on the Hugging Face Hub", placeholder="user/repo", key=self._key("repo"))
            revision = st.text_input(
                "Revision", placeholder="main", key=self._key("revision"), help="A branch, a tag or a commit."
            )
            if st.form_submit_button("Open model", icon=":material/download:"):
                self._start(repo.strip(), revision.strip(), {k: current[k] for k in self.keeps if k in current})
        st.caption("Any repository that `python -m genlib push` made. Weights are read as safetensors only.")

    def notes(self, asked: Hub | None) -> None:
        """What goes on: a download under way, one that failed, or a model that the address asks for (`asked`).

        An address downloads nothing by itself; what the client's cache holds of a pinned commit it opens without a
        request.
        """
        state = st.session_state
        if error := state.pop(self._key("error"), None):
            st.error(error, icon=":material/error:")
        elif asked and self._key("download") not in state and _is_cached(asked):
            self._start(asked.repo, asked.revision, st.query_params.to_dict())
        if self._key("download") in state:
            _watch(state[self._key("download")], self._key("stop"))
        elif asked:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.info(
                    f"This address asks for {quote(asked.repo)} from the Hugging Face Hub.", icon=":material/cloud:"
                )
                arguments = (asked.repo, asked.revision, st.query_params.to_dict())
                st.button("Download it", on_click=self._start, args=arguments, type="primary")

    def _start(self, repo: str, revision: str, then: Mapping[str, str]) -> None:
        from genlib import hub

        if (running := st.session_state.pop(self._key("download"), None)) is not None:
            running.cancel()
        st.session_state[self._key("download")] = hub.Download(repo, revision or None, token=_TOKEN)
        st.session_state[self._key("then")] = then


def _is_cached(asked: Hub) -> bool:
    from huggingface_hub import try_to_load_from_cache

    from genlib import hub

    if not re.fullmatch(r"[0-9a-f]{40}", asked.revision):
        return False
    return isinstance(try_to_load_from_cache(asked.repo, WEIGHTS, hub.cache_of(_TOKEN), asked.revision), str)


@st.fragment(run_every=0.3)
def _watch(download: hub.Download, stop: str) -> None:
    if download.done:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        if download.total:
            share = min(download.bytes / download.total, 1.0)
            text = f"Downloading from the Hub: {download.bytes / 1e6:.1f} of {download.total / 1e6:.1f} MB"
        else:
            share, text = 0.0, "Looking at the Hub"
        st.progress(share, text)
        if st.button("Stop", key=stop):
            download.cancel()
            st.rerun()
