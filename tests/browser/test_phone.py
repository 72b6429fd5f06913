"""A phone, with a finger: where one is, what is in view, what a swipe does, and room for the finger."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from serving import PATIENCE, settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def in_view(page: Page, of: Locator) -> bool:
    """Whether all of it is on the screen, below the bar with the navigation."""
    box = of.bounding_box()
    size = page.viewport_size
    assert box
    assert size
    return box["y"] >= 55 and box["y"] + box["height"] <= size["height"] + 1


def test_after_a_tap_on_an_example_its_result_is_in_view(server: str, visit: Visit) -> None:
    page = visit(f"{server}/translate?model=pix2pix-sketch&way=example&example=0", phone=True)
    settled(page)
    tiles = page.get_by_role("group", name="Examples").get_by_role("button")
    after = page.locator("img.after")
    expect(after).to_have_attribute("src", re.compile("^data:"), timeout=PATIENCE)
    was = after.get_attribute("src")
    assert not in_view(page, after)  # else there is nothing to see
    tiles.nth(2).tap()
    expect(after).not_to_have_attribute("src", was or "", timeout=PATIENCE)
    settled(page)
    assert in_view(page, after)
    expect(tiles.nth(2)).to_be_in_viewport(ratio=1)  # and the next example is within reach


def test_while_one_draws_the_answer_is_on_the_screen_and_nothing_jumps(server: str, visit: Visit) -> None:
    page = visit(f"{server}/translate?model=pix2pix-sketch&way=draw", phone=True)
    settled(page)
    paper = page.locator(".st-key-paper-drawing canvas").last
    expect(paper).to_be_visible(timeout=PATIENCE)
    paper.scroll_into_view_if_needed()
    before = paper.bounding_box()
    assert before
    x, y, side = before["x"], before["y"], before["width"]
    page.mouse.move(x + 0.3 * side, y + 0.3 * side)
    page.mouse.down()
    for a, b in ((0.7, 0.3), (0.7, 0.6), (0.3, 0.6), (0.3, 0.3)):
        page.mouse.move(x + a * side, y + b * side, steps=4)
    page.mouse.up()
    after = page.locator("img.after")
    expect(after).to_have_attribute("src", re.compile("^data:"), timeout=PATIENCE)
    settled(page)
    now = paper.bounding_box()
    assert now
    assert now["y"] == pytest.approx(before["y"], abs=2)
    assert in_view(page, after)
    answer = after.bounding_box()
    assert answer
    assert answer["y"] + answer["height"] <= now["y"]  # beside the paper, not over it
    assert answer["width"] > 150
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollBy(0, 60)")
    assert in_view(page, after)


def swipe(page: Page, over: Locator, across: int, down: int) -> None:
    """With a finger, from the middle, by so many pixels."""
    box = over.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 11):
        point = {"x": x + across * i / 10, "y": y + down * i / 10}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_swipe_over_before_and_after_scrolls(server: str, visit: Visit) -> None:
    page = visit(f"{server}/translate?model=pix2pix-sketch&way=example&example=0", phone=True)
    settled(page)
    pair, slider = page.locator(".pair"), page.get_by_role("slider", name=re.compile("^Divider"))
    pair.scroll_into_view_if_needed()
    was = page.evaluate(SCROLLED)
    for across in (20, -30):  # no finger goes quite straight
        before = page.evaluate(SCROLLED)
        swipe(page, pair, across, -120)
        page.wait_for_function(f"{SCROLLED} > {before} + 40", timeout=PATIENCE)
        expect(slider).to_have_value("50")
    # Nor does one that only rests on it, aside of the middle.
    box = pair.bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
    expect(slider).to_have_value("50")
    assert page.evaluate(SCROLLED) > was
    # Sideways it drags.
    page.evaluate(f"{SCROLLED} = {was}")
    swipe(page, pair, 100, 5)
    value = float(slider.input_value())
    assert value == pytest.approx(50 + 100 * 100 / box["width"], abs=6)
