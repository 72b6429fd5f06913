"""Memory of the real server while somebody uses all of it from a real browser: python -m benchmarks.server

Twice the same round (--rounds): every page; of every checkpoint that makes pictures 100 of them and the dialog of one,
with its nearest training pictures; of every one that translates an example and a phone photo of 12 megapixels, from
each of its worlds; of every one that Latent space and Likelihood show, its page there; and runs on Train. Each round
comes with a browser of its own. Then the browser leaves, and the server rests for two minutes.

The server is told that it may take 690 MB (--allowed), as on the smallest host, so that it saves memory where it
would not on this machine.

Memory is read every 50 ms from /proc/PID/smaps_rollup: what is resident, and the share of it that other processes may
share (the code of libraries, for the most part). Printed are the highest value of every visit and of every round, and
what is resident at rest. --figure FILE.html draws it over time. Linux; needs what `make test` installs.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from genlib import room, sources
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples, Translates
from genlib.spaces import Pictures
from genlib.ui.pages import LATENT, LIKELIHOOD, PAGES, TRAIN
from tests import chromium

ROOT = Path(__file__).parent.parent
PATIENCE = 120_000  # ms; a busy machine is slow
EVERY, REST = 0.05, 125  # s
PICTURES = 100
RUNS = ("steps=100000", "data=digits&model=vae&budget=60")  # addresses of Train


@contextmanager
def server(allowed: int | None = None) -> Iterator[tuple[str, int]]:
    """Address and process id of a fresh server, which is told that it may take so many MB."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    environment = os.environ | ({room.VARIABLE: str(allowed)} if allowed else {})
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:  # until it listens
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Reading:
    """Of one moment: seconds since 1970, and MB of the process that are resident, and that it shares."""

    at: float
    resident: float
    shared: float


def memory(pid: int) -> Reading:
    """What a process has now. FileNotFoundError or ProcessLookupError: it is gone."""
    kb = dict(re.findall(r"(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    mb = {key: int(value) * 1024 / 1e6 for key, value in kb.items()}
    return Reading(time.time(), mb["Rss"], mb["Rss"] - mb["Private_Clean"] - mb["Private_Dirty"])


class Watch(threading.Thread):
    """Reads the memory of a process every 50 ms."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.readings: list[Reading] = []
        self.marks: list[tuple[float, str]] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(EVERY):
            try:
                self.readings.append(memory(self.pid))
            except (FileNotFoundError, ProcessLookupError):
                return

    def say(self, what: str, since: float) -> None:
        """Print the peak since then and the present state, and mark the moment."""
        some = [r for r in self.readings if r.at >= since] or self.readings[-1:]
        peak, now = max(some, key=lambda r: r.resident), some[-1]
        print(f"{peak.resident:5.0f} ({peak.shared:3.0f}) {now.resident:7.0f} ({now.shared:3.0f})  {what}", flush=True)
        self.marks.append((since, what))


def phone_photo() -> bytes:
    """JPEG of a drawing on uneven paper, 4000 x 3000 pixels, as a phone makes them: on its side, and grainy."""
    rng = np.random.default_rng(0)
    picture = Image.new("L", (4000, 3000), 215)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((1100, 600, 2900, 2400), outline=70, width=24)
    for x in (1650, 2250):
        draw.ellipse((x, 1200, x + 160, 1400), outline=70, width=24)
    draw.arc((1500, 1300, 2500, 2050), 20, 160, fill=70, width=24)
    shade = np.linspace(1.1, 0.75, 4000)[:, None] * np.array([1.0, 0.97, 0.9])
    pixels = np.empty((3000, 4000, 3), np.uint8)
    for row, line in enumerate(np.asarray(picture)):
        pixels[row] = (line[:, None] * shade + rng.normal(0, 4, (4000, 1))).clip(0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def idle(page: Page) -> None:
    """Wait until the script has run, and for the requests that follow."""
    page.wait_for_timeout(500)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(500)


def sample(page: Page, address: str, name: str) -> None:
    """100 pictures and the dialog of the first."""
    page.goto(f"{address}/sample?model={name}&n={PICTURES}", wait_until="commit")
    tiles = page.get_by_role("button", name=re.compile("picture with seed"))
    tiles.nth(PICTURES - 1).wait_for()
    tiles.first.click()
    page.get_by_role("dialog").wait_for()
    idle(page)


def example(page: Page, address: str, name: str, source: str) -> None:
    page.goto(f"{address}/translate?model={name}&from={source}", wait_until="commit")
    page.get_by_role("button", name="Download PNG").wait_for()
    idle(page)


def upload(page: Page, address: str, name: str, source: str, photo: bytes) -> None:
    page.goto(f"{address}/translate?model={name}&from={source}&way=upload", wait_until="commit")
    field = page.locator("input[type=file]")
    field.wait_for(state="attached")
    field.set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.get_by_role("button", name="Download PNG").wait_for()
    idle(page)


def visits(page: Page, address: str, found: dict[str, Checkpoint], photo: bytes) -> Iterator[str]:
    """One round. What each visit was, after it."""
    for spec in PAGES:
        page.goto(f"{address}/{'' if spec is PAGES[0] else spec.key}")
        page.get_by_role("heading").first.wait_for()
        idle(page)
        yield f"page {spec.title}"
    for name, checkpoint in found.items():
        if issubclass(checkpoint.model_class, Samples) and isinstance(checkpoint.config.space, Pictures):
            sample(page, address, name)
            yield f"{PICTURES} pictures of {name}, and the dialog of one"
    for name, checkpoint in found.items():
        if issubclass(checkpoint.model_class, Translates):
            for source in checkpoint.model_class.worlds(checkpoint.config).sources:
                example(page, address, name, source.key)
                yield f"an example of {name}, {source.title}"
                upload(page, address, name, source.key, photo)
                yield f"a phone photo for {name}, {source.title}"
    for spec in (LATENT, LIKELIHOOD):
        for name in [name for name, checkpoint in found.items() if spec.takes(checkpoint)]:
            page.goto(f"{address}/{spec.key}?model={name}", wait_until="commit")
            page.get_by_role("heading", name="The model", exact=True).wait_for()
            idle(page)
            yield f"{spec.title} of {name}"
    for query in RUNS:
        run(page, address, query)
        yield f"a run on Train, {query}"


def run(page: Page, address: str, query: str) -> None:
    """A few seconds of training, then an end."""
    page.goto(f"{address}/{TRAIN.key}?{query}", wait_until="commit")
    page.get_by_role("button", name="Start", exact=True).wait_for()
    idle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    full = page.get_by_text("memory is all but used up")
    page.get_by_text(re.compile("steps a second|pictures a second")).or_(full).first.wait_for()
    if full.count():
        return print(f"{'':20}{query} was refused: there was no room left")
    page.wait_for_timeout(5000)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text(re.compile("Ended after")).first.wait_for()
    idle(page)


def visitor(browser: Browser) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    return page


def draw(watch: Watch, file: Path) -> None:
    """Memory over time; under the mouse, what was visited then."""
    from plotly import graph_objects as go

    start = watch.readings[0].at
    at = [r.at - start for r in watch.readings]
    text = [max(mark for mark in watch.marks if mark[0] <= max(r.at, watch.marks[0][0]))[1] for r in watch.readings]
    figure = go.Figure(layout={"template": "simple_white", "xaxis_title": "seconds", "yaxis_title": "MB"})
    for name, colour in (("resident", "#9c3d2b"), ("shared", "#2f6173")):
        y = [getattr(r, name) for r in watch.readings]
        figure.add_scatter(x=at, y=y, name=name, text=text, line={"color": colour})
    figure.update_yaxes(rangemode="tozero")
    figure.write_html(file, include_plotlyjs=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--allowed", type=int, default=690, metavar="MB", help="what the server is told it may take")
    parser.add_argument("--figure", type=Path, help="where to draw it, as HTML")
    args = parser.parse_args()
    found, photo = dict(sources.checkpoints()), phone_photo()
    print("MB resident (shared): peak, after it")
    with sync_playwright() as playwright, server(args.allowed) as (address, pid):
        watch = Watch(pid)
        watch.start()
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        for number in range(1, args.rounds + 1):
            began = since = time.time()
            page = visitor(browser)
            for what in visits(page, address, found, photo):
                watch.say(what, since)
                since = time.time()
            page.context.close()
            watch.say(f"round {number} in all", began)
        browser.close()
        time.sleep(REST)
        watch.say(f"at rest, {REST} s after everybody left", time.time() - 1)
        watch.over.set()
        if args.figure:
            draw(watch, args.figure)


if __name__ == "__main__":
    main()
