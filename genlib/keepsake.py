"""What a visitor made on Translate, kept in their own file: picture, drawing, colours and choices, to be gone on with.

It lies as a few more entries in the OpenRaster file that they take home; painting programs leave these alone.

>>> data = layered.openraster(layers, keepsake.packed(Kept({"seed": "3"}, picture, drawn, painted)))
>>> keepsake.read(data).query
{'seed': '3'}

What comes back may be from anybody: its size is bounded before anything is unpacked, no other entries are read, strokes
go through drawing.clean, the picture through uploads.read, and the parameters are read like an address.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genlib import uploads
from genlib.drawing import clean
from genlib.uploads import OF_ZIP, UploadError, entries

SESSION, PICTURE = "genlib/session.json", "genlib/picture"
FORMAT = 1
MOST = 30_000_000  # bytes of a file
ENTRIES = 64
MOST_JSON = 4_000_000  # bytes
PARAMETERS, LONGEST = 64, 200  # how many there may be, and the characters of one
FOREIGN = "This zip is none that this page made: bring a picture, or an OpenRaster file from here."

DAMAGE: tuple[type[Exception], ...] = (*OF_ZIP, LookupError)


@dataclass(frozen=True)
class Kept:
    """What is needed to go on.

    query     the page's address, by parameter
    picture   the file that was uploaded, as it came
    drawn     strokes on the paper
    painted   colours that were given by hand, over a picture
    """

    query: Mapping[str, str]
    picture: bytes | None = None
    drawn: list[dict[str, Any]] = field(default_factory=list)
    painted: list[dict[str, Any]] = field(default_factory=list)


def packed(kept: Kept) -> dict[str, bytes]:
    """The entries of a zip, name -> content."""
    said = {"format": FORMAT, "query": dict(kept.query), "drawn": kept.drawn, "painted": kept.painted}
    files = {SESSION: json.dumps(said).encode()}
    return files if kept.picture is None else files | {PICTURE: kept.picture}


def is_zip(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def read(data: bytes) -> Kept:
    """What a file holds. UploadError: it is too large, damaged, or not of ours."""
    if len(data) > MOST:
        raise UploadError(f"The file has {len(data) / 1e6:.1f} MB and at most {MOST / 1e6:.0f} MB are taken.")
    if entries(data) > ENTRIES:
        raise UploadError(FOREIGN)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if SESSION not in names:
                raise UploadError(FOREIGN)
            said = json.loads(_unpacked(archive, SESSION, MOST_JSON))
            picture = _unpacked(archive, PICTURE, uploads.MAX_BYTES) if PICTURE in names else None
    except DAMAGE:
        raise UploadError("The file is damaged or cut off: save or export it again.") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise UploadError(FOREIGN)
    query = said.get("query")
    pairs = list(query.items())[:PARAMETERS] if isinstance(query, dict) else []
    parameters = {name: text for name, text in pairs if isinstance(text, str) and max(len(name), len(text)) <= LONGEST}
    if picture is not None:
        uploads.read(picture)
    return Kept(parameters, picture, *(clean({"objects": said.get(name)}) for name in ("drawn", "painted")))


def _unpacked(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Its header may say less than there is: no more than `most` bytes are ever unpacked."""
    with archive.open(name) as entry:
        content = entry.read(most + 1)
    if len(content) > most:
        raise UploadError(f"{name} in the file is larger than {most // 1_000_000} MB.")
    return content
