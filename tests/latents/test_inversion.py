from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genlib import contract
from genlib.contract import Decodes, HasPrior, Latent, Law, Seeds
from genlib.errors import GenlibError
from genlib.latents.inversion import Inverted, invert
from genlib.models.autoencoder import Autoencoder
from genlib.models.base import Model
from genlib.noise import Noise
from genlib.spaces import Pictures


class Affine(Model[contract.Config, contract.Controls, contract.Training], Decodes, HasPrior):
    """x = 1/2 + W z, with orthogonal columns: what z makes an x is known."""

    law: Law = "gaussian"

    def __init__(self, dims: int = 3) -> None:
        super().__init__(contract.Config(space=Pictures(side=4)))
        w = torch.linalg.qr(torch.randn(16, dims, generator=torch.Generator().manual_seed(0)))[0]
        self.layer = nn.Linear(dims, 16)
        self.layer.weight, self.layer.bias = nn.Parameter(w), nn.Parameter(torch.full((16,), 0.5))
        self.eval().requires_grad_(False)

    @classmethod
    def latent(cls, config: Any) -> Latent:
        return Latent(3, cls.law)

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return Noise(seeds).latent(self.latent(self.config))

    def decode(self, z: Tensor) -> Tensor:
        return self.layer(z).unflatten(1, self.shape)


class Cube(Affine):
    law = "uniform"


def test_the_z_of_a_decoded_picture_is_recovered() -> None:
    model = Affine()
    z = model.prior([1001, 1002, 1003])
    found = invert(model, model.decode(z), starts=4, steps=300)
    torch.testing.assert_close(found.z, z, atol=0.05, rtol=0)
    assert found.errors.max() < 0.02
    assert found.steps == 300


def test_its_errors_are_those_of_what_it_returns() -> None:
    model = Affine()
    x = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = invert(model, x, starts=3, steps=20)
    expected = (model.decode(found.z) - x).square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(found.errors, expected)
    drawn = (model.decode(model.prior(range(64)))[None] - x[:, None]).square().flatten(2).mean(2).sqrt()
    assert (found.errors < drawn.amin(1)).all()  # better than where it began
    best = model.decode((x - 0.5).flatten(1) @ model.layer.weight)  # the projection onto W
    nearest = (best - x).square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(found.errors, nearest, atol=2e-3, rtol=0)


def test_a_picture_s_z_depends_on_it_and_the_seed_alone() -> None:
    model = Affine()
    x = model.decode(model.prior([7, 8]))
    both, alone = invert(model, x, steps=20), invert(model, x[1:], steps=20)
    torch.testing.assert_close(both.z[1:], alone.z, atol=1e-4, rtol=0)
    assert not torch.allclose(invert(model, x, steps=20, seed=500).z, both.z, atol=1e-4)


def test_it_stays_where_the_law_is() -> None:
    far = Cube().decode(torch.full((1, 3), 4.0))
    assert invert(Cube(), far, steps=100).z.abs().max() <= 1
    shell = invert(Affine(), Affine().decode(torch.full((1, 3), 40.0)), steps=100).z
    assert shell.norm() < 40 * 3**0.5


def test_it_tells_how_far_it_is_and_never_gets_worse() -> None:
    told: list[tuple[int, int, float]] = []
    model = Affine()
    found = invert(model, model.decode(model.prior([9])), steps=30, tell=lambda *said: told.append(said))
    assert [step for step, _, _ in told] == list(range(1, 31))
    assert {steps for _, steps, _ in told} == {30}
    errors = [error for _, _, error in told]
    assert errors == sorted(errors, reverse=True)
    assert found.errors.mean() <= errors[-1]


def test_cancelling_returns_the_best_so_far() -> None:
    model, asked = Affine(), []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 5

    x = model.decode(model.prior([9]))
    found = invert(model, x, steps=1000, stop=stop)
    assert (found.steps, len(asked)) == (5, 6)
    torch.testing.assert_close(found.errors, (model.decode(found.z) - x).square().flatten(1).mean(1).sqrt())
    at_once = invert(model, x, steps=1000, stop=lambda: True)
    assert isinstance(at_once, Inverted)
    assert at_once.steps == 0
    assert at_once.z.isfinite().all()
    assert found.errors <= at_once.errors


def test_a_caller_s_inference_mode_does_no_harm() -> None:
    model = Affine()
    with torch.inference_mode():
        x = model.decode(model.prior([3]))
        assert invert(model, x, steps=5).steps == 5


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (torch.zeros(1, 3, 4, 4), "makes 1 x 4 x 4, and what came is 1 x 3 x 4 x 4"),
        (torch.zeros(1, 4, 4), "makes 1 x 4 x 4"),
        (torch.zeros(0, 1, 4, 4), "bring one or more"),
        (torch.full((1, 1, 4, 4), torch.nan), "not finite"),
    ],
)
def test_what_is_no_picture_of_its_kind_is_refused(x: Tensor, said: str) -> None:
    with pytest.raises(GenlibError, match=said):
        invert(Affine(), x)


def test_a_model_without_a_prior_is_refused() -> None:
    with pytest.raises(GenlibError, match="no prior to start from"):
        invert(Autoencoder(Autoencoder.tiny()[0]), torch.zeros(1, 3, 16, 16))
