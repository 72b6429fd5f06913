"""The paper: what is taken of what a browser sends, and its tools in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from drawing_by_hand import drag, expect_strokes, on_paper, strokes
from serving import PATIENCE, serving_script
from strokes import ACROSS, DEEP, DOWN

from genlib.drawing import MAX_STROKES
from genlib.ui.canvas import Kept, take

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = "draw white"
BEFORE = Kept(HERE, "1", (ACROSS,))


@pytest.mark.parametrize("sent", [None, 7, {}, {"drawing": 7}, {"drawing": {}}, {"drawing": {"objects": [DOWN]}}])
def test_what_is_no_drawing_leaves_the_one_before(sent: object):
    assert take(BEFORE, HERE, sent) is BEFORE


@pytest.mark.parametrize("objects", [None, {}, "x", DEEP, [{"path": "x"}]])
def test_whatever_the_browser_sends_is_taken_calmly(objects: object):
    assert take(BEFORE, HERE, {"drawing": {"place": HERE, "version": "2", "objects": objects}}).objects == ()


def test_a_drawing_is_taken_once_and_for_its_own_paper():
    sent = {"drawing": {"place": HERE, "version": "2", "objects": [ACROSS, DOWN]}}
    found = take(BEFORE, HERE, sent)
    assert (found.version, len(found.objects), found.full) == ("2", 2, False)
    assert take(found, HERE, sent) is found
    elsewhere = take(found, "draw of a picture", sent)
    assert (elsewhere.version, elsewhere.objects) == ("", ())


def test_a_stroke_that_is_not_taken_is_told():
    sent = {"drawing": {"place": HERE, "version": "2", "objects": [DOWN] * (MAX_STROKES + 1)}}
    found = take(None, HERE, sent)
    assert len(found.objects) == MAX_STROKES
    assert found.full


# --- In a browser ---

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
    shade = st.segmented_control("Shade", [200, 100], default=200, required=True)
    drawing = canvas("hints", 256, np.full((64, 64, 3), shade, np.uint8))
    st.text(f"strokes {drawing.strokes}, hints {drawing.mask.sum()}")


def other():
    st.title("Other")
    st.text_input("Name")


st.navigation([st.Page(draw, default=True), st.Page(hints), st.Page(other)], position="top").run()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with PAGES."""
    with serving_script(PAGES, tmp_path_factory.mktemp("canvas")) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    from playwright.sync_api import expect

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


def box(said: str) -> list[int]:
    """Left, upper, right, lower end of what is drawn."""
    return [int(n) for n in said.split("box ")[1].split(",")[0].split()]


def link(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()


def tool(page: Page, name: str) -> None:
    """A radio button, which its label covers."""
    page.get_by_role("radio", name=name, exact=True).check(force=True)


def test_draw_erase_leave_and_come_back(url: str, page: Page):
    from playwright.sync_api import expect

    page.goto(url)
    said = page.get_by_test_id("stText")
    expect(said).to_have_text("strokes 0, box , hints 0")
    # Where it was drawn: at 64 and 192 of 256, with half a pen on each side.
    drag(page, [(0.25, 0.5), (0.75, 0.5)], steps=8)
    expect(said).to_contain_text("strokes 1")
    assert box(said.inner_text()) == pytest.approx([61, 125, 194, 130], abs=2)
    drag(page, [(0.5, 0.25), (0.5, 0.75)], steps=8)
    expect(said).to_contain_text("strokes 2")
    assert box(said.inner_text()) == pytest.approx([61, 61, 194, 194], abs=2)
    drag(page, [(0.9, 0.9), (0.9, 0.9)])  # a dot
    expect(said).to_contain_text("strokes 3")
    assert box(said.inner_text()) == pytest.approx([61, 61, 233, 233], abs=2)
    dotted = on_paper(page)

    # To choose a colour is to take the brush. A hint leaves the lines alone, the eraser takes both away.
    tool(page, "Blue")
    expect(page.get_by_role("radio", name="Colour", exact=True)).to_be_checked()
    drag(page, [(0.2, 0.2), (0.8, 0.5)], steps=8)
    expect(said).to_contain_text("strokes 4")
    expect(said).not_to_contain_text("hints 0")
    assert on_paper(page) == dotted
    page.get_by_label("Another colour").fill("#123456")
    drag(page, [(0.1, 0.1), (0.3, 0.1)])
    expect(said).to_contain_text("strokes 5")
    before = said.inner_text()
    tool(page, "Eraser")
    tool(page, "Thick")
    drag(page, [(0.1, 0.2), (0.9, 0.2), (0.9, 0.8), (0.1, 0.8), (0.1, 0.1), (0.5, 0.5)], steps=12)
    expect(said).to_contain_text("strokes 6")
    assert on_paper(page) < dotted
    page.get_by_role("button", name="Undo").click()
    expect(said).to_have_text(before)
    assert on_paper(page) == pytest.approx(dotted, rel=0.01)

    # Another page and back: the same strokes, the same tool, and the undo of what was drawn before.
    link(page, "other")
    expect(page.get_by_role("heading", name="Other")).to_be_visible()
    link(page, "draw")
    expect(said).to_have_text(before)
    expect_strokes(page, 5)
    assert on_paper(page) == pytest.approx(dotted, rel=0.01)
    expect(page.get_by_role("radio", name="Eraser")).to_be_checked()
    page.get_by_role("button", name="Redo").click()
    expect(said).to_contain_text("strokes 6")
    page.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("strokes 0, box , hints 0")
    assert on_paper(page) == 0
    page.get_by_role("button", name="Undo").click()  # a clear, too
    expect(said).to_contain_text("strokes 6")


def test_undo_and_redo_at_any_speed(url: str, page: Page):
    from playwright.sync_api import expect

    page.goto(url)
    said = page.get_by_test_id("stText")
    for i in range(6):
        drag(page, [(0.1, 0.1 + i / 8), (0.9, 0.1 + i / 8)])
    expect(said).to_contain_text("strokes 6")
    whole = said.inner_text()
    press = "([button, times]) => { for (let i = 0; i < times; i++) button.click() }"
    undo, redo = (page.locator(f".history .{name}").element_handle() for name in ("undo", "redo"))
    # All in one moment, faster than any hand.
    page.evaluate(press, [undo, 4])
    assert strokes(page) == 2
    page.evaluate(press, [redo, 3])
    assert strokes(page) == 5
    expect(said).to_contain_text("strokes 5")
    page.evaluate(press, [redo, 9])
    expect(said).to_have_text(whole)
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert strokes(page) == 2
    for _ in range(4):
        page.keyboard.press("Control+Shift+Z")
    assert strokes(page) == 6
    expect(said).to_have_text(whole)
    # A stroke after an undo is where redo ends.
    page.keyboard.press("Control+z")
    drag(page, [(0.5, 0.1), (0.5, 0.9)])
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    expect(said).to_contain_text("strokes 6")
    # While the server is behind, nothing that was drawn is taken back by an answer that comes late.
    for i in range(5):
        drag(page, [(0.1 + i / 8, 0.1), (0.1 + i / 8, 0.9)])
    assert strokes(page) == 11
    expect(said).to_contain_text("strokes 11")
    assert strokes(page) == 11


def test_every_picture_has_hints_of_its_own(url: str, page: Page):
    from playwright.sync_api import expect

    page.goto(f"{url}/hints")
    said = page.get_by_test_id("stText")
    expect(said).to_have_text("strokes 0, hints 0")
    expect(page.get_by_role("radio", name="Pen", exact=True)).to_be_hidden()
    drag(page, [(0.2, 0.2), (0.4, 0.2)])
    expect(said).to_contain_text("strokes 1")
    first = said.inner_text()
    page.get_by_role("radio", name="100").click()
    expect(said).to_have_text("strokes 0, hints 0")
    expect_strokes(page, 0)
    drag(page, [(0.2, 0.2), (0.4, 0.2)])
    drag(page, [(0.2, 0.5), (0.4, 0.5)])
    expect(said).to_contain_text("strokes 2")
    page.get_by_role("radio", name="200").click()
    expect(said).to_have_text(first)


def test_a_finger_draws_and_the_page_stays(url: str, browser: Browser):
    from playwright.sync_api import expect

    context = browser.new_context(viewport={"width": 390, "height": 640}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.goto(f"{url}/hints")
    said = page.get_by_test_id("stText")
    expect(said).to_have_text("strokes 0, hints 0")
    paper = page.locator(".sheet")
    expect(paper).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    paper.scroll_into_view_if_needed()
    place = paper.bounding_box()
    assert place
    x, y = place["x"] + 100, place["y"] + 150
    screen = context.new_cdp_session(page)
    screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 14):
        screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - 10 * i}]})
    # A second finger, as of a hand that rests, draws nothing.
    both = [{"x": x, "y": y - 130, "id": 0}, {"x": x + 50, "y": y, "id": 1}]
    screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": both})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(said).to_contain_text("strokes 1")
    assert paper.bounding_box() == place
    context.close()
