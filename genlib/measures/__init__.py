"""Numbers about models: how good, how varied, how likely, and whether it only remembers. One file a measure.

Every number comes with its protocol and, where there is one, with its floor: the same measure taken between two sets
of real data of the same sizes, which is the best that a model could get.

>>> from genlib import measures, sources
>>> found = measures.evaluate(sources.find("gan-digits"))
>>> found["quality"]["made"]["fid"], found["quality"]["floor"]["fid"]

A file (or a folder) of this package that defines a subclass of base.Measure is a measure. It says when it applies, what
it finds, what a model card says of that, and what the Hub is told; being there is enough.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from genlib import __version__
from genlib.measures.base import Measure

if TYPE_CHECKING:
    import torch

    from genlib.checkpoint import Checkpoint

DIGITS = 6  # significant ones that are stored

AnyMeasure = Measure[Any]


def every() -> tuple[AnyMeasure, ...]:
    """The measures of this package, in the order of their places."""
    found: list[AnyMeasure] = []
    for module in (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)):
        here = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
        found += [c() for c in here if issubclass(c, Measure) and not inspect.isabstract(c)]
    return tuple(sorted(found, key=lambda measure: (measure.place, measure.name)))


def evaluate(
    checkpoint: Checkpoint,
    samples: int | None = None,
    progress: Callable[[str], object] = print,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """All that applies to a checkpoint, measured on the test split of its data, with seeds 0, 1, ... and default
    controls.

    samples   how many to draw; None: subject.SAMPLES says how many
    device    where the model computes; None: the best there is
    Returns what `Spec.measured` stores: {"protocol": ..., NAME OF MEASURE: ...}; every entry is JSON. The same
    checkpoint gives the same numbers again, on the same kind of device.
    Raises GenlibError: weights or data missing or damaged.
    """
    from genlib.measures.subject import Subject

    subject = Subject(checkpoint, samples, device, progress)
    found: dict[str, Any] = {"protocol": subject.protocol() | {"genlib": __version__}}
    for measure in every():
        if measure.applies(checkpoint):
            found[measure.name] = _rounded(measure.stored(measure.measure(subject)))
    return found


def found_in(checkpoint: Checkpoint) -> Iterator[tuple[AnyMeasure, Any]]:
    """The measures whose results a checkpoint's config.json holds, each with its result.

    Raises pydantic.ValidationError where what is stored is no such result.
    """
    for measure in every():
        if (stored := checkpoint.spec.measured.get(measure.name)) is not None:
            yield measure, measure.restored(stored)


def _rounded(value: Any) -> Any:
    """Floats with the digits that mean something: the stored file changes only when a result does."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
