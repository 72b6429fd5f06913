"""Before and after, side by side: what is sent, and the divider in a real browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from serving import PATIENCE, serving_script
from streamlit.testing.v1 import AppTest

from genlib.ui.compare import compare, data_url

if TYPE_CHECKING:
    from playwright.sync_api import Browser


PAGE = """
import numpy as np
import streamlit as st
from genlib.ui.compare import compare

shade = 40 if st.toggle("Darker") else 200
before, after = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), shade, np.uint8)
compare(before, after, "pair", ("drawing", "coloured"))
st.text(f"shade {shade}")
"""


def decoded(url: str) -> np.ndarray:
    head, content = url.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_a_picture_is_sent_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    assert (decoded(data_url(picture)) == picture).all()


def test_a_large_picture_is_sent_smaller_in_its_own_shape():
    picture = np.full((2048, 512, 3), (10, 200, 90), np.uint8)
    sent = decoded(data_url(picture))
    assert sent.shape == (1024, 256, 3)
    assert (sent == (10, 200, 90)).all()
    assert decoded(data_url(np.zeros((1, 4000, 3), np.uint8))).shape == (1, 1024, 3)


def test_pictures_of_different_size_are_refused():
    with pytest.raises(ValueError, match="differ in size"):
        compare(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8), "pair")


def test_on_a_page():
    at = AppTest.from_string(PAGE, default_timeout=60).run()
    assert not at.exception
    at.toggle[0].set_value(True).run()
    assert not at.exception
    assert at.text[0].value == "shade 40"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with PAGE."""
    with serving_script(PAGE, tmp_path_factory.mktemp("compare")) as address:
        yield address


@pytest.mark.parametrize("width", [390, 1280])
def test_the_divider_moves_and_stays_where_it_is(url: str, browser: Browser, width: int):
    from playwright.sync_api import expect

    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(url)
    slider = page.get_by_role("slider", name="Divider between drawing and coloured")
    expect(slider).to_be_visible(timeout=PATIENCE)
    expect(slider).to_have_value("50")
    for name in ("drawing", "coloured"):
        expect(page.get_by_role("img", name=name)).to_have_js_property("complete", True)

    after = page.get_by_role("img", name="coloured")
    box = after.bounding_box()
    assert box
    assert box["width"] <= min(640, width)
    assert box["width"] / box["height"] == pytest.approx(64 / 48, rel=0.02)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    def left() -> float:
        """How much of the width shows `before`, from the pixels."""
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"), int)
        row = shot[round(box["y"] + 0.25 * box["height"]), round(box["x"]) : round(box["x"] + box["width"])]
        return float((row < 20).mean())

    assert left() == pytest.approx(0.5, abs=0.03)
    y = box["y"] + box["height"] / 4
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=5)
    page.mouse.up()
    assert left() == pytest.approx(0.8, abs=0.03)
    at = float(slider.input_value())
    slider.press("ArrowLeft")
    assert float(slider.input_value()) < at
    slider.press("Home")
    assert left() == pytest.approx(0, abs=0.03)
    slider.press("End")
    assert left() == pytest.approx(1, abs=0.03)

    # New pictures, the same divider.
    page.mouse.click(box["x"] + 0.3 * box["width"], y)
    before = slider.input_value()
    source = after.get_attribute("src")
    page.get_by_text("Darker").click()
    expect(page.get_by_text("shade 40")).to_be_visible(timeout=PATIENCE)
    expect(after).not_to_have_attribute("src", source or "", timeout=PATIENCE)
    expect(slider).to_have_value(before)
    assert left() == pytest.approx(0.3, abs=0.03)
    context.close()
