"""Laws of the shipped data sets: splits, labels, streams, damage."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

from genlib import data
from genlib.data import emoji, faces, manifest
from genlib.spaces import Pictures

COUNTS = {
    "digits": (55_000, 5_000, 10_000),
    "fashion": (55_000, 5_000, 10_000),
    "faces": (10_000, 1_000, 2_000),
}
NAMES = (*COUNTS, "emoji", "icons")
SPLITS: tuple[data.Split, ...] = ("train", "validation", "test")


@cache
def loaded(name: str, split: data.Split) -> data.PictureSet:
    return data.load_pictures(name, split)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the manifest and of the smaller files, in place of the shipped ones."""
    for name in ("manifest.json", "faces-test.xz", "faces-validation.xz", "emoji-test.xz"):
        shutil.copy(manifest.FILES / name, tmp_path / name)
    monkeypatch.setattr(manifest, "FILES", tmp_path)
    monkeypatch.setattr(manifest, "MANIFEST", tmp_path / "manifest.json")
    return tmp_path


def test_importing_is_cheap() -> None:
    code = (
        "import sys, genlib.data as d; [d.info(n) for n in d.names() + d.point_names()]; "
        "print({'torch', 'numpy'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_names_and_info() -> None:
    assert data.names() == NAMES
    for name in NAMES:
        info = data.info(name)
        assert info.name == name
        assert info.main_label in info.labels
        assert info.licence
        assert info.licence_url.startswith("https://")
        assert info.source_url.startswith("http")
        assert info.credit
        assert info.title
        assert tuple(info.splits) == SPLITS
        assert tuple(info.splits.values()) == COUNTS.get(name, tuple(info.splits.values()))
        assert info.kind == "pictures"
    assert data.info("digits").space == Pictures(channels=1, side=28)
    assert data.info("faces").space == data.info("emoji").space == Pictures(channels=3, side=64)
    assert data.info("emoji").sizes == data.info("icons").sizes == (64, 128)


def test_files_match_the_manifest_and_are_small() -> None:
    files = [file for name in NAMES for file in data.info(name).files.values()]
    for file in files:
        path = manifest.FILES / file.name
        assert path.stat().st_size == file.bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    assert sum(file.bytes for file in files) < 50e6
    listed = {file.name for file in files} | {"manifest.json", "LICENCES.md"}
    assert {path.name for path in manifest.FILES.iterdir()} == listed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_load_gives_bytes_and_labels_in_range(name: str, split: data.Split) -> None:
    images = loaded(name, split)
    info = data.info(name)
    assert images.pixels.shape == (info.splits[split], *info.space.shape)
    assert images.pixels.dtype == torch.uint8
    assert images.pixels.is_contiguous()
    assert len(images) == info.splits[split]
    assert images.labels.keys() == info.labels.keys()
    for attribute, classes in info.labels.items():
        label = images.labels[attribute]
        assert label.dtype == torch.int64
        assert label.shape == (len(images),)
        assert 0 <= label.min() <= label.max() < len(classes)
    assert images.space == info.space
    batch = images.x([0, 5])
    assert batch.dtype == torch.float32
    assert 0 <= batch.min() < batch.max() <= 1
    assert torch.equal((batch * 255).round().to(torch.uint8), images.pixels[[0, 5]])


@pytest.mark.parametrize("name", NAMES)
def test_stream_equals_load(name: str) -> None:
    images = loaded(name, "validation")
    at = 0
    for start, block in data.stream(name, "validation", block=300):
        assert start == at
        assert len(block) <= 300
        assert torch.equal(block, images.pixels[start : start + len(block)])
        at += len(block)
    assert at == len(images)


@pytest.mark.parametrize("every", [1, 5, 64, 65, 10**6])
def test_every_so_manieth_is_what_take_gives(every: int) -> None:
    whole = loaded("emoji", "validation")
    some, wanted = data.load_pictures("emoji", "validation", every=every), whole.take(slice(None, None, every))
    assert torch.equal(some.pixels, wanted.pixels)
    assert some.lines is not None
    assert wanted.lines is not None
    assert torch.equal(some.lines, wanted.lines)
    assert some.titles == wanted.titles
    assert all(some.labels[attribute].equal(values) for attribute, values in wanted.labels.items())


@pytest.mark.parametrize("name", NAMES)
def test_labels_come_without_pictures(name: str) -> None:
    found, whole = data.labels(name, "validation"), loaded(name, "validation").labels
    assert list(found) == list(whole)
    assert all(found[attribute].equal(values) for attribute, values in whole.items())


def test_classes_are_all_there() -> None:
    assert torch.bincount(loaded("fashion", "test").labels["garment"]).tolist() == [1000] * 10
    digits = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]  # of the official test set
    assert torch.bincount(loaded("digits", "test").labels["digit"]).tolist() == digits
    train = loaded("faces", "train")
    for attribute, classes in train.info.labels.items():
        assert torch.bincount(train.labels[attribute], minlength=len(classes)).min() > 150
    hair = torch.bincount(train.labels["hair_colour"]) / len(train)
    assert hair[train.info.labels["hair_colour"].index("black")] > 0.2
    assert hair[train.info.labels["hair_colour"].index("blond")] > 0.2


def test_faces_are_all_different_and_labelled_by_their_seed() -> None:
    seeds = [seed for split in SPLITS for seed in faces.seeds(split)]
    assert len(set(seeds)) == len(seeds) == 13_000
    pictures = {p.numpy().tobytes() for split in SPLITS for p in loaded("faces", split).pixels}
    assert len(pictures) == len(seeds)
    test = loaded("faces", "test")
    for i in (0, 7, 1999):
        label = faces.label_of(faces.look_of(faces.seeds("test")[i]))
        assert label == {attribute: int(test.labels[attribute][i]) for attribute in label}


def test_a_face_depends_on_each_attribute_alone() -> None:
    look = faces.look_of(3)
    assert faces.look_of(3) == look
    plain, blond = (faces.options_of({**look, "hair_colour": colour}) for colour in ("black", "blond"))
    assert {option for option in plain if plain[option] != blond[option]} == {"hairColor", "facialHairColor"}


def test_no_emoji_straddles_splits() -> None:
    tones = re.compile("-(1F3F[B-F]|FE0F)")
    of_split: dict[str, list[set[object]]] = {"base": [], "line": [], "colour": []}
    for split in SPLITS:
        images = loaded("emoji", split)
        assert images.lines is not None
        assert len(images.titles) == len(images.lines) == len(images)
        of_split["base"].append({tones.sub("", title.split()[0]) for title in images.titles})
        of_split["line"].append({line.numpy().tobytes() for line in images.lines})
        of_split["colour"].append({picture.numpy().tobytes() for picture in images.pixels})
    for train, validation, test in of_split.values():
        assert not train & validation
        assert not train & test
        assert not validation & test


def test_emoji_lines_belong_to_their_pictures() -> None:
    """Where the line drawing is black, the coloured picture is dark; both sizes agree."""
    small, large = loaded("emoji", "test"), data.load_pictures("emoji", "test", size=128)
    assert (small.space.side, large.space.side) == (64, 128)
    assert large.lines is not None
    assert small.lines is not None
    assert large.pixels.shape[1:] == (3, 128, 128)
    assert small.lines.shape == (len(small), 1, 64, 64)
    ink = large.lines < 40
    dark = large.pixels.float().mean(1, keepdim=True)
    assert dark[ink].mean() < 60
    assert dark[~ink].mean() > 180
    mean = torch.nn.functional.avg_pool2d(large.pixels.float(), 2)
    assert (mean - small.pixels).abs().max() <= 0.5
    assert torch.equal(small.drawings([1]), small.lines[1:2] / 255)
    with pytest.raises(ValueError, match="no line drawings"):
        loaded("faces", "test").drawings([0])


def test_variants_are_one_family() -> None:
    def make(hexcode: str, base: str = "") -> emoji.Emoji:
        return emoji.Emoji(hexcode, base or hexcode, "", "people-body", "none")

    runners = [make("1F3C3"), make("1F3C3-1F3FB-200D-2640-FE0F", "1F3C3-200D-2640-FE0F"), make("1F3C3-200D-2642-FE0F")]
    teachers = [make("1F468-200D-1F3EB"), make("1F9D1-1F3FF-200D-1F3EB", "1F9D1-200D-1F3EB")]
    assert len({e.family for e in runners}) == len({e.family for e in teachers}) == 1
    many = [make(f"{n:X}") for n in range(0x1F400, 0x1F500)]
    alone = emoji.split(many)
    assert set(alone) == set(SPLITS)
    assert set(emoji.split(many, [b"the same drawing"] * len(many))) < set(SPLITS)


def test_unknown_names_are_told_what_exists() -> None:
    for call in (data.info, data.load, lambda name: data.build([name])):
        with pytest.raises(
            data.DataError, match=r"python -m genlib data list.*digits, fashion, faces, emoji, icons, ring8"
        ):
            call("cats")
    with pytest.raises(data.DataError, match="no split 'all'"):
        data.load("digits", "all")  # type: ignore[arg-type]
    with pytest.raises(data.DataError, match="no size 128"):
        data.load("faces", size=128)


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "harm",
    [
        Path.unlink,
        flip,
        lambda path: path.write_bytes(path.read_bytes()[:-1000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not xz at all"),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
def test_damage_is_one_sentence(copy: Path, harm: Callable[[Path], object], verify: bool) -> None:
    harm(copy / "faces-test.xz")
    with pytest.raises(data.DataError, match=r"faces-test.xz .*python -m genlib data build faces") as caught:
        data.load("faces", "test", verify=verify)
    assert "\n" not in str(caught.value)
    assert len(data.load("faces", "validation")) == 1000


@pytest.mark.parametrize("change", [-1, +1])
def test_a_file_longer_or_shorter_than_the_manifest_says(copy: Path, change: int) -> None:
    raw = json.loads((copy / "manifest.json").read_text())
    raw["faces"]["files"]["test"]["count"] += change
    (copy / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(data.DataError, match="data build faces"):
        data.load("faces", "test")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"digits": 1}', '{"digits": {"title": "x"}}', "\xff"])
def test_a_bad_manifest(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(data.DataError, match=r"manifest.json, is damaged.*python -m genlib data build"):
        data.names()


def test_no_manifest(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    with pytest.raises(data.DataError, match=r"manifest.json, is missing.*python -m genlib data build"):
        data.info("digits")


@pytest.mark.parametrize(("field", "value"), [("count", 10**9), ("name", "../../etc/passwd"), ("bytes", -1)])
def test_the_manifest_is_bounded(copy: Path, field: str, value: object) -> None:
    raw = json.loads((copy / "manifest.json").read_text())
    raw["faces"]["files"]["test"][field] = value
    (copy / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(data.DataError, match="damaged"):
        data.load("faces", "test")
