"""The three ways in which a picture comes to Translate: an example, an upload, a drawing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import keepsake, translation
from genlib.budget import MADE
from genlib.contract import Domain, TakesHints
from genlib.drawing import Drawing
from genlib.errors import GenlibError
from genlib.keepsake import Kept
from genlib.sheets import in_colour
from genlib.sketch import Fill, Steps
from genlib.translation import Wanted
from genlib.ui import brought as browser
from genlib.ui import controls, cropping, loaders, uploading
from genlib.ui.address import Address
from genlib.ui.canvas import bring_back, canvas, drawn, strokes
from genlib.ui.gallery import gallery
from genlib.ui.pages import STAGE, TRANSLATE, TranslateQuery, Way, drawable
from genlib.uploads import Upload, UploadError

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.translation import Brought

WAYS: dict[Way, str] = {
    "example": ":material/imagesmode: Example",
    "upload": ":material/upload: Upload",
    "draw": ":material/draw: Draw",
}
# Session keys: the file that was uploaded last and could be read, the picture in it as the browser keeps it, and the
# widget that asks the browser for it; what was wrong with the last file, how many came; the last result.
# What is decoded from a file is several times as large: it is kept within the budget that all visitors share.
UPLOAD, URL, KEPT, TROUBLE, FIELDS = map(TRANSLATE.widget, ("upload", "url", "kept", "trouble", "fields"))
# The paper to draw on, that over a picture, and the switch for it.
PAPER, OVER, HINTING = map(TRANSLATE.widget, ("drawing", "hints", "hinting"))
WAY, EXAMPLE, ANSWER, PALETTE = map(TRANSLATE.widget, ("way", "example", "answer", "palette"))

_one_at_a_time = threading.Lock()  # large pictures are worked on, so that two never need their memory at once


@dataclass(frozen=True)
class Given:
    """What a visitor brings.

    pixels    uint8 (H, W, 3), or None while there is nothing yet
    wanted    what to do then
    truth     the true answer, uint8 (S, S, 3), of an example
    drawing   what is on the paper, hints with it
    whole     of an upload, the picture of which `pixels` may be a part
    """

    pixels: np.ndarray | None
    wanted: str = ""
    truth: np.ndarray | None = None
    drawing: Drawing | None = None
    whole: np.ndarray | None = None


def choose_way(source: Domain) -> None:
    """The widget for it."""
    ways = [way for way in WAYS if way != "draw" or drawable(source)]
    if st.session_state[WAY] not in ways:
        st.session_state[WAY] = ways[0]
    controls.choice("Picture", WAY, WAYS, ways)


def given(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain) -> Given:
    """The widgets of one way in, and what they hold."""
    match shown.way:
        case "example":
            return _example(checkpoint, source)
        case "upload":
            upload = _upload(source.kind == "drawing")
            pixels = None if upload is None else cropping.used(upload.pixels, shown)
            whole = None if upload is None else upload.pixels
            return Given(pixels, f"Upload a picture: this model translates {source.title}.", whole=whole)
        case "draw":
            with st.container(key="paper-drawing"):  # look.css: on a phone, the answer stays beside it
                brush = issubclass(checkpoint.model_class, TakesHints)
                drawing = canvas(PAPER, brush=brush, fill=source.kind == "drawing", more=_colours())
            pixels = None if drawing.empty else drawing.lines
            return Given(pixels, "Draw something: every stroke is translated at once.", None, drawing)


def brought(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain, pixels: np.ndarray) -> Brought:
    """What was given, in the model's world. UploadError: there is nothing on it."""
    steps = Steps(**{name: getattr(shown, name) for name in asdict(Steps())})
    if shown.way != "upload":  # the paper's colour is said of a picture that was brought
        steps = replace(steps, tone="")

    def make() -> Brought:
        distance = None
        if source.kind == "grey":
            with suppress(GenlibError):  # a stranger's model, of data that is not here: nothing is turned round
                distance = loaders.world(checkpoint, source).distance
        with _one_at_a_time:
            return translation.bring(pixels, source, checkpoint.config.space.shape[-1], steps, distance)

    return MADE.get(("brought", loaders.key(checkpoint), source, steps, loaders.digest(pixels)), make)


def later(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain, given: Given) -> Callable[[], Brought]:
    """brought() as it is now, for a download that may be asked for much later. What it holds until then is small."""
    assert given.pixels is not None
    data: bytes | None = st.session_state[UPLOAD] if shown.way == "upload" else None
    return partial(_again, shown, checkpoint, source, given.pixels if data is None else data)


def _again(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain, held: np.ndarray | bytes) -> Brought:
    pixels = cropping.used(uploading.read(held).pixels, shown) if isinstance(held, bytes) else held
    return brought(shown, checkpoint, source, pixels)


@dataclass(frozen=True)
class Mending:
    """The visitor's own colours over a picture that was brought.

    wanted   where which
    sheet    what the paper is called on which they are given; None: there is none, or it is the drawing's own
    """

    wanted: Wanted
    sheet: str | None = None


def mending(checkpoint: Checkpoint, given: Given, brought: Brought, fill: Fill) -> Mending:
    """What is wanted of the model: from the paper that is drawn on, or from one over the picture, by show()."""
    if not issubclass(checkpoint.model_class, TakesHints):
        return Mending(Wanted())
    if given.drawing is not None:
        return Mending(translation.wanted(brought, given.drawing, fill))
    if not st.toggle("Colour by hand", key=HINTING, persist_state="session"):
        return Mending(Wanted())
    sheet = loaders.digest(brought.image.numpy())[0].hex()
    return Mending(translation.wanted(brought, drawn(OVER, sheet), fill, seen=True), sheet)


def show(mending: Mending, brought: Brought, result: np.ndarray) -> None:
    """The paper for it, over what came of it: a result uint8 (H, W, 3) of translation.finish()."""
    if mending.sheet is None:
        return
    drawing = brought.sheet is not None
    with st.container(key="paper-hints"):
        known = drawn(OVER, mending.sheet).strokes
        now = canvas(
            OVER, background=translation.seen(brought, result), fill=drawing, sheet=mending.sheet, more=_colours()
        )
    if now.strokes != known:
        st.rerun()
    if drawing:
        st.caption("Click an area to fill it, or paint a spot of colour: the model goes by it.")


def _colours() -> list[str]:
    """Those of a reference picture, as "#rrggbb"."""
    return [f"#{code}" for code in st.session_state[PALETTE].split("-") if code]


def _example(checkpoint: Checkpoint, source: Domain) -> Given:
    """Held-out pictures, one of which is chosen."""
    inputs, truths = loaders.examples(checkpoint, source)
    state, count = st.session_state, len(inputs)
    labels = [f"example {i + 1} of {count}" for i in range(count)]
    chosen = min(state[EXAMPLE], count - 1)
    gallery(
        inputs,
        range(count),
        f"translate.examples.{checkpoint.name}.{source.key}",
        labels,
        name="Examples",
        chosen=chosen,
        slides=True,
        reveals=STAGE,
        on_pick=lambda picked: state.update({EXAMPLE: picked, ANSWER: 0}),
    )
    st.caption("Pictures that the model has never seen. Click one.")
    return Given(in_colour(inputs[chosen]), truth=None if truths is None else truths[chosen])


def _upload(drawing: bool) -> Upload | None:
    """The picture that came last and could be read. It stays in memory, for this visitor alone."""
    # A new field after each file: Streamlit's keeps a file that it refused, red, whatever comes after it.
    field = TRANSLATE.widget(f"file.{st.session_state.get(FIELDS, 0)}")
    uploading.field(field, _take)
    with st.container(key="trouble-upload"):  # look.css hides it behind a later one of Streamlit's own
        if trouble := st.session_state.get(TROUBLE):
            st.error(trouble, icon=":material/error:")
    state = st.session_state
    data: bytes | None = state.get(UPLOAD)
    with st.container(horizontal=True):
        url, removed = None if data is None else state[URL], UPLOAD in state and data is None
        kept = browser.brought(KEPT, url, removed, small=bool(state.get(HINTING)))
        if kept is not None:
            with suppress(UploadError):
                _bring(kept)
                st.rerun()
        upload = None if data is None else uploading.read(data)
        if upload is not None:
            with st.container(width="content"):
                st.button(
                    "Remove the picture",
                    on_click=_drop,
                    key=TRANSLATE.widget("drop"),
                    icon=":material/delete:",
                    type="tertiary",
                )
                cropping.choose(upload, drawing)
    for note in () if upload is None else upload.notes:
        st.caption(note)
    return upload


def _take(field: str) -> None:
    """Read a new file. One that can't be read leaves the picture before it in place."""
    state = st.session_state
    file = state[field]
    if file is None:
        return
    state[TROUBLE], state[FIELDS] = None, state.get(FIELDS, 0) + 1
    try:
        if keepsake.is_zip(file.getvalue()):
            _go_on(file.getvalue())
            return
        _bring(file.getvalue())
        state[ANSWER] = 0
        cropping.reset()
    except UploadError as error:
        state[TROUBLE] = str(error)


def kept(parameters: dict[str, str], given: Given, mending: Mending) -> Kept:
    """What the visitor made, to be taken home."""
    return Kept(
        parameters,
        st.session_state.get(UPLOAD) if parameters["way"] == "upload" else None,
        strokes(PAPER) if given.drawing is not None else [],
        strokes(OVER, mending.sheet) if mending.sheet is not None else [],
    )


def _go_on(data: bytes) -> None:
    """With what somebody took home. UploadError."""
    found = keepsake.read(data)
    state = st.session_state
    if found.picture is not None:
        _bring(found.picture)
        cropping.reset()
    if found.drawn:
        bring_back(PAPER, found.drawn)
    if found.painted:  # nothing would take the place of what is on the next paper
        bring_back(OVER, found.painted)
    state[HINTING] = bool(found.painted)
    Address(TRANSLATE).want(found.query)


def _bring(data: bytes) -> None:
    """UploadError."""
    st.session_state[URL] = browser.url(uploading.read(data).pixels)
    st.session_state[UPLOAD] = data


def _drop() -> None:
    st.session_state[UPLOAD] = st.session_state[TROUBLE] = None
