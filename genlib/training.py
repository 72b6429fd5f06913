"""The training loop: device, precision, order of the data, schedules, averaged weights, resume. It knows no model.

    for progress in Run(model, source, recipe):
        print(progress.step, progress.scalars)

All noise comes from the recipe's seed and the step's number, and a run's state can be stored between any two steps: one
that was killed and resumed ends, on the same device and number of threads, in the same weights as one that was not. A
run touches nothing that is the process's own, so several may go on side by side in threads.
"""

from __future__ import annotations

import copy
import math
import os
import pickle
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import devices
from genlib.contract import Batch, Config, Needs, Recipe, Trains
from genlib.errors import GenlibError, problem
from genlib.models.base import Model
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.data import DataSet, Outline


_building = threading.Lock()


class TrainingError(GenlibError):
    """A run that cannot start or go on."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    scalars: dict[str, float]  # what the model's train_step returned at this step
    seconds_left: float


class Run:
    """One training run. Iterate to advance it; between two items it may be stored, looked at, or dropped."""

    def __init__(
        self,
        model: Model[Any, Any, Any],
        source: DataSet,
        recipe: Recipe,
        device: torch.device | None = None,
        bfloat16: bool | None = None,
    ) -> None:
        """`device` and `bfloat16` None: the best there is, float32 for points, which want its precision. TrainingError:
        model and data do not fit each other."""
        if not isinstance(model, Trains):
            raise TrainingError(f"{model.title} has no objective to train.")
        check(type(model), model.config, source, recipe)
        # Elsewhere batch norm sees many pixels of each picture; here it has only the batch to take a spread of.
        if recipe.batch_size == 1 and any(isinstance(part, torch.nn.BatchNorm1d) for part in model.modules()):
            raise TrainingError(f"{model.title} compares the members of a batch: ask for a batch size of 2 or more.")
        self.training = settings(type(model), recipe)
        self.device = device or devices.best()
        if bfloat16 is None:
            bfloat16 = devices.has_bfloat16(self.device) and isinstance(model.config.space, Pictures)
        self.bfloat16 = bfloat16
        self.recipe, self.source, self.step = recipe, source, 0
        self.kept: dict[str, torch.Tensor] = {}  # what its owner has stored with it
        self.model = model.to(self.device).train()
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations
        self.optimizers = model.optimizers(self.training)
        self._peaks = {name: [group["lr"] for group in o.param_groups] for name, o in self.optimizers.items()}
        self._rng = torch.Generator(self.device)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

        moving = {
            name: tensor.detach()
            for name, tensor in model.state_dict(keep_vars=True).items()
            if tensor.is_floating_point() and name not in model.unaveraged
        }
        self._latest = list(moving.values())
        self._average = {name: tensor.clone() for name, tensor in moving.items()}
        self._averages = list(self._average.values())

    def __iter__(self) -> Iterator[Progress]:
        """Train to the recipe's last step. TrainingError: the numbers are no longer finite."""
        started, first = time.monotonic(), self.step
        while self.step < self.recipe.steps:
            scalars = self.advance()
            if self.step % 20 and self.step < self.recipe.steps:
                continue  # reading the scalars waits for the device: not at every step
            values = {name: float(value) for name, value in scalars.items()}
            if not all(map(math.isfinite, values.values())):
                raise TrainingError(
                    f"Training diverged: not all of {values} are finite at step {self.step}; lower the learning rate."
                )
            pace = (time.monotonic() - started) / (self.step - first)
            yield Progress(self.step, self.recipe.steps, values, pace * (self.recipe.steps - self.step))

    def advance(self, only: str = "") -> dict[str, Tensor]:
        """Make one step: what the model's train_step returned, which may be NaN. `only`: the optimiser that moves
        its weights, where the others stand still for once; "": all do."""
        batch, optimizers = self.batch(), self.optimizers
        if only:
            optimizers = {name: o if name == only else _Still(o) for name, o in optimizers.items()}  # type: ignore[misc]
        self._set_rates()
        # cache_enabled=False: autocast would keep using D's weights as they were before D's own update.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16, cache_enabled=False):
            scalars: dict[str, Tensor] = self.model.train_step(batch, optimizers, self.training)
        self.step += 1
        self._move_average()
        return scalars

    def snapshot(self) -> Model[Any, Any, Any]:
        """A copy of the model as it is now, with averaged weights, in evaluation mode. Taken between two steps."""
        model = copy.deepcopy(self.model).eval().requires_grad_(False)
        model.load_state_dict({**self.model.state_dict(), **self._average})
        return model

    def aim(self, steps: int) -> None:
        """Be a run of so many steps from now on, at least of one more: its schedules end there."""
        self.recipe = self.recipe.model_copy(update={"steps": max(steps, self.step + 1)})

    def batch(self) -> Batch:
        """The batch of the present step."""
        made = 0

        def another() -> Batch:
            nonlocal made
            made += 1
            return self._batch(made, another)

        self._rng.manual_seed(self._seed())
        return self._batch(0, another)

    # --- Storing ---

    def save(self, path: Path) -> None:
        """Store the run, atomically."""
        state = {"recipe": self.recipe.model_dump(), "config": self.model.config.model_dump(), **self.state()}
        state["kept"] = self.kept
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(state, file)
            os.replace(part, path)
        except OSError as error:
            raise TrainingError(
                f"The run cannot be kept in {path}: {error.strerror}; make room, and start it again."
            ) from None

    def resume(self, path: Path) -> None:
        """Go on from a stored run. TrainingError: it was another model or recipe (more steps are fine)."""
        try:
            # Our own file, yet weights_only all the same: nothing is ever unpickled.
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            stored = {part: dict(state[part]) for part in ("config", "recipe")}
        except (RuntimeError, EOFError, OSError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
            raise TrainingError(f"The unfinished run at {path} is damaged: add --fresh to start anew.") from None
        for part, ours in (("config", self.model.config), ("recipe", self.recipe)):
            theirs, mine = stored[part] | {"steps": 0}, ours.model_dump() | {"steps": 0}
            if theirs != mine:
                changed = ", ".join(k for k in mine if theirs.get(k) != mine[k])
                raise TrainingError(f"The unfinished run at {path} has another {changed}: add --fresh to start anew.")
        self.go_on_from(state)
        self.kept = dict(state.get("kept", {}))

    def state(self) -> dict[str, Any]:
        """What the run goes on from. Not a copy: it changes with the next step."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self._average,
            "optimizers": {name: o.state_dict() for name, o in self.optimizers.items()},
        }

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Have the run stand where one of the same task stood when `state`, which is copied, was taken."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        for name, tensor in self._average.items():
            tensor.copy_(state["average"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(copy.deepcopy(state["optimizers"][name]))  # it would keep the very tensors

    # --- Inside ---

    def _seed(self, kind: int = 0) -> int:
        """Of the present step's noise (0), or of its other batches (1, 2, ...). The CPU's generator reads 32 bits."""
        return (self.recipe.seed * 1_000_003 + self.step + kind * 0x9E3779B1) % 2**32

    def _batch(self, number: int, another: Any) -> Batch:
        """The first batch of a step (number 0) walks through the data: each epoch is a fresh permutation, its rest
        below one batch left out. Others are drawn at random, with replacement."""
        count, source = self.recipe.batch_size, self.source
        if source.size is None:
            rng = self._rng if number == 0 else torch.Generator(self.device).manual_seed(self._seed(number))
            rows = source.draw_rows(count, rng)
        else:
            if number == 0:
                index = self._walk(source.size)
            else:
                rng = torch.Generator().manual_seed(self._seed(number))
                index = torch.randint(source.size, (count,), generator=rng)
            rows = source.rows(index, self.device)
        return Batch(rows.x, self._rng, self.step, self.recipe.steps, rows.labels, rows.condition, another)

    def _walk(self, size: int) -> Tensor:
        epoch, i = divmod(self.step, size // self.recipe.batch_size)
        if epoch != self._epoch:
            rng = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + epoch)
            self._epoch, self._order = epoch, torch.randperm(size, generator=rng)
        return self._order[i * self.recipe.batch_size : (i + 1) * self.recipe.batch_size]

    def _set_rates(self) -> None:
        share = rate_at(self.step, self.recipe)
        for name, optimizer in self.optimizers.items():
            for group, peak in zip(optimizer.param_groups, self._peaks[name], strict=True):
                group["lr"] = peak * share

    @torch.no_grad()
    def _move_average(self) -> None:
        """average <- d average + (1 - d) latest, with a smaller d at first so that early weights are soon forgotten."""
        d = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self._averages, self._latest, 1 - d)


class _Still:
    """An optimiser whose steps move nothing."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer

    def step(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._optimizer, name)


def check(model: type[Model[Any, Any, Any]], config: Config, source: DataSet | Outline, recipe: Recipe) -> None:
    """Whether a model with this config can learn from a data set. TrainingError says what does not fit."""
    if source.space != config.space:
        raise TrainingError(
            f"The model takes {config.space} and the data holds {source.space}: choose another data set, "
            "or leave the model's space to follow the data."
        )
    if source.size is not None and source.size < recipe.batch_size:
        raise TrainingError(
            f"A batch of {recipe.batch_size:,} is more than the {source.size:,} pictures there are: ask for a smaller "
            "one."
        )
    missing = unmet(model.needs(config), source)
    if missing:
        raise TrainingError(f"{model.title} needs {missing}, and {recipe.data} has none: choose another data set.")


def unmet(needs: Needs, source: DataSet | Outline) -> str:
    """What a model needs and the data lacks, in words; empty where nothing does."""
    if needs.paired and not source.paired:
        return "a line drawing for each picture"
    for attribute, classes in needs.labels.items():
        values = source.labels.get(attribute)
        if values is None or int(values.max()) + 1 < classes:
            return f"the label {attribute} with {classes} classes"
    return ""


def settings(model: type[Model[Any, Any, Any]], recipe: Recipe) -> Any:
    """The model's Training as the recipe says. TrainingError: an unknown field, or one out of its bounds."""
    try:
        return model.Training.model_validate(recipe.training)
    except ValidationError as error:
        raise TrainingError(f"That training does not work: {problem(error)}.") from None


def rate_at(step: int, recipe: Recipe) -> float:
    """Share of the full learning rates at which `step` (from 0) is made: up over `warmup`, down over `cooldown`."""
    up, down = recipe.warmup * recipe.steps, recipe.cooldown * recipe.steps
    share = min(1.0, (step + 1) / up) if up else 1.0
    left = (recipe.steps - step) / down if down else 1.0
    if left < 1:
        share = min(share, left if recipe.fall == "linear" else 0.5 * (1 - math.cos(math.pi * left)))
    return share


def fresh(model: type[Model[Any, Any, Any]], config: Config, seed: int) -> Model[Any, Any, Any]:
    """A model with its initial weights, by `seed`. Safe beside other runs: torch initialises from the process's own
    generator, which is lent for the moment and put back as it was."""
    with _building, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return model(config)
