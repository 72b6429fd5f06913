"""The contract between models and everything that uses them.

A model inherits `Model` and the capabilities that it really has. A capability is a runtime-checkable protocol of
methods only, so that a page can ask `issubclass(cls, Decodes)` before any weight is loaded. What a model
cannot do it does not declare; nothing raises NotImplementedError.

Conventions at this boundary
    x        float32 (B, *space.shape): pictures (B, C, H, W) in [0, 1], points (B, D). A model rescales inside.
    device   what goes in may be on any device; what comes out is on the model's.
    seeds    a sequence of ints in [0, 2**31). x i depends on seeds[i] alone: seed 42 is the same picture in a batch
             of 1 or of 64 (up to float32 rounding), today and tomorrow, on the same kind of device.
    nats     natural-logarithm units, per x.
    config   what follows from a config alone (its needs, its latent, its worlds) is a class method of it, so that it is
             known before the weights are loaded.

This module imports torch for type annotations only, so reading a catalogue or a config costs nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, get_args, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from genlib.spaces import Pictures, Points, Space

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.optim import Optimizer

    from genlib.data import PictureSet

MAX_SEED = 2**31 - 1

Seeds = Sequence[int]
Law = Literal["gaussian", "uniform", "binary", "none"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class _Schema(BaseModel):
    """Frozen and closed. Every field is bounded and described: it may come from a stranger, and it draws a widget."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# ---------------------------------------------------------------------------------------------------------------------
# What describes a model
# ---------------------------------------------------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------------------------------------------------
# What passes through the contract
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """One training batch.

    x           float32 (B, *shape), on the run's device.
    rng         the noise of this step. Nothing else is drawn from: the process's own generator belongs to nobody.
    step, steps this step's number, from 0, and how many there will be.
    labels      attribute -> int64 (B,).
    condition   float32 (B, 1, H, W) in [0, 1], the line drawings of a paired data set.
    another     see fresh().
    """

    x: Tensor
    rng: torch.Generator
    step: int
    steps: int
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    condition: Tensor | None = None
    another: Callable[[], Batch] | None = None

    def fresh(self) -> Batch:
        """Another batch for the same step, for a player that moves more than once: a new one at each call, the same
        ones again when the step is repeated."""
        if self.another is None:
            raise ValueError("this batch was made by hand and has no others beside it")
        return self.another()


@dataclass(frozen=True)
class LogProb:
    """Log-likelihood: nats (B,), what kind of number that is, and how it was come by, in a few words."""

    nats: Tensor
    kind: Literal["exact", "lower bound", "estimate", "unnormalised"]
    note: str = ""


@dataclass(frozen=True)
class Predictions:
    """What a model foresaw of each pixel of pictures, from those before it: rows from the top, each from the left.

    read    which of the L greys it takes each pixel for, int64 (B, H, W)
    nats    log-probability of each grey, float32 (B, L, H, W)
    greys   what these are, from black to white, (L,) in [0, 1]
    """

    read: Tensor
    nats: Tensor
    greys: Tensor

    @property
    def of_read(self) -> Tensor:
        """Log-probability of what each pixel is, (B, H, W): log_prob is their sum, and their negatives the surprise."""
        return self.nats.gather(1, self.read[:, None])[:, 0]


@dataclass(frozen=True)
class Criticism:
    """A discriminator's word: score (B,), higher is more real unless it is an energy."""

    score: Tensor
    meaning: Literal["probability", "critic value", "energy"]


# ---------------------------------------------------------------------------------------------------------------------
# Capabilities
# ---------------------------------------------------------------------------------------------------------------------


@runtime_checkable
class Samples(Protocol):
    """Makes x from nothing but seeds."""

    @abstractmethod
    def sample(self, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """x (B, *shape), one for each seed. `controls` None: the model's defaults."""


@runtime_checkable
class Conditions(Protocol):
    """Makes x of the class that is asked for."""

    @classmethod
    @abstractmethod
    def classes(cls, config: Any) -> Classes:
        """Those that a model with this config knows."""

    @abstractmethod
    def sample_classes(self, seeds: Seeds, y: Tensor, controls: Controls | None = None) -> Tensor:
        """x (B, *shape), one for each seed, of classes y, int64 (B,). A seed keeps its noise whatever the class."""


@runtime_checkable
class Unrolls(Protocol):
    """Makes x step by step, and can show the steps (pixels, a Gibbs chain, growing resolution)."""

    @abstractmethod
    def sample_steps(self, seeds: Seeds, controls: Controls | None = None) -> Iterator[Tensor]:
        """Yield x (B, *shape) from the first state to the last; the last equals sample()."""


@runtime_checkable
class Completes(Protocol):
    """Makes the rest of a picture of which a part is given."""

    @abstractmethod
    def complete(self, x: Tensor, known: Tensor, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """Pictures (B, C, H, W): those of x where `known`, bool (B, 1, H, W), says so, and made where it does not.

        What is known stays as the model reads it: one of so many greys may read a pixel as the nearest. What x holds
        elsewhere counts nowhere. Picture i depends on what is known of x[i] and on seeds[i] alone.
        """


@runtime_checkable
class Decodes(Protocol):
    """Has a latent space, and a map from it to x."""

    @classmethod
    @abstractmethod
    def latent(cls, config: Any) -> Latent:
        """The latent space of a model with this config."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """x (B, *shape) from latents (B, Z)."""


@runtime_checkable
class HasPrior(Protocol):
    """Knows the law of its latents, and draws from it."""

    @abstractmethod
    def prior(self, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """Latents (B, Z), row i drawn with seeds[i]. `controls` may narrow the law; None: the model's defaults."""


@runtime_checkable
class Encodes(Protocol):
    """Finds the latent of an x."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Latents (B, Z) from x (B, *shape); the mean where the model has a distribution."""


@runtime_checkable
class HasPosterior(Protocol):
    """Finds a law of latents for an x, a normal one with independent coordinates. encode() gives its mean."""

    @abstractmethod
    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each (B, Z), from x (B, *shape)."""


@runtime_checkable
class Scores(Protocol):
    """Says how likely it holds an x to be."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> LogProb:
        """Log-likelihood of x (B, *shape), in nats each; an x's own, whatever the batch."""


@runtime_checkable
class Predicts(Protocol):
    """Writes the likelihood of a grey picture as a product over its pixels, each foreseen from those before it."""

    @abstractmethod
    def predictions(self, x: Tensor) -> Predictions:
        """Of pictures x (B, 1, H, W), read as log_prob() reads them; no pixel's depend on it or on those after it."""


@runtime_checkable
class Bounds(Protocol):
    """Bounds the likelihood from below by draws from a law of latents; the more of them, the tighter."""

    @abstractmethod
    def bound(self, x: Tensor, samples: int) -> LogProb:
        """With so many draws for each x (B, *shape); log_prob() is one of these."""

    @abstractmethod
    def log_weights(self, x: Tensor, samples: int) -> Iterator[Tensor]:
        """log p(x, z) - log q(z | x) of draws z from q, in nats: `samples` for each x (B, *shape), in parts (B, some).

        The log of the mean of exp of k of them is on average a lower bound on log p(x) (Burda 2016, equation 8). x is
        read as log_prob() reads it, and the draws depend on nothing but x: the first k are those of bound(x, k).
        """


@runtime_checkable
class Translates(Protocol):
    """Maps pictures of one domain to another. All have the space's side and their domain's channels."""

    @classmethod
    @abstractmethod
    def worlds(cls, config: Any) -> Worlds:
        """What a model with this config translates between."""

    @abstractmethod
    def translate(
        self, x: Tensor, source: Domain, seeds: Seeds | None = None, controls: Controls | None = None
    ) -> Tensor:
        """Pictures of the other domain, from pictures of `source`.

        Picture i depends on x[i] and seeds[i] alone. `seeds` None: the most typical answer, if there are several.
        GenlibError: `source` is not one of its sources.
        """

    @abstractmethod
    def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
        """What a data set holds to try it on: inputs of domain `source`, and the true answers if they are known.

        Float32 (N, C, H, W) in [0, 1], on the CPU.
        """


@runtime_checkable
class TakesHints(Protocol):
    """Translates, and lets a person say of some places what should be there.

    Hints are float32 (B, 4, H, W) in [0, 1]: where channel 3 is 1, channels 0 to 2 are the colour that is wanted.
    """

    @abstractmethod
    def translate_hinted(
        self, x: Tensor, source: Domain, hints: Tensor, seeds: Seeds | None = None, controls: Controls | None = None
    ) -> Tensor:
        """Like translate(), following `hints`; without any (all 0) it is translate()."""

    @abstractmethod
    def hints_from(self, truths: Tensor, x: Tensor, counts: Sequence[int], rng: torch.Generator) -> Tensor:
        """Hints at counts[i] random places of picture i, with the true colours, as a person might give them."""


@runtime_checkable
class Varies(Protocol):
    """Translates, and a code z says which of a picture's answers comes; the most typical one has z = 0."""

    @abstractmethod
    def codes(self, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """Those of seeds, (B, Z) on the CPU."""

    @abstractmethod
    def translate_by(self, x: Tensor, source: Domain, z: Tensor, hints: Tensor | None = None) -> Tensor:
        """Like translate(), picture i with code z[i], (B, Z). Where it TakesHints, `hints` are those of it."""


@runtime_checkable
class Criticises(Protocol):
    """Judges x: real or made."""

    @abstractmethod
    def criticise(self, x: Tensor) -> Criticism:
        """A score (B,) for x (B, *shape)."""


@runtime_checkable
class Embeds(Protocol):
    """Describes pictures by numbers that measures compare."""

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Features (B, F) of pictures (B, C, H, W) in [0, 1]."""


@runtime_checkable
class Names(Protocol):
    """Names what a picture shows."""

    @classmethod
    @abstractmethod
    def heads(cls, config: Any) -> Mapping[str, int]:
        """Attribute -> number of its classes, the main one first."""

    @abstractmethod
    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Attribute -> logits (B, classes), of features (B, F) that Embeds.features() gave."""


T_contra = TypeVar("T_contra", bound=Training, contravariant=True)


@runtime_checkable
class Trains(Protocol[T_contra]):
    """Owns its objective and its update schedule; the loop owns device, precision, schedules, averages and storing."""

    @abstractmethod
    def optimizers(self, training: T_contra) -> dict[str, Optimizer]:
        """A fresh optimiser for each part that is updated on its own, at its full learning rate. A part that descends
        two objectives in turn has one for each."""

    @abstractmethod
    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: T_contra) -> dict[str, Tensor]:
        """Update the weights once; name -> detached scalar, for the curves."""
