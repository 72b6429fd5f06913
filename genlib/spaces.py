"""What a model makes or reads: pictures, or points in the plane.

A space says the shape of one x, and how the numbers of x meet a network. Everything that is true of both kinds (a batch
is (B, *shape), a seed is one x) is written once and knows only `shape`. Imports no torch: a config is read without it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from torch import Tensor

Channels = Annotated[Literal[1, 3], Field(description="1 for grey pictures, 3 for colour")]


class _Space(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one x, without the batch."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How many numbers one x has."""
        return prod(self.shape)

    def centre(self, x: Tensor) -> Tensor:
        """x as a network reads it: about zero."""
        raise NotImplementedError

    def emit(self, h: Tensor) -> Tensor:
        """A network's output, any real numbers, as an x of this space. Smooth."""
        raise NotImplementedError


class Pictures(_Space):
    """Square pictures, float32 (B, C, H, W) in [0, 1]."""

    kind: Literal["pictures"] = "pictures"
    channels: Channels = 1
    side: int = Field(28, ge=4, le=256, description="Height and width of a picture, in pixels")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (self.channels, self.side, self.side)

    def centre(self, x: Tensor) -> Tensor:
        """From [0, 1] to [-1, 1]."""
        return 2 * x - 1

    def emit(self, h: Tensor) -> Tensor:
        """The logistic sigmoid: each number is the logit of a pixel."""
        return h.sigmoid()

    def __str__(self) -> str:
        return f"{'colour' if self.channels == 3 else 'grey'} pictures of {self.side} x {self.side}"


class Points(_Space):
    """Points of the line or the plane, float32 (B, D), in the data's own unit."""

    kind: Literal["points"] = "points"
    dims: int = Field(2, ge=1, le=2, description="1 for points of a line, 2 for points of the plane")

    @property
    def shape(self) -> tuple[int]:
        """(D,)."""
        return (self.dims,)

    def centre(self, x: Tensor) -> Tensor:
        """As they are: the point sets lie about zero."""
        return x

    def emit(self, h: Tensor) -> Tensor:
        """As they are: a point may lie anywhere."""
        return h

    def __str__(self) -> str:
        return f"points of {self.dims} dimension{'s' if self.dims > 1 else ''}"


Space = Annotated[Pictures | Points, Field(discriminator="kind")]
