"""What every test shares: few threads, no network but loopback, and a browser where there is one."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before torch is imported: the models of the tests are tiny, and threads that spin steal time from each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# The Hub client reads these when it is imported. Port 9 is closed: a test that forgot its local server fails at once,
# and the servers that tests start inherit it.
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="genlib-test-hub-")
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

import chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def _outside(address: Any) -> bool:
    """Whether a socket address is on another machine. Names are: what is meant to be local is written as a number."""
    if not isinstance(address, tuple):  # a Unix socket's path
        return False
    try:
        return not ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] != "localhost"


@pytest.fixture(autouse=True)
def _no_outside_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to another machine fails the way an unplugged cable does, so that no test depends on one."""

    def guarded(connect: Any) -> Any:
        def wrapper(self: socket.socket, address: Any) -> Any:
            if _outside(address):
                raise OSError(f"tests reach no outside host, and this one tried {address}")
            return connect(self, address)

        return wrapper

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))


@pytest.fixture(autouse=True)
def _packages_are_looked_through_once() -> None:
    """For every page that a test runs, Streamlit reads what each installed package says of itself: a quarter second."""
    scanner: Any = sys.modules.get("streamlit.components.v2.manifest_scanner")
    if scanner and not hasattr(scanner.scan_component_manifests, "cache_info"):
        scanner.scan_component_manifests = cache(scanner.scan_component_manifests)


@lru_cache(maxsize=4)
def _unpacked(load: Any, files: Path, name: str, split: str, **options: Any) -> Any:
    return load(name, split, **options)


@pytest.fixture
def sets_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that plan many runs: each plan unpacks its data set, which takes half a second and more."""
    from genlib.data import store

    load = store.load
    monkeypatch.setattr(
        store, "load", lambda *args, **options: replace(_unpacked(load, store.manifest.FILES, *args, **options))
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium or Chrome, driven by Playwright. Tests that use it are marked `browser` by themselves."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        yield running
        running.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    there = chromium.find()
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if not there:
                item.add_marker(pytest.mark.skip(reason="no Chromium or Chrome"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missed = [r for r in terminalreporter.stats.get("skipped", []) if "no Chromium or Chrome" in str(r.longrepr)]
    if missed:
        terminalreporter.write_line(
            f"No Chromium or Chrome was found: {len(missed)} browser tests did not run. "
            "Install one, or name one with CHROMIUM=path.",
            yellow=True,
            bold=True,
        )
