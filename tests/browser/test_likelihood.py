"""Likelihood in a real browser: a pixel by mouse and by keys, a threshold, a drawing, addresses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drawing_by_hand import drag
from playwright.sync_api import expect
from serving import PATIENCE, ROOT, serving_script, settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]


def field(page: Page) -> Locator:
    found = page.get_by_role("slider", name=re.compile("Pixel that is looked at"))
    expect(found).to_be_visible(timeout=PATIENCE)
    return found


def test_a_pixel_is_chosen_by_mouse_and_by_keys_and_the_rest_is_drawn_from_there(server: str, visit: Visit) -> None:
    page = visit(server + "/likelihood?model=fvsbn-digits&part=pixels&pixel=0")
    heat = field(page)
    settled(page)
    expect(heat).to_have_attribute("aria-valuetext", re.compile("Row 1, column 1 is off"))
    made = page.locator(".st-key-completions canvas").nth(1)
    expect(made).to_be_visible(timeout=PATIENCE)
    heat.scroll_into_view_if_needed()
    box = heat.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 10.5 / 28, box["y"] + box["height"] * 20.5 / 28)
    expect(heat).to_have_attribute("aria-valuetext", re.compile("Row 21, column 11 "))
    page.wait_for_url(re.compile(r"pixel=570\b"), timeout=PATIENCE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(heat).to_have_attribute("aria-valuetext", re.compile("Row 22, column 12 "))
    expect(page.get_by_role("img", name="The 599 pixels before row 22, column 12")).to_be_visible()
    page.wait_for_url(re.compile(r"pixel=599\b"), timeout=PATIENCE)
    expect(heat).to_be_focused()
    settled(page)
    page.get_by_role("button", name="From the middle").click()
    expect(heat).to_have_attribute("aria-valuetext", re.compile("Row 15, column 1 "), timeout=PATIENCE)
    page.get_by_text("One picture", exact=True).click()  # a whole run after one of the fragment
    expect(page.get_by_role("heading", name="The bound tightens")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.get_by_text("Pixel by pixel", exact=True).click()
    expect(field(page)).to_have_attribute("aria-valuetext", re.compile("Row 15, column 1 "), timeout=PATIENCE)
    again = visit(page.url)
    expect(field(again)).to_have_attribute("aria-valuetext", re.compile("Row 15, column 1 "), timeout=PATIENCE)


def test_a_drawing_is_asked_about_after_each_stroke(server: str, visit: Visit) -> None:
    page = visit(server + "/likelihood?model=vae2d-digits&way=draw")
    expect(page.get_by_text("Bring a picture")).to_be_visible(timeout=PATIENCE)
    settled(page)
    drag(page, [(0.3, 0.2), (0.7, 0.2), (0.5, 0.8)], steps=4)
    expect(page.get_by_text("Log-likelihood of your drawing")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text("Your drawing, as the models see it")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("cell", name=re.compile(r"−[\d.]+ nats")).first).to_be_visible(timeout=PATIENCE)


def test_the_threshold_is_dragged(server: str, visit: Visit) -> None:
    page = visit(server + "/likelihood?model=fvsbn-digits&part=odd&keep=100")
    expect(page.get_by_text("of the test pictures. AUROC")).to_contain_text("0% of the test", timeout=PATIENCE)
    settled(page)
    page.get_by_role("slider", name=re.compile("let through")).focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("of the test pictures. AUROC")).to_contain_text("50% of the test", timeout=PATIENCE)
    page.wait_for_url(re.compile("keep=50"), timeout=PATIENCE)


FLOW = """
import torch
from genlib import density, training
from genlib.models.realnvp import Config, RealNVP
from genlib.spaces import Points
from genlib.ui.likelihood.flow import flow

model = training.fresh(RealNVP, Config(space=Points(), layers=2, width=8), seed=0)
torch.nn.init.constant_(model.log_scale, 0.5)  # each layer leaves all in place; the end stretches by e
flow(density.carried(model, density.grid((-2, -1), (2, 1), 41), torch.zeros(9, 2)), "flow")
"""


def test_layers_carry_the_plane_and_a_place_says_how_much_it_grew(tmp_path: Path, visit: Visit) -> None:
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    with serving_script(FLOW, tmp_path) as url:
        page = visit(url)
        place = page.get_by_role("slider", name=re.compile("Place that is looked at"))
        step = page.get_by_role("slider", name="Step")
        expect(place).to_have_attribute("aria-valuetext", re.compile(r"x = \(0.00, 0.00\)"), timeout=PATIENCE)
        expect(step).to_have_attribute("aria-valuetext", "before the first layer")
        expect(page.get_by_role("status")).to_contain_text("density of x: 0.433")  # e / 2 pi
        for _ in range(3):
            page.get_by_role("button", name="Next step").click()
        expect(step).to_have_attribute("aria-valuetext", "all scaled: noise")
        expect(page.get_by_role("status")).to_contain_text("2.7 times as large")
        box = place.bounding_box()
        assert box
        page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
        expect(page.get_by_role("status")).to_contain_text("x = (1.00, 0.50) is now at (1.65, 0.82)")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("status")).to_contain_text("x = (0.90, 0.50)")
