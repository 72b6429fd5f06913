"""The loop: reproducible, resumable, and honest about what it cannot do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from genlib import catalog
from genlib.contract import Recipe, Trains
from genlib.models.base import Model
from genlib.training import Run, TrainingError

STEPS = 7


@dataclass
class Pictures:
    pixels: Tensor
    labels: dict[str, Tensor] = field(default_factory=dict)
    lines: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)


def pictures(model: Model, count: int = 40) -> Pictures:
    rng = torch.Generator().manual_seed(1)
    labels = {
        name: torch.randint(0, n, (count,), generator=rng) for name, n in getattr(model.config, "heads", {}).items()
    }
    if isinstance(attribute := getattr(model.config, "attribute", None), str):  # of two worlds that differ in it
        worlds = torch.tensor([model.config.a[0], model.config.b[0]])
        labels[attribute] = worlds[torch.arange(count) % 2]
    images, lines = (
        torch.randint(0, 256, (count, channels, *model.image_shape[1:]), dtype=torch.uint8, generator=rng)
        for channels in (model.image_shape[0], 1)
    )
    return Pictures(images, labels, lines)


def start(name: str, **changes: object) -> Run:
    cls = catalog.model_class(name)
    torch.manual_seed(0)
    model = cls(cls.tiny())
    recipe = Recipe(data="digits", batch_size=8, steps=STEPS).model_copy(update=changes)
    return Run(model, pictures(model), recipe, device="cpu", bfloat16=False)


def finish(run: Run) -> dict[str, Tensor]:
    for _ in run:
        pass
    return run.averaged().state_dict()


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


trainable = pytest.mark.parametrize(
    "name", [n for n in catalog.model_names() if issubclass(catalog.model_class(n), Trains)]
)


@trainable
def test_a_seed_reproduces_and_another_does_not(name: str) -> None:
    once = finish(start(name))
    torch.rand(5)  # whatever else happened in the process
    assert same(once, finish(start(name)))
    assert not same(once, finish(start(name, seed=1)))


@trainable
def test_a_run_that_was_killed_ends_where_an_unbroken_one_does(name: str, tmp_path: Path) -> None:
    broken = start(name)
    broken.recipe = broken.recipe.model_copy(update={"steps": 3})
    finish(broken)
    broken.recipe = broken.recipe.model_copy(update={"steps": STEPS})
    broken.save(tmp_path / "run.pt")

    resumed = start(name)
    resumed.resume(tmp_path / "run.pt")
    assert resumed.step == 3
    assert same(finish(resumed), finish(start(name)))


@trainable
def test_bfloat16_trains_too(name: str) -> None:
    cls = catalog.model_class(name)
    model = cls(cls.tiny())
    run = Run(model, pictures(model), Recipe(data="digits", batch_size=8, steps=2), device="cpu", bfloat16=True)
    assert all(v.isfinite().all() for v in finish(run).values())


def test_each_epoch_shows_every_picture_once_in_a_new_order() -> None:
    run = start("gan")
    orders = []
    for _ in range(2):
        seen = []
        for _ in range(5):  # 40 pictures in batches of 8
            seen.append(run._batch().images)
            run.step += 1
        orders.append((torch.cat(seen) * 255).round().to(torch.uint8))
    everything = sorted(p.sum().item() for p in run.images.pixels.long())
    assert all(sorted(p.sum().item() for p in order.long()) == everything for order in orders)
    assert not torch.equal(*orders)


def test_averaged_weights_lie_between_the_first_and_the_last() -> None:
    run = start("gan", steps=200, ema=0.99)
    first = {k: v.clone() for k, v in run.model.state_dict().items()}
    average = finish(run)
    last = run.model.state_dict()
    moved = sum((last[k] - first[k]).abs().sum() for k in first if first[k].is_floating_point())
    to_average = sum((average[k] - last[k]).abs().sum() for k in first if first[k].is_floating_point())
    assert 0 < to_average < moved


def test_cooldown_lowers_the_rate_to_zero_and_survives_a_resume(tmp_path: Path) -> None:
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


def test_progress_counts_down(recwarn: pytest.WarningsRecorder) -> None:
    seen = list(start("vae", steps=45))
    assert [p.step for p in seen] == [20, 40, 45]
    assert seen[-1].seconds_left == 0
    assert "ELBO" in seen[-1].scalars


def test_another_recipe_does_not_go_on_from_an_unfinished_run(tmp_path: Path) -> None:
    run = start("gan")
    run.save(tmp_path / "run.pt")
    with pytest.raises(TrainingError, match=r"another seed.*--fresh"):
        start("gan", seed=5).resume(tmp_path / "run.pt")


def test_a_damaged_run_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    start("gan").save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="delete it to start afresh"):
        start("gan").resume(path)


def test_numbers_that_are_not_finite_stop_the_run() -> None:
    run = start("vae", learning_rate=1.0)
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="diverged"):
        finish(run)


def test_data_of_another_shape_is_refused() -> None:
    cls = catalog.model_class("gan")
    model = cls(cls.tiny())
    wrong = Pictures(torch.zeros(40, 3, 28, 28, dtype=torch.uint8))
    with pytest.raises(TrainingError, match="image_size"):
        Run(model, wrong, Recipe(data="digits", batch_size=8))


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(TrainingError, match="40 pictures"):
        start("gan", batch_size=41)
