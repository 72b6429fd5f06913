"""A loaded data set: pictures, of which there are so many, or points, of which there is no end.

Both say what a training loop has to know, and give it its batches as `Rows`:

>>> if data.size is None:
...     rows = data.draw_rows(batch_size, rng)
... else:
...     rows = data.rows(index, device)
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from genlib.data.manifest import DataInfo, Split
from genlib.spaces import Pictures, Points

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from genlib.data.mixture import Mixture

BLOCK = 4096  # points that PointSet.sample draws at a time


@dataclass(frozen=True)
class Rows:
    """What a batch is made of, on one device.

    x           float32 (B, *space.shape); pictures in [0, 1], in channels_last memory
    labels      attribute -> int64 (B,)
    condition   float32 (B, 1, H, W) in [0, 1], the line drawings of a paired set; else None
    """

    x: Tensor
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    condition: Tensor | None = None


class _Trainable(Protocol):
    @property
    def space(self) -> Pictures | Points: ...

    @property
    def labels(self) -> Mapping[str, Tensor]: ...  # attribute -> int64, every value; empty where there are none

    @property
    def paired(self) -> bool: ...  # whether each x has its line drawing


class Finite(_Trainable, Protocol):
    """A set of `size` rows: the loop chooses among them. `PictureSet` is one."""

    @property
    def size(self) -> int: ...

    def rows(self, index: Tensor, device: torch.device | str) -> Rows: ...


class Endless(_Trainable, Protocol):
    """A set that is drawn from: each batch is new. `PointSet` is one."""

    @property
    def size(self) -> None: ...

    def draw_rows(self, count: int, rng: torch.Generator) -> Rows: ...


DataSet = Finite | Endless  # told apart by `size`


@dataclass(frozen=True)
class PictureSet:
    """One split of a set of pictures, decoded.

    pixels   uint8 (N, C, H, W), 0 to 255
    labels   {attribute: int64 (N,)}; the class names are in info.labels[attribute]
    info     what the data set is, its licence and credit
    lines    emoji and icons: uint8 (N, 1, H, W), the line drawing of each picture, dark on white; else None
    titles   emoji: "HEXCODE name" of each picture; icons: "Set name"; else empty
    """

    pixels: Tensor
    labels: dict[str, Tensor]
    info: DataInfo
    lines: Tensor | None = None
    titles: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> int:
        """How many pictures there are."""
        return len(self)

    @property
    def space(self) -> Pictures:
        """Of these pixels: emoji may be loaded larger than info.space says."""
        _, channels, side, _ = self.pixels.shape
        return Pictures.model_validate({"channels": channels, "side": side})

    @property
    def paired(self) -> bool:
        """Whether each picture has its line drawing."""
        return self.lines is not None

    def take(self, index: Tensor | slice) -> PictureSet:
        """Some of the pictures, by their numbers int64 (M,) or a slice, with what belongs to them."""
        rows = range(len(self))[index] if isinstance(index, slice) else index.tolist()
        return replace(
            self,
            pixels=self.pixels[index],
            labels={attribute: values[index] for attribute, values in self.labels.items()},
            lines=None if self.lines is None else self.lines[index],
            titles=tuple(self.titles[row] for row in rows) if self.titles else (),
        )

    def x(self, index: Tensor | Sequence[int] | slice) -> Tensor:
        """The pictures at `index` as float32 (B, C, H, W) in [0, 1]."""
        return self.pixels[index].float().div_(255)

    def drawings(self, index: Tensor | Sequence[int] | slice) -> Tensor:
        """The line drawings at `index` as float32 (B, 1, H, W) in [0, 1]; ValueError where the set has none."""
        if self.lines is None:
            raise ValueError(f"{self.info.name} has no line drawings")
        return self.lines[index].float().div_(255)

    def rows(self, index: Tensor, device: torch.device | str = "cpu") -> Rows:
        """The pictures numbered `index`, int64 (B,), with what belongs to them, on `device`."""
        return Rows(
            x=_move(self.pixels[index], device),
            labels={attribute: values[index].to(device) for attribute, values in self.labels.items()},
            condition=None if self.lines is None else _move(self.lines[index], device),
        )


@dataclass(frozen=True)
class Outline:
    """What is known of the training split of a set of pictures that has not been read.

    side   of the pictures, where the set has several sizes; None: the usual one
    """

    info: DataInfo
    side: int | None = None

    @property
    def size(self) -> int:
        """How many pictures there are."""
        return self.info.splits["train"]

    @property
    def space(self) -> Pictures:
        """Of its pictures."""
        assert isinstance(self.info.space, Pictures)
        return self.info.space.model_copy(update={"side": self.side} if self.side else {})

    @property
    def labels(self) -> dict[str, Tensor]:
        """Attribute -> each of its values once."""
        import torch

        return {attribute: torch.arange(len(names)) for attribute, names in self.info.labels.items()}

    @property
    def paired(self) -> bool:
        """Whether each picture has its line drawing."""
        return self.info.has_lines


def _move(pixels: Tensor, device: torch.device | str) -> Tensor:
    """uint8 (B, C, H, W) -> float32 in [0, 1] on the device. Bytes travel: they are a quarter of the floats."""
    import torch

    return pixels.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class PointSet:
    """A set of points with a known law, from which there is no end of points.

    info      what the data set is
    density   the law: density.draw(count, rng), density.log_density(x), density.modes
    split     which held-out points `sample` gives; `draw` takes its randomness from the caller alone
    """

    info: DataInfo
    density: Mixture
    split: Split = "train"

    @property
    def size(self) -> None:
        """None: there is no end of them."""
        return None

    @property
    def space(self) -> Points:
        return Points(dims=self.density.dims)

    @cached_property
    def labels(self) -> dict[str, Tensor]:
        """Of each Gaussian of the law, int64 (K,): the parts of a set are of as many in a row."""
        import torch

        count = len(self.density.means)
        return {key: torch.arange(count) * len(names) // count for key, names in self.info.labels.items()}

    @property
    def paired(self) -> bool:
        """False: points have no line drawings."""
        return False

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """`count` new points, float32 (count, D), on the device of `rng`."""
        return self.density.draw(count, rng)

    def draw_rows(self, count: int, rng: torch.Generator) -> Rows:
        """`count` new points as a batch, on the device of `rng`."""
        x, which = self.density.draw_with_origin(count, rng)
        return Rows(x, {key: values.to(x.device)[which] for key, values in self.labels.items()})

    def parts(self, x: Tensor, attribute: str) -> Tensor:
        """In which part each of the points (N, D) lies, whoever made it: that of the nearest Gaussian, int64 (N,)."""
        return self.labels[attribute][self.density.nearest(x)]

    def sample(self, count: int) -> Tensor:
        """The first `count` held-out points of this split, float32 (count, D), on the CPU: always the same ones.

        Their seed is the name of the set and of the split. Fewer points are the beginning of more.
        """
        import torch

        rng = torch.Generator().manual_seed(zlib.crc32(f"{self.info.name} {self.split}".encode()))
        # In whole blocks, since a generator that is asked for fewer numbers does not give the same ones first.
        blocks = [self.draw(BLOCK, rng) for _ in range(0, max(count, 1), BLOCK)]
        return torch.cat(blocks)[:count]
