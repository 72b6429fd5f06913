"""The laws of a job. Real runs of real models on real points; no test measures time."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from genlib import courtesy, experiment, room, training
from genlib.errors import GenlibError
from genlib.experiment import Task
from genlib.jobs import Job, Limits, Moment, Queue, limits
from genlib.jobs.snapshot import ROOM, Record
from genlib.models.gan import GAN
from genlib.models.gsn import GSN

LONG = 60  # s after which a test gives up: nothing here takes as long
SMALL = {"latent": 2, "width": 16, "batch_norm": False, "dropout": 0.0}


def task(steps: int = 100_000, seed: int = 0, ema: float = 0.9, **settings: Any) -> Task:
    recipe = {"steps": steps, "batch_size": 16, "seed": seed, "ema": ema}
    return experiment.plan("gan-two-gaussians", recipe=recipe, settings={**SMALL, **settings})


CHAIN = experiment.plan("gsn-two-gaussians", recipe={"steps": 100_000, "batch_size": 16}, settings={"width": 16})


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def make(queue: Queue) -> Iterator[Callable[..., Job]]:
    """Jobs of a queue of their own; all are stopped at the end."""
    made: list[Job] = []

    def job(*args: Any, **kwargs: Any) -> Job:
        made.append(Job(*args, **{"queue": queue, "every": 0.0, "threads": 1, **kwargs}))
        return made[-1]

    yield job
    for one in made:
        one.stop()
        one.join(LONG)


def until(job: Job, reached: Callable[[Any], bool]) -> Any:
    """Its first snapshot of which this is true."""
    changed = job._queue.changed
    with changed:
        assert changed.wait_for(lambda: reached(job.snapshot()), LONG), job.snapshot()
        return job.snapshot()


def weights(job: Job) -> dict[str, torch.Tensor]:
    job.join(LONG)
    assert job.trained is not None
    return job.trained.model.state_dict()


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_it_runs_beside_and_ends_as_the_command_line_does(make: Callable[..., Job]) -> None:
    job = make(task(50))
    job.start()
    until(job, lambda now: now.state == "finished")
    assert same(weights(job), experiment.run(task(50), lambda event: None).model.state_dict())
    last = job.snapshot()
    assert (last.step, last.sentence) == (50, "")
    assert list(last.curves.steps) == list(range(1, 51))
    assert set(last.curves.values) == {"loss D", "loss G", "D(real)", "D(fake)"}


def test_a_pause_stops_the_steps_and_a_single_one_is_exactly_one(make: Callable[..., Job]) -> None:
    job = make(task())
    job.start()
    until(job, lambda now: now.step > 5)
    job.pause()
    before = until(job, lambda now: now.state == "paused")
    for more in (1, 2, 3):
        job.step()
        now = until(job, lambda now, more=more: now.step >= before.step + more and now.state == "paused")
        assert now.step == before.step + more
    threading.Event().wait(0.3)  # it has time to do what it must not
    assert job.snapshot().step == before.step + 3
    job.resume()
    until(job, lambda now: now.step > before.step + 10)


def test_it_may_be_told_to_go_on_in_the_moment_before_a_single_step(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step it waits for whoever is being answered."""
    job = make(task(20))
    monkeypatch.setattr(courtesy, "let", job.start)
    job.step()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.step, now.sentence) == ("finished", 20, "")


def test_it_is_busy_until_a_single_step_is_seen(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks at it again as long as it is busy; a step may take longer than a control waits."""
    step, go = GAN.train_step, threading.Event()

    def slow(self: GAN, *rest: Any) -> Any:
        assert go.wait(LONG)
        return step(self, *rest)

    monkeypatch.setattr(GAN, "train_step", slow)
    job = make(task())
    assert not job.busy
    job.step()
    assert (job.snapshot().step, job.busy, job.going) == (0, True, False)
    go.set()
    until(job, lambda now: now.step == 1)
    until(job, lambda now: not job.busy)
    assert job.snapshot().step == 1


def test_it_is_busy_until_it_has_ended(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """The end may take longer than a control waits, and the page looks again as long as it is busy."""
    snapshot, go = training.Run.snapshot, threading.Event()

    def slow(self: training.Run) -> Any:
        assert go.wait(LONG)
        return snapshot(self)

    job = make(task())
    job.step()
    until(job, lambda now: now.step == 1)
    until(job, lambda now: not job.busy)
    monkeypatch.setattr(training.Run, "snapshot", slow)
    job.stop()
    assert (job.snapshot().state, job.busy) == ("paused", True)
    go.set()
    assert until(job, lambda now: now.ended).state == "stopped"
    assert not job.busy


def test_pauses_and_single_steps_change_nothing_of_what_is_learned(make: Callable[..., Job]) -> None:
    straight, broken = make(task(40)), make(task(40))
    straight.start()
    broken.step()
    broken.step()
    until(broken, lambda now: now.step == 2)
    broken.start()
    broken.pause()
    broken.start()
    assert same(weights(straight), weights(broken))


def test_the_same_seed_gives_the_same_weights_and_another_one_others(make: Callable[..., Job]) -> None:
    first, again, other = (make(task(30, seed), party="all") for seed in (5, 5, 6))  # side by side
    for job in (first, again, other):
        job.start()
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


def test_stop_ends_the_thread_and_frees_what_it_held(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[weakref.ref[Any]] = []
    begin = experiment.begin

    def noted(*args: Any, **kwargs: Any) -> Any:
        run = begin(*args, **kwargs)
        runs.append(weakref.ref(run))
        return run

    monkeypatch.setattr(experiment, "begin", noted)
    job = make(task())
    job.start()
    until(job, lambda now: now.step > 5)
    job.stop()
    job.join(LONG)
    assert job.snapshot().state == "stopped"
    assert not any(thread.name == "job gan-two-gaussians" for thread in threading.enumerate())
    gc.collect()
    (run,) = runs
    assert run() is None
    assert job.task.source is None
    job.start()  # what has ended stays so
    job.step()
    assert job.snapshot().state == "stopped"


Plans = dict[tuple[int, int], Callable[[], None]]


@pytest.fixture
def chain(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> tuple[Job, Plans, list[tuple[int, int]]]:
    """A job whose model is looked at by a Markov chain; what is to be done at a step of that, in the look after so many
    steps of training: (3, 1) is the look after three, in the chain's second step; and all that were made."""
    steps, plans, made, after = GSN.sample_steps, Plans(), list[tuple[int, int]](), 0

    def told(self: GSN, *rest: Any) -> Iterator[Any]:
        for i, x in enumerate(steps(self, *rest)):
            made.append((after, i))
            plans.pop((after, i), lambda: None)()
            yield x

    def watch(model: Any, step: int) -> Any:
        nonlocal after
        after = step
        return model.sample(range(4))

    monkeypatch.setattr(GSN, "sample_steps", told)
    monkeypatch.setattr("genlib.jobs.pace.SHARE", 0)  # it is looked at after every step
    return make(CHAIN, watch=watch), plans, made


def test_a_stop_ends_a_run_within_a_long_look_and_it_is_made_afterwards(
    chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.jobs.job.GRACE", float(LONG))
    job, plans, made = chain
    ends = list[tuple[str, bool, bool]]()
    plans[3, 1] = lambda: (job.stop(), plans.update({(3, 0): see}))
    see = lambda: ends.append((job.snapshot().state, job.busy, job.trained is not None))  # noqa: E731
    job.start()
    now = until(job, lambda now: now.ended and not job.busy)
    assert (now.state, now.step, now.sentence) == ("stopped", 3, "")
    assert ends == [("stopped", True, True)]
    assert [moment.step for moment in now.moments] == [0, 1, 2, 3]
    assert [i for after, i in made if after == 3] == [0, 1, *range(max(i for _, i in made) + 1)]


def test_where_it_stands_is_said_between_looks_that_are_far_apart(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a chain, which take long: a budget would be half over before its time left is another one."""
    monkeypatch.setattr("genlib.jobs.pace.SHARE", 1e12)
    job = make(task(), watch=lambda model, step: step, budget=1000.0)
    job.start()
    now = until(job, lambda now: now.step > 5)
    more = until(job, lambda later: later.step > now.step + 5)
    assert more.left < now.left < 1000
    assert len(more.curves.steps) > len(now.curves.steps)
    assert len(more.moments) <= 2


@pytest.mark.parametrize("grace", [-1.0, float(LONG)])
def test_a_run_that_has_ended_looks_no_longer_than_it_may(
    chain: Any, monkeypatch: pytest.MonkeyPatch, grace: float
) -> None:
    """Nor where it is told once more, as when another one takes its place."""
    monkeypatch.setattr("genlib.jobs.job.GRACE", grace)
    job, plans, made = chain
    plans[3, 1] = lambda: (job.stop(), plans.update({(3, 1): job.stop}))
    job.start()
    now = until(job, lambda now: now.ended and not job.busy)
    assert [moment.step for moment in now.moments] == [0, 1, 2]
    assert max(i for after, i in made if after == 3) == 1  # of many
    assert weights(job)


def test_a_pause_ends_a_long_look_and_it_is_made_while_it_rests(chain: Any) -> None:
    job, plans, made = chain
    states = list[tuple[str, bool]]()
    plans[3, 1] = lambda: (job.pause(), plans.update({(3, 2): lambda: states.append((job.snapshot().state, job.busy))}))
    job.start()
    now = until(job, lambda now: now.state == "paused" and not job.busy)
    assert states == [("paused", True)]
    assert [moment.step for moment in now.moments] == [0, 1, 2, 3]
    assert [i for after, i in made if after == 3] == [0, 1, *range(max(i for _, i in made) + 1)]


def test_a_look_while_it_rests_ends_where_it_goes_on(chain: Any) -> None:
    job, plans, made = chain
    plans[1, 1] = job.step
    plans[2, 1] = job.start
    plans[4, 1] = job.pause
    job.step()
    now = until(job, lambda now: now.step == 4 and not job.busy)
    assert [moment.step for moment in now.moments] == [0, 3, 4]
    assert [max(i for after, i in made if after == step) for step in (1, 2)] == [1, 1]


def test_a_stop_ends_a_long_step_and_leaves_what_was_learned_before(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, seen = GAN.train_step, dict[int, dict[str, torch.Tensor]]()

    def stopped(self: GAN, batch: Any, *rest: Any) -> Any:
        if batch.step == 3:
            job.stop()
        return step(self, batch, *rest)

    monkeypatch.setattr("genlib.jobs.job.LONG", 0.0)
    monkeypatch.setattr(GAN, "train_step", stopped)
    job = make(task(), watch=lambda model, step: seen.update({step: model.state_dict()}))
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.step, list(now.curves.steps)) == ("stopped", 3, [1, 2, 3])
    assert same(weights(job), seen[3])


def test_a_stop_does_not_wait_until_the_data_are_read(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, reads, go = experiment.begin, threading.Event(), threading.Event()

    def slow(*args: Any) -> Any:
        reads.set()
        assert go.wait(LONG)
        return begin(*args)

    monkeypatch.setattr(experiment, "begin", slow)
    job, other = make(task()), make(task(5))
    job.start()
    assert reads.wait(LONG)
    job.stop()
    assert job.snapshot().state == "stopped"
    go.set()
    other.start()
    until(other, lambda now: now.state == "finished")
    job.join(LONG)
    assert (job.snapshot().state, job.at, job.trained) == ("stopped", 0, None)


def test_a_job_that_never_began_can_be_stopped(make: Callable[..., Job]) -> None:
    job = make(task())
    job.stop()
    assert job.snapshot().ended
    assert job.trained is None


def test_what_was_seen_never_changes(make: Callable[..., Job]) -> None:
    job = make(task(), watch=lambda model, step: model.sample(range(4)))
    job.start()
    early = until(job, lambda now: len(now.moments) > 2)
    kept = [moment.seen.clone() for moment in early.moments], early.curves.steps.copy()
    until(job, lambda now: now.step > early.step + 50)
    assert all(map(torch.equal, kept[0], [moment.seen for moment in early.moments]))
    assert (early.curves.steps == kept[1]).all()
    with pytest.raises(ValueError, match="read-only"):
        early.curves.steps[0] = 7
    assert early.moments[0].step == 0  # before it learned anything


def test_a_long_run_keeps_a_bounded_record(make: Callable[..., Job]) -> None:
    from genlib.jobs.snapshot import MOMENTS, MOST, Moment, Record

    record = Record()
    for step in range(1, 20_001):
        record.note(step, {"loss": step / 2})
        record.look(Moment(step, None))
    curves, moments = record.curves(), record.moments()
    assert MOST / 2 <= len(curves.steps) <= MOST
    assert (curves.values["loss"] == curves.steps / 2).all()
    assert len(set(curves.steps[1:] - curves.steps[:-1])) == 1  # even
    assert len(moments) <= MOMENTS
    assert moments[-1].step == 20_000


# --- One at a time ---


def test_one_party_has_its_turn_and_the_others_wait_in_order(make: Callable[..., Job]) -> None:
    first, second, third = (make(task()) for _ in range(3))
    for job in (first, second, third):
        job.start()
    until(first, lambda now: now.step > 20)
    assert [job.snapshot().state for job in (first, second, third)] == ["running", "waiting", "waiting"]
    assert [job.snapshot().place for job in (first, second, third)] == [0, 1, 2]
    assert second.snapshot().step == 0
    wait, longer = second.snapshot().wait, third.snapshot().wait
    assert wait is not None
    assert longer is not None
    assert 0 < wait < longer
    first.stop()
    until(second, lambda now: now.state == "running" and now.step > 5)
    assert (second.snapshot().place, third.snapshot().place) == (0, 1)


def test_a_pause_gives_the_turn_away_and_a_single_step_takes_none(make: Callable[..., Job]) -> None:
    first, second = make(task()), make(task())
    first.start()
    second.start()
    until(first, lambda now: now.step > 5)
    first.pause()
    until(second, lambda now: now.step > 5)
    step = first.snapshot().step
    first.step()
    until(first, lambda now: now.step == step + 1)
    first.resume()
    assert until(first, lambda now: now.state == "waiting").place == 1
    second.stop()
    until(first, lambda now: now.step > step + 5)


def test_two_of_one_party_run_side_by_side(make: Callable[..., Job]) -> None:
    from genlib.jobs.queue import ABREAST

    pair = [make(task(**more), party="one visitor") for more in ({}, {"discriminator_steps": 20})]  # one takes longer
    other = make(task())
    for job in (*pair, other):
        job.start()
    for job in pair:
        until(job, lambda now: now.step > 5)
    assert other.snapshot().step == 0
    for _ in range(20):  # neither runs ahead
        with pair[0]._queue.changed:
            assert abs(pair[0].at - pair[1].at) <= ABREAST + 1
        threading.Event().wait(0.01)
    pair[0].stop()
    assert other.snapshot().place == 1  # the party has its turn until all of it has ended
    pair[1].stop()
    until(other, lambda now: now.step > 5)


def test_a_line_that_is_too_long_is_refused(make: Callable[..., Job]) -> None:
    from genlib.jobs.queue import LONGEST

    jobs = [make(task()) for _ in range(LONGEST)]
    for job in jobs:
        job.start()
    with pytest.raises(GenlibError, match="try again in a few minutes"):
        make(task()).start()
    jobs[0].stop()
    jobs[1].stop()
    make(task()).start()


def test_thirty_starts_and_stops_leave_no_thread(make: Callable[..., Job], queue: Queue) -> None:
    for i in range(30):
        job = make(task())
        job.start()
        if i % 2:
            until(job, lambda now: now.step > 0)
        job.stop()
        job.join(LONG)
    assert len(queue) == 0
    assert not any(thread.name.startswith("job ") for thread in threading.enumerate())


# --- How a run ends that did not want to ---


def test_numbers_that_run_away_end_the_run_with_term_and_step(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A term overflows in no layer: none is named."""
    step = GAN.train_step

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        return step(self, batch, *rest) | ({"loss G": torch.tensor(torch.inf)} if batch.step == 11 else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    job = make(task(), watch=lambda model, step: step)
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.step) == ("failed", 12)
    assert now.healthy is not None
    assert now.healthy < 12
    assert now.sentence == (
        "The numbers ran away: loss G is no longer finite at step 12. Lower the learning rates. "
        f"Its last healthy moment is step {now.healthy}."
    )
    assert now.moments[-1].step >= now.healthy
    assert job.trained is None


def test_one_goes_on_from_the_last_healthy_moment(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends, with the same settings and without the fault, as if nothing had happened."""
    step = GAN.train_step

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        return step(self, batch, *rest) | ({"loss G": torch.tensor(torch.inf)} if batch.step == 11 else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    broken = make(task(30), watch=lambda model, step: step)
    broken.start()
    healthy = until(broken, lambda now: now.ended).healthy
    monkeypatch.undo()
    other, straight = make(task(30), watch=lambda model, step: step, after=broken), make(task(30))
    assert [moment.step for moment in other.snapshot().moments][-1] <= healthy
    for job in (other, straight):
        job.start()
        assert until(job, lambda now: now.ended).state == "finished"
    now = other.snapshot()
    assert list(now.curves.steps) == list(range(1, 31))
    assert [moment.step for moment in now.moments] == sorted({moment.step for moment in now.moments})
    assert same(weights(other), weights(straight))


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_single_step_may_be_of_one_player_alone(make: Callable[..., Job], player: str) -> None:
    seen: dict[int, dict[str, torch.Tensor]] = {}
    job = make(task(ema=0.0), watch=lambda model, step: seen.update({step: model.state_dict()}))
    job.step()
    assert until(job, lambda now: now.step == 1 and not job.busy).players == ("generator", "discriminator")
    job.step(player)
    until(job, lambda now: now.step == 2 and not job.busy)
    moved = {name.partition(".")[0] for name, tensor in seen[2].items() if not torch.equal(tensor, seen[1][name])}
    assert moved == {player}


def test_a_budget_of_time_makes_the_steps_and_the_schedules_follow(make: Callable[..., Job]) -> None:
    asked = task(3)
    job = make(replace(asked, recipe=asked.recipe.model_copy(update={"cooldown": 1.0})), budget=0.5)
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.sentence, now.left) == ("finished", "", 0.0)
    assert now.step > 3  # as many as it came to, not as the recipe says
    assert job.trained is not None
    assert now.steps == job.trained.step == job.task.recipe.steps == now.step


def test_a_run_that_the_machine_has_no_room_for_is_not_begun(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set of pictures alone may be more than there is: faces are 123 MB."""
    asked = experiment.plan("vae-faces", recipe={"batch_size": 16}, read=False)
    assert 10_000 * 3 * 64 * 64 < limits.takes(asked) < 400 << 20
    monkeypatch.setattr(room, "free", lambda: 150 << 20)
    job = make(asked, budget=30.0)
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.step) == ("failed", 0)
    assert "the machine's memory is all but used up" in now.sentence
    assert job.task.source is None


def test_moments_take_no_more_room_than_is_for_them() -> None:
    record = Record()
    for step in range(100):
        record.look(Moment(step, None, ROOM // 9))
        kept = record.moments()
        assert sum(moment.nbytes for moment in kept) <= ROOM
        assert (kept[0].step, kept[-1].step) == (0, step)
    assert len(kept) > 3


@pytest.mark.parametrize(("part", "at"), [("discriminator", 3), ("generator", 3)])
def test_the_layer_is_named_in_which_it_began(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, part: str, at: int
) -> None:
    """A layer whose weight is made huge at step 12: its own output is the first that is infinite."""
    step = GAN.train_step

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        if batch.step == 11:
            with torch.no_grad():
                getattr(self, part)[at].weight.fill_(3e38)
        return step(self, batch, *rest)

    monkeypatch.setattr(GAN, "train_step", planted)
    job = make(task())
    job.start()
    now = until(job, lambda now: now.ended)
    assert f"at step 12, first in the layer {part}.{at}." in now.sentence, now.sentence


def test_a_stop_ends_the_search_for_the_layer(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    step, made = GAN.train_step, list[int]()

    def planted(self: GAN, batch: Any, *rest: Any) -> Any:
        if batch.step in made:
            job.stop()
        made.append(batch.step)
        return step(self, batch, *rest) | ({"loss G": torch.tensor(torch.inf)} if batch.step == 11 else {})

    monkeypatch.setattr(GAN, "train_step", planted)
    job = make(task(), every=LONG)  # its last healthy moment is the first one
    job.start()
    until(job, lambda now: now.ended)
    assert made == [*range(12), 0]


def test_a_crash_ends_the_run_and_nothing_else(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a fault of the model")

    monkeypatch.setattr(GAN, "train_step", broken)
    job, other = make(task()), make(task(10))
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, now.sentence) == (
        "failed",
        "The run broke off after step 0 by a fault of the program (KeyError): choose other settings.",
    )
    monkeypatch.undo()
    other.start()
    until(other, lambda now: now.state == "finished")


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_no_memory_is_one_sentence(make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def full(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(GAN, "train_step", full)
    job = make(task())
    job.start()
    assert "memory is all but used up" in until(job, lambda now: now.ended).sentence


def test_a_machine_without_spare_memory_ends_the_run(make: Callable[..., Job]) -> None:
    job = make(task(), limits=Limits(spare=1 << 61))
    job.start()
    now = until(job, lambda now: now.ended)
    assert now.state == "failed"
    assert "memory is all but used up" in now.sentence


def test_a_first_step_without_room_ends_before_it_has_taken_all(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds more than was expected of it: the room goes while it is made."""
    step, ended = GAN.train_step, list[int]()

    def filling(self: GAN, batch: Any, *rest: Any) -> Any:
        monkeypatch.setattr(room, "free", lambda: 0)
        found = step(self, batch, *rest)
        ended.append(batch.step)
        return found

    monkeypatch.setattr(limits, "LARGE", 1)
    monkeypatch.setattr(GAN, "train_step", filling)
    job = make(task(), every=LONG)
    job.start()
    now = until(job, lambda now: now.ended)
    assert (now.state, ended) == ("failed", [])
    assert now.sentence.startswith("The run ended after 0 steps, since the machine's memory")


def test_limits_are_told_before_anything_is_built(make: Callable[..., Job]) -> None:
    with pytest.raises(GenlibError, match="100,000"):
        make(task(100_001))
    with pytest.raises(GenlibError, match="choose a smaller width"):
        make(task(width=2048), limits=Limits(memory=10 << 20))


def test_time_that_is_used_up_ends_the_run_with_what_it_has(make: Callable[..., Job]) -> None:
    job = make(task(), limits=Limits(seconds=0.0))
    job.start()
    now = until(job, lambda now: now.ended)
    assert now.state == "stopped"
    assert now.sentence.startswith("It used up its 0 s of computing")
    assert weights(job)


def test_slow_motion_shows_every_step_and_takes_no_turn(make: Callable[..., Job], queue: Queue) -> None:
    fast, slow = make(task()), make(task(), watch=lambda model, step: step)
    fast.start()
    until(fast, lambda now: now.step > 0)
    slow.slow(50.0)
    slow.start()
    assert slow.snapshot().state == "running"  # though another one has the turn
    now = until(slow, lambda now: now.step >= 3)
    assert [moment.step for moment in now.moments] == list(range(now.step + 1))
    assert now.pace == 50
    slow.pause()
    assert until(slow, lambda now: now.state == "paused").state == "paused"
    slow.start()
    slow.slow(None)
    assert until(slow, lambda now: now.state == "waiting").place == 1
    fast.stop()
    before = until(slow, lambda now: now.state == "running").step
    until(slow, lambda now: now.step > before + 100)


def test_slow_motion_changes_nothing_of_what_is_learned(make: Callable[..., Job]) -> None:
    straight, slow = make(task(20)), make(task(20))
    straight.start()
    slow.slow(200.0)
    slow.start()
    assert same(weights(straight), weights(slow))
