"""The address of Train: data, model, recipe and all settings of the model. Imports neither torch nor streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, create_model

from genlib import catalog, data, query
from genlib.contract import MAX_SEED, Recipe
from genlib.lab import lessons, offers
from genlib.query import Query

MOST = 20_000  # steps
FIRST = "gan"  # the model that the page opens with, and
RING = "ring8"  # the data
DRAWN = "drawn"  # the data that the visitor draws; the address does not hold them
NOTHING = "nothing"  # that a run on pictures starts from: fresh weights
BUDGETS = (30, 60, 120, 300, 600)  # seconds that such a run may take
MINUTE = BUDGETS[1]
# Pictures of a step at most, small ones and larger ones, unless more are asked for: in a short time many steps count
# more than large ones.
FEW = {True: 64, False: 16}
FALLS = 0.4  # share of its steps over which the rates fall, unless its model says otherwise
RENAMED = {"batch_size": "batch"}  # fields of a recipe that are called otherwise here
# Fields of every model's address.
OWN = ("lesson", "data", "model", "budget", "weights", "seed", "steps", "batch", "ema", "cooldown", "also")


class TrainQuery(Query):
    """`model_settings`: the fields of the model's Config and Training, which stand in the address, too."""

    always = frozenset({"lesson", "data", "model", "seed"})

    lesson: str = Field("free", max_length=40, description="The lesson that is given, or free")
    data: str = Field(RING, max_length=40, description="The points or the pictures that are learned")
    model: str = Field(FIRST, max_length=40, description="The model that learns them")
    budget: int = Field(MINUTE, ge=1, le=600, description="Seconds that a run on pictures may take")
    weights: str = Field(NOTHING, max_length=96, description="The checkpoint that a run on pictures starts from")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Fixes the first weights, the order of the data and all noise")
    steps: int = Field(3000, ge=1, le=MOST, description="Training steps")
    batch: int = Field(256, ge=2, le=1024, description="Points of each step")
    ema: float = Field(
        0.99, ge=0, le=0.9999, description="Decay of the averaged weights that are shown; 0 shows the last ones"
    )
    cooldown: float = Field(0.5, ge=0, le=1, description="Share of the steps, at the end, over which the rates fall")
    also: str = Field(
        "",
        max_length=600,
        description="Runs beside this one, each a model and its settings: wgan bound=clip; gan smoothing=0.2",
    )

    @classmethod
    def beside(cls, parameters: Mapping[str, str]) -> type[TrainQuery]:
        """With the settings of the model that is named, or of the lesson's; the lesson says their defaults."""
        lesson = lessons.find(parameters.get("lesson", ""))
        model = parameters.get("model", "")
        name = parameters.get("data", lesson.data if lesson else "")
        if lesson and (lesson.data in offers.picture_sets()) != (name in offers.picture_sets()):
            lesson = None
        if name in offers.picture_sets():
            models = offers.of_pictures(name)
            if model not in models:
                model = lesson.model if lesson and lesson.model in models else offers.quickest(models)
            starts = offers.starts(model, name)
            start = parameters.get("weights", "")
            key = lesson.key if lesson else "free"
            return _of_pictures(key, name, model, start if start in starts else "", models, starts)
        models = offers.of_points()
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


@lru_cache(maxsize=64)
def _of(key: str, model: str, models: tuple[str, ...]) -> type[TrainQuery]:
    lesson, cls = lessons.find(key), catalog.model_class(model)
    defaults: dict[str, Any] = {"lesson": key, "model": model}
    own: dict[str, Any] = dict(cls.points)
    if lesson is not None:
        defaults |= {"data": lesson.data} | {RENAMED.get(k, k): v for k, v in lesson.recipe.items()}
        if model == lesson.model:
            own |= lesson.settings
    fields: dict[str, Any] = {
        "lesson": (_lessons(data.point_names()), _as(TrainQuery, "lesson", key)),
        "data": (_sets(), _as(TrainQuery, "data", defaults.pop("data", RING))),
        "model": (Literal[models], _as(TrainQuery, "model", model)),
        "budget": (Literal[MINUTE], _as(TrainQuery, "budget", MINUTE)),
        "weights": (Literal["nothing"], _as(TrainQuery, "weights", NOTHING)),
    }
    for name in ("steps", "batch", "ema", "cooldown"):
        if name in defaults:
            fields[name] = (TrainQuery.model_fields[name].annotation, _as(TrainQuery, name, defaults[name]))
    return create_model("TrainQuery", __base__=TrainQuery, **fields, **_own(cls, own))


class _OfPictures(TrainQuery):
    always = frozenset({"data", "model", "budget", "seed"})


class _LessonOfPictures(_OfPictures):
    always = _OfPictures.always | {"lesson"}


@lru_cache(maxsize=64)
def _of_pictures(
    key: str, name: str, model: str, start: str, models: tuple[str, ...], starts: tuple[str, ...]
) -> type[TrainQuery]:
    """Of `model` on the pictures of a set, with the settings that suit both."""
    task, cls = offers.usual(model, name, start), catalog.model_class(model)
    usual, lesson = task.recipe, lessons.find(key)
    fields: dict[str, Any] = {
        "lesson": (_lessons(offers.picture_sets()), _as(TrainQuery, "lesson", key)),
        "data": (_sets(), _as(TrainQuery, "data", name)),
        "model": (Literal[models], _as(TrainQuery, "model", model)),
        "budget": (Literal[BUDGETS], _as(TrainQuery, "budget", MINUTE)),
        "weights": (Literal[(NOTHING, *starts)], _as(TrainQuery, "weights", NOTHING)),
        "steps": (Literal[TrainQuery.model_fields["steps"].default], TrainQuery.model_fields["steps"]),
        "batch": (int, _as(TrainQuery, "batch", min(FEW[task.config.space.shape[-1] <= 32], usual.batch_size))),
        "ema": (float, _as(TrainQuery, "ema", usual.ema)),
        "cooldown": (float, _as(TrainQuery, "cooldown", cls.recipe.get("cooldown", FALLS))),
        "also": (str, Field("", max_length=0, description="Pictures are learned by one run at a time")),
    }
    own = {**task.config.model_dump(), **usual.training}
    if lesson is not None:
        for field, value in lesson.recipe.items():
            field = RENAMED.get(field, field)
            fields[field] = (fields[field][0], _as(TrainQuery, field, value))
        if model == lesson.model:
            own |= lesson.settings
    return create_model("TrainQuery", __base__=_LessonOfPictures if lesson else _OfPictures, **fields, **_own(cls, own))


def _lessons(sets: tuple[str, ...]) -> Any:
    """The lessons on any of these data."""
    return Literal[("free", *(lesson.key for lesson in lessons.of(sets)))]


def _sets() -> Any:
    """All that can be learned."""
    return Literal[(*data.point_names(), *offers.picture_sets(), DRAWN)]


def _own(cls: Any, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model's Config and Training that a form can hold."""
    fields: dict[str, Any] = {}
    for kind in (cls.Config, cls.Training):
        known = query.fields(kind)
        for name, info in kind.model_fields.items():
            if drawable(known[name]):
                fields[name] = (info.annotation, _as(kind, name, defaults.get(name, info.default)))
    return fields


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
