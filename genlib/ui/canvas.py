"""Paper to draw on, with a pen, an eraser and a brush for colour hints; and what was drawn, as arrays.

The drawing itself happens in the component of streamlit-drawable-canvas. What it sends, the JSON of Fabric.js, comes
from a browser and is not trusted: `clean` takes what is a stroke of one of the tools, `rasterise` draws it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import streamlit as st
from PIL import Image, ImageColor, ImageDraw

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
# A stroke's colour tells its tool: these two, and a hint has two more digits, its opacity on the paper.
INK, PAPER = "#1a1a1a", "#ffffff"
SEE_THROUGH = "99"
HINT = re.compile(rf"(#[0-9a-f]{{6}}){SEE_THROUGH}")
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

# Of one drawing; what is more would take long to draw and to send.
MAX_STROKES = 2_000
MAX_POINTS = 30_000  # about 1 MB of JSON
MAX_LENGTH = 400_000  # pixels of the paper
MAX_COORDINATE = 10_000  # a stroke may leave the paper
MAX_WIDTH = 64
FINER = 3  # lines are drawn this much larger, then averaged: antialiasing
COMMANDS = {"M": 2, "L": 2, "Q": 4}  # of a Fabric.js path, with how many numbers


@dataclass(frozen=True)
class Drawing:
    """What is on the paper of S x S pixels."""

    lines: np.ndarray  # uint8 (S, S, 3): the pen's lines, black on white
    hints: np.ndarray  # uint8 (S, S, 3): the brush's colours, white where there is none
    mask: np.ndarray  # bool (S, S): where there is a hint
    empty: bool  # no line is drawn
    strokes: int  # of all tools, the eraser's too


def canvas(key: str, side: int = 512, background: np.ndarray | None = None, brush: bool = True) -> Drawing:
    """Paper of `side` x `side` pixels with its tools; gives what is drawn on it.

    The script runs again whenever a stroke ends. The drawing is kept in st.session_state[f"{key}.json"] and so survives
    a visit to another page; to put one there from outside, set it before this is called: {"objects": [...]}, the JSON
    of Fabric.js.

    background: uint8 (H, W, 3), fitted into the paper, under the drawing. Then there is no pen: only hints are painted,
    and a different background begins with no hints.
    brush: whether there is one, for hints.
    """
    sheet = _sheet(key, background, side)
    st.session_state[f"{key}.changed"] = False
    _paper(key, side, sheet, brush)
    return rasterise(_objects(key), side)


@st.fragment
def _paper(key: str, side: int, sheet: str | None, brush: bool) -> None:
    """The tools and the paper. To choose a tool runs this alone; a stroke, the whole script."""
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


def clean(drawing: object) -> list[dict[str, Any]]:
    """The strokes of a drawing in the JSON of Fabric.js, as Fabric.js reads them again, with nothing else in them.

    drawing: anything. What is not a stroke of one of the tools is left out, and so is all that comes after
    a limit is reached.
    """
    objects = drawing.get("objects") if isinstance(drawing, dict) else None
    strokes: list[dict[str, Any]] = []
    points, length = 0, 0.0
    for thing in objects if isinstance(objects, list) else ():
        if not isinstance(thing, dict):
            continue
        path, colour, width = thing.get("path"), thing.get("stroke"), thing.get("strokeWidth")
        if not (isinstance(colour, str) and (colour in (INK, PAPER) or HINT.fullmatch(colour))):
            continue
        if not (_is_number(width) and 1 <= width <= MAX_WIDTH and isinstance(path, list)):
            continue
        points += len(path)
        if len(strokes) == MAX_STROKES or points > MAX_POINTS:
            break
        if not _is_path(path):
            continue
        length += _length(path)
        if length > MAX_LENGTH:
            break
        strokes.append(
            {
                "type": "Path",
                "path": path,
                "stroke": colour,
                "strokeWidth": width,
                "strokeLineCap": "round",
                "strokeLineJoin": "round",
                "fill": None,
            }
        )
    return strokes


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and -MAX_COORDINATE <= value <= MAX_COORDINATE  # NaN is not


def _is_path(path: list[Any]) -> bool:
    for command in path:
        if not (isinstance(command, list) and command and isinstance(command[0], str)):
            return False
        if COMMANDS.get(command[0]) != len(command) - 1 or not all(map(_is_number, command[1:])):
            return False
    return bool(path) and path[0][0] == "M"


def _length(path: list[list[Any]]) -> float:
    """Of the polygon through all points of a path; its curves are shorter."""
    corners = np.array([n for command in path for n in command[1:]]).reshape(-1, 2)
    return float(np.hypot(*np.diff(corners, axis=0).T).sum())


def rasterise(objects: list[dict[str, Any]], side: int) -> Drawing:
    """Draw what `clean` let through on paper of `side` x `side` pixels, in the strokes' order.

    The eraser takes away lines and hints; a line and a hint leave each other alone.
    """
    drawn = _drawn(json.dumps(objects), side)
    # Copies: the arrays in the cache belong to all sessions.
    return replace(drawn, lines=drawn.lines.copy(), hints=drawn.hints.copy(), mask=drawn.mask.copy())


@functools.lru_cache(maxsize=8)  # 2 MB each
def _drawn(text: str, side: int) -> Drawing:
    objects = json.loads(text)
    ink = Image.new("L", (FINER * side, FINER * side), 255)
    colours = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    on_ink, on_colours = ImageDraw.Draw(ink), ImageDraw.Draw(colours)
    for thing in objects:
        points, colour, width = _points(thing["path"]), thing["stroke"], thing["strokeWidth"]
        if colour in (INK, PAPER):
            _draw(on_ink, points * FINER, width * FINER, 0 if colour == INK else 255)
        if colour != INK:
            _draw(on_colours, points, width, (*ImageColor.getrgb(colour[:7]), 0 if colour == PAPER else 255))
    lines = np.asarray(ink.reduce(FINER))
    hints = np.asarray(colours)
    return Drawing(
        lines=np.repeat(lines[..., None], 3, axis=2),
        hints=hints[..., :3],
        mask=hints[..., 3] > 0,
        empty=bool((lines == 255).all()),
        strokes=len(objects),
    )


def _points(path: list[list[Any]]) -> np.ndarray:
    """The corners (N, 2) of a path, its curves in at most 8 steps of about 6 pixels."""
    points: list[tuple[float, float]] = []
    for _, *numbers in path:
        x, y = numbers[-2:]
        if len(numbers) == 4:
            (x0, y0), (cx, cy) = points[-1], numbers[:2]
            steps = min(round(math.hypot(x - x0, y - y0) / 6), 8)
            for t in (step / steps for step in range(1, steps)):
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
                points.append((a * x0 + b * cx + c * x, a * y0 + b * cy + c * y))
        points.append((x, y))
    return np.array(points)


def _draw(pen: ImageDraw.ImageDraw, points: np.ndarray, width: float, fill: Any) -> None:
    """A line through points (N, 2) with round joints and ends.

    Segments that meet at a small angle share their corners, so that a hand-drawn line of many short ones doesn't
    wobble; Pillow's own lines round each by itself. Where the line turns sharply there is a disc.
    """
    radius = (width - 1) / 2  # polygons and ellipses include their right and lower edge
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    moved = lengths > 0
    points, steps, lengths = points[np.r_[True, moved]], steps[moved], lengths[moved]
    across = steps[:, ::-1] * (-1, 1) / lengths[:, None]  # unit normals (N-1, 2)
    cosine = (across[:-1] * across[1:]).sum(1)
    bend = np.arccos(cosine.clip(-1, 1))
    smooth = (bend < 1) & (bend * radius < 0.5 * np.minimum(lengths[:-1], lengths[1:]))
    mitre = (across[:-1] + across[1:])[smooth] / (1 + cosine[smooth])[:, None]
    first, last = across.copy(), across.copy()
    first[1:][smooth], last[:-1][smooth] = mitre, mitre

    a, b, u, v = points[:-1], points[1:], first * radius, last * radius
    for quad in np.concatenate([a + u, b + v, b - v, a - u], axis=1).round().tolist():
        pen.polygon(quad, fill)
    round_off = np.r_[True, ~smooth, True][: len(points)]
    for x, y in points[round_off].tolist():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill)


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
    """The row over the paper; the tool and its width."""
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
    """The colour of hints, #rrggbb, from swatches or any. To choose one is to take the brush."""
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
    """The background as a data URL. It is made once, and where it changes, what was painted on the old one goes."""
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
