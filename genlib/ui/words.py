"""Terms with what they mean behind a dotted underline: by mouse, finger or keyboard, without a rerun."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

import streamlit as st

from genlib.glossary import TERMS


def row(terms: Iterable[str], place: str) -> None:
    """A line of terms, each of which opens its sentence. place: where on the page, as part of an HTML id."""
    words = " · ".join(term(name, place) for name in terms)
    if words:
        st.html(f'<p class="words">In plain words: {words}</p>')


def term(name: str, place: str) -> str:
    """HTML of one. The browser's own popover: Enter opens it, Escape and a tap elsewhere close it."""
    key = re.sub(r"\W+", "-", f"word-{place}-{name}").lower()
    return (
        f'<button type="button" class="word" popovertarget="{key}">{escape(name)}</button>'
        f'<span popover id="{key}" class="meaning"><b>{escape(name)}</b><br>{escape(TERMS[name])}</span>'
    )


@lru_cache(maxsize=64)  # a card is searched in every run
def found_in(text: str) -> tuple[str, ...]:
    """The terms that a text uses, in the order of the glossary."""
    return tuple(name for name in TERMS if re.search(rf"(?<![\w-]){re.escape(name)}s?(?![\w-])", text, re.IGNORECASE))
