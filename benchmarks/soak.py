"""What runs on Train leave behind, and how quickly they answer: python -m benchmarks.soak

A visitor, over the server's websocket as in benchmarks.visitors, starts, pauses, steps, resumes and stops a run 30
times (--starts): printed is how long each button takes to answer, and how long it takes from Stop until the run has
ended. Then 20 visitors (--tabs) start a run each and are gone without a word. Printed are the server's threads, child
processes and resident memory before, after and at rest, and how long it takes until no thread of a run is left. Last,
a visitor of Sample presses "New pictures" with no run on, and while one is on that its visitor watches.

Threads are counted in /proc: those of the server's own pools come as they are needed, up to a few dozen.
Linux; needs what `make test` installs.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.server import memory, server
from benchmarks.visitors import Visitor, busy, percentile
from genlib.ui.pages import SAMPLE, TRAIN

QUERY = "steps=20000"  # the game lab as it opens, and a run that does not end by itself
REST = 60.0  # s that the server has to come to rest
TICK = 0.4  # s, as the panel asks anew
CLICKS, PAUSE = 20, 1.0  # on Sample, and s between them


class Trainee(Visitor):
    """One who trains. `said`: the line that tells where the run stands; `ticking`: the part of the page that ticks."""

    said, ticking = "", ""

    async def press(self, button: str) -> float:
        """Seconds until the answer is there."""
        return await self._run([WidgetState(id=self.widgets[TRAIN.widget(button)], trigger_value=True)])

    async def tick(self) -> None:
        """Ask for what ticks, and for that alone, as a page that is open does."""
        await self._run([], self.ticking)

    async def until(self, words: str) -> float:
        """Seconds until the page, which is asked again and again, says this."""
        began = time.perf_counter()
        while not re.search(words, self.said):
            await self._run([])
        return time.perf_counter() - began

    async def watch(self) -> None:
        """As a page that is open does, until it is cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self.tick()

    def _is_last(self, data: bytes | str) -> bool:
        assert isinstance(data, bytes)
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "auto_rerun":
            self.ticking = message.auto_rerun.fragment_id
        element = message.delta.new_element
        if element.WhichOneof("type") == "progress":
            self.said = element.progress.text
        return super()._is_last(data)


def state(pid: int) -> tuple[int, int, float]:
    """Threads, child processes, and resident MB."""
    children = sum(len(c.read_text().split()) for c in Path(f"/proc/{pid}/task").glob("*/children"))
    return len(list(Path(f"/proc/{pid}/task").iterdir())), children, memory(pid).resident


def say(what: str, pid: int) -> None:
    threads, children, resident = state(pid)
    print(f"{what:42} {threads:4} threads {children:3} children {resident:6.0f} MB", flush=True)


def times(what: str, seconds: list[float]) -> None:
    print(
        f"{what:42} median {statistics.median(seconds):5.2f} s   p95 {percentile(seconds, 95):5.2f} s   "
        f"most {max(seconds):5.2f} s",
        flush=True,
    )


async def starts(port: int, pid: int, count: int) -> None:
    async with Trainee(port) as visitor:
        await visitor.open(TRAIN.key, QUERY)
        found: dict[str, list[float]] = {}
        for i in range(count):
            for name, button, words in (
                ("start", "start", r"^Step [1-9]"),
                ("pause", "pause", r"^Paused"),
                ("one step", "step", r"^Paused"),
                ("resume", "start", r"^Step [1-9]"),
                ("stop", "stop", r"^Ended"),
            ):
                took = await visitor.press(button)
                more = await visitor.until(words)
                if i:  # the first run of a server imports the optimisers
                    found.setdefault(name, []).append(took)
                    if name == "stop":
                        found.setdefault("from stop until it has ended", []).append(took + more)
            if not i:
                say("after the first run", pid)
        for name, seconds in found.items():
            times(name, seconds)
    say(f"after {count} starts and stops", pid)


async def abandoned(port: int, pid: int, count: int) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(count):
            visitor = await stack.enter_async_context(Trainee(port))
            await visitor.open(TRAIN.key, QUERY)
            await visitor.press("start")
        say(f"{count} runs, one on and the others in line", pid)
    began = time.perf_counter()
    quiet = 0
    while quiet < 3 and time.perf_counter() - began < REST:  # no run computes
        before = busy(pid)
        await asyncio.sleep(1)
        quiet = quiet + 1 if busy(pid) - before < 0.2 else 0
    say(f"{time.perf_counter() - began - quiet:.0f} s after all were gone, at rest", pid)
    await asyncio.sleep(REST)
    say(f"{REST:.0f} s later", pid)


async def clicks(port: int) -> None:
    async with Visitor(port) as visitor, Trainee(port) as trainee:
        await visitor.open(SAMPLE.key)
        await trainee.open(TRAIN.key, QUERY)
        watching = None
        for what in ("New pictures on Sample, no run is on", "the same while one is on and watched"):
            if watching is None and what.startswith("the same"):
                await trainee.press("start")
                await trainee.until(r"^Step [1-9]")
                watching = asyncio.create_task(trainee.watch())
            found = []
            for _ in range(CLICKS):
                await asyncio.sleep(PAUSE)
                found.append(await visitor.click(SAMPLE.widget("new")))
            times(what, found)
        assert watching is not None
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def soak(port: int, pid: int, count: int, tabs: int) -> None:
    async with Trainee(port) as visitor:
        await visitor.open(TRAIN.key, QUERY)
        await asyncio.sleep(5)  # what is imported ahead
    say("before the first run", pid)
    await starts(port, pid, count)
    await abandoned(port, pid, tabs)
    await clicks(port)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--starts", type=int, default=30)
    parser.add_argument("--tabs", type=int, default=20)
    args = parser.parse_args()
    with server() as (address, pid):
        asyncio.run(soak(int(address.rpartition(":")[2]), pid, args.starts, args.tabs))


if __name__ == "__main__":
    main()
