"""The page Sample, run without a browser: real models with untrained weights in a folder of their own."""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import streamlit as st
import torch
from opened import opened
from PIL import Image
from pydantic import Field
from streamlit.testing.v1 import AppTest

from genlib import budget, catalog, checkpoint, contract, data, hub, query, remake
from genlib.contract import Recipe
from genlib.data.neighbours import Neighbours
from genlib.glossary import gloss
from genlib.ui import cards
from genlib.ui.pages import SAMPLE, OfPictures

PAGE = str(Path(__file__).parents[2] / "pages" / "sample.py")
FIRST, POINTS = SAMPLE.default, "delta-ring"
MODEL, SEED, NUMBER, NEW = map(SAMPLE.widget, ("model", "seed", "n", "new"))
COUNT = OfPictures().n


def save(root: Path, name: str, model: str, data: str = "digits", **config: Any) -> None:
    cls = catalog.model_class(model)
    made = cls.Config(**config)
    torch.manual_seed(0)
    spec = checkpoint.Spec(model=model, config=made.model_dump(), recipe=Recipe(data=data))
    checkpoint.save(cls(made), root / name, spec)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of two samplers of pictures, one of points, and a model that makes nothing."""
    folder = tmp_path_factory.mktemp("made")
    save(folder, FIRST, "gan", width=16, latent=4)
    save(folder, "beta-vae", "vae", width=16, latent=4)
    save(folder, POINTS, "gan", "ring8", space={"kind": "points"}, width=16, latent=2, batch_norm=False, dropout=0.0)
    save(folder, "gamma-classifier", "classifier", heads={"digit": 10})
    (folder / FIRST / "README.md").write_text("---\nlicense: mit\n---\n\n# The card\n\nIt makes noise.\n")
    return folder


@pytest.fixture(autouse=True)
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of them, for a test to change."""
    folder = shutil.copytree(made, tmp_path / "checkpoints")
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder)
    budget.MADE.clear()
    return folder


open_page = partial(opened, PAGE)


def script(at: AppTest) -> str:
    """The code of the second tab, which is drawn when somebody opens it."""
    assert not at.code
    at.session_state["sample.side"] = "Script"
    at.run()
    (code,) = at.code
    return str(code.value)


def galleries(at: AppTest) -> list[dict[str, Any]]:
    """What each gallery was told, the dialog's live text and the like left out."""
    return [told for c in at.get("bidi_component") if "sheet" in (told := json.loads(c.proto.json))]


def shown(at: AppTest) -> tuple[list[int], np.ndarray]:
    """The seeds and the pictures (B, H, W) of the gallery, cut out of its sprite sheet."""
    (told,) = galleries(at)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(told["sheet"].partition(",")[2]))))
    h, w, across = told["height"], told["width"], told["across"]
    places = [(i // across * h, i % across * w) for i in range(len(told["seeds"]))]
    return told["seeds"], np.stack([sheet[y : y + h, x : x + w] for y, x in places])


def said(at: AppTest) -> list[str]:
    return [e.value for e in [*at.error, *at.warning]]


def test_shows_pictures_at_once():
    at = open_page()
    seeds, pictures = shown(at)
    assert seeds == list(range(COUNT))
    assert pictures.shape == (COUNT, 28, 28)
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == COUNT
    assert not said(at)
    assert at.selectbox(key=MODEL).options == [
        "Handwritten digits by VAE · beta-vae",
        f"Handwritten digits by GAN · {FIRST}",
        f"Ring of 8 by GAN · {POINTS}",
    ]
    assert any("It makes noise." in m.value for m in at.markdown)
    assert not any("license" in m.value for m in at.markdown)
    assert at.query_params == {}  # an address that was only read stays: Back must lead away


def test_new_pictures_change_the_seed_and_the_address():
    at = open_page()
    _, before = shown(at)
    at.button(key=NEW).click().run()
    seeds, after = shown(at)
    assert seeds[0] == at.number_input(key=SEED).value != 0
    assert at.query_params == {"model": FIRST, "seed": str(seeds[0]), "n": str(COUNT)}
    assert (before != after).any()


def test_a_permalink_brings_everything_back():
    at = open_page()
    at.selectbox(key=MODEL).select("beta-vae").run()
    at.number_input(key=SEED).set_value(41).run()
    at.number_input(key=NUMBER).set_value(7).run()
    at.slider(key="sample.of.vae.temperature").set_value(1.2).run()
    assert at.query_params == {"model": "beta-vae", "seed": "41", "n": "7", "temperature": "1.2"}
    again = open_page("&".join(f"{k}={v}" for k, v in at.query_params.items()))
    assert not said(again)
    assert again.slider(key="sample.of.vae.temperature").value == 1.2
    assert shown(again)[0] == shown(at)[0] == list(range(41, 48))
    assert (shown(again)[1] == shown(at)[1]).all()


def test_another_address_in_the_same_session_is_followed():
    at = open_page("model=beta-vae&seed=5&n=2&temperature=0.3")
    at.query_params.clear()
    at.query_params.update({"model": FIRST, "n": "3"})  # a link on another page, or Back
    at.run()
    assert shown(at)[0] == [0, 1, 2]
    assert at.selectbox(key=MODEL).value == FIRST
    at.query_params.update({"model": "beta-vae"})
    at.run()
    assert at.slider(key="sample.of.vae.temperature").value == 1.0  # what an address leaves out has its default


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "model=nothing-here",
            f"There is no checkpoint called `nothing-here`: choose one of beta-vae, {FIRST}, {POINTS}.",
        ),
        ("model=gamma-classifier", "gamma-classifier makes nothing of its own: choose another model."),
        ("model=![x](http://a.b/c)", "There is no checkpoint called `![x](http://a.b/c)`"),
        ("seed=-1", "`seed` must be a whole number from 0 to 2147483548, and `-1` is not: 0 stands in."),
        ("seed=2147483647", "`seed` must be"),
        ("seed=abc", "and `abc` is not"),
        ("seed=", "and nothing is not"),
        ("n=1000", "`n` must be a whole number from 1 to 100, and `1000` is not: 24 stands in."),
        ("n=0", "`n` must be"),
        ("colour=red", "This model has no control called `colour`."),
        ("truncation=9", "`truncation` must be a number from 0.1 to 3.0, and `9` is not: 2.0 stands in."),
        ("truncation=nan", "`truncation` must be"),
    ],
)
def test_a_bad_address_is_one_sentence_and_a_usable_page(query: str, sentence: str):
    at = open_page(query)
    (problem,) = said(at)
    assert sentence in problem
    assert shown(at)[0] == list(range(COUNT))
    at.button(key=NEW).click().run()
    assert not said(at)
    assert shown(at)[0][0] == at.session_state[SEED]


def test_what_is_good_in_a_bad_address_is_kept():
    at = open_page("model=beta-vae&seed=x&n=5&temperature=0.5&colour=red")
    assert len(said(at)) == 2
    assert shown(at)[0] == [0, 1, 2, 3, 4]
    assert at.slider(key="sample.of.vae.temperature").value == 0.5


def test_a_damaged_checkpoint_is_one_sentence(root: Path):
    weights = root / FIRST / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    at = open_page()
    (problem,) = said(at)
    assert problem.startswith(f"{FIRST}: model.safetensors is damaged")
    at.selectbox(key=MODEL).select("beta-vae").run()
    assert not said(at)
    assert len(shown(at)[0]) == COUNT


def test_a_hostile_config_in_the_address_is_one_sentence(root: Path):
    config = json.loads((root / "beta-vae" / "config.json").read_text())
    config["config"]["width"] = 10**9
    (root / "beta-vae" / "config.json").write_text(json.dumps(config))
    (problem,) = said(at := open_page("model=beta-vae&seed=5"))
    assert "config.json does not describe a vae model: width" in problem
    at.selectbox(key=MODEL).select(FIRST).run()
    assert not said(at)
    assert shown(at)[0] == list(range(5, 5 + COUNT))


def test_a_checkpoint_that_is_trained_again_is_seen(root: Path):
    at = open_page()
    _, before = shown(at)
    cls = catalog.model_class("gan")
    torch.manual_seed(1)
    found = checkpoint.Checkpoint.read(root / FIRST)
    checkpoint.save(cls(found.config), root / FIRST, found.spec)
    at.run()
    assert (shown(at)[1] != before).any()


def test_without_checkpoints_the_page_says_what_to_do(root: Path):
    shutil.rmtree(root)
    at = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not at.exception
    assert "python -m genlib train" in at.error[0].value


@pytest.mark.parametrize("query", ["seed=3&n=6&truncation=0.7", "model=beta-vae&n=3"])
def test_the_script_makes_the_same_pictures(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    at = open_page(query)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(script(at), names)
    _, pictures = shown(at)
    assert (names["to_uint8"](names["x"])[..., 0] == pictures).all()
    assert Image.open(tmp_path / "pictures.png").size == (3 * 30 - 2, -(-len(pictures) // 3) * 30 - 2)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, Any]]:
    """label -> (file name, content) of the download buttons that were drawn last."""
    offered = {}
    draw: Callable[..., bool] = st.download_button

    def watched(label: str, content: Any, name: str, *args: Any, **kwargs: Any) -> bool:
        offered[label] = (name, content)
        return draw(label, content, name, *args, **kwargs)

    monkeypatch.setattr(st, "download_button", watched)
    return offered


def test_the_grid_and_the_zip(downloads: dict[str, tuple[str, Any]]):
    at = open_page("seed=8&n=4")
    seeds, pictures = shown(at)
    name, make = downloads["Grid as PNG"]
    assert name == f"{FIRST}-8-11.png"
    assert Image.open(io.BytesIO(make())).size == (4 * (2 * 28 + 2), 4 * (2 * 28 + 2))
    name, make = downloads["All as zip"]
    assert name == f"{FIRST}-8-11.zip"
    with zipfile.ZipFile(io.BytesIO(make())) as file:
        assert set(file.namelist()) == {*(f"seed-{s}.png" for s in seeds), "remake.py"}
        for seed, picture in zip(seeds, pictures, strict=True):
            assert (np.asarray(Image.open(io.BytesIO(file.read(f"seed-{seed}.png")))) == picture).all()
        lines = file.read("remake.py").decode()
    assert f"?model={FIRST}&seed=8&n=4" in lines.splitlines()[0]
    assert lines.rstrip().endswith(script(at))


def click(at: AppTest, seed: int) -> AppTest:
    """What the gallery's click does; the component itself runs in a browser only."""
    at.session_state["sample.large"] = seed
    return at.run()


def test_a_click_enlarges(downloads: dict[str, tuple[str, Any]], monkeypatch: pytest.MonkeyPatch):
    asked = {}

    def nearest(name: str, images: torch.Tensor, k: int) -> list[Neighbours]:
        asked[name] = images
        return [Neighbours(torch.arange(k), torch.zeros(k, 1, 28, 28, dtype=torch.uint8), torch.arange(k) / 10)]

    monkeypatch.setattr(data, "nearest", nearest)
    at = click(open_page("seed=8&n=4"), 10)
    assert not at.exception
    assert any("takes this picture for a real one with probability" in m.value for m in at.markdown)
    name, content = downloads["Download PNG"]
    assert name == f"{FIRST}-seed-10.png"
    large = np.asarray(Image.open(io.BytesIO(content)))
    times = len(large) // 28
    assert (large[::times, ::times] == shown(at)[1][2]).all()
    assert ((asked["digits"][0, 0] * 255).round().numpy() == shown(at)[1][2]).all()
    captions = [caption for image in at.image for caption in image.captions]
    assert captions[-5:] == ["0.000", "0.100", "0.200", "0.300", "0.400"]


def test_the_address_says_what_is_shown_large(downloads: dict[str, tuple[str, Any]]):
    at = open_page("seed=8&n=4&large=10")
    assert f"{FIRST}-seed-10.png" in [name for name, _ in downloads.values()]
    assert not at.warning
    assert said(open_page("seed=8&n=4&large=12")) == ["Seed 12 is not among these pictures, so none is shown large."]


def test_a_slow_search_holds_back_no_other_part_of_the_page(monkeypatch: pytest.MonkeyPatch):
    drawn: list[str] = []
    show = cards.show
    monkeypatch.setattr(cards, "show", lambda checkpoint: drawn.append("card") or show(checkpoint))

    def nearest(*_: Any) -> Any:
        drawn.append("search")
        raise data.DataError("digits is damaged: mend it.")

    monkeypatch.setattr(data, "nearest", nearest)
    at = open_page("n=2")
    drawn.clear()
    click(at, 1)
    assert drawn == ["card", "search"]


def test_a_likelihood_is_told_with_its_kind(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        data, "nearest", lambda *_: (_ for _ in ()).throw(data.DataError("digits is damaged: mend it."))
    )
    at = click(open_page("model=beta-vae&n=2"), 1)
    assert not at.exception
    assert any("nats** (lower bound)" in m.value for m in at.markdown)
    gloss = next(c.value for c in at.caption if c.value.startswith("Nats"))
    assert "the true value may be higher" in gloss
    assert "importance samples" in gloss  # the model's own note
    assert said(at) == ["digits is damaged: mend it."]  # and nothing else is lost
    assert len(shown(at)[0]) == 2


# --- Points ----------------------------------------------------------------------------------------------------------


def scatter(at: AppTest) -> dict[str, dict[str, Any]]:
    """The traces of the figure by name, as the browser gets them."""
    (chart,) = at.get("plotly_chart")
    return {trace["name"]: trace for trace in json.loads(chart.proto.spec)["data"]}


def numbers(told: dict[str, str]) -> np.ndarray:
    """An array in Plotly's JSON."""
    return np.frombuffer(base64.b64decode(told["bdata"]), np.dtype(told["dtype"]))


def test_points_are_a_figure_over_their_data(root: Path, downloads: dict[str, tuple[str, Any]]):
    at = open_page(f"model={POINTS}&seed=3")
    assert not said(at)
    assert not galleries(at)
    assert at.number_input(key=NUMBER).value == 2000
    made = checkpoint.Checkpoint.read(root / POINTS).load("cpu").sample(range(3, 2003)).numpy()  # type: ignore[attr-defined]
    traces = scatter(at)
    assert set(traces) == {"made", "data", "modes"}
    for axis, column in zip("xy", made.T, strict=True):
        assert np.allclose(numbers(traces["made"][axis]), column, atol=1e-6)
    (x, y) = (numbers(traces["modes"][axis]) for axis in "xy")
    assert np.allclose(np.hypot(x, y), 1)
    assert len(x) == 8
    away = np.hypot(*(numbers(traces["data"][axis]) for axis in "xy"))
    assert np.abs(away - 1).max() < 0.1  # the ring
    name, make = downloads["Points as CSV"]
    assert name == f"{POINTS}-3-2002.csv"
    assert np.allclose(np.loadtxt(io.StringIO(make().decode()), delimiter=",", skiprows=1), made, atol=1e-5)
    assert np.allclose(np.load(io.BytesIO(downloads["Points as NPY"][1]())), made, atol=1e-6)


def test_the_script_makes_the_same_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    at = open_page(f"model={POINTS}&seed=3&n=200")
    monkeypatch.chdir(tmp_path)
    exec(script(at), {})
    x, y = np.loadtxt("points.csv", delimiter=",").T
    assert np.allclose(numbers(scatter(at)["made"]["x"]), x, atol=1e-6)
    assert np.allclose(numbers(scatter(at)["made"]["y"]), y, atol=1e-6)


def test_the_number_fits_what_is_made():
    at = open_page("n=7")
    at.selectbox(key=MODEL).select(POINTS).run()
    assert at.number_input(key=NUMBER).value == at.number_input(key=NUMBER).min + 1800 == 2000
    assert at.query_params["n"] == "2000"
    at.selectbox(key=MODEL).select(FIRST).run()
    assert not at.exception
    assert shown(at)[0] == list(range(COUNT))
    (problem,) = said(open_page(f"model={POINTS}&n=7"))
    assert problem == "`n` must be a whole number from 200 to 5000, and `7` is not: 2000 stands in."


def test_points_of_a_stranger_whose_data_is_not_here(root: Path):
    for name, data_name in (("lost", "nowhere"), ("flat", "mixture1d"), ("seen", "digits")):
        save(root, name, "gan", data_name, space={"kind": "points"}, width=16, latent=2, batch_norm=False)
        at = open_page(f"model={name}")
        assert not said(at)
        assert set(scatter(at)) == {"made"}
        assert any(c.value.startswith("There is no data to compare with.") for c in at.caption)


# --- Step by step ----------------------------------------------------------------------------------------------------


def test_a_model_that_unrolls_shows_how(root: Path):
    save(root, "epsilon-fvsbn", "fvsbn", **catalog.model_class("fvsbn").tiny()[0].model_dump())
    at = open_page("model=epsilon-fvsbn&seed=5&n=12&view=steps")
    assert not said(at)
    (told,) = galleries(at)
    model = checkpoint.Checkpoint.read(root / "epsilon-fvsbn").load("cpu")
    wanted = list(model.sample_steps(range(5, 13)))  # type: ignore[attr-defined]  # of the first eight
    assert told["pictures"] == 8
    assert told["labels"] == [f"step {t + 1} of {len(wanted)}" for t in range(len(wanted))]
    what, lines = told["trace"]
    assert what == "log-likelihood of the rows so far, nats"
    assert [len(line) for line in lines] == [len(wanted)] * 8
    assert any("Over the slider: the log-likelihood of the rows so far" in c.value for c in at.caption)
    at.segmented_control(key=SAMPLE.widget("view")).set_value("all").run()
    assert shown(at)[0] == list(range(5, 17))
    assert at.query_params == {"model": "epsilon-fvsbn", "seed": "5", "n": "12"}


def test_a_model_that_does_not_unroll_has_no_steps_to_show():
    (problem,) = said(at := open_page("view=steps"))
    assert problem == "`view` must be all, and `steps` is not: all stands in."
    assert not at.get("segmented_control")
    assert len(shown(at)[0]) == COUNT


# --- The Hub ---------------------------------------------------------------------------------------------------------


def finish(at: AppTest) -> AppTest:
    """Wait for the download of this session; in a browser a fragment does, which AppTest does not tick."""
    if "sample.hub.download" in at.session_state:  # else it was over before the page was drawn
        download: hub.Download = at.session_state["sample.hub.download"]
        assert download.wait(60)
        at.run()
    return at


def test_a_hub_model_that_cannot_be_had_is_one_sentence_and_what_was_shown_stays():
    at = open_page("seed=3")
    at.text_input(key="sample.hub.repo").set_value("someone/something")
    next(b for b in at.button if b.label == "Open model").click().run()  # nothing answers at the tests' HF_ENDPOINT
    finish(at)
    (problem,) = said(at)
    assert "Hugging Face cannot be reached" in problem
    assert shown(at)[0] == list(range(3, 3 + COUNT))


def test_an_address_downloads_nothing_by_itself():
    at = open_page("model=someone/something&revision=main&seed=3")
    assert "sample.hub.download" not in at.session_state
    assert "`someone/something`" in at.info[0].value
    assert shown(at)[0][0] == 3
    next(b for b in at.button if b.label == "Download it").click().run()
    finish(at)
    assert "Hugging Face cannot be reached" in said(at)[0]
    assert shown(at)[0][0] == 3


# --- Controls from a schema ------------------------------------------------------------------------------------------


class Schema(contract.Controls):
    truncation: float = Field(2.0, ge=0.1, le=3.0, description="Less varied")
    steps: int = Field(10, ge=1, le=50)
    sharp: bool = True
    digit: Literal[0, 1, 2] = 0
    style: Literal["a", "b", "c", "d", "e", "f"] = "c"


def test_controls_are_drawn_from_the_schema():
    def page() -> None:
        import streamlit as st

        from genlib.ui import controls

        st.session_state.found = dict(controls.draw(st.session_state.schema, "k"))

    at = AppTest.from_function(page, default_timeout=60)
    at.session_state.schema = Schema
    at.run()
    assert not at.exception
    assert at.session_state.found == dict(Schema())
    slider = at.slider(key="k.truncation")
    assert (slider.min, slider.max, slider.step, slider.label, slider.help) == (
        0.1,
        3.0,
        0.1,
        "Truncation",
        f"Less varied {gloss('truncation')}",
    )
    slider.set_value(0.7)
    at.slider(key="k.steps").set_value(11)
    at.toggle(key="k.sharp").set_value(False)
    at.selectbox(key="k.style").select("f")
    at.run()
    assert at.session_state.found == dict(Schema(truncation=0.7, steps=11, sharp=False, style="f"))


def test_controls_are_read_from_an_address():
    values = Schema(truncation=0.3, steps=2, sharp=False, digit=2, style="f")
    told = query.write(values)
    assert told == {"truncation": "0.3", "steps": "2", "sharp": "false", "digit": "2", "style": "f"}
    assert query.read(Schema, told) == query.Reading(values, [], {})
    found = query.read(Schema, dict.fromkeys(told, "9e9"))
    assert found.values == Schema()
    assert len(found.problems) == 5
    assert "`digit` must be one of 0, 1, 2, and `9e9` is not: 0 stands in." in found.problems


def test_a_slider_leaves_no_dust_of_its_arithmetic_in_an_address():
    def page() -> None:
        import streamlit as st

        from genlib.ui import controls

        st.session_state["k.truncation"] = 0.1 + 0.2
        st.session_state.found = controls.values(st.session_state.schema, "k")

    at = AppTest.from_function(page, default_timeout=60)
    at.session_state.schema = Schema
    at.run()
    assert query.write(at.session_state.found) == {"truncation": "0.3"}


def test_a_revision_cannot_leave_its_string():
    hostile = remake.script('user/repo@"); import os #', range(1), contract.Controls(), "pictures")
    assert compile(hostile, "script", "exec")
    assert 'revision="\\"); import os #"' in hostile
