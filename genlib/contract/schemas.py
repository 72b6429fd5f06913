"""What describes a model: its schemas, its spaces, what it needs, and the paper that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from genlib.spaces import Pictures, Points, Space

MAX_SEED = 2**31 - 1

Seeds = Sequence[int]
Law = Literal["gaussian", "uniform", "binary", "none"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class _Schema(BaseModel):
    """Frozen and closed. Every field is bounded and described: it may come from a stranger, and it draws a widget."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Config(_Schema):
    """What a model is: its space, its networks, and the game or law that gives its outputs their meaning.

    A model that takes one kind of space only narrows the field: `space: Pictures = Pictures()`.
    """

    space: Space = Field(Pictures(), description="What it makes or reads: pictures of a size, or points")

    @classmethod
    def spaces(cls) -> tuple[type[Pictures] | type[Points], ...]:
        """The kinds of space that it takes."""
        kind = cls.model_fields["space"].annotation
        return get_args(kind) or (kind,)  # a union, or one class


class Training(_Schema):
    """How a model learns: rates, steps of each player, weights of terms. Stored in its recipe.

    Schedules are not among them: the loop alone owns those (Recipe.warmup, cooldown and fall).
    """


class Controls(_Schema):
    """What a visitor may turn while sampling. Fields are bounded numbers, booleans or Literals; each field's title,
    description, default and bounds draw its widget, and its name carries it in the page's address."""


class Recipe(_Schema):
    """How a checkpoint was trained: all that, with the code, makes it again. Stored in its config.json."""

    data: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}(\+[a-z][a-z0-9-]{0,31})?$",
        description="Name of a data set of genlib.data, or of two that are joined by +",
    )
    size: int | None = Field(None, ge=16, le=256, description="Side of the pictures where a data set has several, px")
    steps: int = Field(1000, ge=1, le=1_000_000, description="Training steps")
    batch_size: int = Field(64, ge=1, le=4096, description="Pictures or points per step")
    warmup: float = Field(
        0.0, ge=0, le=1, description="Share of the steps over which the learning rates rise from zero"
    )
    cooldown: float = Field(
        0.0, ge=0, le=1, description="Share of the steps, at the end, over which the learning rates fall to zero"
    )
    fall: Literal["linear", "cosine"] = Field("linear", description="The shape of the cooldown")
    ema: float = Field(0.999, ge=0, lt=1, description="Decay per step of the averaged weights; 0 keeps the last ones")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Fixes initial weights, order of the data and all noise")
    training: dict[Name, JsonValue] = Field(
        default_factory=dict, max_length=32, description="The model's own settings, by its Training schema"
    )


@dataclass(frozen=True)
class Latent:
    """A latent space: how many numbers z has, and the law they are drawn from.

    gaussian   standard normal
    uniform    on [-1, 1]
    binary     fair coins, 0 or 1
    none       no law: the model decodes what it encoded, and cannot be sampled from
    """

    dims: int
    law: Law


@dataclass(frozen=True)
class Needs:
    """What a model must be given to learn from.

    labels   attribute -> how many classes of it must exist
    paired   whether each picture must come with its line drawing
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    paired: bool = False


@dataclass(frozen=True)
class Domain:
    """One of the two worlds that a model translates between.

    key    in code and addresses: "line-drawings"
    title  for people, in the plural: "line drawings"
    kind   of its pictures: a drawing (dark lines on white) or a grey picture, both of one channel, or a colour one
    """

    key: str
    title: str
    kind: Literal["drawing", "grey", "colour"]

    @property
    def channels(self) -> int:
        return 3 if self.kind == "colour" else 1


@dataclass(frozen=True)
class Worlds:
    """What a model translates between.

    a, b      the two domains; their keys differ
    sources   from which of them: one, or both
    varies    whether one picture has several answers, one for each seed
    """

    a: Domain
    b: Domain
    sources: tuple[Domain, ...]
    varies: bool

    def target(self, source: Domain) -> Domain:
        """Where a picture of `source` is brought to."""
        return self.b if source == self.a else self.a


@dataclass(frozen=True)
class Classes:
    """What a model can be told to make: the attribute of the data, and the names of its classes, in order."""

    attribute: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """The paper a model comes from."""

    title: str
    authors: str
    year: int
    url: str
