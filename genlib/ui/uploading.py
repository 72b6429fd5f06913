"""A field for a picture that a visitor brings, and what is in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import streamlit as st

from genlib import uploads
from genlib.budget import MADE
from genlib.uploads import Upload


def field(key: str, take: Callable[[str], None]) -> None:
    """The field. `take(key)` is called when its file has changed."""
    st.file_uploader(
        f"{uploads.KINDS[0].upper()}{uploads.KINDS[1:]}, at most {uploads.MAX_BYTES / 1e6:.0f} MB",
        key=key,
        max_upload_size=3 * uploads.MAX_BYTES // 1_000_000,  # of what is larger than we take uploads.read says so
        on_change=take,
        args=(key,),
    )


def read(data: bytes) -> Upload:
    """The picture in a file. It is decoded anew where the budget that all visitors share had no room. UploadError."""
    return MADE.get(("upload", digest(data)), lambda: uploads.read(data))


def digest(data: bytes) -> bytes:
    """Tells a file from every other."""
    return hashlib.blake2b(data).digest()
