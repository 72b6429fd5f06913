"""The loop: reproducible, resumable, and honest about what it cannot do."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from genlib import catalog, devices
from genlib.contract import Batch, Recipe, Trains
from genlib.data.sets import Rows
from genlib.models.base import Model
from genlib.models.gan import GAN
from genlib.spaces import Pictures, Points
from genlib.training import Run, TrainingError, fresh, rate_at, settings

STEPS = 7
TRAINABLE = [
    (name, at)
    for name in catalog.model_names()
    if issubclass(catalog.model_class(name), Trains)
    for at in range(len(catalog.model_class(name).tiny()))
]
trainable = pytest.mark.parametrize(("name", "at"), TRAINABLE)


@dataclass
class Few:
    """A data set with few rows of noise: what the loop needs of one."""

    x: Tensor
    space: Pictures | Points
    labels: dict[str, Tensor] = field(default_factory=dict)
    drawings: Tensor | None = None

    @property
    def size(self) -> int:
        return len(self.x)

    @property
    def paired(self) -> bool:
        return self.drawings is not None

    def rows(self, index: Tensor, device: torch.device | str) -> Rows:
        return Rows(
            self.x[index].to(device),
            {name: values[index].to(device) for name, values in self.labels.items()},
            None if self.drawings is None else self.drawings[index].to(device),
        )


def a_set(model: type[Model[Any, Any, Any]], config: Any, count: int = 40) -> Few:
    rng, needs = torch.Generator().manual_seed(1), model.needs(config)
    labels = {name: torch.arange(count) % classes for name, classes in needs.labels.items()}
    drawings = torch.rand(count, 1, *config.space.shape[1:], generator=rng) if needs.paired else None
    return Few(torch.rand(count, *config.space.shape, generator=rng), config.space, labels, drawings)


def start(name: str, at: int = 0, **changes: Any) -> Run:
    cls = catalog.model_class(name)
    config, seed = cls.tiny()[at], changes.get("seed", 0)
    recipe = Recipe(data="digits", batch_size=8, steps=STEPS).model_copy(update=changes)
    return Run(fresh(cls, config, seed), a_set(cls, config), recipe, torch.device("cpu"), bfloat16=False)


def finish(run: Run) -> dict[str, Tensor]:
    for _ in run:
        pass
    return run.snapshot().state_dict()


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@trainable
def test_a_seed_reproduces_and_another_does_not(name: str, at: int) -> None:
    once = finish(start(name, at))
    torch.rand(5)  # whatever else happened in the process
    assert same(once, finish(start(name, at)))
    assert not same(once, finish(start(name, at, seed=1)))


@trainable
def test_a_run_that_was_killed_ends_where_an_unbroken_one_does(name: str, at: int, tmp_path: Path) -> None:
    broken = start(name, at)
    for _ in range(3):
        broken.advance()
    broken.save(tmp_path / "run.pt")

    resumed = start(name, at)
    resumed.resume(tmp_path / "run.pt")
    assert resumed.step == 3
    assert same(finish(resumed), finish(start(name, at)))


@trainable
def test_a_run_leaves_the_process_s_generator_alone(name: str, at: int) -> None:
    state = torch.manual_seed(5).get_state()
    finish(start(name, at))
    assert torch.equal(torch.get_rng_state(), state)


@trainable
def test_bfloat16_trains_too(name: str, at: int) -> None:
    cls = catalog.model_class(name)
    config = cls.tiny()[at]
    recipe = Recipe(data="digits", batch_size=8, steps=2)
    run = Run(fresh(cls, config, 0), a_set(cls, config), recipe, torch.device("cpu"), bfloat16=True)
    assert all(v.isfinite().all() for v in finish(run).values())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("bfloat16", [False, True])
@trainable
def test_a_gpu_trains_and_goes_on_after_being_killed(name: str, at: int, bfloat16: bool, tmp_path: Path) -> None:
    cls = catalog.model_class(name)
    config = cls.tiny()[at]

    def begun() -> Run:
        recipe = Recipe(data="digits", batch_size=8, steps=STEPS)
        return Run(fresh(cls, config, 0), a_set(cls, config), recipe, torch.device("cuda"), bfloat16=bfloat16)

    run = begun()
    for _ in range(3):
        run.advance()
    run.save(tmp_path / "run.pt")
    resumed = begun()
    resumed.resume(tmp_path / "run.pt")
    for one in (run, resumed):
        state = finish(one)
        assert all(value.device.type == "cuda" and value.isfinite().all() for value in state.values())
    assert run.step == resumed.step == STEPS


def test_points_keep_float32_where_bfloat16_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 8 bits are a step of 0.004 at 1, and the points of a mode lie within 0.02."""
    monkeypatch.setattr(devices, "has_bfloat16", lambda device: True)
    recipe = Recipe(data="digits", batch_size=8, steps=1)
    found = [Run(fresh(GAN, config, 0), a_set(GAN, config), recipe, torch.device("cpu")) for config in GAN.tiny()]
    assert {type(run.model.config.space): run.bfloat16 for run in found} == {Pictures: True, Points: False}


def test_each_epoch_shows_every_row_once_in_a_new_order() -> None:
    run = start("gan")
    orders = []
    for _ in range(2):
        seen = []
        for _ in range(5):  # 40 rows in batches of 8
            seen.append(run.batch().x)
            run.step += 1
        orders.append(torch.cat(seen))
    everything = sorted(row.sum().item() for row in run.source.x)  # type: ignore[union-attr]
    assert all(sorted(row.sum().item() for row in order) == everything for order in orders)
    assert not torch.equal(*orders)


def test_other_batches_of_a_step_are_new_and_come_again() -> None:
    run = start("gan")
    batch = run.batch()
    others = [batch.fresh(), batch.fresh()]
    rows = [b.x for b in (batch, *others)]
    assert all(not torch.equal(a, b) for i, a in enumerate(rows) for b in rows[:i])
    assert all(b.step == batch.step == 0 and b.steps == STEPS for b in others)
    again = run.batch()
    assert torch.equal(again.x, batch.x)
    assert torch.equal(again.fresh().x, others[0].x)
    run.step += 1
    assert not torch.equal(run.batch().fresh().x, others[0].x)


def test_endless_points_are_drawn_anew_at_each_step() -> None:
    from genlib import data

    cls = GAN
    config = cls.tiny()[1]
    run = Run(fresh(cls, config, 0), data.load("ring8"), Recipe(data="ring8", batch_size=8), torch.device("cpu"))
    first = run.batch()
    assert torch.equal(run.batch().x, first.x)
    assert not torch.equal(first.fresh().x, first.x)
    run.step += 1
    assert not torch.equal(run.batch().x, first.x)


def test_a_batch_made_by_hand_has_no_others() -> None:
    with pytest.raises(ValueError, match="by hand"):
        Batch(torch.zeros(2, 2), torch.Generator(), 0, 1).fresh()


def test_averaged_weights_lie_between_the_first_and_the_last() -> None:
    run = start("gan", steps=200, ema=0.99)
    first = {k: v.clone() for k, v in run.model.state_dict().items()}
    average = finish(run)
    last = run.model.state_dict()
    moved = sum((last[k] - first[k]).abs().sum() for k in first if first[k].is_floating_point())
    to_average = sum((average[k] - last[k]).abs().sum() for k in first if first[k].is_floating_point())
    assert 0 < to_average < moved


def test_what_steers_the_training_is_not_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "generator.1.running_mean"  # any buffer that moves
    averaged = finish(start("gan", ema=0.99))
    monkeypatch.setattr(GAN, "unaveraged", frozenset({name}))
    run = start("gan", ema=0.99)
    last = finish(run)
    assert torch.equal(last[name], run.model.state_dict()[name])
    assert not torch.equal(averaged[name], last[name])
    assert torch.equal(averaged["generator.0.weight"], last["generator.0.weight"])


def test_a_snapshot_stays_as_it_was_while_the_run_goes_on() -> None:
    run = start("gan", steps=60)
    steps = iter(run)
    next(steps)
    snapshot = run.snapshot()
    before = {k: v.clone() for k, v in snapshot.state_dict().items()}
    picture = snapshot.sample([1])  # type: ignore[operator]
    assert not any(m.training for m in snapshot.modules())
    assert run.model.training
    for _ in steps:
        pass
    assert same(snapshot.state_dict(), before)
    assert torch.equal(snapshot.sample([1]), picture)  # type: ignore[operator]


# --- Schedules -------------------------------------------------------------------------------------------------------


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(data="digits", steps=100, warmup=0.1, cooldown=0.5)
    rates = [rate_at(step, recipe) for step in range(100)]
    assert rates[:11] == pytest.approx([0.1 * (i + 1) for i in range(10)] + [1])
    assert rates[10:51] == [1.0] * 41
    assert rates[51:] == pytest.approx([(100 - step) / 50 for step in range(51, 100)])


def test_the_cosine_falls_from_one_to_zero_and_is_half_in_the_middle() -> None:
    recipe = Recipe(data="digits", steps=1000, cooldown=1.0, fall="cosine")
    assert rate_at(0, recipe) == 1
    assert rate_at(500, recipe) == pytest.approx(0.5)
    assert rate_at(250, recipe) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert rate_at(999, recipe) < 1e-5


@trainable
def test_every_optimizer_follows_the_recipe_s_schedule(name: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a classifier's, which had a schedule of its own and ignored the recipe's: the loop alone owns schedules.

    What a step does beside the schedule takes time and changes no rate, so nothing is learned here.
    """
    monkeypatch.setattr(catalog.model_class(name), "train_step", lambda model, batch, optimizers, training: {})
    run = start(name, at, steps=40, batch_size=16, warmup=0.5, cooldown=0.5)
    peaks = [g["lr"] for o in start(name, at).optimizers.values() for g in o.param_groups]
    for progress in run:
        now = [g["lr"] for o in run.optimizers.values() for g in o.param_groups]
        assert now == pytest.approx([peak * rate_at(progress.step - 1, run.recipe) for peak in peaks])


def test_cooldown_survives_a_resume(tmp_path: Path) -> None:
    def rate(run: Run) -> float:
        return run.optimizers["generator"].param_groups[0]["lr"]

    run = start("gan", steps=100, cooldown=0.5)
    rates = {p.step: rate(run) for p in run}  # the rate with which that step was made
    assert rates == pytest.approx({20: 2e-4, 40: 2e-4, 60: 2e-4 * 41 / 50, 80: 2e-4 * 21 / 50, 100: 2e-4 / 50})

    half = start("gan", steps=100, cooldown=0.5)
    iterator = iter(half)
    while half.step < 80:
        next(iterator)
    half.save(tmp_path / "run.pt")
    resumed = start("gan", steps=100, cooldown=0.5)
    resumed.resume(tmp_path / "run.pt")
    assert {p.step: rate(resumed) for p in resumed} == pytest.approx({100: 2e-4 / 50})

    resumed.save(tmp_path / "run.pt")  # finished, and cooled; with more steps it warms up again
    longer = start("gan", steps=400, cooldown=0.5)
    longer.resume(tmp_path / "run.pt")
    next(iter(longer))
    assert rate(longer) == pytest.approx(2e-4)


def test_no_average_means_the_last_weights() -> None:
    run = start("gan", ema=0.0)
    assert same(finish(run), run.model.state_dict())


def test_progress_counts_down() -> None:
    seen = list(start("gan", steps=45))
    assert [p.step for p in seen] == [20, 40, 45]
    assert seen[-1].seconds_left == 0
    assert "loss D" in seen[-1].scalars


# --- What cannot be --------------------------------------------------------------------------------------------------


def test_another_recipe_does_not_go_on_from_an_unfinished_run(tmp_path: Path) -> None:
    run = start("gan")
    run.save(tmp_path / "run.pt")
    with pytest.raises(TrainingError, match=r"another seed.*--fresh"):
        start("gan", seed=5).resume(tmp_path / "run.pt")


def test_a_damaged_run_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    start("gan").save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="is damaged: add --fresh"):
        start("gan").resume(path)


def test_numbers_that_are_not_finite_stop_the_run() -> None:
    run = start("gan")
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="diverged"):
        finish(run)


def test_data_of_another_space_is_refused() -> None:
    cls = GAN
    pictures, points = cls.tiny()
    recipe = Recipe(data="digits", batch_size=8)
    with pytest.raises(TrainingError, match="takes grey pictures of 8 x 8 and the data holds points of 2 dimensions"):
        Run(cls(pictures), a_set(cls, points), recipe)
    wrong = Few(torch.zeros(40, 3, 28, 28), Pictures(channels=3, side=28))
    with pytest.raises(TrainingError, match="holds colour pictures of 28 x 28"):
        Run(cls(pictures), wrong, recipe)


@pytest.mark.parametrize(("name", "at"), [(n, i) for n, i in TRAINABLE])
def test_what_the_data_lacks_is_said_before_the_first_step(name: str, at: int) -> None:
    cls = catalog.model_class(name)
    config = cls.tiny()[at]
    needs = cls.needs(config)
    if not needs.labels and not needs.paired:
        pytest.skip("it needs nothing but x")
    bare = a_set(cls, config)
    bare.labels, bare.drawings = {}, None
    with pytest.raises(TrainingError, match=r"needs (the label|a line drawing).* has none"):
        Run(cls(config), bare, Recipe(data="digits", batch_size=8))


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(TrainingError, match="40 pictures"):
        start("gan", batch_size=41)


@pytest.mark.parametrize(
    ("training", "words"),
    [({"speed": 1}, "no field speed"), ({"smoothing": 2}, "smoothing"), ({"gamma": "NaN"}, "gamma")],
)
def test_settings_that_cannot_be(training: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        settings(GAN, Recipe(data="digits", training=training))


def test_models_are_built_beside_each_other_without_mixing_their_weights() -> None:
    config = GAN.tiny()[0]
    alone = [fresh(GAN, config, seed).state_dict() for seed in range(8)]
    built: dict[int, dict[str, Tensor]] = {}
    threads = [
        threading.Thread(target=lambda s=seed: built.update({s: fresh(GAN, config, s).state_dict()}))
        for seed in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(alone[seed], built[seed]) for seed in range(8))


def test_a_run_that_aims_elsewhere_has_its_schedules_end_there() -> None:
    run = start("gan", steps=1000, cooldown=1.0)
    run.advance()
    full = run.optimizers["generator"].param_groups[0]["lr"]
    run.aim(2)
    run.advance()
    assert run.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(full / 2)
    run.aim(0)  # it is past that
    assert run.recipe.steps == run.step + 1
