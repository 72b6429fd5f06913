"""Whoever sees little, hears the page or has no mouse: every page by axe-core, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from serving import PATIENCE, settled
from walk import faults, pages, places

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
Way = Callable[..., Iterator[str]]
# What has the focus, inside of components too.
FOCUSED = """() => {
  let e = document.activeElement;
  while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  return e?.ariaLabel || e?.innerText || e?.nodeName;
}"""


def status(page: Page | Locator) -> Locator:
    return page.get_by_role("status").filter(has_text=re.compile(r"\w"))


WAYS = {"pages": pages, "places": partial(places, half=0), "other places": partial(places, half=1)}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_everybody_can_use_it(way: Way, server: str, visit: Visit) -> None:
    """On a dark telephone, and, without loading it anew, on a wide and light screen."""
    page = visit("about:blank", dark=True, phone=True)
    narrow = page.viewport_size
    assert narrow
    found = {}
    for where in way(page, server):
        found[where, "narrow and dark"] = faults(page, dark=True, phone=True)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.emulate_media(color_scheme="light")
        found[where, "wide and light"] = faults(page, dark=False, phone=False, again=True)
        page.set_viewport_size(narrow)
        page.emulate_media(color_scheme="dark")
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_new_pictures_are_told_arrow_keys_go_through_them_and_the_dialog_gives_the_focus_back(
    server: str, visit: Visit
) -> None:
    page = visit(f"{server}/sample?model=vae-digits&seed=41&n=6")
    settled(page)
    expect(status(page)).to_have_count(0)
    page.get_by_role("spinbutton", name="First seed").fill("7")
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text("6 pictures by vae-digits, from seed 7 on", timeout=PATIENCE)
    settled(page)
    tiles = page.get_by_role("group", name="Pictures").get_by_role("button")
    expect(tiles).to_have_count(6, timeout=PATIENCE)
    assert tiles.evaluate_all("all => all.filter(e => e.tabIndex === 0).length") == 1  # one stop of the Tab key
    tiles.first.focus()
    row = len({box["x"] for tile in tiles.all() if (box := tile.bounding_box())})
    assert 1 < row < 6
    for key, at in (
        ("ArrowRight", 1),
        ("ArrowDown", 1 + row),
        ("ArrowUp", 1),
        ("End", 5),
        ("ArrowRight", 5),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(tiles.nth(at)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Seed 8", exact=True)).to_be_visible(timeout=PATIENCE)
    settled(page)
    for key, seed in (("ArrowRight", 9), ("ArrowLeft", 8), ("ArrowLeft", 7), ("ArrowLeft", 12)):  # and round
        page.keyboard.press(key)
        expect(dialog.get_by_text(f"Seed {seed}", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(dialog.get_by_alt_text(f"Picture with seed {seed}")).to_be_visible(timeout=PATIENCE)
        expect(status(dialog)).to_have_text(f"Picture with seed {seed}, {seed - 6} of 6", timeout=PATIENCE)
        settled(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0, timeout=PATIENCE)
    expect(tiles.nth(1)).to_be_focused(timeout=PATIENCE)


def test_a_window_gives_the_focus_back(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model=dcgan-faces&n=6")
    settled(page)
    for name in ("Controls", "Hub"):
        button = page.get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible(timeout=PATIENCE)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_have_count(0, timeout=PATIENCE)
        expect(button).to_be_focused(timeout=PATIENCE)


def test_the_chosen_one_is_marked_and_its_result_told(server: str, visit: Visit) -> None:
    page = visit(f"{server}/translate?model=pix2pix-sketch&way=example&example=3")
    tick = "e => getComputedStyle(e, '::before').content"
    for group, first, said in (
        ("Examples", 3, "the most typical answer"),
        ("Answers", 0, "the answer with seed 0"),
    ):
        settled(page)
        tiles = page.get_by_role("group", name=group).get_by_role("button")
        chosen = page.get_by_role("group", name=group).get_by_role("button", pressed=True)
        expect(chosen).to_have_count(1, timeout=PATIENCE)
        expect(tiles.nth(first)).to_have_attribute("aria-pressed", "true")
        assert "✓" in tiles.nth(first).evaluate(tick)
        tiles.nth(first).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        expect(tiles.nth(first + 1)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
        expect(chosen).to_have_count(1)
        assert "✓" in tiles.nth(first + 1).evaluate(tick)
        assert "✓" not in tiles.nth(first).evaluate(tick)
        expect(tiles.nth(first + 1)).to_be_focused()
        expect(status(page)).to_have_text(f"New picture: {said}", timeout=PATIENCE)


def test_the_family_tree_is_a_list_that_keys_reach(server: str, visit: Visit) -> None:
    page = visit(server)
    settled(page)
    expect(page.get_by_role("heading", name="Family tree")).to_be_visible(timeout=PATIENCE)
    tree = page.get_by_role("list", name="Family tree of the models")
    leaf = tree.get_by_role("button", name="Deep convolutional GAN")
    expect(leaf).to_be_visible(timeout=PATIENCE)
    tree.get_by_role("button").first.focus()
    for _ in range(40):
        if page.evaluate(FOCUSED) == "Deep convolutional GAN":
            break
        page.keyboard.press("Tab")
    expect(leaf).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sample?*model=dcgan-*", timeout=PATIENCE)


def test_the_dialog_opens_at_its_full_height_and_nothing_in_it_moves(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model=vae-digits&seed=7&n=6")
    settled(page)
    page.evaluate(
        """() => {
          window.boxes = {};
          const look = () => {
            const dialog = document.querySelector('[role=dialog]');
            const question = [...(dialog?.querySelectorAll('p') ?? [])].find(p => p.innerText.startsWith('Is it'));
            const parts = {dialog, question, picture: dialog?.querySelector('img[alt^=Picture]')};
            for (const [name, e] of Object.entries(parts)) {
              const box = e?.getBoundingClientRect();
              if (box?.height) (boxes[name] ??= new Set()).add([box.top, box.height].map(Math.round).join());
            }
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.get_by_role("button", name="picture with seed 9", exact=True).click()
    near = page.get_by_role("dialog").get_by_alt_text(re.compile("Training picture at distance"))
    expect(near).to_have_count(5, timeout=2 * PATIENCE)
    settled(page)
    page.wait_for_function("boxes.picture", timeout=PATIENCE)
    boxes = page.evaluate("Object.fromEntries(Object.entries(boxes).map(([name, all]) => [name, [...all]]))")
    assert {name: len(all) for name, all in boxes.items()} == {"dialog": 1, "picture": 1, "question": 1}, boxes


# As Chrome's translation does it: a text goes, and two <font> elements with other words come in its place.
TRANSLATE = """() => {
  const walker = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    if (!text.nodeValue.trim() || text.parentElement.closest('style, script, code, [translate=no]')) continue;
    const font = document.createElement('font');
    font.appendChild(document.createElement('font')).textContent = text.nodeValue.toUpperCase();
    text.replaceWith(font);
  }
}"""


def test_a_translated_card_takes_the_words_of_the_next_model(server: str, visit: Visit) -> None:
    page = visit(f"{server}/sample?model=vae-digits&n=4")
    settled(page)
    page.wait_for_function("window.genlib")  # nobody translates before the page's own script is there
    card = page.get_by_role("tabpanel").first
    expect(card.get_by_text("trained on Handwritten digits")).to_be_visible(timeout=PATIENCE)
    page.evaluate(TRANSLATE)
    expect(card.get_by_text("TRAINED ON HANDWRITTEN DIGITS")).to_be_visible(timeout=PATIENCE)
    for name, words in (("dcgan-faces", "trained on Drawn faces"), ("vae-digits", "trained on Handwritten digits")):
        page.get_by_role("combobox", name="Model").fill(name)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**model={name}*", timeout=PATIENCE)
        expect(card.get_by_text(words)).to_be_visible(timeout=PATIENCE)
        settled(page)
        text = card.inner_text()
        assert "HANDWRITTEN" not in text
        assert "DRAWN FACES" not in text
        page.evaluate(TRANSLATE)
