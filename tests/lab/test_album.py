"""What is seen of models that learn pictures, and which of them are offered: by what they can do, never by a name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from genlib import catalog, data, experiment
from genlib.contract import Conditions, Samples, Translates
from genlib.errors import GenlibError
from genlib.lab import doctor, offers
from genlib.lab.album import Album, held_out, spread
from genlib.training import fresh

SMALL = {"vae": {"width": 16}, "cgan": {"width": 16}, "autoencoder": {"width": 16}, "discogan": {"generator_width": 8}}


def drawn(model: str, name: str) -> tuple[Album, Any]:
    task = offers.usual(model, name, **SMALL[model])
    album = Album(task)
    untrained = fresh(catalog.model_class(model), task.config, 0).eval()
    return album, album(untrained, 0)


def test_a_model_of_seeds_draws_the_same_ones_all_along() -> None:
    album, first = drawn("vae", "digits")
    assert first.pictures.shape == (48, 28, 28, 1)
    assert not album.works
    assert 0 < first.variety < 0.5  # its weights are fresh: grey everywhere
    assert np.array_equal(first.pictures, drawn("vae", "digits")[1].pictures)


def test_a_model_that_is_told_the_class_has_a_column_for_each() -> None:
    album, first = drawn("cgan", "digits")
    assert (album.across, album.columns) == (10, tuple("0123456789"))
    assert first.pictures.shape == (40, 28, 28, 1)


@pytest.mark.parametrize("model", ["autoencoder", "discogan"])
def test_a_model_that_works_on_pictures_shows_what_it_is_given(model: str) -> None:
    album, first = drawn(model, "faces")
    assert album.works
    assert album.given.shape == first.pictures.shape == (24, 64, 64, 3)
    assert math.isnan(first.variety)
    if model == "discogan":  # of its first world alone
        assert not np.array_equal(album.given, Album(offers.usual("autoencoder", "faces")).given)


def test_variety_is_one_for_the_data_itself() -> None:
    x = held_out("digits")
    assert spread(x[:128]) / spread(x) == pytest.approx(1, abs=0.05)
    assert spread(x[:1].expand(9, -1, -1, -1)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", data.names())
def test_whatever_learns_a_set_and_shows_something_is_offered(name: str) -> None:
    found = offers.of_pictures(name)
    assert "vae" in found
    for model in catalog.model_names():
        able = catalog.about(model).capabilities
        if model in found:
            task = offers.usual(model, name)
            assert (task.recipe.data, task.source) == (name, None)
            assert able & {"Samples", "Translates"} or {"Encodes", "Decodes"} <= able
        elif "Trains" in able and "Samples" in able:
            with pytest.raises(GenlibError):
                offers.usual(model, name)
    assert issubclass(catalog.model_class(offers.quickest(found)), Samples)
    assert ("pix2pix" in found) == (name in ("emoji", "icons"))  # it needs line drawings
    assert offers.smallest() in ("digits", "fashion")


def test_what_is_known_of_a_set_without_reading_it_is_true() -> None:
    for name in ("emoji", "digits"):
        known, real = data.outline(name), data.load_pictures(name)
        assert (known.space, known.size, known.paired) == (real.space, real.size, real.paired)
        assert {k: int(v.max()) for k, v in known.labels.items()} == {k: int(v.max()) for k, v in real.labels.items()}


def test_a_run_starts_from_the_weights_of_a_checkpoint_of_the_same_network() -> None:
    assert offers.starts("vae", "digits") == ("vae-digits", "vae2d-digits")
    points = replace(offers.usual("gan", "ring8", "gan-ring8"), start="gan-ring8")
    run, shipped = experiment.begin(points, device=torch.device("cpu")), experiment.shipped("gan-ring8").load("cpu")
    assert torch.equal(run.snapshot().sample(range(3)), shipped.sample(range(3)))
    other = replace(offers.usual("gan", "ring8", "gan-ring8", width=64), start="gan-ring8")
    with pytest.raises(GenlibError, match=r"gan-ring8 is another network than the one that is asked for"):
        experiment.begin(other)


@pytest.mark.parametrize(
    ("sign", "varieties", "curves", "failed"),
    [
        ("well", (0.2, 0.9), {}, False),
        ("between", (0.2, 0.3), {}, False),
        ("collapse", (0.9, 0.2), {}, False),
        ("well", (math.nan, math.nan), {}, False),
        ("won", (0.5, 0.9), {"D(real)": np.full(50, 0.99), "D(fake)": np.full(50, 0.01)}, False),
        ("diverging", (0.5, 0.9), {}, True),
        ("diverging", (0.5, 0.9), {"loss": np.exp(np.linspace(0, 20, 50))}, False),
    ],
)
def test_the_doctor_of_pictures(sign: str, varieties: Any, curves: Any, failed: bool) -> None:
    found = doctor.look_at_pictures(100, 100, curves, varieties, {"generator_rate": 1e-3}, failed)
    assert found.sign == sign
    if sign == "diverging":
        assert found.change == {"generator_rate": 1e-4}
    assert doctor.look_at_pictures(100, 5000, {}, varieties, {}).sign == "early"


def test_which_models_are_there_to_be_seen() -> None:
    """The kinds that an album tells apart are all met above."""
    kinds = {
        tuple(issubclass(catalog.model_class(model), kind) for kind in (Samples, Conditions, Translates))
        for model in SMALL
    }
    assert kinds == {(True, False, False), (True, True, False), (False, False, False), (False, False, True)}
