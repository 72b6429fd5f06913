"""The page Train, without a browser: the form, the address, and runs in their threads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from starlette.formparsers import MultiPartParser
from streamlit.config import get_option
from streamlit.testing.v1 import AppTest

from genlib import catalog, experiment, query, room
from genlib.checkpoint import Checkpoint
from genlib.drawing import INK
from genlib.jobs import HERE
from genlib.lab import doctor, lessons, offers
from genlib.lab.doctor import Diagnosis
from genlib.models.gan import GAN
from genlib.ui import loaders, uploading
from genlib.ui.canvas import Kept
from genlib.ui.lab import desk as desks
from genlib.ui.lab import form, keep
from genlib.ui.lab.query import OWN, drawable
from genlib.ui.pages import SAMPLE, TrainQuery

PAGE = str(Path(__file__).parents[2] / "pages" / "train.py")
SMALL = {"width": "8", "batch": "16"}
LONG = 120  # s after which a test gives up


@pytest.fixture(autouse=True)
def _no_run_is_left() -> Iterator[None]:
    yield
    for desk in list(desks._kept.values()):
        desk.stop()
        for shown in desk.shown:
            shown.job.join(LONG)
        if desk.race is not None:
            desk.race.cancel()
            desk.race.join(LONG)
    desks._kept.clear()
    assert len(HERE) == 0


def visit(**parameters: str) -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=LONG)
    for name, text in parameters.items():
        at.query_params[name] = text
    at.run()
    assert not at.exception
    return at


def desk_of(at: AppTest) -> Any:
    return at.session_state[desks.DESK]


def until(at: AppTest, reached: Any) -> Any:
    """The snapshot of its run as soon as this is true of it; then the page is shown anew."""
    (shown, *_) = desk_of(at).shown
    with HERE.changed:
        assert HERE.changed.wait_for(lambda: reached(shown.job.snapshot()), LONG), shown.job.snapshot()
    at.run()
    assert not at.exception
    return shown.job.snapshot()


def press(at: AppTest, button: str) -> None:
    at.button(key=f"train.{button}").click().run()
    assert not at.exception


def labels(at: AppTest) -> list[str]:
    """Of the run's own buttons."""
    return [button.label for button in at.button if button.key not in ("train.race", "train.lanes.add")]


def barred(at: AppTest) -> bool:
    """Whether nothing can be begun."""
    begins = [button.disabled for button in at.button if button.key in ("train.start", "train.step")]
    assert len(set(begins)) == 1
    return begins[0]


def table(at: AppTest) -> str:
    return next(m.value for m in at.markdown if "Within three sigma" in m.value)


def test_before_a_start_the_data_is_shown_with_its_own_numbers() -> None:
    at = visit()
    assert labels(at) == ["Start", "One step", "Stop"]
    assert at.button(key="train.stop").disabled
    assert "| Modes covered |  | 8 of 8 |" in table(at)


def test_start_pause_step_resume_stop_again() -> None:
    at = visit(**SMALL)
    press(at, "start")
    until(at, lambda now: now.step > 3)
    assert labels(at) == ["Pause", "One step", "Stop"]
    press(at, "pause")
    before = until(at, lambda now: now.state == "paused" and not desk_of(at).moving)
    assert labels(at) == ["Resume", "One step", "Stop", "Generator alone", "Discriminator alone"]
    press(at, "step")
    assert until(at, lambda now: now.step > before.step and now.state == "paused").step == before.step + 1
    press(at, "start")
    until(at, lambda now: now.step > before.step + 5)
    press(at, "stop")
    ended = until(at, lambda now: now.ended and not desk_of(at).moving)
    assert labels(at) == ["Again", "One step", "Stop", "To Sample", "Push"]
    (slider,) = at.select_slider
    assert slider.options[-1] == f"{ended.step:,}"
    slider.set_value(0).run()
    assert not at.exception
    first = desk_of(at).shown[0].job
    press(at, "start")
    assert desk_of(at).shown[0].job is not first
    until(at, lambda now: now.step > 0)


def test_what_is_large_stands_where_it_stood_whatever_comes_and_goes() -> None:
    """Of a run of the panel that is cut off by the next one, Streamlit drops the containers from its queue but sends
    what it had sent before: in a container that was never made, that breaks the page."""

    def places(node: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
        for i, child in getattr(node, "children", {}).items():
            yield from places(child, (*path, i))
        if node.type == "plotly_chart" or getattr(node.proto, "component_name", "") == "genlib.arena":
            yield path

    at = visit(**SMALL)
    press(at, "start")
    until(at, lambda now: len(now.moments) > 1)
    running = list(places(at.main))
    assert len(running) == 3
    press(at, "stop")
    until(at, lambda now: now.ended and not desk_of(at).moving)
    assert at.select_slider
    assert list(places(at.main)) == running


def test_a_single_step_begins_a_run_that_makes_just_that() -> None:
    at = visit(**SMALL)
    press(at, "step")
    assert until(at, lambda now: now.step > 0 and now.state == "paused").step == 1
    assert labels(at)[:3] == ["Resume", "One step", "Stop"]


def test_leaving_and_coming_back_finds_it_running() -> None:
    at = visit(**SMALL)
    press(at, "start")
    job = desk_of(at).shown[0].job
    until(at, lambda now: now.step > 3)
    at.run()  # as a visit to another page and back: the same session
    assert desk_of(at).shown[0].job is job
    assert job.going


def test_the_run_ends_when_nobody_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genlib.jobs.lease.GRACE", 0.01)
    at = visit(**SMALL)
    press(at, "start")
    desk = desk_of(at)
    until(at, lambda now: now.step > 0)
    desk._lease._grace = 0.01
    desk.lose()
    desk.shown[0].job.join(LONG)
    assert desk.shown[0].job.snapshot().state == "stopped"
    assert desk.key not in desks._kept


def test_a_second_visitor_waits_and_is_told_so() -> None:
    first, second = visit(**SMALL), visit(**SMALL)
    press(first, "start")
    until(first, lambda now: now.step > 3)
    press(second, "start")
    until(second, lambda now: now.state == "waiting")
    (told,) = [p.proto.text for p in second.get("progress")]
    assert told.startswith("Another run has this machine. Yours is number 1 in the line")
    press(first, "stop")
    until(second, lambda now: now.state == "running" and now.step > 0)


@pytest.mark.parametrize("name", offers.of_points())
def test_every_model_that_learns_points_has_its_form_from_its_own_schemas(name: str) -> None:
    at = visit(model=name, data="moons", steps="3", batch="16")
    cls = catalog.model_class(name)
    shown = {w.label for kind in ("number_input", "selectbox", "toggle", "button_group") for w in at.get(kind)}
    for kind in (cls.Config, cls.Training):
        for field, known in query.fields(kind).items():
            title = kind.model_json_schema()["properties"][field]["title"]
            assert (title[:1].upper() + title[1:].lower() in shown) == drawable(known)
    press(at, "start")
    assert until(at, lambda now: now.ended).state == "finished"
    assert "Curve covered" in table(at)


@pytest.mark.parametrize("name", offers.of_points())
def test_no_setting_of_a_model_has_a_name_of_the_page(name: str) -> None:
    cls = catalog.model_class(name)
    assert not set(OWN) & {*cls.Config.model_fields, *cls.Training.model_fields}


def test_points_of_the_line_are_learned_too() -> None:
    at = visit(data="mixture1d", steps="3", **SMALL)
    press(at, "start")
    assert until(at, lambda now: now.ended).state == "finished"
    assert "of 3" in table(at)


def test_what_the_doctor_advises_runs_beside_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring that one player, who has won, leaves alone: the change is one click away."""
    won = Diagnosis("won", "The discriminator has won.", "Let it move less often.", {"discriminator_steps": 1})
    monkeypatch.setattr(doctor, "look", lambda *_: won)
    at = visit(discriminator_steps="3", steps="4", seed="9", **SMALL)
    press(at, "start")
    until(at, lambda now: now.ended)
    assert any("The discriminator has won. Let it move less often." in m.value for m in at.markdown)
    press(at, "try")
    was, now = (shown.job.task for shown in desk_of(at).shown)
    assert was.recipe.training | {"discriminator_steps": 1} == now.recipe.training
    assert (was.recipe.training["discriminator_steps"], was.recipe.seed, now.recipe.seed) == (3, 9, 9)
    assert was.config == now.config
    until(at, lambda now: now.ended)
    assert "| As it was | With the change |" in table(at)


def test_four_runs_go_side_by_side_from_one_address() -> None:
    at = visit(also="wgan bound=clip; gan game=minimax; gan game=minimax batch=8", steps="3", seed="7", **SMALL)
    assert not at.warning
    assert at.button(key="train.lanes.add").disabled
    (told,) = [p.proto.text for p in at.get("progress")]
    assert told.startswith("Press Start: 4 runs side by side.")
    press(at, "start")
    for one in desk_of(at).shown:
        with HERE.changed:
            assert HERE.changed.wait_for(lambda one=one: one.job.snapshot().state == "finished", LONG)
    recipes = [one.job.task.recipe for one in desk_of(at).shown]
    assert {(recipe.data, recipe.seed, recipe.steps) for recipe in recipes} == {("ring8", 7, 3)}
    assert [recipe.batch_size for recipe in recipes] == [16, 256, 256, 8]
    at.run()
    assert not at.exception
    heads = table(at).splitlines()[0].strip("| ").split(" | ")
    assert heads[0].startswith("GAN, game relativistic, width 8")
    assert heads[1:] == [
        "WGAN",
        "GAN, game minimax, width 128, batch 256",
        "GAN, game minimax, width 128, batch 8",
        "Data",
    ]
    assert len(at.select_slider) == 1
    at.get("button_group")[-1].set_value(1).run()  # which model is kept
    assert not at.exception


def test_settings_are_set_beside_and_taken_away() -> None:
    at = visit(game="minimax", **SMALL)
    press(at, "lanes.add")
    assert at.query_params["also"] == "gan batch=16 width=8 game=minimax"
    at.number_input(key="train.discriminator_steps").set_value(4).run()
    at.selectbox(key="train.model").select("wgan").run()
    assert at.button(key="train.lanes.0").label == "GAN: game minimax, batch 16, width 8"
    press(at, "start")
    assert [one.job.task.model for one in desk_of(at).shown] == ["wgan", "gan"]
    press(at, "stop")
    press(at, "lanes.0")
    assert "also" not in at.query_params


@pytest.mark.parametrize(
    ("also", "told"),
    [
        ("dogs", "Beside it, `dogs` learns no points: "),
        ("gan width=7", "Beside it: `width` must be a whole number from 8 to 2048, and `7` is not"),
        ("gan seed=3", "Beside it: A gan has nothing called `seed`."),
        ("gan; gan; gan; gan", "At most 4 runs go side by side: take 1 of them away."),
    ],
)
def test_what_cannot_go_beside_is_one_sentence(also: str, told: str) -> None:
    at = visit(also=also)
    assert [warning.value[: len(told)] for warning in at.warning] == [told]
    assert barred(at)


def test_what_a_visitor_draws_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    at = visit(data="drawn", steps="3", **SMALL)
    assert any("There is no stroke" in info.value for info in at.info)
    press(at, "start")
    assert any("There is no stroke" in error.value for error in at.error)
    at.selectbox(key="train.data").select("moons").run()
    assert not at.error  # of the drawing that is not asked for any more
    at.selectbox(key="train.data").select("drawn").run()
    line = {"path": [["M", 40, 160], ["L", 280, 160]], "stroke": INK, "strokeWidth": 6}  # level, in the middle
    at.session_state[f"{form.PAPER}.kept"] = Kept(f"{form.PAPER} white", "1", (line,))
    at.run()
    press(at, "start")
    assert until(at, lambda now: now.ended).state == "finished"
    law = desk_of(at).shown[0].watcher.law
    assert law.means[:, 1].abs().max() < 0.02
    assert law.means[:, 0].min() == pytest.approx(-0.75, abs=0.03)
    assert law.means[:, 0].max() == pytest.approx(0.75, abs=0.03)
    assert "Curve covered" in table(at)


def test_the_model_is_taken_home_as_a_checkpoint_that_loads(tmp_path: Path) -> None:
    at = visit(steps="3", **SMALL)
    assert not at.get("download_button")
    press(at, "start")
    until(at, lambda now: now.ended)
    (button,) = at.get("download_button")
    assert button.proto.label == "Model as zip"
    job = desk_of(at).shown[0].job
    with zipfile.ZipFile(io.BytesIO(keep.packed(desk_of(at).shown[0]))) as file:
        file.extractall(tmp_path)
    found = Checkpoint.read(tmp_path / "gan-ring8")
    assert (found.spec.trained_steps, found.spec.recipe.seed) == (3, 0)
    made, again = (model.sample(range(5)) for model in (job.trained.model, found.load()))
    assert torch.allclose(made, again, atol=1e-2)  # float16 on disk


def test_a_race_goes_on_while_one_is_away_and_ends_in_a_table() -> None:
    at = visit(lesson="collapse", width="8", batch="16", steps="2")
    press(at, "race")
    race = desk_of(at).race
    at.run()  # as a visit to another page and back
    assert desk_of(at).race is race
    race.join(LONG)
    at.run()
    assert not at.exception
    rows = next(m.value for m in at.markdown if "Modes covered, of 8" in m.value).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["Plain game", "Looking ahead", "Data"]
    assert all(row.count("±") == 3 for row in rows[2:4])
    assert any("over 10 of 10 seeds" in caption.value for caption in at.caption)
    press(at, "race")
    press(at, "race.cancel")
    desk_of(at).race.join(LONG)
    at.run()
    assert not at.button(key="train.race").disabled


# --- Pictures ---


def test_pictures_are_learned_kept_opened_again_and_taken_to_sample(tmp_path: Path) -> None:
    at = visit(data="digits", model="gan", **SMALL)
    assert any("55,000 of them are learned from" in m.value for m in at.markdown)
    press(at, "start")
    until(at, lambda now: now.step > 3 and len(now.moments) > 2)
    press(at, "pause")
    paused = until(at, lambda now: now.state == "paused")
    assert set(labels(at)) >= {"Resume", "Generator alone", "Discriminator alone"}
    press(at, "alone.generator")
    assert until(at, lambda now: now.step > paused.step and now.state == "paused").step == paused.step + 1
    press(at, "stop")
    ended = until(at, lambda now: now.ended and not desk_of(at).moving)
    assert [button.proto.label for button in at.get("download_button")][:2] == ["Model as zip", "Film as GIF"]

    file = keep.packed(desk_of(at).shown[0])
    at.file_uploader[0].upload("gan-digits.zip", file, "application/zip").run()
    assert not at.exception
    opened = at.session_state[loaders.OPENED]["gan-digits.zip"]
    assert (opened.spec.trained_steps, opened.spec.recipe.steps) == (ended.step, ended.step)
    found = opened.moments()
    assert found is not None
    assert found.shape[1:] == (16, 28, 28, 1)
    assert any(f"after {ended.step:,} steps" in m.value for m in at.markdown)
    assert SAMPLE.takes(opened)


def test_a_file_that_is_no_model_is_told_in_one_sentence() -> None:
    at = visit()
    at.file_uploader[0].upload("model.zip", b"PK no", "application/zip").run()
    (error,) = at.error
    assert error.value.startswith("This is no zip of a checkpoint")
    assert loaders.OPENED not in at.session_state


def own_zip(count: int = 20, **others: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for i in range(count):
            picture = io.BytesIO()
            Image.new("RGB", (80, 60), (10 * i, 100, 200)).save(picture, "PNG")
            archive.writestr(f"{i}.png", picture.getvalue())
        for name, content in others.items():
            archive.writestr(name, content)
    return made.getvalue()


def bring(at: AppTest, file: bytes) -> None:
    at.file_uploader[0].upload("mine.zip", file, "application/zip").run()
    assert not at.exception


def test_ones_own_pictures_are_learned_and_the_model_goes_home(tmp_path: Path) -> None:
    at = visit(data="own", **SMALL)
    assert any("Bring a zip of your pictures" in info.value for info in at.info)
    press(at, "start")
    assert any("Bring a zip of your pictures" in error.value for error in at.error)
    bring(at, own_zip(3))
    assert any(error.value.startswith("The zip holds 3 pictures") for error in at.error)
    bring(at, own_zip(notes=b"hello"))
    assert any("notes was left out" in caption.value for caption in at.caption)
    assert not at.error
    assert any("Your 20 pictures" in m.value for m in at.markdown)
    bring(at, b"no zip")  # what was there stays
    assert any("Your 20 pictures" in m.value for m in at.markdown)
    assert set(at.selectbox(key="train.model").options) >= {"Deep convolutional GAN", "Variational autoencoder"}
    press(at, "start")
    now = until(at, lambda now: now.step > 2 and len(now.moments) > 1)
    assert not now.sentence
    assert any("the 20 of the data" in caption.value for caption in at.caption)
    press(at, "stop")
    until(at, lambda now: now.ended)
    with zipfile.ZipFile(io.BytesIO(keep.packed(desk_of(at).shown[0]))) as file:
        assert sorted(Path(name).name for name in file.namelist()) == [
            "config.json",
            "model.safetensors",
            "moments.webp",
        ]
    press(at, "start")  # again: they are still there
    until(at, lambda now: now.step > 0)


def test_ones_own_pictures_go_on_from_a_checkpoint_of_their_shape() -> None:
    at = visit(data="own", model="vae", weights="vae-faces")
    bring(at, own_zip())
    assert at.selectbox(key="train.weights").options == ["Nothing", "vae-faces"]
    press(at, "start")
    assert until(at, lambda now: now.step > 0 or now.ended).sentence == ""
    assert desk_of(at).shown[0].job.task.start == "vae-faces"


def test_what_is_uploaded_never_goes_through_the_disk() -> None:
    """Streamlit's server spools what is above a megabyte into a file, unless it is told otherwise."""
    assert get_option("server.maxUploadSize") > uploading.ZIP_MB
    assert MultiPartParser.spool_max_size >= 2**20 * get_option("server.maxUploadSize")


def test_another_kind_of_data_brings_its_own_form_and_back() -> None:
    at = visit(seed="3")
    kinds = at.get("button_group")[0]
    kinds.set_value("pictures").run()
    assert not at.exception
    assert (at.query_params["data"], at.query_params["model"]) == (offers.smallest(), "vae")
    assert "lesson" not in at.query_params
    at.selectbox(key="train.data").select("emoji").run()
    assert not at.exception
    assert at.selectbox(key="train.model").value == "vae"
    at.selectbox(key="train.budget").select(120).run()
    assert at.query_params["budget"] == "120"
    at.get("button_group")[0].set_value("points").run()
    assert not at.exception
    assert at.selectbox(key="train.lesson").value == "free"


def test_a_run_that_ran_away_goes_on_more_slowly_from_its_last_healthy_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    step = GAN.train_step

    def planted(self: GAN, batch: Any, optimizers: Any, training: Any) -> Any:
        found = step(self, batch, optimizers, training)
        wild = training.generator_rate > 1e-3 and batch.step > 5
        return found | ({"loss G": torch.tensor(torch.nan)} if wild else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    at = visit(generator_rate="0.01", steps="20", **SMALL)
    press(at, "start")
    failed = until(at, lambda now: now.ended)
    assert failed.state == "failed"
    press(at, "heal")
    task = desk_of(at).shown[0].job.task
    assert task.recipe.training["generator_rate"] == 1e-3
    healed = until(at, lambda now: now.ended)
    assert (healed.state, healed.step) == ("finished", 20)
    assert list(healed.curves.steps) == list(range(1, 21))


def test_who_has_no_memory_is_not_told_that_numbers_ran_away(monkeypatch: pytest.MonkeyPatch) -> None:
    step = GAN.train_step

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        if batch.step == 6:
            raise MemoryError
        return step(self, batch, *rest)

    monkeypatch.setattr(GAN, "train_step", planted)
    at = visit(steps="20", **SMALL)
    press(at, "start")
    until(at, lambda now: now.ended)
    (warning,) = at.warning
    assert "the machine's memory is all but used up" in warning.value
    assert not any("diverges" in m.value for m in at.markdown)
    assert not {"train.heal", "train.try"} & {button.key for button in at.button}


def test_a_race_says_why_some_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    step, begun = GAN.train_step, list[int]()

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        begun.append(batch.step)
        if begun.count(0) == 1:
            raise MemoryError
        found = step(self, batch, *rest)
        return found | ({"loss G": torch.tensor(torch.nan)} if begun.count(0) == 2 else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    at = visit(steps="3", **SMALL)
    press(at, "race")
    desk_of(at).race.join(LONG)
    at.run()
    (said,) = [caption.value for caption in at.caption if "standard deviation" in caption.value]
    name = desk_of(at).race.names[0]
    assert f"Left out: 1 of {name} for which the machine's memory was too small; 1 of {name} whose numbers" in said


# --- The address ---


def test_the_address_says_everything_and_is_refused_in_one_sentence() -> None:
    at = visit(model="wgan", data="moons", bound="clip", clip="0.05", steps="70", seed="4")
    assert not at.warning
    assert at.selectbox(key="train.model").value == "wgan"
    assert at.number_input(key="train.clip").value == 0.05
    at.number_input(key="train.seed").set_value(5).run()
    assert at.query_params["seed"] == "5"
    assert at.query_params["clip"] == "0.05"
    for parameters, told in (
        ({"model": "began"}, "`model` must be one of "),
        ({"data": "dogs"}, "`data` must be one of ring8,"),
        ({"data": "digits", "budget": "7"}, "`budget` must be one of 30, 60, 120, 300, 600, and `7` is not: 60"),
        ({"data": "digits", "weights": "vae-faces"}, "`weights` must be one of nothing, vae-digits, vae2d-digits"),
        ({"data": "digits", "batch": "60000"}, "`batch` must be a whole number from 2 to 1024, and `60000` is not"),
        ({"generator_rate": "10"}, "`generator_rate` must be a number above 0 to 1, and `10` is not: 0.001"),
        ({"cats": "3"}, "This page has nothing called `cats`."),
    ):
        (warning,) = visit(**parameters).warning
        assert warning.value.startswith(told)


def test_another_model_brings_its_own_settings() -> None:
    at = visit(generator_rate="0.5")
    at.selectbox(key="train.model").select("wgan").run()
    assert not at.exception
    cls = catalog.model_class("wgan")
    assert at.number_input(key="train.generator_rate").value == cls.points["generator_rate"]
    assert at.query_params["model"] == "wgan"
    assert "generator_rate" not in at.query_params


@pytest.mark.parametrize("lesson", lessons.LESSONS, ids=lambda lesson: lesson.key)
def test_a_lesson_is_an_address(lesson: lessons.Lesson) -> None:
    pictures = lesson.data in offers.picture_sets()
    at = visit(lesson=lesson.key, **({} if pictures else {"steps": "2", "batch": "16"}))
    assert not at.warning
    assert at.query_params["lesson"] == lesson.key
    assert any(lesson.question in m.value for m in at.markdown)
    assert any(lesson.answer in m.value for m in at.markdown)
    assert at.selectbox(key="train.model").value == lesson.model
    press(at, "start")
    shown = desk_of(at).shown
    assert len(shown) == (2 if lesson.beside else 1)
    for one in shown:
        with HERE.changed:
            assert HERE.changed.wait_for(
                lambda one=one: one.job.snapshot().ended or (pictures and one.job.at > 1), LONG
            )
        assert one.job.snapshot().sentence == ""
    first, *_ = (one.job.task for one in shown)
    for field, value in lesson.settings.items():
        assert {**first.config.model_dump(), **first.recipe.training}[field] == value
    assert first.recipe.data == lesson.data
    assert len({one.job.task.recipe.seed for one in shown}) == 1
    at.run()
    assert not at.exception
    if pictures:
        press(at, "stop")
        at.selectbox(key="train.lesson").select("free").run()
        assert not at.exception
        assert at.query_params["data"] == lesson.data


def test_what_the_form_asks_for_is_what_the_command_line_would_train() -> None:
    schema = TrainQuery.beside({"model": "gan"})
    asked = query.read(schema, {"model": "gan"}).values
    plain = experiment.plan("gan-ring8", recipe={k: v for k, v in asked.recipe.items() if k != "data"})
    assert (plain.config.model_dump(), plain.recipe.training) == (
        experiment.plan("lab-gan", model="gan", recipe=asked.recipe, settings=asked.settings).config.model_dump(),
        plain.recipe.training,
    )


# --- What cannot be ---


def test_without_memory_a_run_ends_in_a_sentence_and_no_slider_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: 0)
    at = visit(**SMALL)
    press(at, "start")
    until(at, lambda now: now.ended)
    (warning,) = at.warning
    assert warning.value.startswith("The run ended after 0 steps, since the machine's memory")
    assert [p.proto.text for p in at.get("progress")] == ["Ended after 0 steps."]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"model": "vae", "decoder": "bernoulli"}, "points take the network mlp and the decoder gaussian"),
        ({"data": "ring8", "width": "2048"}, "choose a smaller width"),
        ({"data": "digits", "model": "vae", "network": "conv"}, "width is at most 256 for the convolutional network"),
        ({"data": "digits", "model": "vae", "weights": "vae-digits", "latent": "7"}, "leave its settings as they are"),
    ],
)
def test_settings_that_cannot_go_together_are_told_before_a_start(asked: dict[str, str], told: str) -> None:
    at = visit(**asked)
    (warning,) = at.warning
    assert told in warning.value
    assert barred(at)
    assert [p.proto.text for p in at.get("progress")] == [warning.value]
    for name in {"decoder", "width", "network", "latent"} & set(asked):
        at.query_params.pop(name)
    at.run()
    assert not at.warning
    assert not barred(at)


def test_settings_that_cannot_begin_bar_no_run_that_is_there() -> None:
    at = visit(**SMALL)
    press(at, "step")
    until(at, lambda now: now.step > 0 and now.state == "paused")
    at.number_input(key="train.width").set_value(2048).run()
    assert at.warning
    assert not barred(at)
