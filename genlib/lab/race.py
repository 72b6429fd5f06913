"""The same run from several seeds, one after another: what it reaches, and how much that varies.

Lin, Khetan, Fanti, Oh, "PacGAN: The Power of Two Samples in Generative Adversarial Networks", NeurIPS 2018.
    https://arxiv.org/abs/1712.04086
    The protocol (section 4.1): ten trainings, 2,500 samples of each, mean and spread.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from genlib import cancel
from genlib.cancel import Cancelled
from genlib.errors import GenlibError
from genlib.jobs import HERE, Job, Limits, Queue
from genlib.jobs.snapshot import Cause
from genlib.lab.seen import Gauges, Watcher

if TYPE_CHECKING:
    from genlib.experiment import Task

SEEDS = 10
SAMPLES = 2500  # of each trained model


@dataclass(frozen=True)
class Standing:
    """Where a race is.

    found     for each runner what its models reached so far, in the order of the seeds
    left_out  for each the causes for which some of them failed and are left out: Snapshot.cause, one a model
    done      seeds that are over
    ended     whether no more will be
    place     how many parties come before it in the line; 0: it is its turn, or there is none
    left      seconds until its end at its pace; None: nobody knows
    sentence  why it ended early, where that is not what was asked for
    """

    found: tuple[tuple[Gauges, ...], ...]
    left_out: tuple[tuple[Cause, ...], ...]
    done: int = 0
    ended: bool = False
    place: int = 0
    left: float | None = None
    sentence: str = ""


class Race:
    """One runner or several, side by side from each seed; in a thread of its own, in the line with all other runs."""

    def __init__(
        self,
        runners: Sequence[tuple[Task, str]],
        watcher: Watcher,
        count: int = SEEDS,
        *,
        limits: Limits = Limits(),  # noqa: B008 (it is frozen)
        threads: int | None = None,
        queue: Queue = HERE,
    ) -> None:
        """
        runners   tasks on the watcher's data, each with its name; the seeds count from that of the first one on
        limits, threads, queue   of Job
        Raises GenlibError in one sentence where a task asks for more than `limits`.
        """
        for task, _ in runners:
            limits.check(task)
        self.names = tuple(name for _, name in runners)
        self.tasks = tuple(task for task, _ in runners)
        self.watcher, self.count = watcher, count
        self._limits, self._threads, self._queue = limits, threads, queue
        self._standing = Standing(((),) * len(runners), ((),) * len(runners))
        self._jobs: tuple[Job, ...] = ()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="race", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """End it before its next step; what was found stays."""
        self._cancelled.set()
        for job in self._jobs:
            job.stop()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def standing(self) -> Standing:
        now, jobs = self._standing, self._jobs
        return replace(now, place=max((job.snapshot().place for job in jobs), default=0) if not now.ended else 0)

    def _run(self) -> None:
        sentence, started = "", 0.0
        try:
            for seed in range(self.tasks[0].recipe.seed, self.tasks[0].recipe.seed + self.count):
                self._jobs = tuple(self._job(task, seed) for task in self.tasks)
                for job in self._jobs:
                    job.start()
                if self._cancelled.is_set():  # between the two lines above
                    self.cancel()
                for job in self._jobs:
                    job.join()
                if self._cancelled.is_set():
                    break
                for now in (job.snapshot() for job in self._jobs):
                    if now.state == "stopped":  # at a limit: what it has come to is not what the others are
                        raise GenlibError(f"The race has ended, since a run of it was stopped. {now.sentence}")
                started = started or time.monotonic() - max(job.used for job in self._jobs)
                self._count(started)
        except Cancelled:
            pass
        except GenlibError as error:
            sentence = str(error)
        finally:
            self._jobs = ()
            self._standing = replace(self._standing, ended=True, left=None, sentence=sentence)

    def _job(self, task: Task, seed: int) -> Job:
        task = replace(task, recipe=task.recipe.model_copy(update={"seed": seed}))
        return Job(task, party=self, queue=self._queue, limits=self._limits, threads=self._threads)

    def _count(self, started: float) -> None:
        """What the models of a seed reach."""
        now = self._standing
        found, left_out = list(now.found), list(now.left_out)
        for i, job in enumerate(self._jobs):
            if job.trained is None:
                left_out[i] = (*left_out[i], job.snapshot().cause or "diverged")  # or its last weights are not finite
                continue
            with torch.inference_mode(), cancel.when(self._cancelled.is_set):
                made = self.watcher.made(job.trained.model, SAMPLES)
            found[i] = (*found[i], self.watcher.gauges(made))
        done = now.done + 1
        left = (time.monotonic() - started) / done * (self.count - done)
        self._standing = Standing(tuple(found), tuple(left_out), done, left=left)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (of a sample) of one value or more; of one the latter is 0."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
