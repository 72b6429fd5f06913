"""One task in a thread of its own, and what can be done to it from outside.

Every control returns at once, or after SOON at the latest: the thread listens between two steps, and within a look at
the model, which it drops when it is told something else. Within a long step it listens to a stop alone: what is learned
does not depend on pauses. A step is made under no lock, and what is seen of a job is a Snapshot, which is replaced.
"""

from __future__ import annotations

import atexit
import copy
import math
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genlib import cancel, courtesy, experiment, room
from genlib.budget import size
from genlib.cancel import Cancelled
from genlib.errors import GenlibError
from genlib.jobs import ends, limits
from genlib.jobs.ends import End
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
GRACE = 5.0  # s that a run which was stopped, and has ended, still looks at what it came to
LONG = 0.25  # s of a step that asks meanwhile whether it is still wanted: that costs short ones more than it gains
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
        self._begun, self._runs, self._stops = False, False, False
        self._until = 0.0  # the time after which one that was stopped looks no more
        self._unseen = False  # whether it stands at a step that was not looked at
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
        told = self._stops or bool(self._singles)
        return now.state in ("running", "waiting") or self._unseen or (told and not now.ended)

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
        """End it before its next step; one that has ended looks at nothing any more. `why`: a sentence, where the
        visitor did not ask for it."""
        with self._queue.changed:
            if self._snapshot.ended:
                self._until = 0.0
                return
            if not self._stops:
                self._stops, self._until = True, time.monotonic() + GRACE
            self._queue.leave(self)
            if not self._begun:  # its thread may be reading the data; then it ends
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
        try:
            end = self._train()
        except GenlibError as error:
            end = End("failed", str(error), "fault")
        except (MemoryError, torch.OutOfMemoryError):
            end = ends.no_memory(self._snapshot.step)
        except RuntimeError as error:
            end = ends.fault(self.task.model, self._snapshot.step, error)
        except Exception as error:  # whatever a model does: it ends this run, and the app goes on
            end = ends.broke(self.task.model, self._snapshot.step, error)
        if end.cause != "diverged":
            self._healthy = None
        self.task = replace(self.task, source=None)  # a set of pictures is large
        self._unseen = False
        self._close(end)

    def _close(self, end: End) -> None:
        """Say how it ended, once."""
        with self._queue.changed:
            self._queue.leave(self)
            if not (now := self._snapshot).ended:
                left, sentence = 0.0 if end.state == "finished" else now.left, now.sentence or end.sentence
                self._put(end.state, left=left, place=0, sentence=sentence, cause=end.cause)
            self._queue.changed.notify_all()

    def _train(self) -> End:
        """Until it ends: as what, and why."""
        while not self._called():  # nothing is built before its turn
            self._rest()
        if self._stops:
            return End("stopped")
        if room.free() < limits.takes(self.task) + self._limits.spare:  # no allocation fails: the process is killed
            return ends.no_memory(0)
        run = experiment.begin(self.task)
        if self._healthy is not None:
            run.go_on_from(self._healthy)
        with self._queue.changed:
            if self._stops:
                return End("stopped")
            self.at, self._begun, self._unseen = run.step, True, True
            self._put(device=run.device.type, players=tuple(run.optimizers))
        self._see(run, lambda: self._stops or not (self._runs or self._singles))
        pace = self._pace
        while not self._over(run):
            ahead = self._next(run)
            if ahead is None:
                break
            single, player = ahead
            courtesy.let()
            started = time.monotonic()
            guard = limits.guarded(self._limits.spare) if not pace.took or pace.took > LONG else nullcontext()
            try:
                with cancel.when(lambda: self._stops), guard:
                    values = {name: float(value) for name, value in run.advance(player).items()}
            except Cancelled:  # the averaged weights are still those of the step before
                break
            pace.count(started)
            self.at, self._unseen = run.step, True
            if self.budget is not None:
                run.aim(run.step + round(pace.steps_in(self.budget - pace.used)))
            self._queue.stepped(self)
            if not all(map(math.isfinite, values.values())):
                return self._diverged(run, values)
            self._record.note(run.step, values)
            if single:  # it is looked at when it rests
                with self._queue.changed:
                    del self._singles[:1]
                continue
            if pace.slow or pace.due(self._every):
                with pace.looking():
                    self._see(run, lambda: self._stops or not self._runs)
            elif pace.silent(self._every):
                self._tell(run)
            else:
                continue
            if self.budget is None and pace.computed > self._limits.seconds:
                used = f"It used up its {self._limits.seconds:,.0f} s of computing"
                end = End("stopped", f"{used}, after {run.step:,} steps.")
                self._finish(run, end)
                return end
            if room.free() < self._limits.spare:
                return ends.no_memory(self._snapshot.step)
        end = End("finished" if self._over(run) else "stopped")
        self._finish(run, end)
        return end

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
            if rests and self._unseen:
                self._stand()
                self._see(run, self._called)
            self._rest()

    def _called(self) -> bool:
        """Whether there is a step to make, or it is to end."""
        return self._stops or self._may_run() or (bool(self._singles) and not self._runs)

    def _stand(self) -> None:
        """In the line or out of it, and say so, and after which step."""
        with self._queue.changed:
            if self._runs and not self._pace.slow:
                self._queue.enter(self)
            else:
                self._queue.leave(self)
            state: State = "paused" if not self._runs else "waiting" if self._queue.place(self) else "running"
            if (self._snapshot.state, self._snapshot.step) != (state, self.at) and not self._called():
                self._put(state, step=self.at)

    def _rest(self) -> None:
        """Until something changes."""
        with self._queue.changed:
            self._stand()
            if not self._called():
                self._queue.changed.wait()

    def _see(self, run: Run, unwanted: Callable[[], bool]) -> None:
        """Look at the model, unless that becomes unwanted meanwhile, and publish. Where its weights are not finite,
        there is nothing to see."""
        from genlib.jobs.blame import finite

        sound = finite(run)
        if sound and self._unseen and self._watch is not None:
            with suppress(Cancelled), cancel.when(unwanted):
                seen = self._watch(_asking(run.snapshot()), run.step)
                self._record.look(Moment(run.step, seen, size(seen)))
                self._unseen = False
        else:
            self._unseen = False
        if sound:
            self._keep(run)
        self._tell(run)

    def _tell(self, run: Run) -> None:
        """Publish where it stands."""
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

    def _keep(self, run: Run) -> None:
        """A copy of the run as it is now, from which can be found out what went wrong later."""
        started = time.monotonic()
        if self._healthy is None or started > self._again:
            self._healthy = copy.deepcopy(run.state())
            self._again = time.monotonic() + HEALTH * (time.monotonic() - started)

    def _finish(self, run: Run, end: End) -> None:
        """What it came to. One that was stopped has ended before it is looked at."""
        from genlib.jobs.blame import finite

        if self.budget is not None:  # what it came to, since its steps followed from the time
            run.recipe = run.recipe.model_copy(update={"steps": max(1, run.step)})
            self.task = replace(self.task, recipe=run.recipe)
        self._tell(run)
        if finite(run):
            self.trained = experiment.Trained(run.snapshot(), run.step, {})
        if stopped := self._stops:
            self._close(end)
        self._see(run, lambda: self._stops and not (stopped and time.monotonic() < self._until))

    def _diverged(self, run: Run, values: Mapping[str, float]) -> End:
        from genlib.jobs import blame

        step, layer = run.step, ""
        if self._healthy is not None:
            with cancel.when(lambda: self._stops):
                layer = blame.layer(run, self._healthy, step)
        self._put(step=step)
        return ends.diverged(values, step, layer, self._snapshot.healthy)


def _asking(model: Model[Any, Any, Any]) -> Model[Any, Any, Any]:
    """The same; before each of its layers it asks whether what it makes is still wanted."""
    for module in model.modules():
        module.register_forward_pre_hook(lambda *_: cancel.point())
    return model
