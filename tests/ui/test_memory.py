"""What keeps the server small, and its visitors out of each other's way."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
import tomllib
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.server import server
from benchmarks.visitors import Visitor
from genlib import budget, checkpoint, contract, room, translation
from genlib.ui import loaders, made, memory
from genlib.ui.pages import SAMPLE, TRANSLATE

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # s

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")

# Reads a file, and says by how many MB the process grew at most while it did.
READ = """
import re, sys
from pathlib import Path
from genlib import uploads
data = Path(sys.argv[1]).read_bytes()
uploads.read(Path(sys.argv[2]).read_bytes())  # what is loaded once
mb = lambda key: int(re.search(key + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024 / 1e6
before = mb("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
uploads.read(data)
print(mb("VmHWM") - before)
"""


def picture(folder: Path, width: int, height: int, kind: str) -> Path:
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (height // 20, width // 20, 3), np.uint8)
    path = folder / f"{width}.{kind.lower()}"
    Image.fromarray(noise).resize((width, height)).save(path, kind, quality=60, method=0)
    return path


@linux
@pytest.mark.parametrize(("kind", "width", "height"), [("JPEG", 4000, 3000), ("WEBP", 3800, 2200)])
def test_reading_a_large_upload_takes_little_memory(tmp_path: Path, kind: str, width: int, height: int) -> None:
    large, small = picture(tmp_path, width, height, kind), picture(tmp_path, 200, 100, kind)
    command = [sys.executable, "-c", READ, str(large), str(small)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < {"JPEG": 80, "WEBP": 200}[kind]


def test_the_served_app_watches_no_files() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["fileWatcherType"] == "none"
    assert settings["runner"]["postScriptGC"] is False


@linux
def test_no_watch_is_set_while_somebody_visits() -> None:
    async def watches(port: int, pid: int) -> int:
        async with Visitor(port) as visitor:
            await visitor.open("")
            await visitor.open("")  # they are set after a run
            lines = [line for info in Path(f"/proc/{pid}/fdinfo").iterdir() for line in info.read_text().splitlines()]
            return sum(line.startswith("inotify") for line in lines)

    with server() as (address, pid), ThreadPoolExecutor() as other:  # this thread may be Playwright's
        seen = other.submit(asyncio.run, watches(int(address.rpartition(":")[2]), pid)).result()
        assert seen <= 2  # Streamlit's own settings


def test_garbage_is_collected_after_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Knot:
        def __init__(self) -> None:
            self.self = self

    monkeypatch.setattr(memory, "SOON", 0.05)
    gc.collect()
    gc.disable()
    try:
        knot = weakref.ref(Knot())
        assert knot() is not None
        memory.tidy_soon()
        memory.tidy_soon()
        until = time.monotonic() + PATIENCE
        while knot() is not None and time.monotonic() < until:
            time.sleep(0.02)
        assert knot() is None
    finally:
        gc.enable()


def test_one_network_computes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checkpoint.shipped(SAMPLE.default)
    model: Any = loaders.model(found)
    here = most = 0
    count = threading.Lock()
    sample = type(model).sample

    def counted(self: Any, seeds: Sequence[int], *args: Any) -> Any:
        nonlocal here, most
        with count:
            here += 1
            most = max(most, here)
        time.sleep(0.05)
        made = sample(self, seeds, *args)
        with count:
            here -= 1
        return made

    monkeypatch.setattr(type(model), "sample", counted)
    controls = found.model_class.Controls()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: loaders.samples(found, range(900 + 4 * i, 904 + 4 * i), controls), range(4)))
    assert most == 1


def test_visitors_do_not_wait_for_each_others_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=5)

    def samples(*_: object) -> np.ndarray:
        both.wait()
        return np.zeros(1)

    monkeypatch.setattr(loaders, "samples", samples)
    found = checkpoint.shipped(SAMPLE.default)
    batches = [made.Batch(found, range(i, i + 1), contract.Controls(), "") for i in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(lambda batch: batch.x, batches))) == 2


def test_data_become_floats_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checkpoint.shipped(TRANSLATE.default)
    cls: Any = found.model_class
    examples, sizes = cls.examples, []

    def counted(self: Any, data: Any, source: Any) -> Any:
        sizes.append(len(data))
        return examples(self, data, source)

    monkeypatch.setattr(cls, "examples", counted)
    source = cls.worlds(found.config).sources[0]
    world, (inputs, truths) = loaders.world(found, source), loaders.examples(found, source)
    assert len(world.rows) > 100
    assert truths is not None
    assert len(inputs) == len(truths) == 24
    assert max(sizes) <= translation.BLOCK


def test_what_is_kept_goes_once_nobody_comes_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    later: list[Any] = []
    monkeypatch.setattr(memory, "_later", lambda seconds, what: later.append(what))
    monkeypatch.setattr(memory, "_soon", threading.Lock())
    monkeypatch.setattr(memory, "_resting", threading.Lock())
    budget.MADE.clear()
    budget.MADE.get("test", lambda: np.zeros(1000, np.uint8))
    for plenty in (True, False):
        monkeypatch.setattr(room, "plenty", lambda plenty=plenty: plenty)
        memory.tidy_soon()
        memory.tidy_soon()
    assert later == [memory._tidy, memory._rest]
    memory._rest()  # somebody has just come
    assert budget.MADE.bytes == 1000
    assert later[2:] == [memory._rest]
    memory._came[0] -= memory.REST
    memory._rest()
    assert budget.MADE.bytes == 0
    memory.tidy_soon()
    assert later[3:] == [memory._rest]
