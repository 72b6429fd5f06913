"""Model cards of real (tiny) checkpoints: what the Hub reads, and what people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

from genlib import card, catalog
from genlib.checkpoint import Checkpoint, Spec, save, save_spec
from genlib.contract import Decodes, Embeds, Encodes, GenlibError, Recipe, Samples, Scores

HEADS = {"heads": {"digit": 10}}
NAMES = catalog.model_names()
MEASURES = {"kid": 0.0123, "kid_spread": 0.004, "precision": 0.5, "recall": 0.25, "density": 0.75, "coverage": 0.4}
FLOOR = {"kid": 0.0001, "kid_spread": 0.003, "precision": 0.8, "recall": 0.81, "density": 1.0, "coverage": 0.97}


def put(folder: Path, model_name: str, data: str = "digits", measured: dict[str, Any] | None = None) -> Checkpoint:
    cls = catalog.model_class(model_name)
    tiny = cls.tiny()
    heads = HEADS if issubclass(cls, Embeds) else {}
    torch.manual_seed(0)
    model = cls(cls.Config(**tiny.model_dump() | heads)).eval()
    recipe = Recipe(data=data, steps=1200, batch_size=32)
    spec = Spec(
        model=model_name, config=model.config.model_dump(), recipe=recipe, trained_steps=1200, measured=measured or {}
    )
    save(model, folder, spec, dtype=torch.float16)
    return Checkpoint.read(folder)


def measured() -> dict[str, Any]:
    """All that `evaluate` can find, with numbers that are easy to look for."""
    return {
        "protocol": {
            "data": "digits",
            "split": "test",
            "reals": 10000,
            "samples": 5000,
            "seeds": "0 to 4999",
            "controls": {"truncation": 2.0},
            "genlib": "0.1.0",
        },
        "quality": {
            "made": {"fid": 12.5, **MEASURES},
            "floor": {"fid": 0.25, **FLOOR},
            "extractor": "classifier-digits",
            "data": "digits",
            "split": "test",
            "reals": 10000,
            "samples": 5000,
            "floor_from": "5,000 validation",
            "neighbours": 5,
            "neighbours_from": 5000,
            "seed": 0,
        },
        "classes": {
            "attribute": "digit",
            "shares": {"0": 0.75, "1": 0.25, "2": 0.0},
            "real_shares": {"0": 0.3, "1": 0.3, "2": 0.4},
            "covered": 2,
            "certainty": 0.9,
            "real_certainty": 0.99,
        },
        "memory": {"distance": 0.05, "floor": 0.2, "closest": 0.01, "count": 1000},
        "likelihood": {
            "nats": -101.25,
            "error": 0.31,
            "bits_per_dim": 0.1863,
            "kind": "lower bound",
            "count": 10000,
            "seed": 0,
            "note": "bound with 50 importance samples",
        },
        "reconstruction": {"rms": 0.11, "baseline": 0.25, "count": 10000},
    }


@pytest.mark.parametrize("model_name", NAMES)
def test_every_model_gets_a_card_that_the_hub_can_read(tmp_path: Path, model_name: str) -> None:
    checkpoint = put(tmp_path / "some-digits", model_name)
    card.write(checkpoint)
    cls = checkpoint.model_class
    written = ModelCard.load(tmp_path / "some-digits" / "README.md")
    front = written.data.to_dict()
    assert front["library_name"] == "genlib"
    assert front["license"] == "cc-by-sa-3.0"
    assert front["datasets"] == ["digits"]
    assert {"genlib", model_name, "digits"} <= set(front["tags"])
    assert "model-index" not in front
    text = written.text
    for words in (
        cls.title,
        cls.idea,
        cls.paper.title,
        cls.paper.url,
        "Yann LeCun",
        "1,200",
        "float16",
        "Not measured yet",
    ):
        assert words in text
    assert 'genlib.load("some-digits")' in text
    for capability, call in (
        (Samples, "model.sample("),
        (Decodes, "model.decode("),
        (Encodes, "model.encode("),
        (Scores, "model.log_prob("),
        (Embeds, "model.features("),
    ):
        assert (call in text) == issubclass(cls, capability), call
    assert (tmp_path / "some-digits" / "sample.png").exists() == ("sample.png" in text) == issubclass(cls, Samples)


def test_the_code_in_the_card_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path)
    for name in NAMES:
        checkpoint = put(tmp_path / f"{name}-digits".replace("_", "-"), name)
        card.write(checkpoint)
        code = checkpoint.card().split("```python\n")[1].split("```")[0]
        lines = [line for line in code.splitlines() if "user/repository" not in line]
        names: dict[str, Any] = {"images": torch.rand(64, *checkpoint.model_config.image_shape)}
        exec("\n".join(lines), names)
        assert names["model"].config == checkpoint.model_config


def test_numbers_are_in_the_card_as_measured(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan", measured=measured())
    card.write(checkpoint)
    text = checkpoint.card()
    assert "| FID | 12.5 | 0.25 | lower is better |" in text
    assert "| Coverage | 0.4 | 0.97 | higher is better |" in text
    assert "FID (classifier-digits features)" in text
    assert "cannot be compared with Inception FID" in text
    assert "5,000 samples (seeds 0 to 4999, truncation 2.0, rounded to 8 bits) against 10,000 test pictures" in text
    assert "| 2 | 0.0% | 40.0% |" in text
    assert "2 of 3 classes" in text
    assert "(lower bound: bound with 50 importance samples), nats per image" in text
    for name, _, gloss in card.QUALITY.values():
        assert f"\n- {name}: {gloss}.\n" in text
    assert "RMS is the root mean square" in text
    assert "Nats are units of the natural logarithm" in text
    assert "| -101.2 ± 0.31 | 0.1863 bits per dimension |" in text
    assert "| 0.05 | 0.2 for test pictures |" in text
    assert "| 0.11 | 0.25 for the mean picture |" in text
    assert "Not measured yet" not in text
    # and the limits that follow from them
    assert "50.0 times that of real pictures" in text
    assert "50% of its samples lie outside" in text
    assert "40% of the test pictures have a sample near them" in text
    assert "hardly ever makes 1 of the 3 classes" in text
    assert "may be copying" in text
    assert "not exact (lower bound)" in text


def test_model_index_names_the_extractor(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan", measured=measured())
    card.write(checkpoint)
    results = {r.metric_type: r for r in ModelCard.load(tmp_path / "gan-digits" / "README.md").data.eval_results}
    assert results["fid"].metric_value == 12.5
    assert results["fid"].metric_name == "FID (classifier-digits features)"
    assert (results["fid"].dataset_type, results["fid"].dataset_split) == ("digits", "test")
    assert results["log-likelihood"].metric_value == -101.25
    assert set(results) == {*card.QUALITY, "log-likelihood"}


def test_a_good_model_is_not_accused(tmp_path: Path) -> None:
    found = measured()
    found["quality"]["made"] = found["quality"]["floor"]
    found["classes"]["covered"] = 3
    found["memory"]["distance"] = found["memory"]["floor"]
    found["likelihood"]["kind"] = "exact"
    checkpoint = put(tmp_path / "gan-digits", "gan", measured=found)
    card.write(checkpoint)
    limits = checkpoint.card().split("## Limits")[1].split("##")[0]
    assert limits.count("\n- ") == 2  # what it makes, and its FID, 1.0 times the floor
    assert "1.0 times" in limits


def test_a_classifier_shows_its_accuracy_and_no_samples(tmp_path: Path) -> None:
    found = {"protocol": measured()["protocol"], "accuracy": {"hair_colour": 0.99125, "eyes": 0.875}}
    checkpoint = put(tmp_path / "judge", "classifier", measured=found)
    card.write(checkpoint)
    text = checkpoint.card()
    assert "| hair colour | 99.12% |" in text
    assert "worst at eyes: 87.5%" in text
    assert "Share of the 10,000 test pictures" in text
    assert not (tmp_path / "judge" / "sample.png").exists()
    front = ModelCard.load(tmp_path / "judge" / "README.md").data
    assert front.pipeline_tag == "image-classification"
    assert {r.metric_name: r.metric_value for r in front.eval_results}["Accuracy (eyes)"] == 0.875


def test_picture_is_seeds_0_to_63_row_by_row(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan")
    card.write(checkpoint)
    picture = Image.open(tmp_path / "gan-digits" / "sample.png")
    size = checkpoint.model_config.image_size
    times = picture.width // (8 * size)
    assert picture.size == (times * 8 * size,) * 2
    assert 400 <= picture.width <= 640
    sheet = torch.from_numpy(np.array(picture))[::times, ::times] / 255
    wanted = checkpoint.load().sample([0, 9, 63])  # type: ignore[attr-defined]
    for image, (row, column) in zip(wanted, [(0, 0), (1, 1), (7, 7)], strict=True):
        y, x = row * size, column * size
        torch.testing.assert_close(sheet[y : y + size, x : x + size], image[0], atol=0.51 / 255, rtol=0)


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan", measured=measured())
    card.write(checkpoint)
    first = [(p.name, p.read_bytes()) for p in sorted((tmp_path / "gan-digits").iterdir())]
    save_spec(checkpoint.folder, checkpoint.spec)
    card.write(Checkpoint.read(checkpoint.folder))
    assert [(p.name, p.read_bytes()) for p in sorted((tmp_path / "gan-digits").iterdir())] == first


def test_a_licence_that_the_hub_does_not_know_is_named_and_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from genlib import data

    odd = replace(data.info("digits"), licence="Free for all", licence_url="https://example.org/free")
    monkeypatch.setattr(data, "info", lambda _: odd)
    card.write(put(tmp_path / "gan-digits", "gan"))
    front = ModelCard.load(tmp_path / "gan-digits" / "README.md").data.to_dict()
    assert (front["license"], front["license_name"]) == ("other", "Free for all")
    assert front["license_link"] == "https://example.org/free"


def test_an_unknown_data_set_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(GenlibError, match="no data set 'nowhere'"):
        card.write(put(tmp_path / "gan-nowhere", "gan", data="nowhere"))
