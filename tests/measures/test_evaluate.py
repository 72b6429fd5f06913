"""Whole evaluations: real data, real (tiny, hardly trained) models in a folder of their own."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from genlib import catalog, data
from genlib.checkpoint import Checkpoint, Spec, save
from genlib.contract import Decodes, Encodes, GenlibError, Recipe, Samples, Scores
from genlib.metrics.evaluate import evaluate
from genlib.metrics.features import draw, extract, extractor
from genlib.metrics.memory import memory
from genlib.metrics.quality import quality

FEW = 500
SAMPLES = 40
CLASSIFIER: dict[str, Any] = {"heads": {"digit": 10}, "width": 4, "features": 8}


def put(root: Path, name: str, model_name: str, **config: Any) -> Checkpoint:
    """A checkpoint of an untrained model."""
    cls = catalog.model_class(model_name)
    torch.manual_seed(0)
    model = cls(cls.Config(**config)).eval()
    recipe = Recipe(data="digits", steps=1)
    save(model, root / name, Spec(model=model_name, config=model.config.model_dump(), recipe=recipe))
    return Checkpoint.read(root / name)


@cache
def few(name: str, split: Any, *, size: Any = None, load: Any = data.load) -> data.Images:
    """The first pictures of a split: tests need the real thing, not all of it."""
    whole = load(name, split, size=size)
    labels = {attribute: values[:FEW] for attribute, values in whole.labels.items()}
    return data.Images(whole.pixels[:FEW], labels, whole.info)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "CHECKPOINTS", root)
        patch.setattr(data, "load", few)
        put(root, "judge", "classifier", **CLASSIFIER)
        yield root


@pytest.mark.parametrize("model_name", ["gan", "vae"])
def test_measures_what_the_model_can_do_and_repeats(root: Path, model_name: str) -> None:
    checkpoint = put(root, f"{model_name}-digits", model_name, image_size=28, width=16)
    cls = checkpoint.model_class
    said: list[str] = []
    found = evaluate(checkpoint, samples=SAMPLES, progress=said.append)
    assert ("quality" in found) == ("memory" in found) == ("classes" in found) == issubclass(cls, Samples)
    assert ("likelihood" in found) == issubclass(cls, Scores)
    assert ("reconstruction" in found) == (issubclass(cls, Encodes) and issubclass(cls, Decodes))
    assert "accuracy" not in found
    assert said
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["protocol"] | {"genlib": ""} == {
        "data": "digits",
        "split": "test",
        "reals": FEW,
        "genlib": "",
        "samples": SAMPLES,
        "seeds": "0 to 39",
        "controls": cls.Controls().model_dump(),
    }
    assert found["quality"]["extractor"] == "judge"
    # Noise is not digits, and the floor knows.
    assert found["quality"]["made"]["fid"] > found["quality"]["floor"]["fid"] > 0
    assert evaluate(checkpoint, samples=SAMPLES, progress=said.append) == found
    assert Spec.model_validate(checkpoint.spec.model_dump() | {"measured": found}).measured == found


def test_a_classifier_gets_its_accuracy(root: Path) -> None:
    found = evaluate(Checkpoint.read(root / "judge"), progress=lambda _: None)
    assert set(found) == {"protocol", "accuracy"}
    assert 0 <= found["accuracy"]["digit"] <= 1


def test_real_pictures_reach_their_floor(root: Path) -> None:
    """Validation pictures as samples: they are the floor."""
    images = data.load("digits", "validation").pixels[:100]
    found = quality(images, "digits")
    assert found.made == found.floor
    assert found.floor_from == "100 validation"
    assert all(math.isfinite(v) for v in vars(found.floor).values())
    assert quality(images.float() / 255, "digits").made.fid == pytest.approx(found.made.fid, rel=1e-4)
    assert quality(images, "digits", n=50).samples == 50


def test_floor_goes_on_into_train(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = data.info("digits")
    monkeypatch.setattr(data, "info", lambda _: replace(info, splits=info.splits | {"validation": 30}))
    images = torch.cat(
        [data.load("digits", split).pixels[:count] for split, count in (("validation", 30), ("train", 20))]
    )
    found = quality(images, "digits")
    assert found.floor_from == "30 validation and 20 train"
    assert found.made == found.floor


def test_copies_of_training_pictures_are_found(root: Path) -> None:
    test = data.load("digits", "test").pixels[:20]
    train = data.load("digits", "train").pixels[100:120]
    found = memory("digits", train, test)
    assert (found.distance, found.closest, found.count) == (0, 0, 20)
    assert 0.05 < found.floor < 0.5
    assert memory("digits", test, test).distance == pytest.approx(found.floor)


def test_features_do_not_depend_on_the_batch_or_the_type(root: Path) -> None:
    model: Any = extractor("digits", (1, 28, 28)).load()
    images = data.load("digits", "validation").pixels[:30]
    features = extract(images, model)
    assert features.shape == (30, 8)
    torch.testing.assert_close(extract(images, model, batch=7), features)
    torch.testing.assert_close(extract(images.float() / 255, model), features)


def test_draws_the_seeds_in_order_as_bytes(root: Path) -> None:
    model: Any = put(root, "drawn", "gan", image_size=28, width=16).load()
    images = draw(model, range(5), batch=2)
    assert images.dtype == torch.uint8
    torch.testing.assert_close(images.float() / 255, model.sample(range(5)), atol=0.51 / 255, rtol=0)


@pytest.mark.parametrize(
    ("shape", "name"), [((3, 28, 28), "digits"), ((1, 64, 64), "digits"), ((1, 28, 28), "fashion")]
)
def test_no_classifier_is_said_in_a_sentence(root: Path, shape: tuple[int, int, int], name: str) -> None:
    with pytest.raises(GenlibError, match=f"no classifier for {name} at {shape[0]} x .*genlib train classifier"):
        extractor(name, shape)


def test_too_few_pictures_are_said_in_a_sentence(root: Path) -> None:
    with pytest.raises(GenlibError, match="takes 10 to 60000 pictures of digits, and these are 9"):
        quality(torch.zeros(9, 1, 28, 28), "digits")
