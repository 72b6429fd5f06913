"""A visitor's own picture in the latent space: encoded at once, or sought by descent where a model has no encoder.

It stays in memory, for this visitor alone, and is in no address.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import fitting
from genlib.budget import MADE
from genlib.contract import Encodes
from genlib.drawing import Drawing
from genlib.errors import GenlibError
from genlib.sheets import png
from genlib.spaces import Pictures
from genlib.ui import loaders, uploading
from genlib.ui.canvas import canvas
from genlib.ui.latent import codes
from genlib.ui.pages import LATENT

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

NUMBER = 999_999  # of it, among the pictures that a way leads through; no held-out picture has it
FILE, TROUBLE, PICTURE, SEARCH = (LATENT.widget(f"_own_{part}") for part in ("file", "trouble", "picture", "search"))
DRAWN, PAPER = LATENT.widget("_own_drawn"), LATENT.widget("_own_paper")
PAPER_SIDE, PENS = 304, (14, 21, 30)  # px; the lines of handwritten digits are about a twelfth of their square


@dataclass
class Search:
    """One that runs in a thread: what it is for, how far it is, and what it found."""

    wanted: tuple[object, ...]
    share: float = 0.0
    error: float = float("nan")  # RMS of the best so far
    z: np.ndarray | None = None
    trouble: str = ""
    told: bool = False  # whether the page ran again since it ended
    stopped: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


def bring(checkpoint: Checkpoint) -> None:
    """The field for a picture, behind a button."""
    with st.popover("Your picture", icon=":material/add_photo_alternate:"):
        uploading.field(FILE, _take)
        if trouble := st.session_state.get(TROUBLE):
            st.error(trouble, icon=":material/error:")
        data: bytes | None = st.session_state.get(PICTURE)
        if data is not None:
            st.image(
                uploading.read(data).pixels,
                caption="It is tile 1 of the pictures to choose from.",
                width=160,
                alt="Your picture",
            )
    if data is not None and not issubclass(checkpoint.model_class, Encodes):
        _watch(checkpoint)


def offered(checkpoint: Checkpoint) -> np.ndarray | None:
    """The picture as the model reads it, uint8 (H, W, C), once its code is known; None where there is none."""
    return None if code(checkpoint) is None else _fitted(checkpoint)


def code(checkpoint: Checkpoint) -> np.ndarray | None:
    """Its latent (1, Z); None where there is no picture, or none was found yet."""
    if st.session_state.get(PICTURE) is None:
        return None
    if issubclass(checkpoint.model_class, Encodes):
        return MADE.get(
            ("own code", *_wanted(checkpoint)), lambda: codes.encoded(checkpoint, _fitted(checkpoint)[None])
        )
    search: Search | None = st.session_state.get(SEARCH)
    return search.z if search and search.wanted == _wanted(checkpoint) else None


def drawable(checkpoint: Checkpoint) -> bool:
    """Whether lines are pictures of the kind that a model encodes: light on black, without colours."""
    return issubclass(checkpoint.model_class, Encodes) and checkpoint.config.space.shape[0] == 1


def paper(checkpoint: Checkpoint) -> None:
    """A small paper: what is drawn on it is the picture, after each stroke."""
    state = st.session_state
    drawing = canvas(PAPER, PAPER_SIDE, brush=False, pens=PENS)
    if (version := state[f"{PAPER}.kept"].version) != state.get(DRAWN, ""):
        state[DRAWN] = version
        _take_drawing(checkpoint, drawing)
        st.rerun()  # what stands further up shows it, too


def _take_drawing(checkpoint: Checkpoint, drawing: Drawing) -> None:
    """Have what is drawn be the picture, as large and in the middle as those of the model's data are; or none."""
    state = st.session_state
    state[TROUBLE] = state[PICTURE] = None
    if drawing.empty:
        return
    lines, side = drawing.lines, checkpoint.config.space.shape[-1]
    state[PICTURE] = png(fitting.drawn(lines, len(lines), codes.extent(checkpoint) * len(lines) / side))


def _take(key: str) -> None:
    uploading.take(key, PICTURE, TROUBLE)


def _fitted(checkpoint: Checkpoint) -> np.ndarray:
    """In the model's square and channels."""
    space = checkpoint.config.space
    assert isinstance(space, Pictures)
    data: bytes = st.session_state[PICTURE]
    return MADE.get(
        ("own picture", space, uploading.digest(data)), lambda: fitting.fit(uploading.read(data).pixels, space).pixels
    )


def _wanted(checkpoint: Checkpoint) -> tuple[object, ...]:
    return (*loaders.key(checkpoint), uploading.digest(st.session_state[PICTURE]))


@st.fragment(run_every=0.5)
def _watch(checkpoint: Checkpoint) -> None:
    """Begins the search where there is none, and shows how far it is; the page runs again when it ends."""
    state = st.session_state
    search: Search | None = state.get(SEARCH)
    if search is None or search.wanted != _wanted(checkpoint):
        if search is not None:
            search.stopped.set()
        search = state[SEARCH] = Search(_wanted(checkpoint))
        model, picture = loaders.model(checkpoint), _fitted(checkpoint)
        threading.Thread(target=_seek, args=(search, model, picture), daemon=True).start()
    if search.ended.is_set():
        if search.trouble:
            st.error(search.trouble, icon=":material/error:")
        else:
            st.caption(
                f"The nearest picture that the model can draw is {search.error:.3f} away (RMS of pixels in [0, 1])."
            )
        if not search.told:
            search.told = True
            st.rerun()
        return
    st.progress(search.share, f"Seeking the code of your picture; the best is {search.error:.3f} away so far")
    st.button("Take the best so far", on_click=search.stopped.set, key=LATENT.widget("stop"), icon=":material/stop:")


def _seek(search: Search, model: loaders.AnyModel, picture: np.ndarray) -> None:
    import torch

    from genlib.latents.inversion import invert

    def tell(step: int, steps: int, error: float) -> None:
        search.share, search.error = step / steps, error

    try:
        x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        found = invert(model, x, tell=tell, stop=search.stopped.is_set)
        search.z, search.error = found.z.cpu().numpy(), float(found.errors[0])
    except GenlibError as error:
        search.trouble = str(error)
    finally:
        search.ended.set()
