from __future__ import annotations

import pytest
import torch

from genlib.errors import GenlibError
from genlib.latents.analogy import analogy, carried

A, B, C = torch.tensor([[1.0, 0], [3, 0]]), torch.tensor([[0.0, 1]]), torch.tensor([[5.0, 5], [5, 7], [5, 9]])


def test_means_are_added_and_taken_away() -> None:
    found = analogy(A, B, C)
    torch.testing.assert_close(found.y, torch.tensor([7.0, 6]))


def test_around_it_lies_noise_of_the_scale_of_each_number() -> None:
    found = analogy(A, B, C, count=1000, noise=0.25, scale=torch.tensor([1.0, 8]))
    torch.testing.assert_close(found.around[0], found.y)
    away = (found.around - found.y).abs().amax(0)
    assert 0.24 < away[0] <= 0.25
    assert 1.92 < away[1] <= 2.0
    assert found.around.equal(analogy(A, B, C, count=1000, noise=0.25, scale=torch.tensor([1.0, 8])).around)


@pytest.mark.parametrize("wrong", [torch.zeros(0, 2), torch.zeros(3, 4), torch.zeros(2)])
def test_codes_that_do_not_fit_are_refused(wrong: torch.Tensor) -> None:
    with pytest.raises(GenlibError, match="one or more codes each"):
        analogy(A, wrong, C)


def test_what_two_share_falls_away() -> None:
    a, b = {"glasses": "round", "hair": "blond", "skin": "pale"}, {"glasses": "none", "hair": "blond", "skin": "tan"}
    c = {"glasses": "none", "hair": "black", "skin": "dark", "beard": "full beard"}
    assert carried(a, b, c) == {"glasses": "round", "hair": "black"}
