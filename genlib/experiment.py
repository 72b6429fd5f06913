"""A training task from start to checkpoint: planned, run, stored. The command line, the app and a queue run the same.

    task = plan("gan-digits", recipe={"steps": 2000})
    trained = run(task, emit=print)
    write(task, trained)

What happens is told by events, which never change once they were made. Whoever runs a task stops it by `stop`.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from pydantic import ValidationError

from genlib import catalog, data, moments
from genlib.checkpoint import CONFIG, MOMENTS, NAME, Checkpoint, Spec, replacing, save, shipped
from genlib.contract import Config, Recipe, Samples
from genlib.errors import GenlibError, problem
from genlib.spaces import Pictures
from genlib.training import Progress, Run, TrainingError, check, fresh

if TYPE_CHECKING:
    import numpy as np
    import torch

    from genlib.data import PictureSet, PointSet
    from genlib.data.sets import DataSet
    from genlib.models.base import Model

STORE_EVERY_S = 60.0


@dataclass(frozen=True)
class Task:
    """What is to be trained.

    name     of the checkpoint that it makes
    model    the model file's name
    source   the data, where it has been read already: to read it again takes seconds
    start    the shipped checkpoint whose weights it starts from; "": from fresh ones
    """

    name: str
    model: str
    config: Config
    recipe: Recipe
    source: DataSet | None = field(default=None, repr=False, compare=False)
    start: str = ""


@dataclass(frozen=True)
class Started:
    """The run begins, or goes on, after `step` steps."""

    step: int
    steps: int
    device: str
    precision: str


@dataclass(frozen=True)
class Stored:
    """The run's state lies in a file, from which it goes on should it be killed now."""

    step: int
    path: Path


Event = Started | Progress | Stored


@dataclass(frozen=True)
class Trained:
    """How a run ended: the model with averaged weights after `step` steps, fewer than planned where it was stopped.

    moments   step -> what it made then, uint8 (N, H, W, C); also before the run was killed and went on
    """

    model: Model[Any, Any, Any]
    step: int
    moments: Mapping[int, np.ndarray]


def plan(
    name: str,
    *,
    model: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    read: bool = True,
    source: PictureSet | PointSet | None = None,
) -> Task:
    """The task that trains checkpoint `name`: as the one that is there was trained, changed by what is asked for.

    name       where there is none yet, MODEL-DATA says both, as "gan-digits"
    model      another model file
    recipe     fields of Recipe
    settings   fields of the model's Config or Training, by name
    read       whether the data is read, and its files with it checked; else the task has none, and is planned at once
    source     the data itself, in place of a set that is here
    Raises GenlibError in one sentence: a name, field or value that cannot be; data that is missing or does not fit.
    """
    if not re.fullmatch(NAME, name):
        raise GenlibError(
            f"{name!r} cannot name a checkpoint: use at most 96 small letters, digits and hyphens, as in gan-digits."
        )
    file, _, dataset = name.partition("-")
    base: dict[str, Any] = {"data": dataset}
    stored: dict[str, Any] = {}
    if (catalog.CHECKPOINTS / name / CONFIG).exists():
        spec = Checkpoint.read(catalog.CHECKPOINTS / name).spec
        file, base, stored = spec.model, spec.recipe.model_dump(), dict(spec.config)
    if model not in (None, file):
        file, stored, base["training"] = str(model), {}, {}
    cls = catalog.model_class(file)
    asked = {**cls.recipe, **base, **(recipe or {}), **({"data": source.info.name} if source else {})}
    if not asked["data"]:
        raise GenlibError(f"Say what {name} learns from: add --data NAME, or call it {file}-NAME, as in {file}-digits.")
    about = source.info if source else data.info(asked["data"])
    if not isinstance(about.space, cls.Config.spaces()):
        raise GenlibError(f"{cls.title} does not learn from {about.kind}: choose other data than {about.name}.")
    if any(asked.get(key) != base.get(key) for key in ("data", "size")):
        stored = {key: value for key, value in stored.items() if key not in cls.follows}

    known = {key: kind for kind in (cls.Config, cls.Training) for key in kind.model_fields}
    usual = cls.points if about.kind == "points" else {}
    for key in settings or {}:
        if key not in known:
            raise GenlibError(f"{cls.title} has no setting {key!r}: choose among {', '.join(known)}.")

    def of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in values.items() if known[k] is kind}

    of_config = {**of(cls.Config, usual), **stored, **of(cls.Config, settings or {})}
    of_training = {**of(cls.Training, usual), **asked.get("training", {}), **of(cls.Training, settings or {})}
    try:
        training = cls.Training.model_validate(of_training)
        made = Recipe.model_validate({**asked, "training": training.model_dump(mode="json")})
    except ValidationError as error:
        raise GenlibError(f"The recipe does not work: {problem(error)}.") from None
    there = source or (
        data.load(made.data, "train", size=made.size) if read else data.outline(made.data, size=made.size)
    )
    try:
        config = cls.config_for(there.info, **{"space": there.space.model_dump(), **of_config})
    except ValidationError as error:
        raise GenlibError(f"That configuration does not work: {problem(error)}.") from None
    check(cls, config, there, made)
    return Task(name, file, config, made, None if isinstance(there, data.Outline) else there)


def begin(task: Task, *, device: torch.device | None = None, bfloat16: bool | None = None) -> Run:
    """The task's run, before its first step. GenlibError: model and data do not fit, or the data is not there, or the
    checkpoint that it starts from is of another config."""
    source = task.source or _read(task.recipe.data, task.recipe.size)
    model = fresh(catalog.model_class(task.model), task.config, task.recipe.seed)
    if (found := start(task)) is not None:
        model.load_state_dict(found.load("cpu").state_dict())
    return Run(model, source, task.recipe, device, bfloat16)


def start(task: Task) -> Checkpoint | None:
    """The checkpoint that a task starts from. GenlibError: it is of another config."""
    if not task.start:
        return None
    found = shipped(task.start)
    if (found.spec.model, found.config) != (task.model, task.config):
        raise GenlibError(
            f"{task.start} is another network than the one that is asked for: leave its settings as they are, or "
            "start from nothing."
        )
    return found


_sets: WeakValueDictionary[tuple[str, int | None], Any] = WeakValueDictionary()
_reading = threading.Lock()


def _read(name: str, size: int | None) -> DataSet:
    """The data, once for all runs that are there: a set of pictures is large."""
    with _reading:
        if (found := _sets.get((name, size))) is None:
            found = _sets[name, size] = data.load(name, "train", size=size)
        return found


def run(
    task: Task,
    emit: Callable[[Event], object],
    stop: Callable[[], bool] = lambda: False,
    *,
    device: torch.device | None = None,
    bfloat16: bool | None = None,
    state: Path | None = None,
    anew: bool = False,
) -> Trained:
    """Train, telling `emit` what happens; between two steps, whenever something was told, `stop` is asked.

    state   a file that the run is stored in every minute and at its end, and goes on from where it is there
    anew    whether it starts anew all the same
    Raises GenlibError in one sentence: model and data do not fit, the file is of another run, the numbers diverged.
    """
    import torch

    cls = catalog.model_class(task.model)
    here = begin(task, device=device, bfloat16=bfloat16)
    if state is not None and anew:  # only now that it is known to start
        state.unlink(missing_ok=True)
    if state is not None and state.exists():
        here.resume(state)
        if here.step >= task.recipe.steps:
            raise TrainingError(
                f"{task.name} is trained for {here.step:,} steps: ask for more --steps, or add --fresh to start anew."
            )
    emit(Started(here.step, task.recipe.steps, here.device.type, "bfloat16" if here.bfloat16 else "float32"))

    def store() -> None:
        if state is not None:
            here.save(state)
            emit(Stored(here.step, state))

    shows = issubclass(cls, Samples) and isinstance(task.config.space, Pictures)
    due = (
        [step for step in moments.due(task.recipe.steps) if step > here.step or step == 0 == here.step] if shows else []
    )

    def look() -> None:
        if due and here.step >= due[0]:
            due[:] = [step for step in due if step > here.step]
            taken = moments.pictures(here.snapshot())  # type: ignore[arg-type]  # it Samples
            here.kept[str(here.step)] = torch.from_numpy(taken)

    look()
    stored = time.monotonic()
    # Stored between two steps only: whatever ends the process, the run goes on later as if nothing had happened.
    for progress in here:
        emit(progress)
        look()
        if stop():
            break
        if time.monotonic() - stored > STORE_EVERY_S:
            store()
            stored = time.monotonic()
    store()
    kept = {int(step): taken.numpy() for step, taken in here.kept.items()}
    return Trained(here.snapshot(), here.step, {step: kept[step] for step in moments.chosen(kept, here.step)})


def write(task: Task, trained: Trained, root: Path | None = None) -> Checkpoint:
    """Write checkpoints/NAME (or under `root`): weights as float16, config, recipe, pictures of its training."""
    import numpy as np
    import torch

    folder = (root or catalog.CHECKPOINTS) / task.name
    spec = Spec(
        model=task.model,
        config=task.config.model_dump(mode="json"),
        recipe=task.recipe,
        trained_steps=trained.step,
        moments=tuple(trained.moments),
    )
    save(trained.model, folder, spec, dtype=torch.float16)
    if trained.moments:
        with replacing(folder / MOMENTS) as path:
            path.write_bytes(moments.encode(np.stack(list(trained.moments.values()))))
    else:
        (folder / MOMENTS).unlink(missing_ok=True)
    return Checkpoint.read(folder)
