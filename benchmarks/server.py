"""Start-up and memory of the real server, seen from a real browser: python -m benchmarks.server

Prints the seconds from starting the process to the first pictures of Sample on the screen (median of three starts; one
more before them warms the disk), and the resident memory of the server after every page was visited, every
checkpoint that makes pictures has made 64, and every one that translates has translated an example. Linux; needs what
`make test` installs.
"""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from genlib import sources
from genlib.contract import Samples, Translates
from genlib.spaces import Pictures
from genlib.ui.pages import SAMPLE
from tests import chromium

ROOT = Path(__file__).parent.parent
STARTS = 3


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """Address and process id of a fresh server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:  # until it listens
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM, in MB."""
    kib = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert kib
    return int(kib[1]) * 1024 / 1e6


def wait_for_pictures(page: Page, address: str, name: str, count: int) -> None:
    page.goto(f"{address}/sample?model={name}&n={count}", wait_until="commit")
    page.get_by_role("button", name=re.compile("picture with seed")).nth(count - 1).wait_for()


def main() -> None:
    found = sources.checkpoints()
    names = [
        name for name, c in found.items() if issubclass(c.model_class, Samples) and isinstance(c.config.space, Pictures)
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        seconds = []
        for _ in range(STARTS + 1):
            page = browser.new_page()
            page.set_default_timeout(120_000)  # a busy machine is slow
            started = time.perf_counter()
            with server() as (address, _):
                wait_for_pictures(page, address, SAMPLE.default, 24)
                seconds.append(time.perf_counter() - started)
                page.close()
        print(f"first pictures {statistics.median(seconds[1:]):.1f} s after starting the server")

        with server() as (address, pid):
            page = browser.new_page()
            page.set_default_timeout(120_000)  # a busy machine is slow
            for path in ("", "data"):
                page.goto(f"{address}/{path}")
                page.get_by_role("heading").first.wait_for()
                page.wait_for_timeout(5000)
                print(f"{resident_mb(pid):4.0f} MB after /{path}")
            for name in names:
                wait_for_pictures(page, address, name, 64)
                page.get_by_role("button", name=re.compile("picture with seed")).first.click()
                page.get_by_role("dialog").wait_for()
                page.wait_for_timeout(8000)  # nearest training pictures
                print(f"{resident_mb(pid):4.0f} MB after 64 pictures of {name} and the nearest of one")
            for name in (n for n, c in found.items() if issubclass(c.model_class, Translates)):
                page.goto(f"{address}/translate?model={name}", wait_until="commit")
                page.get_by_role("button", name="Download PNG").wait_for()
                page.wait_for_timeout(5000)  # the distance
                print(f"{resident_mb(pid):4.0f} MB after an example of {name}")


if __name__ == "__main__":
    main()
