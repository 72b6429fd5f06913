"""The page Latent space, run without a browser: real models with untrained weights in a folder of their own."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from opened import opened
from streamlit.testing.v1 import AppTest

from genlib import catalog, checkpoint, moments
from genlib.budget import MADE
from genlib.contract import Recipe
from genlib.drawing import INK
from genlib.sheets import png
from genlib.ui.canvas import Kept
from genlib.ui.latent import codes, own, plane
from genlib.ui.pages import KEYS, LATENT

PAGE = str(Path(__file__).parents[2] / "pages" / "latent.py")
MODEL, PART, CHOSEN = map(LATENT.widget, ("model", "part", "keys"))


def save(root: Path, name: str, model: str, data: str = "digits", **config: Any) -> None:
    cls = catalog.model_class(model)
    made = cls.Config(**config)
    torch.manual_seed(0)
    spec = checkpoint.Spec(model=model, config=made.model_dump(), recipe=Recipe(data=data))
    checkpoint.save(cls(made), root / name, spec)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What encodes and draws, what only draws, what only encodes, two of two dimensions, and what has no such space."""
    folder = tmp_path_factory.mktemp("made")
    save(folder, "a-vae", "vae", width=16, latent=4)
    save(folder, "b-gan", "gan", width=16, latent=5)
    save(folder, "c-autoencoder", "autoencoder", width=16, latent=3)
    save(folder, "flat-vae", "vae", width=16, latent=2)
    save(folder, "flat-autoencoder", "autoencoder", width=16, latent=2)
    save(folder, "thin-vae", "vae", width=16, latent=1)
    save(folder, "judge", "classifier", heads={"digit": 10}, width=8)
    return folder


@pytest.fixture(autouse=True)
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of them, for a test to change."""
    folder = shutil.copytree(made, tmp_path / "checkpoints")
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder)
    st.cache_data.clear()
    st.cache_resource.clear()
    return folder


open_page = partial(opened, PAGE)


def told(at: AppTest) -> list[dict[str, Any]]:
    """What the page's components were given."""
    return [json.loads(component.proto.json) for component in at.get("bidi_component")]


def film(at: AppTest) -> dict[str, Any]:
    (found,) = [data for data in told(at) if "fps" in data]
    return found


def pads(at: AppTest) -> list[dict[str, Any]]:
    (found,) = [data["pads"] for data in told(at) if "pads" in data]
    return found


def sheet(at: AppTest) -> str:
    """The address of the picture that shows what was added; it follows from its pixels."""
    (found,) = at.get("image")
    url: str = found.proto.imgs[0].url
    assert url
    return url


def said(at: AppTest) -> list[str]:
    return [e.value for e in [*at.error, *at.warning]]


@pytest.mark.parametrize("part", ["path", "plane", "attributes", "units"])
@pytest.mark.parametrize("model", ["a-vae", "b-gan", "c-autoencoder", "flat-vae", "flat-autoencoder"])
def test_every_part_shows_what_a_model_can_do(model: str, part: str) -> None:
    at = open_page(f"model={model}&part={part}")
    assert not said(at)
    assert told(at)


def test_a_model_without_a_plane_does_not_offer_one() -> None:
    at = open_page("model=thin-vae")
    assert "plane" not in at.button_group(key=PART).options
    assert not said(at)
    at = open_page("model=thin-vae&part=plane")
    assert any("part" in sentence and "plane" in sentence for sentence in said(at))


def test_of_as_many_numbers_as_a_picture_has_none_is_turned_by_itself(root: Path) -> None:
    save(root, "flow", "realnvp", levels=1, layers=2, width=4, depth=1)
    at = open_page("model=flow")
    assert at.button_group(key=PART).options == open_page("model=a-vae").button_group(key=PART).options[:-1]
    assert not said(at)
    assert any("units" in sentence for sentence in said(open_page("model=flow&part=units")))


def test_a_film_has_as_many_frames_as_one_wants_and_begins_with_the_first() -> None:
    at = open_page("model=a-vae&given=seeds&keys=3-8-4&frames=30")
    assert len(film(at)["labels"]) == 30
    assert film(at)["start"] == 0
    before = film(at)["sheet"]
    assert before != film(open_page("model=a-vae&given=seeds&keys=3-9-4&frames=30"))["sheet"]
    assert before == film(open_page("model=a-vae&given=seeds&keys=3-8-4&frames=30"))["sheet"]


def test_the_two_ways_differ_and_the_address_says_which() -> None:
    at = open_page("model=a-vae&given=seeds&keys=3-8")
    spherical = film(at)["sheet"]
    at.button_group(key=LATENT.widget("way")).set_value("straight").run()
    assert film(at)["sheet"] != spherical
    assert at.query_params["way"] == "straight"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("model=a-vae&keys=3-3", "Picture 1 and the next one are the same: choose two that differ."),
        ("model=a-vae&keys=3-x", "`3-x` is not: click the pictures"),
        ("model=a-vae&keys=1-2-3-4-5-6-7", f"up to {KEYS} numbers"),
        ("model=a-vae&given=pictures&keys=3-999999", "no number 999999"),
        ("model=judge", "judge has no latent space of pictures: choose another model."),
        ("model=b-gan&given=pictures", "`given` must be seeds"),
        ("model=a-vae&part=plane&x=7", "`x` must be a number from -1"),
        ("model=a-vae&part=attributes&add=glasses.round", "knows no `glasses.round`"),
        ("model=flat-vae&part=plane&cut=three", "`cut` must be whole"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(query: str, sentence: str) -> None:
    at = open_page(query)
    assert [s for s in said(at) if sentence in s], said(at)
    assert len(said(at)) == 1


def test_three_pictures_on_a_line_make_no_plane() -> None:
    at = open_page("model=b-gan&part=plane&keys=4-4-9")
    assert [s for s in said(at) if "lie on a line" in s]


def test_models_of_the_same_data_stand_side_by_side_under_one_cursor() -> None:
    at = open_page("model=flat-vae&part=plane")
    assert [pad["title"].partition(" ")[0] for pad in pads(at)] == ["flat-autoencoder", "flat-vae"]
    assert len(pads(at)[0]["points"]) > 1000
    at.toggle(key=LATENT.widget("others")).set_value(False).run()
    assert [pad["title"].partition(" ")[0] for pad in pads(at)] == ["flat-vae"]


def test_an_attribute_that_is_added_changes_the_pictures_and_stands_in_the_address() -> None:
    at = open_page("model=a-vae&part=attributes")
    before = sheet(at)
    pills = at.button_group(key=f"{LATENT.widget('add')}.digit")
    assert pills.options == [str(d) for d in range(10)]
    pills.set_value("7").run()
    assert at.query_params["add"] == "digit.7"
    assert sheet(at) != before
    assert any("Digit: 7." in caption.value for caption in at.caption)
    again = open_page("model=a-vae&part=attributes&add=digit.7")
    assert sheet(again) == sheet(at)


def test_what_is_sent_of_a_plane_stays_the_same_while_the_cursor_moves() -> None:
    """So that its mosaics, some hundred kilobytes, travel once."""
    first, second = (
        [
            c.proto.json
            for c in open_page(f"model=flat-vae&part=plane&{at}").get("bidi_component")
            if "pads" in c.proto.json
        ]
        for at in ("x=0.1", "x=0.1")
    )
    assert first == second


def test_a_model_without_an_encoder_has_planes_through_draws_and_no_dots() -> None:
    at = open_page("model=b-gan&part=plane")
    assert [pad["points"] for pad in pads(at)] == [[]]


def test_changing_the_model_keeps_the_part_and_drops_what_it_cannot_have() -> None:
    at = open_page("model=a-vae&part=units&given=pictures")
    at.selectbox(key=MODEL).select("b-gan").run()
    assert not at.exception
    assert at.query_params["part"] == "units"
    assert not said(at)


def test_a_minus_b_plus_c_shows_three_groups_and_their_sum() -> None:
    at = open_page("model=a-vae&part=attributes&how=analogy&a=digit.1&b=digit.0&c=digit.7&each=2")
    assert not said(at)
    sheets = [image.proto.imgs[0].url for image in at.get("image")]
    assert len(set(sheets)) == 8  # each group and its mean, the result, and what lies next to it
    at.selectbox(key=f"{LATENT.widget('a')}.first").select("digit.4").run()
    assert at.query_params["a"] == "digit.4"
    changed = [image.proto.imgs[0].url for image in at.get("image")]
    assert [old == new for old, new in zip(sheets, changed, strict=True)] == [False] * 2 + [True] * 4 + [False] * 2


def test_data_without_labels_has_no_a_minus_b_plus_c(root: Path) -> None:
    save(root, "joined", "vae", "faces+emoji", width=16, latent=4)
    at = open_page("model=joined&part=attributes&given=seeds&how=analogy")
    assert any("`how` must be add" in sentence for sentence in said(at))
    assert not [group for group in at.get("button_group") if group.key == LATENT.widget("how")]


def drawn(objects: tuple[dict[str, Any], ...], version: str = "first") -> AppTest:
    """The plane, with a drawing that the browser sent."""
    at = AppTest.from_file(PAGE, default_timeout=120)
    at.query_params["model"], at.query_params["part"] = "flat-vae", "plane"
    at.session_state[plane.DRAWING] = True
    at.session_state[f"{own.PAPER}.kept"] = Kept(f"{own.PAPER} white", version, objects)
    at.run()
    assert not at.exception
    return at


LINE = {"path": [["M", 60, 60], ["L", 240, 120]], "stroke": INK, "strokeWidth": 21}


def test_a_drawing_is_put_into_every_plane() -> None:
    at = drawn((LINE,))
    (marks,) = [data["marks"] for data in told(at) if "marks" in data]
    assert len(pads(at)) == len(marks) == 2
    assert all(marks)
    shown = [data for data in told(at) if data.get("name") == "Your picture"]
    assert [len(data["labels"]) for data in shown] == [3]  # as it is seen, and as both draw it again
    assert [data["marks"] for data in told(drawn(())) if "marks" in data] == [[None, None]]


def test_one_s_own_picture_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[tuple[int, ...]] = []
    encode = codes.encoded
    monkeypatch.setattr(codes, "encoded", lambda c, pictures: encoded.append(pictures.shape) or encode(c, pictures))
    at = AppTest.from_file(PAGE, default_timeout=120)
    at.query_params.update({"model": "a-vae", "part": "path", "keys": f"{own.NUMBER}-3"})
    at.session_state[own.PICTURE] = png(np.full((28, 28, 1), 200, np.uint8))
    at.run()
    assert not said(at)
    assert encoded == [(1, 28, 28, 1)] * 2  # the other one is picture 3


def test_how_a_model_learned_is_shown_where_its_moments_are(root: Path) -> None:
    def films(at: AppTest) -> list[dict[str, Any]]:
        return [data for data in told(at) if "fps" in data and "training" in data["labels"][0]]

    assert not films(open_page("model=a-vae&part=units"))
    config = root / "a-vae" / checkpoint.CONFIG
    config.write_text(json.dumps({**json.loads(config.read_text()), "moments": [0, 100]}))
    file = root / "a-vae" / checkpoint.MOMENTS
    file.write_bytes(moments.encode(np.zeros((2, 16, 28, 28, 1), np.uint8)))
    (found,) = films(open_page("model=a-vae&part=units"))
    assert found["labels"] == ["after 0 steps of training", "after 100 steps of training"]
    config.write_text(json.dumps({**json.loads(config.read_text()), "moments": [50, 100]}))  # its beginning is lost
    assert not films(open_page("model=a-vae&part=units"))
    config.write_text(json.dumps({**json.loads(config.read_text()), "moments": [0, 100]}))
    file.write_bytes(b"no picture")
    MADE.clear()
    assert said(open_page("model=a-vae&part=units")) == [
        "a-vae: moments.webp does not fit config.json: it is no WebP picture."
    ]
