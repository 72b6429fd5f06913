"""Sample in a real browser: what its component and its address do there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fake_hub import FakeHub, Repo
from PIL import Image
from playwright.sync_api import expect
from serving import serving

from genlib import catalog, checkpoint
from genlib.contract import Recipe
from genlib.sheets import to_uint8
from genlib.ui.pages import SAMPLE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
PATIENCE = 60_000  # ms
NAME = SAMPLE.default


def tile(page: Page, seed: int) -> Locator:
    return page.get_by_role("button", name=f"picture with seed {seed}", exact=True)


def tiles(page: Page, count: int) -> Locator:
    """All tiles, once they are drawn."""
    found = page.get_by_role("button", name=re.compile(r"^picture with seed \d+$"))
    expect(found).to_have_count(count, timeout=PATIENCE)
    return found


def pixels(of: Locator) -> np.ndarray:
    """What a tile's canvas holds, uint8 (H, W, 4)."""
    flat, width = of.locator("canvas").evaluate(
        "c => [[...c.getContext('2d').getImageData(0, 0, c.width, c.height).data], c.width]"
    )
    return np.array(flat, np.uint8).reshape(-1, width, 4)


def test_a_permalink_is_the_first_request_to_a_fresh_server(fresh_server: str, visit: Visit) -> None:
    page = visit(f"{fresh_server}/sample?model={NAME}&seed=41&n=5")
    found = tiles(page, 5)
    assert [t.get_attribute("aria-label") for t in found.all()] == [f"picture with seed {s}" for s in range(41, 46)]
    assert page.url.endswith(f"/sample?model={NAME}&seed=41&n=5")
    # The very pixels that the library makes.
    model = checkpoint.shipped(NAME).load()
    wanted = to_uint8(model.sample(range(41, 46)))[2]  # type: ignore[attr-defined]
    drawn = pixels(tile(page, 43))
    times = len(drawn) // len(wanted)
    assert np.abs(drawn[::times, ::times, : wanted.shape[2]].astype(int) - wanted).max() <= 1


def test_a_click_enlarges_and_the_same_tile_can_be_clicked_again(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model={NAME}&seed=7&n=6")
    tiles(page, 6)
    dialog = page.get_by_role("dialog")
    for _ in range(2):
        tile(page, 9).click()
        expect(dialog.get_by_text("Seed 9", exact=True)).to_be_visible(timeout=PATIENCE)
        page.wait_for_url("**&large=9", timeout=PATIENCE)
        expect(dialog.get_by_alt_text(re.compile("Training picture at distance"))).to_have_count(
            5, timeout=2 * PATIENCE
        )
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0, timeout=PATIENCE)
        page.wait_for_url("**&n=6", timeout=PATIENCE)
    # And by keyboard.
    tile(page, 10).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Seed 11", exact=True)).to_be_visible(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        dialog.get_by_role("button", name="Download PNG").click()
    assert download.value.suggested_filename == f"{NAME}-seed-11.png"
    with Image.open(download.value.path()) as picture:
        assert picture.size[0] >= 512


def test_new_pictures_another_page_and_back_and_the_grid_to_take(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model={NAME}&seed=7&n=6")
    tiles(page, 6)
    page.get_by_role("button", name="New pictures").click()
    page.wait_for_url(lambda url: "seed=7&" not in url, timeout=PATIENCE)
    expect(tile(page, 7)).to_have_count(0, timeout=PATIENCE)
    address = page.url
    page.get_by_role("link", name="Home").click()
    page.wait_for_selector("h1:has-text('generative')", timeout=PATIENCE)
    page.get_by_role("link", name="Sample", exact=True).click()
    tiles(page, 6)
    page.wait_for_url(address, timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Grid as PNG").click()
    with Image.open(io.BytesIO(download.value.path().read_bytes())) as picture:
        assert picture.width > picture.height > 112


def test_back_brings_the_pictures_before(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model={NAME}&seed=7&n=6")
    tiles(page, 6)
    page.get_by_role("button", name="New pictures").click()
    page.wait_for_url(lambda url: "seed=7&" not in url, timeout=PATIENCE)
    page.go_back()
    expect(tile(page, 7)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("spinbutton", name="First seed")).to_have_value("7")


@pytest.mark.parametrize("count", [1, 100])
def test_a_phone_shows_it_without_scrolling_sideways(count: int, server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model={NAME}&seed=0&n={count}", width=390)
    found = tiles(page, count)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sides = [box["width"] for t in found.all()[:8] if (box := t.bounding_box())]
    assert min(sides) >= 44  # a finger's
    assert max(sides) - min(sides) < 1


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """A Hub with two models."""
    folder = tmp_path_factory.mktemp("hub") / "tiny"
    cls = catalog.model_class("gan")
    spec = checkpoint.Spec(model="gan", config=cls.tiny()[0].model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()[0]), folder, spec)
    (folder / "README.md").write_text("# Tiny\n\n![spy](http://example.org/x.png) <b>Bold</b> words\n")
    server = FakeHub()
    for name in ("someone/tiny", "someone/other"):
        repo = server.repos[name] = Repo()
        repo.commit({path.name: path.read_bytes() for path in folder.iterdir()})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def with_hub(hub: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks this Hub."""
    folder = tmp_path_factory.mktemp("with-hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_HOME", str(folder / "home"))
        with serving(folder / "log") as url:
            yield url


def test_a_hub_model_opens_by_a_click_and_then_by_its_address(hub: FakeHub, with_hub: str, visit: Visit) -> None:
    asked = len(hub.log)
    page = visit(f"{with_hub}/sample?model=someone/tiny&seed=5&n=4&truncation=0.5")
    tiles(page, 4)  # of a stand-in
    # Pictures of a run that is over are gone from the server, so its card's has to be here first.
    page.wait_for_function("document.images.length && [...document.images].every(i => i.complete)", timeout=PATIENCE)
    assert len(hub.log) == asked  # nothing was asked for
    page.get_by_role("button", name="Download it").click()
    page.wait_for_url(re.compile("revision=[0-9a-f]{40}&seed=5&n=4&truncation=0.5"), timeout=PATIENCE)
    assert "model=someone/tiny" in page.url.replace("%2F", "/")
    expect(page.get_by_text("Bold words")).to_be_visible(timeout=PATIENCE)  # its card; `visit` fails for its picture
    asked = len(hub.log)
    again = visit(page.url)
    tiles(again, 4)
    expect(again.get_by_text("Bold words")).to_be_visible(timeout=PATIENCE)
    assert len(hub.log) == asked  # cached, and pinned


def test_the_hub_field(with_hub: str, visit: Visit) -> None:
    page = visit(f"{with_hub}/sample?model={NAME}&seed=5&n=4")
    tiles(page, 4)
    for repo in ("someone/absent", "someone/other"):
        page.get_by_role("button", name="Hub").click()
        page.get_by_role("textbox", name="Model on the Hugging Face Hub").fill(repo)
        page.get_by_role("button", name="Open model").click()
        if repo == "someone/absent":
            expect(page.get_by_text("Hugging Face shows no model someone/absent")).to_be_visible(timeout=PATIENCE)
            expect(tile(page, 5)).to_be_visible()
            page.keyboard.press("Escape")
    page.wait_for_url(re.compile("revision=[0-9a-f]{40}&seed=5&n=4"), timeout=PATIENCE)
    expect(page.get_by_text("Bold words")).to_be_visible(timeout=PATIENCE)
