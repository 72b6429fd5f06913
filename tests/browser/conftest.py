"""A server as a visitor meets it, and pages that must stay free of errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import PATIENCE, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that all tests share."""
    with serving(tmp_path_factory.mktemp("server") / "log") as url:
        yield url


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that nobody has visited yet."""
    with serving(tmp_path / "log") as url:
        yield url


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """windows(dark, width, phone) -> a browser's context, the same for the same arguments.

    It is kept from test to test because Streamlit's scripts, once compiled, make every later page quicker.
    """
    opened: dict[tuple[bool, int, bool], BrowserContext] = {}

    def window(dark: bool, width: int, phone: bool) -> BrowserContext:
        if (dark, width, phone) not in opened:
            context = browser.new_context(
                color_scheme="dark" if dark else "light",
                viewport={"width": 390, "height": 844} if phone else {"width": width, "height": 800},
                has_touch=phone,
                is_mobile=phone,
                reduced_motion="reduce",
            )
            context.set_default_timeout(PATIENCE)
            context.add_init_script(WATCH)
            opened[dark, width, phone] = context
        return opened[dark, width, phone]

    yield window
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(windows: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """visit(url, dark=, width=, phone=) -> a page of its own session, as soon as the server answers.

    At the end of the test none of the pages may have met an error: an exception on the page or in the browser's
    console, or a request to an outside host. What the pages kept in the browser is forgotten.
    """
    pages: list[Page] = []
    errors: list[str] = []

    def open_page(url: str, dark: bool = False, width: int = 1280, phone: bool = False) -> Page:
        page = windows(dark, width, phone).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(_said(message)) if _is_error(message) else None)
        page.on("request", lambda request: errors.append(request.url) if _is_outside(request.url) else None)
        page.goto(url, wait_until="commit")
        pages.append(page)
        return page

    yield open_page
    exceptions = [text for page in pages for text in page.locator(".stException").all_inner_texts()]
    for page in pages:
        page.evaluate("localStorage.clear()")
        page.close()
    assert not errors + exceptions


# Everything that was ever painted of these, for what must not be seen even for a moment.
WATCH = """
window.painted = new Set();
new MutationObserver(() => {
  const seen = 'h1, [role=dialog], [data-testid=stTopNavLink], [data-testid=stSidebarNavLink]';
  for (const e of document.querySelectorAll(seen)) painted.add(e.innerText);
}).observe(document, {subtree: true, childList: true, characterData: true});
// The server forgets the pictures of a page that was left, also those that the browser still asks for: only one that
// stays on the page without being had is an error.
addEventListener('error', event => {
  if (event.target instanceof HTMLImageElement) setTimeout(() => {
    if (event.target.isConnected && !event.target.naturalWidth) console.error('no picture', event.target.src);
  }, 1000);
}, true);
"""


def _said(message: Any) -> str:
    return f"{message.text} {_url(message)}"


def _url(message: Any) -> str:
    url: str = message.location.get("url", "")
    return url


def _is_error(message: Any) -> bool:
    # At /data Streamlit's client asks for /data/_stcore/health before it tries /_stcore/health: a 404 as planned.
    # WATCH tells which of the pictures that could not be had were missed; the browser and Streamlit tell of all.
    # It asks again where a busy server is late to say how it is; what never comes fails the test itself.
    places, words = ("/_stcore/", "/media/"), ("Image source error", "Streamlit server is not responding")
    expected = any(path in _said(message) for path in places) or any(said in message.text for said in words)
    return message.type == "error" and not expected


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))
