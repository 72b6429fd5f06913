"""Translate in a real browser: drawing with a mouse, uploading, deep links, and a phone's width."""

from __future__ import annotations

import base64
import io
import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from drawing_by_hand import drag, on_paper
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from genlib import checkpoint, translation, uploads
from genlib.checkpoint import Checkpoint
from genlib.contract import TakesHints
from genlib.ui.pages import TRANSLATE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
PATIENCE = 120_000  # ms
CIRCLE = [(0.5 + 0.3 * math.cos(a), 0.5 + 0.3 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 25)]


@pytest.fixture(scope="module")
def shipped() -> Checkpoint:
    """A checkpoint that colours drawings and takes hints."""
    found = checkpoint.shipped(TRANSLATE.default)
    assert issubclass(found.model_class, TakesHints)
    assert found.model_class.worlds(found.config).a.kind == "drawing"  # type: ignore[attr-defined]
    return found


def settle(page: Page) -> None:
    """Wait until the script has run: the paper knows its tool then."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=PATIENCE)


def half(page: Page, side: str) -> Locator:
    """The picture before or after, once it is there."""
    found = page.locator(f"img.{side}")
    expect(found).to_have_attribute("src", re.compile("^data:image/png"), timeout=PATIENCE)
    return found


def pixels(of: Locator) -> np.ndarray:
    """uint8 (H, W, 3) of an image with a data URL."""
    source = of.get_attribute("src") or ""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB"))


def is_coloured(picture: np.ndarray) -> bool:
    return float(np.mean(np.ptp(picture, axis=-1) > 24)) > 0.02


def draw(page: Page, points: list[tuple[float, float]]) -> np.ndarray:
    """Draw with the mouse, in fractions of the paper; what the page then answers, another picture than before."""
    after = page.locator("img.after")
    # In one question to the page: what another way left there may go at any moment.
    was = after.evaluate_all("all => all.map(picture => picture.src)[0] ?? ''")
    drag(page, points)
    expect(after).not_to_have_attribute("src", was, timeout=PATIENCE)
    return pixels(half(page, "after"))


def drawing() -> bytes:
    """A face of lines, the file of a PNG."""
    image = Image.new("RGB", (600, 500), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 50, 500, 450), outline="black", width=14)
    pen.arc((200, 150, 400, 370), 20, 160, "black", 14)
    for x in (230, 340):
        pen.ellipse((x, 180, x + 30, 220), "black")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


def test_a_permalink_is_the_first_request_to_a_fresh_server(
    shipped: Checkpoint, fresh_server: str, visit: Visit
) -> None:
    page = visit(f"{fresh_server}/translate?model={shipped.name}&way=example&example=3&seed=5")
    assert is_coloured(pixels(half(page, "after")))
    expect(page.get_by_role("button", name="the answer with seed 5", exact=True)).to_be_visible(timeout=PATIENCE)
    assert f"model={shipped.name}&" in page.url
    assert "example=3&seed=5" in page.url
    # It is the fourth of the pictures on offer.
    offered = page.get_by_role("button", name=re.compile(r"^example \d+ of \d+$"))
    expect(offered.first).to_be_visible(timeout=PATIENCE)
    tiles = offered.locator("canvas").evaluate_all("all => all.map(c => c.toDataURL())")
    shown, *small = [
        np.asarray(Image.fromarray(picture).convert("L").resize((32, 32), Image.Resampling.BOX), float)
        for picture in (pixels(half(page, "before")), *map(decoded, tiles))
    ]
    assert np.argmin([np.abs(tile - shown).mean() for tile in small]) == 3
    # Another of the answers is shown large, and the address names it.
    was = half(page, "after").get_attribute("src") or ""
    page.get_by_role("button", name="the answer with seed 6", exact=True).click()
    expect(page).to_have_url(re.compile("answer=2"), timeout=PATIENCE)
    expect(half(page, "after")).not_to_have_attribute("src", was, timeout=PATIENCE)


def decoded(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def test_a_drawing_is_coloured_survives_a_visit_elsewhere_and_takes_a_hint(
    shipped: Checkpoint, server: str, visit: Visit
) -> None:
    page = visit(f"{server}/translate?model={shipped.name}&way=draw")
    decided = draw(page, CIRCLE).astype(int)
    assert is_coloured(decided)
    settle(page)
    was = half(page, "after").get_attribute("src") or ""
    page.get_by_test_id("stTopNavLink").filter(has_text="Home").click()
    page.wait_for_selector("h1:has-text('generative')", timeout=PATIENCE)
    page.get_by_test_id("stTopNavLink").filter(has_text="Translate").click()
    expect(half(page, "after")).to_have_attribute("src", was, timeout=PATIENCE)
    assert on_paper(page) > 0

    page.get_by_role("radio", name="Blue", exact=True).click()
    expect(page.get_by_role("radio", name="Colour", exact=True)).to_be_checked(timeout=PATIENCE)
    hinted = draw(page, [(0.4, 0.55), (0.6, 0.55), (0.6, 0.62), (0.4, 0.62)]).astype(int)
    assert hinted.shape == decided.shape
    side = len(hinted)
    painted = np.s_[int(0.54 * side) : int(0.63 * side), int(0.42 * side) : int(0.58 * side)]
    blue = np.array([0x61, 0xB2, 0xE4])
    off_before, off = (np.abs(np.median(p[painted], axis=(0, 1)) - blue).mean() for p in (decided, hinted))
    assert off < 40 < off_before


def test_a_click_fills_an_area_and_can_be_undone(shipped: Checkpoint, server: str, visit: Visit) -> None:
    """With a colour by its number, by mouse and by keys, on the picture that is coloured."""
    page = visit(f"{server}/translate?model={shipped.name}&way=upload")
    upload(page, "face.png", drawing())
    before = pixels(half(page, "after"))
    settle(page)
    page.get_by_text("Colour by hand").click()
    paper = page.locator(".sheet[aria-label]")
    expect(paper).to_be_visible(timeout=PATIENCE)
    number = page.get_by_role("textbox", name=re.compile("^Colour as a number"))
    number.fill("0AF")
    number.press("Enter")
    expect(page.get_by_role("radio", name="#00aaff")).to_be_checked()
    cheek = np.s_[300, 150]  # in the picture of 500 x 600 pixels
    assert draw(page, [(0.5, 0.3)])[cheek].tolist() == [0, 0xAA, 0xFF]
    page.keyboard.press("Control+z")
    expect(paper).to_have_attribute("aria-label", re.compile("0 strokes"))
    wait_for(page, lambda found: found[cheek].tolist() == before[cheek].tolist())
    # A colour of the answer itself: one more click takes it, and it is chosen then.
    page.get_by_role("button", name="Take a colour from a picture").click()
    answer = half(page, "after").bounding_box()
    assert answer
    at = (answer["x"] + 0.75 * answer["width"], answer["y"] + 0.5 * answer["height"])
    page.mouse.click(*at)
    taken = "#" + bytes(before[250, 450].tolist()).hex()
    expect(page.get_by_role("radio", name=taken)).to_be_checked()
    page.get_by_role("radio", name="#00aaff").click()
    paper.focus()
    for key in ("ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    wait_for(page, lambda found: found[cheek].tolist() == [0, 0xAA, 0xFF])


def test_one_of_two_drawings_goes_home_and_comes_back(
    shipped: Checkpoint, server: str, visit: Visit, tmp_path: Path
) -> None:
    """With a colour by hand, in a file that another session goes on with."""
    sheet = Image.new("RGB", (1200, 500), "white")
    for x in (0, 600):
        sheet.paste(Image.open(io.BytesIO(drawing())), (x, 0))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    page = visit(f"{server}/translate?model={shipped.name}&way=upload")
    upload(page, "two.png", file.getvalue())
    page.get_by_role("button", name="drawing 2 of 2").click()
    expect(page).to_have_url(re.compile("part=5"), timeout=PATIENCE)
    settle(page)
    page.get_by_text("Colour by hand").click()
    page.get_by_role("radio", name="Blue", exact=True).click()
    blue = draw(page, [(0.5, 0.3)])
    settle(page)
    page.get_by_role("button", name="In layers").click()
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="OpenRaster").click()
    download.value.save_as(tmp_path / "mine.ora")
    page = visit(f"{server}/translate?model={shipped.name}&way=upload")  # a tab of its own knows nothing of the other
    upload(page, "mine.ora", (tmp_path / "mine.ora").read_bytes())
    wait_for(page, lambda found: found.shape == blue.shape and bool((found == blue).all()))
    expect(page.locator(".sheet")).to_have_attribute("aria-label", re.compile("1 stroke$"), timeout=PATIENCE)
    assert "part=5" in page.url
    page.keyboard.press("Control+z")
    wait_for(page, lambda found: not (found == blue).all())


def wait_for(page: Page, holds: Callable[[np.ndarray], bool]) -> None:
    """Wait until what the page shows is so."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds(pixels(half(page, "after"))):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def test_an_upload_and_then_bad_ones(shipped: Checkpoint, server: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(f"{server}/translate?model={shipped.name}&way=upload")
    expect(page.get_by_text("Upload a picture")).to_be_visible(timeout=PATIENCE)
    upload(page, "face.png", drawing())
    after = half(page, "after")
    settle(page)
    # What the library makes of the same file, at the file's own resolution.
    model = shipped.load()
    worlds = model.worlds(model.config)  # type: ignore[attr-defined]
    brought = translation.bring(uploads.read(drawing()).pixels, worlds.a, model.shape[-1])
    wanted = translation.finish(brought, worlds.b, model.translate(brought.image, worlds.a))[0]  # type: ignore[attr-defined]
    assert is_coloured(wanted)
    assert np.abs(pixels(after).astype(int) - wanted).mean() < 1

    was = after.get_attribute("src") or ""
    upload(page, "letter.png", b"Dear all, this is not a picture." * 20)
    expect(page.get_by_role("alert")).to_contain_text("This file is not a picture", timeout=PATIENCE)
    settle(page)
    expect(after).to_have_attribute("src", was)
    # A file that is too large to be sent: one sentence says so, and not that of the file before.
    large = tmp_path / "large.png"
    large.write_bytes(bytes(30_000_001))
    page.locator("input[type=file]").set_input_files(large)
    refused = page.get_by_text("File must be 30.0MB or smaller")
    expect(refused).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("This file is not a picture")).to_be_hidden(timeout=PATIENCE)
    # A good one takes all of it away, and the switches stay on.
    upload(page, "face.jpg", drawing())
    expect(page.get_by_role("alert")).to_have_count(0, timeout=PATIENCE)
    expect(refused).to_have_count(0, timeout=PATIENCE)
    settle(page)
    expect(page.get_by_role("switch", name="Centre and scale")).to_be_checked()
    expect(after).to_have_attribute("src", was)


def test_a_phone_shows_it_without_scrolling_sideways(shipped: Checkpoint, server: str, visit: Visit) -> None:
    page = visit(f"{server}/translate?model={shipped.name}&way=example", width=390)
    for way in ("Example", "Upload", "Draw"):
        page.get_by_role("radio", name=way, exact=True).click()
        if way == "Upload":
            expect(page.locator("img.after")).to_have_count(0, timeout=PATIENCE)
            upload(page, "face.png", drawing())
        if way == "Draw":
            draw(page, CIRCLE)
        after = half(page, "after")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth") <= 390
        box = after.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
