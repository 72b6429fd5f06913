"""What a visitor waits for while others are there, too: python -m benchmarks.visitors

Starts the server and visits it over its websocket, as the browser does, with Streamlit's own messages: one session for
each visitor. First a lone visitor opens Sample and presses "New pictures" every 2 to 4 s, then 20 visitors (--visitors)
open it together and do the same. Printed are the seconds until the last message of each answer is there, median and
95th percentile, what they are in times of the lone visitor's, and how many of the processor's cores the server kept
busy. Only a server of its own, on this machine, is visited. Linux; needs what `make test` installs.

The visitors need some processor, too: about a tenth of a core for 20 of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.server import server
from genlib.ui.pages import SAMPLE, TRANSLATE, PageSpec

# Where each page is opened, and the button that is pressed there.
BUTTONS: dict[str, tuple[PageSpec[Any], str]] = {"sample": (SAMPLE, "new"), "translate": (TRANSLATE, "others")}
PAUSE = (2.0, 4.0)  # s between an answer and the next click
MOST = 100  # visitors
PATIENCE = 300.0  # s for one answer
LARGEST = 50_000_000  # bytes of one message
DONE = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}


class Visitor:
    """One session. `async with Visitor(port) as visitor:`

    As a browser does, it keeps large messages, and has the server send their hashes instead where they come again.
    """

    def __init__(self, port: int) -> None:
        self.url = f"ws://127.0.0.1:{port}/_stcore/stream"
        self.kept: set[str] = set()
        self.widgets: dict[str, str] = {}  # id of a widget by its session key
        self.page, self.query, self.script = "", "", ""
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await connect(self.url, subprotocols=["streamlit"], max_size=LARGEST)  # type: ignore[list-item]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.socket.close()

    async def open(self, page: str, query: str = "") -> float:
        """Open a page by its address. Seconds until it is there."""
        self.page, self.query, self.script = page, query, ""
        return await self._run([])

    async def click(self, key: str) -> float:
        """Press the button with this session key, which changes the address. Seconds until the answer is there."""
        before = self.query
        seconds = await self._run([WidgetState(id=self.widgets[key], trigger_value=True)])
        if self.query == before:
            raise SystemExit(f"The page did not answer to {key}.")
        return seconds

    async def _run(self, states: Sequence[WidgetState], fragment: str = "") -> float:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.page, self.script
        state.fragment_id = fragment
        state.widget_states.widgets.extend(states)
        state.cached_message_hashes.extend(self.kept)
        started = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while not self._is_last(await self.socket.recv()):
                pass
        return time.perf_counter() - started

    def _is_last(self, data: bytes | str) -> bool:
        """Take a message in. Whether it ends a run of the script."""
        assert isinstance(data, bytes)
        message = ForwardMsg.FromString(data)
        match message.WhichOneof("type"):
            case "navigation":
                self.script = message.navigation.page_script_hash
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "delta":
                if message.metadata.cacheable:
                    self.kept.add(message.hash)
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    raise SystemExit(f"The page failed: {element.exception.message}")
                if element.WhichOneof("type") == "button":
                    self.widgets[element.button.id.split("-", 2)[-1]] = element.button.id
            case "script_finished":
                return message.script_finished in DONE
        return False


def busy(pid: int) -> float:
    """Seconds of processor that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


async def clicking(visitor: Visitor, button: str, until: float, rng: random.Random) -> list[float]:
    """Seconds of each answer, until that time (of time.perf_counter)."""
    waited: list[float] = []
    while True:
        await asyncio.sleep(rng.uniform(*PAUSE))
        if time.perf_counter() > until:
            return waited
        waited.append(await visitor.click(button))


async def together(
    port: int, count: int, seconds: float, spec: PageSpec[Any], button: str
) -> tuple[list[float], list[float]]:
    """`count` visitors open a page at once, and press the button for so many seconds: seconds of each of both."""
    rng = random.Random(count)
    visitors = [Visitor(port) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        for visitor in visitors:
            group.create_task(visitor.__aenter__())
    opened = await asyncio.gather(*(v.open(spec.key) for v in visitors))
    until = time.perf_counter() + seconds
    clicks = await asyncio.gather(*(clicking(v, button, until, random.Random(rng.random())) for v in visitors))
    for visitor in visitors:
        await visitor.__aexit__(None, None, None)
    return list(opened), [seconds for mine in clicks for seconds in mine]


async def measure(port: int, pid: int, count: int, seconds: float, page: str) -> None:
    spec, field = BUTTONS[page]
    button = spec.widget(field)
    await together(port, 1, 0, spec, button)  # the first visit imports torch
    alone: list[float] = []
    print(f"{spec.title:22} {'opening, s':>24} {'a click, s':>31}")
    for number in (1, count):
        began, before = time.perf_counter(), busy(pid)
        opened, clicks = await together(port, number, seconds, spec, button)
        if number == 1:  # one opening says little
            opened += [(await together(port, 1, 0, spec, button))[0][0] for _ in range(4)]
        cores = (busy(pid) - before) / (time.perf_counter() - began)
        found = [statistics.median(opened), max(opened), statistics.median(clicks), percentile(clicks, 95)]
        alone = alone or found
        times = "".join(f"{value:7.2f} ({value / one:4.1f}x)" for value, one in zip(found, alone, strict=True))
        print(f"{number:3} visitors, {len(clicks):4} clicks {times}   {cores:.2f} cores", flush=True)


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20, choices=range(2, MOST + 1), metavar=f"2..{MOST}")
    parser.add_argument("--seconds", type=int, default=60, choices=range(5, 601), metavar="5..600", help="of clicking")
    parser.add_argument("--page", choices=BUTTONS, default="sample")
    args = parser.parse_args()
    with server() as (address, pid):
        port = int(address.rpartition(":")[2])
        asyncio.run(measure(port, pid, args.visitors, args.seconds, args.page))


if __name__ == "__main__":
    main()
