"""Makes the shipped files from their sources, which are in sources.py.

    files/NAME-SPLIT.xz, files/manifest.json    written beside and moved into place, so a reader never sees half

What is downloaded and drawn on the way stays in a work folder: a second run does none of it again. The same inputs
give the same pixels, which the manifest's content_sha256 checks. The xz bytes around them may differ between versions
of liblzma; then the manifest gets the new file's hash.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genlib.data import faces, manifest
from genlib.data.manifest import FILES, MANIFEST, DataError, Entry, FileEntry
from genlib.data.node import Progress, draw
from genlib.data.sources import SOURCES, Raw
from genlib.data.store import WINDOW, sha256_of


def build(names: Sequence[str] | None, work: Path, progress: Progress) -> None:
    """See genlib.data.build."""
    for name in names or SOURCES:
        if name not in SOURCES:
            raise manifest.unknown(name, SOURCES)
    for name in names or SOURCES:
        old = manifest.entries().get(name) if MANIFEST.exists() else None
        if old and all(_whole(file) for file in old.files.values()):
            progress(f"{name}: whole, nothing to do")
            continue
        _build_one(name, old, Path(work), progress)


def _whole(file: FileEntry) -> bool:
    path = FILES / file.name
    return path.is_file() and path.stat().st_size == file.bytes and sha256_of(path) == file.sha256


def _build_one(name: str, old: Entry | None, work: Path, progress: Progress) -> None:
    source = SOURCES[name]
    work.mkdir(parents=True, exist_ok=True)
    made: dict[str, dict[str, Any]] = {}
    for split, raw in source.splits(work, progress).items():
        progress(f"{name}: packing {split}, {raw.labels.shape[1]} pictures")
        fresh = work / f"{name}-{split}.xz"
        made[split] = _pack(raw, fresh, source.about["columns_first"])
        if old and old.files[split].content_sha256 != made[split]["content_sha256"]:  # type: ignore[index]
            raise DataError(
                f"{name} {split} came out with other pixels than manifest.json lists, so nothing was replaced; restore "
                f"the pinned sources, or delete its entry there and run python -m genlib data build {name}."
            )
    FILES.mkdir(exist_ok=True)
    for file in made.values():
        _move(work / file["name"], FILES / file["name"])
    everything = json.loads(MANIFEST.read_bytes()) if MANIFEST.exists() else {}
    everything[name] = Entry.model_validate({**source.about, "files": made}).model_dump(mode="json")
    ordered = {n: everything[n] for n in SOURCES if n in everything}
    text = work / "manifest.json"
    text.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _move(text, MANIFEST)
    progress(f"{name}: {sum(f['bytes'] for f in made.values()) / 1e6:.2f} MB in {len(made)} files")


def _pack(raw: Raw, path: Path, columns_first: bool) -> dict[str, Any]:
    """Write one stream in the order of store.py; return the manifest's entry."""
    filters = [
        {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": WINDOW, "lc": 4, "lp": 0, "pb": 0}
    ]
    xz = lzma.LZMACompressor(format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=filters)
    content = hashlib.sha256()
    titles = "\n".join(raw.titles).encode()

    def sections() -> Iterator[bytes]:
        yield raw.labels.astype(np.uint8).tobytes()
        yield titles
        for pixels in raw.pixels:
            yield (pixels.transpose(0, 2, 1, 3) if columns_first else pixels).tobytes()

    with path.open("wb") as file:
        for section in sections():
            content.update(section)
            file.write(xz.compress(section))
        file.write(xz.flush())
    return {
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "content_sha256": content.hexdigest(),
        "count": raw.labels.shape[1],
        "titles_bytes": len(titles),
    }


def _move(source: Path, target: Path) -> None:
    """Put a file into place in one step, also from another file system."""
    beside = target.with_name(target.name + ".new")
    shutil.copyfile(source, beside)
    os.replace(beside, target)
    source.unlink()


def draw_faces(
    seeds: Sequence[int], change: dict[str, str] | None = None, work: Path = Path(".build"), progress: Progress = print
) -> np.ndarray:
    """Draw faces by seed, uint8 (N, 64, 64, 3). Needs node.

    `change` gives all of them other classes, e.g. {"hair_colour": "blond"}. All else stays as it is in the face of
    that seed, so this is the true answer of a translation.
    """
    plan = [faces.options_of({**faces.look_of(seed), **(change or {})}) for seed in seeds]
    return np.concatenate(list(draw("faces", faces.SIDE, plan, work, progress)))
