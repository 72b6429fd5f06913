"""The command line, as a user types it: a subprocess where it can be killed, in-process elsewhere."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genlib import catalog, sources
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
    code = (
        "import genlib.experiment as e, genlib.__main__ as m, sys; e.STORE_EVERY_S = 0; sys.exit(m.main(sys.argv[1:]))"
    )
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


def test_ctrl_c_ends_between_two_steps_and_says_what_to_do(place: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "genlib", *TRAIN, "--steps", "1000000", "--device", "cpu"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    seen = ""
    while "loss D" not in seen and process.poll() is None:  # until it trains
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 2
    assert re.search(r"Stopped after [\d,]+ steps, which are kept", rest)
    assert (place / ".runs" / "gan-digits.pt").exists()
    assert not (root / ".runs" / "gan-digits.pt").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "gan-nothing"], "nothing"),
        (["train", "gan-digits", "--steps", "0"], "steps"),
        (["train", "gan-digits", "--set", "width"], "NAME=VALUE"),
        (["train", "gan-digits", "--set", "width=100000"], "width|less than"),
        (["train", "gan-digits", "--set", "colour=1"], "no setting 'colour'"),
        (["train", "nosuch-digits"], "no model called 'nosuch'"),
        (["train", "../evil"], "cannot name a checkpoint"),
        (["train", "dcgan-ring8"], "space"),
        (["train", "gan-digits", "--device", "abacus"], "no device 'abacus'"),
        (["train", "gan-digits", "--device", "cuda:99"], "no device 'cuda:99'"),
        (["eval", "nosuch"], "no checkpoint called 'nosuch'"),
        (["eval", "user/name"], "no checkpoint called"),
        (["eval", "tiny", "--device", "abacus"], "no device 'abacus'"),
        (["sample", "nosuch", "out.png"], "no checkpoint called 'nosuch'"),
        (["sample", "tiny", "/nowhere/x.png"], "/nowhere/x.png cannot be written"),
        (["sample", "tiny", "."], "cannot be written"),
        (["sample", "tiny", "out.png", "--count", "0"], "at most 1,000"),
        (["sample", "tiny", "out.png", "--device", "abacus"], "no device 'abacus'"),
        (["translate", "tiny", "in.png", "out.png"], "translates nothing"),
        (["data", "build", "nosuch"], "nosuch"),
        (["push", "nosuch", "user/name"], "nosuch"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], words: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from genlib import checkpoint
    from genlib.contract import Recipe

    cls = catalog.model_class("gan")
    config = cls.tiny()[0]
    spec = checkpoint.Spec(model="gan", config=config.model_dump(mode="json"), recipe=Recipe(data="digits"))
    checkpoint.save(cls(config), place / "checkpoints" / "tiny", spec)
    before = sorted(place.rglob("*"))
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("genlib: ")
    assert "\n" not in said
    assert re.search(words, said)
    assert sorted(place.rglob("*")) == before, "something was left behind"


def test_points_are_trained_and_sampled_by_the_same_commands(place: Path) -> None:
    small = ["--set", "width=16", "--set", "latent=2", "--set", "batch_norm=false"]
    assert main(["train", "gan-ring8", "--steps", "3", "--batch-size", "16", "--device", "cpu", *small]) == 0
    assert main(["sample", "gan-ring8", "out.png", "--count", "500"]) == 0
    assert (place / "out.png").read_bytes().startswith(b"\x89PNG")


def test_list_names_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in sources.checkpoints())


def a_translator(place: Path) -> None:
    from genlib import catalog, checkpoint
    from genlib.contract import Recipe

    cls = catalog.model_class("pix2pix")
    config = cls.Config(
        space={"kind": "pictures", "channels": 3, "side": 32}, generator_width=4, discriminator_width=4, latent=2
    )
    spec = checkpoint.Spec(model="pix2pix", config=config.model_dump(mode="json"), recipe=Recipe(data="emoji", size=64))
    checkpoint.save(cls(config), place / "checkpoints" / "tiny-sketch", spec)


def test_translate_writes_a_picture(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image, ImageDraw

    a_translator(place)
    image = Image.new("RGB", (700, 600), "white")
    ImageDraw.Draw(image).ellipse((200, 150, 500, 450), outline="black", width=8)
    image.save("in.png")
    assert main(["translate", "tiny-sketch", "in.png", "typical.png"]) == 0
    assert main(["translate", "tiny-sketch", "in.png", "three.png", "--seed", "3", "--source", "line-drawings"]) == 0
    assert main(["translate", "tiny-sketch", "in.png", "again.png", "--seed", "3"]) == 0
    assert Image.open("three.png").size == (700, 600)
    assert Path("three.png").read_bytes() == Path("again.png").read_bytes()
    assert "Wrote three.png." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tiny-sketch", "nowhere.png"], "nowhere.png cannot be read"),
        (["tiny-sketch", "text.png"], "not a picture"),
        (["tiny-sketch", "large.png"], "at most 10 MB"),
        (["tiny-sketch", "in.png", "--source", "cats"], "not from 'cats'"),
        (["tiny-sketch", "in.png", "--seed", "-1"], "Seeds go from 0"),
    ],
)
def test_translate_in_vain(place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    from PIL import Image

    a_translator(place)
    Image.new("RGB", (100, 100), "white").save("in.png")
    Path("text.png").write_text("hello")
    Path("large.png").write_bytes(bytes(10_000_001))
    assert main(["translate", arguments[0], arguments[1], "out.png", *arguments[2:]]) == 2
    assert words in capsys.readouterr().err
    assert not Path("out.png").exists()
