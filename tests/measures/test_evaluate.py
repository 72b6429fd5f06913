"""Whole evaluations: real data, real (tiny, hardly trained) models in a folder of their own."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard

from genlib import card, catalog, data, measures
from genlib.checkpoint import Checkpoint, Spec, save, save_spec
from genlib.contract import Decodes, Encodes, Recipe, Samples, Scores
from genlib.errors import GenlibError
from genlib.measures import evaluate, found_in, judge
from genlib.measures.judge import classifier_of
from genlib.measures.likelihood import usual
from genlib.measures.memorisation import floor, memory
from genlib.measures.quality import quality
from genlib.measures.subject import draw
from genlib.spaces import Pictures

FEW = 500
SAMPLES = 40
CLASSIFIER: dict[str, Any] = {"heads": {"digit": 10}, "width": 4, "features": 8}


def put(root: Path, name: str, model_name: str, data_name: str = "digits", **config: Any) -> Checkpoint:
    """A checkpoint of an untrained model."""
    cls = catalog.model_class(model_name)
    torch.manual_seed(0)
    model = cls(cls.Config(**config)).eval()
    recipe = Recipe(data=data_name, steps=1)
    save(model, root / name, Spec(model=model_name, config=model.config.model_dump(mode="json"), recipe=recipe))
    return Checkpoint.read(root / name)


@cache
def few(
    name: str, split: Any, *, size: Any = None, verify: bool = True, load: Any = data.load_pictures
) -> data.PictureSet:
    """The first pictures of a split: tests need the real thing, not all of it."""
    return load(name, split, size=size).take(slice(FEW))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "CHECKPOINTS", root)
        patch.setattr(data, "load_pictures", few)
        put(root, "judge", "classifier", **CLASSIFIER)
        yield root


@pytest.mark.parametrize("model_name", ["gan", "vae"])
def test_measures_what_the_model_can_do_and_repeats(root: Path, model_name: str) -> None:
    checkpoint = put(root, f"{model_name}-digits", model_name, width=16)
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
    spec = Spec.model_validate(checkpoint.spec.model_dump() | {"measured": found})
    assert spec.measured == found
    stored = replace(checkpoint, spec=spec)
    # What was stored is what was found, as each measure reads it again.
    assert {m.name: m.stored(result) for m, result in found_in(stored)} | {"protocol": found["protocol"]} == found
    assert floor(stored) == found["memory"]["floor"]
    assert usual(stored) == (found["likelihood"]["nats"] if issubclass(cls, Scores) else None)


def test_a_classifier_gets_its_accuracy(root: Path) -> None:
    found = evaluate(Checkpoint.read(root / "judge"), progress=lambda _: None)
    assert set(found) == {"protocol", "accuracy"}
    assert 0 <= found["accuracy"]["digit"] <= 1


def test_real_pictures_reach_their_floor(root: Path) -> None:
    """Validation pictures as samples: they are the floor."""
    images = data.load_pictures("digits", "validation").pixels[:100]
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
        [data.load_pictures("digits", split).pixels[:count] for split, count in (("validation", 30), ("train", 20))]
    )
    found = quality(images, "digits")
    assert found.floor_from == "30 validation and 20 train"
    assert found.made == found.floor


def test_copies_of_training_pictures_are_found(root: Path) -> None:
    test = data.load_pictures("digits", "test").pixels[:20]
    train = data.load_pictures("digits", "train").pixels[100:120]
    found = memory("digits", train, test)
    assert (found.distance, found.closest, found.count) == (0, 0, 20)
    assert 0.05 < found.floor < 0.5
    assert memory("digits", test, test).distance == pytest.approx(found.floor)


def test_features_do_not_depend_on_the_batch_or_the_type(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = judge.load(classifier_of("digits", Pictures()))
    images = data.load_pictures("digits", "validation").pixels[:30]
    features = reader.features(images)
    assert features.shape == (30, 8)
    torch.testing.assert_close(reader.features(images.float() / 255), features)
    monkeypatch.setattr(judge, "BATCH", 7)
    torch.testing.assert_close(reader.features(images), features)


def test_draws_the_seeds_in_order_as_bytes(root: Path) -> None:
    model: Any = put(root, "drawn", "gan", width=16).load("cpu")
    images = draw(model, range(5), batch=2)
    assert images.dtype == torch.uint8
    torch.testing.assert_close(images.float() / 255, model.sample(range(5)), atol=0.51 / 255, rtol=0)


@pytest.mark.parametrize(
    ("space", "name"),
    [(Pictures(channels=3), "digits"), (Pictures(side=64), "digits"), (Pictures(), "fashion")],
)
def test_no_classifier_is_said_in_a_sentence(root: Path, space: Pictures, name: str) -> None:
    with pytest.raises(GenlibError, match=f"no classifier for {name} at {space.channels} x .*train classifier-{name}"):
        classifier_of(name, space)


def test_too_few_pictures_are_said_in_a_sentence(root: Path) -> None:
    with pytest.raises(GenlibError, match="takes 10 to 60000 pictures of digits, and these are 9"):
        quality(torch.zeros(9, 1, 28, 28), "digits")


def test_where_no_classifier_is_there_the_rest_is_measured(root: Path) -> None:
    checkpoint = put(root, "gan-fashion", "gan", "fashion", width=16)
    found = evaluate(checkpoint, samples=SAMPLES, progress=lambda _: None)
    assert set(found) == {"protocol", "memory", "parzen"}


@pytest.mark.parametrize("model_name", ["gan", "vae"])
def test_points_are_measured_by_modes_and_not_by_pictures(root: Path, model_name: str) -> None:
    config = {"space": {"kind": "points"}, "latent": 2, "width": 16}
    law = {"decoder": "gaussian"} if model_name == "vae" else {"batch_norm": False}
    checkpoint = put(root, f"{model_name}-ring8", model_name, "ring8", **config, **law)
    found = evaluate(checkpoint, progress=lambda _: None)
    scored = {"likelihood", "reconstruction"} if model_name == "vae" else set()
    assert set(found) == {"protocol", "modes"} | scored
    assert (found["protocol"]["samples"], found["protocol"]["reals"]) == (2500, 10_000)
    assert (found["modes"]["modes"], found["modes"]["floor"]["covered"]) == (8, 8)
    assert sum(found["modes"]["made"]["shares"]) == pytest.approx(1, abs=1e-5)
    assert found["modes"]["floor"]["high_quality"] > 0.97 > found["modes"]["made"]["high_quality"]
    if scored:
        # The law of the ring: log 8 for the mode, and log(2 pi e sigma^2) for the place in it.
        entropy = math.log(8) + math.log(2 * math.pi * math.e * 0.01**2)
        assert found["likelihood"]["law"] == pytest.approx(-entropy, abs=0.05)
        assert found["likelihood"]["nats"] < found["likelihood"]["law"]
        assert found["likelihood"]["bits_per_dim"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_curves_have_no_modes_to_count(root: Path) -> None:
    config: dict[str, Any] = {"space": {"kind": "points"}, "latent": 2, "width": 16, "batch_norm": False}
    checkpoint = put(root, "gan-moons", "gan", "moons", **config)
    assert set(evaluate(checkpoint, progress=lambda _: None)) == {"protocol"}


NEW = '''
from dataclasses import dataclass

from genlib.contract import Samples
from genlib.measures.base import HubResult, Measure, Part


@dataclass(frozen=True)
class Result:
    """Mean of all pixels: of samples, and of test pictures."""

    made: float
    real: float


class Brightness(Measure[Result]):
    name = "brightness"

    def applies(self, checkpoint):
        return issubclass(checkpoint.model_class, Samples)

    def measure(self, subject):
        subject.progress("Measuring the light")
        return Result(float(subject.made.float().mean()), float(subject.real.float().mean()))

    def card(self, found, checkpoint):
        return Part(
            rows=(("Brightness", f"{found.made:.1f}", f"{found.real:.1f} of test pictures"),),
            terms=("Brightness goes from 0 to 255.",),
            limits=("It is too dark.",) if found.made < found.real else ("It is too bright.",),
        )

    def hub(self, found, checkpoint):
        yield HubResult("brightness", found.made, "Brightness of samples")
'''


def test_a_new_measure_is_one_file(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found, measured, stored, carded and told to the Hub by being there."""
    (tmp_path / "brightness.py").write_text(NEW)
    monkeypatch.setattr(measures, "__path__", [*measures.__path__, str(tmp_path)])
    checkpoint = put(root, "gan-bright", "gan", width=16)
    said: list[str] = []
    try:
        found = evaluate(checkpoint, samples=SAMPLES, progress=said.append)
        assert "Measuring the light" in said
        assert list(found)[-1] == "brightness", "after the others, unless it says its place"
        real = data.load_pictures("digits", "test").pixels.float().mean()
        assert found["brightness"]["real"] == pytest.approx(float(real), rel=1e-5)
        save_spec(checkpoint.folder, checkpoint.spec.model_copy(update={"measured": found}))
        card.write(Checkpoint.read(checkpoint.folder))
        written = ModelCard.load(checkpoint.folder / "README.md")
        made = found["brightness"]["made"]
        assert f"| Brightness | {made:.1f} | {real:.1f} of test pictures |" in written.text
        assert "Brightness goes from 0 to 255." in written.text
        assert "\n- It is too " in written.text.split("## Limits")[1]
        assert {r.metric_type: r.metric_value for r in written.data.eval_results}["brightness"] == made
    finally:
        sys.modules.pop("genlib.measures.brightness", None)


@pytest.mark.parametrize("stored", [{"likelihood": 3}, {"likelihood": {"nats": "low"}}, {}, {"likelihood": {}}])
def test_a_reference_that_a_stranger_wrote_is_none(root: Path, stored: dict[str, Any]) -> None:
    checkpoint = put(root, "gan-digits", "gan", width=16)
    strange = replace(checkpoint, spec=checkpoint.spec.model_copy(update={"measured": stored}))
    assert usual(strange) is None
