"""A hand on the paper of a page in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from serving import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page

INK = """c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data
  .filter((value, i) => i % 4 === 3 && value > 128).length"""
Points = list[tuple[float, float]]


def drag(page: Page, points: Points, steps: int = 1) -> None:
    """Draw with the mouse, in fractions of the paper."""
    paper = page.locator(".sheet[aria-label]")  # it has its label when it is ready
    expect(paper).to_be_visible(timeout=PATIENCE)
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    assert box
    (x, y), *others = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=steps)
    page.mouse.up()


def on_paper(page: Page) -> int:
    """How many pixels of the paper have ink, of 1024 x 1024."""
    count: int = page.locator(".sheet .lines").evaluate(INK)
    return count


def strokes(page: Page) -> int:
    """How many strokes the paper says it has."""
    return int((page.locator(".sheet").get_attribute("aria-label") or "").split()[-2])


def expect_strokes(page: Page, count: int) -> None:
    """Wait for what the server changes on the paper: its words may stand on the page before."""
    expect(page.locator(".sheet")).to_have_attribute(
        "aria-label", re.compile(rf"\b{count} strokes?$"), timeout=PATIENCE
    )
