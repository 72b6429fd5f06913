"""Pictures that a model learned from, and strangers to hold against them."""

from __future__ import annotations

import pytest
import torch

from genlib import crowds, data
from genlib.errors import GenlibError
from genlib.spaces import Pictures

DIGIT, FACE = Pictures(channels=1, side=28), Pictures(channels=3, side=64)


def test_strangers_have_the_same_shape_and_are_other_data() -> None:
    assert crowds.strangers("digits", DIGIT) == ("fashion", "faded", "noise")
    assert crowds.strangers("fashion", DIGIT) == ("digits", "faded", "noise")
    assert crowds.strangers("faces", FACE) == ("emoji", "icons", "faded", "noise")
    assert crowds.strangers("faces+emoji", FACE) == ("icons", "faded", "noise")
    assert crowds.strangers("emoji", Pictures(channels=3, side=128)) == ("icons", "faded", "noise")


@pytest.mark.parametrize("key", ["train", "test", "fashion", "faded", "noise"])
def test_a_crowd_is_so_many_pictures_and_always_the_same(key: str) -> None:
    found = crowds.pictures(key, "digits", DIGIT, 70)
    assert (found.dtype, found.shape) == (torch.uint8, (70, 1, 28, 28))
    assert torch.equal(found, crowds.pictures(key, "digits", DIGIT, 70))
    assert crowds.title(key)


def test_crowds_come_from_where_they_say() -> None:
    test = data.load_pictures("digits", "test").pixels
    found = crowds.pictures("test", "digits", DIGIT, 100)
    assert torch.equal(found, test[::100])
    faded = crowds.pictures("faded", "digits", DIGIT, 100)
    assert faded.max() == 13
    assert torch.equal(faded, (found.float() / 20).round().byte())
    train = crowds.pictures("train", "digits", DIGIT, 100)
    assert torch.equal(train[0], data.load_pictures("digits", "train").pixels[0])
    assert len(crowds.pictures("emoji", "faces", FACE, 1000)) == len(data.load_pictures("emoji", "test"))


def test_a_model_of_another_shape_than_its_data_is_answered() -> None:
    with pytest.raises(GenlibError, match="another shape"):
        crowds.pictures("test", "digits", Pictures(channels=1, side=32), 10)
