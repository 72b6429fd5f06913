"""A walk through the whole app, and what has to be so wherever it leads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect
from serving import PATIENCE, settled

from genlib.ui.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINGER = 44  # px
LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
SOON = 20  # s after the script's end in which what the browser draws by itself has come
# Where the walk leads besides the pages: an address, and the names of the buttons there that open a window.
PLACES = [
    ("/sample?model=fvsbn-digits&view=steps", []),
    ("/sample?model=gan-ring8", []),
    ("/sample?model=vae-digits&seed=7&n=6", ["Controls", "Hub", "picture with seed 9"]),
    ("/translate?way=upload", []),
    ("/translate?way=draw", []),
    ("/translate?model=discogan-hair", []),
    ("/latent?model=vae2d-digits&part=plane", []),
    ("/latent?model=vae2d-digits&part=units", []),
    ("/latent?model=vae-faces&part=attributes&how=analogy", []),
    ("/train?lesson=collapse", []),
    ("/likelihood?model=fvsbn-digits&part=pixels&pixel=500", []),
    ("/likelihood?model=vae-digits&part=crowds&way=draw", []),
    ("/likelihood?model=vae-digits&part=odd&against=faded&way=upload", []),
    ("/data?set=faces", []),
    ("/data?set=points", []),
]
# What a finger is meant to hit and is too small for it, as [name, width, height]. Links within a text are as high as
# its lines; a checkbox is hit by its label.
SMALL = f"""() => {{
  const out = [];
  const walk = (root) => {{
    for (const e of root.querySelectorAll('*')) {{
      if (e.shadowRoot) walk(e.shadowRoot);
      const target = 'a[href], button, input, [role=button], [role=radio], [role=tab], [role=combobox], summary';
      if (!e.matches(target) || (e.matches('a') && e.closest('p, li:not(nav li), td'))) continue;
      const hit = e.matches('[type=checkbox]') ? e.closest('label') : e;
      const box = hit.getBoundingClientRect(), style = getComputedStyle(hit);
      const hidden = box.width <= 1 || style.visibility === 'hidden' || style.pointerEvents === 'none';
      if (hidden || hit.closest('[inert], [aria-hidden=true]') || e.ariaLabel === 'Dismiss') continue;
      if (Math.min(box.width, box.height) < {FINGER} - 0.5)
        out.push([e.ariaLabel || e.innerText, Math.round(box.width), Math.round(box.height)]);
    }}
  }};
  walk(document);
  return out;
}}"""
# Pictures without an alternative text. The paper's layers have the paper's name.
NAMELESS = """() => {
  const out = [];
  const walk = (root) => {
    for (const e of root.querySelectorAll('*')) {
      if (e.shadowRoot) walk(e.shadowRoot);
      if (!e.matches('img, canvas, .js-plotly-plot') || e.matches('[class*="-canvas"]')) continue;
      const named = e.alt || e.closest('[aria-label]:not([aria-label=""]), [aria-hidden=true]');
      if (!named) out.push(e.outerHTML.slice(0, 200));
    }
  };
  walk(document);
  return out;
}"""
# To an address of the app as Back and Forward lead there, which loads nothing anew; until the script has run for it. A
# run that begins and ends between two paints leaves no trace: after a while it is taken to be over.
GO = """address => new Promise(done => {
  setTimeout(done, 10000);
  const app = document.querySelector('[data-testid=stApp]'), state = 'data-test-script-state';
  new MutationObserver((_, observer) => {
    if (app.getAttribute(state) === 'notRunning') done(observer.disconnect());
  }).observe(app, {attributeFilter: [state]});
  history.pushState({}, '', address);
  dispatchEvent(new PopStateEvent('popstate', {state: {}}));
})"""
WIDTHS = "[document.scrollingElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def pages(page: Page, server: str) -> Iterator[str]:
    """Every page by a click in the navigation, which says where one is; gives its title."""
    page.goto(server)
    links = page.get_by_role("navigation", name="App pages").get_by_role("link")
    expect(links).to_have_text([spec.title for spec in PAGES], timeout=PATIENCE)
    for spec in PAGES[1:] + PAGES[:1]:
        settled(page)
        link = links.filter(has_text=re.compile(f"^{spec.title}$"))
        link.click()
        page.wait_for_function(f"document.title === '{spec.title} · genlib'", timeout=PATIENCE)
        expect(link).to_have_attribute("aria-current", "page")
        assert [other.get_attribute("aria-current") for other in links.all()].count("page") == 1
        for other in links.all():
            expect(other).to_be_in_viewport(ratio=1)
        settled(page)
        yield spec.title


def places(page: Page, server: str, half: int) -> Iterator[str]:
    """Every second of the other places, each with the windows that open there; gives their names."""
    page.goto(server)
    for address, buttons in PLACES[half::2]:
        settled(page)
        page.evaluate(GO, address)
        settled(page)
        yield address
        for button in buttons:
            page.get_by_role("button", name=re.compile(rf"{button}\b")).first.click()
            window = page.get_by_role("dialog") if "seed" in button else page.get_by_test_id("stPopoverBody")
            expect(window).to_be_visible(timeout=PATIENCE)
            settled(page)
            yield f"{address}, {button}"
            page.keyboard.press("Escape")
            expect(window).to_have_count(0, timeout=PATIENCE)


def faults(page: Page, dark: bool, phone: bool, again: bool = False) -> list[Any]:
    """What is wrong where the walk has led: by axe-core, with pictures, with room for a finger, width and colours.

    again: the place was looked at in another theme and width; of axe-core's rules those that hang on these are enough.
    """
    found = until_none(page, lambda: serious(page, LOOKS if again else None))
    found += until_none(page, lambda: page.evaluate(NAMELESS))
    width = page.evaluate("innerWidth")
    found += until_none(page, lambda: [w for w in page.evaluate(WIDTHS) if w > width])
    if phone:
        found += until_none(page, lambda: page.evaluate(SMALL))
    # The theme is the one that was designed, not Streamlit's own.
    designed = "rgb(20, 19, 18)" if dark else "rgb(252, 251, 249)"
    found += until_none(page, lambda: [seen for seen in [page.evaluate(BACKGROUND)] if seen != designed])
    return found


def serious(page: Page, rules: list[str] | None = None) -> list[Any]:
    """What axe-core calls serious or critical. What Plotly draws is one picture, with a text in its place."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    if not page.evaluate("'axe' in window"):  # once for a document: the second run of the same functions is quicker
        page.evaluate(AXE_SCRIPT)
    answer = page.evaluate("([where, options]) => axe.run(where, options)", [{"exclude": [[".main-svg"]]}, options])
    return [
        (finding["id"], node["target"], node["failureSummary"])
        for finding in answer["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def until_none(page: Page, find: Callable[[], list[Any]]) -> list[Any]:
    """What is still found after a while: some parts come, or name others, after the script's end."""
    deadline = time.monotonic() + SOON
    while (found := find()) and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    return found
