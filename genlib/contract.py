"""The contract between models and everything that uses them.

A model inherits `Model` and the capabilities that it really has. A capability is a runtime-checkable protocol of
methods only, so that a page can ask `issubclass(cls, Decodes)` before any weight is loaded. What a model
cannot do it does not declare; nothing raises NotImplementedError.

Conventions at this boundary
    images   float32 (B, C, H, W) in [0, 1]; a model rescales inside.
    seeds    a sequence of ints in [0, 2**31). Image i depends on seeds[i] alone: seed 42 is the same picture in a batch
             of 1 or of 64 (up to float32 rounding), today and tomorrow, on the same kind of device.
    nats     natural-logarithm units, per image.

This module imports torch for type annotations only, so reading a catalogue or a config costs nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.optim import Optimizer

    from genlib.data import Images

MAX_SEED = 2**31 - 1

Seeds = Sequence[int]
Channels = Annotated[Literal[1, 3], Field(description="1 for grey pictures, 3 for colour")]


class GenlibError(Exception):
    """An expected failure. Its message is one sentence: what is wrong and what to do about it."""


# ---------------------------------------------------------------------------------------------------------------------
# What passes through the contract
# ---------------------------------------------------------------------------------------------------------------------


class Config(BaseModel):
    """A model's shape and objective: frozen, JSON-able, every number bounded (a config from the Hub is untrusted)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    channels: Channels = 1
    image_size: int = Field(28, ge=4, le=256, description="Height and width of a picture, in pixels")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (self.channels, self.image_size, self.image_size)


class Controls(BaseModel):
    """What a visitor may turn while sampling. Fields are bounded numbers, booleans or Literals; each field's title,
    description, default and bounds draw its widget, and its name carries it in the page's address: model, seed, n and
    revision are taken there. A model without controls keeps this empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Recipe(BaseModel):
    """How a model is trained: all that, with the code, reproduces a checkpoint. Stored in its config.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}(\+[a-z][a-z0-9-]{0,31})?$",
        description="Name of a data set of genlib.data, or of two that are joined by +",
    )
    size: int | None = Field(None, ge=16, le=256, description="Side of the pictures where a data set has several, px")
    steps: int = Field(1000, ge=1, le=1_000_000, description="Training steps")
    batch_size: int = Field(64, ge=1, le=4096, description="Pictures per step")
    learning_rate: float | None = Field(None, gt=0, le=1, description="None: what the model's paper used")
    cooldown: float = Field(
        0.0, ge=0, le=1, description="Share of the steps, at the end, over which the learning rate falls to zero"
    )
    ema: float = Field(0.999, ge=0, lt=1, description="Decay per step of the averaged weights; 0 keeps the last ones")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Fixes initial weights, order of the data and all noise")


@dataclass(frozen=True)
class Batch:
    """One training batch.

    images      float32 (B, C, H, W) in [0, 1].
    rng         the noise of a train_step (torch's global generator is seeded alike, for dropout, which takes none).
    labels      attribute -> int64 (B,).
    condition   float32 (B, C', H, W) in [0, 1], the other half of a pair (a line drawing), where the data has pairs.
    """

    images: Tensor
    rng: torch.Generator
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    condition: Tensor | None = None


@dataclass(frozen=True)
class LogProb:
    """Log-likelihood of images: nats (B,), what kind of number that is, and how it was come by, in a few words."""

    nats: Tensor
    kind: Literal["exact", "lower bound", "estimate", "unnormalised"]
    note: str = ""


@dataclass(frozen=True)
class Criticism:
    """A discriminator's word on images: score (B,), higher is more real unless it is an energy."""

    score: Tensor
    meaning: Literal["probability", "critic value", "energy"]


@dataclass(frozen=True)
class Domain:
    """One of the two worlds that a model translates between.

    name   for people, in the plural: "line drawings"
    kind   of its pictures: a drawing (dark lines on white) or a grey picture, both of one channel, or a colour one
    """

    name: str
    kind: Literal["drawing", "grey", "colour"]

    @property
    def channels(self) -> int:
        return 3 if self.kind == "colour" else 1


@dataclass(frozen=True)
class Paper:
    """The paper a model comes from."""

    title: str
    authors: str
    year: int
    url: str


# ---------------------------------------------------------------------------------------------------------------------
# Capabilities
# ---------------------------------------------------------------------------------------------------------------------


@runtime_checkable
class Samples(Protocol):
    """Makes pictures from nothing but seeds."""

    @abstractmethod
    def sample(self, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """Images (B, C, H, W) in [0, 1], one for each seed. `controls` None: the model's defaults."""


@runtime_checkable
class Unrolls(Protocol):
    """Makes pictures step by step, and can show the steps (pixels, a Gibbs chain, growing resolution)."""

    @abstractmethod
    def sample_steps(self, seeds: Seeds, controls: Controls | None = None) -> Iterator[Tensor]:
        """Yield images (B, C, H, W) in [0, 1] from the first state to the last; the last equals sample()."""


@runtime_checkable
class Decodes(Protocol):
    """Has a latent space z with a known prior, and a map from it to pictures."""

    @abstractmethod
    def prior(self, seeds: Seeds, controls: Controls | None = None) -> Tensor:
        """Latents (B, Z), row i drawn with seeds[i]. `controls` may narrow the law; None: the model's defaults."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] from latents (B, Z)."""


@runtime_checkable
class Encodes(Protocol):
    """Finds the latent of a picture."""

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        """Latents (B, Z) from images (B, C, H, W) in [0, 1]; the mean where the model has a distribution."""


@runtime_checkable
class Scores(Protocol):
    """Says how likely it holds a picture to be."""

    @abstractmethod
    def log_prob(self, images: Tensor) -> LogProb:
        """Log-likelihood of images (B, C, H, W) in [0, 1], in nats per image; a picture's own, whatever the batch."""


@runtime_checkable
class Translates(Protocol):
    """Maps pictures of one domain to another. All have the side image_size and their domain's channels."""

    @abstractmethod
    def domains(self) -> tuple[Domain, Domain]:
        """The two domains; their names differ."""

    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """The names of the domains that it translates from: one, or both."""

    @abstractmethod
    def varies(self) -> bool:
        """Whether one picture has several answers, one for each seed."""

    @abstractmethod
    def translate(
        self, images: Tensor, source: str, seeds: Seeds | None = None, controls: Controls | None = None
    ) -> Tensor:
        """Images of the other domain, from images of the domain named `source`.

        Picture i depends on images[i] and seeds[i] alone. `seeds` None: the most typical answer, if there are several.
        GenlibError: `source` is not one of sources().
        """

    @abstractmethod
    def examples(self, data: Images, source: str) -> tuple[Tensor, Tensor | None]:
        """What a data set holds to try it on: inputs of domain `source`, and the true answers if they are known.

        Float32 (N, C, H, W) in [0, 1].
        """


@runtime_checkable
class TakesHints(Protocol):
    """Translates, and lets a person say of some places what should be there.

    Hints are float32 (B, 4, H, W) in [0, 1]: where channel 3 is 1, channels 0 to 2 are the colour that is wanted.
    """

    @abstractmethod
    def translate_hinted(
        self, images: Tensor, source: str, hints: Tensor, seeds: Seeds | None = None, controls: Controls | None = None
    ) -> Tensor:
        """Like translate(), following `hints`; without any (all 0) it is translate()."""

    @abstractmethod
    def hints_from(self, truths: Tensor, images: Tensor, counts: Sequence[int], rng: torch.Generator) -> Tensor:
        """Hints at counts[i] random places of picture i, with the true colours, as a person might give them."""


@runtime_checkable
class Criticises(Protocol):
    """Judges pictures: real or made."""

    @abstractmethod
    def criticise(self, images: Tensor) -> Criticism:
        """A score (B,) for images (B, C, H, W) in [0, 1]."""


@runtime_checkable
class Embeds(Protocol):
    """Describes pictures by numbers on which metrics are computed."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Features (B, D) of images (B, C, H, W) in [0, 1]."""


@runtime_checkable
class Trains(Protocol):
    """Owns its objective and its update schedule; the loop owns device, precision, EMA, checkpoints, events."""

    @abstractmethod
    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        """A fresh optimiser for each part that is updated on its own."""

    @abstractmethod
    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        """Update the weights once; name -> detached scalar, for the curves."""
