"""Pictures that somebody brings in a zip, as a set to learn from. In memory only, and bounded before it is unpacked:
neither an archive nor a picture in it can grow beyond what is said here, whatever their headers say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import torch

from genlib import fitting, uploads
from genlib.data.manifest import LEAST_OWN, MOST_OWN, OWN, DataError
from genlib.data.sets import PictureSet
from genlib.errors import plain
from genlib.spaces import Pictures

MOST_BYTES = 20_000_000  # of the zip
UNPACKED = 60_000_000  # bytes of all its files together: pictures hardly shrink in a zip
PIXELS = 300_000_000  # of all its pictures together: decoding them takes half a minute at most
ENTRIES = 2 * MOST_OWN  # files and folders: each picture may have a shadow that macOS made
FINE = 4  # times the side that is needed: to so many pixels a picture is decoded before it is cut


def from_zip(file: bytes) -> tuple[PictureSet, str]:
    """See genlib.data.from_zip."""
    if len(file) > MOST_BYTES:
        raise DataError(f"The zip has {len(file) / 1e6:.1f} MB, and at most {MOST_BYTES / 1e6:.0f} MB are taken.")
    if (count := uploads.entries(file)) > ENTRIES:
        raise DataError(f"The zip holds {count:,} files, and at most {MOST_OWN} pictures are taken: leave some out.")
    space, made, left = OWN.space, list[np.ndarray](), list[str]()
    assert isinstance(space, Pictures)
    pixels = 0
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            for name, content in _files(archive):
                try:
                    pixels += uploads.pixels(content)
                    if pixels > PIXELS:
                        raise DataError(
                            f"The pictures in the zip have more than {PIXELS // 1_000_000} million pixels together: "
                            f"scale them down, for a model sees {space.side} x {space.side} of each."
                        )
                    picture = uploads.read(content, FINE * space.side).pixels
                except uploads.UploadError:
                    left.append(name)
                    continue
                made.append(fitting.fit(picture, space).pixels)
    except uploads.OF_ZIP:
        raise DataError("This is no zip, or it is damaged: pack your pictures into a zip again.") from None
    said = _said(left)
    if len(made) < LEAST_OWN:
        held = f"The zip holds {len(made) or 'no'} picture{'' if len(made) == 1 else 's'}"
        raise DataError(f"{held}, and a model needs at least {LEAST_OWN} to learn from: add more.{said and f' {said}'}")
    stacked = torch.from_numpy(np.stack(made).transpose(0, 3, 1, 2).copy())
    return PictureSet(stacked, {}, OWN), said


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, without what a system leaves of its own. DataError."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _litter(entry.filename)]
    if len(entries) > MOST_OWN:
        raise DataError(
            f"The zip holds {len(entries):,} files, and at most {MOST_OWN} pictures are taken: leave some out."
        )
    room = UNPACKED
    for entry in entries:
        # Its header may say less than there is: no more than this is ever unpacked.
        with archive.open(entry) as part:
            content = part.read(min(room, uploads.MAX_BYTES) + 1)
        room -= len(content)
        if room < 0:
            raise DataError(
                f"What is in the zip unpacks to more than {UNPACKED / 1e6:.0f} MB, which pictures in a zip of this "
                "size do not: pack pictures only, saved as JPEG or PNG."
            )
        yield plain(PurePosixPath(entry.filename).name, 60), content


def _litter(name: str) -> bool:
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini")


def _said(left: list[str]) -> str:
    """That files were left out; "": none were."""
    if not left:
        return ""
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return f"{left[0]}{more} {'were' if more else 'was'} left out: no picture that can be read."
