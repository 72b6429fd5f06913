"""A page as its address opens it, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest


def opened(page: str | Path, query: str = "", **state: Any) -> AppTest:
    """The page's script, run once without an exception.

    query: as in its address, "model=NAME&n=6"; state: of its session."""
    at = AppTest.from_file(page, default_timeout=120)
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        at.query_params[name] = value
    for key, value in state.items():
        at.session_state[key] = value
    at.run()
    assert not at.exception
    return at
