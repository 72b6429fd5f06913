"""What is seen of runs on points: the plane, numbers that say how far the samples are from the data, and the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import catalog
from genlib.contract import Samples
from genlib.figures.curves import Curve
from genlib.lab import doctor
from genlib.lab.seen import MADE, Watcher
from genlib.ui import words
from genlib.ui.lab import form
from genlib.ui.lab.arena import View, arena
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.jobs import Moment, Snapshot
    from genlib.lab.doctor import Diagnosis
    from genlib.lab.seen import Gauges
    from genlib.ui.lab.desk import Shown

KEY = TRAIN.widget
TERMED = ("mode", "sigma", "KL", "Jensen-Shannon", "earth mover's distance")  # words of the table
FIT = "fit"  # the axis of fits()


def idle(name: str, version: str) -> None:
    """The data alone, that nothing learns yet. `version` tells one drawing from another. DataError."""
    watcher = _idle(name, version)
    left, right = st.columns([5, 4], gap="large")
    with left:
        arena(watcher, [View(None, "The data")], KEY("arena"))
    with right:
        numbers([], [None], watcher)


def figures(runs: Sequence[Shown], moments: Sequence[Moment | None]) -> None:
    """Runs at a moment of each."""
    watcher = runs[0].watcher
    assert isinstance(watcher, Watcher)
    arena(watcher, [_view(one, moment) for one, moment in zip(runs, moments, strict=True)], KEY("arena"))


def _view(one: Shown, moment: Moment | None) -> View:
    about = catalog.about(one.job.task.model)
    alt = f"{about.title} after {moment.step:,} steps, over the data" if moment else "The data"
    made = "samples" if Samples.__name__ in about.capabilities else "data, said again"
    return View(moment.seen if moment else None, alt, one.called, made)


def numbers(called: Sequence[str], moments: Sequence[Moment | None], watcher: Watcher) -> None:
    """How far the samples are from the data, beside what other points of the data reach."""
    found = [moment.seen.gauges if moment else None for moment in moments]
    floor = floor_of(watcher)
    titles = [name or "Samples" for name in called] or ["Samples"]
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
def floor_of(watcher: Watcher, count: int = MADE) -> Gauges:
    """What `count` other points of the data have: no sample can do better but by chance."""
    other = replace(watcher.source, split="validation")
    return watcher.gauges(other.sample(count))


def diagnosis(now: Snapshot, settings: Mapping[str, object], most: Mapping[str, float]) -> Diagnosis:
    """Of a run with at least one moment."""
    seen = [moment.seen for moment in now.moments]
    return doctor.look(now.step, now.steps, now.curves.values, seen, settings, most, now.cause == "diverged")


def fits(moments: tuple[Moment, ...]) -> dict[str, Curve]:
    steps: np.ndarray = np.array([moment.step for moment in moments])
    gauges: list[Gauges] = [moment.seen.gauges for moment in moments]
    return {
        "covered": (steps, np.array([g.covered / (g.modes or 1) for g in gauges])),
        "within three sigma": (steps, np.array([g.sharp for g in gauges])),
        "Jensen-Shannon": (steps, np.array([g.js for g in gauges])),
    }


@lru_cache(maxsize=8)
def _idle(name: str, version: str) -> Watcher:
    return Watcher(form.source(name))
