"""The training loop: device, precision, order of the data, averaged weights, resume. It knows no model.

    for progress in Run(model, images, recipe):
        print(progress.step, progress.scalars)

All noise comes from the recipe's seed and the step's number, and a run's state can be stored between any two steps: one
that was killed and resumed ends, on the same device and number of threads, in the same weights as one that was not.
"""

from __future__ import annotations

import math
import os
import pickle
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from genlib.contract import Batch, GenlibError, Recipe, Trains
from genlib.models.base import Model


class TrainingError(GenlibError):
    """A run that cannot start or go on."""


class Pictures(Protocol):
    """What the loop needs of a data set; `genlib.data.Images` is one."""

    @property
    def pixels(self) -> Tensor: ...  # uint8 (N, C, H, W)

    @property
    def labels(self) -> Mapping[str, Tensor]: ...  # attribute -> int64 (N,)

    @property
    def lines(self) -> Tensor | None: ...  # uint8 (N, 1, H, W), the drawings of a paired data set

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    scalars: dict[str, float]  # what the model's train_step returned at this step
    seconds_left: float


def best_device() -> torch.device:
    """CUDA, Apple's MPS, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 arithmetic is faster than float32 there, not merely possible."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return bool(has.get("amx_bf16") or has.get("avx512_bf16"))
    return False


class Run:
    """One training run. Iterate to advance it; between two items it may be stored, looked at, or dropped."""

    def __init__(
        self,
        model: Model,
        images: Pictures,
        recipe: Recipe,
        device: torch.device | str | None = None,
        bfloat16: bool | None = None,
    ) -> None:
        """`device` and `bfloat16` None: the best there is. TrainingError: model or data do not fit each other."""
        if not isinstance(model, Trains):
            raise TrainingError(f"{model.title} has no objective to train.")
        if tuple(images.pixels.shape[1:]) != model.image_shape:
            raise TrainingError(
                f"The model makes pictures of shape {model.image_shape} and the data has "
                f"{tuple(images.pixels.shape[1:])}: choose another image_size or data set."
            )
        if len(images) < recipe.batch_size:
            raise TrainingError(f"A batch of {recipe.batch_size} is more than the {len(images)} pictures there are.")
        self.device = torch.device(device) if device else best_device()
        self.bfloat16 = has_bfloat16(self.device) if bfloat16 is None else bfloat16
        self.recipe, self.images, self.step = recipe, images, 0
        self.model = model.to(self.device).train()
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations
        self.optimizers = model.optimizers(recipe)
        self.average = AveragedModel(self.model, multi_avg_fn=self._move_average, use_buffers=True)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def __iter__(self) -> Iterator[Progress]:
        """Train to the recipe's last step. TrainingError: the numbers are no longer finite."""
        # cache_enabled=False: autocast would keep using D's weights as they were before D's own update.
        autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16, cache_enabled=False)
        started, first = time.monotonic(), self.step
        while self.step < self.recipe.steps:
            batch = self._batch()
            self._cool()
            with autocast:
                scalars = self.model.train_step(batch, self.optimizers)
            self.step += 1
            self.average.update_parameters(self.model)
            if self.step % 20 and self.step < self.recipe.steps:
                continue  # reading the scalars waits for the device: not at every step
            values = {name: float(value) for name, value in scalars.items()}
            if not all(map(math.isfinite, values.values())):
                raise TrainingError(
                    f"Training diverged: not all of {values} are finite at step {self.step}; lower the learning rate."
                )
            pace = (time.monotonic() - started) / (self.step - first)
            yield Progress(self.step, self.recipe.steps, values, pace * (self.recipe.steps - self.step))

    def averaged(self) -> Model:
        """The model with averaged weights, for looking at while the run goes on: do not train it."""
        return cast(Model, self.average.module.eval())

    # --- Storing ---

    def save(self, path: Path) -> None:
        """Store the run, atomically."""
        state = {
            "recipe": self.recipe.model_dump(),
            "config": self.model.config.model_dump(),
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": {name: o.state_dict() for name, o in self.optimizers.items()},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        torch.save(state, part)
        os.replace(part, path)

    def resume(self, path: Path) -> None:
        """Go on from a stored run. TrainingError: it was another model or recipe (more steps are fine)."""
        try:
            # Our own file, yet weights_only all the same: nothing is ever unpickled.
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise TrainingError(f"{path} cannot be read ({error}): delete it to start afresh.") from None
        for part, ours in (("config", self.model.config), ("recipe", self.recipe)):
            theirs, mine = state[part] | {"steps": 0}, ours.model_dump() | {"steps": 0}
            if theirs != mine:
                changed = ", ".join(k for k in mine if theirs.get(k) != mine[k])
                raise TrainingError(f"The unfinished run at {path} has another {changed}: add --fresh to start anew.")
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])

    # --- Inside ---

    def _batch(self) -> Batch:
        """The batch of the present step: each epoch is a fresh permutation, its rest below one batch left out."""
        seed = self.recipe.seed * 1_000_003 + self.step
        torch.manual_seed(seed)  # for dropout, which takes no generator of its own
        epoch, i = divmod(self.step, len(self.images) // self.recipe.batch_size)
        if epoch != self._epoch:
            rng = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + epoch)
            self._epoch, self._order = epoch, torch.randperm(len(self.images), generator=rng)
        index = self._order[i * self.recipe.batch_size : (i + 1) * self.recipe.batch_size]
        lines = self.images.lines
        return Batch(
            images=self._pictures(self.images.pixels[index]),
            rng=torch.Generator(self.device).manual_seed(seed),
            labels={name: values[index].to(self.device) for name, values in self.images.labels.items()},
            condition=None if lines is None else self._pictures(lines[index]),
        )

    def _cool(self) -> None:
        """Lower the learning rates linearly over the last steps, where the recipe says so."""
        cooling = self.recipe.cooldown * self.recipe.steps
        if cooling:
            share = min(1.0, (self.recipe.steps - self.step) / cooling)
            for optimizer in self.optimizers.values():
                for group in optimizer.param_groups:
                    group["lr"] = group.setdefault("peak_lr", group["lr"]) * share

    def _pictures(self, pixels: Tensor) -> Tensor:
        """uint8 (B, C, H, W) -> float32 in [0, 1] on the device."""
        return pixels.to(self.device).float().div(255).contiguous(memory_format=torch.channels_last)

    def _move_average(self, average: Sequence[Tensor], latest: Sequence[Tensor], _: Tensor | int) -> None:
        """average <- d average + (1 - d) latest, with a smaller d at first so that early weights are soon forgotten."""
        d = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        if average[0].is_floating_point():
            torch._foreach_lerp_(list(average), list(latest), 1 - d)
        else:  # batch norm's count of batches
            for a, b in zip(average, latest, strict=True):
                a.copy_(b)
