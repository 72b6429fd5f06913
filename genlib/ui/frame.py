"""The frame around every page: navigation, tab title, look, heading, and how expected errors are answered."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from genlib import courtesy
from genlib.errors import GenlibError
from genlib.ui import memory
from genlib.ui.pages import PageSpec

HERE = Path(__file__).parent
ENTRYPOINT = HERE.parent.parent / "app.py"

LATER = 4.0  # s: until then a browser has what a page without torch sends

_script = st.components.v2.component("genlib.page", html="<i></i>", js=(HERE / "page.js").read_text())

_in_frame = ContextVar("in_frame", default=False)

_component = st.components.v2.component(
    "genlib.frame",
    html='<div class="note" role="status"></div>',
    css=(HERE / "frame.css").read_text(),
    js=(HERE / "frame.js").read_text(),
)


def run(specs: Sequence[PageSpec[Any]]) -> None:
    """Draw what all pages share and run the page that the address asks for, the first one where it names none.

    Called by app.py alone.
    """
    page = st.navigation(
        [st.Page(spec.file, title=spec.title, url_path=spec.key, default=spec is specs[0]) for spec in specs],
        position="top",
    )
    # After st.navigation: a fixed page_title would stand in every page's tab.
    st.set_page_config(f"{page.title} · genlib", str(HERE / "icon.svg"), layout="wide")
    st.html(HERE / "look.css")
    with st.container(key="app-script"):
        _script(key="app.script")
    with st.container(key="app"):
        _component(
            data={"pages": ("", *(spec.key for spec in specs))}, key="app.component", on_back_change=lambda: None
        )
    if (desk := st.session_state.get("train._desk")) is not None:  # the visitor's runs go on while they are here
        desk.keep()
    token = _in_frame.set(True)
    try:
        if any(spec.needs and spec.key == page.url_path for spec in specs):
            import_ahead("torch")
        with courtesy.first():
            page.run()
    finally:
        _in_frame.reset(token)
        import_ahead("torch", LATER)
        memory.tidy_soon()


@cache
def import_ahead(module: str, after: float = 0.0) -> None:
    """Import something slow in a thread, beside the page that needs it soon, or `after` some seconds for the next page
    that will: while it is imported, the server sends pictures late. Once."""
    thread = threading.Timer(after, importlib.import_module, args=(module,))
    thread.daemon = True
    thread.start()


def heading(title: str, lead: str) -> None:
    """The first call of every page: its title and one sentence, painted before anything slow is imported.

    Also brings the page into the frame. While no session has run st.navigation on a server yet, Streamlit takes files
    in a folder called pages/ for pages of its old kind and runs them on their own, without app.py; that is what
    a shared link to a sleeping server meets. Such a run goes through app.py here, once, and ends.
    """
    context = get_script_run_ctx()
    if context and not _in_frame.get() and Path(context.main_script_path).resolve() == ENTRYPOINT:
        # Not runpy: it swaps modules of the whole process, and other sessions are running.
        exec(
            compile(ENTRYPOINT.read_bytes(), ENTRYPOINT, "exec"), {"__name__": "__main__", "__file__": str(ENTRYPOINT)}
        )
        st.stop()
    st.title(title, anchor=False)
    st.markdown(lead)


@contextmanager
def answering(stop: bool = False) -> Iterator[None]:
    """Show an expected error as its one sentence; what comes after the block still runs, so the page stays usable.

    stop: end the run there, where nothing that comes after could be drawn.
    """
    try:
        yield
    except GenlibError as error:
        st.error(str(error), icon=":material/error:")
        if stop:
            st.stop()
