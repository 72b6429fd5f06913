"""How often a classifier names the test pictures rightly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Embeds, Names
from genlib.measures.base import HubResult, Measure, Part, protocol_of
from genlib.measures.judge import Judge
from genlib.measures.markdown import table, words
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

Result = dict[str, float]
"""Attribute -> share of the test pictures that are named rightly."""


class Accuracy(Measure[Result]):
    name = "accuracy"
    place = 70

    def applies(self, checkpoint: Checkpoint) -> bool:
        cls = checkpoint.model_class
        if not (issubclass(cls, Names) and issubclass(cls, Embeds)):
            return False
        return cls.heads(checkpoint.config).keys() <= data.info(checkpoint.spec.recipe.data).labels.keys()

    def measure(self, subject: Subject) -> Result:
        space = subject.checkpoint.config.space
        assert isinstance(space, Pictures)
        subject.progress("Naming the test pictures")
        itself = Judge(subject.checkpoint.name, subject.data, space.side, subject.model)
        return accuracy(itself.names(itself.features(subject.real)), subject.test.labels)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        protocol = protocol_of(checkpoint)
        blocks = (
            table(("attribute", "accuracy"), [(words(name), f"{value:.2%}") for name, value in found.items()]),
            f"Share of the {protocol['reals']:,} {protocol['split']} pictures that it names rightly, by attribute.",
        )
        worst = min(found, key=found.__getitem__)
        limits = (f"It is worst at {words(worst)}: {found[worst]:.1%}.",) if len(found) > 1 else ()
        return Part(blocks, limits=limits)

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        for attribute, value in found.items():
            yield HubResult("accuracy", value, f"Accuracy ({words(attribute)})")


def accuracy(named: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Result:
    """From the classes (N,) that were named, and those that are right (N,), by attribute."""
    return {attribute: float((classes == labels[attribute]).double().mean()) for attribute, classes in named.items()}
