"""The point sets: their densities are densities, and what is drawn follows them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from genlib import data
from genlib.data.mixture import Mixture
from genlib.spaces import Points

NAMES = ("ring8", "grid25", "moons", "spiral", "two-gaussians", "mixture1d")
WITH_MODES = {"ring8": 8, "grid25": 25, "two-gaussians": 2, "mixture1d": 3}
every_set = pytest.mark.parametrize("name", NAMES)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lattice(law: Mixture) -> tuple[Tensor, float]:
    """Points (N, D) all over the law's plane or line, and the area of each.

    Less than a sigma apart, so that a sum over them is an integral to eight digits (the trapezoidal rule on Gaussians).
    """
    step, reach = 0.9 * law.sigma.min().item(), 8 * law.sigma.max().item()
    axes = [torch.arange(m.min().item() - reach, m.max().item() + reach, step) for m in law.means.T]
    return torch.cartesian_prod(*axes).reshape(-1, law.dims), step**law.dims


def test_names_and_info() -> None:
    assert data.point_names() == NAMES
    assert not set(NAMES) & set(data.names())
    for name in NAMES:
        info = data.info(name)
        assert info.name == name
        assert info.kind == "points"
        assert info.space == Points(dims=1 if name == "mixture1d" else 2)
        assert info.space == data.load_points(name).space
        assert info.licence == "none: drawn from a formula"
        assert info.title
        assert info.description
        assert info.credit
        assert info.splits == info.files == {}
        assert (info.main_label in info.labels) == bool(info.labels) == (name not in {"spiral", "mixture1d"})


@every_set
def test_a_point_is_of_the_part_that_it_lies_in(name: str) -> None:
    points = data.load_points(name)
    rows = points.draw_rows(5_000, rng())
    assert rows.labels.keys() == points.info.labels.keys()
    for attribute, named in points.info.labels.items():
        of_points = rows.labels[attribute]
        shares = torch.bincount(of_points, minlength=len(named)) / len(of_points)
        assert (shares * len(named) - 1).abs().max() < 0.4, "all are equally likely"
        assert (points.parts(rows.x, attribute) == of_points).float().mean() > 0.99


def test_the_parts_have_the_names_of_their_places() -> None:
    for name, part, x in (
        ("ring8", "north-west", (-0.7, 0.7)), ("ring8", "south", (0, -1)), ("grid25", "a5", (-4, 4)),
        ("grid25", "d1", (2, -4)), ("moons", "upper", (-0.5, 0.75)), ("two-gaussians", "right", (1, 0)),
    ):  # fmt: skip
        points = data.load_points(name)
        assert points.info.labels["part"][points.parts(torch.tensor([x]), "part")] == part


@every_set
def test_densities_integrate_to_one(name: str) -> None:
    law = data.load_points(name).density
    points, area = lattice(law)
    assert law.log_density(points).exp().sum().item() * area == pytest.approx(1, abs=1e-6)


@every_set
def test_densities_are_those_of_torch(name: str) -> None:
    points = data.load_points(name)
    law = points.density
    each = Independent(Normal(law.means, law.sigma[:, None].expand_as(law.means)), 1)
    x = torch.cat([points.sample(500), 3 * torch.randn(500, law.dims, generator=rng())])
    theirs = MixtureSameFamily(Categorical(law.weights), each).log_prob(x.double())
    ours = law.log_density(x)
    assert ours.dtype == torch.float64
    assert torch.allclose(ours, theirs, rtol=1e-9)


@every_set
def test_draws_follow_the_density(name: str) -> None:
    """Mean, covariance and entropy of 100,000 points are those of the density, to five standard errors."""
    law = data.load_points(name).density
    x = law.draw(100_000, rng()).double()
    mean = law.weights @ law.means
    between = law.means - mean
    covariance = between.T @ (law.weights[:, None] * between) + (law.weights @ law.sigma**2) * torch.eye(law.dims)
    products = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    lattice_points, area = lattice(law)
    log_p = law.log_density(lattice_points)
    for values, expected in (
        (x, mean),
        (products, covariance),
        (law.log_density(x), (log_p.exp() * log_p).sum() * area),
    ):
        error = (values.mean(0) - expected).abs()
        assert (error <= 5 * values.std(0) / math.sqrt(len(x))).all()


@every_set
def test_modes_are_peaks_that_stand_alone(name: str) -> None:
    law = data.load_points(name).density
    if name not in WITH_MODES:
        assert law.modes is None
        gaps = law.means.diff(dim=0).norm(dim=1)
        assert (gaps <= law.sigma[0]).sum() >= len(gaps) - 1  # one gap, between the two moons
        return
    assert law.modes is not None
    assert law.modes.shape == (WITH_MODES[name], law.dims)
    angles = torch.arange(16) * math.pi / 8
    circle = torch.stack([angles.cos(), angles.sin()], 1)[:, : law.dims].double()
    peak = law.log_density(law.modes)
    for radius in (0.1, 0.5, 1.0):
        for direction in circle[circle.norm(dim=1) > 0.1]:
            assert (law.log_density(law.modes + radius * law.sigma[:, None] * direction) < peak).all()


@pytest.mark.parametrize("name", WITH_MODES)
def test_each_mode_has_its_share_of_high_quality_points(name: str) -> None:
    """Within three sigma of their mode lie 1 - exp(-9/2) = 98.9 % in the plane, 99.7 % on the line."""
    law = data.load_points(name).density
    assert law.modes is not None
    near = torch.cdist(law.draw(50_000, rng()).double(), law.modes) <= 3 * law.sigma
    within = 1 - math.exp(-4.5) if law.dims == 2 else math.erf(3 / math.sqrt(2))
    assert near.sum(1).max() == 1
    assert torch.allclose(near.double().mean(0), law.weights * within, atol=5 * math.sqrt(0.25 / 50_000))


def test_the_rings_and_grids_of_the_papers() -> None:
    ring, grid = (data.load_points(name).density for name in ("ring8", "grid25"))
    assert torch.allclose(ring.means.norm(dim=1), torch.ones(8, dtype=torch.float64))
    assert torch.pdist(ring.means).min().item() == pytest.approx(2 * math.sin(math.pi / 8))
    assert ring.sigma.tolist() == [0.01] * 8
    assert {tuple(mean) for mean in grid.means.tolist()} == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    assert grid.sigma.tolist() == [0.05] * 25


def test_the_best_discriminator_of_two_gaussians() -> None:
    """As points.py says, against a generator that knows the left one alone: D = p / (p + q) = (1 + r) / (3 + r)."""
    law = data.load_points("two-gaussians").density
    x = 2 * torch.randn(200, 2, generator=rng()).double()
    p, q = law.log_density(x), Mixture.of([(-1, 0)], [0.3], ()).log_density(x)
    r = (2 * x[:, 0] / 0.3**2).exp()
    assert torch.allclose((p - q).sigmoid(), (1 + r) / (3 + r))


@every_set
def test_a_generator_decides_all(name: str) -> None:
    points = data.load_points(name)
    everybodys = torch.get_rng_state()
    one = points.draw(300, rng(1))
    assert one.shape == (300, points.space.dims)
    assert one.dtype == torch.float32
    assert torch.equal(one, data.load_points(name, "test").draw(300, rng(1)))
    assert not torch.equal(one, points.draw(300, rng(2)))
    assert torch.equal(torch.get_rng_state(), everybodys)


def test_held_out_points_are_always_the_same() -> None:
    points = data.load_points("moons", "test")
    many = points.sample(5000)
    assert many.shape == (5000, 2)
    assert torch.equal(many, data.load_points("moons", "test").sample(5000))
    for count in (0, 1, 20, 4096, 4097):
        assert torch.equal(points.sample(count), many[:count])
    assert len(many.unique(dim=0)) > 4990
    namesake = replace(points, info=data.info("spiral"))  # the same law under another name
    others = [data.load_points("moons", "validation"), data.load_points("moons", "train"), namesake]
    assert not any(torch.equal(points.sample(9), other.sample(9)) for other in others)


def test_a_lone_gaussian_has_one_mode() -> None:
    law = Mixture.of([(1, 2)], [0.5], ())
    assert law.modes is not None
    assert law.modes.tolist() == [[1, 2]]
    assert torch.allclose(law.draw(20_000, rng()).mean(0), torch.tensor([1.0, 2.0]), atol=0.02)
    with pytest.raises(ValueError, match="no mixture"):
        Mixture.of([(1, 2), (3, 4)], [0.5], [1.0])


def test_what_is_asked_is_checked() -> None:
    for call in (data.load_pictures, lambda name: next(data.stream(name)), lambda name: data.build([name])):
        with pytest.raises(data.DataError, match=r"ring8 holds points, not pictures; choose.*digits, fashion"):
            call("ring8")
    with pytest.raises(data.DataError, match=r"ring8 holds points, not pictures"):
        data.nearest("ring8", torch.zeros(1, 1, 28, 28))
    with pytest.raises(data.DataError, match=r"digits holds pictures, not points; choose one of: ring8, grid25"):
        data.load_points("digits")
    with pytest.raises(data.DataError, match=r"no data set 'ring9'.*ring8"):
        data.load_points("ring9")
    with pytest.raises(data.DataError, match=r"no data set 'ring9'.*ring8"):
        data.load("ring9")
    with pytest.raises(data.DataError, match=r"ring8 has no split 'all'.*train, validation and test"):
        data.load("ring8", "all")  # type: ignore[arg-type]
    with pytest.raises(data.DataError, match=r"ring8 holds points, which have no size in pixels; leave"):
        data.load("ring8", size=64)
    for name in ("ring8+faces", "faces+ring8", "ring8+grid25"):
        for call in (data.info, data.load):
            with pytest.raises(data.DataError, match=rf"{name.replace('+', '.')} cannot be joined: ring8 holds points"):
                call(name)


@pytest.mark.parametrize(("sigma", "weights"), [([0.0], []), ([0.1, -1.0], []), ([0.1], [1.0, 0.0])])
def test_a_gaussian_without_width_or_weight_is_refused(sigma: list[float], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Mixture.of([(0.0, 0.0), (1.0, 0.0)], sigma, weights)
