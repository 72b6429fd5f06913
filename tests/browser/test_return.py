"""Coming back: a lost connection, a server that was started anew, a reload, and the browser's Back."""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from drawing_by_hand import drag, expect_strokes, on_paper, strokes
from network import Network
from PIL import Image
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect
from serving import PATIENCE, free_port, serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

FORGETS = 1  # s after which the server forgets a session without a connection; two minutes as it comes
SQUARE = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75), (0.25, 0.25)]
STROKE = [(0.4, 0.5), (0.6, 0.5)]


class Place:
    """A server behind a network; `url` is its address on the side that is never cut."""

    def __init__(self, folder: Path) -> None:
        self._log, self._port, self._running = folder / "log", free_port(), ExitStack()
        self.url = f"http://127.0.0.1:{self._port}"
        self.network = Network(self._port)
        self._start()

    def _start(self) -> None:
        self._running.enter_context(serving(self._log, port=self._port, disconnectedSessionTTL=FORGETS))

    def lose(self, how: str) -> None:
        """The connection is lost, and the server forgets who had it."""
        self.network.cut()
        if how == "restart":
            self._running.close()
            self._start()
        else:
            time.sleep(2 * FORGETS)

    def close(self) -> None:
        self.network.close()
        self._running.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with closing(Place(tmp_path_factory.mktemp("place"))) as found:
        yield found


@pytest.fixture
def place(shared: Place) -> Iterator[Place]:
    """One server for all of these tests: each has sessions of its own, and what was imported serves them all."""
    yield shared
    shared.network.mend()


@pytest.fixture
def visitor(windows: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page that may lose its connection: the browser's console says so, and that is no error here."""
    expect.set_options(timeout=PATIENCE)
    page = windows(dark=False, width=1280, phone=False).new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    exceptions = page.locator(".stException").all_inner_texts()
    page.evaluate("localStorage.clear()")
    page.close()
    assert not errors + exceptions


def settle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]")).to_be_visible()


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def until(page: Page, what: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not what():
        assert time.monotonic() < deadline, page.url
        page.wait_for_timeout(50)


def come_back(page: Page, place: Place) -> None:
    expect(page.get_by_role("status").filter(has_text="The connection is lost")).to_be_visible()
    place.network.mend()
    expect(page.get_by_role("status").filter(has_text="Reconnected")).to_be_visible()


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
    expect(page.locator("h1").filter(has_text=name)).to_be_visible()
    settle(page)


def choose_model(page: Page, name: str) -> None:
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.keyboard.type(name)  # a long list has no elements for what is out of sight
    page.get_by_role("option", name=re.compile(rf" · {name}$")).click()
    until(page, lambda: query(page).get("model") == name)
    settle(page)


def answer(page: Page) -> Locator:
    found = page.locator("img.after")
    expect(found).to_have_attribute("src", re.compile("^data:image/png"))
    return found


def test_the_first_click_works_after_the_connection_was_lost(place: Place, visitor: Page) -> None:
    page = visitor
    page.goto(f"{place.network.url}/sample?model=gan-digits&seed=5&n=4")
    expect(page.get_by_role("button", name="picture with seed 8", exact=True)).to_be_visible()
    choose_model(page, "vae-digits")
    place.lose("cut")
    come_back(page, place)
    assert query(page) == {"model": "vae-digits", "seed": "5", "n": "4"}
    page.get_by_role("button", name="New pictures").click()
    until(page, lambda: query(page)["seed"] != "5")
    seed = int(query(page)["seed"])
    expect(page.get_by_role("button", name=f"picture with seed {seed}", exact=True)).to_be_visible()
    assert query(page) == {"model": "vae-digits", "seed": str(seed), "n": "4"}

    # And once more, with a picture shown large.
    page.get_by_role("button", name=f"picture with seed {seed}", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"Seed {seed}", exact=True)).to_be_visible()
    settle(page)
    place.lose("restart")
    come_back(page, place)
    expect(dialog.get_by_text(f"Seed {seed}", exact=True)).to_be_visible()
    settle(page)
    dialog.get_by_role("button", name="Next picture").click()
    expect(dialog.get_by_text(f"Seed {seed + 1}", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    until(page, lambda: "large" not in query(page))
    choose_model(page, "gan-digits")
    settle(page)
    assert query(page) == {"model": "gan-digits", "seed": str(seed), "n": "4"}


def test_a_socket_that_died_in_silence_is_found_out(place: Place, visitor: Page) -> None:
    page = visitor
    page.goto(f"{place.network.url}/sample?model=gan-digits&seed=5&n=4")
    expect(page.get_by_role("button", name="picture with seed 8", exact=True)).to_be_visible()
    settle(page)
    page.context.set_offline(True)
    place.network.swallow()
    page.context.set_offline(False)  # the browser is online again, and its old socket says nothing
    expect(page.get_by_role("status").filter(has_text="Reconnected")).to_be_visible()
    page.get_by_role("button", name="New pictures").click()
    until(page, lambda: query(page)["seed"] != "5")
    expect(page.get_by_role("button", name=f"picture with seed {query(page)['seed']}", exact=True)).to_be_visible()


def test_a_drawing_and_its_undo_survive_a_lost_connection_and_a_reload(place: Place, visitor: Page) -> None:
    """And what is drawn without a connection is translated."""
    page = visitor
    page.goto(f"{place.network.url}/translate?model=pix2pix-sketch&from=line-drawings&way=draw&seed=0")
    drag(page, SQUARE)
    was = answer(page).get_attribute("src") or ""
    settle(page)
    place.lose("cut")
    drag(page, STROKE)
    assert strokes(page) == 2
    expect(answer(page)).to_have_attribute("src", was)
    come_back(page, place)
    expect(answer(page)).not_to_have_attribute("src", was)
    expect_strokes(page, 2)
    page.get_by_role("button", name="Five other answers").click()
    expect(page.get_by_role("button", name="the answer with seed 5", exact=True)).to_be_visible()
    settle(page)
    second = answer(page).get_attribute("src") or ""
    # Undo still knows what was drawn before.
    ink = on_paper(page)
    page.keyboard.press("Control+z")
    assert 0 < on_paper(page) < ink
    assert strokes(page) == 1
    expect(answer(page)).not_to_have_attribute("src", second)
    settle(page)
    first = answer(page).get_attribute("src") or ""
    page.keyboard.press("Control+Shift+Z")
    expect(answer(page)).to_have_attribute("src", second)
    settle(page)

    page.reload()
    expect(answer(page)).to_have_attribute("src", second)
    expect_strokes(page, 2)
    assert on_paper(page) == pytest.approx(ink, rel=0.01)  # drawn at once, not bit by bit: other edges
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_attribute("src", first)


def test_a_theme_is_that_of_all_pages_and_survives_a_reload(place: Place, visitor: Page) -> None:
    page = visitor
    page.goto(place.url)
    settle(page)
    background = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    light = page.evaluate(background)
    page.get_by_test_id("stMainMenu").get_by_role("button").first.click()
    page.get_by_role("menuitemradio", name="Dark").click()
    until(page, lambda: page.evaluate(background) != light)
    dark = page.evaluate(background)
    page.keyboard.press("Escape")
    go(page, "Sample")
    page.reload()
    settle(page)
    assert page.evaluate(background) == dark
    go(page, "Data")
    page.reload()
    settle(page)
    assert page.evaluate(background) == dark


def test_back_goes_where_the_visitor_was(place: Place, visitor: Page) -> None:
    page = visitor
    page.goto(place.url)
    settle(page)
    go(page, "Sample")
    until(page, lambda: "seed" in query(page))
    first = page.url
    page.get_by_role("button", name="New pictures").click()
    until(page, lambda: page.url != first)
    second = page.url
    settle(page)
    go(page, "Translate")
    until(page, lambda: "model" in query(page))
    third = page.url
    go(page, "Sample")
    until(page, lambda: page.url == second)
    settle(page)
    for url in (third, second, first):
        page.go_back()
        # A step back that is taken before the last one's page came is undone by it (Streamlit): wait for the page.
        if url == third:
            expect(page.locator("h1").filter(has_text="Translate")).to_be_visible()
        else:
            seed = parse_qs(urlsplit(url).query)["seed"][0]
            expect(page.get_by_role("button", name=f"picture with seed {seed}", exact=True)).to_be_visible()
        settle(page)
        expect(page).to_have_url(url)
    page.go_back()
    expect(page.locator("h1")).to_contain_text("generative")


CLICKS = 40
STORED = "JSON.parse(sessionStorage['genlib.paper translate.drawing white']).done.length"


def test_a_drawing_survives_every_order_of_clicks(place: Place, visitor: Page) -> None:
    """Pages, ways, undo and Back in a random order and faster than the server; strokes wherever there is paper."""
    page, dice = visitor, random.Random(7)
    page.goto(f"{place.url}/translate?model=pix2pix-sketch&from=line-drawings&way=draw&seed=0")
    drag(page, SQUARE)
    answer(page)
    paper = page.locator(".sheet[aria-label]")
    done = 1

    def press(what: Locator) -> None:
        with suppress(PlaywrightError):  # it was there a moment ago
            what.first.evaluate("e => e.click()", timeout=1000)

    def link(name: str) -> Locator:
        return page.get_by_test_id("stTopNavLink").filter(has_text=name)

    def way(name: str) -> Locator:
        return page.get_by_role("radio", name=name, exact=True)

    for _ in range(CLICKS):
        match dice.choice(["page", "page", "way", "way", "way", "draw", "stroke", "stroke", "undo", "back"]):
            case "page":
                press(link(dice.choice(["Home", "Sample", "Translate", "Translate", "Data"])))
            case "way":
                press(way(dice.choice(["Example", "Upload"])))
            case "draw":
                press(link("Translate"))
                press(way("Draw"))
            case "back":
                page.go_back(wait_until="commit")
                if page.url == "about:blank":
                    page.go_forward(wait_until="commit")
            case what:
                with suppress(PlaywrightError):  # the page may be leaving
                    label, box = paper.get_attribute("aria-label", timeout=200), paper.bounding_box(timeout=200)
                    assert f"with {done} stroke" in (label or ""), "the paper lost strokes"
                    if what == "undo" and done > 1:
                        page.keyboard.press("Control+z")
                    elif what == "stroke" and box:
                        x = box["x"] + box["width"] * (0.3 + 0.4 * dice.random())
                        page.mouse.move(x, box["y"] + 0.3 * box["height"])
                        page.mouse.down()
                        page.mouse.move(x, box["y"] + 0.7 * box["height"])
                        page.mouse.up()
                before, done = done, page.evaluate(STORED)
                assert abs(done - before) <= 1
        page.wait_for_timeout(dice.choice([0, 20, 100, 300]))

    # The paper has them all, and the server knows the same ones: a new session, told everything anew, says no other.
    settle(page)
    go(page, "Translate")
    way("Draw").check(force=True)
    expect(paper).to_be_visible()
    expect_strokes(page, done)
    until(page, lambda: "way=draw" in page.url)
    settle(page)
    known = answer(page).get_attribute("src") or ""
    page.reload()
    expect(answer(page)).to_have_attribute("src", known)
    expect_strokes(page, done)


def test_an_uploaded_picture_is_still_there(place: Place, visitor: Page) -> None:
    """After a reload, and after the server was started anew."""
    page = visitor
    page.goto(f"{place.network.url}/translate?model=pix2pix-grey&from=grey-pictures&way=upload&seed=0")
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (12, 9, 3), np.uint8)
    Image.fromarray(noise).resize((270, 360)).save(file, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    was = answer(page).get_attribute("src") or ""
    settle(page)
    for how in ("reload", "restart"):
        if how == "reload":
            page.reload()
        else:
            place.lose(how)
            come_back(page, place)
        expect(page.get_by_role("button", name="Remove the picture")).to_be_visible()
        expect(answer(page)).to_have_attribute("src", was)
        settle(page)
    # Once removed it stays away, and its frame with it.
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.get_by_text("Upload a picture:")).to_be_visible()
    settle(page)
    expect(page.get_by_alt_text("Your picture")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("Upload a picture:")).to_be_visible()
    settle(page)
    expect(page.get_by_role("button", name="Remove the picture")).to_have_count(0)
