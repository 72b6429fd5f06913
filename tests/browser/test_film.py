"""A film in a real browser: it plays, stops and steps there, and the server hears of nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect
from serving import PATIENCE, ROOT, serving_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Visit = Callable[..., "Page"]
STEPS, PICTURES = 12, 8
# In step t picture b is of the one grey 20 t + b. The speed is another at every run, so that the component is surely
# called again.
SCRIPT = f"""
import numpy as np
import streamlit as st
from genlib.ui.film import film
from genlib.unrolling import Trace

runs = st.session_state.runs = st.session_state.get("runs", 0) + 1
others = st.toggle("Other frames")
numbers = st.toggle("Numbers")
st.button("Again")
t, b = np.ogrid[:{STEPS}, :{PICTURES}]
grey = 20 * t + b + (8 if others else 0)
frames = np.broadcast_to(grey[:, :, None, None, None], (*grey.shape, 14, 14, 1)).astype(np.uint8)
trace = Trace(10.0 * t + b, "free energy, nats") if numbers else None
film(frames, "film", labels=[f"row {{i}} of {STEPS}" for i in range(1, {STEPS + 1})], fps=20 + runs / 100, trace=trace)
st.text(f"run {{runs}}")
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("film")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")  # its theme, and no statistics to an outside host
    with serving_script(SCRIPT, folder) as address:
        yield address


def slider(page: Page) -> Locator:
    return page.get_by_role("group", name="Step by step").get_by_role("slider", name="Step")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def greys(page: Page) -> list[int]:
    """Of the middle of every canvas."""
    return page.locator(".wall canvas").evaluate_all(
        "all => all.map(c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0])"
    )


def at(page: Page, step: int, other: int = 0) -> None:
    """The film stands at `step`, counted from 0: slider, label and pictures."""
    expect(slider(page)).to_have_value(str(step), timeout=PATIENCE)
    expect(slider(page)).to_have_attribute("aria-valuetext", f"row {step + 1} of {STEPS}")
    expect(page.locator(".label")).to_have_text(f"row {step + 1} of {STEPS}")
    assert greys(page) == [20 * step + b + other for b in range(PICTURES)]


def opened(page: Page, other: int = 0) -> None:
    """The film is there, at its last step, and its pictures are drawn."""
    last = 20 * (STEPS - 1) + other
    page.wait_for_function(
        """last => [...document.querySelectorAll('*')].some(e => {
          const c = e.shadowRoot?.querySelector('.wall canvas');
          return c && c.width && c.getContext('2d').getImageData(0, 0, 1, 1).data[0] === last;
        })""",
        arg=last,
        timeout=PATIENCE,
    )
    at(page, STEPS - 1, other)


def test_it_starts_finished_and_steps(url: str, visit: Visit) -> None:
    page = visit(url)
    opened(page)
    expect(button(page, "Next step")).to_have_attribute("aria-disabled", "true", timeout=PATIENCE)
    button(page, "Next step").click(force=True)
    at(page, STEPS - 1)
    button(page, "Previous step").click()
    at(page, STEPS - 2)
    button(page, "Next step").click()
    at(page, STEPS - 1)
    # What is drawn is the sheet's pixels, enlarged by a whole factor, not smoothed.
    for canvas in page.locator(".wall canvas").all():
        assert canvas.evaluate("c => c.width % 14 === 0 && c.height % 14 === 0 && c.width > c.clientWidth")


def test_keys_and_scrubbing(url: str, visit: Visit) -> None:
    page = visit(url)
    opened(page)
    for name in ("slider", "Previous step"):
        (slider(page) if name == "slider" else button(page, name)).focus()
        for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", STEPS - 1)):
            page.keyboard.press(key)
            at(page, step)
    box = slider(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert 4 <= int(slider(page).input_value()) <= 7
    at(page, int(slider(page).input_value()))
    # Space plays; for who wants little motion, to the end and no further.
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press("Space")
    at(page, STEPS - 1)
    expect(button(page, "Play")).to_be_visible(timeout=PATIENCE)


def test_playing_is_not_the_servers_business(url: str, visit: Visit) -> None:
    page = visit("about:blank")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(url)
    opened(page)
    expect(page.get_by_text("run 1", exact=True)).to_be_visible(timeout=PATIENCE)
    before = len(sent)
    assert before  # it is counted
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(
        """() => {
          const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.film')).shadowRoot;
          const label = root.querySelector('.label');
          window.seen = [];
          new MutationObserver(() => seen.push([label.textContent, label.getAttribute('aria-live')]))
            .observe(label, {childList: true});
        }"""
    )
    button(page, "Play").click()
    # From the first step to the last and, since motion is welcome, on from the first.
    page.wait_for_function("window.seen.length > 16", timeout=PATIENCE)
    button(page, "Pause").click()
    seen = page.evaluate("window.seen")
    wanted = [f"row {i + 1} of {STEPS}" for i in range(STEPS)]
    assert [name for name, _ in seen[:16]] == (wanted + wanted)[:16]
    assert {live for _, live in seen[:16]} == {"off"}
    assert seen[-1][1] == "polite"
    at(page, int(slider(page).input_value()))
    button(page, "Previous step").click()
    page.keyboard.press("Home")
    at(page, 0)
    expect(page.get_by_text("run 1", exact=True)).to_be_visible(timeout=PATIENCE)
    assert len(sent) == before


def test_the_place_stays_when_the_script_runs_again_and_not_for_other_frames(url: str, visit: Visit) -> None:
    page = visit(url)
    opened(page)
    slider(page).press("Home")
    slider(page).press("ArrowRight")
    for run in (2, 3):
        page.get_by_role("button", name="Again").click()
        expect(page.get_by_text(f"run {run}", exact=True)).to_be_visible(timeout=PATIENCE)
        at(page, 1)
    # It plays on, at its own pace: whatever draws is called once a frame, by the latest run of the component.
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(
        """() => {
          window.ticks = []; // the number of the frame in which each was
          let frame = 0;
          const ask = window.requestAnimationFrame;
          const count = () => { frame++; ask(count); };
          count();
          window.requestAnimationFrame = call => ask(now => {
            if (call.name === 'tick') ticks.push(frame);
            call(now);
          });
        }"""
    )
    button(page, "Play").click()
    page.get_by_role("button", name="Again").click()
    expect(page.get_by_text("run 4", exact=True)).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("before => window.ticks.length > before + 20", arg=page.evaluate("window.ticks.length"))
    button(page, "Pause").click()
    ticks = page.evaluate("window.ticks")
    assert len(ticks) == len(set(ticks))
    at(page, int(slider(page).input_value()))
    slider(page).press("Home")
    page.get_by_text("Other frames").click()
    opened(page, other=8)
    button(page, "Previous step").click()
    at(page, STEPS - 2, other=8)


def test_a_phone_has_two_rows_and_room_for_a_finger(url: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(url)
    opened(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        boxes = [box for canvas in page.locator(".wall canvas").all() if (box := canvas.bounding_box())]
        assert len(np.unique([round(box["y"]) for box in boxes])) == 2
        for name in ("Previous step", "Play", "Next step"):
            box = button(page, name).bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44
        box = slider(page).bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["width"] > 150
        page.locator(".wall").tap()  # the pictures play, too
        expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)
        button(page, "Pause").tap()
        expect(button(page, "Play")).to_be_visible(timeout=PATIENCE)
    context.close()


def test_numbers_are_a_line_over_the_slider(url: str, visit: Visit) -> None:
    page = visit(url)
    opened(page)
    expect(page.locator(".trace")).to_be_hidden()
    page.get_by_text("Numbers").click()
    expect(page.locator(".label")).to_have_text("row 12 of 12 · free energy: 113.5 nats on average", timeout=PATIENCE)
    expect(page.locator(".trace span").first).to_have_text("117.0")
    slider(page).fill("5")
    expect(page.locator(".label")).to_have_text("row 6 of 12 · free energy: 53.5 nats on average")
    painted = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value)"
    assert page.locator(".trace canvas").evaluate(painted)
