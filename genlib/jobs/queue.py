"""Whose turn it is on a processor: one party's, the others wait in the order in which they came."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlib.jobs.job import Job

LONGEST = 20  # parties in the line
ABREAST = 10  # steps that a job may be ahead of another one of its party: side by side, they are to be compared


class Queue:
    """A line of jobs. The first `at_once` parties in it have their turn; jobs of one party, side by side, share it.

    Whoever reads or changes who stands in the line holds `changed`, which is notified of every change, also those of
    the jobs themselves: there is one lock for all of them.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._at_once = at_once
        self._line: list[Job] = []

    def __len__(self) -> int:
        return len(self._line)

    @property
    def full(self) -> bool:
        """Whether another party would have to wait for LONGEST ones."""
        with self.changed:
            return len(list(self._parties())) >= LONGEST

    def enter(self, job: Job) -> None:
        """Go to the end of the line, unless it stands there already."""
        with self.changed:
            if job not in self._line:
                self._line.append(job)
                self.changed.notify_all()

    def leave(self, job: Job) -> None:
        """Out of the line: the next party may have its turn."""
        with self.changed:
            if job in self._line:
                self._line.remove(job)
                self.changed.notify_all()

    def turn(self, job: Job) -> bool:
        """Whether it may make a step now: its party has its turn, and no other job of the party is far behind."""
        with self.changed:
            if job not in self._line or self.place(job):
                return False
            return job.at <= ABREAST + min(other.at for other in self._line if other.party == job.party)

    def stepped(self, job: Job) -> None:
        """It made a step, for which others of its party may have waited."""
        if len(self._line) > 1:
            with self.changed:
                if any(other is not job and other.party == job.party for other in self._line):
                    self.changed.notify_all()

    def place(self, job: Job) -> int:
        """How many parties must end before its turn comes."""
        return max(0, len(self._before(job)) + 1 - self._at_once)

    def wait(self, job: Job) -> float | None:
        """Seconds until its turn comes, if all before it go on to their last steps; None: nobody knows."""
        with self.changed:
            if not self.place(job):
                return 0.0
            before = self._before(job)
            left = [max((j.expected() for j in self._line if j.party == p), default=0.0) for p in before]
            return sum(left) / self._at_once

    def _before(self, job: Job) -> list[Hashable]:
        """The parties that came before its own."""
        before = []
        for party in self._parties():
            if party == job.party:
                break
            before.append(party)
        return before

    def _parties(self) -> Iterator[Hashable]:
        yield from dict.fromkeys(job.party for job in self._line)


HERE = Queue()  # of this machine
