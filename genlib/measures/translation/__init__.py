"""How well pictures are translated: beside the truth where it is known (paired.py), beside the other world where it is
not (unpaired.py)."""

from __future__ import annotations

from collections.abc import Iterator

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Domain, Translates
from genlib.errors import GenlibError
from genlib.measures.base import HubResult, Measure, Part
from genlib.measures.subject import Subject
from genlib.measures.translation import paired, unpaired
from genlib.measures.translation.shared import Task, answers, held_out, judge_of

__all__ = ["Result", "Translation", "answers", "held_out"]

Result = dict[str, dict[str, paired.Paired | unpaired.Unpaired]]
"""Part of the data set -> key of the source domain -> what was found there."""


class Translation(Measure[Result]):
    name = "translation"
    place = 80

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Translates)

    def measure(self, subject: Subject) -> Result:
        """Raises GenlibError: data or its classifier missing, domains that are no classes of a label, nothing to draw
        faces with."""
        found: Result = {}
        # All tasks first: they find what is missing, and draw, before anything that takes long.
        for task, drawn in list(tasks(subject)):
            subject.progress(f"Translating the test pictures of {task.part} from {task.source.title}")
            one = paired.measure(task) if drawn is None else unpaired.measure(task, drawn)
            found.setdefault(task.part, {})[task.source.key] = one
        return found

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        blocks: list[str] = []
        limits: list[str] = []
        for part, source, target, one in _each(found, checkpoint):
            blocks.append(f"### From {source.title} to {target.title}: {data.info(part).title}")
            said = paired.card(one) if isinstance(one, paired.Paired) else unpaired.card(one, source, target)
            blocks += said
            way = f"From {source.title} to {target.title}"
            limits += paired.limits(one, way) if isinstance(one, paired.Paired) else unpaired.limits(one, way, target)
        return Part(tuple(blocks), limits=tuple(limits))

    def hub(self, found: Result, checkpoint: Checkpoint) -> Iterator[HubResult]:
        for part, source, target, one in _each(found, checkpoint):
            way = f"{source.title} to {target.title}"
            told = paired.hub(one, way) if isinstance(one, paired.Paired) else unpaired.hub(one, way, target)
            for metric, value, name in told:
                yield HubResult(metric, value, name, part)


def tasks(subject: Subject) -> Iterator[tuple[Task, unpaired.Ground | None]]:
    """What there is to translate, and where no truth is known what tells the worlds apart."""
    model, size = subject.model, subject.checkpoint.spec.recipe.size
    worlds = model.worlds(subject.checkpoint.config)
    for part in data.parts(subject.data):
        test = held_out(part, size)
        for source in worlds.sources:
            target = worlds.target(source)
            inputs, truths = model.examples(test, source)
            if len(inputs) < 2:
                raise GenlibError(f"There are no test pictures of {source.title} in {part}: choose another data set.")
            judge = judge_of(part, target.channels, inputs.shape[-1], subject.device)
            task = Task(model, part, size, test, source, target, judge)
            yield task, None if truths is not None else unpaired.ground(task, worlds, subject.progress)


def _each(
    found: Result, checkpoint: Checkpoint
) -> Iterator[tuple[str, Domain, Domain, paired.Paired | unpaired.Unpaired]]:
    """(part of the data, from, to, what was found)."""
    cls = checkpoint.model_class
    assert issubclass(cls, Translates)
    worlds = cls.worlds(checkpoint.config)
    domains = {domain.key: domain for domain in (worlds.a, worlds.b)}
    for part, of_part in found.items():
        for source, one in of_part.items():
            yield part, domains[source], domains[one.target], one
