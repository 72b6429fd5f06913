"""A Streamlit server in a process of its own, as a visitor meets it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120_000  # ms; a busy machine is slow, and only what never comes is wrong


def settled(page: Page) -> None:
    """Wait until the script has run and what it sent is painted."""
    page.wait_for_selector("h1", timeout=PATIENCE)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
        " && !document.querySelector('[data-testid=stSkeleton]')",
        timeout=PATIENCE,
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(
    log: Path, folder: Path = ROOT, port: int | None = None, before: str = "", **settings: object
) -> Iterator[str]:
    """`streamlit run app.py` in `folder`, on `port` or a free one; gives its address. What it prints goes into `log`.

    before: Python that the server's process runs first; settings: of the section `server` of Streamlit's configuration.
    """
    port = port or free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    start = f"{before}\nfrom streamlit.web.cli import main\nmain(prog_name='streamlit')"
    command = [sys.executable, *(("-c", start) if before else ("-m", "streamlit")), "run", "app.py"]
    options = {"server.headless": "true", "server.address": "127.0.0.1", "server.port": port}
    options |= {f"server.{name}": value for name, value in settings.items()}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *(f"--{k}={v}" for k, v in options.items()), "--server.fileWatcherType=none"],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + PATIENCE / 1000
            while not _healthy(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the server did not start:\n{log.read_text()}")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def serving_script(script: str, folder: Path) -> Iterator[str]:
    """The same of a small app: `script`, which may import genlib, is written into an empty `folder`."""
    (folder / "app.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{script}")
    with serving(folder / "log", folder) as url:
        yield url


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
