"""What data sets there are, read from files/manifest.json: splits, labels, licences, files and their hashes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genlib.contract import GenlibError

FILES = Path(__file__).parent / "files"
MANIFEST = FILES / "manifest.json"

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
JOIN = "+"  # between the names of data sets that are used as one
Count = Annotated[int, Field(ge=1, le=100_000)]
Side = Annotated[int, Field(ge=8, le=256)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DataError(GenlibError):
    """A data set can't be had. The message is one sentence that names the command that mends it."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Strict):
    """One shipped file: an xz stream of labels, titles and pixels (see store.py)."""

    name: str = Field(pattern=r"^[a-z]+-[a-z]+\.xz$")
    bytes: int = Field(ge=1, le=100_000_000)
    sha256: Sha256
    content_sha256: Sha256
    count: Count
    titles_bytes: int = Field(0, ge=0, le=10_000_000)


class Entry(_Strict):
    """One data set, as the builder wrote it down."""

    title: str
    description: str
    channels: Literal[1, 3]
    side: Side
    default_side: Side
    columns_first: bool
    has_lines: bool
    labels: dict[str, tuple[str, ...]]
    main_label: str
    licence: str
    licence_url: str
    credit: str
    source_url: str
    files: dict[Split, FileEntry]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides in pixels that it can be had in, the smallest first."""
        return tuple(sorted({self.default_side, self.side}))


@dataclass(frozen=True)
class DataFile:
    """A shipped file: its name, its size in bytes, its SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DataInfo:
    """What a data set is.

    image_shape   (C, H, W) of the default size
    splits        {split: number of pictures}
    labels        {attribute: class names, in the order of the label's values}
    main_label    the attribute a classifier of this set predicts
    files         {split: DataFile}
    sizes         the sides that it can be had in, in pixels
    has_lines     whether each picture comes with its line drawing
    """

    name: str
    title: str
    description: str
    image_shape: tuple[int, int, int]
    splits: dict[str, int]
    labels: dict[str, tuple[str, ...]]
    main_label: str
    licence: str
    licence_url: str
    credit: str
    source_url: str
    files: dict[str, DataFile] = field(repr=False)
    sizes: tuple[int, ...] = ()
    has_lines: bool = False


def names() -> tuple[str, ...]:
    """Names of the data sets. Raises DataError for a missing or damaged manifest."""
    return tuple(entries())


def info(name: str) -> DataInfo:
    """What the data set `name` is. Raises DataError for an unknown name or a missing or damaged manifest.

    Of sets that are joined ("faces+emoji") it tells what they share, and the rest of each in a row.
    """
    if JOIN in name:
        return _joined(name, [info(part) for part in parts(name)])
    found = entry(name)
    return DataInfo(
        name=name,
        title=found.title,
        description=found.description,
        image_shape=(found.channels, found.default_side, found.default_side),
        splits={split: found.files[split].count for split in SPLITS},
        labels=found.labels,
        main_label=found.main_label,
        licence=found.licence,
        licence_url=found.licence_url,
        credit=found.credit,
        source_url=found.source_url,
        files={s: DataFile(f.name, f.bytes, f.sha256) for s, f in found.files.items()},
        sizes=found.sizes,
        has_lines=found.has_lines,
    )


def parts(name: str) -> tuple[str, ...]:
    """The names of the data sets that are joined in `name`; of a single one its own."""
    return tuple(name.split(JOIN))


def _joined(name: str, infos: list[DataInfo]) -> DataInfo:
    shapes = {i.image_shape for i in infos}
    if len(shapes) > 1:
        raise DataError(f"The data sets {name} cannot be joined: their pictures have different shapes.")

    def row(attribute: str, between: str) -> str:
        return between.join(dict.fromkeys(getattr(i, attribute) for i in infos))

    return DataInfo(
        name=name,
        title=row("title", " and "),
        description=row("description", " "),
        image_shape=shapes.pop(),
        splits={split: sum(i.splits[split] for i in infos) for split in SPLITS},
        labels={},
        main_label="",
        licence=row("licence", "; "),
        licence_url=infos[-1].licence_url,
        credit=row("credit", "; "),
        source_url=infos[-1].source_url,
        files={},
    )


def entry(name: str) -> Entry:
    """The manifest's entry of a data set, or DataError that lists those that exist."""
    known = entries()
    if name not in known:
        raise unknown(name, known)
    return known[name]


def unknown(name: str, known: Iterable[str]) -> DataError:
    return DataError(f"There is no data set {name!r}; python -m genlib data list shows these: {', '.join(known)}.")


def entries() -> dict[str, Entry]:
    """All entries, checked; read again only when the file has changed."""
    try:
        stat = MANIFEST.stat()
    except OSError:
        raise DataError(
            "The list of data sets, manifest.json, is missing; python -m genlib data build makes it."
        ) from None
    return _read(MANIFEST, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, mtime_ns: int, size: int) -> dict[str, Entry]:
    try:
        raw: dict[str, Any] = json.loads(path.read_bytes())
        found = {name: Entry.model_validate(value) for name, value in raw.items()}
        if any(set(e.files) != set(SPLITS) or e.main_label not in e.labels for e in found.values()):
            raise ValueError("incomplete")
    except (OSError, ValueError, AttributeError, ValidationError):
        raise DataError(
            "The list of data sets, manifest.json, is damaged; delete it and run python -m genlib data build."
        ) from None
    return found
