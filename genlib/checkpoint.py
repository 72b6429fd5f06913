"""Save and load checkpoints: a folder with config.json, model.safetensors and README.md (the model card).

The same layout is shipped in checkpoints/NAME/ and kept on the Hugging Face Hub. Nothing in it is trusted: sizes are
bounded, the config is validated against the model's own bounds, weights are safetensors only and are compared
with the config, shape by shape, before any memory is taken for them.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from genlib import catalog
from genlib.contract import Config, GenlibError, Recipe

if TYPE_CHECKING:
    import torch

    from genlib.models.base import Model

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
MAX_BYTES = {CONFIG: 64 * 1024, WEIGHTS: 64 * 1024**2, CARD: 256 * 1024}


class CheckpointError(GenlibError):
    """A checkpoint that is missing, damaged, hostile or not ours."""


class Spec(BaseModel):
    """What config.json holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")  # the model file's name
    config: dict[str, JsonValue]
    recipe: Recipe
    trained_steps: int = Field(0, ge=0, le=10**9)
    measured: dict[str, JsonValue] = Field(default_factory=dict)  # what `genlib eval` found, with protocol


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder whose config.json was read and validated; the weights are not loaded yet."""

    folder: Path
    spec: Spec
    model_config: Config
    source: str = field(default="")  # a shipped name, or user/name@commit of the Hub
    note: str = field(default="")  # what a visitor should know: that an earlier copy serves, and why

    @classmethod
    def read(cls, folder: Path, source: str | None = None) -> Checkpoint:
        """Validate folder/config.json. CheckpointError: missing, too large, not JSON, unknown model, out of bounds."""
        name = source or folder.name
        try:
            spec = Spec.model_validate_json(_bounded_bytes(folder / CONFIG, name))
        except ValidationError as error:
            raise CheckpointError(f"{name}: config.json is not valid: {_first_problem(error)}.") from None
        try:
            model = catalog.model_class(spec.model)
        except GenlibError as error:
            raise CheckpointError(f"{name}: {error}") from None
        try:
            config = model.Config.model_validate(spec.config)
        except ValidationError as error:
            raise CheckpointError(
                f"{name}: config.json does not describe a {spec.model} model: {_first_problem(error)}."
            ) from None
        return cls(folder, spec, config, name)

    @property
    def name(self) -> str:
        return self.source

    @property
    def model_class(self) -> type[Model]:
        return catalog.model_class(self.spec.model)

    def card(self) -> str:
        """The model card (Markdown with YAML front matter), or '' where there is none."""
        path = self.folder / CARD
        return _bounded_bytes(path, self.name).decode("utf-8", "replace") if path.exists() else ""

    def load(self, device: torch.device | str = "cpu") -> Model:
        """The model with its weights, in evaluation mode, float32. CheckpointError: weights missing or not matching."""
        import torch
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load_file

        path = self.folder / WEIGHTS
        _check_size(path, self.name)
        model = _outline(self.model_class, self.model_config)
        wanted = {k: tuple(v.shape) for k, v in model.state_dict().items()}
        try:
            with safe_open(path, framework="pt") as file:
                found = {k: tuple(file.get_slice(k).get_shape()) for k in file.keys()}  # noqa: SIM118 (not a dict)
            if found != wanted:
                raise CheckpointError(
                    f"{self.name}: model.safetensors does not fit config.json: {_diff(wanted, found)}."
                )
            weights = load_file(path)
        except SafetensorError as error:
            raise CheckpointError(
                f"{self.name}: model.safetensors is damaged ({_plain(error)}); restore it, or load it again."
            ) from None
        types = {k: v.dtype for k, v in model.state_dict().items()}
        floats = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
        for k, v in weights.items():
            if v.dtype != types[k] and not {v.dtype, types[k]} <= floats:
                raise CheckpointError(f"{self.name}: model.safetensors holds {v.dtype} for {k}, not {types[k]}.")
        model.load_state_dict({k: v.to(types[k]) for k, v in weights.items()}, assign=True)
        if not all(v.isfinite().all() for v in model.state_dict().values()):
            raise CheckpointError(f"{self.name}: model.safetensors holds numbers that are not finite.")
        # channels_last: convolutions on the CPU take two thirds of the time.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations
        return model.to(device).eval().requires_grad_(False)


def load(name: str | os.PathLike[str], revision: str | None = None, device: torch.device | str = "cpu") -> Model:
    """A trained model: of a shipped checkpoint ("dcgan-faces"), a folder, or a Hub repository ("user/repo").

    Raises CheckpointError with one sentence when there is none of that name or it cannot be used.
    """
    return find(name, revision).load(device)


def find(name: str | os.PathLike[str], revision: str | None = None) -> Checkpoint:
    """Like load(), without the weights."""
    if isinstance(name, os.PathLike):
        return Checkpoint.read(Path(name))
    if "/" in name:  # whatever it is: hub.pull checks it, and repeats no address that may hold a token
        from genlib import hub

        return hub.pull(name, revision)
    shipped = catalog.CHECKPOINTS / name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,95}", name) or not (shipped / CONFIG).exists():
        raise CheckpointError(
            f"There is no checkpoint called '{_plain(name, 96)}': choose one of {', '.join(catalog.checkpoints())}, "
            "or a Hugging Face repository as user/name."
        )
    return Checkpoint.read(shipped)


def _outline(model_class: type[Model], config: Config) -> Model:
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


def save(model: Model, folder: Path, spec: Spec, dtype: torch.dtype | None = None) -> None:
    """Write config.json and model.safetensors, each atomically. `dtype`: of parameters on disk (None: as they are)."""
    from safetensors.torch import save_file

    params = {k for k, _ in model.named_parameters()}
    tensors = {
        # Buffers (batch norm's running variance may be tiny) are few: they stay in float32.
        k: (v.to(dtype) if dtype and k in params else v).detach().cpu().contiguous()
        for k, v in model.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    with _replacing(folder / WEIGHTS) as path:
        save_file(tensors, path, metadata={"format": "pt"})
    save_spec(folder, spec)


def save_spec(folder: Path, spec: Spec) -> None:
    with _replacing(folder / CONFIG) as path:
        path.write_text(json.dumps(spec.model_dump(), indent=2) + "\n", encoding="utf-8")


class _replacing:
    """Write beside the file and move over it at the end: a reader sees the old or the new, never half of one."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")

    def __enter__(self) -> Path:
        return self.part

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            os.replace(self.part, self.path)
        else:
            self.part.unlink(missing_ok=True)


def _check_size(path: Path, name: str) -> None:
    if not path.is_file():
        raise CheckpointError(f"{name}: {path.name} is missing; restore it, or load it again.")
    if path.stat().st_size > (most := MAX_BYTES[path.name]):
        raise CheckpointError(f"{name}: {path.name} is larger than {most // 1024} KiB, which no model of ours is.")


def _bounded_bytes(path: Path, name: str) -> bytes:
    _check_size(path, name)
    return path.read_bytes()


def _first_problem(error: ValidationError) -> str:
    problem: Any = error.errors(include_url=False, include_input=False)[0]
    where = _plain(".".join(map(str, problem["loc"]))) or "the file"
    return f"{where}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"[:300]


def _diff(wanted: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> str:
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            return f"{_plain(key)} should be {wanted.get(key, 'absent')} and is {_plain(found.get(key, 'absent'))}"
    return "no difference"


def _plain(foreign: object, most: int = 120) -> str:
    """Words of a stranger for a message of ours: short, one line, nothing that a terminal or Markdown would obey."""
    return re.sub(r"[^\w.,:;()'=/ -]+", " ", str(foreign))[:most]
