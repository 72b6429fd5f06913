"""The command line, as a user types it: a subprocess where it can be killed, in-process elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genlib import catalog
from genlib.__main__ import main
from genlib.checkpoint import Checkpoint

TRAIN = ["train", "gan-digits", "--fresh", "--batch-size", "16", "--set", "width=16", "--set", "latent=4"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place to train in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path


def test_train_writes_a_checkpoint_that_loads_and_samples(place: Path) -> None:
    assert main([*TRAIN, "--steps", "3", "--device", "cpu"]) == 0
    checkpoint = Checkpoint.read(place / "checkpoints" / "gan-digits")
    assert checkpoint.spec.trained_steps == 3
    assert checkpoint.spec.recipe.batch_size == 16
    assert checkpoint.spec.config["width"] == 16
    assert "gan-digits" in checkpoint.card()
    assert main(["sample", "gan-digits", "out.png", "--count", "4", "--seed", "7"]) == 0
    assert (place / "out.png").read_bytes().startswith(b"\x89PNG")


def test_train_again_takes_the_recipe_that_is_stored(place: Path) -> None:
    assert main([*TRAIN, "--steps", "2", "--seed", "5"]) == 0
    assert main(["train", "gan-digits", "--fresh", "--steps", "3"]) == 0
    spec = json.loads((place / "checkpoints" / "gan-digits" / "config.json").read_text())
    assert (spec["recipe"]["seed"], spec["recipe"]["steps"], spec["config"]["width"]) == (5, 3, 16)


def test_a_killed_training_goes_on_where_it_was(place: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    code = "import genlib.__main__ as m, sys; m.STORE_EVERY_S = 0; sys.exit(m.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *TRAIN, "--steps", "1000000"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.DEVNULL)
    state = place / ".runs" / "gan-digits.pt"
    try:
        deadline = time.monotonic() + 120
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert state.exists(), "nothing was stored"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    command[command.index("--fresh")] = "--bfloat16"  # any harmless option: the same command without --fresh
    command[-1] = "200000"
    process = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().decode().startswith("Going on from step ")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "gan-nothing"], "nothing"),
        (["train", "gan-digits", "--steps", "0"], "steps"),
        (["train", "gan-digits", "--set", "width"], "NAME=VALUE"),
        (["train", "gan-digits", "--set", "width=100000"], "width|less than"),
        (["train", "nosuch-digits"], "no model called 'nosuch'"),
        (["sample", "nosuch", "out.png"], "no checkpoint called 'nosuch'"),
        (["data", "build", "nosuch"], "nosuch"),
        (["push", "nosuch", "user/name"], "nosuch"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], words: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    assert main(arguments) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("genlib: ")
    assert "\n" not in said
    assert re.search(words, said)


def test_list_names_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in catalog.checkpoints())
