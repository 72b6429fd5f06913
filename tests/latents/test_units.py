"""Single numbers of a latent."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlib.errors import GenlibError
from genlib.latents import units


class Known:
    """A posterior and a decoder that can be worked out by hand: the third number is not used."""

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.stack([2 * x[:, 0], x[:, 1], 0 * x[:, 0]], 1), torch.tensor([0.0, math.log(0.25), 0.0]).expand(
            len(x), 3
        )

    def decode(self, z: Tensor) -> Tensor:
        return z[:, :2] * torch.tensor([3.0, 1.0])


def test_kl_is_each_unit_s_own() -> None:
    x = torch.tensor([[1.0, 1.0], [-1.0, 3.0]]).repeat(300, 1)
    found = units.kl_per_unit(Known(), x)  # type: ignore[arg-type]
    of_second = 0.5 * ((1 + 9) / 2 + 0.25 - 1 - math.log(0.25))
    torch.testing.assert_close(found, torch.tensor([2.0, of_second, 0.0]))


def test_the_effect_of_a_unit_is_what_it_does_to_the_picture() -> None:
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    found = units.effect_per_unit(Known(), z, step=2.0)  # type: ignore[arg-type]
    torch.testing.assert_close(found, torch.tensor([6 / math.sqrt(2), 2 / math.sqrt(2), 0.0]))


def test_a_traverse_moves_one_number_and_no_other() -> None:
    z = torch.tensor([1.0, 2.0, 3.0])
    assert units.traverse(z, 1, torch.tensor([-1.0, 5.0])).tolist() == [[1, -1, 3], [1, 5, 3]]
    assert z.tolist() == [1, 2, 3]


@pytest.mark.parametrize("unit", [-1, 3])
def test_a_number_beyond_the_latent_is_one_sentence(unit: int) -> None:
    with pytest.raises(GenlibError, match=f"0 to 2, and {unit} is none"):
        units.traverse(torch.zeros(3), unit, torch.zeros(2))
