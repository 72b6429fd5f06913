"""Paper to draw on, with a pen, an eraser, and a brush and a can for colours, which can be taken from any picture.

The drawing is the browser's (canvas.js): it is drawn, undone and kept there, and comes here after each change. What
came becomes arrays in genlib/drawing.py.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from genlib.drawing import FILL, INK, PAPER, SEE_THROUGH, Drawing, clean, rasterise
from genlib.ui.compare import data_url

HERE = Path(__file__).parent

WHITE = "white"  # what paper without a background is called

SWATCHES = {
    "#fcea2b": "Yellow",
    "#f1a020": "Orange",
    "#ea5a47": "Red",
    "#ffa7c0": "Pink",
    "#f6cfae": "Skin",
    "#d6b370": "Blond",
    "#8a5a3c": "Brown",
    "#2c1b18": "Black",
    "#8fbf3f": "Green",
    "#61b2e4": "Blue",
}

_component = st.components.v2.component(
    "genlib.canvas",
    html=(HERE / "canvas.html").read_text(),
    css=(HERE / "canvas.css").read_text(),
    js=(HERE / "palette.js").read_text() + (HERE / "canvas.js").read_text(),
)


@dataclass(frozen=True)
class Kept:
    """The drawing that came last.

    place     the paper that it is on
    version   what the browser calls it
    objects   its strokes, through `clean`
    full      whether there was more of it than is taken
    """

    place: str = ""
    version: str = ""
    objects: tuple[dict[str, Any], ...] = ()
    full: bool = False


def canvas(
    key: str,
    side: int = 512,
    background: np.ndarray | None = None,
    brush: bool = True,
    pens: tuple[int, int, int] | None = None,
    fill: bool = False,
    sheet: str | None = None,
    more: Sequence[str] = (),
) -> Drawing:
    """Show paper of `side` x `side` pixels with its tools. Returns what is drawn on it.

    The script runs again whenever a stroke ends or is undone. The browser keeps a drawing for each `key` and
    background, across pages, sessions and reloads; what came of it last is in st.session_state[f"{key}.kept"].

    background: uint8 (H, W, 3), fitted into the paper, under the drawing. Then there is no pen: only hints are painted.
    brush: whether there is a brush for colour hints; without one, those that were painted are hidden.
    fill: whether there also is a can, whose colour is for a whole area.
    sheet: what the paper is called; None: after its background, so that another one is another paper.
    more: colours "#rrggbb" that the palette has, too.
    pens: how wide its thin, its medium and its thick line are, in pixels of the paper; None: as in a line drawing.
    """
    state = st.session_state
    named, url = _sheet(key, background, side)
    sheet = sheet or named
    place = f"{key} {sheet}"
    known = _known(key, sheet)
    back: Back | None = state.get(f"{key}.back")
    session = state.setdefault(f"{key}.session", secrets.token_hex(4))
    with st.container(width=side, key=f"easel-{key}"):
        sent = _component(
            data={
                "name": key,
                "sheet": sheet,
                "side": side,
                "background": url,
                "brush": brush,
                "fill": fill,
                "pens": pens,
                "swatches": tuple((dict.fromkeys(more, "Of your picture") | SWATCHES).items()),
                "ink": INK,
                "paper": PAPER,
                "seeThrough": SEE_THROUGH,
                "fillMark": FILL,
                "session": session,
                "version": known.version,
                "back": {"version": back.version, "objects": list(back.objects)}
                if back is not None and known.version == back.version
                else None,
            },
            key=f"{key}.paper",
            on_drawing_change=lambda: None,
        )
        # In the first run of a session what a browser sent is known only now.
        kept = state[f"{key}.kept"] = take(known, place, _new(key, sent))
        if kept.full:
            st.caption("The paper is full: what you draw now is not taken. Undo or clear to go on.")
    return rasterise(list(kept.objects), side)


def drawn(key: str, sheet: str, side: int = 512) -> Drawing:
    """What canvas() will return for that paper, before it is shown: for a paper that shows what comes of it.

    In a session's first run it may know more."""
    return rasterise(list(_known(key, sheet).objects), side)


@dataclass(frozen=True)
class Back:
    """Strokes that are brought back, to whichever paper is shown next: they take the place of what is on it.

    version   what they are called
    before    the version that the browser sent last, which does not count any more
    """

    version: str
    objects: tuple[dict[str, Any], ...]
    before: str = ""


def bring_back(key: str, objects: Sequence[dict[str, Any]]) -> None:
    """Have the next canvas() of that key show these strokes, which went through `clean`."""
    state = st.session_state
    sent = state.get(f"{key}.paper")
    found = sent.get("drawing") if isinstance(sent, Mapping) else None
    before = str(found.get("version"))[:40] if isinstance(found, Mapping) else ""
    state[f"{key}.back"] = Back(secrets.token_hex(8), tuple(objects), before)
    state[f"{key}.kept"] = None


def strokes(key: str, sheet: str = WHITE) -> list[dict[str, Any]]:
    """What is on that paper, as far as it is known."""
    return list(_known(key, sheet).objects)


def _known(key: str, sheet: str) -> Kept:
    state, place = st.session_state, f"{key} {sheet}"
    back: Back | None = state.get(f"{key}.back")
    if back is not None and state.get(f"{key}.kept") is None:
        state[f"{key}.kept"] = Kept(place, back.version, back.objects)
    return take(state.get(f"{key}.kept"), place, _new(key, state.get(f"{key}.paper")))


def _new(key: str, sent: Any) -> Any:
    """What the browser sent, unless it is from before something was brought back."""
    back: Back | None = st.session_state.get(f"{key}.back")
    found = sent.get("drawing") if isinstance(sent, Mapping) else None
    old = back is not None and isinstance(found, Mapping) and str(found.get("version"))[:40] == back.before
    return None if old else sent


def take(kept: Kept | None, place: str, sent: Any) -> Kept:
    """The drawing on the paper `place`: what the browser `sent`, where that is of this paper, else what was `kept`."""
    if kept is None or kept.place != place:
        kept = Kept(place)
    found = sent.get("drawing") if isinstance(sent, Mapping) else None
    if not isinstance(found, Mapping) or found.get("place") != place:
        return kept
    version = str(found.get("version"))[:40]
    if version == kept.version:
        return kept
    objects = clean(found)
    raw = found.get("objects")
    return Kept(place, version, tuple(objects), isinstance(raw, list) and len(objects) < len(raw))


def _sheet(key: str, background: np.ndarray | None, side: int) -> tuple[str, str | None]:
    """What a background is called, and its data URL, made once."""
    if background is None:
        return WHITE, None
    name = f"{key}.background"
    digest = hashlib.blake2b(background.tobytes(), digest_size=16).hexdigest()
    found: tuple[str, str] | None = st.session_state.get(name)
    if found is None or found[0] != digest:
        picture = Image.fromarray(background)
        scale = min(side / max(picture.size), 1)
        size = [max(1, round(n * scale)) for n in picture.size]
        found = digest, data_url(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))
        st.session_state[name] = found
    return found
