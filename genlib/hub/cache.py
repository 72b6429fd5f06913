"""The client's cache on this disk: models--USER--NAME/{blobs/HASH, snapshots/COMMIT/FILE -> blob, refs/REVISION}.

The client compares sizes only, so a damaged file of the right size would stay for ever; here every file is compared
with the hash that its blob is named after.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from pathlib import Path
from typing import Literal

from huggingface_hub import constants, try_to_load_from_cache

from genlib.checkpoint import CONFIG, FILES, WEIGHTS, Checkpoint
from genlib.errors import GenlibError

COMMIT = re.compile(r"[0-9a-f]{40}")

Token = str | Literal[False] | None  # None: the one that the client finds, HF_TOKEN or a login. False: none


def cache_of(token: Token) -> str:
    """The folder of the cache. Pulls without a token have their own: what a token brought is for its owner alone."""
    return constants.HF_HUB_CACHE + ("-public" if token is False else "")


def source(repo: str, commit: str) -> str:
    """How a checkpoint says where it is from: user/name@commit."""
    return f"{repo}@{commit}"


def cached(repo: str, revision: str, cache: str) -> Checkpoint | None:
    """What the folder `cache` holds of this revision, if it is all there and intact. What is damaged is removed."""
    config = try_to_load_from_cache(repo, CONFIG, cache, revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    if not (folder / WEIGHTS).exists():
        return None
    for path in (folder / name for name in FILES):
        if path.exists() and not intact(path):
            evict(path)
            return None
    try:
        return Checkpoint.read(folder, source(repo, folder.name))
    except GenlibError:  # it is looked at again, and a fresh copy says what is wrong
        return None


def intact(path: Path, digest: str | None = None) -> bool:
    """Whether a file has this hash, in hexadecimal: SHA-256, or the SHA-1 that git gives to a file's content.

    Without `digest` it is the name of the blob that the file links to; on a disk without links it has to be given.
    Some mirrors name files otherwise. That says nothing, and such a file passes.
    """
    digest = digest or path.resolve().name
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", digest):
        return True
    with path.open("rb") as file:
        if len(digest) == 64:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
        git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        git.update(file.read())
        return git.hexdigest() == digest


def evict(path: Path) -> None:
    """Remove a file and the blob that it links to."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def remember(folder: Path, revision: str) -> None:
    """Write down that a branch or tag stands for the commit in `folder`: called when all of it is there and intact."""
    if COMMIT.fullmatch(revision):
        return
    ref = folder.parent.parent / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    part = ref.with_name(f"{ref.name}.{threading.get_ident()}.part")
    part.write_text(folder.name, encoding="ascii")
    os.replace(part, ref)
