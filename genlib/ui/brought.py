"""A picture that a visitor brought, shown and kept by the browser: a new session of the server gets it back from there.

Such a session begins after two minutes without a connection, after a restart of the server, and with a reload.
"""

from __future__ import annotations

import base64
import io
import secrets
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from genlib import uploads
from genlib.ui.compare import data_url

SMALL = 512**2  # pixels up to which nothing is lost; a larger one travels as JPEG, in a megabyte or two

_component = st.components.v2.component(
    "genlib.brought",
    html='<img alt="Your picture" hidden />',
    css="img { display: block; width: 320px; max-width: 100%; border-radius: var(--st-base-radius) }"
    "img.small { width: 72px }\nimg[hidden] { display: none }",
    js=(Path(__file__).parent / "brought.js").read_text(),
)


def brought(key: str, picture: str | None, removed: bool, small: bool = False) -> bytes | None:
    """Show a picture, a data URL; the file of the one that the browser still has, where there is None and none was
    `removed`. Nothing in that can be trusted. small: where it stands on the page once more."""
    session = st.session_state.setdefault(f"{key}.session", secrets.token_hex(4))
    sent = _component(
        data={"name": key, "picture": picture, "removed": removed, "small": small, "session": session},
        key=key,
        on_picture_change=lambda: None,
        width="content",
    ).picture
    if picture or removed or not isinstance(sent, str) or len(sent) > 1.4 * uploads.MAX_BYTES:
        return None
    try:
        return base64.b64decode(sent.partition(",")[2], validate=True)
    except ValueError:
        return None


def url(pixels: np.ndarray) -> str:
    """A picture uint8 (H, W, 3) as the browser keeps it."""
    if pixels.shape[0] * pixels.shape[1] <= SMALL:
        return data_url(pixels, uploads.MAX_SIDE)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
