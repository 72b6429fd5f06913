"""What a visitor takes home and brings back, which may be from anybody."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from typing import Any

import numpy as np
import pytest
from archives import zipped as archive
from PIL import Image
from strokes import ACROSS, HINT, stroke

from genlib import keepsake, layered
from genlib.keepsake import PICTURE, SESSION, Kept
from genlib.layered import Layer
from genlib.uploads import UploadError

GOOD: dict[str, Any] = {"format": 1, "query": {"seed": "3"}, "drawn": [ACROSS], "painted": []}


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(file, "PNG")
    return file.getvalue()


zipped = partial(archive, kind=zipfile.ZIP_DEFLATED)


def test_all_of_it_comes_back_and_the_layers_stay() -> None:
    kept = Kept({"model": "x", "seed": "3"}, png(), [ACROSS], [stroke((5, 5), (9, 9), colour=HINT)])
    white = np.full((30, 40, 4), 255, np.uint8)
    data = layered.openraster([Layer("Paper", white)], keepsake.packed(kept))
    assert keepsake.is_zip(data)
    assert keepsake.read(data) == kept
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist()[0] == "mimetype"
        assert np.asarray(Image.open(archive.open("data/layer0.png"))).tolist() == white.tolist()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (zipped({"a.txt": b"hello"}), "this page made"),
        (zipped({SESSION: json.dumps(GOOD).encode(), **{f"{k}": b"" for k in range(80)}}), "this page made"),
        (zipped({SESSION: b"[1, 2]"}), "this page made"),
        (zipped({SESSION: b'{"format": 2}'}), "this page made"),
        (zipped({SESSION: b"{"}), "damaged"),
        (zipped({SESSION: b"[" * 100_000}), "damaged"),
        (zipped({SESSION: b" " * 30_000_000}), "larger than 4 MB"),
        (zipped({SESSION: json.dumps(GOOD).encode(), PICTURE: bytes(40_000_000)}), "larger than 10 MB"),
        (zipped({SESSION: json.dumps(GOOD).encode(), PICTURE: b"no picture"}), "not a picture"),
        (zipped({SESSION: json.dumps(GOOD).encode()})[:-30], "damaged"),
        (
            zipped({SESSION: json.dumps(GOOD).encode()}, kind=zipfile.ZIP_STORED).replace(b'"query"', b'"qwery"'),
            "damaged",
        ),
        (b"PK\x03\x04" + bytes(30_000_000), "at most 30 MB"),
    ],
)
def test_what_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(UploadError, match=says):
        keepsake.read(data)


def test_of_strange_contents_only_what_is_right_is_taken() -> None:
    strange = GOOD | {
        "query": {"seed": 3, "n": "x" * 999, "model": "y"},
        "drawn": [ACROSS, {"path": "x"}],
        "painted": 7,
    }
    assert keepsake.read(zipped({SESSION: json.dumps(strange).encode()})) == Kept({"model": "y"}, None, [ACROSS], [])
