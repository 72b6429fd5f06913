"""What is seen of a job from outside: values that never change once they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

State = Literal["waiting", "running", "paused", "finished", "stopped", "failed"]
Cause = Literal["", "diverged", "memory", "fault"]  # of a run that failed: its numbers, the machine, or the program
ENDS: frozenset[State] = frozenset({"finished", "stopped", "failed"})

MOST = 600  # values of a curve, and
MOMENTS = 160  # moments that are kept, and
ROOM = 12 << 20  # bytes that they take together: every second one goes where there are more


@dataclass(frozen=True)
class Moment:
    """`seen`: what the job's `watch` returned after `step` steps, in `nbytes` bytes. The caller keeps it unchanged."""

    step: int
    seen: Any
    nbytes: int = 0


@dataclass(frozen=True)
class Curves:
    """What train_step returned: after steps (T,), for each name its values (T,)."""

    steps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    values: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Snapshot:
    """Where a job stands.

    waits     for its first turn, or for another one after a pause
    steps     of the whole run; where it has a budget of time, as many as it will come to at its pace
    pace      steps a second, of late; 0 where there is none yet
    left      seconds until its last step at that pace, or of its budget; None: nobody knows
    place     how many runs come before it; 0 where it is its turn, or it asks for none
    wait      seconds until its turn, at most; None: nobody knows
    sentence  why it ended, where that is not what was asked for
    cause     of that, where it failed
    healthy   the last step at which all of its numbers were finite and a copy of it was kept; None: there was none
    device    that it computes on, as "cpu"; "" until it begins
    players   the parts of its model that learn in turn, any of which can make a step alone; () until it begins
    """

    state: State
    step: int
    steps: int
    pace: float = 0.0
    left: float | None = None
    place: int = 0
    wait: float | None = None
    sentence: str = ""
    cause: Cause = ""
    healthy: int | None = None
    device: str = ""
    players: tuple[str, ...] = ()
    curves: Curves = Curves()
    moments: tuple[Moment, ...] = ()

    @property
    def ended(self) -> bool:
        return self.state in ENDS


class Record:
    """Grows while a job runs, and thins out by itself: a run of any length takes the same room."""

    def __init__(self) -> None:
        self._every, self._steps = 1, list[int]()
        self._values: dict[str, list[float]] = {}
        self._moments: list[Moment] = []

    @classmethod
    def until(cls, snapshot: Snapshot) -> Record:
        """As it was at a snapshot's last healthy moment."""
        record, last = cls(), snapshot.healthy or 0
        steps, values = snapshot.curves.steps, snapshot.curves.values
        for i in np.flatnonzero(steps <= last).tolist():
            record.note(int(steps[i]), {name: float(all_[i]) for name, all_ in values.items()})
        record._moments = [moment for moment in snapshot.moments if moment.step <= last]
        return record

    def note(self, step: int, values: Mapping[str, float]) -> None:
        """The values at `step`."""
        if step % self._every:
            return
        self._steps.append(step)
        for name, value in values.items():
            self._values.setdefault(name, []).append(value)
        if len(self._steps) > MOST:
            self._every *= 2
            kept = [i for i, at in enumerate(self._steps) if at % self._every == 0]
            self._steps = [self._steps[i] for i in kept]
            self._values = {name: [all_[i] for i in kept] for name, all_ in self._values.items()}

    def look(self, moment: Moment) -> None:
        """A moment; one of the same step takes the place of what was there."""
        if self._moments and self._moments[-1].step == moment.step:
            self._moments.pop()
        self._moments.append(moment)
        while len(self._moments) > 2 and not self._fits():
            self._moments = self._moments[:-1:2] + self._moments[-1:]

    def _fits(self) -> bool:
        return len(self._moments) <= MOMENTS and sum(moment.nbytes for moment in self._moments) <= ROOM

    def curves(self) -> Curves:
        steps = np.array(self._steps, np.int64)
        values = {name: np.array(all_, np.float64) for name, all_ in self._values.items()}
        for array in (steps, *values.values()):
            array.flags.writeable = False
        return Curves(steps, MappingProxyType(values))

    def moments(self) -> tuple[Moment, ...]:
        return tuple(self._moments)
