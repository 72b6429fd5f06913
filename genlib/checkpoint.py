"""Save and load checkpoints: a folder with config.json, model.safetensors and README.md (the model card).

The same layout is shipped in checkpoints/NAME/ and kept on the Hugging Face Hub. Nothing in it is trusted: sizes are
bounded, the config is validated against the model's own bounds, weights are safetensors only and are compared
with the config, shape by shape, before any memory is taken for them. Where a checkpoint comes from: sources.py.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from genlib import catalog
from genlib.contract import Config, Controls, Normalises, Partition, Recipe, Training
from genlib.errors import GenlibError, plain, problem

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from genlib.models.base import Model

    AnyModel = Model[Any, Any, Any]

NAME = r"[a-z0-9][a-z0-9-]{0,95}"
CONFIG, WEIGHTS, CARD, MOMENTS = "config.json", "model.safetensors", "README.md", "moments.webp"
FILES = (CONFIG, CARD, MOMENTS, WEIGHTS)  # what the Hub is given of it, and asked for, in this order
MAX_BYTES = {CONFIG: 64 * 1024, WEIGHTS: 64 * 1024**2, CARD: 256 * 1024, MOMENTS: 1024**2}


class CheckpointError(GenlibError):
    """A checkpoint that is missing, damaged, hostile or not ours."""


class Spec(BaseModel):
    """What config.json holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    model: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")  # the model file's name
    config: dict[str, JsonValue]
    recipe: Recipe
    trained_steps: int = Field(0, ge=0, le=10**9)
    moments: tuple[Annotated[int, Field(ge=0, le=10**9)], ...] = Field((), max_length=8)  # steps: genlib/moments.py
    measured: dict[str, JsonValue] = Field(default_factory=dict)  # what `genlib eval` found, with protocol


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder whose config.json was read and validated; the weights are not loaded yet."""

    folder: Path
    spec: Spec
    config: Config
    training: Training
    source: str = field(default="")  # a shipped name, or user/name@commit of the Hub
    note: str = field(default="")  # what a visitor should know: that an earlier copy serves, and why
    files: Mapping[str, bytes] | None = field(default=None, repr=False)  # where they are in memory, and no folder is

    @classmethod
    def read(cls, folder: Path, source: str | None = None, files: Mapping[str, bytes] | None = None) -> Checkpoint:
        """Validate folder/config.json. CheckpointError: missing, too large, not JSON, unknown model, out of bounds.

        files: the folder's, by name, where it is none on disk; its path then only tells it from others.
        """
        name = source or folder.name
        try:
            spec = Spec.model_validate_json(_bounded_bytes(folder / CONFIG, name, files))
        except ValidationError as error:
            raise CheckpointError(f"{name}: config.json is not valid: {problem(error)}.") from None
        try:
            model = catalog.model_class(spec.model)
        except GenlibError as error:
            raise CheckpointError(f"{name}: {error}") from None
        try:
            config = model.Config.model_validate(spec.config)
            training = model.Training.model_validate(spec.recipe.training)
        except ValidationError as error:
            raise CheckpointError(
                f"{name}: config.json does not describe a {spec.model} model: {problem(error)}."
            ) from None
        return cls(folder, spec, config, training, name, files=files)

    @property
    def name(self) -> str:
        return self.source

    @property
    def title(self) -> str:
        """For people, as `name` is for code: "Drawn faces by DCGAN"."""
        return catalog.title(self.spec.model, self.spec.recipe.data)

    @property
    def model_class(self) -> type[AnyModel]:
        return catalog.model_class(self.spec.model)

    @property
    def controls(self) -> type[Controls]:
        """What a visitor may turn, which may follow from the config."""
        found: type[Controls] = self.model_class.controls_for(self.config)
        return found

    @property
    def ships(self) -> bool:
        """Whether it is one of this repository's."""
        return self.files is None and self.folder.parent == catalog.CHECKPOINTS

    def card(self) -> str:
        """The model card (Markdown with YAML front matter), or '' where there is none."""
        return self._bytes(CARD).decode("utf-8", "replace") if self._has(CARD) else ""

    def moments(self) -> np.ndarray | None:
        """Pictures of the moments of its training that config.json names, uint8 (T, N, H, W, C); None: there are none.

        CheckpointError: what is there is too large, or not such pictures.
        """
        from genlib import moments

        if not self.spec.moments or not self._has(MOMENTS):
            return None
        file = self._bytes(MOMENTS)
        try:
            return moments.decode(file, len(self.spec.moments), self.config.space)
        except GenlibError as error:
            raise CheckpointError(f"{self.name}: {MOMENTS} does not fit config.json: {error}.") from None

    def load(self, device: torch.device | str | None = None) -> AnyModel:
        """The model with its weights, in evaluation mode, float32, on `device` (None: the best there is).

        CheckpointError: weights missing or not matching.
        """
        import torch

        from genlib import devices
        from genlib.nets import Constants

        model = outline(self.model_class, self.config)
        weights = self._weights(model)
        model.load_state_dict(weights, assign=True)
        for part in model.modules():
            if isinstance(part, Constants):
                part.keep_constants()  # made anew: see there why they are not read
        left = [name for name, tensor in (*model.named_parameters(), *model.named_buffers()) if tensor.is_meta]
        assert not left, f"{left} are neither in the state nor among the constants of {self.spec.model}"
        # channels_last: convolutions on the CPU take two thirds of the time.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations
        if isinstance(model, Normalises) and (known := self._partition()):
            model.recall(known)
        return model.to(device or devices.best()).eval().requires_grad_(False)

    def _partition(self) -> Partition | None:
        """What `genlib eval` found, of a shipped model: who forges it forges every likelihood, so a stranger's is never
        believed."""
        found = self.spec.measured.get("partition")
        return TypeAdapter(Partition).validate_python(found) if self.ships and found is not None else None

    def _has(self, name: str) -> bool:
        return (self.folder / name).exists() if self.files is None else name in self.files

    def _bytes(self, name: str) -> bytes:
        return _bounded_bytes(self.folder / name, self.name, self.files)

    def _weights(self, model: AnyModel) -> dict[str, Tensor]:
        """Name -> tensor of model.safetensors, compared with what `model`, an outline, has; all finite."""
        import torch
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load, load_file

        expected = model.state_dict()
        wanted = {k: tuple(v.shape) for k, v in expected.items()}
        weights: dict[str, Tensor] | None = None
        try:
            if self.files is not None:  # their bytes are there already: as tensors they take no more
                weights = load(self._bytes(WEIGHTS))
                found = {k: tuple(v.shape) for k, v in weights.items()}
            else:
                path = self.folder / WEIGHTS
                _check_size(path, self.name)
                with safe_open(path, framework="pt") as file:
                    found = {k: tuple(file.get_slice(k).get_shape()) for k in file.keys()}  # noqa: SIM118 (not a dict)
            if found != wanted:
                raise CheckpointError(
                    f"{self.name}: model.safetensors does not fit config.json: {_diff(wanted, found)}."
                )
            if weights is None:
                weights = load_file(path)
        except SafetensorError as error:
            raise CheckpointError(
                f"{self.name}: model.safetensors is damaged ({plain(error)}); restore it, or load it again."
            ) from None
        floats = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
        for k, v in weights.items():
            if v.dtype != expected[k].dtype and not {v.dtype, expected[k].dtype} <= floats:
                raise CheckpointError(
                    f"{self.name}: model.safetensors holds {v.dtype} for {k}, not {expected[k].dtype}."
                )
            weights[k] = v.to(expected[k].dtype)
            if not weights[k].isfinite().all():
                raise CheckpointError(f"{self.name}: model.safetensors holds numbers that are not finite.")
        return weights


def shipped(name: str, otherwise: str = "") -> Checkpoint:
    """The checkpoint in checkpoints/NAME. CheckpointError: there is none of that name, or it cannot be read.

    otherwise: what else could have been named, for that sentence.
    """
    folder = catalog.CHECKPOINTS / name
    if not re.fullmatch(NAME, name) or not (folder / CONFIG).exists():
        raise CheckpointError(
            f"There is no checkpoint called '{plain(name, 96)}': choose one of {', '.join(catalog.shelf())}{otherwise}."
        )
    return Checkpoint.read(folder)


def outline(model_class: type[AnyModel], config: Config) -> AnyModel:
    """The model without memory for its weights (on the meta device), so that a hostile config costs nothing."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Undrawn(TorchFunctionMode):
        """Leaves normal_ out: there is nothing to fill, and on this device it imports a compiler, for seconds."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.Tensor.normal_:
                return args[0]
            if func is torch.nn.init.normal_:
                return kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    with torch.device("meta"), Undrawn():
        return model_class(config)


def save(model: AnyModel, folder: Path, spec: Spec, dtype: torch.dtype | None = None) -> None:
    """Write config.json and model.safetensors, each atomically. `dtype`: of parameters on disk (None: as they are)."""
    from safetensors.torch import save as serialise

    params = {k for k, _ in model.named_parameters()}
    tensors = {
        # Buffers (batch norm's running variance may be tiny) are few: they stay in float32.
        k: (v.to(dtype) if dtype and k in params else v).detach().cpu().contiguous()
        for k, v in model.state_dict().items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    with replacing(folder / WEIGHTS) as path:
        path.write_bytes(serialise(tensors, metadata={"format": "pt"}))
    save_spec(folder, spec)


def save_spec(folder: Path, spec: Spec) -> None:
    with replacing(folder / CONFIG) as path:
        path.write_text(json.dumps(spec.model_dump(), indent=2) + "\n", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write to what is yielded, which lies beside `path` and is moved over it at the end: a reader sees the old or the
    new, never half of one, and nothing stays of what could not be finished. CheckpointError: it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def check_writable(path: Path, make_folders: bool = False) -> None:
    """Whether `path` could be written, before the work whose result goes there. CheckpointError: it could not.

    make_folders: whether those that lead there are made when it is written.
    """
    try:
        if path.is_dir():
            raise _os_error(errno.EISDIR)
        folders = path.absolute().parents
        there = next(folder for folder in folders if folder.exists()) if make_folders else folders[0]
        if not there.is_dir():
            raise _os_error(errno.ENOTDIR if there.exists() or there.parent.is_file() else errno.ENOENT)
        if not os.access(there, os.W_OK | os.X_OK):
            raise _os_error(errno.EACCES)
    except OSError as error:  # also of a name that is too long
        raise unwritable(path, error) from None


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{path} cannot be written: {error.strerror or error}; choose another place, or make it writable."
    )


def _check_size(path: Path, name: str) -> None:
    if not path.is_file():
        raise CheckpointError(f"{name}: {path.name} is missing; restore it, or load it again.")
    if path.stat().st_size > (most := MAX_BYTES[path.name]):
        raise CheckpointError(f"{name}: {path.name} is larger than {most // 1024} KiB, which no model of ours is.")


def _bounded_bytes(path: Path, name: str, files: Mapping[str, bytes] | None = None) -> bytes:
    if files is None:
        _check_size(path, name)
        return path.read_bytes()
    if path.name not in files:
        raise CheckpointError(f"{name}: {path.name} is missing; restore it, or load it again.")
    return files[path.name]  # bounded by whoever took them


def _diff(wanted: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> str:
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            return f"{plain(key)} should be {wanted.get(key, 'absent')} and is {plain(found.get(key, 'absent'))}"
    return "no difference"
