"""The proof of the house: a model is one file. tests/toy/toy_mean.py is found, trained, saved, carded, measured and
sampled by everything that is there, and nothing else was written for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import genlib.models
from genlib import catalog, contract, sources
from genlib.__main__ import main
from genlib.checkpoint import CARD

TOY = Path(__file__).parent / "toy"
SHORT = ["--fresh", "--steps", "40", "--batch-size", "16", "--ema", "0.5"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place to train in, with one more folder of model files."""
    monkeypatch.chdir(tmp_path)
    classifiers = {p.name: p for p in catalog.CHECKPOINTS.glob("classifier-*")}
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path / "checkpoints")
    (tmp_path / "checkpoints").mkdir()
    for name, folder in classifiers.items():  # the judges of what is made
        (tmp_path / "checkpoints" / name).symlink_to(folder)
    monkeypatch.setattr(genlib.models, "__path__", [*genlib.models.__path__, str(TOY)])
    yield tmp_path
    sys.modules.pop("genlib.models.toy_mean", None)


def test_a_model_file_is_found_by_being_there(place: Path) -> None:
    assert "toy_mean" in catalog.model_names()
    about, cls = catalog.about("toy_mean"), catalog.model_class("toy_mean")
    assert (about.title, about.family) == (cls.title, cls.family)
    assert about.capabilities == {"Samples", "HasPrior", "Decodes", "Scores", "Trains"}


@pytest.mark.parametrize("data", ["digits", "ring8"])
def test_it_is_trained_measured_and_sampled(place: Path, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"toy-{data}"
    assert main(["train", name, "--model", "toy_mean", "--data", data, "--set", "start=0.5", *SHORT]) == 0
    found = sources.find(name)
    assert found.spec.recipe.training == {"learning_rate": 0.01}
    assert found.spec.config["start"] == 0.5
    card = (found.folder / CARD).read_text()
    assert "Mean and spread" in card
    assert "Not measured yet" in card
    assert (found.folder / "sample.png").read_bytes().startswith(b"\x89PNG")

    model = sources.load(name, device="cpu")
    assert isinstance(model, contract.Samples)
    assert model.sample([1, 2, 3]).shape == (3, *model.shape)
    assert isinstance(model, contract.Scores)
    assert model.log_prob(model.sample([4])).nats.isfinite().all()

    assert main(["sample", name, "out.png", "--count", "9"]) == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    assert main(["list"]) == 0
    assert name in capsys.readouterr().out


def test_points_are_measured_by_the_same_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "toy-ring8", "--model", "toy_mean", "--data", "ring8", *SHORT]) == 0
    capsys.readouterr()
    assert main(["eval", "toy-ring8"]) == 0
    measured = json.loads("{" + capsys.readouterr().out.partition("{")[2])
    assert measured["modes"]["made"]["covered"] <= 8
    assert measured["likelihood"]["kind"] == "exact"
    assert "nats" in sources.find("toy-ring8").card()


def test_it_stands_on_the_shelf_in_its_place(place: Path) -> None:
    assert main(["train", "toy-ring8", "--model", "toy_mean", "--data", "ring8", *SHORT]) == 0
    assert main(["train", "gan-ring8", "--set", "width=16", "--set", "latent=2", *SHORT]) == 0
    names = [name for name in catalog.shelf() if not name.startswith("classifier")]
    assert names == ["toy-ring8", "gan-ring8"], "tractable densities come before implicit ones"


def test_two_runs_beside_each_other_end_as_each_would_alone(place: Path) -> None:
    """In threads, as an app runs them: neither draws from what belongs to the process."""
    from concurrent.futures import ThreadPoolExecutor

    from genlib import experiment

    tasks = [
        experiment.plan(f"gan-{data}", recipe={"steps": 60, "batch_size": 16, "seed": 3}, settings={"width": 16})
        for data in ("ring8", "digits")
    ]

    def trained(task: experiment.Task) -> dict[str, torch.Tensor]:
        run = experiment.run(task, lambda event: None, device=torch.device("cpu"), bfloat16=False)
        return run.model.state_dict()

    alone = [trained(task) for task in tasks]
    state = torch.get_rng_state()
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(trained, tasks))
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
