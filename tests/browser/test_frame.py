"""The frame in a real browser: deep links on a fresh server, the family tree, both themes, phone width."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect
from serving import PATIENCE, settled

from genlib import catalog
from genlib.ui.pages import PAGES as SPECS
from genlib.ui.pages import page_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

TITLES = {spec.key: spec.title for spec in SPECS}
Visit = Callable[..., "Page"]


def path_of(page: str) -> str:
    return "" if page == "home" else page


# A page without torch and one with it; test_sample and test_translate have first requests to a fresh server, too. That
# every page brings itself into the frame is in ui/test_pages.py.
@pytest.mark.parametrize("name", ["home", "latent"])
def test_first_request_to_a_fresh_server_may_be_a_deep_link(name: str, fresh_server: str, visit: Visit) -> None:
    """Two visitors at once follow a link: each gets that page, framed, with its query, and nothing else."""
    query = {"from": "a letter"}
    address = f"{fresh_server}/{path_of(name)}?" + "&".join(f"{k}={v}" for k, v in query.items())
    for page in [visit(address), visit(address)]:
        page.bring_to_front()  # and its pictures are waited for in the tests of the page
        page.wait_for_function(f"document.title === '{TITLES[name]} · genlib'", timeout=PATIENCE)
        expect(page.get_by_role("navigation", name="App pages").get_by_role("link")).to_have_count(len(TITLES))
        expect(page.locator("h1")).to_have_count(1)
        links = page.locator("[data-testid=stTopNavLink]").all_inner_texts()
        assert sorted(links) == sorted(TITLES.values())
        assert urlsplit(page.url).path == f"/{path_of(name)}"
        assert query.items() <= dict(parse_qsl(urlsplit(page.url).query)).items()
        painted = set(page.evaluate("[...painted]")) - {""}
        assert painted == {*links, page.locator("h1").inner_text()}


def test_home_shows_pictures_and_a_tree_whose_leaves_open_models(server: str, visit: Visit) -> None:
    page = visit(server)
    settled(page)
    shelf = [c for c in catalog.shelf().values() if c.about.family]
    titles = catalog.titles(catalog.shelf().values())
    shown = {titles[c.name] for c in shelf if (c.folder / "sample.png").exists()}
    assert shown
    assert set(page.locator("[class*=st-key-frame-]").all_inner_texts()) == shown
    assert page.locator("[class*=st-key-frame-] img").count() == len(shown)

    first = next(c for c in catalog.shelf().values() if c.about.family)
    spec = page_of(first.model, first.kind)
    assert spec
    leaf = page.get_by_role("button", name=first.about.title, exact=True)
    branch = page.get_by_role("button", name="Implicit density", exact=True)
    gloss = page.get_by_text("No formula for p(x)")
    assert not gloss.is_visible()
    branch.click()
    gloss.wait_for(state="visible")
    leaf.click()
    page.wait_for_url(f"**/{spec.key}?*model={first.name}*")


def test_a_picture_opens_its_model(server: str, visit: Visit) -> None:
    page = visit(server)
    settled(page)
    picture = page.locator("[class*=st-key-frame-]").first
    titles = catalog.titles(catalog.shelf().values())
    (name,) = [name for name, title in titles.items() if title == picture.inner_text()]
    box = picture.locator("img").bounding_box()
    assert box
    page.mouse.click(box["x"] + 30, box["y"] + 30)
    listed = catalog.shelf()[name]
    spec = page_of(listed.model, listed.kind)
    assert spec
    page.wait_for_url(f"**/{spec.key}?*model={name}*")
