"""The address of a batch of pictures: model, seed, how many, and the controls that differ from their defaults.

An address says everything: what it leaves out has its default, whatever was shown before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from genlib import catalog
from genlib.checkpoint import Checkpoint, find
from genlib.contract import MAX_SEED, Controls, GenlibError
from genlib.ui.address import HUB, Address, Hub
from genlib.ui.controls import parse, quote, set_state, written

MAX_COUNT = 100
MAX_START = MAX_SEED + 1 - MAX_COUNT  # the last picture's seed is a seed as well
SEED, COUNT = 0, 24  # where an address says nothing


@dataclass(frozen=True)
class Shown:
    """What the page shows: pictures of the seeds start ... start + count - 1."""

    name: str  # a checkpoint's name, or user/repo or user/repo@revision of the Hub
    start: int
    count: int
    controls: Controls

    @property
    def seeds(self) -> range:
        return range(self.start, self.start + self.count)


def write(shown: Shown) -> dict[str, str]:
    """The query parameters of `shown`."""
    model, _, revision = shown.name.partition("@")
    query = {"model": model, "seed": str(shown.start), "n": str(shown.count)}
    if revision:
        query["revision"] = revision
    return query | written(shown.controls)


def url(shown: Shown) -> str:
    """The whole address of `shown` on this server."""
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode(write(shown), safe='/')}"


def read(query: Mapping[str, str], available: Mapping[str, Checkpoint]) -> tuple[Shown, list[str], Hub | None]:
    """What an address asks for, one sentence for each thing that it can't have, and the Hub model that it waits for.

    available: the checkpoints that can be shown, at least one; the first one stands in for what can't be.
    """
    rest = dict(query)
    problems: list[str] = []
    name, revision = rest.pop("model", ""), rest.pop("revision", "")
    start = _whole(rest.pop("seed", str(SEED)), "The seed", 0, MAX_START, SEED, problems)
    count = _whole(rest.pop("n", str(COUNT)), "The number of pictures", 1, MAX_COUNT, COUNT, problems)

    key = f"{name}@{revision}" if revision else name
    hub = None
    if key and key not in available:
        if HUB.fullmatch(name):
            hub = Hub(name, revision)
        else:
            problems.append(_trouble(name, available))
        key, rest = "", {}  # its controls mean nothing for another model
    key = key or next(iter(available))
    controls, bad = parse(available[key].model_class.Controls, rest)
    return Shown(key, start, count, controls), problems + bad, hub


def _trouble(name: str, available: Iterable[str]) -> str:
    """Why `name` can't be shown."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) or not (catalog.CHECKPOINTS / name).exists():
        return f"There is no checkpoint called {quote(name)}: choose one of {', '.join(available)}."
    try:
        find(name)
    except GenlibError as error:
        return str(error)
    return f"{name} makes no pictures of its own: choose another model."


def _whole(text: str, what: str, low: int, high: int, default: int, problems: list[str]) -> int:
    if re.fullmatch(r"[0-9]{1,10}", text) and low <= int(text) <= high:
        return int(text)
    problems.append(
        f"{what} must be a whole number from {low} to {high}, and {quote(text)} is not: {default} stands in."
    )
    return default


def script(shown: Shown) -> str:
    """The five lines of Python that make the same pictures."""
    name, _, revision = shown.name.partition("@")
    model = json.dumps(name) + (f", revision={json.dumps(revision)}" if revision else "")
    controls = ", ".join(f"{k}={v!r}" for k, v in shown.controls.model_dump(exclude_defaults=True).items())
    sample = f"range({shown.start}, {shown.start + shown.count})"
    if controls:
        sample += f", model.Controls({controls})"
    return (
        "import genlib\n"
        "from genlib.sheets import grid, png, to_uint8\n"
        f"model = genlib.load({model})\n"
        f"images = model.sample({sample})\n"
        'open("pictures.png", "wb").write(png(grid(to_uint8(images))))\n'
    )


# --- The page's state ------------------------------------------------------------------------------------------------

MODEL, START, NUMBER, NEW = "sample.model", "sample.seed", "sample.n", "sample.new"  # the widgets' keys
_address: Address[tuple[list[str], Hub | None]] = Address("sample", here=NEW)


def controls_key(checkpoint: Checkpoint) -> str:
    """Checkpoints of one model share the state of its controls."""
    return f"sample.{checkpoint.spec.model}"


def restore(available: Mapping[str, Checkpoint]) -> None:
    """Bring the widgets' state into line with the address, unless it is the address we wrote. Before the widgets."""
    state = st.session_state
    if (news := _address.news(standing=state.get(MODEL) in available)) is None:
        return
    shown, problems, hub = read(news, available)
    state[MODEL], state[START], state[NUMBER] = shown.name, shown.start, shown.count
    set_state(shown.controls, controls_key(available[shown.name]))
    _address.took(write(shown), (problems, hub))


def publish(shown: Shown) -> tuple[list[str], Hub | None]:
    """Write what is shown into the address; what could not be done of an address that still stands."""
    return _address.publish(write(shown)) or ([], None)


def want(query: Mapping[str, str]) -> None:
    """Have the next run show what an address with `query` would."""
    _address.want(query)
