"""Where a walk through the whole app leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from serving import PATIENCE, settled

from genlib.ui.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Every page, and what a click opens: an address, and the name of a button.
STATES = [
    *((f"/{page.key}" if page.key != "home" else "/", "") for page in PAGES),
    ("/sample?model=fvsbn-digits&view=steps", ""),
    ("/sample?model=gan-ring8", ""),
    ("/sample?model=vae-digits&seed=7&n=6", "picture with seed 9"),
    ("/sample", "Controls"),
    ("/sample", "Hub"),
    ("/translate?way=upload", ""),
    ("/translate?way=draw", ""),
    ("/translate?model=discogan-hair", ""),
    ("/data?set=faces", ""),
    ("/data?set=points", ""),
]


def opened(page: Page, button: str) -> None:
    """Wait for the page, and for what the button opens."""
    settled(page)
    if button:
        page.get_by_role("button", name=re.compile(rf"{button}\b")).first.click()
        window = page.get_by_role("dialog") if "seed" in button else page.get_by_test_id("stPopoverBody")
        expect(window).to_be_visible(timeout=PATIENCE)
        settled(page)
