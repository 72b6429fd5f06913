"""The shipped files: one solid xz stream per split, read from front to back.

A stream holds, one after the other, raw bytes of
    labels   uint8 (attributes, N)
    titles   UTF-8, one line per picture; emoji and icons only
    pixels   uint8 (N, H, W, C), or (N, W, H, C) where columns_first (4 % smaller for fashion); emoji and icons have
             the line drawing as a channel before the colours (26 % smaller than one after the other)

Why xz over everything (bytes per picture; the rivals were measured on 500 to 2,000 pictures, lossless): digits 138
against 145 (WebP) and 171 (PNG); fashion 355 against 370 and 394; faces 225 against 588 (WebP sheet), since the faces
share parts exactly. A stream can also be read block by block, with a window of 16 MiB.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from genlib.data import manifest
from genlib.data.manifest import DataError, Entry, FileEntry

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.data import PictureSet

WINDOW = 16 << 20  # of the compressor: so many bytes back it finds repetitions, and so many the reader holds
MEMORY_LIMIT = 48 << 20
BLOCK = 64  # pictures that are unpacked at a time
_verified: set[tuple[Path, int, int]] = set()


class Reader:
    """Reads the raw bytes of a shipped file in order. Every failure is a DataError."""

    def __init__(self, path: Path, command: str) -> None:
        self.path = path
        self.command = command
        try:
            self.file = path.open("rb")
        except OSError:
            raise DataError(f"The file {path.name} is missing; {command} makes it.") from None
        self.xz = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, count: int) -> np.ndarray:
        """The next `count` bytes, as a writable uint8 (count,)."""
        out = np.empty(count, np.uint8)
        at = 0
        while at < count:
            piece = self._some(count - at)
            out[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            at += len(piece)
        return out

    def end(self) -> None:
        """Check that nothing follows, and the stream's own check sum with it."""
        while not self.xz.eof:
            if self._some(1, last=True):
                raise damaged(self.path, self.command)

    def _some(self, limit: int, last: bool = False) -> bytes:
        """At least one byte and at most `limit`; none only at a good end, when `last` allows it."""
        try:
            while not self.xz.eof:
                fresh = self.file.read(1 << 16) if self.xz.needs_input else b""
                if self.xz.needs_input and not fresh:
                    break
                if piece := self.xz.decompress(fresh, limit):
                    return piece
        except (OSError, lzma.LZMAError):
            raise damaged(self.path, self.command) from None
        if last and self.xz.eof:
            return b""
        raise damaged(self.path, self.command)


def damaged(path: Path, command: str) -> DataError:
    return DataError(f"The file {path.name} is damaged; {command} makes it anew.")


def load(name: str, split: str, *, size: int | None, verify: bool, every: int = 1) -> PictureSet:
    """See genlib.data.load_pictures."""
    from genlib.data import PictureSet

    entry, file, side = find(name, split, size)
    shrink = entry.side // side
    count = -(-file.count // every)
    pixels = np.empty((count, entry.channels, side, side), np.uint8)
    lines = np.empty((count, 1, side, side), np.uint8) if entry.has_lines else None
    with open_file(name, file, verify) as reader:
        head, titles = read_head(reader, entry, file)
        for start, block in read_pixels(reader, entry, file, BLOCK):
            block = reduce(block[-start % every :: every], shrink)
            rows = slice(at := -(-start // every), at + len(block))
            if lines is not None:
                lines[rows] = block[:, :1]
            pixels[rows] = block[:, -entry.channels :]
    return PictureSet(
        pixels=torch.from_numpy(pixels),
        labels=as_labels(entry, head[:, ::every]),
        info=manifest.info(name),
        lines=None if lines is None else torch.from_numpy(lines),
        titles=titles[::every],
    )


def labels(name: str, split: str) -> dict[str, Tensor]:
    """See genlib.data.labels."""
    entry, file, _ = find(name, split, None)
    with open_file(name, file, verify=True) as reader:
        return as_labels(entry, read_head(reader, entry, file)[0])


def as_labels(entry: Entry, rows: np.ndarray) -> dict[str, Tensor]:
    """uint8 (attributes, N) -> attribute -> int64 (N,)."""
    return {a: torch.from_numpy(row.astype(np.int64)) for a, row in zip(entry.labels, rows, strict=True)}


def stream(name: str, split: str, *, size: int | None, block: int) -> Iterator[tuple[int, Tensor]]:
    """See genlib.data.stream."""
    entry, file, side = find(name, split, size)
    with open_file(name, file, verify=True) as reader:
        read_head(reader, entry, file)
        for start, pixels in read_pixels(reader, entry, file, block):
            small = reduce(pixels[:, -entry.channels :], entry.side // side)
            yield start, torch.from_numpy(np.ascontiguousarray(small))


def find(name: str, split: str, size: int | None) -> tuple[Entry, FileEntry, int]:
    """The manifest's entry, the split's file and the side in pixels; DataError where there is no such thing."""
    entry = manifest.entry(name)
    file = {str(known): file for known, file in entry.files.items()}.get(split)
    if file is None:
        raise manifest.no_split(name, split)
    side = entry.default_side if size is None else size
    if side not in entry.sizes:
        have = " and ".join(map(str, entry.sizes))
        raise DataError(f"{name} has no size {size}, only {have}; python -m genlib data list shows what there is.")
    return entry, file, side


def open_file(name: str, file: FileEntry, verify: bool) -> Reader:
    """A reader of the file, after checking its size and (once per process and file) its SHA-256."""
    command = f"python -m genlib data build {name}"
    path = manifest.FILES / file.name
    reader = Reader(path, command)
    stat = path.stat()
    key = (path, stat.st_mtime_ns, stat.st_size)
    if verify and key not in _verified:
        if stat.st_size != file.bytes or sha256_of(path) != file.sha256:
            reader.file.close()
            raise damaged(path, command)
        _verified.add(key)
    return reader


def read_head(reader: Reader, entry: Entry, file: FileEntry) -> tuple[np.ndarray, tuple[str, ...]]:
    """What comes before the pixels: labels uint8 (attributes, N) and titles."""
    labels = reader.read(len(entry.labels) * file.count).reshape(len(entry.labels), file.count)
    if any(row.max() >= len(classes) for row, classes in zip(labels, entry.labels.values(), strict=True)):
        raise damaged(reader.path, reader.command)
    if not file.titles_bytes:
        return labels, ()
    try:
        titles = tuple(reader.read(file.titles_bytes).tobytes().decode().split("\n"))
    except UnicodeDecodeError:
        raise damaged(reader.path, reader.command) from None
    if len(titles) != file.count:
        raise damaged(reader.path, reader.command)
    return labels, titles


def read_pixels(reader: Reader, entry: Entry, file: FileEntry, block: int) -> Iterator[tuple[int, np.ndarray]]:
    """(start, uint8 (block, C, H, W), not contiguous) until the end; the line drawing is the first channel, if any.

    In numpy, since torch's threads would wait for one another on a busy machine (emoji: 6.4 s instead of 1.4 s).
    """
    channels = entry.channels + entry.has_lines
    each = entry.side**2 * channels
    for start in range(0, file.count, block):
        count = min(block, file.count - start)
        raw = reader.read(count * each).reshape(count, entry.side, entry.side, channels)
        yield start, raw.transpose(0, 3, 2, 1) if entry.columns_first else raw.transpose(0, 3, 1, 2)
    reader.end()


def reduce(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Area mean over factor x factor pixels, rounded: uint8 (N, C, H, W) -> uint8 (N, C, H/factor, W/factor)."""
    if factor == 1:
        return pixels
    total = np.full_like(pixels[:, :, ::factor, ::factor], factor**2 // 2, dtype=np.uint16)
    for y in range(factor):
        for x in range(factor):
            total += pixels[:, :, y::factor, x::factor]
    return (total // factor**2).astype(np.uint8)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
