"""The page Likelihood, run without a browser: real models with untrained weights in a folder of their own."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from opened import opened
from PIL import Image
from streamlit.testing.v1 import AppTest

from genlib import catalog, checkpoint, completion, crowds, data, density, fitting, scoring, sources, uploads
from genlib.__main__ import main
from genlib.budget import MADE
from genlib.contract import Recipe
from genlib.drawing import INK, rasterise
from genlib.sheets import grid, png
from genlib.ui.canvas import Kept
from genlib.ui.likelihood import chosen, halves, heat, held, kinds
from genlib.ui.pages import COMPLETIONS, LIKELIHOOD, OFFERED

PAGE = str(Path(__file__).parents[2] / "pages" / "likelihood.py")
COUNT = 30


def save(root: Path, name: str, model: str, data: str = "digits", **config: Any) -> None:
    cls = catalog.model_class(model)
    made = cls.Config(**config)
    torch.manual_seed(0)
    weights = cls(made)
    if model == "fvsbn":  # it starts from zero, where nothing depends on anything
        for p in weights.parameters():
            torch.nn.init.normal_(p, std=0.05)
    spec = checkpoint.Spec(model=model, config=made.model_dump(), recipe=Recipe(data=data))
    checkpoint.save(weights, root / name, spec)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two that are exact, one of few greys, one that bounds; one of colours, one of another set, and who cannot say."""
    folder = tmp_path_factory.mktemp("made")
    save(folder, "a-fvsbn", "fvsbn")
    save(folder, "b-pixelcnn", "pixelcnn", width=4, layers=2, levels=4)
    save(folder, "c-vae", "vae", width=16, latent=3)
    save(folder, "d-gan", "gan", width=16, latent=5)
    save(
        folder,
        "e-faces",
        "vae",
        "faces",
        space={"kind": "pictures", "channels": 3, "side": 64},
        width=8,
        latent=3,
        decoder="gaussian",
    )
    save(folder, "f-fashion", "fvsbn", "fashion")
    save(folder, "g-flow", "realnvp", "moons", space={"kind": "points"}, layers=3, width=8)
    save(
        folder, "h-line", "vae", "mixture1d", space={"kind": "points", "dims": 1}, width=8, latent=2, decoder="gaussian"
    )
    save(folder, "i-rbm", "rbm", "fashion", hidden=20)
    return folder


@pytest.fixture(autouse=True)
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of them, for a test to change."""
    folder = shutil.copytree(made, tmp_path / "checkpoints")
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder)
    monkeypatch.setattr(held, "MANY", COUNT)
    monkeypatch.setattr(held, "FEW", 12)
    st.cache_data.clear()
    st.cache_resource.clear()
    return folder


page = partial(opened, PAGE)


def said(at: AppTest) -> list[str]:
    return [e.value for e in [*at.error, *at.warning]]


def told(at: AppTest) -> list[dict[str, Any]]:
    """What the page's components were given."""
    return [json.loads(component.proto.json) for component in at.get("bidi_component")]


def table(at: AppTest, first: str) -> dict[str, list[str]]:
    """Of a table that begins with the cell `first`: first cell -> the others, its head among them."""
    (text,) = [m.value for m in at.markdown if m.value.startswith(f"| {first} |")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if not row[0].startswith("-")}


def nats(cell: str) -> float:
    found = re.match(r"\*\*(−?[\d.,]+) nats\*\*", cell)
    assert found, cell
    return float(found[1].replace("−", "-").replace(",", ""))


@pytest.mark.parametrize("part", ["picture", "pixels", "crowds", "odd"])
@pytest.mark.parametrize("model", ["a-fvsbn", "b-pixelcnn", "c-vae", "e-faces"])
def test_every_part_shows_what_a_model_can_do(model: str, part: str) -> None:
    if part == "pixels" and model in ("c-vae", "e-faces"):
        (sentence,) = said(page(f"model={model}&part=pixels"))
        assert "`part` must be one of picture, crowds, odd" in sentence
        return
    at = page(f"model={model}&part={part}")
    assert not said(at)
    assert told(at)


def test_every_model_of_the_same_data_says_its_number_in_the_column_of_its_kind() -> None:
    at = page("model=a-fvsbn")
    rows = table(at, "model")
    assert rows.pop("model")[:2] == ["exact", "lower bound"]
    assert sorted(name.rpartition(" ")[2] for name in rows) == ["a-fvsbn", "b-pixelcnn", "c-vae"]
    filled = {name.rpartition(" ")[2]: [bool(cell) for cell in row[:2]] for name, row in rows.items()}
    assert filled == {"a-fvsbn": [True, False], "b-pixelcnn": [True, False], "c-vae": [False, True]}
    assert any("d-gan" in m.value and "fvsbn" not in m.value for m in at.markdown), "who cannot say is named"


def test_page_command_line_and_library_agree(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a picture of the data, and on a photo of another size that each brings to the model's."""
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    for pixels_ in (data.load_pictures("digits", "test").pixels[5].permute(1, 2, 0).numpy(), photo):
        content = png(pixels_)
        (tmp_path / "in.png").write_bytes(content)
        kept: list[Any] = []
        log_prob = held.log_prob
        monkeypatch.setattr(held, "log_prob", lambda c, p: kept.append((c.name, log_prob(c, p))) or kept[-1][1])  # noqa: B023
        rows = table(page("model=a-fvsbn&way=upload", **{chosen.UPLOAD: content}), "model")
        monkeypatch.setattr(held, "log_prob", log_prob)
        shown = {name: float(answer.nats) for name, answer in kept}
        assert set(shown) == {"a-fvsbn", "b-pixelcnn", "c-vae"}
        for name, value in shown.items():
            model = sources.find(name).load()
            fitted = fitting.fit(uploads.read(content).pixels, model.config.space)
            assert value == pytest.approx(float(model.log_prob(fitted.x).nats), abs=1e-4)
            assert main(["score", name, str(tmp_path / "in.png")]) == 0
            assert float(capsys.readouterr().out.split()[1]) == pytest.approx(value, abs=1e-4)
            (row,) = [row for title, row in rows.items() if title.endswith(name)]
            assert nats(next(filter(None, row))) == pytest.approx(value, abs=0.5 if value < -1000 else 0.005)


def test_the_bound_rises_with_its_samples() -> None:
    at = page("model=c-vae")
    (chart,) = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    (line,) = chart["data"]
    found = sources.find("c-vae")
    assert line["x"] == list(scoring.DRAWS)
    assert line["y"] == sorted(line["y"])
    model: Any = found.load()
    bound = model.bound(fitting.to_x(held.offered(found)[:1]), 5000)
    assert line["y"][-1] == pytest.approx(float(bound.nats), abs=1e-3)


def heats(at: AppTest) -> dict[str, Any]:
    (found,) = [data for data in told(at) if "nats" in data]
    return found


@pytest.mark.parametrize("model", ["a-fvsbn", "b-pixelcnn"])
def test_surprise_adds_up_to_the_likelihood_and_laws_to_one(model: str) -> None:
    at = page(f"model={model}&part=pixels&example=3")
    sent = heats(at)
    assert len(sent["nats"]) == len(sent["law"]) == len(sent["read"]) == 784
    np.testing.assert_allclose(np.sum(sent["law"], 1), 1, atol=1e-3)
    expected = held.log_prob(sources.find(model), held.offered(sources.find(model))[3])
    assert sum(sent["nats"]) == pytest.approx(-float(expected.nats), abs=0.05)
    assert any(f"**{-float(expected.nats):.2f} nats**" in m.value for m in at.markdown)
    assert sent["labels"] == (["off", "on"] if model == "a-fvsbn" else [])


def test_a_pixel_has_its_completions_and_the_address_says_which() -> None:
    at = page("model=a-fvsbn&part=pixels")
    assert heats(at)["start"][0] == 14 * 28 + 14
    (made,) = [data for data in told(at) if data.get("name") == "Completions"]
    assert len(made["labels"]) == 1 + COMPLETIONS
    at.button(key=LIKELIHOOD.widget("at.0")).click().run()
    assert not at.exception
    (anew,) = [data for data in told(at) if data.get("name") == "Completions"]
    assert anew["sheet"] != made["sheet"]
    assert heats(at)["start"][0] == 0
    assert at.query_params["pixel"] == "0"
    again = page("model=a-fvsbn&part=pixels&pixel=0")
    assert [data["sheet"] for data in told(again) if data.get("name") == "Completions"] == [anew["sheet"]]


@pytest.mark.parametrize("model", ["a-fvsbn", "i-rbm"])
def test_half_a_picture_is_completed_by_whoever_can(model: str) -> None:
    at = page(f"model={model}&part=complete&given=left&seed=5")
    assert not said(at)
    (made,) = [data for data in told(at) if data.get("name") == "Completions"]
    assert made["labels"][1] == "as completed with seed 5"
    found = sources.find(model)
    picture, known = held.offered(found)[0], completion.half(28, "left")
    pictures = [picture, *completion.complete(found.load(), picture, known, range(5, 5 + COMPLETIONS))]  # type: ignore[arg-type]
    assert made["sheet"].endswith(base64.b64encode(png(grid_of(pictures, known))).decode())
    assert any("row by row from the top" in m.value for m in at.markdown) == (model == "a-fvsbn")
    at.button(key=LIKELIHOOD.widget("reseed")).click().run()
    assert at.query_params["seed"] != "5"


def grid_of(pictures: list[np.ndarray], known: np.ndarray) -> np.ndarray:
    return grid(np.stack([halves.tinted(picture, known) for picture in pictures]), halves.ACROSS, gap=0)


def test_half_a_drawing_stays_where_it_is() -> None:
    kept = Kept(f"{chosen.PAPER} white", "first", (LINE,))
    at = page("model=i-rbm&part=complete&way=draw", **{f"{chosen.PAPER}.kept": kept})
    (made,) = [data for data in told(at) if data.get("name") == "Completions"]
    lines = rasterise([LINE], 304).lines
    first = halves.tinted(fitting.placed(lines, 28), completion.half(28, "top"))
    sent = np.asarray(Image.open(io.BytesIO(base64.b64decode(made["sheet"].split(",")[1]))))
    np.testing.assert_array_equal(sent[:28, :28], first)
    rows, columns = np.nonzero(fitting.placed(lines, 28)[..., 0] > 64)
    assert (rows.min(), columns.min()) == (4, 4), "60 of 304 px, less half a line"


def test_what_is_given_of_a_completion_is_in_another_colour() -> None:
    picture = np.full((4, 4, 1), 255, np.uint8)
    coloured = halves.tinted(picture, (np.arange(16) < 6).reshape(4, 4))
    assert (coloured.reshape(-1, 3)[6:] == 255).all()
    assert (coloured.reshape(-1, 3)[:6, 1:] < 200).all()


@pytest.mark.parametrize("sent", [None, {}, {"place": None}, {"place": {"pixel": "x"}}, {"place": {"pixel": 784}},
                                  {"place": {"pixel": -1}}, {"place": {"pixel": float("inf")}}])  # fmt: skip
def test_what_a_browser_sends_is_checked(sent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"k": sent})
    assert heat.place("k", 784) is None
    monkeypatch.setattr(st, "session_state", {"k": {"place": {"pixel": 5}}})
    assert heat.place("k", 784) == 5


def test_many_greys_share_bars() -> None:
    law = torch.rand(256, 3, 3).softmax(0)
    found = heat.grouped(law.log().numpy())
    assert found.shape == (9, heat.GROUPS)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(found[0, 0], law[:16, 0, 0].sum(), atol=1e-5)


def test_many_pictures_are_as_the_library_scores_them() -> None:
    at = page("model=c-vae&part=crowds")
    found = sources.find("c-vae")
    model: Any = found.load()
    space = held.space(found)
    by = {
        key: scoring.scored(model, crowds.pictures(key, "digits", space, COUNT), held.DRAWS)
        for key in ("train", "test", "faded")
    }
    usual = float(by["train"].nats.mean())
    rows = table(at, "strangers")
    assert rows["strangers"] == ["likelihood", "typicality", "reconstruction error"]
    for score, cell in zip(("likelihood", "typicality", "reconstruction"), rows["faded test pictures"], strict=True):
        area = scoring.area(by["test"].oddity(score, usual), by["faded"].oddity(score, usual))  # type: ignore[arg-type]
        assert float(cell.strip("*")) == pytest.approx(area, abs=6e-4)


def test_a_model_without_an_encoder_has_no_reconstruction_error() -> None:
    at = page("model=a-fvsbn&part=crowds&score=reconstruction")
    assert any("`score` must be one of likelihood, typicality" in sentence for sentence in said(at))
    assert table(at, "strangers")["strangers"] == ["likelihood", "typicality"]


def test_a_lower_threshold_catches_more() -> None:
    at = page("model=a-fvsbn&part=odd&against=fashion&keep=100")

    def caught(at: AppTest) -> int:
        counts = [int(m.value.rpartition("warning: ")[2].split()[0]) for m in at.markdown if " of 30 test" in m.value]
        assert sum(counts) == COUNT
        return counts[1]

    assert caught(at) == 0
    at.slider(key=LIKELIHOOD.widget("keep")).set_value(70).run()
    assert caught(at) == 9
    assert at.query_params["keep"] == "70"


# --- Points ----------------------------------------------------------------------------------------------------------


def test_the_layers_of_a_flow_are_shown_and_its_density_is_log_prob() -> None:
    at = page("model=g-flow")
    assert not said(at)
    (sent,) = [data for data in told(at) if "stretch" in data]
    assert len(sent["layers"]) == len(sent["views"]) == 3 + 2
    count = sent["rows"] * sent["columns"]
    nodes, unit = sent["nodes"]
    places = unit * np.frombuffer(base64.b64decode(nodes), "<i2").reshape(5, count, 2)
    model: Any = sources.find("g-flow").load()
    x = torch.from_numpy(places[0]).float()
    assert len(sent["density"]) == count
    np.testing.assert_allclose(sent["density"], model.log_prob(x).nats.detach(), atol=0.02)  # places are rounded


def test_a_density_stands_beside_the_true_one_with_their_divergence() -> None:
    at = page("model=g-flow&part=density")
    assert not said(at)
    ours, true = (json.loads(chart.proto.spec)["data"][0] for chart in at.get("plotly_chart"))
    assert ours["zmax"] == true["zmax"]
    model: Any = sources.find("g-flow").load()
    found = density.gaps(model, data.load_points("moons", "test").density)
    assert found.invented
    for gap in (found.missed, found.invented):
        assert any(f"{gap.nats:.3f} ± {gap.error:.3f} nats" in m.value for m in at.markdown)


def test_a_bound_on_a_line_is_a_curve_and_its_divergence_a_bound() -> None:
    at = page("model=h-line")
    assert not said(at)
    (chart,) = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    assert [line["name"] for line in chart["data"]] == ["the model's (lower bound)", "the data's"]
    assert any("at most" in m.value and "KL(model" not in m.value for m in at.markdown)


def test_points_and_pictures_are_one_choice_apart() -> None:
    at = page("model=a-fvsbn&part=crowds")
    at.button_group(key=kinds.KIND).set_value("points").run()
    assert at.query_params["model"] == "g-flow"
    assert [data for data in told(at) if "stretch" in data]
    at.button_group(key=kinds.KIND).set_value("pictures").run()
    assert at.query_params["model"] == "a-fvsbn"
    assert not said(at)


@pytest.mark.parametrize(
    ("model", "parts"), [("h-line", ["density"]), ("g-flow", ["layers", "density"]), ("c-vae", ["picture", "crowds"])]
)
def test_a_law_without_width_is_one_sentence_and_no_nan(
    model: str, parts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of weights of the Hub, which may be any finite numbers."""
    load = checkpoint.Checkpoint.load

    def narrow(self: checkpoint.Checkpoint, *args: Any) -> Any:
        found: Any = load(self, *args)
        with torch.no_grad():
            for name, p in found.named_parameters():
                if name == "log_sigma":
                    p.fill_(-1000.0)
                elif name == "log_scale":
                    p.fill_(1000.0)
                elif model == "c-vae":
                    p.fill_(3e38)
        return found

    monkeypatch.setattr(checkpoint.Checkpoint, "load", narrow)
    MADE.clear()
    for part in parts:
        at = page(f"model={model}&part={part}")
        assert said(at) == [f"{model} gives no finite likelihood here, as its law has no width: choose another model."]
        assert not any(re.search(r"\bnan\b", m.value) for m in [*at.markdown, *at.caption])
    MADE.clear()


LINE = {"path": [["M", 60, 60], ["L", 240, 120]], "stroke": INK, "strokeWidth": 21}


def test_a_drawing_is_asked_about() -> None:
    kept = Kept(f"{chosen.PAPER} white", "first", (LINE,))
    at = page("model=a-fvsbn&way=draw", **{f"{chosen.PAPER}.kept": kept})
    assert len(table(at, "model")) == 4
    assert any("your drawing" in caption.value for caption in at.caption)
    empty = page("model=a-fvsbn&way=draw")
    assert [info.value for info in empty.info] == ["Bring a picture, and here stands what the models hold of it."]


@pytest.mark.parametrize(
    ("size", "mode", "colour", "notes"),
    [
        ((90, 120), "RGB", (200, 30, 20), "It was made grey and cut to a square and scaled from 90 x 120 to 28 x 28."),
        ((28, 28), "L", 0, None),
        (
            (300, 300),
            "L",
            255,
            "It was scaled from 300 x 300 to 28 x 28 and turned round, light for dark, with black for its paper.",
        ),
    ],
)
def test_what_was_done_to_a_picture_is_said_and_every_number_is_finite(
    size: tuple[int, int], mode: str, colour: Any, notes: str | None
) -> None:
    content = png(np.asarray(Image.new(mode, size, colour)).reshape(size[1], size[0], -1))
    for part in ("picture", "pixels", "crowds", "odd"):
        at = page(f"model=a-fvsbn&way=upload&part={part}", **{chosen.UPLOAD: content})
        assert not said(at)
        captions = [caption.value for caption in at.caption]
        assert f"As the models see it.{f' {notes}' if notes else ''}" in captions
        assert not re.search(r"\b(nan|inf)\b", " ".join([*captions, *(m.value for m in at.markdown)]))


def test_a_file_that_is_no_picture_leaves_the_one_before_in_place() -> None:
    content = png(np.zeros((28, 28, 1), np.uint8))
    at = page("model=a-fvsbn&way=upload", **{chosen.UPLOAD: content})
    one = png(np.zeros((1, 1, 1), np.uint8))
    at.get("file_uploader")[0].set_value(("one.png", one, "image/png")).run()
    assert not at.exception
    (sentence,) = said(at)
    assert "1 x 1" in sentence
    assert len(table(at, "model")) == 4


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("model=d-gan", "d-gan cannot say how likely anything is: choose another model."),
        (f"model=a-fvsbn&example={OFFERED}", "`example` must be a whole number from 0 to 11"),
        ("model=a-fvsbn&part=pixels&pixel=784", "`pixel` must be a whole number from 0 to 783"),
        ("model=a-fvsbn&part=odd&against=digits", "`against` must be one of fashion, faded, noise"),
        ("model=h-line&part=layers", "`part` must be density"),
        ("model=g-flow&part=pixels", "`part` must be one of density, layers"),
        ("model=i-rbm&part=complete&gibbs_steps=0", "`gibbs_steps` must be a whole number from 1 to 2000"),
        ("model=i-rbm&part=complete&given=middle", "`given` must be one of top, bottom, left, right"),
        ("model=e-faces&way=draw", "`way` must be one of example, upload"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(query: str, sentence: str) -> None:
    assert [sentence in s for s in said(page(query))] == [True]
