"""Translations: cases whose numbers follow from how they are made, and evaluations of (tiny, untrained) models."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genlib import catalog, data
from genlib.checkpoint import Checkpoint, Spec, save
from genlib.contract import Domain, Recipe, TakesHints, Translates, Worlds
from genlib.data import DataError, PictureSet, builder, faces
from genlib.errors import GenlibError
from genlib.measures import evaluate
from genlib.measures.subject import Subject
from genlib.measures.translation import Translation, held_out, paired, shared, unpaired
from genlib.measures.translation.paired import MOST_PSNR, closeness, without_model
from genlib.measures.translation.shared import judge_of
from genlib.measures.translation.unpaired import told_apart

FEW = 61
STEP = 51 / 255  # a fifth, exactly representable in 8 bits
COLOUR = {"kind": "pictures", "channels": 3, "side": 64}
GREY = {"kind": "pictures", "channels": 1, "side": 28}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "emoji": {"space": COLOUR, "heads": {"group": 10, "skin_tone": 7}},
    "faces": {"space": COLOUR, "heads": {"hair_colour": 6, "glasses": 4}},
    "fashion": {"space": GREY, "heads": {"garment": 10}},
}


@cache
def few(name: str, split: str, *, size: int | None = None, verify: bool = True) -> PictureSet:
    """Noise in the shape of a data set, with labels; a third of the emoji are variants."""
    if len(parts := data.parts(name)) > 1:
        return PictureSet(torch.cat([few(part, split).pixels for part in parts]), {}, data.info(name))
    info, rng = data.info(name), torch.Generator().manual_seed(len(name) + len(split))
    pixels = torch.randint(256, (FEW, *info.space.shape), generator=rng).to(torch.uint8)
    labels = {name: torch.randint(len(classes), (FEW,), generator=rng) for name, classes in info.labels.items()}
    if "skin_tone" in labels:
        labels["skin_tone"] = (torch.arange(FEW) % 3 == 0).long()
    return PictureSet(pixels, labels, info, pixels[:, :1] if info.has_lines else None)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Checkpoints of small classifiers, and small data sets."""
    root = tmp_path_factory.mktemp("checkpoints")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "CHECKPOINTS", root)
        patch.setattr(data, "load_pictures", few)
        for name, config in CLASSIFIERS.items():
            put(root, f"judge-{name}", "classifier", name, width=4, features=8, **config)
        yield root


def put(root: Path, name: str, model_name: str, data_name: str, **config: Any) -> Checkpoint:
    cls = catalog.model_class(model_name)
    torch.manual_seed(0)
    model = cls(cls.Config(**config)).eval()
    recipe = Recipe(data=data_name, steps=1)
    save(model, root / name, Spec(model=model_name, config=model.config.model_dump(mode="json"), recipe=recipe))
    return Checkpoint.read(root / name)


@dataclass(frozen=True)
class Untrained:
    """As much of a checkpoint as is asked for while translations are measured."""

    spec: Spec
    config: Any = None
    name: str = "toy"


def measure(model: Translates, data_name: str) -> Any:
    """What a checkpoint with this model would store."""
    spec = Spec(model="toy", config={}, recipe=Recipe(data=data_name))
    subject = Subject(Untrained(spec), progress=lambda _: None)  # type: ignore[arg-type]
    subject.model = model
    measured = Translation()
    return measured.stored(measured.measure(subject))


# --- With truths -----------------------------------------------------------------------------------------------------


DIM, BRIGHT = Domain("dim", "dim pictures", "colour"), Domain("bright", "bright pictures", "colour")


class Brighter(Translates):
    """The truth is the picture itself, dimmed so that there is room; every answer is a fifth too bright."""

    config = None
    varies = False

    @classmethod
    def worlds(cls, config: Any) -> Worlds:
        return Worlds(DIM, BRIGHT, (DIM,), cls.varies)

    def translate(self, images: Tensor, source: Domain, seeds: Any = None, controls: Any = None) -> Tensor:
        return images + STEP

    def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
        dim = data.x(slice(None)).clamp(max=190 / 255)
        return dim, dim


class Seeded(Brighter):
    """Seeds brighten by 0, 1 or 2 levels more."""

    varies = True

    def translate(self, images: Tensor, source: Domain, seeds: Any = None, controls: Any = None) -> Tensor:
        more = [0] * len(images) if seeds is None else [s % 3 / 255 for s in seeds]
        return images + STEP + torch.tensor(more)[:, None, None, None]


class Hinted(Brighter, TakesHints):
    """Right where there is a hint."""

    def translate_hinted(
        self, images: Tensor, source: Domain, hints: Tensor, seeds: Any = None, controls: Any = None
    ) -> Tensor:
        return images + STEP * (1 - hints[:, 3:])

    def hints_from(self, truths: Tensor, images: Tensor, counts: Sequence[int], rng: torch.Generator) -> Tensor:
        hints = torch.zeros(len(truths), 4, *truths.shape[2:])
        for hint, count in zip(hints, counts, strict=True):
            hint[:, :count, :32] = 1  # half of so many rows
        return hints


def test_an_error_of_a_fifth_is_a_fifth(root: Path) -> None:
    found = measure(Brighter(), "faces")["faces"]["dim"]
    assert set(found["ours"]) == {"typical"}
    assert found["diversity"] is None
    ours = found["ours"]["typical"]
    assert ours["error"] == pytest.approx(0.2, abs=1e-6)
    assert ours["psnr"] == pytest.approx(20 * math.log10(5), abs=1e-4)
    assert ours["ssim"] < 0.999
    assert ours["fid"] > 0
    # The input is the truth here: nothing is closer, and that has to be a number.
    for floor in ("input", "mean colour"):
        assert found["floors"][floor] == {
            "error": 0,
            "psnr": pytest.approx(58.9, abs=0.05),
            "ssim": 1,
            "fid": pytest.approx(0, abs=1e-6),
        }
    assert found["floors"]["nearest"]["error"] > 0.01
    assert (found["target"], found["pictures"], found["left_out"]) == ("bright", FEW, 2000 - FEW)
    assert (found["extractor"], found["extractor_side"]) == ("judge-faces", 64)
    assert found["floor_from"] == f"{FEW} validation"
    assert found["fid_floor"] > 0


def test_seeds_that_change_something_are_measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Picture i has seed i, and then seed FEW + i."""
    monkeypatch.setattr(shared, "BATCH", 7)  # seeds go with their pictures, whatever the batch
    found = measure(Seeded(), "faces")["faces"]["dim"]
    assert found["ours"]["typical"]["error"] == pytest.approx(0.2, abs=1e-6)
    assert found["ours"]["seeded"]["error"] == pytest.approx(0.2 + sum(i % 3 for i in range(FEW)) / FEW / 255, abs=1e-6)
    wanted = sum(abs(i % 3 - (FEW + i) % 3) for i in range(FEW)) / FEW / 255
    assert found["diversity"] == pytest.approx(wanted, rel=1e-6)


def test_hints_help_as_far_as_they_reach(root: Path) -> None:
    ours = measure(Hinted(), "faces")["faces"]["dim"]["ours"]
    assert set(ours) == {"typical", "hints 3", "hints 10"}
    for count in (3, 10):
        assert ours[f"hints {count}"]["error"] == pytest.approx(0.2 * (1 - count / 64 / 2), abs=1e-6)


def test_floors_take_no_model(root: Path) -> None:
    """Truths are the inputs, plus a colour that is the same at the same place everywhere."""
    torch.manual_seed(0)
    grey = torch.randint(0, 100, (8, 1, 16, 16), dtype=torch.uint8)
    colour = torch.randint(0, 100, (3, 16, 16), dtype=torch.uint8)

    class Painter(Brighter):
        def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
            return data.x(slice(None)), (data.pixels + colour) / 255

    info = data.info("faces")
    train = PictureSet(grey[:5], {}, info)
    inputs = (grey[:5].short().flip(0) + 1) / 255  # nearly the training pictures, in another order
    truths = (inputs * 255).round().to(torch.uint8) + colour
    floors = without_model(Painter(), DIM, inputs, truths, train)
    assert torch.equal(floors["input"], (inputs * 255).round().to(torch.uint8).expand(-1, 3, -1, -1))
    assert torch.equal(floors["mean colour"], truths)
    assert torch.equal(floors["nearest"], (grey[:5] + colour).flip(0))


def test_perfect_answers_have_a_finite_psnr() -> None:
    images = torch.randint(0, 255, (3, 3, 16, 16), dtype=torch.uint8)
    found = closeness(images, images, 0.5)
    assert (found.error, found.psnr, found.ssim, found.fid) == (0, pytest.approx(MOST_PSNR), 1, 0.5)


def test_only_base_emoji_are_measured() -> None:
    whole = data.load_pictures("emoji", "test")
    plain = held_out("emoji", 64)
    keep = whole.labels["skin_tone"] == 0
    assert 0 < len(plain) == keep.sum() < len(whole)
    assert plain.lines is not None
    assert whole.lines is not None
    assert torch.equal(plain.pixels, whole.pixels[keep])
    assert torch.equal(plain.lines, whole.lines[keep])
    assert torch.equal(plain.labels["group"], whole.labels["group"][keep])


def test_parts_of_a_joined_set_are_measured_apart(root: Path) -> None:
    found = measure(Brighter(), "faces+emoji")
    assert {part: set(of) for part, of in found.items()} == {"faces": {"dim"}, "emoji": {"dim"}}
    assert found["emoji"]["dim"]["extractor"] == "judge-emoji"
    plain = int((few("emoji", "test").labels["skin_tone"] == 0).sum())
    assert found["emoji"]["dim"]["pictures"] == plain < FEW


def test_large_pictures_are_reduced_for_the_classifier(root: Path) -> None:
    judge = judge_of("emoji", 3, 128)
    assert (judge.name, judge.side) == ("judge-emoji", 64)
    images = torch.rand(3, 3, 64, 64)
    large = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(judge.features(large), judge.model.features(images), rtol=1e-4, atol=1e-5)
    with pytest.raises(GenlibError, match="no classifier for emoji at 3 x 256 x 256"):
        judge_of("emoji", 3, 256)


# --- Without truths --------------------------------------------------------------------------------------------------


A, B = Domain("a", "A", "colour"), Domain("b", "B", "colour")


class Swap(Translates):
    """Two worlds of one label; nothing happens to the pictures."""

    config = None

    def __init__(self, attribute: str, a: tuple[int, ...], b: tuple[int, ...]) -> None:
        self.attribute, self.classes = attribute, {"a": a, "b": b}

    @classmethod
    def worlds(cls, config: Any) -> Worlds:
        return Worlds(A, B, (A, B), False)

    def translate(self, images: Tensor, source: Domain, seeds: Any = None, controls: Any = None) -> Tensor:
        return images

    def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
        rows = torch.isin(data.labels[self.attribute], torch.tensor(self.classes[source.key]))
        return data.x(rows), None


class Inverted(Swap):
    def translate(self, images: Tensor, source: Domain, seeds: Any = None, controls: Any = None) -> Tensor:
        return 1 - images


def test_a_model_that_does_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpaired, "redrawn", lambda *_: None)
    for source, found in measure(Swap("hair_colour", (1,), (0, 2)), "faces")["faces"].items():
        assert found["round_trip"] == found["change"] == 0
        assert found["fid"] == found["fid_unchanged"] > 0
        assert found["kept"] == {"glasses": 1}  # the hair's colour is not among what is to stay
        assert found["attribute"] == "hair_colour"
        assert found["counterparts"] is None
        hair = few("faces", "test").labels["hair_colour"]
        ours, theirs = (sum(hair == 1), (hair == 0).sum() + (hair == 2).sum())
        wanted = (ours, theirs) if source == "a" else (theirs, ours)
        assert (found["pictures"], found["target_pictures"]) == wanted


def test_round_trip_and_change_of_an_involution(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpaired, "redrawn", lambda *_: None)
    found = measure(Inverted("hair_colour", (1,), (0,)), "faces")["faces"]["a"]
    blond = few("faces", "test").x(few("faces", "test").labels["hair_colour"] == 1)
    assert found["round_trip"] == 0
    assert found["change"] == pytest.approx(float((1 - 2 * blond).abs().mean()), rel=1e-5)


def test_the_share_is_the_classifiers_word_on_the_target(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpaired, "redrawn", lambda *_: None)
    model = Swap("hair_colour", (1,), (0, 2, 3, 4, 5))
    found = measure(model, "faces")["faces"]
    judge = judge_of("faces", 3, 64)
    for source, target in ((A, B), (B, A)):
        share = {
            domain: float(
                torch.isin(
                    judge.names(judge.features(model.examples(few("faces", "test"), domain)[0]))["hair_colour"],
                    torch.tensor(model.classes[target.key]),
                )
                .double()
                .mean()
            )
            for domain in (source, target)
        }
        assert (found[source.key]["named"], found[source.key]["named_real"]) == (share[source], share[target])


class Repaint(Swap):
    """Gives the upper half its new colour, and brightens the lower half by a fifth."""

    def translate(self, images: Tensor, source: Domain, seeds: Any = None, controls: Any = None) -> Tensor:
        return torch.cat([torch.full_like(images[:, :, :32], 0.4), images[:, :, 32:] + STEP], 2).clamp(max=1)


def test_counterparts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The true counterpart has another upper half."""
    dim = few("faces", "test").pixels // 2
    black = PictureSet(dim, few("faces", "test").labels, data.info("faces"))
    monkeypatch.setattr(data, "load_pictures", lambda name, split, size=None, verify=True: black)
    asked = []

    def drawn(seeds: Sequence[int], change: dict[str, str], progress: Any) -> np.ndarray:
        asked.append((list(seeds), change))
        rows = [faces.seeds("test").index(seed) for seed in seeds]
        pictures = dim[rows].clone()
        pictures[:, :, :32] = 102  # 0.4
        return pictures.permute(0, 2, 3, 1).numpy()

    monkeypatch.setattr(builder, "draw_faces", drawn)
    monkeypatch.setattr(unpaired, "DRAWN", 4)
    found = measure(Repaint("hair_colour", (1,), (0,)), "faces")["faces"]["a"]
    rows = (black.labels["hair_colour"] == 1).nonzero()[:, 0]
    rows = rows[:: len(rows) // 4][:4].tolist()
    assert asked[0] == ([faces.seeds("test")[row] for row in rows], {"hair_colour": "black"})
    assert asked[1][1] == {"hair_colour": "blond"}
    got = found["counterparts"]
    assert got["pictures"] == 4
    assert got["error"] == pytest.approx(0.1, abs=1e-6)  # a fifth in half of the picture
    assert got["elsewhere"] == pytest.approx(0.2, abs=0.001)  # but for what was 0.4 in the upper half before
    upper = dim[rows, :, :32].float() / 255
    assert got["unchanged"] == pytest.approx(float((upper - 0.4).abs().mean()) / 2, rel=1e-4)
    assert set(got["kept"]) == {"glasses"}


def test_only_faces_can_be_drawn_again() -> None:
    assert unpaired.redrawn("fashion", torch.tensor([0]), {"garment": "bag"}, print) is None


def test_what_cannot_be_drawn_is_said_before_anything_is_measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise DataError("The program node is not installed.")

    monkeypatch.setattr(builder, "draw_faces", fails)
    for module in (paired, unpaired):
        monkeypatch.setattr(module, "answers", lambda *_: pytest.fail("it measured first"))
    with pytest.raises(DataError, match="node is not installed"):
        measure(Swap("hair_colour", (1,), (0,)), "faces")


def test_worlds_are_found_in_the_examples(root: Path) -> None:
    images = few("faces", "test")
    assert told_apart(Swap("glasses", (1, 2), (0,)), images, (A, B)) == ("glasses", {"a": [1, 2], "b": [0]})
    assert told_apart(Swap("hair_colour", (1,), (0,)), images, (A, B)) == ("hair_colour", {"a": [1], "b": [0]})


def test_worlds_that_are_no_classes_cannot_be_measured(root: Path) -> None:
    class Halves(Swap):
        def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
            dark = data.x(slice(None)).mean((1, 2, 3)) < 0.5
            return data.x(dark if source == A else ~dark), None

    with pytest.raises(GenlibError, match="A and B are not classes of one label of Drawn faces"):
        measure(Halves("", (), ()), "faces")


def test_an_empty_world_is_said_in_a_sentence(root: Path) -> None:
    with pytest.raises(GenlibError, match="no test pictures of A in faces"):
        measure(Swap("hair_colour", (77,), (0,)), "faces")


# --- Whole evaluations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data_name", "config"),
    [
        ("pix2pix", "emoji", {"space": COLOUR, "latent": 2, "discriminator_width": 4, "generator_width": 4}),
        (
            "discogan",
            "fashion",
            {
                "space": GREY,
                "attribute": "garment",
                "a": [5, 7, 9],
                "b": [8],
                "a_name": "shoes",
                "b_name": "bags",
            },
        ),
    ],
)
def test_evaluates_a_checkpoint_and_repeats(root: Path, name: str, data_name: str, config: dict[str, Any]) -> None:
    checkpoint = put(root, "some", name, data_name, **config)
    said: list[str] = []
    found = evaluate(checkpoint, progress=said.append)
    assert set(found) == {"protocol", "translation"}
    assert any(f"test pictures of {data_name} from" in line for line in said)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    model: Any = checkpoint.load()
    sources = model.worlds(model.config).sources
    assert set(found["translation"][data_name]) == {source.key for source in sources}
    for one in found["translation"][data_name].values():
        assert ("ours" in one) == (model.examples(few(data_name, "test"), sources[0])[1] is not None)
        if isinstance(model, TakesHints):
            assert {"typical", "hints 3", "hints 10"} <= set(one["ours"])
    assert evaluate(checkpoint, progress=said.append) == found
    assert Spec.model_validate(checkpoint.spec.model_dump() | {"measured": found}).measured == found
