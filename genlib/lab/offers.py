"""What the lab offers: which models learn which data, and from what they may start."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from genlib import catalog, data
from genlib.errors import GenlibError
from genlib.spaces import Points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from genlib.data import PictureSet
    from genlib.experiment import Task


def picture_sets() -> tuple[str, ...]:
    """The sets of pictures that can be learned: those that are here, and what a visitor brings."""
    return (*data.names(), data.OWN.name)


def of_points() -> tuple[str, ...]:
    """The models that learn points, in the order of the family tree."""
    return tuple(name for name in _learners() if Points in catalog.model_class(name).Config.spaces())


def of_pictures(name: str) -> tuple[str, ...]:
    """The models that learn the pictures of a data set, and that show something meanwhile."""
    return _of_pictures(name, _learners(), tuple(catalog.shelf()))


@lru_cache(maxsize=32)
def _of_pictures(name: str, models: tuple[str, ...], shelf: tuple[str, ...]) -> tuple[str, ...]:
    from genlib.lab.album import shows

    found = []
    for model in filter(shows, models):
        try:
            usual(model, name)
        except GenlibError:  # it takes other pictures, or more than this set says of them
            continue
        found.append(model)
    return tuple(found)


def quickest(models: Iterable[str]) -> str:
    """One of which something can be seen early: who descends a bound gets nearer at every step, and who makes pictures
    of nothing but seeds shows it best."""
    models = list(models)
    steady = [name for name in models if {"Bounds", "Samples"} <= catalog.about(name).capabilities]
    return (steady or models)[0]


def smallest() -> str:
    """The set with the smallest pictures: they are learned the soonest."""
    return min(data.names(), key=lambda name: data.info(name).space.size)


def starts(model: str, name: str) -> tuple[str, ...]:
    """The shipped checkpoints of a model that learned a data set; the one that is called after both comes first. Of a
    visitor's own pictures, of which there is none: those that learned pictures of the same shape."""
    fits = _of_shape if name == data.OWN.name else lambda learned: learned == name
    found = [c.name for c in catalog.shelf().values() if c.model == model and fits(c.data)]
    return tuple(sorted(found, key=lambda c: c != _called(model, name)))


def _of_shape(learned: str) -> bool:
    try:
        return data.info(learned).space == data.OWN.space
    except GenlibError:
        return False


def usual(
    model: str,
    name: str,
    start: str = "",
    recipe: Mapping[str, Any] | None = None,
    source: PictureSet | None = None,
    /,  # a model's own setting may have any of these names
    **settings: Any,
) -> Task:
    """The task of a model on a data set: as the checkpoint `start` was trained, or the first of `starts`, or as the
    model's own schemas say; changed by what is asked for. Its data is not read; `source`: where it
    is in memory only. GenlibError."""
    from genlib import experiment

    base = start or next(iter(starts(model, name)), _called(model, name))
    size = {} if start or data.info(name).kind == "points" else {"size": None}  # larger ones take long
    return experiment.plan(
        base,
        model=model,
        recipe={"data": name, **size, **(recipe or {})},
        settings=settings,
        read=False,
        source=source,
    )


def _learners() -> tuple[str, ...]:
    names = [name for name in catalog.model_names() if "Trains" in catalog.about(name).capabilities]
    return tuple(sorted(names, key=lambda name: catalog.about(name).place))


def _called(model: str, name: str) -> str:
    return f"{model.replace('_', '-')}-{name}"
