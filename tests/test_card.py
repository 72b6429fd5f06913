"""Model cards of real (tiny) checkpoints: what the Hub reads, and what people read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

from genlib import card, catalog, contract, data
from genlib.card import scatter
from genlib.card.pictures import describing
from genlib.checkpoint import Checkpoint, Spec, save, save_spec
from genlib.contract import (
    Decodes,
    Embeds,
    Encodes,
    HasPrior,
    Latent,
    Names,
    Recipe,
    Samples,
    Scores,
    Seeds,
    TakesHints,
    Translates,
    Unrolls,
)
from genlib.errors import GenlibError
from genlib.measures import quality
from genlib.measures.translation import held_out
from genlib.measures.translation import paired as of_pairs
from genlib.spaces import Pictures, Points

pytestmark = pytest.mark.usefixtures("sets_unpacked_once")
HEADS = {"heads": {"digit": 10}}
NAMES = catalog.model_names()
MEASURES = {"kid": 0.0123, "kid_spread": 0.004, "precision": 0.5, "recall": 0.25, "density": 0.75, "coverage": 0.4}
FLOOR = {"kid": 0.0001, "kid_spread": 0.003, "precision": 0.8, "recall": 0.81, "density": 1.0, "coverage": 0.97}


def put(
    folder: Path, model_name: str, name: str | None = None, measured: dict[str, Any] | None = None, **config: Any
) -> Checkpoint:
    """A tiny model; one that starts from pictures has the size of its data, as its card shows some."""
    cls = catalog.model_class(model_name)
    points = name in data.point_names()
    tiny = next(c for c in cls.tiny() if isinstance(c.space, Points) == points)
    fits: dict[str, Any] = HEADS if issubclass(cls, Embeds) else {}
    if not points and not issubclass(cls, Samples | Embeds):  # its card shows what it makes of pictures of the data
        fits = {"space": data.info(name or data_of(model_name)).space.model_dump()}
    torch.manual_seed(0)
    model = cls(cls.Config(**tiny.model_dump() | fits | config)).eval()
    training = cls.Training().model_dump(mode="json")
    recipe = Recipe(data=name or data_of(model_name), steps=1200, batch_size=32, training=training)
    spec = Spec(
        model=model_name,
        config=model.config.model_dump(mode="json"),
        recipe=recipe,
        trained_steps=1200,
        measured=measured or {},
    )
    save(model, folder, spec, dtype=torch.float16)
    return Checkpoint.read(folder)


def data_of(model_name: str) -> str:
    """A data set that a tiny model of this name fits, or (of those whose card needs no picture of it) digits."""
    cls = catalog.model_class(model_name)
    if not issubclass(cls, Translates):
        return "digits"
    return "emoji" if cls.needs(cls.tiny()[0]).paired else "faces"  # drawings, or worlds of a label


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
def test_every_model_gets_a_card_that_the_hub_can_read_and_whose_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_name: str
) -> None:
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path)
    checkpoint = put(tmp_path / "some-digits", model_name)
    card.write(checkpoint)
    cls = checkpoint.model_class
    written = ModelCard.load(tmp_path / "some-digits" / "README.md")
    front = written.data.to_dict()
    assert front["library_name"] == "genlib"
    info = data.info(data_of(model_name))
    assert front["license"] == card.LICENCES.get(info.licence, "other")
    assert front["datasets"] == [info.name]
    assert {"genlib", model_name, info.name} <= set(front["tags"])
    assert "model-index" not in front
    text = written.text
    for words in (
        cls.title,
        cls.idea,
        cls.paper.title,
        cls.paper.url,
        info.credit,
        info.licence_url,
        "1,200",
        "float16",
        "Not measured yet",
    ):
        assert words in text
    assert 'genlib.load("some-digits")' in text
    for capability, call in (
        (Samples, "model.sample("),
        (Decodes, "model.decode("),
        (HasPrior, "model.prior("),
        (Unrolls, "model.sample_steps("),
        (Names, "model.logits("),
        (Encodes, "model.encode("),
        (Scores, "model.log_prob("),
        (Embeds, "model.features("),
        (Translates, "model.translate("),
        (TakesHints, "model.translate_hinted("),
        (Translates, "python -m genlib translate some-digits in.png out.png"),
    ):
        assert (call in text) == issubclass(cls, capability), call
    for schema in (cls.Config, cls.Training, Recipe):
        for name in schema.model_fields.keys() - {"steps", "training", "size"}:
            field = schema.model_fields[name]
            said = field.description.replace("|", r"\|")
            assert f"| {said} |" in text
    shows = issubclass(cls, Samples | Translates) or (issubclass(cls, Encodes) and issubclass(cls, Decodes))
    assert (tmp_path / "some-digits" / "sample.png").exists() == ("sample.png" in text) == shows

    code = text.split("```python\n")[1].split("```")[0]
    lines = [line for line in code.splitlines() if "user/repository" not in line]
    images = torch.rand(64, *checkpoint.config.space.shape)
    model: Any = checkpoint.load()
    if isinstance(model, Translates):
        images = model.examples(held_out(checkpoint.spec.recipe.data, None), model.worlds(model.config).sources[0])[0][
            :3
        ]
    names: dict[str, Any] = {"images": images}
    exec("\n".join(lines), names)
    assert names["model"].config == checkpoint.config
    if isinstance(model, Translates):
        shape = tuple(names["translated"].shape)
        assert f"images: float32 {tuple(images.shape)} in [0, 1], " in code
        assert f"translated: {shape}, " in code


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
    for name, _, gloss in quality.FIGURES.values():
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
    assert set(results) == {*quality.FIGURES, "log-likelihood"}


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
    size = checkpoint.config.space.shape[-1]
    times = picture.width // (8 * size)
    assert picture.size == (times * 8 * size,) * 2
    assert 400 <= picture.width <= 640
    sheet = torch.from_numpy(np.array(picture))[::times, ::times] / 255
    wanted = checkpoint.load().sample([0, 9, 63])  # type: ignore[attr-defined]
    for image, (row, column) in zip(wanted, [(0, 0), (1, 1), (7, 7)], strict=True):
        y, x = row * size, column * size
        torch.testing.assert_close(sheet[y : y + size, x : x + size], image[0], atol=0.51 / 255, rtol=0)


# --- Translation -----------------------------------------------------------------------------------------------------


def close(error: float, fid: float) -> dict[str, float]:
    return {"error": error, "psnr": 20.5, "ssim": 0.875, "fid": fid}


def paired() -> dict[str, Any]:
    return {
        "target": "coloured-pictures",
        "pictures": 186,
        "left_out": 190,
        "ours": {"typical": close(0.0625, 25.0), "seeded": close(0.0635, 26.0), "hints 10": close(0.0225, 15.0)},
        "floors": {"input": close(0.0715, 93.0), "mean colour": close(0.075, 184.0), "nearest": close(0.0615, 19.0)},
        "diversity": 0.0145,
        "fid_floor": 12.5,
        "floor_from": "186 validation",
        "extractor": "classifier-emoji",
        "extractor_side": 64,
    }


def unpaired() -> dict[str, Any]:
    return {
        "target": "black-hair",
        "pictures": 501,
        "target_pictures": 535,
        "attribute": "hair_colour",
        "change": 0.0855,
        "round_trip": 0.0135,
        "named": 0.952,
        "named_real": 0.999,
        "fid": 10.0,
        "fid_unchanged": 28.5,
        "fid_floor": 5.0,
        "floor_from": "257 validation and 244 train",
        "kept": {"glasses": 0.99, "mouth": 0.93},
        "counterparts": {
            "pictures": 400,
            "error": 0.0165,
            "unchanged": 0.0873,
            "elsewhere": 0.0095,
            "kept": {"glasses": 1.0, "mouth": 0.98},
        },
        "extractor": "classifier-faces",
        "extractor_side": 64,
    }


def translating(found: dict[str, Any]) -> dict[str, Any]:
    protocol = {"data": "some", "split": "test", "reals": 376, "genlib": "0.1.0"}
    return {"protocol": protocol, "translation": found}


PAIRED, UNPAIRED = "pix2pix", "discogan"
HAIR = {"a_name": "blond hair", "b_name": "black hair"}


def test_translations_beside_the_truth(tmp_path: Path) -> None:
    found = translating({"emoji": {"line-drawings": paired()}})
    checkpoint = put(tmp_path / "sketch", PAIRED, measured=found)
    card.write(checkpoint)
    text = checkpoint.card()
    assert "### From line drawings to coloured pictures: Emoji with their line drawings (OpenMoji)" in text
    assert "| ours, without a seed | 0.0625 | 20.5 | 0.875 | 25 |" in text
    assert "| ours, hints at 10 places | 0.0225 | 20.5 | 0.875 | 15 |" in text
    assert "hints at 3 places" not in text  # that was not measured
    assert "| the input as it is | 0.0715 | 20.5 | 0.875 | 93 |" in text
    assert "| other real pictures |  |  |  | 12.5 |" in text
    for name, _, gloss in of_pairs.FIGURES.values():
        assert f"\n- {name}: {gloss}.\n" in text
    assert "186 test pictures (190 variants" in text
    assert "differ by 0.0145 on average" in text
    assert "FID (classifier-emoji features)" in text
    assert "186 validation pictures" in text
    limits = text.split("## Limits")[1].split("##")[0]
    assert "its error (0.0625) is no better than that of the truth of the nearest training input (0.0615)." in limits
    assert "2.0 times that of other real pictures (25 against 12.5)" in limits
    assert "Round-trip" not in text
    front = ModelCard.load(tmp_path / "sketch" / "README.md").data
    assert front.pipeline_tag == "image-to-image"
    results = {(r.metric_type, r.metric_name): r.metric_value for r in front.eval_results}
    assert results["mae", "Error (line drawings to coloured pictures, ours, without a seed)"] == 0.0625
    fid = "FID (line drawings to coloured pictures, ours, hints at 10 places, classifier-emoji features)"
    assert results["fid", fid] == 15.0
    assert len(results) == 3 * 4


def test_a_good_translation_is_not_accused(tmp_path: Path) -> None:
    good = paired()
    good["ours"]["typical"] = close(0.03, 12.5)
    checkpoint = put(tmp_path / "sketch", PAIRED, measured=translating({"emoji": {"line-drawings": good}}))
    card.write(checkpoint)
    limits = checkpoint.card().split("## Limits")[1].split("##")[0]
    assert "no better" not in limits
    assert "1.0 times" in limits


def test_translations_without_a_truth(tmp_path: Path) -> None:
    found = translating({"faces": {"blond-hair": unpaired()}})
    checkpoint = put(tmp_path / "hair", UNPAIRED, measured=found, **HAIR)
    card.write(checkpoint)
    text = checkpoint.card()
    assert "### From blond hair to black hair: Drawn faces (avataaars)" in text
    assert "| Round-trip error, there and back | 0.0135 |" in text
    assert "| Taken for black hair by the classifier | 95.2% | 99.9% of real black hair |" in text
    assert "| FID, lower is better | 10 | 5 for other real black hair, 28.5 for the inputs |" in text
    assert "| Other attributes named as before | 96.0% | 99.0% of true counterparts |" in text
    assert "| Error from the true counterpart | 0.0165 | 0.0873 for the inputs |" in text
    assert "| Change of the pixels that should stay | 0.0095 |" in text
    assert "501 test pictures of blond hair, 535 of black hair" in text
    assert "for 400 of the test pictures; training saw none" in text
    assert "PSNR" not in text
    limits = text.split("## Limits")[1].split("##")[0]
    assert "2.0 times that of other real pictures" in limits
    assert "does not take 4.8% of its translations for black hair" in limits
    assert "worst at keeping mouth: named as before in 93.0%" in limits
    assert "no better" not in limits
    assert "--source blond-hair" in text
    results = ModelCard.load(tmp_path / "hair" / "README.md").data.eval_results
    assert {r.metric_name: r.metric_value for r in results}["Taken for black hair (blond hair to black hair, "
        "classifier-faces)"] == 0.952  # fmt: skip
    assert {r.dataset_type for r in results} == {"faces"}


def test_what_was_not_measured_of_a_translation_is_not_there(tmp_path: Path) -> None:
    found = unpaired() | {"kept": {}, "counterparts": None}
    checkpoint = put(tmp_path / "hair", UNPAIRED, measured=translating({"faces": {"blond-hair": found}}), **HAIR)
    card.write(checkpoint)
    assert "ounterpart" not in checkpoint.card()
    assert "named as before" not in checkpoint.card()


def test_joined_data_sets_keep_their_own_licences(tmp_path: Path) -> None:
    found = translating({"faces": {"grey-pictures": paired()}, "emoji": {"grey-pictures": paired()}})
    checkpoint = put(tmp_path / "grey", PAIRED, "faces+emoji", measured=found, source="grey")
    card.write(checkpoint)
    section = checkpoint.card().split("## Data and licence")[1].split("## Training")[0]
    front = ModelCard.load(tmp_path / "grey" / "README.md").data
    assert front.datasets == ["faces", "emoji"]
    assert {r.dataset_type for r in front.eval_results} == {"faces", "emoji"}
    for info in map(data.info, ("faces", "emoji")):
        assert f"Credit: {info.credit} ([source]({info.source_url}))" in section
        assert f"[{info.licence}]({info.licence_url})" in section
        assert f"### From grey pictures to coloured pictures: {info.title}" in checkpoint.card()
    assert "Left Drawn faces (avataaars), right Emoji with their line drawings (OpenMoji)." in checkpoint.card()


@pytest.mark.parametrize("model_name", [name for name in NAMES if issubclass(catalog.model_class(name), Translates)])
def test_picture_of_a_translation_is_held_out_examples(
    tmp_path: Path, model_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two in a row: the first half of the sixteen stands left. In all its colours, of which a file keeps 256."""
    monkeypatch.setattr(Image.Image, "quantize", lambda picture, _: picture)
    checkpoint = put(tmp_path / "some", model_name)
    card.write(checkpoint)
    sheet = torch.from_numpy(np.array(Image.open(tmp_path / "some" / "sample.png").convert("RGB"))) / 255
    model: Any = checkpoint.load()
    test = held_out(checkpoint.spec.recipe.data, None)
    worlds = model.worlds(model.config)
    sources = worlds.sources
    for half, source in enumerate((sources[0], sources[-1])):
        inputs, truths = model.examples(test, source)
        each = 16 // len(sources)
        number = 3 if half == 0 or len(sources) == 2 else 8 + 3
        row = number * (len(inputs) // each)
        picture = inputs[row : row + 1]
        made = model.translate(picture, source)
        cells = [picture, made]
        if truths is None:
            eight_bits = made.mul(255).round() / 255
            cells.append(model.translate(eight_bits, worlds.target(source)))
        else:
            cells += [None] * isinstance(model, TakesHints) + [truths[row : row + 1]]
        assert sheet.shape[1] == 2 * len(cells) * (64 + 2) - 2
        for column, cell in enumerate(cells, half * len(cells)):
            y, x = 3 * 66, column * 66
            if cell is not None:
                shown = sheet[y : y + 64, x : x + 64].permute(2, 0, 1)
                torch.testing.assert_close(shown, cell[0].expand(3, -1, -1), atol=0.51 / 255, rtol=0)


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

    odd = replace(data.info("digits"), licence="Free for all", licence_url="https://example.org/free")
    monkeypatch.setattr(data, "info", lambda _: odd)
    card.write(put(tmp_path / "gan-digits", "gan"))
    front = ModelCard.load(tmp_path / "gan-digits" / "README.md").data.to_dict()
    assert (front["license"], front["license_name"]) == ("other", "Free for all")
    assert front["license_link"] == "https://example.org/free"


def test_an_unknown_data_set_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(GenlibError, match="no data set 'nowhere'"):
        card.write(put(tmp_path / "gan-nowhere", "gan", "nowhere"))


# --- Points, reconstructions, steps ----------------------------------------------------------------------------------


def reached(covered: int, high_quality: float, reverse_kl: float, shares: tuple[float, float]) -> dict[str, Any]:
    of_each = [shares[0]] * 7 + [shares[1]]
    return {"covered": covered, "high_quality": high_quality, "reverse_kl": reverse_kl, "shares": of_each}


def of_points() -> dict[str, Any]:
    return {
        "protocol": measured()["protocol"] | {"data": "ring8", "samples": 2500, "seeds": "0 to 2499"},
        "modes": {
            "made": reached(7, 0.75, 0.2225, (0.14, 0.02)),
            "floor": reached(8, 0.99, 0.0015, (0.125, 0.125)),
            "modes": 8,
            "samples": 2500,
            "sigmas": 3.0,
        },
        "likelihood": measured()["likelihood"]
        | {"nats": 2.5, "error": 0.02, "bits_per_dim": None, "kind": "exact", "note": "", "law": 4.25},
        "reconstruction": {"rms": 0.11, "baseline": 0.75, "count": 10000},
    }


def test_a_card_of_points(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "vae-ring8", "vae", "ring8", measured=of_points())
    card.write(checkpoint)
    text, info = checkpoint.card(), data.info("ring8")
    assert "| Modes covered | 7 of 8 | 8 of 8 | higher is better |" in text
    assert "| Samples of high quality | 75.0% | 99.0% | higher is better |" in text
    assert "| Reverse KL over the modes, nats | 0.2225 | 0.0015 | lower is better |" in text
    assert "2,500 samples (seeds 0 to 2499" in text
    assert "nats per point, mean of 10,000 held-out points | 2.5 ± 0.02 | 4.25 by the law of the data itself |" in text
    assert "| 0.11 | 0.75 for the mean point |" in text
    assert "coordinate by coordinate, in the data's own unit" in text
    for foreign in ("pixel", "picture that", "bits per dimension", "Inception", "[0, 1]"):
        assert foreign not in text.split("## Measured")[1].split("## Training")[0]
    limits = text.split("## Limits")[1].split("##")[0]
    assert f"It makes points like those of {info.title} and nothing else." in limits
    assert "It misses 1 of the 8 modes." in limits
    assert "25% of its samples lie farther than 3 standard deviations from every mode (1% of" in limits
    assert "from 2.0% to 14.0% of the samples" in limits
    front = ModelCard.load(tmp_path / "vae-ring8" / "README.md").data
    assert (front.license, front.pipeline_tag) == ("mit", None)
    told = {r.metric_type: r.metric_value for r in front.eval_results}
    assert told == {"modes": 7, "high-quality": 0.75, "reverse-kl": 0.2225, "log-likelihood": 2.5}
    code = text.split("```python\n")[1].split("```")[0]
    assert "x = model.sample(seeds=range(64))  # float32 (64, 2)" in code


def test_the_code_in_a_card_of_points_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path)
    checkpoint = put(tmp_path / "vae-ring8", "vae", "ring8")
    card.write(checkpoint)
    code = checkpoint.card().split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec("\n".join(line for line in code.splitlines() if "user/repository" not in line), names)
    assert names["x"].shape == (64, 2)
    assert names["nats"].shape == (64,)


def test_picture_of_points_is_samples_over_the_data(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-two", "gan", "two-gaussians")
    card.write(checkpoint)
    picture = np.array(Image.open(tmp_path / "gan-two" / "sample.png").convert("RGB")).astype(int)
    assert picture.shape == (512, 512, 3)
    grey = (abs(picture - np.array(scatter.DATA)).max(2) < 12).nonzero()
    # Data at -1 and 1: grey left and right, nearly none in the middle, as much on the one side as on the other.
    assert 0.8 < (grey[1] < 256).mean() / (grey[1] >= 256).mean() < 1.25
    assert (abs(grey[1] - 256) < 12).mean() < 0.01
    assert (picture[..., 2] > picture[..., 0] + 60).any(), "samples are blue"


@pytest.mark.parametrize("dims", [1, 2])
def test_a_scatter_shows_samples_where_they_are(dims: int) -> None:
    """All samples in one place, at a quarter of the data's extent from the left: blue there and nowhere else."""
    real = np.stack([np.linspace(-2, 2, 500)] * dims, 1)
    real[:, 1:] = 0
    made = np.zeros((100, dims))
    made[:, 0] = -1
    picture = scatter.plot(made, real, None).astype(int)
    rows, columns = ((picture[..., 2] > picture[..., 0] + 60) & (picture[..., 2] > 120)).nonzero()
    lowest = rows.max()
    places = columns[rows < lowest - 8] if dims == 1 else columns  # a histogram's outline runs along the axis
    # 4 units are the picture without its edges and the room for what lies farther out: 512 (1 - 0.12) / 1.25 px.
    assert places.mean() == pytest.approx(256 - 512 * 0.88 / 1.25 / 4, abs=6)
    assert np.ptp(places) < 16
    assert (rows.mean() == pytest.approx(256, abs=2)) or dims == 1


DIGITS = contract.Config(space=Pictures())


def test_an_autoencoder_shows_reconstructions(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan")

    class Copier(Encodes, Decodes):
        """Gives back a picture at half its light, and makes nothing."""

        config = DIGITS

        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1) / 2

        @classmethod
        def latent(cls, config: Any) -> Latent:
            return Latent(784, "none")

        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return z.view(-1, 1, 28, 28)

    model: Any = Copier()
    picture = describing(checkpoint, model)
    assert picture
    assert picture.title == "32 held-out pictures and their reconstructions"
    test = data.load_pictures("digits", "test").pixels
    # Third row, second pair: the tenth of 32 pictures at even distances.
    y, x = 2 * 30, 2 * 30
    whole = picture.sheet[y : y + 28, x : x + 28, 0].astype(int)
    half = picture.sheet[y : y + 28, x + 30 : x + 58, 0].astype(int)
    assert (whole == test[9 * (len(test) // 32), 0].numpy()).all()
    assert abs(whole - 2 * half).max() <= 1


def test_a_model_that_unrolls_shows_its_steps_below(tmp_path: Path) -> None:
    checkpoint = put(tmp_path / "gan-digits", "gan")

    class Brightening(Samples, Unrolls):
        config = DIGITS

        def sample(self, seeds: Seeds, controls: Any = None) -> torch.Tensor:
            return torch.ones(len(seeds), 1, 28, 28)

        def sample_steps(self, seeds: Seeds, controls: Any = None) -> Iterator[torch.Tensor]:
            for step in range(16):
                yield torch.full((len(seeds), 1, 28, 28), step / 15)

    model: Any = Brightening()
    picture = describing(checkpoint, model)
    assert picture
    assert "seed 0 at 8 of its steps" in picture.caption
    strip = picture.sheet[-28:].reshape(28, 8, 28)
    assert strip.mean((0, 2)).tolist() == [round(255 * step / 15) for step in (0, 2, 4, 6, 9, 11, 13, 15)]
    assert (picture.sheet[8 * 28 : -28] == 255).all()


@pytest.mark.parametrize(("model_name", "name"), [("gan", "digits"), ("gan", "ring8")])
def test_a_sheet_of_samples(tmp_path: Path, model_name: str, name: str) -> None:
    model: Any = put(tmp_path / "some", model_name, name).load("cpu")
    sheet = Image.open(io.BytesIO(card.sheet(model, range(6))))
    assert sheet.size == ((512, 512) if name == "ring8" else (3 * 10 - 2, 2 * 10 - 2))
