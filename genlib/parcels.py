"""A checkpoint's folder as one zip: packed to be taken home, and opened again, all in memory.

What is opened may come from anybody: its size is bounded before anything is unpacked, only the files of a checkpoint
are taken, and they are checked as every checkpoint is (checkpoint.py): weights are safetensors, nothing is unpickled.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from genlib.checkpoint import CARD, CONFIG, MAX_BYTES, MOMENTS, WEIGHTS, Checkpoint, CheckpointError
from genlib.errors import plain
from genlib.sheets import zip_of
from genlib.uploads import OF_ZIP, entries

MOST = 20_000_000  # bytes of a zip: what a run of the lab leaves is smaller
LOOSE = ("sample.png",)  # what a shipped folder holds beside a checkpoint's files: it is left out
ENTRIES = 16
SUFFIX = ".zip"  # of the name of a checkpoint that was opened: no other one's name has a dot


def pack(folder: Path) -> bytes:
    """The zip of a checkpoint's folder."""
    return zip_of({f"{folder.name}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())})


def unpack(file: bytes, called: str = "") -> Checkpoint:
    """The checkpoint in a zip, read and its weights tried. `called`: what to name it where the zip doesn't say.

    CheckpointError in one sentence: no zip or a damaged one, too large, too much in it, other files than a
    checkpoint's, and all that Checkpoint.read() and load() refuse.
    """
    if len(file) > MOST:
        raise CheckpointError(f"The zip has {len(file) / 1e6:.1f} MB, and at most {MOST / 1e6:.0f} MB are taken.")
    if (count := entries(file)) > ENTRIES:
        raise CheckpointError(f"The zip holds {count} files, and a checkpoint has four.")
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            name, files = _files(archive)
    except OF_ZIP:
        raise CheckpointError(
            "This is no zip of a checkpoint, or it is damaged: bring one that Train gave you to take home."
        ) from None
    name = f"{name or PurePosixPath(called).stem or 'model'}{SUFFIX}"
    digest = blake2b(file, digest_size=12).hexdigest()
    found = Checkpoint.read(Path("opened", digest, name), plain(name, 96), files)
    found.load("cpu")  # now, where it is said at once what is wrong with it
    return found


def _files(archive: zipfile.ZipFile) -> tuple[str, Mapping[str, bytes]]:
    """The folder's name, and the checkpoint's files by name. CheckpointError."""
    inside = [entry for entry in archive.infolist() if not entry.is_dir()]
    files: dict[str, bytes] = {}
    folders = {str(PurePosixPath(entry.filename).parent) for entry in inside}
    for entry in inside:
        name = PurePosixPath(entry.filename).name
        if name in LOOSE:
            continue
        if name not in MAX_BYTES or name in files or len(folders) > 1:
            known = ", ".join((CONFIG, WEIGHTS, CARD, MOMENTS))
            raise CheckpointError(f"The zip holds {plain(entry.filename)}, and only {known} of one folder are taken.")
        most = MAX_BYTES[name]
        # Its header may say less than there is: no more than this is ever unpacked.
        with archive.open(entry) as part:
            content = part.read(most + 1)
        if len(content) > most:
            raise CheckpointError(f"{name} in the zip is larger than {most // 1024:,} KiB, which no model of ours is.")
        files[name] = content
    folder = next(iter(folders), "")
    return (PurePosixPath(folder).name if folder != "." else ""), files
