"""What there is: model files and checkpoint folders. Adding a file or a folder adds it here by itself.

What a model file says of itself is also read from its source, without running it: a page can show names, words and
pictures before torch, which every model imports, is there.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import data, taxonomy
from genlib.contract import Paper
from genlib.errors import GenlibError

if TYPE_CHECKING:
    from genlib.models.base import Model

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"


@dataclass(frozen=True)
class About:
    """What a model file says of its model, as base.Model declares it, and what the model can do."""

    title: str
    idea: str
    paper: Paper
    family: tuple[str, ...] | None
    aside: str
    capabilities: frozenset[str]  # names of the protocols of genlib.contract
    short: str = ""

    @property
    def place(self) -> tuple[int, int, str]:
        """Sorts models as the family tree does, and by year within a branch; what is not in the tree comes last."""
        return (taxonomy.position(self.family), self.paper.year, self.title)


@dataclass(frozen=True)
class Listed:
    """A checkpoint folder, of which only its model, its data and the kind of its space were read."""

    name: str
    folder: Path
    model: str
    about: About
    kind: str  # "pictures" or "points"
    data: str  # that it learned from

    @property
    def title(self) -> str:
        return _title(self.about, self.data)


def model_paths() -> dict[str, Path]:
    """The model files by name, without importing them."""
    import genlib.models

    folders = [Path(folder) for folder in genlib.models.__path__]
    return _model_paths(tuple((folder, folder.stat().st_mtime_ns) for folder in folders))


@lru_cache(maxsize=8)  # a page asks for every checkpoint in every run
def _model_paths(folders: tuple[tuple[Path, int], ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder, _ in folders:
        for module in pkgutil.iter_modules([str(folder)]):
            if module.name != "base":
                found.setdefault(module.name, folder / f"{module.name}.py")
    return dict(sorted(found.items()))


def model_names() -> tuple[str, ...]:
    return tuple(model_paths())


def model_class(name: str) -> type[Model[Any, Any, Any]]:
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


def about(name: str) -> About:
    """What genlib/models/NAME.py says of its model; the file is read, not run. GenlibError: there is no such file."""
    paths = model_paths()
    if name not in paths:
        raise GenlibError(f"There is no model called {name!r}: choose one of {', '.join(paths)}.")
    return _about(paths[name], paths[name].stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _about(path: Path, changed: int) -> About:
    (model,) = (
        node
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.ClassDef) and any(_name(base) == "Model" for base in node.bases)
    )
    said: dict[str, Any] = {"family": None, "aside": ""}
    for line in model.body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            key, value = line.targets[0].id, line.value
            if key == "paper":
                assert isinstance(value, ast.Call)
                said[key] = Paper(*map(ast.literal_eval, value.args))
            elif key in ("title", "short", "idea", "family", "aside"):
                said[key] = ast.literal_eval(value)
    return About(capabilities=frozenset(map(_name, model.bases)) - {"Model"}, **said)


def title(model: str, learned: str) -> str:
    """What a checkpoint is called for people, by its model and the data it learned from: "Drawn faces by DCGAN"."""
    return _title(about(model), learned)


def _title(said: About, learned: str) -> str:
    try:
        # In short: "Emoji with their line drawings (OpenMoji)" are emoji.
        names = [re.split(" with | [(]", data.info(part).title)[0] for part in data.parts(learned)]
    except GenlibError:  # a stranger's model, of data that is not here
        names = [learned]
    names[1:] = [name[:1].lower() + name[1:] for name in names[1:]]
    called = said.short or said.title
    if not said.short and called[1:].islower():  # a word, not a name
        called = f"{'an' if called[0] in 'AEIOU' else 'a'} {called.lower()}"
    return f"{' and '.join(names)} by {called}"


def titles(shelf: Iterable[Listed]) -> dict[str, str]:
    """Name -> title of checkpoints, no two alike: the name tells apart those that a title does not."""
    shelf = list(shelf)
    shared = Counter(c.title for c in shelf)
    return {c.name: c.title if shared[c.title] == 1 else f"{c.title} ({c.name})" for c in shelf}


def _name(base: ast.expr) -> str:
    """Of a base class: Samples, contract.Samples, Trains[Training]."""
    if isinstance(base, ast.Subscript):
        base = base.value
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def shelf(root: Path | None = None) -> dict[str, Listed]:
    """The checkpoint folders under `root` (None: the shipped ones), by name, in the order of the family tree."""
    found, files = [], model_paths()
    for path in (root or CHECKPOINTS).glob("*/config.json"):
        try:
            model, kind, learned = _read(path, path.stat().st_mtime_ns)
            about = _about(files[model], files[model].stat().st_mtime_ns)
            found.append(Listed(path.parent.name, path.parent, model, about, kind, learned))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, GenlibError):
            continue  # being written, or damaged: checkpoint.load(NAME) says what is wrong with it
    return {c.name: c for c in sorted(found, key=lambda c: (c.about.place, c.name))}


@lru_cache(maxsize=256)
def _read(config: Path, changed: int) -> tuple[str, str, str]:
    """The model's name, the kind of its space and the name of its data, of a config.json."""
    spec = json.loads(config.read_bytes())
    return spec["model"], spec["config"].get("space", {}).get("kind", "pictures"), spec["recipe"]["data"]
