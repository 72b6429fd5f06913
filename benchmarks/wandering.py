"""What becomes of a visitor's drawing, and of their pictures: python -m benchmarks.wandering

A real browser draws on Translate, then clicks 200 times (--clicks) at random (--seed) between pages, modes and ways to
fill, and back and forth in its history, often before the last answer is there. Whenever it is at the paper, all
strokes must be on it; at the end the drawing must be coloured as before.

Then it uploads 200 different pictures (--uploads) of 300 KB. Printed is what the server has resident after every 20th,
and which files on disk hold one of them: there may be none. Linux; needs what `make test` installs.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, TimeoutError, expect, sync_playwright

from benchmarks.server import PATIENCE, ROOT, idle, memory, server, visitor
from genlib.ui.pages import PAGES
from tests import chromium

STROKES = ([(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)], [(0.4, 0.5), (0.6, 0.5)])
PAUSES = (0.0, 0.1, 0.4, 1.5)  # s between two clicks
WAYS = ("Example", "Upload", "Draw", "Flat", "Painted")
EVERY = 20  # uploads


def draw(page: Page) -> None:
    paper = page.locator(".sheet[aria-label]")
    paper.wait_for()
    box = paper.bounding_box()
    assert box
    for stroke in STROKES:
        (x, y), *others = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in stroke]
        page.mouse.move(x, y)
        page.mouse.down()
        for x, y in others:
            page.mouse.move(x, y, steps=4)
        page.mouse.up()


def click(page: Page, rng: random.Random) -> str:
    """Click somewhere; what that was."""
    page.wait_for_timeout(1000 * rng.choice(PAUSES))
    kind = rng.random()
    if kind < 0.1:
        back = rng.random() < 0.7
        page.evaluate("history.back()" if back else "history.forward()")
        return "back" if back else "forward"
    if kind < 0.5 and "/translate" in page.url:
        way = page.get_by_role("radio", name=rng.choice(WAYS), exact=True)
        with suppress(TimeoutError):  # the page went elsewhere meanwhile, as it was told to before
            if way.count() and way.is_visible():
                way.click(force=True, no_wait_after=True, timeout=2000)
                return "a mode"
    title = rng.choice([spec.title for spec in PAGES] + 3 * ["Translate"])
    page.get_by_test_id("stTopNavLink").filter(has_text=re.compile(f"^{title}$")).click()
    return title


def walk(browser: Browser, address: str, clicks: int, seed: int) -> None:
    """SystemExit: a stroke was lost."""
    rng = random.Random(seed)
    page = visitor(browser)
    page.goto(f"{address}/translate?way=draw")
    idle(page)
    draw(page)
    page.locator("img.after").wait_for()
    idle(page)
    was = page.locator("img.after").get_attribute("src")
    label = re.compile(rf"\b{len(STROKES)} strokes$")
    seen = 0
    for number in range(clicks):
        click(page, rng)
        if "way=draw" in page.url:
            found = page.locator(".easel:not(.over) .sheet[aria-label]").evaluate_all(
                "all => all.map(e => e.ariaLabel)"
            )
            seen += len(found)
            if lost := [text for text in found if not label.search(text)]:
                raise SystemExit(f"After {number + 1} clicks the paper says: {lost[0]}")
    page.get_by_test_id("stTopNavLink").filter(has_text="Translate").click()
    idle(page)
    for name in ("Draw", "Flat"):
        radio = page.get_by_role("radio", name=name, exact=True)
        radio.wait_for()
        radio.click()
        idle(page)
    expect(page.locator(".easel:not(.over) .sheet")).to_have_attribute("aria-label", label, timeout=PATIENCE)
    expect(page.get_by_role("button", name="the most typical answer")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="the most typical answer").click()
    expect(page.locator("img.after")).to_have_attribute("src", was or "", timeout=PATIENCE)
    print(f"{clicks} clicks, {seen} times at the paper: every stroke is there, and the answer is the same.")
    page.context.close()


def picture(number: int) -> bytes:
    """A drawing that no other number has, in noise, so that its file is about 320 KB."""
    rng = np.random.default_rng(number)
    noise = rng.integers(225, 256, (500, 600, 1), dtype=np.uint8)
    image = Image.fromarray(np.repeat(noise, 3, 2))
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 50, 400 + number % 150, 450), outline="black", width=10)
    pen.line((150, 200, 350, 250 + number % 100), "black", 10)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def changed(since: float) -> Iterator[Path]:
    """Files that the server could write and that have changed: in the project and wherever temporary files go."""
    for place in (ROOT, Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path.home() / ".streamlit"):
        for path in place.rglob("*"):
            try:
                if (
                    path.is_file()
                    and "playwright" not in str(path)
                    and path.stat().st_mtime > since
                    and "__pycache__" not in path.parts
                ):
                    yield path
            except OSError:
                continue


def uploads(browser: Browser, address: str, pid: int, count: int) -> None:
    since = time.time()
    page = visitor(browser)
    page.goto(f"{address}/translate?way=upload")
    idle(page)
    for number in range(count):
        shown = page.locator("img.after")
        was = shown.get_attribute("src") if shown.count() else ""

        page.locator("input[type=file]").first.set_input_files(
            {"name": f"mine-{number}.png", "mimeType": "image/png", "buffer": picture(number)}
        )
        expect(shown).not_to_have_attribute("src", was or "", timeout=PATIENCE)
        page.wait_for_timeout(200)  # a file that comes while the script runs may be lost with its field
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        if number == 0 or (number + 1) % EVERY == 0:
            print(f"{number + 1:4} uploads: {memory(pid).resident:5.0f} MB resident", flush=True)
    page.context.close()
    time.sleep(5)
    files = {Path(f).resolve() for f in open_files(pid)}
    print(f"after the visitor left: {memory(pid).resident:5.0f} MB; open files of the server on disk: {len(files)}")
    pictures = [p for p in changed(since) if p.stat().st_size > 1000 and holds(p, count)]
    print(f"files on disk that hold a picture of theirs: {len(pictures)}", *pictures, sep="\n")


def open_files(pid: int) -> Iterator[str]:
    """Regular files that a process has open for writing."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target, info = str(link.readlink()), Path(f"/proc/{pid}/fdinfo/{link.name}").read_text()
        except OSError:
            continue
        mode = re.search(r"flags:\s+(\d+)", info)
        if target.startswith("/") and not target.startswith(("/dev", "/proc")) and mode and int(mode[1], 8) & 3:
            yield target


def holds(path: Path, count: int) -> bool:
    """Whether a file holds the middle of one of the pictures' files."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(
        (p := picture(number))[len(p) // 2 : len(p) // 2 + 64] in content for number in (0, count // 2, count - 1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clicks", type=int, default=200)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with server() as (address, pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        if args.clicks:
            walk(browser, address, args.clicks, args.seed)
        if args.uploads:
            uploads(browser, address, pid, args.uploads)
        browser.close()


if __name__ == "__main__":
    main()
