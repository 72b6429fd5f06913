"""Train in a browser: a run is started, watched, paused and stopped; others wait; who leaves ends theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from serving import PATIENCE, serving, settled

from genlib.jobs.lease import GRACE as GRACE_S

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
SMALL = "/train?width=16&batch=16&steps=20000"
# A server whose grace for who is gone is read from a file: a reload on a busy machine needs all of it, and while one
# who left is waited for, their run takes a processor.
GRACE = """
import genlib.jobs
from pathlib import Path

class Lease(genlib.jobs.Lease):
    def lose(self):
        self._grace = float(Path({!r}).read_text())
        super().lose()

genlib.jobs.Lease = Lease
"""


@pytest.fixture(scope="module")
def grace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lab") / "grace"
    file.write_text(str(GRACE_S))
    return file


@pytest.fixture(scope="module")
def lab(grace: Path) -> Iterator[str]:
    """The address of a server of which no other test takes the turn to compute."""
    with serving(grace.with_name("log"), before=GRACE.format(str(grace))) as url:
        yield url


def open_lab(visit: Visit, server: str) -> Page:
    page = visit(server + SMALL)
    settled(page)
    return page


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def status(page: Page) -> Locator:
    return page.get_by_test_id("stProgress")


def step(page: Page) -> int:
    found = re.search(r"[Ss]tep ([\d,]+)", status(page).inner_text())
    assert found
    return int(found[1].replace(",", ""))


def test_a_run_is_watched_paused_found_again_and_ended_when_its_visitor_leaves(
    lab: str, grace: Path, visit: Visit
) -> None:
    """While a second tab waits for its turn."""
    page = open_lab(visit, lab)
    arena = page.get_by_role("img", name="The data")
    expect(arena).to_be_visible(timeout=PATIENCE)
    press(page, "Start")
    expect(status(page)).to_contain_text(re.compile(r"Step [1-9].* steps a second"), timeout=PATIENCE)
    arena = page.get_by_role("img", name=re.compile("Generative adversarial network after .* steps, over the data"))
    before = arena.evaluate("canvas => canvas.toDataURL()")
    for _ in range(PATIENCE // 500):
        if arena.evaluate("canvas => canvas.toDataURL()") != before:
            break
        page.wait_for_timeout(500)
    else:
        raise AssertionError("the arena stays as it was")

    # A reload finds it, and so does who was on another page.
    reached = step(page)
    page.reload()
    settled(page)
    expect(status(page)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)
    assert step(page) >= reached
    page.get_by_role("link", name="Home", exact=True).click()
    page.wait_for_url(lab + "/", timeout=PATIENCE)
    page.get_by_role("link", name="Train", exact=True).click()
    expect(status(page)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)

    second = open_lab(visit, lab)
    press(second, "Start")
    expect(status(second)).to_contain_text("Another run has this machine. Yours is number 1", timeout=PATIENCE)
    press(page, "Pause")
    expect(status(page)).to_contain_text("Paused after step", timeout=PATIENCE)
    expect(status(second)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)  # it has the turn now
    paused = step(page)
    press(page, "One step")
    expect(status(page)).to_contain_text(f"Paused after step {paused + 1:,} ", timeout=PATIENCE)

    press(second, "Stop")
    expect(status(second)).to_contain_text("Ended after", timeout=PATIENCE)
    expect(second.get_by_role("slider", name="After step")).to_be_visible(timeout=PATIENCE)
    press(page, "Resume")
    expect(status(page)).to_contain_text("steps a second", timeout=PATIENCE)
    assert step(page) > paused

    press(second, "Again")
    expect(status(second)).to_contain_text("Another run has this machine", timeout=PATIENCE)
    grace.write_text("1")
    page.goto(f"{lab}/_stcore/health")  # as a closed tab: the session is gone
    expect(status(second)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)


def test_runs_side_by_side_have_one_legend_and_one_cursor(lab: str, visit: Visit) -> None:
    page = visit(lab + "/train?width=16&batch=16&steps=5&also=vae+batch=16;+gan+game=minimax+batch=16")
    settled(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished after 5 steps", timeout=PATIENCE)
    planes = page.get_by_role("img", name=re.compile("after 5 steps, over the data"))
    expect(planes).to_have_count(3, timeout=PATIENCE)
    expect(page.get_by_role("button", name="samples", exact=True)).to_have_count(1)
    planes.first.hover()
    said = page.locator(".readout")
    for i, word in enumerate(("critic value", "density", "D")):
        expect(said.nth(i)).to_contain_text(re.compile(rf"^at .* · {word} "))


def test_pictures_are_learned_and_the_model_goes_on_to_sample(lab: str, visit: Visit) -> None:
    page = visit(lab + "/train?data=digits&model=gan&width=16&batch=16&budget=600")
    settled(page)
    expect(page.get_by_role("group", name="Pictures of the data")).to_be_visible(timeout=PATIENCE)
    press(page, "Start")
    expect(status(page)).to_contain_text(re.compile(r"Step [1-9].* pictures a second on .* s left"), timeout=PATIENCE)
    expect(page.get_by_role("group", name=re.compile("48 pictures by .* after [1-9]"))).to_be_visible(timeout=PATIENCE)
    press(page, "Pause")
    expect(status(page)).to_contain_text("Paused after step", timeout=PATIENCE)
    paused = step(page)
    press(page, "Discriminator alone")
    expect(status(page)).to_contain_text(f"Paused after step {paused + 1:,}.", timeout=PATIENCE)
    press(page, "Stop")
    expect(page.get_by_role("slider", name="After step")).to_be_visible(timeout=PATIENCE)
    press(page, "To Sample")
    page.wait_for_url(re.compile(r"/sample\?.*model=gan-digits\.zip"), timeout=PATIENCE)
    expect(page.get_by_role("button", name="picture with seed 0", exact=True)).to_be_visible(timeout=PATIENCE)
