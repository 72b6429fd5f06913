"""What is seen of models that learn pictures, and which of them are offered: by what they can do, never by a name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from genlib import catalog, data, experiment
from genlib.contract import Conditions, Samples, Translates
from genlib.data import PictureSet
from genlib.errors import GenlibError
from genlib.lab import doctor, offers
from genlib.lab.album import Album, Drawn, copied, held_out, small, spread
from genlib.training import fresh
from genlib.ui.lab.query import TrainQuery

NOTHING = np.zeros((0, 1, 1, 1), np.uint8)
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


@pytest.mark.parametrize("name", offers.picture_sets())
def test_what_the_form_of_a_model_says_can_be_had(name: str) -> None:
    for model in offers.of_pictures(name):
        asked = TrainQuery.beside({"data": name, "model": model})()
        task = offers.usual(model, name, "", asked.recipe, None, **asked.settings)
        assert (task.model, task.recipe.data, task.recipe.batch_size) == (model, name, asked.batch)


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
    seen = [Drawn(NOTHING, variety) for variety in varieties]
    found = doctor.look_at_pictures(100, 100, curves, seen, {"generator_rate": 1e-3}, {}, failed)
    assert found.sign == sign
    if sign == "diverging":
        assert found.change == {"generator_rate": 1e-4}
    assert doctor.look_at_pictures(100, 5000, {}, seen, {}, {}).sign == "early"


# --- Learned by heart: on twenty sets of somebody's own, of a few digits or of hundreds ---

Planted = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]


def noisy(x: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return (x + 0.1 * torch.randn(x.shape, generator=rng)).clamp(0, 1)


def copies(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return noisy(known[torch.randint(len(known), (len(other),), generator=rng)], rng)


def pale_copies(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return 0.2 + 0.6 * copies(known, other, rng)


def some_copies(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    kept = torch.rand(len(other), 1, 1, 1, generator=rng) < 0.6
    return torch.where(kept, other, copies(known, other, rng))


def one_copy(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return noisy(known[:1].expand_as(other), rng)


def new(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return noisy(other, rng)


def mixed(known: torch.Tensor, other: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Half of one and half of another, as a model that blurs."""
    return (copies(known, other, rng) + copies(known, other, rng)) / 2


# Whether it is learned by heart. One copy over and over is a collapse first.
CASES: dict[Planted, bool] = {
    copies: True, pale_copies: True, some_copies: True, one_copy: False, new: False, mixed: False,
}  # fmt: skip


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_what_is_learned_by_heart_is_told_from_what_is_not(name: str) -> None:
    held, found = held_out(name), list[tuple[bool, bool]]()
    for seed in range(20):
        rng = torch.Generator().manual_seed(seed)
        x = held[torch.randperm(len(held), generator=rng)]
        other, known = x[:48], x[48 : 48 + (8, 30, 150)[seed % 3]]
        for plant, truth in CASES.items():
            made = plant(known, other, rng)
            last = Drawn(NOTHING, spread(made) / spread(held), copied(made, small(known)))
            seen = [Drawn(NOTHING, 1.0, 0.0), last]
            found.append((truth, doctor.look_at_pictures(100, 100, {}, seen, {}, {}).sign == "memorising"))
    right = found.count((True, True))
    assert right / sum(truth for truth, _ in found) >= 0.9
    assert right / sum(said for _, said in found) >= 0.9


def test_copies_are_looked_for_among_ones_own_pictures_which_may_be_there_twice() -> None:
    mine = PictureSet((held_out("faces")[:6] * 255).byte().repeat(2, 1, 1, 1), {}, data.OWN)

    class Parrot(Samples):
        def sample(self, seeds: Any, controls: Any = None) -> torch.Tensor:
            return mine.x(slice(None))[[seed % 6 for seed in seeds]]

    model: Any = Parrot()
    assert Album(offers.usual("vae", "own", "", {"batch_size": 6}, mine))(model, 0).copied == 1
    assert math.isnan(drawn("vae", "digits")[1].copied)


# --- In batches ---


@pytest.mark.parametrize(("by", "least", "most"), [("batch", 0.02, 1.0), ("reference", 0.0, 1e-6)])
def test_in_batches_the_same_seeds_have_other_companies_in_each_row(by: str, least: float, most: float) -> None:
    task = offers.usual(
        "dcgan", "fashion", "", {"batch_size": 4}, generator_width=8, discriminator_width=8, normalisation=by
    )
    album, model = Album(task, in_batches=True), fresh(catalog.model_class("dcgan"), task.config, 0)
    for part in model.modules():  # as if it had learned something: fresh ones are grey all over
        if isinstance(part, torch.nn.ConvTranspose2d):
            part.weight.data *= 5
    first = album(model.eval(), 0)
    assert len(first.pictures) % album.across == 0
    assert least <= first.company <= most
    assert math.isnan(Album(task)(model.eval(), 0).company)
    assert not Album(offers.usual("dcgan", "fashion", "", {"batch_size": 64}), in_batches=True).in_batches


def test_which_models_are_there_to_be_seen() -> None:
    """The kinds that an album tells apart are all met above."""
    kinds = {
        tuple(issubclass(catalog.model_class(model), kind) for kind in (Samples, Conditions, Translates))
        for model in SMALL
    }
    assert kinds == {(True, False, False), (True, True, False), (False, False, False), (False, False, True)}
