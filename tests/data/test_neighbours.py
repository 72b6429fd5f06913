"""Nearest neighbours are exact, and found without the whole split in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from genlib import budget, data
from genlib.data import neighbours


@pytest.mark.parametrize("name", ["digits", "fashion", "faces", "emoji"])
def test_nearest_is_exact(name: str) -> None:
    images = data.load(name, "validation")
    queries = torch.stack([images.pixels[3] / 255, torch.rand(images.pixels.shape[1:])])
    found = data.nearest(name, queries, k=4, split="validation")
    for query, near in zip(queries, found, strict=True):
        apart = (images.pixels.double() / 255 - query.double()).square().mean(dim=(1, 2, 3)).sqrt()
        assert torch.allclose(near.distances.double(), apart.topk(4, largest=False).values, atol=1e-5)
        assert torch.allclose(apart[near.indices], near.distances.double(), atol=1e-5)
        assert torch.equal(near.pixels, images.pixels[near.indices])
    assert found[0].indices[0] == 3
    assert found[0].distances[0] == 0


def test_bytes_are_taken_as_they_are() -> None:
    picture = data.load("faces", "validation").pixels[8:9]
    (near,) = data.nearest("faces", picture, k=1, split="validation")
    assert near.indices.tolist() == [8]
    assert near.distances.item() == 0
    assert near.pixels.dtype == torch.uint8


def test_emoji_at_128() -> None:
    picture = data.load("emoji", "validation", size=128).pixels[5:6]
    (near,) = data.nearest("emoji", picture, k=1, split="validation")
    assert near.indices.tolist() == [5]


def test_threads_share_one_index(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(neighbours.Index):
        def __init__(self, *of: Any) -> None:
            made.append(of)
            super().__init__(*of)

    monkeypatch.setattr(neighbours, "Index", Counted)
    monkeypatch.setattr(budget, "MADE", budget.Budget(budget.MOST))
    pictures = data.load("faces", "validation").pixels
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: data.nearest("faces", pictures[i : i + 1], 2, "validation"), range(12)))
    assert [near.indices[0] for (near,) in found] == list(range(12))
    assert len(made) == 1


def test_what_is_asked_is_checked() -> None:
    with pytest.raises(ValueError, match="wants images of"):
        data.nearest("faces", torch.zeros(1, 1, 64, 64))
    with pytest.raises(ValueError, match="k must be"):
        data.nearest("faces", torch.zeros(1, 3, 64, 64), k=0)
    with pytest.raises(ValueError, match="not finite"):
        data.nearest("faces", torch.full((1, 3, 64, 64), torch.nan), split="validation")
    with pytest.raises(data.DataError, match="no data set"):
        data.nearest("cats", torch.zeros(1, 3, 64, 64))
