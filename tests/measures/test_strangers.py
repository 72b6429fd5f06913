"""Bounds and strangers on a card: what was found, as published."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genlib import crowds, scoring
from genlib.checkpoint import Checkpoint, Spec, save
from genlib.contract import Recipe
from genlib.measures import strangers, tightened
from genlib.measures.subject import Subject
from genlib.models.vae import VAE, Config
from genlib.spaces import Pictures


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(0)
    model = VAE(Config(latent=3, width=16)).eval()
    spec = Spec(model="vae", config=model.config.model_dump(mode="json"), recipe=Recipe(data="digits"))
    save(model, tmp_path / "tiny-vae", spec)
    return Checkpoint.read(tmp_path / "tiny-vae")


def test_areas_are_those_of_the_library_and_a_failure_is_a_limit(checkpoint: Checkpoint) -> None:
    found = strangers.Strangers().measure(Subject(checkpoint, samples=200, progress=lambda _: None))
    assert set(found.areas) == {"fashion", "faded", "noise"}
    assert found.count == 40
    model, space = checkpoint.load("cpu"), Pictures()
    test, noise = (scoring.scored(model, crowds.pictures(k, "digits", space, 40), 5) for k in ("test", "noise"))
    expected = scoring.area(test.oddity("likelihood", 0), noise.oddity("likelihood", 0))
    assert found.areas["noise"]["likelihood"] == pytest.approx(expected)
    part = strangers.Strangers().card(
        strangers.Result({"faded": {"likelihood": 0.03, "typicality": 0.9}}, 40), checkpoint
    )
    assert "| faded test pictures | 0.030 | 0.900 |" in part.blocks[0]
    assert part.limits == ("It holds faded test pictures for likelier than what it learned from.",)


def test_the_tight_bound_is_that_of_the_model(checkpoint: Checkpoint) -> None:
    subject = Subject(checkpoint, samples=20, progress=lambda _: None)
    found = tightened.Tightened().measure(subject)
    model = checkpoint.load("cpu")
    x = subject.real[:: len(subject.real) // 4][:4].float() / 255
    with torch.inference_mode():
        assert found.nats == pytest.approx(float(model.bound(x, 5000).nats.mean()), abs=1e-3)
        assert found.nats > float(model.bound(x, 1).nats.mean())
    assert (found.draws, found.count) == (5000, 4)
