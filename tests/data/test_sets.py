"""What a training loop is given: rows of pictures by their numbers, rows of points from a generator."""

from __future__ import annotations

import pytest
import torch

from genlib import data
from genlib.spaces import Pictures


@pytest.fixture
def pictures() -> data.PictureSet:
    rng = torch.Generator().manual_seed(0)
    pixels, lines = (torch.randint(256, (6, c, 4, 4), generator=rng).to(torch.uint8) for c in (3, 1))
    labels = {"kind": torch.tensor([0, 1, 2, 0, 1, 2])}
    return data.PictureSet(pixels, labels, data.info("emoji"), lines, tuple("abcdef"))


def test_rows_of_pictures(pictures: data.PictureSet) -> None:
    index = torch.tensor([4, 0, 4])
    rows = pictures.rows(index, "cpu")
    assert rows.condition is not None
    for floats, pixels in ((rows.x, pictures.pixels), (rows.condition, pictures.lines)):
        assert pixels is not None
        assert floats.dtype == torch.float32
        assert torch.equal(floats, pixels[index] / 255)
        assert floats.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(rows.x, pictures.x(index))
    assert torch.equal(rows.condition, pictures.drawings(index))
    assert {name: values.tolist() for name, values in rows.labels.items()} == {"kind": [1, 0, 1]}
    assert pictures.paired
    assert pictures.size == len(pictures) == 6
    assert pictures.space == Pictures(channels=3, side=4)


def test_rows_leave_the_set_as_it_was(pictures: data.PictureSet) -> None:
    before = pictures.pixels.clone()
    pictures.rows(torch.arange(6), "cpu").x.zero_()
    assert torch.equal(pictures.pixels, before)


def test_some_of_the_pictures(pictures: data.PictureSet) -> None:
    some = pictures.take(torch.tensor([5, 1]))
    assert some.titles == ("f", "b")
    assert some.labels["kind"].tolist() == [2, 1]
    assert torch.equal(some.drawings(slice(None)), pictures.drawings([5, 1]))
    assert pictures.take(slice(2, 4)).titles == ("c", "d")
    assert not data.PictureSet(pictures.pixels, {}, data.info("faces")).take(slice(1)).paired


def test_rows_of_points() -> None:
    points = data.load_points("moons")
    rows = points.draw_rows(5, torch.Generator().manual_seed(3))
    assert rows.x.shape == (5, *points.space.shape)
    assert rows.x.is_contiguous()
    assert torch.equal(rows.x, points.draw(5, torch.Generator().manual_seed(3)))
    assert rows.labels["part"].shape == (5,)
    assert data.load_points("spiral").draw_rows(5, torch.Generator()).labels == {}
    assert rows.condition is None
    assert not points.paired


def test_size_tells_the_two_kinds_apart(pictures: data.PictureSet) -> None:
    def batch(source: data.DataSet) -> data.Rows:  # as a training loop would
        if source.size is None:
            return source.draw_rows(2, torch.Generator().manual_seed(0))
        return source.rows(torch.tensor([source.size - 1, 0]), "cpu")

    for source in (pictures, data.load_points("ring8")):
        assert batch(source).x.shape == (2, *source.space.shape)


def test_load_gives_both() -> None:
    assert isinstance(data.load("digits", "validation"), data.PictureSet)
    points = data.load("ring8", "validation")
    assert isinstance(points, data.PointSet)
    assert points.split == "validation"
