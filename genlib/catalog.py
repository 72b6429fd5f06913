"""What there is: model files and shipped checkpoints. Adding a file or a folder adds it here by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from genlib.contract import GenlibError

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.models.base import Model

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"


@cache
def model_names() -> tuple[str, ...]:
    """The names of the model files, without importing them."""
    import genlib.models

    return tuple(sorted(m.name for m in pkgutil.iter_modules(genlib.models.__path__) if m.name != "base"))


def model_class(name: str) -> type[Model]:
    """The model that genlib/models/NAME.py defines. GenlibError: there is no such file."""
    from genlib.models.base import Model

    if name not in model_names():
        raise GenlibError(f"There is no model called {name!r}: choose one of {', '.join(model_names())}.")
    module = importlib.import_module(f"genlib.models.{name}")
    (cls,) = (
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Model) and c.__module__ == module.__name__
    )
    return cls


def checkpoints(root: Path | None = None) -> dict[str, Checkpoint]:
    """The checkpoints under `root` (None: the shipped ones) that can be read, by name; reads their config.json only."""
    from genlib.checkpoint import Checkpoint

    found = {}
    for folder in sorted(p.parent for p in (root or CHECKPOINTS).glob("*/config.json")):
        try:
            found[folder.name] = Checkpoint.read(folder)
        except GenlibError:  # a folder that is being written, or is damaged: load(NAME) says what is wrong with it
            continue
    return found
