"""Data sets: pictures, which ship with the repository, lossless, in fixed splits; and points, drawn from formulas.

>>> from genlib import data
>>> data.names()
('digits', 'fashion', 'faces', 'emoji', 'icons')
>>> faces = data.load_pictures("faces", "train")
>>> faces.pixels.shape, faces.labels["hair_colour"].shape
(torch.Size([10000, 3, 64, 64]), torch.Size([10000]))
>>> data.point_names()
('ring8', 'grid25', 'moons', 'spiral', 'two-gaussians', 'mixture1d')
>>> data.load_points("ring8").draw(256, torch.Generator().manual_seed(0)).shape
torch.Size([256, 2])

Importing this package costs nothing: torch and numpy are imported when the first data set is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genlib.data.manifest import OWN as OWN
from genlib.data.manifest import DataError, DataFile, DataInfo, Split
from genlib.data.manifest import info as info
from genlib.data.manifest import names as names
from genlib.data.manifest import parts as parts
from genlib.data.manifest import point_names as point_names
from genlib.data.sets import DataSet, Endless, Finite, Outline, PictureSet, PointSet, Rows

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from genlib.data.neighbours import Neighbours

__all__ = [
    "OWN",
    "DataError",
    "DataFile",
    "DataInfo",
    "DataSet",
    "Endless",
    "Finite",
    "Outline",
    "PictureSet",
    "PointSet",
    "Rows",
    "Split",
    "build",
    "from_strokes",
    "from_zip",
    "info",
    "labels",
    "load",
    "load_pictures",
    "load_points",
    "names",
    "nearest",
    "outline",
    "parts",
    "point_names",
    "stream",
]


def load(name: str, split: Split = "train", *, size: int | None = None, verify: bool = True) -> PictureSet | PointSet:
    """One split of a data set, of pictures or of points. Takes and raises what `load_pictures` and `load_points` do."""
    if name not in point_names():
        return load_pictures(name, split, size=size, verify=verify)
    if size is not None:
        raise DataError(f"The data set {name} holds points, which have no size in pixels; leave the size out.")
    return load_points(name, split)


def load_pictures(
    name: str, split: Split = "train", *, size: int | None = None, verify: bool = True, every: int = 1
) -> PictureSet:
    """One split of a picture set, in memory.

    name     one set, or several as one: "emoji+icons", with the labels and the drawings that all of them have
    size     emoji and icons: 64 (the default) or 128 pixels a side
    verify   check the file's SHA-256 first (once per process and file)
    every    only every so manieth picture of each set, from the first on: the others take no memory
    Raises DataError for an unknown name, split or size, and for a missing or damaged file.
    """
    from genlib.data import store

    if len(parts(name)) > 1:
        import torch

        joined = info(name)  # first: it says so where they do not fit each other
        sets = [store.load(p, split, size=size, verify=verify, every=every) for p in parts(name)]
        return PictureSet(
            torch.cat([s.pixels for s in sets]),
            {attribute: torch.cat([s.labels[attribute] for s in sets]) for attribute in joined.labels},
            joined,
            torch.cat([s.lines for s in sets if s.lines is not None]) if joined.has_lines else None,
        )
    return store.load(name, split, size=size, verify=verify, every=every)


def load_points(name: str, split: Split = "train") -> PointSet:
    """A point set. The splits have the same law and different held-out points.

    Raises DataError for an unknown name or split, and for a set of pictures.
    """
    from genlib.data import manifest, points

    about = info(name)
    if about.kind != "points":
        raise DataError(f"The data set {name} holds pictures, not points; choose one of: {', '.join(point_names())}.")
    if split not in manifest.SPLITS:
        raise manifest.no_split(name, split)
    return PointSet(about, points.SETS[name].density(), split)


def outline(name: str, *, size: int | None = None) -> Outline | PointSet:
    """What one can know of the training split of a set without reading it; points are known whole, for they cost
    nothing. Raises DataError for an unknown name or size."""
    about = info(name)
    if about.kind == "points":
        return load_points(name)
    if size is not None and size not in about.sizes:
        raise DataError(f"{name} has no pictures of {size} pixels; choose among {', '.join(map(str, about.sizes))}.")
    return Outline(about, size)


def from_strokes(lines: Sequence[np.ndarray], sigma: float) -> PointSet:
    """A set of points from what somebody drew: evenly along the lines, with Gaussian noise; a dot is a Gaussian.

    lines    the strokes, each (n, 2) with n >= 1, in the set's own unit: about [-1, 1]; at most 100 of them
    sigma    standard deviation of the noise, 0.001 to 1
    Raises DataError where there is nothing, too much, or a number that is not finite.
    """
    from genlib.data import strokes

    return strokes.from_strokes(lines, sigma)


def from_zip(file: bytes) -> tuple[PictureSet, str]:
    """The pictures in a zip as a set to learn from, each cut to a square of 64 pixels; and a sentence on files that
    were left out, "" where none were.

    Raises DataError in one sentence: no zip or a damaged one, more than 20 MB, fewer than 16 or more than 500 pictures,
    or too much in it once it is unpacked.
    """
    from genlib.data import own

    return own.from_zip(file)


def stream(
    name: str, split: Split = "train", *, size: int | None = None, block: int = 512
) -> Iterator[tuple[int, Tensor]]:
    """The pictures of a split, block by block: (index of the first, uint8 (at most `block`, C, H, W)).

    Holds one block and a dictionary of 16 MiB in memory. Raises what `load` raises.
    """
    from genlib.data import store

    yield from store.stream(name, split, size=size, block=block)


def labels(name: str, split: Split = "train") -> dict[str, Tensor]:
    """{attribute: int64 (N,)} of a split, without its pictures: quick and small. Raises what `load` raises."""
    from genlib.data import store

    return store.labels(name, split)


def nearest(name: str, images: Tensor, k: int = 5, split: Split = "train") -> list[Neighbours]:
    """For each of `images` the `k` pictures of a split that are closest to it, exactly, closest first.

    images   float (B, C, H, W) in [0, 1] or uint8, in the data set's shape (emoji and icons: 64 or 128 pixels a side)
    The distance is the root mean square difference of the pixels, in [0, 1]. Raises DataError as `load` does,
    and ValueError for images of another shape. Safe to call from several threads.
    """
    from genlib.data import neighbours

    return neighbours.nearest(name, images, k, split)


def build(
    names: Sequence[str] | None = None,
    work: Path = Path(".build"),
    progress: Callable[[str], None] = print,
) -> None:
    """Make the shipped files of `names` (None: all) from their sources; what is there and whole is skipped.

    Downloads and drawings are kept in `work`, so that an interrupted build goes on where it stopped. Needs
    network, npm and node (digits, faces, emoji, icons) or apt-get (fashion). Raises DataError in one sentence.
    """
    from genlib.data import builder

    builder.build(names, work, progress)
