"""The data page, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from genlib import data
from genlib.budget import MADE
from genlib.ui.browse import browse
from genlib.ui.pages import PAGE as MOST

PAGE = str(Path(__file__).parents[2] / "pages" / "data.py")


def visit(**query: str) -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=120)
    for name, text in query.items():
        at.query_params[name] = text
    at.run()
    assert not at.exception
    return at


@pytest.mark.parametrize("name", data.names())
def test_every_set_shows_pictures_counts_licence_and_credit(name: str) -> None:
    at = visit(set=name)
    assert not at.error
    assert not at.warning
    info = data.info(name)
    assert [header.value for header in at.header] == [info.title]
    (caption,) = at.caption
    assert f"[{info.credit}]({info.source_url})" in caption.value
    assert f"[{info.licence}]({info.licence_url})" in caption.value
    assert all(f"{split} {count:,}" in caption.value for split, count in info.splits.items())


def test_every_set_of_points_is_drawn_with_credit() -> None:
    at = visit(set="points")
    charts, captions = at.get("plotly_chart"), at.caption
    for name, chart, caption in zip(data.point_names(), charts, captions, strict=True):
        info = data.info(name)
        assert info.description in caption.value
        assert info.credit in caption.value
        assert '"name":"data"' in chart.proto.spec


def test_pages_and_labels_hold_the_pictures_of_the_set() -> None:
    images = data.load_pictures("digits", "validation")
    sha256 = data.info("digits").files["validation"].sha256

    def wanted(rows: torch.Tensor) -> np.ndarray:
        return images.pixels[rows].permute(0, 2, 3, 1).numpy()

    pixels, called, count, page = browse("digits", sha256, "digit", None, 2)
    assert (count, page) == (len(images), 2)
    assert (pixels == wanted(torch.arange(MOST, 2 * MOST))).all()
    assert called == [f"digit {i}" for i in images.labels["digit"][MOST : 2 * MOST]]
    eights = (images.labels["digit"] == 8).nonzero().squeeze(1)
    last = -(-len(eights) // MOST)
    pixels, called, count, page = browse("digits", sha256, "digit", 8, 10_000)  # past the end: the last one
    assert (count, page) == (len(eights), last)
    assert (pixels == wanted(eights[(last - 1) * MOST :])).all()
    assert set(called) == {"digit 8"}


def test_a_line_drawing_stands_above_its_picture() -> None:
    images = data.load_pictures("emoji", "validation")
    assert images.lines is not None
    pixels, called, _, _ = browse("emoji", data.info("emoji").files["validation"].sha256, "group", None, 1)
    side = images.pixels.shape[-1]
    assert (pixels[3, :side] == images.lines[3, 0].numpy()[..., None]).all()
    assert (pixels[3, side:] == images.pixels[3].permute(1, 2, 0).numpy()).all()
    assert images.titles[3].endswith(called[3])


def test_an_address_is_read_written_and_refused_in_one_sentence() -> None:
    at = visit(set="faces", only="glasses.none", page="2")
    assert not at.warning
    assert at.selectbox[0].value == "glasses"
    assert any(m.value.startswith("61 to 120 of ") for m in at.markdown)
    at.button(key="data.Next").click().run()
    assert at.query_params == {"set": "faces", "only": "glasses.none", "page": "3"}
    at.selectbox[0].select("beard").run()
    assert at.query_params == {"set": "faces"}
    at.button_group(key="data.set").set_value("emoji").run()
    assert at.query_params == {"set": "emoji"}
    for query, told in (
        ({"set": "cats"}, "`set` must be one of digits,"),
        ({"set": "digits", "only": "glasses.none"}, "`only` must be one of all, digit.0,"),
        ({"set": "emoji", "page": "99"}, "`page` must be a whole number from 1 to 5, and `99` is not: 1 stands in."),
    ):
        (warning,) = visit(**query).warning
        assert warning.value.startswith(told)


def test_a_set_that_is_damaged_is_one_sentence_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = data.names()
    load = data.load_pictures

    def broken(name: str, *arguments: str) -> data.PictureSet:
        if name == first:
            raise data.DataError("The file is damaged; python -m genlib data build makes it anew.")
        return load(name, *arguments)

    MADE.clear()
    monkeypatch.setattr(data, "load_pictures", broken)
    at = visit()
    assert [error.value for error in at.error] == ["The file is damaged; python -m genlib data build makes it anew."]
    at.button_group(key="data.set").set_value(second).run()
    assert not at.error
    assert at.caption
