"""Start-up and memory of the real server, seen from a real browser: python -m benchmarks.server

Prints the seconds from starting the process to the first pictures of Sample on the screen (median of three starts, the first
thrown away: it warms the disk), and the resident memory of the server after every page was visited and every checkpoint
sampled. Linux; needs what `make test` installs.
"""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path

from genlib import catalog
from genlib.contract import Samples
from tests.browser.serving import chromium, server

STARTS = 3


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM, in MB."""
    kib = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert kib
    return int(kib[1]) * 1024 / 1e6


def main() -> None:
    names = [n for n, c in catalog.checkpoints().items() if issubclass(c.model_class, Samples)]
    seconds = []
    with chromium() as browser:
        for _ in range(STARTS + 1):
            started = time.perf_counter()
            with server() as (address, process):
                page = browser.new_page()
                page.goto(f"{address}/sample?model={names[0]}")
                page.get_by_role("button", name=re.compile("picture with seed")).first.wait_for()
                seconds.append(time.perf_counter() - started)
                page.close()
        print(f"first pictures {statistics.median(seconds[1:]):.1f} s after starting the server")

        with server() as (address, process):
            page = browser.new_page()
            print(f"memory at start {resident_mb(process.pid):.0f} MB")
            for path in ["", "data", *(f"sample?model={name}&n=64" for name in names)]:
                page.goto(f"{address}/{path}")
                page.get_by_role("heading").first.wait_for()
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(1500)
                print(f"memory after /{path:32} {resident_mb(process.pid):4.0f} MB")


if __name__ == "__main__":
    main()
