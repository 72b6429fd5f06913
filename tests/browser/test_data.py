"""Data in a real browser: whole pictures, pages, filters, and the address that brings them back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from serving import PATIENCE, settled

from genlib import data
from genlib.ui.pages import PAGE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]


def pictures(page: Page, place: str) -> Locator:
    """Of the page that is said to hold `place`, as soon as it is there."""
    found = page.get_by_role("group", name=re.compile(f"{re.escape(place)}$")).get_by_role("img")
    expect(found.first).to_be_visible(timeout=PATIENCE)
    return found


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_no_picture_is_cut(phone: bool, server: str, visit: Visit) -> None:
    page = visit(f"{server}/data", phone=phone)
    width = 390 if phone else 1280
    clipped = """e => {
      for (let p = e; p; p = p.parentElement ?? p.getRootNode().host)
        if (p.scrollWidth > p.clientWidth + 1 && getComputedStyle(p).overflowX !== 'visible') return true;
      return false;
    }"""
    for name in data.names():
        info = data.info(name)
        settled(page)
        page.get_by_role("radio", name=name.capitalize(), exact=True).click()
        found = pictures(page, f"{info.title}: 1 to {PAGE} of {info.splits['validation']:,}")
        expect(found).to_have_count(PAGE)
        boxes = [box for picture in found.all() if (box := picture.bounding_box())]
        assert len(boxes) == PAGE
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth") <= width
        assert not found.last.evaluate(clipped)


def test_one_can_browse_and_the_address_brings_it_back(server: str, visit: Visit) -> None:
    page = visit(f"{server}/data")
    settled(page)
    pictures(page, "1 to 60 of 5,000")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_role("button", name="Next page").click()
    pictures(page, "61 to 120 of 5,000")
    page.wait_for_url("**/data?set=digits&page=2", timeout=PATIENCE)
    status = page.get_by_role("status").filter(has_text=re.compile(r"\w"))
    expect(status).to_have_text("Handwritten digits (MNIST): 61 to 120 of 5,000", timeout=PATIENCE)

    page.get_by_role("radio", name="Faces", exact=True).click()
    pictures(page, "1 to 60 of 1,000")
    page.wait_for_url("**/data?set=faces", timeout=PATIENCE)
    page.get_by_role("radio", name="red", exact=True).click()
    page.wait_for_url("**/data?set=faces&only=hair_colour.red", timeout=PATIENCE)
    found = page.get_by_role("img", name="hair colour red", exact=True)
    expect(found).to_have_count(PAGE, timeout=PATIENCE)
    page.get_by_role("button", name="Next page").click()
    page.wait_for_url("**/data?set=faces&only=hair_colour.red&page=2", timeout=PATIENCE)
    settled(page)
    place = page.get_by_role("group", name=re.compile("^Drawn faces")).get_attribute("aria-label")
    assert place

    again = visit(page.url)
    settled(again)
    expect(again.get_by_role("group", name=place, exact=True)).to_be_visible(timeout=PATIENCE)
    expect(again.get_by_role("radio", name="red", exact=True)).to_be_checked()
    page.go_back()
    expect(page.get_by_role("group", name=re.compile("faces.* 1 to 60 of"))).to_be_visible(timeout=PATIENCE)
