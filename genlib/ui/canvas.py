"""Paper to draw on, with a pen, an eraser and a brush for colour hints.

The drawing itself happens in the component of streamlit-drawable-canvas. What it sends becomes arrays in
genlib/drawing.py.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from genlib.drawing import INK, PAPER, SEE_THROUGH, Drawing, clean, rasterise
from genlib.ui.compare import data_url

HERE = Path(__file__).parent

PEN, ERASER, BRUSH = "pen", "eraser", "brush"
TOOLS = {
    PEN: ":material/edit: Pen",
    ERASER: ":material/ink_eraser: Eraser",
    BRUSH: ":material/brush: Colour",
}
WIDTHS = {PEN: (3, 6, 12), ERASER: (12, 28, 64), BRUSH: (10, 22, 48)}  # thin, medium, thick; pixels of the paper
WIDTH_NAMES = (":material/pen_size_1: Thin", ":material/pen_size_3: Medium", ":material/pen_size_5: Thick")
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

STYLE = (HERE / "canvas.css").read_text() + "".join(
    f'[class*="st-key-swatches-"] .stButtonGroup button:nth-of-type({i}) {{ background: {colour} !important }}'
    for i, colour in enumerate(SWATCHES, 1)
)


def canvas(key: str, side: int = 512, background: np.ndarray | None = None, brush: bool = True) -> Drawing:
    """Show paper of `side` x `side` pixels with its tools. Returns what is drawn on it.

    The script runs again whenever a stroke ends. The drawing is kept in st.session_state[f"{key}.json"] and so survives
    a visit to another page; to put one there from outside, set it before this is called: {"objects": [...]}, the JSON
    of Fabric.js.

    background: uint8 (H, W, 3), fitted into the paper, under the drawing. Then there is no pen: only hints are painted,
    and a different background begins with no hints.
    brush: whether there is a brush for colour hints.
    """
    sheet = _sheet(key, background, side)
    st.session_state[f"{key}.changed"] = False
    _paper(key, side, sheet, brush)
    return rasterise(_objects(key), side)


@st.fragment
def _paper(key: str, side: int, sheet: str | None, brush: bool) -> None:
    """The tools and the paper. To choose a tool runs this fragment alone, a stroke runs the whole script."""
    state = st.session_state
    if state[f"{key}.changed"]:
        st.rerun()
    objects = _objects(key)
    if f"{key}.paper" not in state:
        # Mounted anew: only now, and after undo, redo and clear, is the component given a drawing. Given back to it
        # after every stroke it would load it each time, and lose the stroke that is being drawn meanwhile.
        _give(key, objects)

    st.html(f"<style>{STYLE}</style>")
    with st.container(width=side, gap="xsmall"):
        tool, width = _tools(key, (BRUSH, ERASER) if sheet else tuple(TOOLS) if brush else (PEN, ERASER))
        hint = _palette(key) if brush else ""
        _component()(
            data={
                "drawingMode": "freedraw",
                "strokeColor": {PEN: INK, ERASER: PAPER, BRUSH: hint + SEE_THROUGH}[tool],
                "strokeWidth": width,
                "canvasWidth": side,
                "canvasHeight": side,
                "initialDrawing": state[f"{key}.given"],
                "backgroundImageURL": sheet,
                "backgroundImageFit": "contain",
                "realtimeUpdateStreamlit": True,  # when a stroke ends
                "returnImageData": False,
                "disabled": False,
            },
            key=f"{key}.paper",
            width="content",
            on_drawing_change=functools.partial(_take, key),
            on_backgroundFit_change=lambda: None,
        )
        if state.get(f"{key}.full"):
            st.caption("The paper is full: what you draw now is not taken. Undo or clear to go on.")


def _objects(key: str) -> list[dict[str, Any]]:
    """The strokes on the paper. What a browser sent has been through `clean`."""
    objects: list[dict[str, Any]] = st.session_state.get(f"{key}.json", {"objects": []})["objects"]
    return objects


def _take(key: str) -> None:
    """The component sent a drawing, because a stroke has ended or because it has loaded what it was given."""
    state = st.session_state
    sent = state[f"{key}.paper"]["drawing"]
    raw = sent.get("raw") if isinstance(sent, dict) else None
    after = clean(raw)
    state[f"{key}.full"] = isinstance(raw, dict) and 0 < len(after) < len(raw["objects"])
    if after != _objects(key):
        state[f"{key}.json"] = {"objects": after}
        state[f"{key}.undone"] = []
        state[f"{key}.changed"] = True


def _give(key: str, objects: list[dict[str, Any]]) -> None:
    """Have the component load a drawing. The turn makes it one that differs from what it was given before."""
    state = st.session_state
    turn = state[f"{key}.given"]["turn"] + 1 if f"{key}.given" in state else 0
    state[f"{key}.given"] = {"objects": objects, "turn": turn}


def _put(key: str, objects: list[dict[str, Any]]) -> None:
    """Another drawing in place of what is on the paper."""
    st.session_state[f"{key}.json"] = {"objects": objects}
    st.session_state[f"{key}.changed"] = True
    _give(key, objects)


def _undo(key: str) -> None:
    state = st.session_state
    objects = _objects(key)
    if objects:
        state[f"{key}.undone"] = [*state.get(f"{key}.undone", ()), objects[-1]]
        _put(key, objects[:-1])
    else:
        _put(key, state.pop(f"{key}.cleared", []))


def _redo(key: str) -> None:
    state = st.session_state
    *undone, stroke = state[f"{key}.undone"]
    state[f"{key}.undone"] = undone
    _put(key, [*_objects(key), stroke])


def _clear(key: str) -> None:
    state = st.session_state
    state[f"{key}.cleared"] = _objects(key)
    state[f"{key}.undone"] = []
    _put(key, [])


def _tools(key: str, tools: Sequence[str]) -> tuple[str, float]:
    """Show the row of tools over the paper. Returns the chosen tool and its width in pixels of the paper."""
    state = st.session_state
    if state.get(f"{key}.tool") not in tools:
        state[f"{key}.tool"] = tools[0]
    state.setdefault(f"{key}.width", 1)
    with st.container(key=f"tools-{key}", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.segmented_control(
            "Tool",
            tools,
            format_func=TOOLS.__getitem__,
            required=True,
            key=f"{key}.tool",
            label_visibility="collapsed",
            persist_state="session",
        )
        st.segmented_control(
            "Stroke width",
            range(3),
            format_func=WIDTH_NAMES.__getitem__,
            required=True,
            key=f"{key}.width",
            label_visibility="collapsed",
            persist_state="session",
        )
        some = bool(_objects(key))
        for name, does, icon, possible in (
            ("Undo", _undo, "undo", some or bool(state.get(f"{key}.cleared"))),
            ("Redo", _redo, "redo", bool(state.get(f"{key}.undone"))),
            ("Clear", _clear, "delete", some),
        ):
            st.button(
                name,
                key=f"{key}.{name.lower()}",
                icon=f":material/{icon}:",
                help=name,
                type="tertiary",
                disabled=not possible,
                on_click=does,
                args=(key,),
            )
    tool = state[f"{key}.tool"]
    return tool, WIDTHS[tool][state[f"{key}.width"]]


def _palette(key: str) -> str:
    """Show the swatches and the picker of any other colour. Returns the colour of hints, #rrggbb.

    To choose a colour is to take the brush.
    """
    for name in ("swatch", "colour"):  # not as the widgets' defaults: _pick and _mix set them too
        st.session_state.setdefault(f"{key}.{name}", next(iter(SWATCHES)))
    with st.container(key=f"swatches-{key}", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.pills(
            "Colour of the brush",
            tuple(SWATCHES),
            format_func=SWATCHES.__getitem__,
            key=f"{key}.swatch",
            label_visibility="collapsed",
            wrap=True,
            on_change=_pick,
            args=(key,),
            persist_state="session",
        )
        return st.color_picker(
            "Another colour",
            key=f"{key}.colour",
            label_visibility="collapsed",
            on_change=_mix,
            args=(key,),
            persist_state="session",
        )


def _pick(key: str) -> None:
    state = st.session_state
    state[f"{key}.tool"] = BRUSH
    # A second click on a swatch takes the choice back: it stays.
    state[f"{key}.colour"] = state[f"{key}.swatch"] = state[f"{key}.swatch"] or state[f"{key}.colour"]


def _mix(key: str) -> None:
    state = st.session_state
    state[f"{key}.tool"] = BRUSH
    state[f"{key}.swatch"] = state[f"{key}.colour"] if state[f"{key}.colour"] in SWATCHES else None


def _sheet(key: str, background: np.ndarray | None, side: int) -> str | None:
    """The background as a data URL, made once. Where the background changes, what was painted on it is removed."""
    state = st.session_state
    name = f"{key}.background"
    digest = "" if background is None else hashlib.blake2b(background.tobytes(), digest_size=16).hexdigest()
    if name not in state or state[name][0] != digest:
        url = None
        if background is not None:
            picture = Image.fromarray(background)
            scale = min(side / max(picture.size), 1)
            size = [max(1, round(n * scale)) for n in picture.size]
            url = data_url(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))
        if name in state:
            state.pop(f"{key}.cleared", None)
            state[f"{key}.undone"] = []
            _put(key, [])
        state[name] = (digest, url)
    return state[name][1]


@functools.cache
def _component() -> Any:
    """The component of streamlit-drawable-canvas 0.13, with a style sheet of ours in place of its own.

    Its Python half is left out: it has no say in the styles, and its paper neither shrinks to a phone's width nor hides
    the toolbar that appears over ours. Not at import: the files of an installed component are known to a running
    server only.
    """
    return st.components.v2.component(
        "streamlit-drawable-canvas.streamlit_drawable_canvas",
        html='<div class="canvas-root"></div>',
        css=(HERE / "paper.css").read_text(),
        js="index-*.js",
    )
