"""The unmodified client against a local server over loopback.

The client takes its endpoint from HF_ENDPOINT when it is imported, so these fixtures import a client of their own, with
the local server's address in the environment: configured as anyone would, and nothing in it replaced.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from fake_hub import FakeHub, Repo
from pulling import LIMITS, NAME

import genlib
from genlib import catalog, checkpoint
from genlib.checkpoint import CARD, CONFIG, WEIGHTS, Spec
from genlib.contract import Recipe


@pytest.fixture(scope="module")
def server() -> Iterator[FakeHub]:
    server = FakeHub()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def module(server: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """genlib.hub, freshly imported with a client whose Hub is the server."""

    def ours(name: str) -> bool:
        return name.split(".")[0] == "huggingface_hub" or f"{name}.".startswith("genlib.hub.")

    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if ours(n)]:
            patch.delitem(sys.modules, name)
        patch.setenv("HF_ENDPOINT", server.url)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DISABLE_XET"):
            patch.delenv(name, raising=False)
        patch.setattr(genlib, "hub", None, raising=False)
        yield importlib.import_module("genlib.hub")
        for name in [n for n in sys.modules if ours(n)]:
            del sys.modules[name]


@pytest.fixture
def hub(module: ModuleType, server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """genlib.hub with an empty cache, and a server without repositories or faults."""
    monkeypatch.setattr(module.cache.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name, where in LIMITS.items():  # on a busy machine nothing ends by chance
        monkeypatch.setattr(getattr(module, where), name, 60.0)
    server.heal()
    server.repos.clear()
    server.log.clear()
    server.signatures.clear()
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """checkpoints/tiny-gan, with a card and a sample picture."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-gan"
    cls = catalog.model_class("gan")
    torch.manual_seed(0)
    spec = Spec(model="gan", config=cls.tiny()[0].model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()[0]), folder, spec)
    (folder / CARD).write_text("---\nlicense: mit\n---\n\n# Tiny\n")
    (folder / "samples.png").write_bytes(b"\x89PNG\r\n\x1a\n, almost")
    return folder


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (CONFIG, WEIGHTS, CARD)}


@pytest.fixture
def repo(hub: Any, server: FakeHub, files: dict[str, bytes]) -> Repo:
    repo = server.repos[NAME] = Repo()
    repo.commit(files)
    return repo
