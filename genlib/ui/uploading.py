"""A field for a picture that a visitor brings, and what is in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st
from starlette.formparsers import MultiPartParser

from genlib import room, uploads
from genlib.budget import MADE
from genlib.errors import GenlibError
from genlib.uploads import Upload

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

# The longer side that a picture is taken with. Preparing a drawing takes about ten times its bytes: where memory is
# short, half the area.
MOST = uploads.MAX_SIDE if room.plenty() else round(uploads.MAX_SIDE / 2**0.5)
ZIP_MB = 25  # of a zip; of what is larger than is taken its reader says so
# What is uploaded stays in memory, up to server.maxUploadSize: above 1 MB it would go through a file on the disk.
MultiPartParser.spool_max_size = 64 << 20


def field(key: str, take: Callable[[str], None]) -> None:
    """The field. `take(key)` is called when its file has changed."""
    st.file_uploader(
        f"{uploads.KINDS[0].upper()}{uploads.KINDS[1:]}, at most {uploads.MAX_BYTES / 1e6:.0f} MB",
        key=key,
        max_upload_size=3 * uploads.MAX_BYTES // 1_000_000,  # of what is larger than we take uploads.read says so
        on_change=take,
        args=(key,),
    )


def of_zip(label: str, key: str, changed: Callable[[], None] | None = None) -> UploadedFile | None:
    """A field for a zip, and what is in it. `changed` is called when it is another one."""
    return st.file_uploader(label, "zip", key=key, max_upload_size=ZIP_MB, on_change=changed)


def take(key: str, kept: str, trouble: str) -> None:
    """Have the file of the field `key` in the session under `kept`. What cannot be read leaves the one before it in
    place, and why, or None, stands under `trouble`."""
    state = st.session_state
    file, state[trouble] = state[key], None
    if file is None:
        return
    try:
        read(data := file.getvalue())
        state[kept] = data
    except GenlibError as error:
        state[trouble] = str(error)


def read(data: bytes) -> Upload:
    """The picture in a file. It is decoded anew where the budget that all visitors share had no room. UploadError."""
    return MADE.get(("upload", digest(data)), lambda: uploads.read(data, MOST))


def digest(data: bytes) -> bytes:
    """Tells a file from every other."""
    return hashlib.blake2b(data).digest()
