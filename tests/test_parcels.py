"""A checkpoint as a zip, there and back; and what somebody else may put into one."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from genlib import catalog, parcels, remake
from genlib.checkpoint import CheckpointError
from genlib.contract import Controls

FOLDER = catalog.CHECKPOINTS / "gan-ring8"  # the smallest one
GOOD = {name: (FOLDER / name).read_bytes() for name in ("config.json", "model.safetensors", "README.md")}


def zipped(files: Mapping[str, bytes], folder: str = "gan-ring8/", **kinds: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", **kinds) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return made.getvalue()


def test_there_and_back() -> None:
    found = parcels.unpack(parcels.pack(FOLDER))
    assert (found.name, found.spec.recipe.data) == ("gan-ring8.zip", "ring8")
    assert not found.folder.exists()
    assert found.card() == (FOLDER / "README.md").read_text()
    again, shipped = found.load("cpu"), parcels.Checkpoint.read(FOLDER).load("cpu")
    assert torch.equal(again.sample(range(5)), shipped.sample(range(5)))


def test_the_files_may_lie_in_no_folder_and_the_zip_then_names_the_model() -> None:
    assert parcels.unpack(zipped(GOOD, folder=""), "mine (1).zip").name == "mine (1).zip"


def test_the_same_name_twice_is_two_checkpoints() -> None:
    """What is kept of one must not be shown for the other."""
    first, second = (parcels.unpack(zipped(GOOD | {"README.md": text})) for text in (b"one", b"two"))
    assert first.name == second.name
    assert first.folder != second.folder


def liar() -> bytes:
    """A config.json of 8 MB of which the archive says that it has 10 bytes."""
    made = bytearray(zipped({"config.json": b" " * 8_000_000}, compression=zipfile.ZIP_DEFLATED))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = made.index(sign) + at
        made[start : start + 4] = (10).to_bytes(4, "little")
    return bytes(made)


BAD = {
    "no zip": (b"hello", "This is no zip of a checkpoint, or it is damaged"),
    "nothing": (b"", "This is no zip of a checkpoint, or it is damaged"),
    "cut off": (zipped(GOOD)[:5000], "This is no zip of a checkpoint, or it is damaged"),
    "an empty one": (zipped({}), "config.json is missing"),
    "a text": (zipped({"readme.txt": b"hello"}), "The zip holds gan-ring8/readme.txt, and only config.json, "),
    "a pickle": (
        zipped(GOOD | {"model.pkl": pickle.dumps({"weights": 1})}),
        "The zip holds gan-ring8/model.pkl, and only config.json, ",
    ),
    "a pickle in disguise": (
        zipped(GOOD | {"model.safetensors": pickle.dumps({"weights": 1})}),
        "gan-ring8.zip: model.safetensors is damaged",
    ),
    "a bomb": (
        zipped(GOOD | {"README.md": bytes(20_000_000)}, compression=zipfile.ZIP_DEFLATED),
        "README.md in the zip is larger than 256 KiB",
    ),
    "a bomb that lies": (liar(), "This is no zip of a checkpoint, or it is damaged"),
    "many files": (zipped({f"{i}.json": b"" for i in range(99)}), "The zip holds 99 files, and a checkpoint has four"),
    "two folders": (zipped({"a/config.json": b"", "b/config.json": b""}), "of one folder are taken"),
    "a way out": (zipped({"config.json": b"{}"}, folder="../../etc/"), "etc.zip: config.json is not valid"),
    "no weights": (zipped({"config.json": GOOD["config.json"]}), "model.safetensors is missing"),
    "other weights": (
        zipped(GOOD | {"config.json": GOOD["config.json"].replace(b'"width": 128', b'"width": 64')}),
        "model.safetensors does not fit config.json",
    ),
    "too large": (bytes(parcels.MOST + 1), "The zip has 20.0 MB, and at most 20 MB are taken"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_opened_is_one_sentence(case: str) -> None:
    file, told = BAD[case]
    with pytest.raises(CheckpointError) as error:
        parcels.unpack(file)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_script_says_that_the_zip_has_to_be_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = remake.script("gan-ring8.zip", range(3), Controls(), "points")
    with zipfile.ZipFile(io.BytesIO(parcels.pack(FOLDER))) as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "script", "exec"), {})
    assert len(Path("points.csv").read_text().splitlines()) == 3
