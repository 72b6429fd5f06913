"""The capabilities: protocols of methods only, of which a model inherits those that it really has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from genlib.contract.passing import Batch, Criticism, LogProb, Partition, Predictions
from genlib.contract.schemas import Classes, Controls, Domain, Latent, Seeds, Training, Worlds

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.optim import Optimizer

    from genlib.data import PictureSet


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
class Traces(Protocol):
    """Makes x step by step, and can say a number of each step that tells how far it has come."""

    @classmethod
    @abstractmethod
    def trace(cls) -> str:
        """What the number is, with its unit: "free energy, nats"."""

    @abstractmethod
    def traced_steps(self, seeds: Seeds, controls: Controls | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """The steps of sample_steps(), each with its number (B,)."""


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
    """Writes the likelihood of a grey picture as a product over its pixels, each foreseen from those before it.

    Where it Unrolls, each step after the first is one more row.
    """

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
class Normalises(Protocol):
    """Has a partition function that no formula gives: it is estimated, and that takes long."""

    @abstractmethod
    def partition(self) -> Partition:
        """Of the weights as they are; computed once for them, or known by then from recall()."""

    @abstractmethod
    def recall(self, found: Partition) -> None:
        """What partition() found another time. Of other weights it counts for nothing."""


@runtime_checkable
class Warps(Protocol):
    """Bends x into noise by invertible layers, and knows how much each of them stretches space at every place."""

    @abstractmethod
    def warp(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Where x (B, *shape) is before the first layer and after each one, as numbers (B, Z), the last time encode(x);
        and the logarithm of how much space was stretched there by then (B,).

        Of points the first place is x, and log_prob is log N(z; 0, I) plus the last of these logarithms.
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
