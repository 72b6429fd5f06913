"""The part of Train that ticks: buttons, what is seen, curves, and the moments of a run that has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import catalog
from genlib.errors import GenlibError
from genlib.figures.curves import Curve, compared, curves
from genlib.jobs import Moment, Snapshot
from genlib.lab import doctor, lessons, offers
from genlib.lab.seen import Watcher
from genlib.ui.lab import form, keep, lanes, plane, sheet
from genlib.ui.lab.desk import Desk, Shown
from genlib.ui.lab.query import TrainQuery
from genlib.ui.live import live
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.ui.address import Address

TICK = 0.4  # s
FULL = 0.0
PACES = (FULL, 2.0, 1.0, 0.5)  # steps a second; of slow motion no more than can be seen
KEY = TRAIN.widget
VIEWS: Mapping[str, Any] = {"points": plane, "pictures": sheet}
SIGNS = {
    "well": ":material/check_circle:",
    "early": ":material/hourglass_empty:",
    "between": ":material/trending_up:",
    "won": ":material/gavel:",
    "collapse": ":material/grain:",
    "memorising": ":material/content_copy:",
    "oscillation": ":material/cached:",
    "diverging": ":material/warning:",
}  # what the doctor finds


def draw(desk: Desk, address: Address[TrainQuery], trouble: str) -> None:
    """While something happens, it runs again by itself; the page around it does not. `trouble`: why nothing can be
    begun with the settings of the form."""
    ticking = desk.moving
    st.fragment(_panel, run_every=TICK if ticking else None)(desk, address, trouble, ticking)


def _panel(desk: Desk, address: Address[TrainQuery], trouble: str, ticking: bool) -> None:
    # What has ended makes way for another kind of data; what goes on is shown whatever is chosen meanwhile.
    runs = desk.shown if not desk.ended or all(one.kind == form.kind() for one in desk.shown) else ()
    snapshots = [shown.job.snapshot() for shown in runs]
    # What comes and goes has a container of its own, so that all below stands where it stood: of a run that is cut off
    # by the next one Streamlit's queue drops the containers, but not what is large and was sent before.
    top, slider = st.container(), st.container()
    with top:
        _buttons(desk, address, snapshots, trouble)
        if desk.trouble and desk.troubled == address.parameters():
            st.error(desk.trouble, icon=":material/error:")
        _status(runs, snapshots, form.abreast(address.values), trouble)
    if desk.moving != ticking or keep.goes():
        st.rerun()  # the page: another pace, or none, or another page
    if not runs:
        _idle(address.values.data)
        return
    view = VIEWS[runs[0].kind]
    with slider:
        at = _moment(snapshots)
    moments = [_at(now.moments, at) for now in snapshots]
    left, right = st.columns([5, 4], gap="large") if len(runs) == 1 else (st.container(), st.container())
    with left:
        view.figures(runs, moments)
    with right:
        if isinstance(watcher := runs[0].watcher, Watcher):
            plane.numbers([one.called for one in runs], moments, watcher)
        else:
            sheet.seen(runs[0], snapshots[0])
        with st.container():
            _doctor(desk, address, runs, snapshots)
        _curves(desk, view, runs, snapshots)
        keep.offer(runs)
        if view is sheet:
            for one, now in zip(runs, snapshots, strict=True):
                if now.ended:
                    sheet.film(one, now)


def _idle(name: str) -> None:
    try:
        sheet.idle(name) if name in offers.picture_sets() else plane.idle(name, form.version(name))
    except GenlibError as error:  # nothing is drawn or brought yet
        st.info(str(error), icon=":material/draw:")


# --- What can be done ---


def _buttons(desk: Desk, address: Address[TrainQuery], snapshots: list[Snapshot], trouble: str) -> None:
    fresh = desk.ended
    barred = fresh and bool(trouble)
    same = "" if form.budget() else "; the same seed gives the same run"
    with st.container(horizontal=True, gap="xsmall", key="lab-buttons"):
        if desk.active:
            st.button("Pause", on_click=desk.pause, key=KEY("pause"), type="primary", icon=":material/pause:")
        else:
            st.button(
                "Start" if not snapshots else "Again" if fresh else "Resume",
                on_click=_do,
                args=(desk, address, "start"),
                key=KEY("start"),
                type="secondary" if barred else "primary",  # a primary one is white on white while it is disabled
                icon=":material/replay:" if snapshots and fresh else ":material/play_arrow:",
                help=trouble if barred else f"With the settings below{same}",
                disabled=barred,
            )
        st.button(
            "One step",
            on_click=_do,
            args=(desk, address, "step"),
            key=KEY("step"),
            icon=":material/step_over:",
            disabled=barred,
        )
        st.button("Stop", on_click=desk.stop, key=KEY("stop"), icon=":material/stop:", disabled=fresh)
        st.session_state.setdefault(KEY("_pace"), desk.pace or FULL)
        st.selectbox(
            "Pace",
            PACES,
            format_func=_paced,
            key=KEY("_pace"),
            on_change=lambda: desk.slow(st.session_state[KEY("_pace")] or None),
            label_visibility="collapsed",
            width=170,
        )
        players = _players(snapshots) if not (desk.moving or fresh) else ()
        for player in players if len(players) > 1 else ():
            st.button(
                f"{player.capitalize()} alone",
                on_click=desk.step,
                args=(player,),
                key=KEY(f"alone.{player}"),
                icon=":material/person:",
                help="One step in which nobody else moves",
            )


def _paced(pace: float) -> str:
    return "Full speed" if pace == FULL else "1 step a second" if pace == 1 else f"{pace:g} steps a second"


def _players(snapshots: list[Snapshot]) -> tuple[str, ...]:
    """Those that every run has."""
    first, *others = (now.players for now in snapshots)
    return tuple(player for player in first if all(player in other for other in others))


def _do(
    desk: Desk, address: Address[TrainQuery], what: str, change: Mapping[str, Any] | None = None, heal: bool = False
) -> None:
    """Start or step, with new runs where the old ones have ended.

    change   what the second of two has otherwise
    heal     go on with it from the last healthy moment of the one that was, instead
    """
    desk.trouble, asked = "", address.parameters()
    try:
        if change:
            first = desk.shown[0]
            task = first.job.task
            if first.watcher.source is not None:  # what a visitor drew or brought is nowhere else
                task = replace(task, source=first.watcher.source)
            other = form.changed(task, change)
            if heal:
                desk.lay([(other, "")], first.job.budget, after=first.job)
            else:
                desk.lay([(task, "As it was"), (other, "With the change")], first.job.budget)
        elif desk.ended:
            lesson = lessons.find(address.values.lesson)
            desk.lay(form.tasks(address), form.budget(), in_batches=lesson is not None and lesson.in_batches)
        desk.start() if what == "start" else desk.step()
    except GenlibError as error:
        desk.trouble, desk.troubled = str(error), asked


# --- Where it stands ---


def _status(runs: tuple[Shown, ...], snapshots: list[Snapshot], asked: int, trouble: str) -> None:
    """A line, and one for each run that ended otherwise than was asked for.

    asked    runs that the form asks for
    trouble  why they can't be begun
    """
    text, share = trouble or "Press Start. You can pause, go on step by step, and change everything.", 0.0
    if asked > 1 and not trouble:
        text = f"Press Start: {asked} runs side by side. They share this machine: each is up to {asked} times slower."
    if snapshots:
        text, share = _said(runs, snapshots), min(map(_share, runs, snapshots))
    st.progress(min(1.0, share), text)
    for shown, now in zip(runs, snapshots, strict=True):
        if now.sentence:
            of = f"{shown.called}: " if shown.called else ""
            st.warning(f"{of}{now.sentence}", icon=":material/warning:")
    live({"running": "The run goes on"}.get(snapshots[0].state, text) if snapshots else "", "train")


def _share(shown: Shown, now: Snapshot) -> float:
    """How much of it is over."""
    return now.step / now.steps if shown.job.budget is None else 1 - (now.left or 0.0) / shown.job.budget


def _said(runs: tuple[Shown, ...], snapshots: list[Snapshot]) -> str:
    first, budget = snapshots[0], runs[0].job.budget
    states = {now.state for now in snapshots}
    if "waiting" in states and "running" not in states:
        wait = f" in at most {first.wait:,.0f} s" if first.wait is not None else ""
        return f"Another run has this machine. Yours is number {first.place} in the line; its turn comes{wait}."
    steps = _span(now.step for now in snapshots)
    if budget is None:
        steps += f" of {first.steps:,}"
    if "running" in states:
        if budget is not None and not first.moments:
            return "The pictures are read; then it begins, and its time with it."
        batch = 1 if budget is None else runs[0].job.task.recipe.batch_size
        unit = "steps" if budget is None else "pictures"
        pace = _span(batch * now.pace for now in snapshots if now.state == "running")
        left = max((now.left or 0.0) for now in snapshots)
        where = f" on {first.device.upper()}" if budget is not None and first.device else ""
        return f"Step {steps} · {pace} {unit} a second{where}" + (f" · {left:,.0f} s left" if left else "")
    if "paused" in states:
        return f"Paused after step {steps}."
    word = "Finished" if states == {"finished"} else "Ended"
    if budget is None:
        steps = steps.rpartition(" of ")[0]
    return f"{word} after {steps} steps." + (" The slider shows its moments." if len(_steps(snapshots)) > 1 else "")


def _span(numbers: Iterable[float]) -> str:
    """The smallest and the largest of them, or the one that there is."""
    found = sorted(numbers)
    return " to ".join(dict.fromkeys(f"{x:,.{1 if 0 < x < 1 else 0}f}" for x in (found[0], found[-1])))


def _steps(snapshots: list[Snapshot]) -> list[int]:
    """Those of all moments that are kept."""
    return sorted({moment.step for now in snapshots for moment in now.moments})


def _moment(snapshots: list[Snapshot]) -> int | None:
    """The step of the moment that is looked at, by the slider where nothing goes on; None: the last one."""
    still = snapshots and all(now.state not in ("running", "waiting") for now in snapshots)
    steps = _steps(snapshots) if still else []
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


# --- What it shows ---


def _doctor(desk: Desk, address: Address[TrainQuery], runs: tuple[Shown, ...], snapshots: list[Snapshot]) -> None:
    """What each run shows, in plain words; of one alone also what would help, to be tried beside it."""
    for shown, now in zip(runs, snapshots, strict=True):
        if not now.moments:
            continue
        task = shown.job.task
        own = {**task.config.model_dump(), **task.recipe.training}
        found = VIEWS[shown.kind].diagnosis(now, own, doctor.largest(catalog.model_class(task.model)))
        of = f"{shown.called}: " if shown.called else ""
        advice = found.advice if len(snapshots) == 1 else ""
        st.markdown(f"{SIGNS[found.sign]} {of}{found.said} {advice}")
        if (
            len(snapshots) == 1
            and now.cause == "diverged"
            and now.healthy is not None
            and (slower := doctor.slower(own))
        ):
            st.button(
                f"Go on from step {now.healthy:,}, ten times slower",
                on_click=_do,
                args=(desk, address, "start", slower, True),
                key=KEY("heal"),
                icon=":material/restart_alt:",
                help="From its last healthy moment, with learning rates ten times lower",
            )
        if len(snapshots) == 1 and found.change:
            st.button(
                f"Try {lanes.words(found.change)} beside it",
                on_click=_do,
                args=(desk, address, "start", found.change),
                key=KEY("try"),
                icon=":material/healing:",
            )


def _curves(desk: Desk, view: Any, runs: tuple[Shown, ...], snapshots: list[Snapshot]) -> None:
    called = [shown.called for shown in runs]
    several = len(snapshots) > 1
    left, right = st.columns(2, gap="medium") if several else (st.container(), st.container())
    steps = max(snapshots[0].steps, *(now.step for now in snapshots))

    def losses() -> list[Mapping[str, Curve]]:
        return [{name: (now.curves.steps, one) for name, one in now.curves.values.items()} for now in snapshots]

    def fits() -> list[Mapping[str, Curve]]:
        return [view.fits(now.moments) for now in snapshots]

    for place, found, title in ((left, losses, "losses, scores"), (right, fits, view.FIT)):

        def make(found: Callable[[], list[Mapping[str, Curve]]] = found, title: str = title) -> Any:
            all_ = found()
            if not any(all_):
                return None
            figure = compared(all_, steps, called) if several else curves(all_[0], title, steps)
            return figure, ", ".join(dict.fromkeys(name for run in all_ for name in run))

        if (chart := desk.chart(found.__name__, make)) is not None:
            figure, names = chart
            with place:
                st.plotly_chart(
                    figure,
                    config={"displayModeBar": False},
                    key=KEY(f"{found.__name__}.chart"),
                    alt=f"Curves over the steps: {names}",
                )
