"""How long a run's steps take, when it is time for another one, and when to look at its model again."""

from __future__ import annotations

import time

SHARE = 19  # times as long as the last look took, at least, until the next: most of the time is the training's


class Pace:
    """How long steps take, and when it is time to look again."""

    def __init__(self) -> None:
        # computed: seconds in steps; used: these and those in looks; pace: steps a second, of late
        self.computed = self.used = self.pace = 0.0
        self.took = 0.0  # the last step
        self.slow: float | None = None  # steps a second, at most; None: as many as it can
        self._looked, self._took, self._steps, self._time = time.monotonic(), 0.0, 0, 0.0
        self._began, self._told = 0.0, 0.0  # the last step, and when it was last said where the run stands

    def count(self, started: float) -> None:
        """One step, which began then."""
        self._began, self.took = started, time.monotonic() - started
        self.computed, self.used = self.computed + self.took, self.used + self.took
        self._time, self._steps = self._time + self.took, self._steps + 1

    def steps_in(self, seconds: float) -> float:
        """How many more there will be in so many seconds, looks among them."""
        pace = self.pace or self._steps / max(self._time, 1e-9)
        return max(0.0, seconds) * pace

    def due(self, every: float) -> bool:
        if time.monotonic() - self._looked < max(every, SHARE * self._took):
            return False
        self.pace = self._steps / (self._time + self._took)
        self._steps, self._time = 0, 0.0
        return True

    def silent(self, every: float) -> bool:
        """Whether nothing was said for so long, since looks are rare where they take long."""
        now = time.monotonic()
        if now - max(self._looked, self._told) < every:
            return False
        self.pace, self._told = self._steps / max(self._time, 1e-9), now
        return True

    def rest(self) -> float:
        """Seconds until the next step of slow motion; 0: now."""
        return max(0.0, self._began + 1 / self.slow - time.monotonic()) if self.slow else 0.0

    def looking(self) -> Pace:
        return self

    def __enter__(self) -> None:
        self._looked = time.monotonic()

    def __exit__(self, *_: object) -> None:
        now = time.monotonic()
        self._took, self._looked = now - self._looked, now
        self.used += self._took
