"""Half a picture: which half, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from genlib import completion, training
from genlib.errors import GenlibError
from genlib.models.rbm import RBM, Config, Controls
from genlib.spaces import Pictures

SHORT = Controls(gibbs_steps=3)


def a_model() -> RBM:
    model = training.fresh(RBM, Config(space=Pictures(side=8), hidden=8), seed=0)
    assert isinstance(model, RBM)
    return model.eval()


def test_halves() -> None:
    assert completion.half(5, "top")[:, 0].tolist() == [True, True, False, False, False]
    assert (completion.half(5, "bottom") == ~completion.half(5, "top")).all()
    assert (completion.half(4, "left") == completion.half(4, "top").T).all()
    assert (completion.half(4, "right") == ~completion.half(4, "left")).all()


def test_what_is_known_stays_and_the_rest_is_each_seeds_own() -> None:
    picture = np.zeros((8, 8, 1), np.uint8)
    picture[:, :4] = 255
    known = completion.half(8, "top")
    made = completion.complete(a_model(), picture, known, [1, 2, 3], SHORT)
    assert made.shape == (3, 8, 8, 1)
    assert (made[:, known] == picture[known]).all()
    assert (made[0] != made[1]).any()
    assert (completion.complete(a_model(), picture, known, [2], SHORT)[0] == made[1]).all()


@pytest.mark.parametrize(
    ("picture", "mask", "sentence"),
    [
        ((8, 8, 1), (9, 8), "The mask is 8 x 9 and the picture 8 x 8 of 1 channels: a mask has one value for each"),
        ((8, 8, 1), (8, 8, 1), "The mask is 8 x 8 of 1 channels and the picture"),
        ((1, 1, 1), (1, 1), "The picture is 1 x 1 of 1 channels, the model's are 8 x 8: scale it first."),
        ((8, 8, 3), (8, 8), "The picture is 8 x 8 of 3 channels"),
    ],
)
def test_what_does_not_fit_is_one_sentence(picture: tuple[int, ...], mask: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(GenlibError, match=sentence):
        completion.complete(a_model(), np.zeros(picture, np.uint8), np.ones(mask, bool), [0])
