"""The command line, as a user types it: a subprocess where it can be killed, in-process elsewhere."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genlib import catalog, checkpoint, data, sources
from genlib.__main__ import PROGRAM, _parser, main
from genlib.checkpoint import Checkpoint, Spec
from genlib.contract import Recipe

pytestmark = pytest.mark.usefixtures("sets_unpacked_once")
TRAIN = ["train", "gan-digits", "--fresh", "--batch-size", "16", "--set", "width=16", "--set", "latent=4"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place to train in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path


def a_gan(place: Path) -> None:
    cls = catalog.model_class("gan")
    spec = Spec(model="gan", config=cls.tiny()[0].model_dump(mode="json"), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()[0]), place / "checkpoints" / "tiny", spec)


def a_translator(place: Path) -> None:
    cls = catalog.model_class("pix2pix")
    space = {"kind": "pictures", "channels": 3, "side": 32}
    config = cls.Config(space=space, generator_width=4, discriminator_width=4, latent=2)
    spec = Spec(model="pix2pix", config=config.model_dump(mode="json"), recipe=Recipe(data="emoji", size=64))
    checkpoint.save(cls(config), place / "checkpoints" / "tiny-sketch", spec)


def a_scorer(place: Path, name: str, model: str, **config: Any) -> None:
    cls = catalog.model_class(model)
    made = cls.Config(**config)
    torch.manual_seed(0)
    spec = Spec(model=model, config=made.model_dump(mode="json"), recipe=Recipe(data="digits"))
    checkpoint.save(cls(made), place / "checkpoints" / name, spec)


def test_train_writes_a_checkpoint_that_loads_and_samples(place: Path) -> None:
    assert main([*TRAIN, "--steps", "3", "--device", "cpu"]) == 0
    made = Checkpoint.read(place / "checkpoints" / "gan-digits")
    assert made.spec.trained_steps == 3
    assert made.spec.recipe.batch_size == 16
    assert made.spec.config["width"] == 16
    assert "gan-digits" in made.card()
    assert main(["sample", "gan-digits", "out.png", "--count", "4", "--seed", "7"]) == 0
    assert (place / "out.png").read_bytes().startswith(b"\x89PNG")


def test_train_again_takes_the_recipe_that_is_stored(place: Path) -> None:
    assert main([*TRAIN, "--steps", "2", "--seed", "5"]) == 0
    assert main(["train", "gan-digits", "--fresh", "--steps", "3"]) == 0
    spec = json.loads((place / "checkpoints" / "gan-digits" / "config.json").read_text())
    assert (spec["recipe"]["seed"], spec["recipe"]["steps"], spec["config"]["width"]) == (5, 3, 16)


def test_a_killed_training_goes_on_where_it_was_and_ctrl_c_ends_it_between_two_steps(place: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    code = (
        "import genlib.experiment as e, genlib.__main__ as m, sys; e.STORE_EVERY_S = 0; sys.exit(m.main(sys.argv[1:]))"
    )
    arguments = [*TRAIN, "--device", "cpu", "--steps", "1000000"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=place, env=environment, stderr=subprocess.DEVNULL
    )
    state = place / ".runs" / "gan-digits.pt"
    try:
        deadline = time.monotonic() + 120
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert state.exists(), "nothing was stored"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()

    arguments[arguments.index("--fresh")] = "--bfloat16"  # any harmless option: the same command without --fresh
    arguments[-1] = "200000"
    process = subprocess.Popen(
        [sys.executable, "-m", "genlib", *arguments],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Going on from step ")
        seen = ""
        while "loss D" not in seen and process.poll() is None:  # until it trains
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 2
    assert "Ending between two steps; Ctrl-C again ends at once." in rest
    assert re.search(r"Stopped after [\d,]+ steps, which are kept in .runs/gan-digits.pt", rest)
    assert state.exists()
    assert not (root / ".runs" / "gan-digits.pt").exists()


# What a user may type, each with what the answer must say.
MISTAKES = {
    "": "required: COMMAND",
    "nosuch": "'list', 'data', 'train'",
    "list extra": "extra",
    "data": "required: ACTION",
    "data nosuch": "'list', 'build'",
    "data list nosuch": "no data set 'nosuch'",
    "data build nosuch": "no data set 'nosuch'",
    # Names
    "train": "required: NAME",
    "train ../evil --steps 1": "cannot name a checkpoint: use .* small letters",
    "train /evil --steps 1": "cannot name a checkpoint",
    "train My --model gan --data digits --steps 1": "cannot name a checkpoint",
    "train gan_digits --steps 1": "cannot name a checkpoint",
    f"train {'a' * 97} --model gan --data digits": "at most 96",
    "train gan": "Say what gan learns from: add --data NAME",
    "train gan-": "add --data NAME",
    "train foo --model gan": "call it gan-NAME",
    "train foo --data digits": "no model called 'foo': choose one of",
    "train foo-digits --model nosuch": "no model called 'nosuch'",
    "train gan-nosuch": "no data set 'nosuch'",
    "train gan --data Digits": "no data set 'Digits'",
    "train gan --data ../x": "no data set '../x'",
    "train gan --data digits+digits": "name each of them once",
    "train gan --data digits+faces": "different shapes",
    "train broken": "broken: config.json is not valid",
    # Numbers
    "train gan-digits --steps 0": "steps must be at least 1",
    "train gan-digits --steps many": "steps must be a whole number",
    "train gan-digits --steps 1.5": "steps must be a whole number",
    "train gan-digits --steps 99999999": "at most 1,000,000",
    "train gan-digits --batch-size 0": "batch_size must be at least 1",
    "train gan-digits --batch-size 1 --steps 1": "ask for a batch size of 2 or more",
    "train classifier-digits --batch-size 1 --steps 1": "ask for a batch size of 2 or more",
    "train gan-emoji --batch-size 4000": "ask for a smaller one",
    "train gan-digits --warmup 2": "warmup must be at most 1",
    "train gan-digits --warmup nan": "warmup must be a finite number",
    "train gan-digits --ema 1": "ema must be less than 1",
    "train gan-digits --fall cubic": "fall must be 'linear' or 'cosine'",
    "train gan-digits --seed -1": "seed must be at least 0",
    "train gan-digits --size 64": "no size 64, only 28",
    "train gan-ring8 --size 64": "leave the size out",
    # Settings
    "train gan-digits --set": "--set: expected one argument",
    "train gan-digits --set width": "--set takes NAME=VALUE",
    "train gan-digits --set =3": "--set takes NAME=VALUE",
    "train gan-digits --set width=": "width must be a whole number",
    "train gan-digits --set width=100000": "width must be at most 2,048",
    "train gan-digits --set colour=1": "no setting 'colour': choose among space, latent",
    "train gan-digits --set game=chess": "game must be 'non-saturating',",
    "train gan-digits --set batch_norm=maybe": "batch_norm must be true or false",
    """train gan-digits --set 'space={"kind":"pictures","side":16}'""": "leave the model's space to follow the data",
    # What does not go together
    "train dcgan-ring8": "does not learn from points: choose other data",
    "train fvsbn-faces": "takes grey pictures",
    "train pix2pix-faces": "no line drawings: choose emoji",
    "train discogan-digits": "Say which pictures are A, as in --set a=0",
    "train gan-ring8": "gan-ring8.pt is damaged: add --fresh",
    "train gan-moons": "gan-moons.pt cannot be written: Is a directory",
    # Devices
    "train gan-digits --device abacus": "no device 'abacus' here: choose cpu",
    "train gan-digits --device cuda:99": "no device 'cuda:99'",
    "train gan-digits --device cpu:": "no device 'cpu:'",
    "eval tiny --device abacus": "no device 'abacus'",
    "sample tiny out.png --device abacus": "no device 'abacus'",
    # Measuring
    "eval": "required: NAME",
    "eval nosuch": "no checkpoint called 'nosuch': choose one of",
    "eval user/name": r"choose one of [a-z, -]*\.$",  # and not a repository, which cannot be measured
    "eval My": "no checkpoint called 'My'",
    "eval broken": "broken: config.json is not valid",
    # Sampling
    "sample tiny": "required: OUT.png",
    "sample nosuch out.png": "or a Hugging Face repository as user/name",
    "sample a/b/c out.png": "write it as user/name",
    "sample broken out.png": "broken: config.json is not valid",
    "sample tiny out.png --revision v2": "leave the revision out",
    "sample tiny /nowhere/x.png": "/nowhere/x.png cannot be written: No such file",
    "sample tiny .": "cannot be written: Is a directory",
    "sample tiny in.png/out.png": "cannot be written: Not a directory",
    f"sample tiny {'a' * 300}.png": "cannot be written: File name too long",
    "sample tiny out.jpg": r"let its name end in \.png",
    "sample tiny out.png --count 0": "a whole number from 1 to 1,000, not '0'",
    "sample tiny out.png --count many": "not 'many'",
    "sample tiny out.png --seed -1": "a whole number from 0 to 2,147,483,647",
    "sample tiny out.png --seed 2147483647 --count 2": "ask for a smaller --seed or --count",
    "sample tiny-sketch out.png": "makes nothing from seeds alone: choose another model",
    # Scoring
    "complete tiny-vae in.png out.png": "tiny-vae completes nothing: choose",
    "complete tiny-rbm in.png out.jpg": "out.jpg would be a PNG",
    "complete tiny-rbm text.png out.png": "This file is not a picture",
    "complete tiny-rbm in.png out.png --keep middle": "invalid choice: 'middle'",
    "complete tiny-rbm in.png out.png --seed 2147483647": "ask for a smaller --seed or --count",
    "score tiny-vae": "required: PICTURE",
    "score tiny in.png": "tiny cannot say how likely a picture is: choose",
    "score tiny-vae nowhere.png": "nowhere.png cannot be read: No such file",
    "score tiny-vae in.png .": r"^genlib: \. cannot be read: Is a directory",
    "score tiny-vae text.png": "text.png: This file is not a picture",
    "score tiny-vae large.png": "large.png: .* at most 10 MB",
    "score tiny-vae one.png": "one.png: .* 1 x 1",
    "score tiny-vae in.png --samples 0": "a whole number from 1 to 5,000, not '0'",
    "score tiny-points in.png": "tiny-points knows points, and no pictures",
    "score tiny-fvsbn in.png --samples 9": "tiny-fvsbn draws no samples for its likelihood: leave --samples out",
    # Translating
    "translate tiny-sketch in.png": "required: OUT.png",
    "translate tiny in.png out.png": "translates nothing",
    "translate tiny-sketch nowhere.png out.png": "nowhere.png cannot be read: No such file",
    "translate tiny-sketch . out.png": "cannot be read: Is a directory",
    "translate tiny-sketch text.png out.png": "not a picture",
    "translate tiny-sketch large.png out.png": "at most 10 MB",
    "translate tiny-sketch in.png out.png": "no lines in this picture",
    "translate tiny-sketch in.png /nowhere/out.png": "/nowhere/out.png cannot be written",
    "translate tiny-sketch in.png out.png --source cats": "not from 'cats'",
    "translate tiny-sketch in.png out.png --seed -1": "a whole number from 0",
    # Pushing
    "push tiny": "required: USER/NAME",
    "push nosuch user/name": "no checkpoint called 'nosuch'",
    "push tiny name": "write it as user/name",
}


@pytest.fixture(scope="module")
def a_user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user may have it: good checkpoints, a broken one, runs, pictures and what is none."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("user")
    a_gan(folder)
    a_translator(folder)
    a_scorer(folder, "tiny-vae", "vae", width=8, latent=2)
    a_scorer(folder, "tiny-fvsbn", "fvsbn")
    a_scorer(folder, "tiny-rbm", "rbm", hidden=8)
    a_scorer(folder, "tiny-points", "vae", space={"kind": "points"}, width=8, latent=2, decoder="gaussian")
    (folder / "checkpoints" / "broken").mkdir()
    (folder / "checkpoints" / "broken" / "config.json").write_text("{")
    (folder / ".runs" / "gan-moons.pt").mkdir(parents=True)
    (folder / ".runs" / "gan-ring8.pt").write_text("not a run")
    Image.new("RGB", (100, 100), "white").save(folder / "in.png")
    Image.new("L", (1, 1)).save(folder / "one.png")
    (folder / "text.png").write_text("hello")
    (folder / "large.png").write_bytes(bytes(10_000_001))
    return folder


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    typed: str, a_user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(a_user)
    monkeypatch.setattr(catalog, "CHECKPOINTS", a_user / "checkpoints")
    before = sorted(a_user.rglob("*"))
    assert main(shlex.split(typed)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    said = printed.err.strip()
    assert re.fullmatch(r"genlib: .*[.?]", said), said  # one line, and one sentence:
    assert not re.search(r"[.?!] [A-Z]", said), said
    assert re.search(MISTAKES[typed], said), said
    assert not re.search(r"Traceback|Error\b|pattern|\[a-z|torch|input should", said), said
    assert sorted(a_user.rglob("*")) == before, "something was left behind"


def test_a_disk_that_is_full_leaves_nothing_half_written(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_gan(place)
    Path("out.png").write_bytes(b"what was there")

    def full(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["sample", "tiny", "out.png"]) == 2
    assert "out.png cannot be written: No space left" in capsys.readouterr().err
    assert Path("out.png").read_bytes() == b"what was there"
    assert not list(place.glob("*.part"))


def test_a_run_that_cannot_start_anew_leaves_the_unfinished_one(place: Path) -> None:
    assert main([*TRAIN, "--steps", "2"]) == 0
    state = place / ".runs" / "gan-digits.pt"
    before = state.read_bytes()
    assert main(["train", "gan-digits", "--fresh", "--batch-size", "1"]) == 2
    assert state.read_bytes() == before


@pytest.mark.parametrize("command", ["", "data", "train", "eval", "sample", "score", "complete", "translate", "push"])
def test_help_shows_examples_that_parse(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    if command:
        _, _, examples = shown.partition("examples:")
        lines = examples.split("\n")[1:-1]
        assert lines
        for line in lines:
            assert line.startswith(f"  {PROGRAM} {command}")
            assert _parser().parse_args(shlex.split(line.removeprefix(f"  {PROGRAM} ")))
    else:
        assert all(
            f"\n    {name}" in shown
            for name in ("list", "data", "train", "eval", "sample", "score", "complete", "translate", "push")
        )


def test_a_folder_is_taken_for_a_model(place: Path) -> None:
    a_gan(place)
    assert main(["sample", "checkpoints/tiny", "out.png", "--count", "2"]) == 0
    assert main(["sample", str(place / "checkpoints" / "tiny"), "again.png", "--count", "2"]) == 0
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()


def test_the_genlib_command_is_this_one() -> None:
    """`pip install -e .` makes it of pyproject.toml, with the requirements that requirements.txt says."""
    root = Path(__file__).resolve().parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    module, _, function = project["project"]["scripts"]["genlib"].partition(":")
    assert getattr(importlib.import_module(module), function) is main
    assert project["project"]["dynamic"] == ["version", "dependencies"]
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}


def test_points_are_trained_and_sampled_by_the_same_commands(place: Path) -> None:
    small = ["--set", "width=16", "--set", "latent=2", "--set", "batch_norm=false"]
    assert main(["train", "gan-ring8", "--steps", "3", "--batch-size", "16", "--device", "cpu", *small]) == 0
    assert main(["sample", "gan-ring8", "out.png", "--count", "500"]) == 0
    assert (place / "out.png").read_bytes().startswith(b"\x89PNG")


def test_list_names_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in sources.checkpoints())


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


def test_complete_keeps_a_half_and_draws_the_rest(place: Path) -> None:
    from PIL import Image

    a_scorer(place, "tiny-rbm", "rbm", hidden=8)
    seven = data.load_pictures("digits", "test").pixels[7, 0].numpy()
    Image.fromarray(seven).save("seven.png")
    assert main(["complete", "tiny-rbm", "seven.png", "all.png", "--keep", "left", "--count", "2", "--seed", "5"]) == 0
    assert main(["complete", "tiny-rbm", "seven.png", "one.png", "--keep", "left", "--count", "1", "--seed", "6"]) == 0
    both, one = (np.asarray(Image.open(name)) for name in ("all.png", "one.png"))
    first, second = both[:, :28], both[:, 30:]
    assert (second == one).all(), "a seed draws the same rest beside any other"
    assert (first != second).any()
    for made in (first, second):
        assert ((made > 127) == (seven > 127))[:, :14].all()


def test_score_says_nats_and_what_was_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same nats as the library, for a picture of the data; others are brought to it, and that is said."""
    from PIL import Image

    a_scorer(place, "tiny-vae", "vae", width=8, latent=2)
    test = data.load_pictures("digits", "test")
    Image.fromarray(test.pixels[7, 0].numpy()).save("seven.png")
    Image.new("RGB", (90, 120), (200, 30, 20)).save("photo.png")
    Image.new("L", (28, 28)).save("black.png")
    assert main(["score", "tiny-vae", "seven.png", "photo.png", "black.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    found = re.fullmatch(r"seven.png: (-\d+\.\d{4}) nats, (\d\.\d{4}) bits/dim \((.*)\); taken as it is\.", lines[0])
    assert found, lines[0]
    model: Any = sources.load(place / "checkpoints" / "tiny-vae")
    expected = model.log_prob(test.x([7]))
    assert float(found[1]) == pytest.approx(expected.nats.item(), abs=1e-4)
    assert float(found[2]) == pytest.approx(-expected.nats.item() / 784 / 0.693147, abs=1e-4)
    assert found[3] == f"lower bound, {expected.note}"
    assert lines[1].endswith("; made grey, cut to a square and scaled from 90 x 120 to 28 x 28.")
    assert lines[2].endswith("; taken as it is.")
    assert main(["score", "tiny-vae", "seven.png", "--samples", "5000"]) == 0
    tighter = capsys.readouterr().out
    assert "5,000 importance samples" in tighter
    bound = model.bound(test.x([7]), 5000).nats.item()
    assert float(tighter.split()[1]) == pytest.approx(bound, abs=1e-4)
