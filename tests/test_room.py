"""How much memory is left: by the host's word, by the control group, by the machine."""

from __future__ import annotations

import pytest

from genlib import room


def test_the_least_of_what_is_said_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes: the host's word less what the process has, a group's limit less the same, what the machine has left."""
    said = {"/proc/self/statm": 1000, "/proc/meminfo": 8 << 20}
    monkeypatch.setattr(room, "_number", lambda path, word=0, line="": said.get(path))
    monkeypatch.delenv(room.VARIABLE, raising=False)
    taken = 1000 * 4096
    assert room.free() == 8 << 30
    assert room.plenty()
    for path in room.LIMITS:
        said[path] = 2 << 30
        assert room.free() == (2 << 30) - taken
        del said[path]
    monkeypatch.setenv(room.VARIABLE, "690")
    assert room.free() == (690 << 20) - taken
    assert not room.plenty()
    said.clear()
    monkeypatch.setenv(room.VARIABLE, "much")
    assert room.plenty(), "nobody says anything"
