"""A checkpoint's model card, fit for a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import streamlit as st

from genlib import catalog
from genlib.checkpoint import Checkpoint

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([\w-]+\.png)\)")


def show(checkpoint: Checkpoint) -> None:
    """Draw the card: without its front matter, and with its pictures where they ship with us.

    A card from the Hub is a stranger's: no picture of it is loaded (it would tell a third party who looks) and no HTML.
    """
    shipped = checkpoint.folder.parent == catalog.CHECKPOINTS
    text = "".join(_prose(_FRONT.sub("", checkpoint.card()), strange=not shipped))
    before = 0
    for image in _IMAGE.finditer(text):
        st.markdown(text[before : image.start()])
        if (path := checkpoint.folder / image[2]).exists():
            st.image(str(path), alt=image[1])
        before = image.end()
    st.markdown(text[before:] or "This model has no card.")


def _prose(text: str, strange: bool) -> Iterator[str]:
    """The parts of `text`, those outside fenced code with smaller headings and, of strangers, no pictures and HTML."""
    for i, part in enumerate(re.split(r"(^```.*?^```)", text, flags=re.DOTALL | re.MULTILINE)):
        if i % 2 == 0:
            part = re.sub(r"^#{1,4} ", "#### ", part, flags=re.MULTILINE)
            if strange:
                part = re.sub(r"<[^>]*>", "", re.sub(r"!+\[", "[", part))
        yield part
