"""The same run from several seeds: each is what it is alone; a race waits, is cancelled, and counts failures."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import torch

from genlib import cancel, data, experiment
from genlib.experiment import Task
from genlib.jobs import Job, Limits, Queue
from genlib.lab.race import SAMPLES, Race, spread
from genlib.lab.seen import Watcher
from genlib.models.gan import GAN

LONG = 120


def task(steps: int = 4, **settings: Any) -> Task:
    recipe = {"steps": steps, "batch_size": 16, "ema": 0.0, "seed": 5}
    return experiment.plan(
        "lab-gan", model="gan", recipe=recipe, settings={"width": 8, **settings}, source=data.load_points("ring8")
    )


def race(*tasks: Task, count: int = 3, queue: Queue | None = None) -> Race:
    runners = [(each, f"runner {i}") for i, each in enumerate(tasks)]
    return Race(runners, Watcher(data.load_points("ring8")), count, threads=1, queue=queue or Queue())


def test_each_seed_reaches_what_it_reaches_alone() -> None:
    made = race(task(), task(generator_rate=0.01))
    made.start()
    made.join(LONG)
    now = made.standing()
    assert (now.done, now.ended, now.sentence, now.left_out) == (3, True, "", ((), ()))
    for found, each in zip(now.found, made.tasks, strict=True):
        for gauges, seed in zip(found, (5, 6, 7), strict=True):
            alone = replace(each, recipe=each.recipe.model_copy(update={"seed": seed}))
            model = experiment.run(alone, lambda _: None).model
            assert gauges.sharp == pytest.approx(made.watcher.gauges(model.sample(range(SAMPLES))).sharp)
    assert len({g.reverse_kl for g in now.found[0]}) == 3


def test_it_waits_for_its_turn_and_can_be_cancelled() -> None:
    queue = Queue()
    before = Job(task(100_000), queue=queue)
    before.start()
    made = race(task(100_000), queue=queue)
    made.start()
    with queue.changed:
        assert queue.changed.wait_for(lambda: made.standing().place == 1, LONG)
    before.stop()
    with queue.changed:
        assert queue.changed.wait_for(lambda: any(job.at > 2 for job in made._jobs), LONG)
    made.cancel()
    made.join(LONG)
    now = made.standing()
    assert (now.ended, now.done, len(queue)) == (True, 0, 0)
    assert not any(thread.name.startswith(("race", "job ")) for thread in threading.enumerate())


def test_a_cancel_ends_the_making_of_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a chain take long."""
    made, whole = race(task()), list[bool]()

    def samples(model: Any, count: int) -> Any:
        made.cancel()
        cancel.point()
        whole.append(True)

    monkeypatch.setattr(made.watcher, "made", samples)
    made.start()
    made.join(LONG)
    now = made.standing()
    assert (now.ended, now.done, now.sentence, whole) == (True, 0, "", [])


def test_what_fails_is_left_out_and_counted_by_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    step = GAN.train_step

    def planted(self: GAN, batch: Any, optimizers: Any, training: Any) -> Any:
        found = step(self, batch, optimizers, training)
        if training.generator_rate == 0.25:
            raise MemoryError
        return found | ({"loss G": torch.tensor(torch.nan)} if training.generator_rate == 0.5 else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    made = race(task(), task(generator_rate=0.5), task(generator_rate=0.25), count=2)
    made.start()
    made.join(LONG)
    now = made.standing()
    assert now.left_out == ((), ("diverged", "diverged"), ("memory", "memory"))
    assert [len(found) for found in now.found] == [2, 0, 0]


def test_a_run_that_is_stopped_at_a_limit_counts_for_nothing_and_ends_the_race() -> None:
    runners = [(task(100_000), "")]
    made = Race(runners, Watcher(data.load_points("ring8")), limits=Limits(seconds=0), threads=1, queue=Queue())
    made.start()
    made.join(LONG)
    now = made.standing()
    assert (now.ended, now.done, now.found) == (True, 0, ((),))
    assert "used up its 0 s" in now.sentence


def test_spread() -> None:
    assert spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert spread([4.0]) == (4.0, 0.0)
