"""Keeps a page's widgets and the browser's address in step: the one says what the other shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)  # user/repo

T = TypeVar("T")


@dataclass(frozen=True)
class Hub:
    """A model of the Hub that an address asks for and that is not open yet."""

    repo: str
    revision: str


class Address(Generic[T]):
    """Of one page, in session keys that begin with its name `page`.

    here: the key of one of the page's buttons. Streamlit forgets it when the visitor leaves the page, so its absence
    tells that they are just back.
    """

    def __init__(self, page: str, here: str) -> None:
        self._here = here
        self._query, self._written, self._rest, self._wanted, self._from_wish = (
            f"{page}._{part}" for part in ("query", "written", "rest", "wanted", "from_wish")
        )

    def news(self, standing: bool) -> dict[str, str] | None:
        """What the widgets are to be brought into line with; None where they stand. Before the widgets.

        standing: whether what the widgets show can still be shown.
        """
        state, query = st.session_state, st.query_params.to_dict()
        wanted: dict[str, str] | None = state.pop(self._wanted, None)
        if wanted is None and self._query in state and standing:
            if query == state[self._query]:
                return None
            if not query and self._here not in state:  # back from another page, which dropped the address
                state[self._written] = None
                return None
        state[self._query], state[self._from_wish] = query, wanted is not None
        return query if wanted is None else wanted

    def took(self, address: Mapping[str, str], rest: T) -> None:
        """The widgets now show what news() said, which is written as `address`. `rest`: what it asked for in vain."""
        state = st.session_state
        state[self._written] = None if state[self._from_wish] else dict(address)
        state[self._rest] = rest

    def publish(self, address: Mapping[str, str]) -> T | None:
        """Write what is shown into the address when it changed; the `rest` of an address that still stands.

        An address that was only read stays as it is: rewriting it would be one more entry in the browser's history,
        and Back would lead to it and forth again.
        """
        state, address = st.session_state, dict(address)
        if address != state[self._written]:
            if address != st.query_params.to_dict():
                st.query_params.from_dict(address)
            if state[self._written] is not None:
                state[self._rest] = None
            state[self._query] = state[self._written] = address
        rest: T | None = state[self._rest]
        return rest

    def want(self, query: Mapping[str, str]) -> None:
        """Have the next run show what an address with `query` would."""
        st.session_state[self._wanted] = dict(query)
