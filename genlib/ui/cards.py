"""A checkpoint's model card, fit for a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from genlib.ui import words

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
# A card of ours says by code how the model is called (genlib/card/usage.py).
_USE = re.compile(r"^### Use\n(.*?)(?=^### |\Z)", re.DOTALL | re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([\w-]+\.png)\)")


def show(checkpoint: Checkpoint) -> None:
    """Draw the card: without its front matter, and with its pictures where they ship with us.

    A card from the Hub is a stranger's: no picture of it is loaded (it would tell a third party who looks) and no HTML.
    """
    shipped = checkpoint.ships
    text = _FRONT.sub("", checkpoint.card())
    words.row(words.found_in(_prose(text)), "card")
    text = _lower_headings(text if shipped else harmless(text))
    use = _USE.search(text)
    with st.container(key="card"):
        _draw(text[: use.start()] if use else text or "This model has no card.", checkpoint)
        if use:
            # What colours code is half as large as all the rest of a page's scripts: it comes when somebody looks.
            key = f"card.code.{checkpoint.name}"
            code = st.expander("Use it in Python", icon=":material/code:", on_change="rerun", key=key)
            if code.open:
                code.markdown(use[1])
            _draw(text[use.end() :], checkpoint)


def _draw(text: str, checkpoint: Checkpoint) -> None:
    before = 0
    for image in _IMAGE.finditer(text):
        st.markdown(text[before : image.start()])
        if (path := checkpoint.folder / image[2]).exists():
            st.image(str(path), alt=image[1], output_format="PNG")
        before = image.end()
    if rest := text[before:].strip():
        st.markdown(rest)


def _prose(text: str) -> str:
    """What a card says of measured numbers, where its terms stand: not its code, and not how it was trained."""
    _, found, rest = text.partition("\n## Measured\n")
    return rest.partition("\n## Training\n")[0] if found else ""


def harmless(text: str) -> str:
    """Markdown without HTML, then without pictures, in code too: what is code, only the browser's parser knows."""
    # Each pattern is linear in the text, however hostile: where a > follows every <, and by the lookbehind.
    head, last, tail = text.rpartition(">")
    text = re.sub(r"<[^>]*>", "", head + last) + tail
    return re.sub(r"(?<!!)!+\[", "[", text)


def _lower_headings(text: str) -> str:
    """Each heading one level lower: the page has the first."""
    parts = re.split(r"(^```.*?^```)", text, flags=re.DOTALL | re.MULTILINE)  # every second one is fenced code
    parts[::2] = [re.sub(r"^#{1,5} ", r"#\g<0>", part, flags=re.MULTILINE) for part in parts[::2]]
    return "".join(parts)
