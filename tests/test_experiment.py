"""A task: planned from what is there and what is asked for, run with events, stopped, stored, written."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genlib import catalog, experiment, moments, sources
from genlib.checkpoint import MOMENTS, CheckpointError
from genlib.errors import GenlibError
from genlib.experiment import Started, Stored, Task, plan, run, write
from genlib.sheets import to_uint8
from genlib.spaces import Pictures, Points
from genlib.training import Progress

pytestmark = pytest.mark.usefixtures("sets_unpacked_once")
SMALL = {"width": 16, "latent": 4}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path


def done(task: Task, **options: Any) -> list[experiment.Event]:
    events: list[experiment.Event] = []
    trained = run(task, events.append, device=torch.device("cpu"), bfloat16=False, **options)
    write(task, trained)
    return events


def a_task(name: str = "gan-ring8", steps: int = 45, **recipe: Any) -> Task:
    return plan(name, recipe={"steps": steps, "batch_size": 16, **recipe}, settings=SMALL)


# --- Planning --------------------------------------------------------------------------------------------------------


def test_the_name_says_model_and_data() -> None:
    task = plan("gan-digits")
    assert (task.model, task.recipe.data) == ("gan", "digits")
    assert task.config.space == Pictures(channels=1, side=28)
    assert plan("gan-ring8").config.space == Points(dims=2)
    assert plan("gan-mixture1d").config.space == Points(dims=1)


def test_a_setting_goes_where_it_belongs() -> None:
    task = plan("gan-ring8", settings={"width": 16, "gamma": 0.5})
    assert task.config.width == 16  # type: ignore[attr-defined]
    assert task.recipe.training["gamma"] == 0.5
    assert task.recipe.training.keys() == catalog.model_class("gan").Training.model_fields.keys(), "all are stored"


def test_points_begin_with_the_model_s_own_settings_for_them() -> None:
    cls = catalog.model_class("unrolled")
    assert cls.points
    task, pictures = plan("unrolled-ring8"), plan("unrolled-digits")
    of = {**task.config.model_dump(), **task.recipe.training}
    assert {name: of[name] for name in cls.points} == cls.points
    assert pictures.config.model_dump(exclude={"space"}) == cls.Config().model_dump(exclude={"space"})
    assert plan("unrolled-ring8", settings={"width": 64}).config.model_dump()["width"] == 64


@pytest.mark.parametrize("name", catalog.model_names())
def test_a_model_s_settings_for_points_are_settings_of_it(name: str) -> None:
    cls = catalog.model_class(name)
    assert set(cls.points) <= {*cls.Config.model_fields, *cls.Training.model_fields} - {"space"}
    assert not cls.points or Points in cls.Config.spaces()


def test_training_again_takes_what_is_stored() -> None:
    done(plan("gan-ring8", recipe={"steps": 2, "seed": 5}, settings={**SMALL, "gamma": 0.5}))
    task = plan("gan-ring8", recipe={"steps": 3}, settings={"latent": 3})
    assert (task.recipe.seed, task.recipe.steps, task.recipe.training["gamma"]) == (5, 3, 0.5)
    assert (task.config.width, task.config.latent) == (16, 3)  # type: ignore[attr-defined]


def test_on_other_data_what_followed_from_the_old_is_left_behind() -> None:
    """A classifier kept the classes of its first data, and died of them, or was refused for its old size."""
    name = "classifier-digits"
    done(plan(name, recipe={"steps": 1, "batch_size": 8}, settings={"width": 4, "features": 8}))
    first = sources.find(name)
    task = plan(name, recipe={"data": "faces"})
    assert task.config.space == Pictures(channels=3, side=64)
    assert task.config.heads.keys() != first.config.heads.keys()  # type: ignore[attr-defined]
    assert task.config.width == 4, "what was chosen stays"  # type: ignore[attr-defined]
    done(task_with_steps(task, 1))
    assert sources.load(name, device="cpu").shape == (3, 64, 64)


def test_in_another_size_the_space_follows() -> None:
    settings = {"generator_width": 4, "discriminator_width": 4, "latent": 2, "source": "grey"}
    done(plan("pix2pix-emoji", recipe={"steps": 1, "batch_size": 4, "size": 64}, settings=settings))
    task = plan("pix2pix-emoji", recipe={"size": 128})
    assert task.config.space.side == 128  # type: ignore[union-attr]


def task_with_steps(task: Task, steps: int) -> Task:
    recipe = task.recipe.model_copy(update={"steps": steps, "batch_size": 8})
    return Task(task.name, task.model, task.config, recipe)


def test_another_model_under_a_name_starts_from_its_own_defaults() -> None:
    done(plan("gan-digits", recipe={"steps": 1, "batch_size": 8}, settings=SMALL))
    task = plan("gan-digits", model="vae")
    assert task.model == "vae"
    assert task.recipe.training.keys() == catalog.model_class("vae").Training.model_fields.keys()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gan-nothing", {}, "nothing"),
        ("nosuch-digits", {}, "no model called 'nosuch'"),
        ("../evil", {}, "cannot name a checkpoint"),
        ("My", {}, "cannot name a checkpoint"),
        ("gan-digits", {"recipe": {"steps": 0}}, "steps"),
        ("gan-digits", {"recipe": {"speed": 1}}, "no field speed"),
        ("gan-digits", {"settings": {"colour": 1}}, "no setting 'colour': choose among .*width"),
        ("gan-digits", {"settings": {"width": 100_000}}, "width"),
        ("gan-digits", {"settings": {"gamma": -1}}, "gamma"),
        ("gan-digits", {"settings": {"law": "none"}}, "law"),
        ("gan-digits", {"settings": {"space": {"kind": "cubes"}}}, "space"),
        ("dcgan-ring8", {}, "does not learn from points"),
        ("gan-digits+ring8", {"recipe": {"data": "digits+ring8"}}, "joined"),
        ("dcgan-faces", {"settings": {"space": {"kind": "points"}}}, "space"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(name: str, options: dict[str, Any], words: str) -> None:
    name = name.replace("+", "-")
    with pytest.raises(GenlibError) as caught:
        plan(name, **options)
    message = str(caught.value)
    assert re.search(words, message)
    assert message.endswith(".")
    assert message.isprintable()
    assert len(message) < 500


# --- Running ---------------------------------------------------------------------------------------------------------


def test_events_tell_the_story_and_never_change(place: Path) -> None:
    events = done(a_task(), state=place / "run.pt")
    assert [type(e) for e in events] == [Started, Progress, Progress, Progress, Stored]
    assert events[0] == Started(0, 45, "cpu", "float32")
    assert [e.step for e in events[1:]] == [20, 40, 45, 45]
    for event in events:
        with pytest.raises(FrozenInstanceError):
            event.step = 1  # type: ignore[misc]


def test_stop_ends_it_between_two_steps_and_keeps_what_was_learned(place: Path) -> None:
    seen: list[int] = []

    def emit(event: experiment.Event) -> None:
        if isinstance(event, Progress):
            seen.append(event.step)

    trained = run(a_task(steps=1000), emit, lambda: len(seen) >= 2, device=torch.device("cpu"), state=place / "run.pt")
    assert seen == [20, 40]
    assert trained.step == 40
    assert (place / "run.pt").exists()


def test_it_goes_on_where_it_stopped_and_ends_as_if_it_had_not(place: Path) -> None:
    whole = run(a_task(steps=60), lambda e: None, device=torch.device("cpu"), bfloat16=False)
    count = 0

    def twice() -> bool:
        nonlocal count
        count += 1
        return count == 2

    part = run(a_task(steps=60), lambda e: None, twice, device=torch.device("cpu"), bfloat16=False, state=place / "r")
    assert part.step == 40
    started: list[experiment.Event] = []
    rest = run(a_task(steps=60), started.append, device=torch.device("cpu"), bfloat16=False, state=place / "r")
    assert started[0] == Started(40, 60, "cpu", "float32")
    for key, value in whole.model.state_dict().items():
        assert torch.equal(rest.model.state_dict()[key], value)


def test_a_finished_run_says_so(place: Path) -> None:
    done(a_task(), state=place / "run.pt")
    with pytest.raises(GenlibError, match="is trained for 45 steps"):
        done(a_task(), state=place / "run.pt")


def test_what_is_written_loads_and_samples() -> None:
    done(a_task())
    found = sources.find("gan-ring8")
    assert found.spec.trained_steps == 45
    assert found.spec.recipe.batch_size == 16
    assert sources.load("gan-ring8", device="cpu").sample([1, 2]).shape == (2, 2)  # type: ignore[operator]


# --- Moments of a run ------------------------------------------------------------------------------------------------


def test_pictures_of_a_run_that_went_on_are_those_of_an_unbroken_one(tmp_path: Path) -> None:
    task = plan("gan-digits", recipe={"steps": 240, "batch_size": 8}, settings=SMALL)
    how: dict[str, Any] = {"device": torch.device("cpu"), "bfloat16": False}
    whole = run(task, lambda event: None, **how)
    steps: list[int] = []

    def note(event: Any) -> None:
        steps.append(event.step)

    broken = run(task, note, lambda: steps[-1] >= 120, state=tmp_path / "run.pt", **how)
    assert 120 <= broken.step < 240
    went_on = run(task, note, state=tmp_path / "run.pt", **how)
    assert moments.chosen([0, 100, 140, 180, 240, 310, 500, 800], 800) == [0, 100, 180, 310, 800]
    assert list(went_on.moments) == list(whole.moments) == [0, 100, 140, 180, 240]
    assert all(np.array_equal(went_on.moments[step], whole.moments[step]) for step in whole.moments)


def test_pictures_of_five_moments_are_kept() -> None:
    assert moments.due(10_000) == [0, 100, 464, 2154, 10_000]
    assert moments.due(30) == [0, 30]
    task = plan("gan-digits", recipe={"steps": 240, "batch_size": 8}, settings=SMALL)
    trained = run(task, lambda event: None, device=torch.device("cpu"), bfloat16=False)
    written = write(task, trained)
    assert written.spec.moments == (0, 100, 140, 180, 240)
    found = written.moments()
    assert found is not None
    assert found.shape == (5, 16, 28, 28, 1)
    assert (written.folder / MOMENTS).stat().st_size < 1_000_000
    made = to_uint8(trained.model.sample(range(16)))  # type: ignore[operator]
    first, *_, last = (np.abs(pictures.astype(int) - made).mean() for pictures in found)
    assert last < first / 2  # WebP loses a little
    # Points are no pictures.
    assert write(a_task(), run(a_task(), lambda event: None)).moments() is None


def test_a_stranger_s_moments_are_checked_before_they_are_decoded() -> None:
    task = plan("gan-digits", recipe={"steps": 2, "batch_size": 8}, settings=SMALL)
    written = write(task, run(task, lambda event: None))
    path = written.folder / MOMENTS
    path.write_bytes(b"no picture")
    with pytest.raises(CheckpointError, match="it is no WebP picture"):
        written.moments()
    path.write_bytes(moments.encode(np.zeros((3, 16, 28, 28, 1), np.uint8)))
    with pytest.raises(CheckpointError, match="its sheet is 448 x 84"):
        written.moments()
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(CheckpointError, match="larger than 1024 KiB"):
        written.moments()
    path.unlink()
    assert written.moments() is None
