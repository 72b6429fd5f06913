"""The paper: what it keeps of what a browser sends, and its tools, also in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from serving import PATIENCE, serving_script
from streamlit.testing.v1 import AppTest
from strokes import ACROSS, DEEP, DOWN, HINT

from genlib.drawing import MAX_STROKES, clean
from genlib.ui import canvas

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.mark.parametrize(
    "sent", [None, 7, {}, {"raw": 7}, {"raw": {}}, {"raw": {"objects": "x"}}, {"raw": {"objects": DEEP}}]
)
def test_whatever_the_browser_sends_is_taken_calmly(sent: object, monkeypatch: pytest.MonkeyPatch):
    state = {"draw.paper": {"drawing": sent}, "draw.json": {"objects": clean({"objects": [ACROSS]})}}
    monkeypatch.setattr(canvas.st, "session_state", state)
    canvas._take("draw")
    assert state["draw.json"] == {"objects": []}
    assert not state["draw.full"]


def test_a_stroke_that_is_not_taken_is_told(monkeypatch: pytest.MonkeyPatch):
    raw = {"objects": [DOWN] * (MAX_STROKES + 1)}
    state: dict[str, Any] = {"draw.paper": {"drawing": {"raw": raw, "data": None}}}
    monkeypatch.setattr(canvas.st, "session_state", state)
    canvas._take("draw")
    assert len(state["draw.json"]["objects"]) == MAX_STROKES
    assert state["draw.full"]
    assert state["draw.changed"]


# --- On a page ---

PAGES = """
import numpy as np
import streamlit as st
from genlib.ui.canvas import canvas


def draw():
    st.title("Draw")
    drawing = canvas("draw", 256)
    y, x = np.nonzero(drawing.lines[..., 0] < 128)
    box = "" if drawing.empty else f"{x.min()} {y.min()} {x.max()} {y.max()}"
    st.text(f"strokes {drawing.strokes}, box {box}, hints {drawing.mask.sum()}")


def hints():
    st.title("Hints")
    drawing = canvas("hints", 256, np.full((64, 64, 3), 200, np.uint8))
    st.text(f"strokes {drawing.strokes}, hints {drawing.mask.sum()}")


def other():
    st.title("Other")


st.navigation([st.Page(draw, default=True), st.Page(hints), st.Page(other)], position="top").run()
"""


def test_a_drawing_from_session_state():
    at = AppTest.from_string(PAGES, default_timeout=60)
    at.session_state["draw.json"] = {"objects": [ACROSS, {**DOWN, "stroke": HINT}]}
    at.run()
    assert not at.exception
    assert at.text[0].value.startswith("strokes 2, box 5 29 58 34, hints ")
    at.button(key="draw.undo").click().run()
    assert at.text[0].value.endswith("strokes 1, box 5 29 58 34, hints 0")
    at.button(key="draw.undo").click().run()
    assert at.text[0].value == "strokes 0, box , hints 0"
    assert at.button(key="draw.undo").disabled
    at.button(key="draw.redo").click().run()
    assert at.text[0].value.startswith("strokes 1,")
    at.button(key="draw.clear").click().run()
    assert at.text[0].value.startswith("strokes 0,")
    at.button(key="draw.undo").click().run()  # a clear too
    assert at.text[0].value.startswith("strokes 1,")
    assert not at.exception


def test_to_choose_a_colour_is_to_take_the_brush():
    at = AppTest.from_string(PAGES, default_timeout=60).run()
    assert at.session_state["draw.tool"] == canvas.PEN
    at.color_picker(key="draw.colour").pick("#123456").run()
    assert at.session_state["draw.tool"] == canvas.BRUSH
    assert at.session_state["draw.swatch"] is None
    assert not at.exception


BACKGROUND = """
import numpy as np
import streamlit as st
from genlib.ui.canvas import canvas

shade = st.number_input("Shade", 0, 255, 200)
drawing = canvas("hints", 64, np.full((30, 60, 3), shade, np.uint8))
st.text(f"strokes {drawing.strokes}")
"""


def test_another_background_begins_without_hints():
    at = AppTest.from_string(BACKGROUND, default_timeout=60)
    at.session_state["hints.json"] = {"objects": [{**DOWN, "stroke": HINT}]}
    at.run()
    assert at.session_state["hints.tool"] == canvas.BRUSH
    assert at.run().text[0].value == "strokes 1"
    assert at.number_input[0].set_value(100).run().text[0].value == "strokes 0"
    assert not at.exception


# --- In a browser ---


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with PAGES."""
    with serving_script(PAGES, tmp_path_factory.mktemp("canvas")) as address:
        yield address


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Draw with the mouse, in fractions of the paper."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    assert box
    (x, y), *others = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def box(said: str) -> list[int]:
    """Left, upper, right, lower end of what is drawn."""
    return [int(n) for n in said.split("box ")[1].split(",")[0].split()]


def settle(page: Page) -> None:
    """Wait until the script has run and the paper knows the tool."""
    from playwright.sync_api import expect

    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def test_draw_undo_clear_leave_and_come_back(url: str, browser: Browser):
    from playwright.sync_api import expect

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    said = page.get_by_test_id("stText")
    expect(said).to_have_text("strokes 0, box , hints 0")
    expect(page.locator("canvas.upper-canvas")).to_be_visible()
    settle(page)

    drag(page, (0.25, 0.5), (0.75, 0.5))
    # Where it was drawn: at 64 and 192 of 256, with half a pen on each side.
    expect(said).to_contain_text("strokes 1")
    assert box(said.inner_text()) == pytest.approx([61, 125, 194, 130], abs=2)
    drag(page, (0.5, 0.25), (0.5, 0.75))
    expect(said).to_contain_text("strokes 2")
    assert box(said.inner_text()) == pytest.approx([61, 61, 194, 194], abs=2)
    page.get_by_role("radio", name="Blue").click()
    expect(page.get_by_role("radio", name="Colour", exact=True)).to_be_checked()
    settle(page)
    drag(page, (0.2, 0.2), (0.4, 0.2))
    expect(said).to_contain_text("strokes 3")
    expect(said).not_to_contain_text("hints 0")
    before = said.inner_text()
    page.get_by_role("radio", name="Eraser").click()
    settle(page)
    drag(page, (0.1, 0.2), (0.9, 0.2), (0.1, 0.2))
    expect(said).to_contain_text("strokes 4")
    expect(said).to_contain_text("hints 0")
    page.get_by_role("button", name="Undo").click()
    expect(said).to_have_text(before)

    # Another page and back: the same strokes, on the paper too.
    link(page, "other")
    expect(page.get_by_role("heading", name="Other")).to_be_visible()
    link(page, "draw")
    expect(said).to_have_text(before)
    page.wait_for_function(DARK)
    settle(page)
    page.get_by_role("radio", name="Pen").click()
    settle(page)
    drag(page, (0.3, 0.8), (0.7, 0.8))
    expect(said).to_contain_text("strokes 4")

    page.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("strokes 0, box , hints 0")
    page.wait_for_function(f"() => !({DARK})()")
    drag(page, (0.25, 0.5), (0.75, 0.5))
    expect(said).to_contain_text("strokes 1")
    assert box(said.inner_text()) == pytest.approx([61, 125, 194, 130], abs=2)
    context.close()
    assert not errors


# Whether there is a line on the paper.
DARK = """() => {
  const roots = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean);
  const paper = roots.map(r => r.querySelector('canvas.dc-canvas.lower-canvas')).find(Boolean);
  if (!paper) return false;
  const data = paper.getContext('2d').getImageData(0, 0, paper.width, paper.height).data;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i] < 60) return true;
  return false;
}"""


def link(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()


def test_a_finger_draws_and_the_page_stays(url: str, browser: Browser):
    from playwright.sync_api import expect

    context = browser.new_context(viewport={"width": 390, "height": 640}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{url}/hints")
    said = page.get_by_test_id("stText")
    expect(said).to_have_text("strokes 0, hints 0", timeout=PATIENCE)
    paper = page.locator("canvas.upper-canvas")
    expect(paper).to_be_visible(timeout=PATIENCE)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    paper.scroll_into_view_if_needed()
    place = paper.bounding_box()
    assert place
    x, y = place["x"] + 100, place["y"] + 150
    screen = context.new_cdp_session(page)
    screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 14):
        screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - 10 * i}]})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(said).to_contain_text("strokes 1", timeout=PATIENCE)
    assert paper.bounding_box() == place
    context.close()
