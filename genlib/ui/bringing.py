"""The three ways in which a picture comes to Translate: an example, an upload, a drawing."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from genlib import translation, uploads
from genlib.budget import MADE
from genlib.contract import Domain, TakesHints
from genlib.drawing import Drawing
from genlib.errors import GenlibError
from genlib.sheets import in_colour, to_uint8
from genlib.sketch import Steps
from genlib.ui import loaders
from genlib.ui.canvas import canvas
from genlib.ui.gallery import gallery
from genlib.ui.pages import TRANSLATE, TranslateQuery, Way
from genlib.uploads import Upload, UploadError

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.checkpoint import Checkpoint
    from genlib.translation import Brought

WAYS: dict[Way, str] = {
    "example": ":material/imagesmode: Example",
    "upload": ":material/upload: Upload",
    "draw": ":material/draw: Draw",
}
SHOWN = 640  # px of an upload as the page shows it, at half of that
# Session keys: the file that was uploaded last and could be read, what was wrong with the last file, the field for it.
# What is decoded from a file is several times as large: it is kept within the budget that all visitors share.
UPLOAD, TROUBLE, FILE = map(TRANSLATE.widget, ("upload", "trouble", "file"))
EXAMPLE, ANSWER = map(TRANSLATE.widget, ("example", "answer"))


_one_at_a_time = threading.Lock()  # large pictures are worked on, so that two never need their memory at once


@dataclass(frozen=True)
class Given:
    """What a visitor brings.

    pixels    uint8 (H, W, 3), or None while there is nothing yet
    wanted    what to do then
    truth     the true answer, uint8 (S, S, 3), of an example
    drawing   what is on the paper, hints with it
    """

    pixels: np.ndarray | None
    wanted: str = ""
    truth: np.ndarray | None = None
    drawing: Drawing | None = None


def choose_way() -> None:
    st.segmented_control(
        "Picture",
        list(WAYS),
        format_func=WAYS.__getitem__,
        required=True,
        key=TRANSLATE.widget("way"),
        persist_state="session",
    )


def given(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain) -> Given:
    """The widgets of one way in, and what they hold."""
    match shown.way:
        case "example":
            return _example(checkpoint, source)
        case "upload":
            upload = _upload()
            pixels = None if upload is None else upload.pixels
            return Given(pixels, f"Upload a picture: this model translates {source.title}.")
        case "draw":
            drawing = canvas("translate.drawing", brush=issubclass(checkpoint.model_class, TakesHints))
            pixels = None if drawing.empty else drawing.lines
            return Given(pixels, "Draw something: every stroke is translated at once.", None, drawing)


def brought(shown: TranslateQuery, checkpoint: Checkpoint, source: Domain, pixels: np.ndarray) -> Brought:
    """What was given, in the model's world. UploadError: there is nothing on it."""
    steps = Steps(**{name: getattr(shown, name) for name in asdict(Steps())})

    def make() -> Brought:
        distance = None
        if source.kind == "grey":
            with suppress(GenlibError):  # a stranger's model, of data that is not here: nothing is turned round
                distance = loaders.world(checkpoint, source).distance
        with _one_at_a_time:
            return translation.bring(pixels, source, checkpoint.config.space.shape[-1], steps, distance)

    return MADE.get(("brought", loaders.key(checkpoint), source, steps, loaders.digest(pixels)), make)


def hints(checkpoint: Checkpoint, given: Given, brought: Brought) -> Tensor | None:
    """The visitor's colour hints (1, 4, S, S), from the paper or painted over what the model sees; None without any."""
    if not issubclass(checkpoint.model_class, TakesHints):
        return None
    if given.drawing is not None:
        drawing = given.drawing
        return translation.hints(brought, drawing.hints, drawing.mask) if drawing.mask.any() else None
    if not st.toggle("Paint colour hints", key=TRANSLATE.widget("hinting"), persist_state="session"):
        return None
    image = in_colour(to_uint8(brought.image)[0])
    drawing = canvas("translate.hints", background=image)
    return translation.painted(drawing.hints, drawing.mask, len(image)) if drawing.mask.any() else None


def _example(checkpoint: Checkpoint, source: Domain) -> Given:
    """Held-out pictures, one of which is chosen."""
    inputs, truths = loaders.examples(checkpoint, source)
    state, count = st.session_state, len(inputs)
    labels = [f"example {i + 1} of {count}" for i in range(count)]
    picked = gallery(inputs, range(count), f"translate.examples.{checkpoint.name}.{source.key}", labels)
    if picked is not None and 0 <= picked < count and picked != state[EXAMPLE]:
        state[EXAMPLE], state[ANSWER] = picked, 0
        st.rerun()  # the address, written further up, names it
    st.caption("Pictures that the model has never seen. Click one.")
    chosen = min(state[EXAMPLE], count - 1)
    return Given(in_colour(inputs[chosen]), truth=None if truths is None else truths[chosen])


def _upload() -> Upload | None:
    """The picture that came last and could be read. It stays in memory, for this visitor alone."""
    file = st.file_uploader(
        f"{uploads.KINDS[0].upper()}{uploads.KINDS[1:]}, at most {uploads.MAX_BYTES / 1e6:.0f} MB",
        key=FILE,
        max_upload_size=3 * uploads.MAX_BYTES // 1_000_000,  # of what is larger than we take uploads.read says so
        on_change=_take,
    )
    if trouble := st.session_state.get(TROUBLE):
        st.error(trouble, icon=":material/error:")
    data: bytes | None = st.session_state.get(UPLOAD)
    upload = None if data is None else _read(data)
    if upload is not None:
        with st.container(horizontal=True):
            st.image(Image.fromarray(upload.pixels).reduce(-(-max(upload.pixels.shape) // SHOWN)), width=320)
            if file is None:
                st.button(
                    "Remove the picture",
                    on_click=_drop,
                    key=TRANSLATE.widget("drop"),
                    icon=":material/delete:",
                    type="tertiary",
                )
        for note in upload.notes:
            st.caption(note)
    return upload


def _take() -> None:
    """Read a new file. One that can't be read leaves the picture before it in place, and so does none: before it sends
    a file in place of another, the browser takes that away."""
    state = st.session_state
    file, state[TROUBLE] = state[FILE], None
    if file is None:
        return
    try:
        _read(data := file.getvalue())
        state[UPLOAD], state[ANSWER] = data, 0
    except UploadError as error:
        state[TROUBLE] = str(error)


def _read(data: bytes) -> Upload:
    """The picture in a file. UploadError."""
    return MADE.get(("upload", hashlib.blake2b(data).digest()), lambda: uploads.read(data))


def _drop() -> None:
    st.session_state[UPLOAD] = None
