"""Directions from labels: closed forms of codes whose law is known, and where codes and labels come from."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlib import data, sources
from genlib.errors import GenlibError
from genlib.latents.directions import Direction, Directions, apart
from genlib.latents.labelled import Labelled, labelled
from genlib.models.autoencoder import Autoencoder
from genlib.models.autoencoder import Config as AutoencoderConfig
from genlib.models.gan import GAN
from genlib.models.gan import Config as GANConfig
from genlib.spaces import Pictures, Points

NAMES = {"glasses": ("none", "round", "dark"), "hair": ("black", "blond"), "chance": ("heads", "tails")}
EFFECTS = {
    "glasses": torch.tensor([[0.0, 0, 0, 0], [3, 0, 1, 0], [0, 2, 0, 0]]),
    "hair": torch.tensor([[0.0, 0, 0, 0], [1, 0, 4, 0]]),
    "chance": torch.zeros(2, 4),
}


def codes(count: int = 2000, noise: float = 0.0) -> Labelled:
    """Codes that are sums of known effects, with round glasses mostly on blond heads: labels that hang together."""
    rng = torch.Generator().manual_seed(0)
    hair = torch.randint(2, (count,), generator=rng)
    glasses = torch.where(torch.rand(count, generator=rng) < 0.8, hair, torch.randint(3, (count,), generator=rng))
    chance = torch.randint(2, (count,), generator=rng)
    labels = {"glasses": glasses, "hair": hair, "chance": chance}
    z = torch.stack([EFFECTS[attribute][label] for attribute, label in labels.items()]).sum(0) + 5
    return Labelled(z + noise * torch.randn(z.shape, generator=rng), labels, NAMES, "made by hand")


def way(direction: Direction) -> Tensor:
    return direction.step * direction.vector


def test_effects_are_recovered_though_labels_hang_together() -> None:
    found = Directions(codes())
    torch.testing.assert_close(way(found.between("glasses", "round", "none")), EFFECTS["glasses"][1], atol=1e-3, rtol=0)
    torch.testing.assert_close(way(found.between("glasses", "dark", "none")), EFFECTS["glasses"][2], atol=1e-3, rtol=0)
    torch.testing.assert_close(way(found.between("hair", "blond", "black")), EFFECTS["hair"][1], atol=1e-3, rtol=0)
    made = codes()
    plain = made.z[made.where(glasses="round")].mean(0) - made.z[made.where(glasses="none")].mean(0)
    assert (plain - EFFECTS["glasses"][1]).norm() > 1  # what the difference of means would say


def test_without_a_start_it_comes_from_all_other_values() -> None:
    made, found = codes(), Directions(codes()).between("glasses", "round")
    fit = made.labels["glasses"][torch.arange(len(made.z)) % 5 != 4]
    share = (fit == 2).sum() / (fit != 1).sum()
    expected = EFFECTS["glasses"][1] - share * EFFECTS["glasses"][2]
    torch.testing.assert_close(way(found), expected, atol=1e-3, rtol=0)
    assert found.start == ""


def test_a_step_is_the_vector_so_many_times() -> None:
    found = Directions(codes(noise=0.1)).between("hair", "blond", "black")
    assert found.vector.norm() == pytest.approx(1)
    assert found.step == pytest.approx(math.sqrt(17), rel=0.02)
    torch.testing.assert_close(found.moved(torch.zeros(2, 4), -0.5), (-0.5 * way(found)).expand(2, 4))


def test_held_out_accuracy() -> None:
    found = Directions(codes(noise=0.3))
    assert found.between("hair", "blond", "black").accuracy > 0.99
    assert 0.4 < found.between("chance", "tails", "heads").accuracy < 0.6


def test_the_logistic_normal_is_the_closed_form_of_two_gaussians() -> None:
    """Of N(0, S) and N(d, S) the log odds are linear in z, along S^-1 d."""
    rng, count = torch.Generator().manual_seed(1), 20_000
    spread = torch.tensor([1.0, 4.0, 0.5])
    label, d = torch.randint(2, (count,), generator=rng), torch.tensor([1.0, 2.0, 0.5])
    z = torch.randn(count, 3, generator=rng) * spread + label[:, None] * d
    found = Directions(Labelled(z, {"a": label}, {"a": ("no", "yes")}, "")).between("a", "yes", "no", "logistic")
    expected = torch.nn.functional.normalize(d / spread**2, dim=0)
    assert found.vector @ expected > 0.999
    assert found.step == pytest.approx(float(d @ expected), rel=0.05)


def test_a_step_at_a_place_follows_what_is_special_there() -> None:
    """Blond changes short hair along one axis and long hair along another: one direction for all is right nowhere."""
    rng, count = torch.Generator().manual_seed(0), 2000
    style, hair = torch.randint(2, (2, count), generator=rng)
    effect = torch.tensor([[2.0, 0, 0], [0, 2, 0]])[style] * hair[:, None]
    z = 10 * torch.tensor([[0.0, 0, 0], [0, 0, 1]])[style] + effect + 0.1 * torch.randn(count, 3, generator=rng)
    found = Directions(
        Labelled(z, {"hair": hair, "style": style}, {"hair": ("black", "blond"), "style": ("s", "l")}, "")
    )
    direction = found.between("hair", "blond", "black")
    torch.testing.assert_close(way(direction), torch.tensor([1.0, 1, 0]), atol=0.1, rtol=0)
    steps = found.step_at(torch.tensor([[0.0, 0, 0], [0, 0, 10]]), direction)
    torch.testing.assert_close(steps, torch.tensor([[2.0, 0, 0], [0, 2, 0]]), atol=0.15, rtol=0)


def test_apart_leaves_nothing_of_the_others() -> None:
    found = Directions(codes(noise=0.1))
    glasses, hair = found.between("glasses", "round", "none"), found.between("hair", "blond", "black")
    assert glasses.vector @ hair.vector > 0.3
    dark = found.between("glasses", "dark", "none")
    left = apart(glasses, [hair, dark, hair])
    assert left.vector.norm() == pytest.approx(1)
    assert abs(float(left.vector @ hair.vector)) < 1e-6
    assert abs(float(left.vector @ dark.vector)) < 1e-6
    assert left.step == pytest.approx(float(way(glasses) @ left.vector), rel=1e-4)
    with pytest.raises(GenlibError, match="Nothing of glasses round is left"):
        apart(glasses, [glasses, hair])


def test_what_hardly_exists_is_not_offered() -> None:
    made = codes(noise=0.1)
    few = made.take(made.labels["glasses"] != 2)
    assert Directions(few).offered() == {
        "glasses": ("none", "round"), "hair": ("black", "blond"), "chance": ("heads", "tails"),
    }  # fmt: skip
    with pytest.raises(GenlibError, match="only 0 codes of glasses dark"):
        Directions(few).between("glasses", "dark", "none")


@pytest.mark.parametrize(
    ("attribute", "value", "said"), [("hat", "red", "no attribute hat"), ("hair", "green", "no value green")]
)
def test_what_is_not_there_is_said(attribute: str, value: str, said: str) -> None:
    with pytest.raises(GenlibError, match=said):
        Directions(codes()).between(attribute, value)
    with pytest.raises(GenlibError, match=f"There is no {attribute} {value}"):
        codes().where(**{attribute: value})


# --- Where codes and labels come from --------------------------------------------------------------------------------


def test_a_model_that_encodes_takes_the_labels_of_the_data() -> None:
    model = Autoencoder(AutoencoderConfig(space=Pictures(), latent=3, width=16)).eval()
    told: list[tuple[int, int]] = []
    found = labelled(model, "digits", 300, "validation", tell=lambda done, count: told.append((done, count)))
    digits = data.load_pictures("digits", "validation")
    torch.testing.assert_close(found.z, model.encode(digits.x(slice(300))))
    assert found.labels["digit"].equal(digits.labels["digit"][:300])
    assert found.by == "digits"
    assert told == [(250, 300), (300, 300)]
    assert len(found.where(digit=found.names["digit"][7])) == (digits.labels["digit"][:300] == 7).sum()


def test_more_pictures_than_there_are_is_all_of_them() -> None:
    model = Autoencoder(AutoencoderConfig(space=Pictures(channels=3, side=64), latent=2, width=4)).eval()
    assert len(labelled(model, "faces", 5000, "validation").z) == 1000


def test_draws_of_a_model_that_only_has_a_prior_are_read_by_the_classifier() -> None:
    model = sources.load("gan-digits", device="cpu")
    assert isinstance(model, GAN)
    found, judge = labelled(model, "digits", 60), sources.load("classifier-digits", device="cpu")
    torch.testing.assert_close(found.z, model.prior(range(60)))
    read = judge.logits(judge.features(model.sample(range(60))))  # type: ignore[operator]
    assert found.labels["digit"].equal(read["digit"].argmax(1))
    assert found.by == "classifier-digits"
    assert len(found.labels["digit"].unique()) > 5


@pytest.mark.parametrize(
    ("space", "name", "said"),
    [
        (Pictures(), "faces+emoji", "has no labels"),
        (Pictures(), "spiral", "has no labels"),
        (Pictures(), "ring8", "no labelled pictures"),
        (Pictures(side=16), "digits", "grey pictures of 16 x 16"),
        (Points(), "digits", "points of 2 dimensions"),
    ],
)
def test_data_that_does_not_fit_is_refused(space: Pictures | Points, name: str, said: str) -> None:
    with pytest.raises(GenlibError, match=said):
        labelled(GAN(GANConfig(space=space, latent=4, width=16)), name)


def test_a_model_without_latents_is_refused() -> None:
    with pytest.raises(GenlibError, match="no latent space"):
        labelled(sources.load("classifier-digits", device="cpu"), "digits")
