"""A zip of pictures as a set to learn from, and what somebody may put into one."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import torch
from archives import zipped
from PIL import Image

from genlib import data, uploads
from genlib.data import own


def picture(shade: int, size: tuple[int, int] = (90, 60), kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(shade).integers(0, 60, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise + np.uint8(10 * (shade % 20))).save(file, kind)
    return file.getvalue()


PICTURES = {f"holiday/{i}.jpg": picture(i) for i in range(20)}


def test_pictures_of_a_zip_are_a_set_that_is_learned_from() -> None:
    litter = {"__MACOSX/holiday/._0.jpg": b"mac", "holiday/.DS_Store": b"mac", "Thumbs.db": b"windows"}
    found, said = data.from_zip(zipped(PICTURES | litter))
    assert (found.info, found.space, found.size, said) == (data.OWN, data.OWN.space, 20, "")
    assert (found.labels, found.paired) == ({}, False)
    rows = found.rows(torch.arange(20))
    assert rows.x.shape == (20, 3, 64, 64)
    shades = rows.x.mean((1, 2, 3)) * 255  # each is there, in its order
    assert torch.allclose(shades, torch.arange(20) * 10 + 29.5, atol=4)
    assert data.info("own") == data.OWN
    assert "own" not in data.names()


def test_what_is_no_picture_is_left_out_and_told() -> None:
    found, said = data.from_zip(zipped(PICTURES | {"notes.txt": b"hello", "broken.png": picture(1, kind="PNG")[:200]}))
    assert found.size == 20
    assert said == "notes.txt and 1 more were left out: no picture that can be read."


def many(count: int) -> bytes:
    """A zip whose directory names so many empty files."""
    return zipped({f"{i}": b"" for i in range(count)})


BAD = {
    "no zip": (b"hello", "This is no zip, or it is damaged"),
    "nothing": (b"", "This is no zip, or it is damaged"),
    "cut off": (zipped(PICTURES)[:3000], "This is no zip, or it is damaged"),
    "a text alone": (zipped({"a.txt": b"hello"}), "The zip holds no pictures, and a model needs at least 16"),
    "three pictures": (
        zipped(dict(list(PICTURES.items())[:3])),
        "The zip holds 3 pictures, and a model needs at least",
    ),
    "too many": (zipped({f"{i}.jpg": b"" for i in range(501)}), "The zip holds 501 files, and at most 500"),
    "a directory without end": (many(3000), "The zip holds 3,000 files, and at most 500"),
    "too large": (bytes(own.MOST_BYTES + 1), "The zip has 20.0 MB, and at most 20 MB are taken"),
    "a bomb": (
        zipped({f"{i}.bmp": bytes(9_000_000) for i in range(9)}, zipfile.ZIP_DEFLATED),
        "unpacks to more than 60 MB",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_learned_from_is_one_sentence(case: str) -> None:
    file, told = BAD[case]
    with pytest.raises(data.DataError) as error:
        data.from_zip(file)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    Image.new("1", (6000, 6000)).save(file, "PNG")
    monkeypatch.setattr(uploads, "_decode", lambda *_: pytest.fail("it was decoded"))
    monkeypatch.setattr(own, "PIXELS", 30_000_000)
    with pytest.raises(data.DataError, match="more than 30 million pixels together"):
        data.from_zip(zipped({f"{i}.png": file.getvalue() for i in range(20)}))


def test_who_asks_for_such_pictures_elsewhere_is_told_that_they_are_not_kept() -> None:
    for load in (data.load_pictures, lambda name: next(data.stream(name)), lambda name: data.load(name, "test")):
        with pytest.raises(data.DataError, match="are kept nowhere"):
            load("own")
