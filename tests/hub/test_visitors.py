"""A visitor pushes what a run on Train made, with a token of their own that is nowhere afterwards."""

from __future__ import annotations

import gc
import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_hub import TOKEN, FakeHub
from pulling import one_sentence
from streamlit.testing.v1 import AppTest

from genlib.jobs import HERE
from genlib.ui.lab import desk as desks

PAGE = str(Path(__file__).parents[2] / "pages" / "train.py")
LONG = 120
KEYS = [f"train._push0.{part}" for part in ("repo", "token", "private", "push")]


@pytest.fixture
def ended(hub: Any, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Train, after a short run."""
    monkeypatch.setattr(hub.cache.constants, "HF_HUB_DISABLE_XET", True)
    at = AppTest.from_file(PAGE, default_timeout=LONG)
    for name, text in {"width": "8", "batch": "16", "steps": "3"}.items():
        at.query_params[name] = text
    at.run()
    at.button(key="train.start").click().run()
    (shown,) = at.session_state[desks.DESK].shown
    with HERE.changed:
        assert HERE.changed.wait_for(lambda: shown.job.snapshot().ended, LONG)
    at.run()
    return at


def push(at: AppTest, repo: str, token: str) -> Any:
    """What became of it: a push, or none."""
    at.text_input(key="train._push0.repo").set_value(repo)
    at.text_input(key="train._push0.token").set_value(token)
    next(button for button in at.button if button.label == "Push").click().run()
    assert not at.exception
    assert at.text_input(key="train._push0.token").value == ""
    if (found := at.session_state["train._push0.push"]) is not None:
        found.join(LONG)
        at.run()
    return found


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, by whatever logger."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def test_it_is_pushed_and_the_token_is_nowhere(server: FakeHub, ended: AppTest, logged: io.StringIO) -> None:
    done = push(ended, "ada/mine", TOKEN)
    assert not done.error
    assert any("ada/mine" in told.value for told in ended.success)
    repo = server.repos["ada/mine"]
    assert repo.private
    files = repo.commits[repo.refs["main"]]
    assert set(files) == {"config.json", "model.safetensors", "README.md", "sample.png"}
    assert b"shipped with genlib" not in files["README.md"]
    assert logged.getvalue()
    assert TOKEN not in logged.getvalue()
    assert TOKEN not in repr({key: ended.session_state[key] for key in KEYS})
    gc.collect()
    modules = [id(vars(module)) for module in list(sys.modules.values())]
    kept = [x for x in gc.get_objects() if type(x) is dict and id(x) not in modules and TOKEN in strings(x)]
    assert not kept


def strings(of: dict[Any, Any]) -> list[str]:
    return [value for value in list(of.values()) if type(value) is str]


@pytest.mark.parametrize(
    ("repo", "token", "told"),
    [
        ("ada/mine", "hf_wrong", "does not accept this token"),
        ("ada/mine", "", "That is no token"),
        ("ada/mine", "hf_é\nx", "That is no token"),
        ("mine", TOKEN, "user/name"),
    ],
)
def test_what_cannot_be_pushed_is_one_sentence(ended: AppTest, repo: str, token: str, told: str) -> None:
    push(ended, repo, token)
    (error,) = ended.error
    assert told in one_sentence(error.value)
