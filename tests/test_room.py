"""How much memory is left: by the host's word, by the control group, by the machine."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize(
    ("two", "one", "cores"),
    [("200000 100000", None, 2), ("8000 100000", None, 1), ("max 100000", None, None), (None, ("250000", "100000"), 2),
     (None, ("-1", "100000"), None), (None, None, None)],
)  # fmt: skip
def test_a_share_of_the_cores_is_whole_ones(
    two: str | None, one: tuple[str, str] | None, cores: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"max": two, "quota": one and one[0], "period": one and one[1]}
    for name, text in files.items():
        if text:
            (tmp_path / name).write_text(text + "\n")
    at = {name: str(tmp_path / name) for name in files}
    monkeypatch.setattr(room, "SHARES", (((at["max"],) * 2, (0, 1)), ((at["quota"], at["period"]), (0, 0))))
    assert room.cores() == cores
