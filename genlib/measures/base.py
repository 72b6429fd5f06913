"""What a measure is. A file of this package defines one subclass of Measure:

    @dataclass(frozen=True)
    class Result: ...                      what it finds, each number with its unit

    class Likelihood(Measure[Result]): ...

A measure asks what a model can do, and never what it is called.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.measures.subject import Subject

R = TypeVar("R")


@dataclass(frozen=True)
class Part:
    """What a measure puts on a model card, in Markdown.

    blocks   paragraphs and tables of its own
    rows     numbers for the card's table of single numbers: what it is, its value, what to compare it with
    terms    sentences below that table, which explain its terms; one that several measures say is printed once
    limits   sentences for the card's list of limits: what these numbers say against the model
    """

    blocks: tuple[str, ...] = ()
    rows: tuple[tuple[str, str, str], ...] = ()
    terms: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class HubResult:
    """One number for the Hugging Face Hub.

    metric   the Hub's identifier of the metric where it has one: "fid", "accuracy"
    name     for people, with what the number depends on: the extractor, the kind of likelihood
    data     name of the data set, where it is one of several that are joined; None: the checkpoint's
    """

    metric: str
    value: float
    name: str
    data: str | None = None


class Measure(ABC, Generic[R]):
    """One kind of number. R is what it finds: a frozen dataclass, or a dictionary of some."""

    name: ClassVar[str]  # its key in `measured` of config.json
    place: ClassVar[int] = 100  # lower ones are measured, and stand on the card, before higher ones
    adapter: ClassVar[TypeAdapter[Any]]  # of R, from the brackets after Measure

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Measure:
                (result,) = get_args(base)
                cls.adapter = TypeAdapter(result)

    @abstractmethod
    def applies(self, checkpoint: Checkpoint) -> bool:
        """Whether it can be measured, by what the model can do, its config and its data; loads no weights."""

    @abstractmethod
    def measure(self, subject: Subject) -> R:
        """Measure. What several measures need (the model, samples, features) is the subject's, and made once."""

    @abstractmethod
    def card(self, found: R, checkpoint: Checkpoint) -> Part:
        """What a model card says of it."""

    def hub(self, found: R, checkpoint: Checkpoint) -> Iterable[HubResult]:
        """What the Hub is told of it."""
        return ()

    def stored(self, found: R) -> Any:
        """As JSON, which config.json keeps."""
        return self.adapter.dump_python(found, mode="json")

    def restored(self, stored: Any) -> R:
        """From what stored() gave. Raises pydantic.ValidationError where it is something else."""
        return self.adapter.validate_python(stored)


def protocol_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """How a checkpoint was measured: see Subject.protocol."""
    protocol = checkpoint.spec.measured["protocol"]
    assert isinstance(protocol, dict)
    return protocol


def number_in(checkpoint: Checkpoint, measure: str, name: str) -> float | None:
    """A number that was measured, for a sentence elsewhere; None where there is none, or something else: what a
    checkpoint of the Hub stores may be anything."""
    values = checkpoint.spec.measured.get(measure)
    number = values.get(name) if isinstance(values, dict) else None
    return float(number) if isinstance(number, int | float) else None
