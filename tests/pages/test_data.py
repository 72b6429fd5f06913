"""The data page, without a browser."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from streamlit.testing.v1 import AppTest

from genlib import data
from genlib.budget import MADE
from genlib.ui.strip import strip

PAGE = str(Path(__file__).parents[2] / "pages" / "data.py")


def test_every_set_shows_pictures_counts_licence_and_credit() -> None:
    app = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not app.exception
    assert not app.error
    assert [header.value for header in app.header] == [*(data.info(name).title for name in data.names()), "Points"]
    assert len(app.get("image")) == len(data.names()) > 0
    captions = app.caption[: len(data.names())]
    for name, label in zip(data.names(), captions, strict=True):
        info = data.info(name)
        assert f"[{info.credit}]({info.source_url})" in label.value
        assert f"[{info.licence}]({info.licence_url})" in label.value
        assert all(f"{split} {count:,}" in label.value for split, count in info.splits.items())


def test_every_set_of_points_is_drawn_with_credit() -> None:
    app = AppTest.from_file(PAGE, default_timeout=120).run()
    charts, captions = app.get("plotly_chart"), app.caption[len(data.names()) :]
    for name, chart, caption in zip(data.point_names(), charts, captions, strict=True):
        info = data.info(name)
        assert info.description in caption.value
        assert info.credit in caption.value
        assert '"name":"data"' in chart.proto.spec


def test_a_label_filters_the_pictures() -> None:
    info = data.info("digits")
    sha256 = info.files["validation"].sha256
    pictures = {label: strip("digits", sha256, "digit", label) for label in (None, 1, 8)}
    assert len(set(pictures.values())) == 3

    def ink(png: bytes) -> float:
        return ImageStat.Stat(Image.open(io.BytesIO(png)).convert("RGBA")).mean[0]

    assert ink(pictures[1]) < ink(pictures[8])  # a one is a stroke, an eight two loops


def test_a_set_that_is_damaged_is_one_sentence_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = data.names()
    load = data.load_pictures

    def broken(name: str, *arguments: str) -> data.PictureSet:
        if name == first:
            raise data.DataError("The file is damaged; python -m genlib data build makes it anew.")
        return load(name, *arguments)

    MADE.clear()
    monkeypatch.setattr(data, "load_pictures", broken)
    app = AppTest.from_file(PAGE, default_timeout=120).run()
    assert [error.value for error in app.error] == ["The file is damaged; python -m genlib data build makes it anew."]
    assert len(app.get("image")) == len(rest)
