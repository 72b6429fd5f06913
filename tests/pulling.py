"""What the tests of the Hub have in common; their client and server are fixtures of tests/hub/conftest.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_hub import TOKEN, FakeHub, etag

from genlib.checkpoint import WEIGHTS

NAME = "ada/tiny"
LIMITS = {"LOOK_S": "download", "STALL_S": "download", "PUSH_S": "upload"}  # each with the module it is in


@contextlib.contextmanager
def impatient(hub: Any, *limits: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in limits:
            patch.setattr(getattr(hub, LIMITS[name]), name, 0.5)
        yield


def fails(hub: Any, *args: Any, **more: Any) -> str:
    """The sentence in which a pull ends."""
    with pytest.raises(hub.HubError) as caught:
        hub.pull(*(args or (NAME,)), **more)
    return one_sentence(str(caught.value))


def one_sentence(said: str) -> str:
    assert said.endswith(".")
    assert ". " not in said
    assert "\n" not in said
    assert TOKEN not in said
    assert "://" not in said
    return said


def works(hub: Any, revision: str | None = None) -> Any:
    """Pull, load and sample; no earlier copy stands in."""
    found = hub.pull(NAME, revision)
    assert found.note == ""
    assert found.load().sample([1, 2]).shape == (2, 1, 8, 8)
    return found


def asked(server: FakeHub, *parts: str) -> list[tuple[str, str]]:
    return [entry for entry in server.log if all(part in " ".join(entry) for part in parts)]


def in_cache(hub: Any, data: bytes, name: str = WEIGHTS) -> bool:
    """Whether the cache has a blob under the name of this content."""
    return any(Path(hub.cache.constants.HF_HUB_CACHE).glob(f"*/blobs/{etag(name, data)}"))
