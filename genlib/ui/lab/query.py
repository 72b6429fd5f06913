"""The address of Train: data, model, recipe and all settings of the model. Imports neither torch nor streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, create_model

from genlib import catalog, data, query
from genlib.contract import MAX_SEED, Recipe
from genlib.lab import lessons
from genlib.query import Query
from genlib.spaces import Points

MOST = 20_000  # steps
FIRST = "gan"  # the model that the page opens with, and
RING = "ring8"  # the data
DRAWN = "drawn"  # the data that the visitor draws; the address does not hold them
OWN = ("lesson", "data", "model", "seed", "steps", "batch", "ema", "cooldown")  # fields of every model's address


class TrainQuery(Query):
    """`model_settings`: the fields of the model's Config and Training, which stand in the address, too."""

    always = frozenset({"lesson", "data", "model", "seed"})

    lesson: str = Field("free", max_length=40, description="The lesson that is given, or free")
    data: str = Field(RING, max_length=40, description="The points that are learned")
    model: str = Field(FIRST, max_length=40, description="The model that learns them")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Fixes the first weights, the order of the data and all noise")
    steps: int = Field(3000, ge=1, le=MOST, description="Training steps")
    batch: int = Field(256, ge=2, le=1024, description="Points of each step")
    ema: float = Field(
        0.99, ge=0, le=0.9999, description="Decay of the averaged weights that are shown; 0 shows the last ones"
    )
    cooldown: float = Field(0.5, ge=0, le=1, description="Share of the steps, at the end, over which the rates fall")

    @classmethod
    def beside(cls, parameters: Mapping[str, str]) -> type[TrainQuery]:
        """With the settings of the model that is named, or of the lesson's; the lesson says their defaults."""
        lesson = lessons.find(parameters.get("lesson", ""))
        models = learners()
        model = parameters.get("model", "")
        if model not in models:
            model = lesson.model if lesson else FIRST
        return _of(lesson.key if lesson else "free", model, models)

    @property
    def settings(self) -> dict[str, Any]:
        """Of the model's Config and Training, by name."""
        return self.model_dump(exclude=set(OWN))

    @property
    def recipe(self) -> dict[str, Any]:
        """Fields of the Recipe."""
        return {
            "data": self.data,
            "steps": self.steps,
            "batch_size": self.batch,
            "ema": self.ema,
            "cooldown": self.cooldown,
            "seed": self.seed,
        }


def learners() -> tuple[str, ...]:
    """The models that learn points, in the order of the family tree."""
    names = [name for name in catalog.model_names() if "Trains" in catalog.about(name).capabilities]
    names = [name for name in names if Points in catalog.model_class(name).Config.spaces()]
    return tuple(sorted(names, key=lambda name: catalog.about(name).place))


@lru_cache(maxsize=64)
def _of(key: str, model: str, models: tuple[str, ...]) -> type[TrainQuery]:
    lesson, cls = lessons.find(key), catalog.model_class(model)
    defaults: dict[str, Any] = {"lesson": key, "model": model}
    own: dict[str, Any] = dict(cls.points)
    if lesson is not None:
        renamed = {"batch_size": "batch"}
        defaults |= {"data": lesson.data} | {renamed.get(k, k): v for k, v in lesson.recipe.items()}
        if model == lesson.model:
            own |= lesson.settings
    fields: dict[str, Any] = {
        "lesson": (Literal[("free", *(lesson.key for lesson in lessons.LESSONS))], _as(TrainQuery, "lesson", key)),
        "data": (Literal[(*data.point_names(), DRAWN)], _as(TrainQuery, "data", defaults.pop("data", RING))),
        "model": (Literal[models], _as(TrainQuery, "model", model)),
    }
    for name in ("steps", "batch", "ema", "cooldown"):
        if name in defaults:
            fields[name] = (TrainQuery.model_fields[name].annotation, _as(TrainQuery, name, defaults[name]))
    for kind in (cls.Config, cls.Training):
        known = query.fields(kind)
        for name, info in kind.model_fields.items():
            if drawable(known[name]):
                fields[name] = (info.annotation, _as(kind, name, own.get(name, info.default)))
    return create_model("TrainQuery", __base__=TrainQuery, **fields)


def drawable(field: Mapping[str, Any]) -> bool:
    """Whether a field is a choice among few, a number or a switch: what a form and an address can hold."""
    return bool(query.choices(field)) or field.get("type") in ("boolean", "integer", "number")


def _as(kind: Any, name: str, default: Any) -> Any:
    """A field with another default."""
    info = copy(kind.model_fields[name])
    info.default = default
    return info


assert set(OWN) == set(TrainQuery.model_fields)
assert {"steps", "batch_size", "ema", "cooldown", "seed", "data"} <= set(Recipe.model_fields)
