"""Terms and their meanings, as a mouse, a finger and a keyboard meet them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from serving import PATIENCE

from genlib.glossary import TERMS

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_meaning_opens_by_click_and_by_key_and_keeps_in_the_window(server: str, visit: Callable[..., Page]) -> None:
    page = visit(f"{server}/sample?model=gan-digits&n=4")
    word = page.get_by_role("button", name="FID", exact=True)
    meaning = page.get_by_text(TERMS["FID"])
    expect(word).to_be_visible(timeout=PATIENCE)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        expect(meaning).to_be_hidden()
        word.click()
        expect(meaning).to_be_visible()
        box = meaning.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.keyboard.press("Escape")
        expect(meaning).to_be_hidden()
        word.focus()
        page.keyboard.press("Enter")
        expect(meaning).to_be_visible()
        page.get_by_role("heading", name="Sample").click()  # elsewhere
        expect(meaning).to_be_hidden()


def test_is_it_memorised_is_answered(server: str, visit: Callable[..., Page]) -> None:
    page = visit(f"{server}/sample?model=gan-digits&n=4")
    page.get_by_label("picture with seed 2").click(timeout=PATIENCE)
    answer = page.get_by_role("dialog").get_by_text("its nearest training picture is")
    expect(answer).to_be_visible(timeout=PATIENCE)
