"""A race: the run of the form from ten seeds, in the background, and a table of what it reaches with its spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from genlib import catalog
from genlib.errors import GenlibError
from genlib.lab.race import SAMPLES, Race, Standing, spread
from genlib.lab.seen import Gauges
from genlib.ui.lab import form, plane
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.ui.address import Address
    from genlib.ui.lab.desk import Desk
    from genlib.ui.lab.query import TrainQuery

TICK = 1.0  # s
KEY = TRAIN.widget
FAILED = {
    "diverged": "whose numbers ran away",
    "memory": "for which the machine's memory was too small",
    "fault": "that broke off by a fault of the program",
}  # the causes of Snapshot


def draw(desk: Desk, address: Address[TrainQuery], trouble: str) -> None:
    """While it goes on, it shows itself anew; the page around it does not. `trouble`: why none can be begun."""
    if form.kind() != "points" and desk.race is None:
        return
    st.header("Ten seeds", anchor=False)
    going = desk.race is not None and not desk.race.standing().ended
    st.fragment(_draw, run_every=TICK if going else None)(desk, address, trouble, going)


def _draw(desk: Desk, address: Address[TrainQuery], trouble: str, was_going: bool) -> None:
    race = desk.race
    now = race.standing() if race else None
    going = now is not None and not now.ended
    if going != was_going:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if race is not None and going:
            st.button("Cancel the race", on_click=race.cancel, key=KEY("race.cancel"), icon=":material/stop:")
        elif form.kind() == "points":
            st.button(
                "Race over ten seeds",
                on_click=_begin,
                args=(desk, address),
                key=KEY("race"),
                icon=":material/flag:",
                disabled=bool(trouble),
            )
        st.caption(
            "One run is one throw of the dice. A race makes the run of these settings from ten seeds, one after "
            "another, while you do something else."
        )
    if said := st.session_state.get(KEY("_race.trouble")):
        st.error(said, icon=":material/error:")
    if race is None or now is None:
        return
    if going:
        st.progress(now.done / race.count, _said(race, now))
    elif now.sentence:
        st.warning(now.sentence, icon=":material/warning:")
    if now.done:
        _table(race, now)


def _begin(desk: Desk, address: Address[TrainQuery]) -> None:
    st.session_state[KEY("_race.trouble")] = ""
    try:
        desk.begin_race([(task, called or catalog.about(task.model).title) for task, called in form.tasks(address)])
    except GenlibError as error:
        st.session_state[KEY("_race.trouble")] = str(error)


def _said(race: Race, now: Standing) -> str:
    if now.place:
        return f"Another run has this machine. The race is number {now.place} in the line."
    left = f" · about {now.left:,.0f} s left" if now.left is not None else ""
    return f"Seed {now.done + 1} of {race.count}{left}"


def _table(race: Race, now: Standing) -> None:
    """A row for each runner, and what other points of the data reach."""
    floor = plane.floor_of(race.watcher, SAMPLES)
    columns: dict[str, tuple[Callable[[Gauges], float], str]] = (
        {
            f"Modes covered, of {floor.modes}": (lambda g: g.covered, ".1f"),
            "Within three sigma": (lambda g: g.sharp, ".1%"),
            "Reverse KL over the modes": (lambda g: g.uneven, ".3f"),
        }
        if floor.modes
        else {
            "Curve covered": (lambda g: g.covered, ".0%"),
            "Within three sigma": (lambda g: g.sharp, ".1%"),
            "Jensen-Shannon": (lambda g: g.js, ".3f"),
        }
    )
    lines = ["| " + " | ".join(["", *columns]) + " |", "|---" + "|--:" * len(columns) + "|"]
    for name, found in zip(race.names, now.found, strict=True):
        cells = ["" if not found else _spread([of(g) for g in found], form_) for of, form_ in columns.values()]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    lines.append("| " + " | ".join(["Data", *(f"{of(floor):{form_}}" for of, form_ in columns.values())]) + " |")
    with st.container(key="lab-race"):
        st.markdown("\n".join(lines))
    failed = [(name, Counter(causes)) for name, causes in zip(race.names, now.left_out, strict=True)]
    out = [f"{n} of {name} {FAILED[cause]}" for name, causes in failed for cause, n in causes.items()]
    left_out = f" Left out: {'; '.join(out)}." if out else ""
    of = race.tasks[0].recipe
    st.caption(
        f"Mean ± standard deviation over {now.done} of {race.count} seeds, from {of.seed} on: {of.steps:,} steps on "
        f"{race.watcher.source.info.title}, {SAMPLES:,} samples of each.{left_out}"
    )


def _spread(values: list[float], form_: str) -> str:
    mean, deviation = spread(values)
    return f"{mean:{form_}}\u00a0±\u00a0{deviation:{form_}}"  # on one line
