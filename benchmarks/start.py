"""Where the time goes between starting the server and the first pictures on the screen: python -m benchmarks.start

Starts `streamlit run` and opens Home or Sample in a headless Chromium with an empty cache, as a visitor does who wakes
a sleeping server. Prints when each step was reached, in seconds after starting the process: the median of several
starts (--starts, 5) and the start whose pictures came first, which on a busy machine says more. One start before them
warms the disk. Below that, which files the browser loaded before the pictures. Needs what `make test` installs.

Steps overlap: the browser loads files while the server may do something else. Server and browser read the same clock,
that of the machine (benchmarks/watched.py is the server's part). Pictures count once they are decoded and a frame with
them was painted; asking the browser for that takes up to 0.05 s.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium

ROOT = Path(__file__).parent.parent
PATIENCE = 120_000  # ms; a busy machine is slow

# Each page's path.
PAGES = {"Home": "", "Sample": "sample"}

STEPS = {
    "listens": "the server listens",
    "first byte": "first byte of the page",
    "parsed": "page parsed, its first scripts run (DOMContentLoaded)",
    "asked": "websocket asked for",
    "open": "websocket open",
    "script begins": "script begins",
    "first text": "first text painted",
    "torch begins": "import torch begins",
    "torch ends": "import torch ends",
    "script ends": "script ends",
    "pictures": "first pictures painted",
}

# Runs before the page's own scripts. Times are in ms since 1970, like Python's time.time() * 1000.
WATCH = """
window.seen = {};
const see = name => { seen[name] ??= performance.timeOrigin + performance.now(); };
performance.setResourceTimingBufferSize(2000);
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    see("asked");
    this.addEventListener("open", () => see("open"));
  }
};
"""
TIMES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const text = performance.getEntriesByName("first-contentful-paint")[0];
  const at = t => performance.timeOrigin + t;
  return { ...seen, "first byte": at(page.responseStart), "parsed": at(page.domContentLoadedEventEnd),
           ...(text && { "first text": at(text.startTime) }) };
}"""
FILES = """() => performance.getEntriesByType("resource").map(r => ({
  name: new URL(r.name).pathname.split("/").at(-1), size: r.decodedBodySize,
  begin: performance.timeOrigin + r.startTime, end: performance.timeOrigin + r.responseEnd }))"""
PAINTED = "() => new Promise(then => requestAnimationFrame(() => requestAnimationFrame(() => then(Date.now()))))"
LOADED = "() => [...document.querySelectorAll('.st-key-wall img')].some(i => i.complete && i.naturalWidth)"


def start(browser: Browser, name: str, app: str) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """One start: seconds after starting the process at which each of STEPS was reached, and the files that were loaded.

    A file has a name, its size in bytes, and the seconds at which it was asked for (begin) and there (end).
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    with tempfile.NamedTemporaryFile("r") as events:
        command = [sys.executable, "-m", "benchmarks.watched", events.name, app, *options]
        started = time.time()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_it_listens(process, port)
            reached = {"listens": time.time()}
            page.goto(f"http://127.0.0.1:{port}/{PAGES[name]}", wait_until="commit")
            reached["pictures"] = wait_for_pictures(page, name)
            files = page.evaluate(FILES)
            # The end of the script may come after the pictures.
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            reached |= {step: ms / 1000 for step, ms in page.evaluate(TIMES).items()}
        finally:
            process.terminate()
            process.wait()
            page.context.close()
        for line in events:
            at, what = line.split(maxsplit=1)
            reached.setdefault(what.strip(), float(at))
    for file in files:
        file |= {moment: file[moment] / 1000 - started for moment in ("begin", "end")}
    return {step: at - started for step, at in reached.items()}, files


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait for the server to take connections on this port of this machine; end the program if it ends instead."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    sys.exit(f"The server ended by itself, with exit code {process.returncode}: run it by hand to see why.")


def wait_for_pictures(page: Page, name: str) -> float:
    """When the first pictures were painted, in seconds since 1970."""
    if name == "Home":
        page.wait_for_function(LOADED)
    else:
        page.get_by_role("button", name=re.compile("picture with seed")).first.wait_for()
    return page.evaluate(PAINTED) / 1000


def print_files(files: list[dict[str, Any]]) -> None:
    """How much was loaded by kind of file, and the largest files."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        kinds.setdefault(Path(file["name"]).suffix or "other", []).append(file)
    for kind, of_kind in sorted(kinds.items(), key=lambda item: -sum(f["size"] for f in item[1])):
        size = sum(f["size"] for f in of_kind) / 1e6
        print(f"  {len(of_kind):4} {kind:8} {size:6.2f} MB, the last at {max(f['end'] for f in of_kind):5.2f} s")
    for file in sorted(files, key=lambda f: -f["size"])[:8]:
        print(f"       {file['size'] / 1e6:6.2f} MB {file['begin']:5.2f} to {file['end']:5.2f} s  {file['name']}")


def column(reached: Sequence[float | None], quickest: float | None) -> str:
    """The median of a step over all starts and its time in the quickest of them; a dash where it was not reached."""
    median = None if None in reached else statistics.median(t for t in reached if t is not None)
    return "".join(f"{'-' if t is None else f'{t:.2f}':>{width}}" for t, width in ((median, 10), (quickest, 9)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5, help="of each page")
    parser.add_argument("--app", default="app.py", help="the script for `streamlit run`")
    args = parser.parse_args()
    times: dict[str, list[dict[str, float]]] = {name: [] for name in PAGES}
    files: dict[str, list[dict[str, Any]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        start(browser, "Sample", args.app)
        for _ in range(args.starts):
            for name in PAGES:
                reached, files[name] = start(browser, name, args.app)
                times[name].append(reached)
        browser.close()

    print(f"{'seconds after starting the process':54}" + "".join(f"{name:>19}" for name in PAGES))
    print(" " * 54 + "    median quickest" * len(PAGES))
    quickest = {name: min(of_page, key=lambda t: t["pictures"]) for name, of_page in times.items()}
    for step, words in sorted(STEPS.items(), key=lambda item: quickest["Sample"].get(item[0], 0)):
        print(f"{words:54}" + "".join(column([t.get(step) for t in times[n]], quickest[n].get(step)) for n in PAGES))
    for name in PAGES:
        pictures = [t["pictures"] for t in times[name]]
        print(f"\n{name}: first pictures after {min(pictures):.2f} to {max(pictures):.2f} s. Loaded in the last start:")
        print_files(files[name])


if __name__ == "__main__":
    main()
