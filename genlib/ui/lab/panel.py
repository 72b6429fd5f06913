"""The part of Train that ticks: buttons, the arena, numbers, curves, and the moments of a run that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import catalog
from genlib.contract import Samples
from genlib.errors import GenlibError
from genlib.figures.curves import Curve, curves
from genlib.jobs import Moment, Snapshot
from genlib.lab import doctor
from genlib.ui import words
from genlib.ui.lab import form, keep
from genlib.ui.lab.arena import arena
from genlib.ui.lab.desk import Desk, Shown
from genlib.ui.lab.query import TrainQuery
from genlib.ui.live import live
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    import numpy as np

    from genlib.lab.seen import Gauges, Watcher
    from genlib.ui.address import Address

TICK = 0.4  # s
KEY = TRAIN.widget
SIGNS = {
    "well": ":material/check_circle:",
    "early": ":material/hourglass_empty:",
    "between": ":material/trending_up:",
    "won": ":material/gavel:",
    "collapse": ":material/grain:",
    "diverging": ":material/warning:",
}  # what the doctor finds
TERMED = ("mode", "sigma", "KL", "Jensen-Shannon", "earth mover's distance")  # words of the table


def draw(desk: Desk, address: Address[TrainQuery]) -> None:
    """While something happens, it runs again by itself; the page around it does not."""
    ticking = desk.moving
    st.fragment(_panel, run_every=TICK if ticking else None)(desk, address, ticking)


def _panel(desk: Desk, address: Address[TrainQuery], ticking: bool) -> None:
    snapshots = [shown.job.snapshot() for shown in desk.shown]
    _buttons(desk, address, snapshots)
    if desk.moving != ticking:
        st.rerun()  # the page: another pace, or none
    if desk.trouble:
        st.error(desk.trouble, icon=":material/error:")
    _status(desk, snapshots)
    try:
        idle = None if desk.shown else _idle(name := address.values.data, form.version(name))
    except GenlibError as error:  # nothing is drawn yet
        st.info(str(error), icon=":material/draw:")
        return
    at = _moment(snapshots)
    shown = desk.shown or (Shown(None, idle),)  # type: ignore[arg-type]  # nothing runs yet
    moments = [_at(now.moments, at) for now in snapshots] or [None]
    columns = st.columns(2, gap="medium") if len(shown) > 1 else st.columns([5, 4], gap="large")
    for i, (one, moment) in enumerate(zip(shown, moments, strict=True)):
        with columns[i]:
            if one.called:
                st.markdown(f"**{one.called}**")
            alt = f"{_title(one)} after {moment.step:,} steps, over the data" if moment else "The data"
            made = "samples" if not one.job or _samples(one) else "data, said again"
            arena(one.watcher, moment.seen if moment else None, KEY(f"arena{i}"), alt, made)
    with columns[1] if len(shown) == 1 else st.container():
        _numbers(desk, moments, shown[0].watcher)
        _doctor(desk, address, snapshots)
        _curves(desk, snapshots)
        keep.offer(desk)


# --- What can be done ---


def _buttons(desk: Desk, address: Address[TrainQuery], snapshots: list[Snapshot]) -> None:
    fresh = desk.ended
    with st.container(horizontal=True, gap="xsmall", key="lab-buttons"):
        if desk.active:
            st.button("Pause", on_click=desk.pause, key=KEY("pause"), type="primary", icon=":material/pause:")
        else:
            st.button(
                "Start" if not snapshots else "Again" if fresh else "Resume",
                on_click=_do,
                args=(desk, address, "start"),
                key=KEY("start"),
                type="primary",
                icon=":material/replay:" if snapshots and fresh else ":material/play_arrow:",
                help="With the settings below; the same seed gives the same run",
            )
        st.button("One step", on_click=_do, args=(desk, address, "step"), key=KEY("step"), icon=":material/step_over:")
        st.button("Stop", on_click=desk.stop, key=KEY("stop"), icon=":material/stop:", disabled=fresh)


def _do(desk: Desk, address: Address[TrainQuery], what: str, change: Mapping[str, Any] | None = None) -> None:
    """Start or step, with new runs where the old ones have ended. `change`: what the second of two has otherwise."""
    desk.trouble = ""
    try:
        if change:
            task = replace(desk.shown[0].job.task, source=desk.shown[0].watcher.source)
            desk.lay([(task, "As it was"), (form.changed(task, change), "With the change")])
        elif desk.ended:
            desk.lay(form.tasks(address))
        desk.start() if what == "start" else desk.step()
    except GenlibError as error:
        desk.trouble = str(error)


# --- Where it stands ---


def _status(desk: Desk, snapshots: list[Snapshot]) -> None:
    """A line, and one for each run that ended otherwise than was asked for."""
    text, share = "Press Start. You can pause, go on step by step, and change everything.", 0.0
    if snapshots:
        text, share = _said(snapshots), min(now.step for now in snapshots) / snapshots[0].steps
    st.progress(min(1.0, share), text)
    for shown, now in zip(desk.shown, snapshots, strict=True):
        if now.sentence:
            of = f"{shown.called}: " if shown.called else ""
            st.warning(f"{of}{now.sentence}", icon=":material/warning:")
    live({"running": "The run goes on"}.get(snapshots[0].state, text) if snapshots else "", "train")


def _said(snapshots: list[Snapshot]) -> str:
    first = snapshots[0]
    states = {now.state for now in snapshots}
    if "waiting" in states and "running" not in states:
        wait = f" in at most {first.wait:,.0f} s" if first.wait is not None else ""
        return f"Another run has this machine. Yours is number {first.place} in the line; its turn comes{wait}."
    steps = " and ".join(dict.fromkeys(f"{now.step:,}" for now in snapshots))
    if "running" in states:
        pace = " and ".join(f"{now.pace:,.0f}" for now in snapshots if now.state == "running")
        left = max((now.left or 0.0) for now in snapshots)
        return f"Step {steps} of {first.steps:,} · {pace} steps a second" + (f" · {left:,.0f} s left" if left else "")
    if "paused" in states:
        return f"Paused after step {steps} of {first.steps:,}."
    word = "Finished" if states == {"finished"} else "Ended"
    return f"{word} after {steps} steps. The slider shows its moments."


def _moment(snapshots: list[Snapshot]) -> int | None:
    """The step of the moment that is looked at, by the slider where nothing goes on; None: the last one."""
    still = snapshots and all(now.state not in ("running", "waiting") for now in snapshots)
    steps = sorted({moment.step for now in snapshots for moment in now.moments}) if still else []
    if len(steps) < 2:
        return None
    # A key of its own for each end: the slider of another run begins at the end.
    return st.select_slider(
        "After step", steps, steps[-1], format_func=lambda step: f"{step:,}", key=KEY(f"_at.{steps[-1]}.{len(steps)}")
    )


def _at(moments: tuple[Moment, ...], step: int | None) -> Moment | None:
    """The last moment not after `step`."""
    before = [moment for moment in moments if step is None or moment.step <= step]
    return before[-1] if before else None


# --- Numbers and curves ---


def _numbers(desk: Desk, moments: list[Moment | None], watcher: Watcher) -> None:
    """How far the samples are from the data, beside what other points of the data reach."""
    found = [moment.seen.gauges if moment else None for moment in moments]
    floor = _floor(watcher)
    titles = [shown.called or "Samples" for shown in desk.shown] or ["Samples"]
    lines = ["| " + " | ".join(["", *titles, "Data"]) + " |", "|---" + "|--:" * (len(titles) + 1) + "|"]
    for name, value in _rows(floor).items():
        cells = [_rows(gauges)[name] if gauges else "" for gauges in found]
        lines.append("| " + " | ".join([name, *cells, value]) + " |")
    with st.container(key="lab-numbers"):
        st.markdown("\n".join(lines))
    words.row((name for name in TERMED if name != "mode" or floor.modes), "lab")


def _rows(g: Gauges) -> dict[str, str]:
    rows = {"Modes covered": f"{g.covered:.0f} of {g.modes}"} if g.modes else {"Curve covered": f"{g.covered:.0%}"}
    rows["Within three sigma"] = f"{g.sharp:.1%}"
    if g.modes:
        rows["Reverse KL over the modes"] = f"{g.uneven:.3f}"
    return rows | {
        "KL(data ‖ samples)": f"{g.kl:.2f}",
        "KL(samples ‖ data)": f"{g.reverse_kl:.2f}",
        "Jensen-Shannon": f"{g.js:.3f}",
        "Earth mover's distance": f"{g.emd:.3f}",
    }


@lru_cache(maxsize=16)
def _floor(watcher: Watcher) -> Gauges:
    """What as many other points of the data have: no sample can do better but by chance."""
    other = replace(watcher.source, split="validation")
    return watcher.gauges(other.sample(len(watcher.real)))


def _doctor(desk: Desk, address: Address[TrainQuery], snapshots: list[Snapshot]) -> None:
    """What each run shows, in plain words; of one alone also what would help, to be tried beside it."""
    for shown, now in zip(desk.shown, snapshots, strict=True):
        if not now.moments:
            continue
        task = shown.job.task
        own = {**task.config.model_dump(), **task.recipe.training}
        seen = [moment.seen for moment in now.moments]
        found = doctor.look(now.step, now.steps, now.curves.values, seen, own, now.state == "failed")
        of = f"{shown.called}: " if shown.called else ""
        st.markdown(f"{SIGNS[found.sign]} {of}{found.said} {found.advice}")
        if len(snapshots) == 1 and found.change:
            words = ", ".join(
                f"{name.replace('_', ' ')} {value:g}"
                if isinstance(value, float)
                else f"{name.replace('_', ' ')} {value}"
                for name, value in found.change.items()
            )
            st.button(
                f"Try {words} beside it",
                on_click=_do,
                args=(desk, address, "start", found.change),
                key=KEY("try"),
                icon=":material/healing:",
            )


def _curves(desk: Desk, snapshots: list[Snapshot]) -> None:
    called = [shown.called for shown in desk.shown]
    losses, fit = [], []
    for now in snapshots:
        own: dict[str, Curve] = {name: (now.curves.steps, values) for name, values in now.curves.values.items()}
        losses.append(own)
        fit.append(_fits(now.moments))
    if not snapshots:
        return
    left, right = st.columns(2, gap="medium") if len(snapshots) > 1 else (st.container(), st.container())
    for place, runs, title, key in ((left, losses, "what the model descends", "losses"), (right, fit, "fit", "fits")):
        with place:
            st.plotly_chart(
                curves(runs, title, snapshots[0].steps, called),
                config={"displayModeBar": False},
                key=KEY(f"{key}.chart"),
                alt=f"Curves over the steps: {', '.join(dict.fromkeys(name for run in runs for name in run))}",
            )


def _fits(moments: tuple[Moment, ...]) -> dict[str, Curve]:
    import numpy as np

    steps: np.ndarray = np.array([moment.step for moment in moments])
    gauges: list[Gauges] = [moment.seen.gauges for moment in moments]
    return {
        "covered": (steps, np.array([g.covered / (g.modes or 1) for g in gauges])),
        "within three sigma": (steps, np.array([g.sharp for g in gauges])),
        "Jensen-Shannon": (steps, np.array([g.js for g in gauges])),
    }


# --- Words ---


@lru_cache(maxsize=8)
def _idle(name: str, version: str) -> Watcher:
    """Of data that nothing learns yet; `version` tells one drawing from another."""
    from genlib.lab.seen import Watcher

    return Watcher(form.source(name))


def _title(shown: Shown) -> str:
    return catalog.about(shown.job.task.model).title


def _samples(shown: Shown) -> bool:
    return Samples.__name__ in catalog.about(shown.job.task.model).capabilities
