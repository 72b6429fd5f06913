"""Push: what a repository holds afterwards, and how a push fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from fake_hub import TOKEN, FakeHub
from pulling import NAME, impatient, one_sentence

from genlib import catalog, sources
from genlib.checkpoint import CARD, CONFIG, MOMENTS, WEIGHTS, CheckpointError


@pytest.fixture
def shipped(hub: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # By git LFS: the server offers Xet and speaks none.
    monkeypatch.setattr(hub.cache.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder.parent)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return folder.name


def test_push_then_pull(hub: Any, server: FakeHub, shipped: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "optimizer.pt").write_bytes(b"not for others")
    (folder / MOMENTS).write_bytes(b"pictures of its training")
    assert hub.push(shipped, "grace/new", private=True) == f"{server.url}/grace/new"
    repo = server.repos["grace/new"]
    assert repo.private
    assert repo.commits[repo.refs["main"]] == {
        name: (folder / name).read_bytes() for name in (CONFIG, WEIGHTS, CARD, MOMENTS, "samples.png")
    }
    assert (hub.pull("grace/new").folder / MOMENTS).read_bytes() == b"pictures of its training"
    assert torch.equal(
        hub.pull("grace/new").load().sample([3]),
        sources.load(folder).sample([3]),
    )
    hub.push(shipped, "grace/new", revision="v1")  # it exists now
    assert repo.commits[repo.refs["v1"]] == repo.commits[repo.refs["main"]]
    hub.push(shipped, "grace/new", revision="v1")  # so does the branch
    assert hub.pull("grace/new", "v1").folder.name == repo.refs["v1"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"kind": "status", "status": 403, "where": "/create"}, "does not allow", id="may not create"),
        pytest.param({"kind": "status", "status": 500, "where": "/create"}, "HTTP 500", id="500"),
        pytest.param({"kind": "status", "status": 429, "where": "/create"}, "HTTP 429", id="429"),
        pytest.param({"kind": "status", "status": 403, "where": "/lfs/"}, "does not allow", id="upload refused"),
        pytest.param({"kind": "status", "status": 403, "where": "/commit/"}, "does not allow", id="commit refused"),
        pytest.param({"kind": "status", "status": 400, "where": "/commit/"}, "HTTP 400", id="bad commit"),
        pytest.param({"kind": "hang", "where": "/create"}, "did not answer", id="hang"),
        pytest.param({"kind": "cut", "where": "/create"}, "cut off", id="cut"),
        pytest.param({"kind": "page", "where": "/create"}, "is not the Hugging Face Hub", id="login page"),
    ],
)
def test_a_push_that_fails(hub: Any, server: FakeHub, shipped: str, fault: dict[str, Any], words: str) -> None:
    limits = ["PUSH_S"] if fault["kind"] == "hang" else []
    with server.failing(**fault), impatient(hub, *limits), pytest.raises(hub.HubError) as caught:
        hub.push(shipped, NAME)
    assert words in one_sentence(str(caught.value))


def test_a_push_that_cannot_begin(
    hub: Any, server: FakeHub, shipped: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **more: Any) -> str:
        with pytest.raises(CheckpointError) as caught:
            hub.push(*args, **more)
        return one_sentence(str(caught.value))

    assert "no checkpoint called 'absent'" in fails("absent", NAME)
    assert "user/name" in fails(shipped, "tiny")
    assert "a tag or a commit" in fails(shipped, NAME, revision="a..b")
    monkeypatch.delenv("HF_TOKEN")
    assert "Nobody is logged in" in fails(shipped, NAME)
    assert server.log == []
    monkeypatch.setenv("HF_TOKEN", TOKEN + "x")
    assert "does not accept the token" in fails(shipped, NAME)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    card = (folder / CARD).read_text()
    (folder / CARD).write_text("---\n\tlicense: mit\n---\n")
    try:
        assert "YAML" in fails(shipped, NAME)
    finally:
        (folder / CARD).write_text(card)
