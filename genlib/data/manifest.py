"""What data sets there are: splits, labels, licences, and the shipped files with their hashes.

The picture sets are read from files/manifest.json, the point sets from their formulas in points.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genlib.data import points
from genlib.errors import GenlibError
from genlib.spaces import Pictures, Points

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
    """One picture set, as the builder wrote it down."""

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

    space        what one x is: pictures (of the default size) or points
    splits       {split: number of pictures}; points: empty, there is no end of them
    labels       {attribute: class names, in the order of the label's values}
    main_label   the one that says most; of pictures, the attribute a classifier of this set predicts; "": there is none
    files        {split: DataFile}; points: empty
    sizes        the sides that it can be had in, in pixels; points: empty
    has_lines    whether each picture comes with its line drawing
    """

    name: str
    title: str
    description: str
    space: Pictures | Points
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

    @property
    def kind(self) -> Literal["pictures", "points"]:
        return self.space.kind

    @classmethod
    def of_points(
        cls,
        name: str,
        title: str,
        description: str,
        dims: int,
        licence: str,
        credit: str,
        source_url: str = "",
        parts: tuple[str, ...] = (),
    ) -> DataInfo:
        """Of a set of points, which has no files or splits, and one label at most: which part of the set it is in."""
        return cls(
            name=name,
            title=title,
            description=description,
            space=Points(dims=dims),
            splits={},
            labels={PART: parts} if parts else {},
            main_label=PART if parts else "",
            licence=licence,
            licence_url="",
            credit=credit,
            source_url=source_url,
            files={},
        )


PART = "part"  # the label of points
MOST_OWN, LEAST_OWN = 500, 16  # pictures that somebody may bring, and has to bring for a model to learn from
# What is known of them before they are there. They are kept nowhere, and no name() lists them.
OWN = DataInfo(
    name="own",
    title="Own pictures",
    description="They were brought in a zip, cut to squares, and kept nowhere.",
    space=Pictures(channels=3, side=64),
    splits={"train": MOST_OWN},
    labels={},
    main_label="",
    licence="as its owner says",
    licence_url="",
    credit="whoever brought them",
    source_url="",
    files={},
    sizes=(64,),
)


def names() -> tuple[str, ...]:
    """Names of the picture sets. Raises DataError for a missing or damaged manifest."""
    return tuple(entries())


def point_names() -> tuple[str, ...]:
    """Names of the point sets."""
    return tuple(points.SETS)


def info(name: str) -> DataInfo:
    """What the data set `name` is. Raises DataError for an unknown name or a missing or damaged manifest.

    Of sets that are joined ("faces+emoji") it tells what they share, and the rest of each in a row.
    """
    if JOIN in name:
        return _joined(name, [info(part) for part in parts(name)])
    if name == OWN.name:
        return OWN
    if formula := points.SETS.get(name):
        return DataInfo.of_points(
            name=name,
            title=formula.title,
            description=formula.description,
            dims=formula.dims,
            licence="none: drawn from a formula",
            credit=formula.credit,
            source_url=formula.source_url,
            parts=formula.parts,
        )
    found = entry(name)
    return DataInfo(
        name=name,
        title=found.title,
        description=found.description,
        space=Pictures(channels=found.channels, side=found.default_side),
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
    if len({i.name for i in infos}) < len(infos):
        raise DataError(f"The data sets {name} cannot be joined: name each of them once.")
    for i in infos:
        if i.kind == "points":
            raise DataError(f"The data sets {name} cannot be joined: {i.name} holds points; join picture sets only.")
    spaces = {i.space for i in infos}
    if len(spaces) > 1:
        raise DataError(f"The data sets {name} cannot be joined: their pictures have different shapes.")

    # A label that means the same in all of them.
    shared = {a: c for a, c in infos[0].labels.items() if all(i.labels.get(a) == c for i in infos)}

    def row(attribute: str, between: str) -> str:
        return between.join(dict.fromkeys(getattr(i, attribute) for i in infos))

    return DataInfo(
        name=name,
        title=row("title", " and "),
        description=row("description", " "),
        space=spaces.pop(),
        splits={split: sum(i.splits[split] for i in infos) for split in SPLITS},
        labels=shared,
        main_label=infos[0].main_label if infos[0].main_label in shared else "",
        licence=row("licence", "; "),
        licence_url=infos[-1].licence_url,
        credit=row("credit", "; "),
        source_url=infos[-1].source_url,
        files={},
        sizes=infos[0].sizes if len({i.sizes for i in infos}) == 1 else (),
        has_lines=all(i.has_lines for i in infos),
    )


def entry(name: str) -> Entry:
    """The manifest's entry of a picture set, or DataError that lists those that exist."""
    known = entries()
    if name not in known:
        raise unknown(name, known)
    return known[name]


def unknown(name: str, known: Iterable[str]) -> DataError:
    """Of a name that is not among `known`, the picture sets."""
    if name == OWN.name:
        return DataError("Pictures that somebody brought are kept nowhere: Train takes a zip of them, one visit long.")
    if name in points.SETS:
        return DataError(f"The data set {name} holds points, not pictures; choose one of these: {', '.join(known)}.")
    there = ", ".join([*known, *points.SETS])
    return DataError(f"There is no data set {name!r}; python -m genlib data list shows these: {there}.")


def no_split(name: str, split: str) -> DataError:
    return DataError(f"{name} has no split {split!r}; python -m genlib data list shows train, validation and test.")


def entries() -> dict[str, Entry]:
    """The entries of all picture sets, checked; read again only when the file has changed."""
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
