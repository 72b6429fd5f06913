"""What is the classifier's own; the contract test covers the rest."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import data, training
from genlib.contract import Batch, Recipe
from genlib.models.classifier import Classifier, Config, Training, loss_of, shifted
from genlib.spaces import Pictures

HOW = Training(learning_rate=5e-3, shift=1)
SMALL = Pictures(side=8)


def stripes(count: int, rng: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """8 x 8 pictures, horizontal or vertical stripes (label), light or dark (shade), with noise."""
    label = torch.randint(0, 2, (count,), generator=rng)
    shade = torch.randint(0, 2, (count,), generator=rng)
    wave = (torch.arange(8) // 2 % 2).float()
    down = wave.view(1, 1, 8, 1).expand(count, 1, 8, 8)
    images = torch.where(label.view(-1, 1, 1, 1) == 0, down, down.transpose(2, 3))
    images = images * 0.4 + shade.view(-1, 1, 1, 1) * 0.4 + 0.2 * torch.rand(images.shape, generator=rng)
    return images, {"label": label, "shade": shade}


def test_learns_every_head() -> None:
    model = training.fresh(Classifier, Config(space=SMALL, heads={"label": 2, "shade": 2}, width=4, features=8), seed=0)
    assert isinstance(model, Classifier)
    optimizers = model.optimizers(HOW)
    rng = torch.Generator().manual_seed(0)
    for step in range(40):
        x, labels = stripes(32, rng)
        model.train_step(Batch(x, rng, step, 40, labels), optimizers, HOW)
    x, labels = stripes(200, rng)
    with torch.inference_mode():
        predicted = model.eval().logits(model.features(x))
    assert list(predicted) == ["label", "shade"]
    for name, logits in predicted.items():
        assert (logits.argmax(1) == labels[name]).float().mean() > 0.95, name


def test_features_have_unit_scale_over_the_batch() -> None:
    """The unit of every metric: mean 0 and variance 1 for each feature, over what it is trained on."""
    torch.manual_seed(0)
    model = Classifier(Config(space=Pictures(side=28), heads={"label": 2}, width=8, features=16)).train()
    features = model.features(torch.rand(64, 1, 28, 28)).detach()
    assert features.shape == (64, 16)
    assert features.mean(0).abs().max() < 1e-4
    assert float(features.var(0).mean()) == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize(
    "space", [Pictures(side=28), Pictures(channels=3, side=64), Pictures(channels=3, side=128)], ids=str
)
def test_fits_in_two_megabytes_and_a_half_at_every_size(space: Pictures) -> None:
    with torch.device("meta"):
        model = Classifier(Config(space=space, heads={"label": 18}))
    assert sum(p.numel() for p in model.parameters()) <= 1_200_000


def test_shift_moves_a_picture_whole_and_repeats_its_edge() -> None:
    rng = torch.Generator().manual_seed(0)
    images = torch.rand(32, 1, 12, 12, generator=rng)
    images[:, :, :3], images[:, :, -3:], images[:, :, :, :3], images[:, :, :, -3:] = 0, 0, 0, 0
    moved = shifted(images, 2, rng)
    assert moved.shape == images.shape
    torch.testing.assert_close(moved.sum((1, 2, 3)), images.sum((1, 2, 3)))  # a margin of 3: nothing leaves
    assert not torch.equal(moved, images)
    flat = torch.full((4, 3, 6, 6), 0.7)
    assert torch.equal(shifted(flat, 4, rng), flat)  # no border of another colour appears
    assert torch.equal(shifted(images, 0, rng), images)


def test_its_recipe_raises_the_rate_then_lets_it_fall_to_nothing() -> None:
    recipe = Recipe(data="digits", steps=1000, **Classifier.recipe)
    rates = [training.rate_at(step, recipe) for step in range(1000)]
    top = rates.index(max(rates))
    assert rates[0] < 0.05
    assert rates[-1] == pytest.approx(0, abs=1e-5)
    assert 0.9 < max(rates) <= 1
    assert 40 <= top <= 50
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[500] == pytest.approx(0.5, abs=0.01), "along a cosine"
    assert rates[250] == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)), abs=0.01)


def test_the_schedule_is_the_loops_alone() -> None:
    model = Classifier(*Classifier.tiny())
    optimizers = model.optimizers(HOW)
    labels = {"label": torch.arange(8) % 3, "shade": torch.arange(8) % 2}
    for group in optimizers["classifier"].param_groups:
        assert group["lr"] == HOW.learning_rate
        group["lr"] = 0.25 * HOW.learning_rate  # as the loop sets it
    for step in range(3):
        batch = Batch(torch.rand(8, 1, 8, 8), torch.Generator().manual_seed(step), step, 3, labels)
        model.train_step(batch, optimizers, HOW)
    assert {group["lr"] for group in optimizers["classifier"].param_groups} == {0.25 * HOW.learning_rate}


def test_decay_pulls_on_what_multiplies_only() -> None:
    model = Classifier(*Classifier.tiny())
    groups = model.optimizers(Training(weight_decay=0.3))["classifier"].param_groups
    assert {p.ndim > 1: group["weight_decay"] for group in groups for p in group["params"]} == {True: 0.3, False: 0.0}


def test_needs_what_it_is_to_name() -> None:
    config = Config(space=SMALL, heads={"label": 3, "shade": 2})
    assert Classifier.needs(config).labels == {"label": 3, "shade": 2}
    assert list(Classifier.heads(config)) == ["label", "shade"]


def test_loss_is_the_sum_over_attributes() -> None:
    logits = {"a": torch.zeros(4, 2), "b": torch.zeros(4, 8)}
    labels = {"a": torch.tensor([0, 1, 0, 1]), "b": torch.tensor([0, 3, 5, 7])}
    assert float(loss_of(logits, labels)) == pytest.approx(torch.tensor([2.0, 8.0]).log().sum())


def test_config_for_a_data_set_has_its_labels_with_the_main_one_first() -> None:
    for name in data.names():
        info = data.info(name)
        config = Classifier.config_for(info, width=16)
        assert config.space == info.space
        assert next(iter(config.heads)) == info.main_label
        assert config.heads == {attribute: len(classes) for attribute, classes in info.labels.items()}
        assert config.width == 16


@pytest.mark.parametrize(
    "heads",
    [{}, {"label": 1}, {"label": 65}, {"No Label": 3}, {"x" * 40: 3}, {f"a{i}": 2 for i in range(17)}, {"a": "b"}],
)
def test_hostile_heads_are_refused(heads: object) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"heads": heads})
