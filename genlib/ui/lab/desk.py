"""A visitor's runs: kept through other pages, a lost connection and a reload, and ended when nobody comes back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib.data import PictureSet, PointSet
from genlib.jobs import Job, Lease, Limits
from genlib.lab.album import Album
from genlib.lab.race import Race
from genlib.lab.seen import Watcher
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.experiment import Task

DESK = TRAIN.widget("_desk")
LIMITS = Limits(seconds=300)
CHARTED, SHARE = 1.0, 19  # s, and times as long as a chart took, at least, from one to the next

# Those whose visitor may come back with a new session, as after a reload: a browser's tab knows the key of its own.
_kept: dict[str, Desk] = {}

_tab = st.components.v2.component(
    "genlib.tab",
    js="""export default function ({ data, setStateValue }) {
  const kept = sessionStorage.getItem("genlib.desk");
  if (data.busy) sessionStorage.setItem("genlib.desk", data.key);
  else if (kept && kept !== data.key) setStateValue("kept", kept);
}""",
)


@dataclass(frozen=True)
class Shown:
    """A run and what looks at it. `called`: its name beside another one."""

    job: Job
    watcher: Watcher | Album
    called: str = ""

    @property
    def kind(self) -> str:
        """Of what is learned: "points" or "pictures"."""
        return "pictures" if isinstance(self.watcher, Album) else "points"


class Desk:
    """Of one visitor: one run, or several side by side."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(12)
        self.shown: tuple[Shown, ...] = ()
        self.trouble = ""  # why nothing could be begun, and
        self.troubled: dict[str, str] = {}  # the address that asked for it
        self.race: Race | None = None
        self.pace: float | None = None  # steps a second in slow motion
        self.own: PictureSet | None = None  # pictures that the visitor brought to learn from
        self._charts: dict[str, tuple[float, Any]] = {}  # until when each is shown, and what it is
        self._lease = Lease(self._expire)

    @property
    def active(self) -> bool:
        """Whether a run was told to go on."""
        return any(shown.job.going for shown in self.shown)

    @property
    def moving(self) -> bool:
        """Whether something happens by itself: a run goes on, waits for its turn, or does what it was told last."""
        return any(shown.job.busy for shown in self.shown)

    @property
    def ended(self) -> bool:
        """Whether nothing can go on; true where nothing was begun."""
        return all(shown.job.snapshot().ended for shown in self.shown)

    def lay(
        self,
        tasks: Sequence[tuple[Task, str]],
        budget: float | None = None,
        after: Job | None = None,
        in_batches: bool = False,
    ) -> None:
        """Put new runs in place of the old ones, without starting them. GenlibError: they ask for too much.

        budget, after   of Job
        in_batches      of Album
        """
        made = []
        for task, called in tasks:
            watcher: Watcher | Album
            threads: int | None
            if isinstance(task.source, PointSet):
                watcher, threads = Watcher(task.source), 1  # small networks lose by more
            else:
                watcher, threads = Album(task, in_batches), None
            job = Job(task, watcher, party=self.key, limits=LIMITS, threads=threads, budget=budget, after=after)
            job.slow(self.pace)
            made.append(Shown(job, watcher, called))
        self.stop()
        self.shown, self._charts = tuple(made), {}

    def start(self) -> None:
        for shown in self.shown:
            shown.job.start()

    def pause(self) -> None:
        for shown in self.shown:
            shown.job.pause()

    def step(self, player: str = "") -> None:
        """`player`: who alone moves, of those of the runs' snapshots; "": all do."""
        for shown in self.shown:
            shown.job.step(player)

    def slow(self, pace: float | None) -> None:
        """Steps a second from now on; None: as many as the machine can."""
        self.pace = pace
        for shown in self.shown:
            shown.job.slow(pace)

    def stop(self) -> None:
        for shown in self.shown:
            shown.job.stop()

    def chart(self, name: str, make: Callable[[], Any]) -> Any:
        """A chart of the runs. While they go on it is made once in CHARTED seconds at most, and in a twentieth of the
        time: while Python works for a page, it does not for the run."""
        began, (until, chart) = time.monotonic(), self._charts.get(name, (0.0, None))
        if chart is None or not self.moving or began > until:
            chart, now = make(), time.monotonic()
            self._charts[name] = now + max(CHARTED, SHARE * (now - began)), chart
        return chart

    def begin_race(self, tasks: Sequence[tuple[Task, str]]) -> None:
        """The same runs on points from several seeds, beside what is shown. GenlibError: they ask for too much."""
        source = tasks[0][0].source
        assert isinstance(source, PointSet)
        race = Race(tasks, Watcher(source), limits=LIMITS, threads=1)
        if self.race is not None:
            self.race.cancel()
        self.race = race
        race.start()

    def keep(self) -> None:
        """Its visitor is there. In every run of a script, on any page."""
        self._lease.renew()
        _kept[self.key] = self
        _held(self.key)

    def lose(self) -> None:
        """Its visitor's session is gone; perhaps for a moment."""
        self._lease.lose()

    @property
    def lost(self) -> bool:
        return not self._lease.held

    def _expire(self) -> None:
        _kept.pop(self.key, None)  # first: whoever sees that its runs have ended finds it forgotten
        self.stop()
        if self.race is not None:
            self.race.cancel()


def _lose(key: str) -> None:
    if desk := _kept.get(key):
        desk.lose()


@st.cache_resource(scope="session", on_release=_lose, show_spinner=False)
def _held(key: str) -> str:
    """Released, with what it returned, when a session ends: a closed tab, but also a connection that was lost."""
    return key


def mine() -> Desk:
    """This visitor's, also after a reload."""
    state = st.session_state
    desk: Desk = state.setdefault(DESK, Desk())
    desk.keep()
    with st.container(key="address-desk"):
        found: Any = _tab(
            data={"key": desk.key, "busy": bool(desk.shown or desk.race)},
            key=TRAIN.widget("tab"),
            on_kept_change=lambda: None,
        )
    other = _kept.get(str(found.get("kept")))
    if other is not None and not (desk.shown or desk.race) and other.lost:
        desk.lose()  # empty: it expires
        desk = state[DESK] = other
        desk.keep()
    return desk
