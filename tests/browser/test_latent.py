"""Latent space in a real browser: dragging, scrubbing, films to take away, addresses."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drawing_by_hand import drag
from PIL import Image
from playwright.sync_api import expect
from serving import PATIENCE, settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
PLANE = "/latent?model=vae2d-digits&part=plane"


def field(page: Page, number: int = 0) -> Locator:
    found = page.get_by_role("slider", name=re.compile("Place in the plane")).nth(number)
    expect(found).to_be_visible(timeout=PATIENCE)
    return found


def picture(page: Page) -> str:
    """What is under the cursor in the first plane, as its pixels."""
    found = page.locator(".st-key-under-cursor canvas").first
    expect(found).to_be_visible(timeout=PATIENCE)
    pixels: str = found.evaluate("canvas => canvas.toDataURL()")
    return pixels


def changed(page: Page, before: str) -> str:
    deadline = time.monotonic() + PATIENCE / 1000
    while (now := picture(page)) == before and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert now != before
    return now


def test_the_picture_follows_the_cursor_and_so_does_the_address(server: str, visit: Visit) -> None:
    page = visit(server + PLANE)
    plane, first = field(page), picture(page)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.25 * box["height"], steps=4)
    changed(page, first)
    page.mouse.up()
    page.wait_for_url(re.compile(r"x=0\.[56]\d*&y=0\.[45]"), timeout=PATIENCE)
    # Under one cursor in all planes.
    left = [c.evaluate("c => c.style.left") for c in page.locator(".cursor").all()]
    assert len(left) >= 2
    assert len(set(left)) == 1
    # The address brings it back, on another visit.
    again = visit(page.url)
    expect(field(again)).to_have_attribute("aria-valuetext", plane.get_attribute("aria-valuetext") or "")


def test_arrow_keys_move_the_cursor(server: str, visit: Visit) -> None:
    page = visit(server + PLANE + "&x=0.5&y=0")
    plane, first = field(page), picture(page)
    expect(plane).to_have_attribute("aria-valuetext", "0.50 across, 0.00 up")
    plane.focus()
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    expect(plane).to_have_attribute("aria-valuetext", "0.50 across, 0.20 up")
    changed(page, first)
    expect(plane).to_be_focused()
    page.wait_for_url(re.compile(r"y=0\.2"), timeout=PATIENCE)


def test_a_class_can_be_hidden(server: str, visit: Visit) -> None:
    page = visit(server + PLANE)
    field(page)
    pixels = (
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 == 3 && v).length"
    )
    canvas = page.locator(".pads canvas").first  # Playwright looks into the component; the page's own queries cannot
    deadline = time.monotonic() + PATIENCE / 1000
    while not (before := canvas.evaluate(pixels)) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert before
    button = page.locator(".legend").get_by_role("button", name="1", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert canvas.evaluate(pixels) < before


def test_the_film_is_scrubbed_in_the_browser_and_taken_away(server: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(server + "/latent?model=vae-digits&part=path&given=seeds&keys=3-8-5&frames=24")
    slider = page.get_by_role("slider", name="Step")
    expect(slider).to_have_value("0", timeout=PATIENCE)
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".film .label")).to_have_text("picture 24 of 24")
    for kind in ("GIF", "WebP"):
        with page.expect_download(timeout=PATIENCE) as waiting:
            page.get_by_role("button", name=f"Film as {kind}").click()
        film = Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes()))
        assert film.n_frames == 24  # type: ignore[attr-defined]
        assert waiting.value.suggested_filename == f"vae-digits-3-8-5.{kind.lower()}"
    expect(slider).to_have_value("23")  # a download moves nothing


def test_a_click_leads_the_way_on_and_back_leads_back(server: str, visit: Visit) -> None:
    page = visit(server + "/latent?model=vae-digits&part=path&given=seeds&keys=3-8")
    settled(page)
    page.get_by_role("button", name="seed 5", exact=True).click(timeout=PATIENCE)
    page.wait_for_url(re.compile("keys=3-8-5"), timeout=PATIENCE)
    settled(page)
    page.get_by_role("link", name="Data").first.click()
    page.wait_for_url("**/data?set=*", timeout=PATIENCE)  # Back before that is Back from where the visitor still is
    settled(page)
    page.go_back()
    page.wait_for_url(re.compile("keys=3-8-5"), timeout=PATIENCE)
    expect(page.get_by_role("slider", name="Step")).to_be_visible(timeout=PATIENCE)


def test_a_picture_of_one_s_own_joins_the_way(server: str, visit: Visit) -> None:
    page = visit(server + "/latent?model=autoencoder-faces&part=path")
    file = io.BytesIO()
    Image.new("RGB", (90, 120), (200, 150, 110)).save(file, "PNG")
    page.get_by_role("button", name="Your picture").click(timeout=PATIENCE)
    page.locator("input[type=file]").set_input_files(
        {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    )
    expect(page.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(page.get_by_role("button", name="your picture", exact=True)).to_be_visible(timeout=PATIENCE)


def test_what_is_drawn_shows_up_in_every_plane(server: str, visit: Visit) -> None:
    page = visit(server + PLANE)
    field(page)
    marks = page.get_by_role("img", name="Your picture", exact=True)
    expect(marks).to_have_count(0)
    page.get_by_text("Draw your own").click()
    drag(page, [(0.3, 0.2), (0.7, 0.2), (0.5, 0.8)], steps=4)
    expect(marks.first).to_be_visible(timeout=PATIENCE)
    assert marks.count() == page.get_by_role("slider", name=re.compile("Place in the plane")).count() >= 2
    expect(page.locator(".st-key-own-picture canvas")).to_have_count(1 + marks.count())
    page.get_by_role("button", name="Clear").click()
    expect(marks).to_have_count(0, timeout=PATIENCE)
