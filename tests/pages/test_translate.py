"""The page Translate, run without a browser: real models with untrained weights in a folder of their own."""

from __future__ import annotations

import base64
import gc
import io
import json
import shutil
import weakref
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
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from genlib import budget, catalog, checkpoint, data, keepsake, translation
from genlib.contract import Recipe
from genlib.drawing import INK, SEE_THROUGH
from genlib.sheets import to_uint8, zip_of
from genlib.spaces import Pictures
from genlib.ui.answers import FRAMES, TRAVEL, travelled
from genlib.ui.canvas import Kept
from genlib.ui.pages import ANSWERS, TRANSLATE

PAGE = str(Path(__file__).parents[2] / "pages" / "translate.py")
SMALL = {"generator_width": 4, "discriminator_width": 4}
MODEL, SOURCE, WAY, EXAMPLE, ANSWER, OTHERS, FILL = map(
    TRANSLATE.widget, ("model", "source", "way", "example", "answer", "others", "fill")
)
SKETCH, GREY, HAIR = TRANSLATE.default, "beta-grey", "gamma-hair"


def save(
    root: Path, name: str, model: str, data: str, side: int = 64, channels: Literal[1, 3] = 3, **config: Any
) -> None:
    cls = catalog.model_class(model)
    made = cls.Config(space=Pictures(channels=channels, side=side), **SMALL | config)
    torch.manual_seed(0)
    size = 64 if "emoji" in data else None
    spec = checkpoint.Spec(model=model, config=made.model_dump(mode="json"), recipe=Recipe(data=data, size=size))
    checkpoint.save(cls(made), root / name, spec)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three translators and a model that translates nothing."""
    folder = tmp_path_factory.mktemp("made")
    save(folder, SKETCH, "pix2pix", "emoji", latent=2)
    save(folder, GREY, "pix2pix", "faces+emoji", latent=2, source="grey")
    save(folder, HAIR, "discogan", "faces", a_name="blond hair", b_name="black hair")
    save(folder, "delta-gan", "dcgan", "faces", latent=2)
    return folder


@pytest.fixture(autouse=True)
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of them, for a test to change."""
    folder = shutil.copytree(made, tmp_path / "checkpoints")
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder)
    budget.MADE.clear()
    return folder


open_page = partial(opened, PAGE)


def components(at: AppTest) -> list[dict[str, Any]]:
    """What each component was told."""
    return [json.loads(c.proto.json) for c in at.get("bidi_component") if c.proto.json]


def decoded(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def compared(at: AppTest) -> tuple[np.ndarray, np.ndarray] | None:
    """Before and after, or None where nothing is compared."""
    for told in components(at):
        if "before" in told:
            return decoded(told["before"]), decoded(told["after"])
    return None


def answers(at: AppTest) -> list[str]:
    """The labels of the row of answers."""
    return next((t["labels"] for t in components(at) if any("answer" in x for x in t.get("labels", ()))), [])


def said(at: AppTest) -> list[str]:
    return [e.value for e in [*at.error, *at.warning]]


def drawing(size: tuple[int, int] = (400, 300)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    w, h = size
    pen.ellipse((w // 4, h // 4, 3 * w // 4, 3 * h // 4), outline="black", width=max(2, w // 80))
    pen.line((w // 3, h // 2, w // 2, 2 * h // 3), fill="black", width=max(2, w // 80))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bring(at: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    at.get("file_uploader")[0].upload(name, content, "application/octet-stream")
    at.run()
    assert not at.exception
    return at


def test_a_session_keeps_an_upload_as_it_came() -> None:
    at, content = open_page(f"model={SKETCH}&way=upload"), encoded(drawing())
    bring(at, content)
    assert compared(at)
    assert at.session_state["translate.upload"] == content  # and what was decoded is in the budget
    assert budget.MADE.bytes > 400 * 300 * 3


def test_shows_a_translation_at_once() -> None:
    at = open_page()
    assert not said(at)
    assert at.selectbox(key=MODEL).options == [
        f"Drawn faces and emoji by pix2pix · {GREY}",
        f"Emoji by pix2pix · {SKETCH}",
        f"Drawn faces by DiscoGAN · {HAIR}",
    ]
    before, after = compared(at) or pytest.fail("nothing is compared")
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    assert len(answers(at)) == ANSWERS + 1  # the truth is the last one
    assert not at.query_params, "an address that was only read stays as it is"


def test_a_permalink_brings_everything_back() -> None:
    query = f"model={SKETCH}&from=line-drawings&way=example&example=5&seed=40&crop=false&strokes=false&variation=0.5"
    at = open_page(query)
    assert not said(at)
    assert at.session_state[EXAMPLE] == 5
    assert answers(at)[1] == "the answer with seed 40"
    assert not at.toggle(key=TRANSLATE.widget("crop")).value
    assert at.toggle(key=TRANSLATE.widget("paper")).value
    assert at.slider[0].value == 0.5
    assert at.query_params == dict(pair.split("=") for pair in query.split("&"))
    same, other = compared(open_page(query)), compared(open_page(query.replace("example=5", "example=6")))
    assert np.array_equal(compared(at)[1], same[1])  # type: ignore[index]
    assert not np.array_equal(same[1], other[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("model=nobody", f"There is no checkpoint called `nobody`: choose one of {GREY}, {SKETCH}, {HAIR}."),
        ("model=delta-gan", "delta-gan translates nothing: choose another model."),
        (f"model={HAIR}&from=grey-pictures", "`from` must be one of blond-hair, black-hair"),
        ("way=telepathy", "`way` must be one of example, upload, draw"),
        ("example=1000", "`example` must be a whole number from 0 to 23"),
        ("seed=-1", "`seed` must be a whole number"),
        ("crop=perhaps", "`crop` must be true or false, and `perhaps` is not: true stands in."),
        ("variation=9", "`variation` must be a number from 0.0 to 2.0"),
        ("colour=red", "no control called `colour`"),
    ],
)
def test_an_address_that_cannot_be_had(query: str, words: str) -> None:
    at = open_page(query)
    assert len(said(at)) == 1
    assert words in said(at)[0]
    assert compared(at)


def test_flat_or_painted() -> None:
    at = open_page(f"model={SKETCH}")
    flat = compared(at)
    at.segmented_control(key=FILL).set_value("painted").run()
    assert not at.exception
    assert at.query_params["fill"] == "painted"
    painted = compared(at)
    assert not np.array_equal(flat[1], painted[1])  # type: ignore[index]
    assert np.array_equal(compared(open_page(f"model={SKETCH}&fill=painted"))[1], painted[1])  # type: ignore[index]


def test_layers_are_offered_of_drawings_and_made_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    make = translation.layers
    monkeypatch.setattr(translation, "layers", lambda *a: asked.append(a) or make(*a))

    def offered(at: AppTest) -> list[str]:
        return [b.proto.label for b in at.get("download_button")]

    at = open_page(f"model={SKETCH}")
    assert [label.split(",")[0] for label in offered(at)] == ["Download PNG", "OpenRaster", "PSD", "SVG"]
    assert not asked
    grey = offered(open_page(f"model={GREY}"))
    assert [label.split(",")[0] for label in grey] == ["Download PNG", "OpenRaster", "PSD"]
    assert offered(open_page(f"model={HAIR}")) == ["Download PNG"]
    at.session_state[ANSWER] = ANSWERS  # the artist's own colours are no layers
    assert offered(at.run()) == ["Download PNG"]


def test_an_address_names_the_answer_that_is_large() -> None:
    at = open_page("answer=3")
    assert at.session_state[ANSWER] == 3
    at.button(key=OTHERS).click().run()
    assert at.query_params["answer"] == "1"
    truth = open_page(f"answer={ANSWERS}")
    assert compared(truth)[1].shape == (64, 64, 3)  # type: ignore[index]


def test_a_hint_on_the_paper_counts_for_every_model_that_takes_hints() -> None:
    def path(*points: tuple[int, int]) -> list[list[object]]:
        return [["M", *points[0]], *(["L", *p] for p in points[1:])]

    pen = {"stroke": INK, "strokeWidth": 6}
    square = pen | {"path": path((100, 100), (400, 100), (400, 400), (100, 400), (100, 100))}
    dot = pen | {"path": path((240, 250), (260, 250)), "stroke": "#ff0000" + SEE_THROUGH, "strokeWidth": 24}
    for name in (SKETCH, GREY):
        found = []
        for strokes in ([square], [square, dot]):
            at = AppTest.from_file(PAGE, default_timeout=120)
            at.query_params["model"], at.query_params["way"] = name, "draw"
            at.session_state["translate.drawing.kept"] = Kept("translate.drawing white", "1", tuple(strokes))
            at.run()
            assert not at.exception
            assert not at.error
            found.append(compared(at)[1])  # type: ignore[index]
        assert not np.array_equal(*found), name


@pytest.mark.parametrize(
    ("name", "model", "data", "config"),
    [
        ("a", "pix2pix", "emoji", {"side": 32}),
        ("b", "pix2pix", "faces", {}),
        ("c", "pix2pix", "digits", {"side": 28, "source": "grey"}),
        ("d", "pix2pix", "nowhere", {}),
        ("e", "discogan", "emoji", {}),
        ("f", "discogan", "faces", {"a": (77,)}),
        ("g", "discogan", "faces", {"channels": 1}),
    ],
)
def test_a_strangers_model_that_does_not_fit_its_data(
    root: Path, name: str, model: str, data: str, config: dict[str, Any]
) -> None:
    save(root, name, model, data, latent=2, **config) if model == "pix2pix" else save(root, name, model, data, **config)
    assert len(open_page(f"model={name}").error) == 1
    at = bring(open_page(f"model={name}&way=upload"), encoded(drawing()))
    assert compared(at), "an upload needs no data"


def test_a_damaged_checkpoint_leaves_the_others(root: Path) -> None:
    (root / SKETCH / "model.safetensors").write_bytes(b"no")
    at = open_page(f"model={SKETCH}&seed=5")
    (problem,) = said(at)
    assert "damaged" in problem
    assert compared(at) is None
    at.selectbox(key=MODEL).select(GREY).run()
    assert not said(at)
    assert compared(at)
    assert answers(at)[1] == "the answer with seed 5"


def test_no_weights_are_read_to_understand_an_address(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: checkpoint.Checkpoint, *_: object) -> None:
        raise AssertionError("the weights were asked for")

    monkeypatch.setattr(checkpoint.Checkpoint, "load", load)
    at = open_page(f"model={HAIR}&from=black-hair&way=upload")
    assert not said(at)
    assert at.segmented_control(key=SOURCE).value == "black-hair"


def test_nothing_is_drawn_where_outlines_are_no_picture() -> None:
    at = open_page(f"model={HAIR}&way=draw")
    assert said(at) == ["`way` must be one of example, upload, and `draw` is not: example stands in."]
    assert len(at.segmented_control(key=WAY).options) == 2
    assert compared(at)
    # Whoever draws and then chooses such a model sees an example, and draws on when back.
    at = open_page(f"model={SKETCH}&way=draw")
    at.selectbox(key=MODEL).select(HAIR).run()
    assert at.segmented_control(key=WAY).value == "example"
    assert compared(at)
    at.selectbox(key=MODEL).select(SKETCH).run()
    assert len(at.segmented_control(key=WAY).options) == 3
    assert not at.exception


def test_another_answer_asks_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = translation.answers
    monkeypatch.setattr(translation, "answers", lambda *a: asked.append(a) or ask(*a))
    at = open_page()
    first = compared(at)
    assert len(asked) == 1
    at.session_state[ANSWER] = ANSWERS  # as a click on the last one does
    at.run()
    assert not np.array_equal(compared(at)[1], first[1])  # type: ignore[index]
    assert len(asked) == 1
    at.button(key=OTHERS).click().run()
    assert len(asked) == 2


def test_five_others() -> None:
    at = open_page()
    at.button(key=OTHERS).click().run()
    assert answers(at)[1:3] == ["the answer with seed 5", "the answer with seed 6"]
    assert at.query_params["seed"] == "5"


def test_both_ways_and_the_round_trip() -> None:
    at = open_page(f"model={HAIR}")
    assert not answers(at)
    there = compared(at)
    at.segmented_control(key=SOURCE).set_value("black-hair").run()
    assert not at.exception
    assert at.query_params["from"] == "black-hair"
    assert not np.array_equal(compared(at)[1], there[1])  # type: ignore[index]
    assert any("round trip changes a pixel by 0." in c.value for c in at.caption)


def test_a_model_that_cannot_go_the_way_of_the_one_before() -> None:
    at = open_page(f"model={HAIR}&from=black-hair")
    at.selectbox(key=MODEL).select(SKETCH).run()
    assert not at.exception
    assert not said(at)
    assert at.query_params["from"] == "line-drawings"


def test_what_waits_to_be_taken_away_holds_no_large_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is brought is 20 times as large as its file: it is in the budget that all share, or made again."""
    known: list[weakref.ref[translation.Brought]] = []
    offered: list[Callable[[], bytes]] = []
    bring_one, button = translation.bring, st.download_button
    monkeypatch.setattr(translation, "bring", lambda *a: (one := bring_one(*a), known.append(weakref.ref(one)))[0])
    monkeypatch.setattr(
        st, "download_button", lambda label, made, *a, **k: (offered.append(made), button(label, made, *a, **k))
    )
    at = bring(open_page("way=upload"), encoded(drawing((900, 600))))
    mine, before = offered[:3], offered[0]()  # as PNG, and in layers
    budget.MADE.clear()
    at.segmented_control(key=WAY).set_value("draw").run()  # of the script that ran last, Streamlit keeps what it named
    gc.collect()
    assert [one() for one in known] == [None]
    assert mine[0]() == before
    assert len(mine[1]()) > len(before)


def test_an_upload_keeps_its_own_lines() -> None:
    at = bring(open_page("way=upload"), encoded(drawing((900, 600))))
    assert not at.error
    _, after = compared(at)  # type: ignore[misc]
    assert after.shape == (600, 900, 3)
    dark = np.asarray(drawing((900, 600)).convert("L")) < 50
    assert after[dark].max() < 120, "the visitor's lines are gone"


def test_a_bad_upload_says_so_and_loses_nothing() -> None:
    at = bring(open_page("way=upload"), encoded(drawing()))
    good = compared(at)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "hello")
    for content in (
        b"",
        b"hello",
        archive.getvalue(),
        encoded(drawing())[:300],
        bytes(10_000_001),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ):
        bring(at, content)
        assert len(at.error) == 1
        assert at.error[0].value.endswith(".")
        assert np.array_equal(compared(at)[1], good[1])  # type: ignore[index]
    bring(at, encoded(drawing()))
    assert not at.error


def test_an_empty_picture_is_one_sentence() -> None:
    at = bring(open_page("way=upload"), encoded(Image.new("RGB", (300, 300), "white")))
    assert len(at.error) == 1
    assert "no lines" in at.error[0].value
    assert compared(at) is None


def test_a_photo_is_far_from_drawn_faces() -> None:
    noise = np.random.default_rng(0).normal(120, 60, (200, 200, 3)).clip(0, 255).astype(np.uint8)
    at = bring(open_page(f"model={HAIR}&way=upload"), encoded(Image.fromarray(noise)))
    assert any("unlike what the model learned from" in w.value for w in at.warning)
    assert compared(at)
    assert not open_page(f"model={HAIR}").warning


def test_a_photo_among_the_sketches_is_warned_of() -> None:
    import skimage.data

    at = bring(open_page("way=upload"), encoded(Image.fromarray(skimage.data.astronaut()[5:195, 24:214])))
    assert compared(at)
    assert any("looks like a photo" in w.value for w in at.warning)
    assert not bring(at, encoded(drawing())).warning


def test_an_empty_canvas_asks_for_a_drawing() -> None:
    at = open_page("way=draw")
    assert not said(at)
    assert any("Draw something" in i.value for i in at.info)
    assert compared(at) is None


def test_an_upload_survives_a_visit_elsewhere() -> None:
    at = bring(open_page("way=upload"), encoded(drawing()))
    shown = compared(at)
    at.segmented_control(key=WAY).set_value("example").run()
    at.segmented_control(key=WAY).set_value("upload").run()
    assert not at.exception
    assert np.array_equal(compared(at)[1], shown[1])  # type: ignore[index]


def test_a_film_travels_from_answer_to_answer() -> None:
    at = open_page(f"model={SKETCH}&seed=3")
    assert not [told for told in components(at) if "fps" in told]
    at.toggle(key=TRAVEL).set_value(True).run()
    assert not said(at)
    (film,) = [told for told in components(at) if "fps" in told]
    assert {"Film as GIF", "Film as WebP"} <= {button.proto.label for button in at.get("download_button")}
    stops = [label for label in film["labels"] if "→" not in label]
    assert stops == ["the most typical answer", *(f"seed {n}" for n in range(3, 8)), "the most typical answer"]
    # A model whose answers have no codes, and answers that are all the same.
    at.selectbox(key=MODEL).select(HAIR).run()
    assert not [toggle for toggle in at.toggle if toggle.key == TRAVEL]
    at = open_page(f"model={SKETCH}&variation=0.0")
    at.toggle(key=TRAVEL).set_value(True).run()
    assert any("are the same" in sentence for sentence in said(at))


def test_each_stop_of_the_film_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """With shipped weights: untrained ones hardly hear the code."""
    monkeypatch.undo()
    found = checkpoint.shipped(SKETCH)
    model, values = found.load(), found.model_class.Controls()
    (source,) = model.worlds(found.config).sources  # type: ignore[attr-defined]
    x = data.load_pictures("emoji", "test", size=128).take(slice(0, 1)).drawings(slice(None))
    frames, stops = travelled(found, source, x, [3, 4], values, None)
    assert frames.shape == (FRAMES, 128, 128, 3)
    answers = to_uint8(translation.answers(model, source, x, [3, 4], values))  # type: ignore[arg-type]
    for stop, answer in zip(stops, (*answers, answers[0]), strict=True):
        assert np.abs(frames[stop].astype(int) - answer).max() <= 1
    assert np.abs(answers[1].astype(int) - answers[2]).max() > 20  # they do differ


def test_the_colours_of_a_reference_picture() -> None:
    """Uploaded in a popover; they stand in the address and steer the answers."""
    at = bring(open_page(f"model={SKETCH}&way=upload"), encoded(drawing()))
    before = compared(at)
    reference = Image.new("RGB", (60, 40), (200, 40, 160))
    reference.paste((20, 120, 90), (0, 0, 36, 40))
    at.file_uploader(key="translate.palette.file").set_value(("flag.png", encoded(reference), "image/png")).run()
    assert not at.exception
    assert at.query_params["palette"] == "14785a-c828a0"
    after = compared(at)
    assert before is not None
    assert after is not None
    middle = after[1][after[1].shape[0] // 3, after[1].shape[1] // 2]
    assert min(np.abs(middle - np.array(c)).max() for c in ((200, 40, 160), (20, 120, 90))) < 24
    at.button(key="translate.palette.drop").click().run()
    again = compared(at)
    assert again is not None
    assert (again[1] == before[1]).all()


def test_a_part_of_an_upload_turned_and_on_paper_of_a_colour() -> None:
    """Widgets and address say the same, and another picture is taken whole."""
    at = bring(open_page(f"model={SKETCH}&way=upload"), encoded(drawing((600, 400))))
    at.slider(key="translate.part.across").set_range(0.0, 50.0).run()
    assert at.query_params["part"] == "0-0-500-1000"
    assert (compared(at) or pytest.fail("nothing is compared"))[1].shape == (512, 384, 3)
    at.button(key="translate.turn.1").click().run()
    assert "part" not in at.query_params
    assert at.query_params["turn"] == "1"
    assert (compared(at) or pytest.fail("nothing is compared"))[1].shape == (600, 400, 3)
    at.color_picker(key="translate.tone.picker").set_value("#ffeedd").run()
    assert at.query_params["tone"] == "ffeedd"
    assert not at.exception
    bring(at, encoded(drawing((500, 400))))
    assert not {"tone", "turn", "part"} & set(at.query_params)


def test_drawings_on_a_sheet_are_offered_one_by_one() -> None:
    sheet = Image.new("RGB", (900, 500), "white")
    for x in (0, 450):
        sheet.paste(drawing((450, 500)), (x, 0))
    at = bring(open_page(f"model={SKETCH}&way=upload"), encoded(sheet))
    told = next(t for t in components(at) if t.get("name") == "Drawings")
    assert told["labels"] == ["the whole sheet", "drawing 1 of 2", "drawing 2 of 2"]
    assert told["chosen"] == 0
    part = "-".join(map(str, at.session_state["translate.pieces.found"][1]))
    alone = bring(open_page(f"model={SKETCH}&way=upload"), encoded(sheet))
    alone.session_state["translate.part"] = part
    _, after = compared(alone.run()) or pytest.fail("nothing is compared")
    assert after.shape[0] > 0.6 * after.shape[1]
    assert next(t for t in components(alone) if t.get("name") == "Drawings")["chosen"] == 2


def test_what_was_taken_home_is_gone_on_with() -> None:
    """Picture, choices and colours by hand of another session, from its file, though something else is there now."""
    blob = {"path": [["M", 256, 256], ["L", 300, 256]], "stroke": "#61b2e4" + SEE_THROUGH, "strokeWidth": 30}
    query = {"model": SKETCH, "way": "upload", "seed": "7", "fill": "painted", "answer": "2", "turn": "1"}
    ora = zip_of(keepsake.packed(keepsake.Kept(query, encoded(drawing((600, 400))), [], [blob])))
    at = bring(open_page(f"model={SKETCH}&way=upload"), encoded(drawing()))
    bring(at, ora, "mine.ora")
    assert not said(at)
    assert {name: at.query_params[name] for name in query} == query
    assert (compared(at) or pytest.fail("nothing is compared"))[1].shape == (600, 400, 3)
    told = next(t for t in components(at) if t.get("name") == "translate.hints")
    assert told["back"]["objects"] == [blob]
    assert at.toggle(key="translate.hinting").value
    bring(at, zip_of({"letter.txt": b"Dear all"}), "letter.zip")
    assert "this page made" in said(at)[0]
    assert (compared(at) or pytest.fail("nothing is compared"))[1].shape == (600, 400, 3)


def test_a_grey_picture_that_was_taken_home_is_gone_on_with() -> None:
    blob = {"path": [["M", 256, 256], ["L", 300, 256]], "stroke": "#61b2e4" + SEE_THROUGH, "strokeWidth": 30}
    query = {"model": GREY, "way": "upload", "seed": "7"}
    ora = zip_of(keepsake.packed(keepsake.Kept(query, encoded(drawing()), [], [blob])))
    at = bring(open_page(f"model={SKETCH}&way=upload"), ora, "mine.ora")
    assert not said(at)
    assert {name: at.query_params[name] for name in query} == query
    assert next(t for t in components(at) if t.get("name") == "translate.hints")["back"]["objects"] == [blob]


def test_another_session_brings_no_drawings_of_the_sheet_before() -> None:
    sheet = Image.new("RGB", (620, 300), "white")
    for x in (30, 230, 430):
        ImageDraw.Draw(sheet).ellipse((x, 60, x + 150, 210), outline="black", width=6)
    at = bring(open_page(f"model={SKETCH}&way=upload"), encoded(sheet))
    assert any("3 drawings on this sheet" in caption.value for caption in at.caption)
    query = {"model": SKETCH, "way": "upload", "part": "100-100-900-900"}
    bring(at, zip_of(keepsake.packed(keepsake.Kept(query, encoded(drawing())))), "mine.ora")
    assert at.query_params["part"] == query["part"]
    assert not any("on this sheet" in caption.value for caption in at.caption)


def test_a_session_without_colours_by_hand_takes_none_away() -> None:
    """Those on the sheet of a picture that is brought once more, which the browser keeps."""
    mine = encoded(drawing())
    at = bring(open_page(f"model={SKETCH}&way=upload"), mine)
    at.toggle(key="translate.hinting").set_value(True).run()
    sheet = next(t for t in components(at) if t.get("name") == "translate.hints")["sheet"]
    query = {"model": SKETCH, "way": "upload"}
    bring(at, zip_of(keepsake.packed(keepsake.Kept(query, encoded(drawing((600, 400)))))), "other.ora")
    bring(at, mine)
    at.toggle(key="translate.hinting").set_value(True).run()
    told = next(t for t in components(at) if t.get("name") == "translate.hints")
    assert told["sheet"] == sheet
    assert told["back"] is None


def test_a_checkpoint_that_is_made_anew_answers_anew(root: Path) -> None:
    at = open_page(f"model={SKETCH}")
    before = at.session_state["translate.made"]
    at.run()
    assert at.session_state["translate.made"] is before
    save(root, SKETCH, "pix2pix", "emoji", latent=3)
    at.run()
    assert not torch.equal(at.session_state["translate.made"][1], before[1])
