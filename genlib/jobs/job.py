"""One task in a thread of its own, and what can be done to it from outside.

Every control returns at once, or after SOON at the latest: the thread listens between two steps. A step is made under
no lock, and what is seen of a job is a Snapshot, which it replaces whole.
"""

from __future__ import annotations

import atexit
import copy
import math
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genlib import courtesy, experiment, room
from genlib.budget import size
from genlib.errors import GenlibError
from genlib.jobs import ends, limits
from genlib.jobs.limits import Limits
from genlib.jobs.pace import Pace
from genlib.jobs.queue import HERE, Queue
from genlib.jobs.snapshot import Moment, Record, Snapshot, State

if TYPE_CHECKING:
    from genlib.experiment import Task, Trained
    from genlib.models.base import Model
    from genlib.training import Run

    Watch = Callable[[Model[Any, Any, Any], int], Any]

EVERY = 0.4  # s from one look at the model to the next, at least
SOON = 0.25  # s that a control waits for its effect, so that the next snapshot shows it
HEALTH = 30  # the copy of the last healthy moment is taken so many times as seldom as it takes long

_alive: weakref.WeakSet[Job] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    """A thread that computes while the process ends would bring it down with a crash."""
    for job in list(_alive):
        job.stop()
    for job in list(_alive):
        job.join(2.0)


class Job:
    """A task that waits for its turn, runs, can be paused, and ends."""

    def __init__(
        self,
        task: Task,
        watch: Watch | None = None,
        *,
        party: Hashable = None,
        queue: Queue = HERE,
        limits: Limits = Limits(),  # noqa: B008 (it is frozen)
        every: float = EVERY,
        threads: int | None = None,
        budget: float | None = None,
        after: Job | None = None,
    ) -> None:
        """
        watch    called with a copy of the model (averaged weights) and the step, now and then and at the end; what it
                 returns is kept as a Moment, and nobody changes it
        party    whom it belongs to: jobs of one party have their turns together; None: it is one of its own
        threads  that one step computes with; None: as many as torch takes by itself
        budget   seconds that it may run, pauses and waiting not counted: its steps follow, and so do its schedules,
                 which end with it; None: as many steps as its recipe says
        after    a job whose numbers ran away, of the same model and data: this one goes on from its last healthy moment
        Raises GenlibError in one sentence where the task asks for more than `limits`.
        """
        limits.check(task)
        self.task, self.party = task, self if party is None else party
        self.trained: Trained | None = None  # once it ended with finite weights
        self.budget = budget
        self._watch, self._queue, self._limits, self._every, self._threads = watch, queue, limits, every, threads
        self.at = 0  # the step that it stands at; its snapshots come later
        self._record, self._pace = Record(), Pace()
        self._runs, self._stops = False, False
        self._singles: list[str] = []  # single steps to make: of which player, or "" of all
        self._healthy: dict[str, Any] | None = None  # a copy of Run.state, and
        self._again = 0.0  # the time from which on another one may be taken
        self._snapshot = Snapshot("paused", 0, task.recipe.steps, left=budget)
        if after is not None:
            self._healthy = after._healthy
            self._record = Record.until(after.snapshot())
            self._pace.used = after._pace.used if budget else 0.0
            self._snapshot = replace(self._snapshot, curves=self._record.curves(), moments=self._record.moments())
        self._thread: threading.Thread | None = None

    # --- From outside: any thread ---

    def snapshot(self) -> Snapshot:
        """Where it stands."""
        now = self._snapshot
        if now.state != "waiting":
            return now
        with self._queue.changed:
            return replace(now, place=self._queue.place(self), wait=self._queue.wait(self))

    @property
    def going(self) -> bool:
        """Whether it was told to go on, and has not ended. What it was told last shows here at once."""
        return self._runs and not self._stops and not self._snapshot.ended

    @property
    def busy(self) -> bool:
        """Whether its snapshot is going to change by itself."""
        now = self._snapshot
        return now.state in ("running", "waiting") or (bool(self._singles or self._stops) and not now.ended)

    def start(self) -> None:
        """Go on, or begin, as soon as it is its turn. GenlibError: too many wait already."""
        with self._queue.changed:
            if self._snapshot.ended or self._runs:
                return
            waits = not self._pace.slow
            if waits and self._queue.full:
                raise GenlibError("Too many runs wait for this machine: try again in a few minutes.")
            self._runs, self._singles = True, []
            if waits:
                self._queue.enter(self)
            self._put("waiting" if waits and self._queue.place(self) else "running")
            self._begin()
            self._queue.changed.notify_all()

    resume = start

    def pause(self) -> None:
        """Make no more steps, and let others have their turn."""
        with self._queue.changed:
            self._runs = False
            self._queue.changed.notify_all()
            self._settle(lambda now: now.state in ("paused", "finished", "stopped", "failed"))

    def step(self, player: str = "") -> None:
        """Pause, and make exactly one more step. It takes no turn: a single step is soon over. `player`: who alone
        moves in it, one of the snapshot's; "": all do."""
        with self._queue.changed:
            if self._snapshot.ended:
                return
            if self._runs:
                self.pause()
            before = self._snapshot.step
            self._singles.append(player)
            self._begin()
            self._queue.changed.notify_all()
            self._settle(lambda now: now.step > before or now.ended)

    def slow(self, pace: float | None) -> None:
        """Make at most so many steps a second and show each; like single ones they take no turn. None: as many as it
        can, in its turn."""
        with self._queue.changed:
            self._pace.slow = pace
            if pace:
                self._queue.leave(self)
            self._queue.changed.notify_all()

    def stop(self, why: str = "") -> None:
        """End it before its next step. `why`: a sentence, where the visitor did not ask for it."""
        with self._queue.changed:
            if self._snapshot.ended:
                return
            self._stops = True
            self._queue.leave(self)
            if self._thread is None:
                self._put("stopped", sentence=why)
            else:
                self._snapshot = replace(self._snapshot, sentence=why)
            self._queue.changed.notify_all()
            self._settle(lambda now: now.ended)

    def join(self, timeout: float | None = None) -> None:
        """Wait until its thread has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    @property
    def used(self) -> float:
        """Seconds that it has computed."""
        return self._pace.used

    def expected(self) -> float:
        """Seconds of computing that are left at most: as many as it may take, until its pace is known."""
        left, most = self._snapshot.left, self._limits.seconds if self.budget is None else self.budget
        return most if left is None else min(left, most)

    def _settle(self, reached: Callable[[Snapshot], bool]) -> None:
        """With the lock: wait a moment until the thread has done what it was told."""
        if self._thread is not threading.current_thread():
            self._queue.changed.wait_for(lambda: reached(self._snapshot), SOON)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"job {self.task.name}", daemon=True)
            self._thread.start()
            _alive.add(self)

    # --- Its own thread ---

    def _put(self, state: State | None = None, **changes: Any) -> None:
        """Replace the snapshot."""
        with self._queue.changed:
            self._snapshot = replace(self._snapshot, state=state or self._snapshot.state, **changes)
            self._queue.changed.notify_all()

    def _work(self) -> None:
        import torch

        if self._threads:
            torch.set_num_threads(self._threads)  # of this thread: others keep theirs
        diverged = False
        try:
            state, sentence = self._train()
            diverged = state == "failed" and self._snapshot.healthy is not None
        except GenlibError as error:
            state, sentence = "failed", str(error)
        except (MemoryError, torch.OutOfMemoryError):
            state, sentence = "failed", ends.no_memory(self._snapshot.step)
        except RuntimeError as error:
            state, sentence = "failed", ends.fault(self.task.model, self._snapshot.step, error)
        except Exception as error:  # whatever a model does: it ends this run, and the app goes on
            state, sentence = "failed", ends.broke(self.task.model, self._snapshot.step, error)
        finally:
            if not diverged:
                self._healthy = None
            self.task = replace(self.task, source=None)  # a set of pictures is large
        with self._queue.changed:
            self._queue.leave(self)
            left = 0.0 if state == "finished" else self._snapshot.left
            self._put(state, left=left, place=0, sentence=self._snapshot.sentence or sentence)

    def _train(self) -> tuple[State, str]:
        """Until it ends: as what, and why."""
        while not (self._stops or self._singles or self._may_run()):  # nothing is built before its turn
            self._rest()
        if self._stops:
            return "stopped", ""
        if room.free() < limits.takes(self.task) + self._limits.spare:  # no allocation fails: the process is killed
            return "failed", ends.no_memory(0)
        run = experiment.begin(self.task)
        if self._healthy is not None:
            run.go_on_from(self._healthy)
        self._put(device=run.device.type, players=tuple(run.optimizers))
        self._see(run)
        pace = self._pace
        while not self._over(run):
            ahead = self._next(run)
            if ahead is None:
                break
            single, player = ahead
            courtesy.let()
            started = time.monotonic()
            with nullcontext() if self.at else limits.guarded(self._limits.spare):
                values = {name: float(value) for name, value in run.advance(player).items()}
            pace.count(started)
            self.at = run.step
            if self.budget is not None:
                run.aim(run.step + round(pace.steps_in(self.budget - pace.used)))
            self._queue.stepped(self)
            if not all(map(math.isfinite, values.values())):
                return "failed", self._diverged(run, values)
            self._record.note(run.step, values)
            if single:
                self._see(run)
                with self._queue.changed:
                    del self._singles[:1]
                    self._queue.changed.notify_all()
            elif pace.slow or pace.due(self._every):
                with pace.looking():
                    self._see(run)
                if self.budget is None and pace.computed > self._limits.seconds:
                    self._finish(run)
                    used = f"It used up its {self._limits.seconds:,.0f} s of computing"
                    return "stopped", f"{used}, after {run.step:,} steps."
                if room.free() < self._limits.spare:
                    self._healthy = None
                    return "failed", ends.no_memory(self._snapshot.step)
        over = self._over(run)
        self._finish(run)
        return ("finished" if over else "stopped"), ""

    def _over(self, run: Run) -> bool:
        return run.step >= run.recipe.steps if self.budget is None else self._pace.used >= self.budget

    def _may_run(self) -> bool:
        return self._runs and (bool(self._pace.slow) or self._queue.turn(self))

    def _next(self, run: Run) -> tuple[bool, str] | None:
        """Wait until there is a step to make: whether it is a single one, and which player's; None: no more."""
        while True:
            with self._queue.changed:
                if self._stops:
                    return None
                if self._may_run():
                    if self._snapshot.state != "running":
                        self._put("running")
                    if rest := self._pace.rest():
                        self._queue.changed.wait(rest)
                        continue
                    return False, ""
                if self._singles and not self._runs:
                    return True, self._singles[0]
                rests = not self._runs or self._queue.place(self)  # not only for another of its party
            if rests and self._snapshot.step != run.step:
                self._see(run)
            self._rest()

    def _rest(self) -> None:
        """Until something changes."""
        with self._queue.changed:
            if self._runs and not self._pace.slow:
                self._queue.enter(self)
            else:
                self._queue.leave(self)
            if self._stops or self._may_run() or (self._singles and not self._runs):
                return
            state: State = "paused" if not self._runs else "waiting" if self._queue.place(self) else "running"
            if self._snapshot.state != state:
                self._put(state)
            self._queue.changed.wait()

    def _see(self, run: Run) -> bool:
        """Look at the model, and publish. Whether its weights are finite; else there is nothing to see."""
        from genlib.jobs.blame import finite

        if sound := finite(run):
            if self._watch is not None:
                seen = self._watch(run.snapshot(), run.step)
                self._record.look(Moment(run.step, seen, size(seen)))
            self._keep(run)
        pace = self._pace.slow or self._pace.pace
        left = (run.recipe.steps - run.step) / pace if pace else None
        if self.budget is not None:
            left = max(0.0, self.budget - self._pace.used)
        self._put(
            step=run.step,
            steps=run.recipe.steps,
            pace=pace,
            left=left,
            healthy=self._healthy["step"] if self._healthy else None,
            curves=self._record.curves(),
            moments=self._record.moments(),
        )
        return sound

    def _keep(self, run: Run) -> None:
        """A copy of the run as it is now, from which can be found out what went wrong later."""
        started = time.monotonic()
        if self._healthy is None or started > self._again:
            self._healthy = copy.deepcopy(run.state())
            self._again = time.monotonic() + HEALTH * (time.monotonic() - started)

    def _finish(self, run: Run) -> None:
        if self.budget is not None:  # what it came to, since its steps followed from the time
            self.task = replace(self.task, recipe=run.recipe.model_copy(update={"steps": max(1, run.step)}))
        sound = self._see(run)
        self._put(steps=self.task.recipe.steps)
        if sound:
            self.trained = experiment.Trained(run.snapshot(), run.step, {})

    def _diverged(self, run: Run, values: Mapping[str, float]) -> str:
        from genlib.jobs import blame

        step, layer = run.step, ""
        if self._healthy is not None:
            layer = blame.layer(run, self._healthy, step, lambda: self._stops)
        self._put(step=step)
        return ends.diverged(values, step, layer, self._snapshot.healthy)
