"""The change of variables: the inverse is exact, the volume is the Jacobian's, and the density is one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models.realnvp import ALPHA, Config, Controls, RealNVP, Training
from genlib.spaces import Pictures, Points

SPACES: list[dict[str, Any]] = [
    {"space": Points(), "layers": 5, "width": 8},
    {"space": Pictures(side=4), "levels": 2, "layers": 4, "width": 4, "depth": 1},
    {"space": Pictures(side=8, channels=3), "levels": 3, "layers": 3, "width": 4, "depth": 1},
]
every_kind = [
    pytest.param({**space, "coupling": coupling}, id=f"{space['space'].kind}-{space['space'].size}-{coupling}")
    for space in SPACES
    for coupling in ("affine", "additive")
]


def a_model(scale: float = 0.2, **config: Any) -> RealNVP:
    """With weights that are large enough for every layer to bend what goes through it. In double precision."""
    model = training.fresh(RealNVP, Config(**config), seed=0)
    assert isinstance(model, RealNVP)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(scale * torch.randn(p.shape, generator=rng))
    return model.double().eval().requires_grad_(False)


def some_y(model: RealNVP, count: int) -> Tensor:
    return torch.randn(count, *model.shape, generator=torch.Generator().manual_seed(2)).double()


def back(model: RealNVP, z: Tensor) -> Tensor:
    *_, (y, _, _) = model.backwards(z)
    return model.picture(y)


# --- The map ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", every_kind)
def test_there_and_back_is_the_identity(config: dict[str, Any]) -> None:
    model = a_model(**config)
    y = some_y(model, 5)
    z, _ = model(y)
    assert (z.view_as(y) - y).abs().max() > 0.1, "it is the identity by itself"
    torch.testing.assert_close(back(model, z), y, atol=1e-9, rtol=0)
    z = some_y(model, 5).flatten(1)
    torch.testing.assert_close(model(back(model, z))[0], z, atol=1e-9, rtol=0)


@pytest.mark.parametrize("config", every_kind)
def test_the_volume_is_that_of_the_jacobian(config: dict[str, Any]) -> None:
    model = a_model(**config)
    for y in some_y(model, 2):
        jacobian = torch.autograd.functional.jacobian(lambda y: model(y[None])[0][0], y).view(y.numel(), -1)
        torch.testing.assert_close(model(y[None])[1][0], torch.linalg.slogdet(jacobian).logabsdet, atol=1e-8, rtol=0)


@pytest.mark.parametrize("config", every_kind)
def test_a_layer_keeps_one_half_and_moves_the_other_by_it_alone(config: dict[str, Any]) -> None:
    model = a_model(**config)
    for layers, shape in zip(model.couplings, model.shapes, strict=True):
        x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3)).double()
        for layer in layers:
            mask = layer.mask.expand(shape).flatten()
            assert mask.mean() == 0.5
            jacobian = torch.autograd.functional.jacobian(lambda x, f=layer: f(x)[0], x).view(len(mask), -1)
            kept, moved = mask == 1, mask == 0
            assert torch.equal(jacobian[kept], torch.eye(len(mask)).double()[kept])
            among = jacobian[moved][:, moved]
            assert torch.equal(among, among.diag().diag()), "what is moved must not see what is moved"
            assert jacobian[moved][:, kept].any()
            assert torch.equal(among.diag(), torch.ones(len(among)).double()) == (config["coupling"] == "additive")


def test_two_layers_in_turn_move_everything_and_the_first_ones_are_a_checkerboard() -> None:
    model = a_model(space=Pictures(side=4), levels=1, layers=4, width=4, depth=1)
    fields = []
    for layer in model.couplings[0]:
        mask = layer.mask.expand(1, 4, 2, 2)
        fields.append(torch.nn.functional.pixel_shuffle(mask, 2)[0, 0])
    r, c = torch.arange(4)[:, None], torch.arange(4)
    board = ((r + c) % 2 == 0).double()
    assert torch.equal(fields[0], board)
    assert torch.equal(fields[1], 1 - board)
    assert torch.equal(fields[2] + fields[3], torch.ones(4, 4).double())
    assert not torch.equal(fields[2], board)


def test_additive_layers_leave_all_volume_to_the_scale_of_z() -> None:
    model = a_model(space=Pictures(side=4), coupling="additive", layers=2, width=4, depth=1)
    torch.testing.assert_close(model(some_y(model, 3))[1], model.log_scale.sum().expand(3))


def test_a_fresh_one_is_the_identity_between_logits_and_z() -> None:
    model = RealNVP(Config(space=Pictures(side=8), width=4))
    y = torch.randn(2, 1, 8, 8)
    z, log_det = model(y)
    assert torch.equal(z.sort(1).values, y.flatten(1).sort(1).values), "the same numbers, in another order"
    assert not log_det.any()


# --- The density -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coupling", ["affine", "additive"])
def test_density_on_the_plane_integrates_to_one(coupling: str) -> None:
    model = a_model(0.4, space=Points(), coupling=coupling, layers=4, width=8)
    line, step = torch.linspace(-25, 25, 1001).double(), 50 / 1000
    grid = torch.cartesian_prod(line, line)
    nats = torch.cat([model.log_prob(part).nats for part in grid.split(100_000)])
    assert nats.exp().sum().item() * step**2 == pytest.approx(1, abs=2e-3)


def test_density_on_the_plane_is_that_of_the_samples() -> None:
    """How many of many samples fall into a square, against the density's integral over it."""
    model = a_model(0.3, space=Points(), layers=4, width=8).float()
    made = model.sample(range(20_000))
    line, step = torch.linspace(-6, 6, 601)[:-1] + 0.01, 12 / 600
    p = model.log_prob(torch.cartesian_prod(line, line)).nats.exp().view(600, 600) * step**2
    squares = p.view(12, 50, 12, 50).sum((1, 3))
    found = torch.histogramdd(made, bins=[12, 12], range=[-6.0, 6.0, -6.0, 6.0]).hist / len(made)
    torch.testing.assert_close(found, squares, atol=0.012, rtol=0)
    assert squares.max() > 0.05


def test_density_of_pictures_is_the_change_of_variables_from_greys_to_noise() -> None:
    """All of it: logits and flow together, by autograd's Jacobian."""
    model = a_model(space=Pictures(side=4), layers=2, width=4, depth=1)
    v = 0.01 + 0.98 * torch.rand(16, generator=torch.Generator().manual_seed(0)).double()

    def whole(v: Tensor) -> Tensor:
        return model((ALPHA + (1 - 2 * ALPHA) * v.view(1, 1, 4, 4)).logit())[0][0]

    z, jacobian = whole(v), torch.autograd.functional.jacobian(whole, v)
    expected = torch.distributions.Normal(0, 1).log_prob(z).sum() + torch.linalg.slogdet(jacobian).logabsdet
    torch.testing.assert_close(model.density(v.view(1, 1, 4, 4))[0], expected, atol=1e-9, rtol=0)


def test_log_prob_of_a_picture_is_the_density_in_its_cube_times_the_cubes_volume() -> None:
    """A wide law is nearly flat over a cube of 1/256 a side: then it matters little where in the cube it is asked."""
    model = training.fresh(RealNVP, Config(space=Pictures(side=4), width=4), seed=0).eval().requires_grad_(False)
    assert isinstance(model, RealNVP)
    x = torch.randint(256, (3, 1, 4, 4), generator=torch.Generator().manual_seed(0)) / 255
    answer = model.log_prob(x)
    assert answer.kind == "exact"
    assert "8-bit" in answer.note
    middle = model.density((255 * x + 0.5) / 256) - 16 * math.log(256)
    torch.testing.assert_close(answer.nats, middle, atol=0.3, rtol=0)
    assert not torch.equal(answer.nats, middle), "no noise"


def test_one_place_in_each_step_stands_for_the_step_and_on_average_for_no_more() -> None:
    """One pixel's grey, given where the others are: its density at many places of each of the 256 steps."""
    model = a_model(0.05, space=Pictures(side=4), layers=2, width=4, depth=1)
    v = torch.full((256 * 32, 1, 4, 4), 0.3).double()
    v[:, 0, 2, 1] = (torch.arange(256 * 32) + 0.5) / (256 * 32)
    fine = model.density(v).view(256, 32)
    steps = fine.exp().mean(1)  # the probability of each grey, up to the others' share
    assert (fine.mean(1) <= steps.log()).all(), "the bound of Theis"
    middle = slice(16, 240)  # near black and white the logit bends a step
    torch.testing.assert_close(fine.exp()[middle, 10], steps[middle], rtol=0.05, atol=0)
    assert steps.max() > 5 * steps.min(), "all greys are alike"


def test_it_learns_a_density_that_is_known() -> None:
    """A bent Gaussian, y = x^2 / 2 + noise, which one layer could make."""
    rng = torch.Generator().manual_seed(0)

    def bent(count: int) -> tuple[Tensor, Tensor]:
        """Points and their log density."""
        e = torch.randn(count, 2, generator=rng)
        nats = torch.distributions.Normal(0, 1).log_prob(e).sum(1) - math.log(0.3)
        return torch.stack([e[:, 0], e[:, 0] ** 2 / 2 + 0.3 * e[:, 1]], 1), nats

    model = training.fresh(RealNVP, Config(space=Points(), layers=3, width=16), seed=0)
    assert isinstance(model, RealNVP)
    how = Training(learning_rate=0.01)
    optimizers = model.optimizers(how)
    held_out, law = bent(2_000)
    before = model.log_prob(held_out).nats.mean()
    for step in range(300):
        model.train_step(Batch(bent(128)[0], rng, step, 300), optimizers, how)
    after = model.log_prob(held_out).nats.mean()
    assert before < law.mean() - 1
    assert law.mean() - 0.1 < after < law.mean() + 0.05


# --- Codes and samples -----------------------------------------------------------------------------------------------


def a_first_step(model: RealNVP, x: Tensor) -> None:
    batch = Batch(x, torch.Generator().manual_seed(0), 0, 10)
    model.train_step(batch, model.optimizers(Training(learning_rate=1e-6)), Training(learning_rate=1e-6))


def test_one_that_has_learned_keeps_its_scale_when_it_goes_on() -> None:
    """A run from a checkpoint begins at step 0, too."""
    model, x = a_model(**SPACES[0]).requires_grad_(True), torch.randn(16, 2).double()
    before = model.density(x).detach()
    a_first_step(model, x)
    torch.testing.assert_close(model.density(x).detach(), before, atol=1e-3, rtol=0)


def test_a_batch_of_one_has_no_spread_and_leaves_all_numbers_finite() -> None:
    model = training.fresh(RealNVP, Config(**SPACES[0]), seed=0)
    assert isinstance(model, RealNVP)
    a_first_step(model, torch.randn(1, 2))
    assert all(p.isfinite().all() for p in model.parameters())


def test_decode_undoes_encode_on_pictures_and_points() -> None:
    for space in (Pictures(side=8), Points()):
        model = a_model(0.1, space=space, layers=3, width=4, levels=1).float()
        x = torch.rand(6, *space.shape, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(model.decode(model.encode(x)), x, atol=1e-4, rtol=0)


def test_steps_begin_at_the_noise_and_move_half_of_it_at_a_time() -> None:
    model = a_model(space=Points(), layers=4, width=8).float()
    steps = list(model.sample_steps([1, 2, 3]))
    assert len(steps) == 5
    z = model.prior([1, 2, 3])
    torch.testing.assert_close(steps[0], z * (-model.log_scale).exp() + model.middle)
    for i, (before, after) in enumerate(itertools.pairwise(steps)):
        kept = i % 2  # the last layer is the first on the way back, and it keeps the second coordinate
        assert torch.equal(before[:, 1 - kept], after[:, 1 - kept])
        assert not torch.equal(before[:, kept], after[:, kept])


def test_steps_of_pictures_are_pictures_from_all_levels() -> None:
    model = a_model(space=Pictures(side=8), levels=3, layers=2, width=4, depth=1).float()
    steps = list(model.sample_steps(range(8)))
    assert len(steps) == 3 * 2 + 1
    assert all(step.shape == (8, 1, 8, 8) for step in steps)
    # The deepest level has a quarter of the pixels, each next one twice as many, and a layer moves half of its own.
    changed = [int((a != b).any(0).sum()) for a, b in itertools.pairwise(steps)]
    assert changed == [8, 8, 16, 16, 32, 32]


def test_temperature_scales_the_noise() -> None:
    model = a_model(space=Points(), layers=4, width=8).float()
    torch.testing.assert_close(model.prior([1], Controls(temperature=0.5)), 0.5 * model.prior([1]))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"space": Points(dims=1)}, "points of 2 dimensions"),
        ({"space": Pictures(side=28), "levels": 3}, "28 pixels cannot be halved 3 times"),
        ({"space": Pictures(), "width": 300}, "at most 256"),
    ],
)
def test_what_does_not_fit_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config(**config)
