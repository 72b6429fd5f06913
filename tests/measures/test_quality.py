"""Laws of the measures, on features whose answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlib.measures import quality
from genlib.measures.quality import comparison, frechet_distance, kid, manifolds

SIZE = 4


@pytest.fixture
def _small_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "SUBSETS", 50)
    monkeypatch.setattr(quality, "SUBSET", 200)


def gaussian(count: int, seed: int, mean: float = 0.0, scale: float = 1.0) -> Tensor:
    return mean + scale * torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed))


def whitened(x: Tensor) -> Tensor:
    """Moved and mixed so that its sample mean is 0 and its sample covariance the identity, exactly."""
    x = (x - x.mean(0)).double()
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    mean, first, second = torch.tensor([1.0, 0, -2, 0.5]), torch.tensor([1.0, 2, 3, 4]), torch.tensor([2.0, 2, 0.5, 1])
    real, made = whitened(gaussian(500, 0)) * first, whitened(gaussian(400, 1)) * second + mean
    # Diagonal covariances: |m|^2 + sum (s1 - s2)^2.
    expected = float(mean.square().sum() + (first - second).square().sum())
    assert frechet_distance(real, made) == pytest.approx(expected, rel=1e-7)


def test_frechet_distance_of_correlated_gaussians() -> None:
    """Both laws turned alike: the distance stays."""
    scale = torch.tensor([1.0, 2, 3, 4]).double()
    turn = torch.linalg.qr(gaussian(SIZE, 5).double()).Q
    real, made = whitened(gaussian(500, 0)), whitened(gaussian(500, 1)) * scale
    assert frechet_distance(real @ turn, made @ turn) == pytest.approx(float((scale - 1).square().sum()), rel=1e-7)


def test_frechet_distance_to_itself_is_zero() -> None:
    x = gaussian(300, 0)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


@pytest.mark.usefixtures("_small_subsets")
def test_kid_of_one_law_is_zero_and_of_two_is_not() -> None:
    real = gaussian(600, 0)
    same, spread = kid(real, gaussian(600, 1))
    apart, _ = kid(real, gaussian(600, 1, mean=0.5))
    assert abs(same) < spread
    assert apart > 0.5


def test_kid_is_the_cubic_kernels_mmd() -> None:
    """Where the subset is the whole set, it is the unbiased estimate, written out."""
    real, made = gaussian(30, 0).double(), gaussian(30, 1, mean=1).double()

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / SIZE + 1) ** 3

    def off_diagonal(k: Tensor) -> Tensor:
        return (k.sum() - k.diagonal().sum()) / (30 * 29)

    expected = off_diagonal(kernel(real, real)) + off_diagonal(kernel(made, made)) - 2 * kernel(real, made).mean()
    mean, spread = kid(real, made)
    assert mean == pytest.approx(float(expected), rel=1e-6)
    assert spread == pytest.approx(0, abs=1e-6)


def test_manifolds_of_one_set_and_of_far_sets() -> None:
    real = gaussian(200, 0)
    same = manifolds(real, real.clone())
    assert (same["precision"], same["recall"], same["coverage"]) == (1, 1, 1)
    far = manifolds(real, gaussian(200, 1, mean=100))
    assert set(far.values()) == {0}


def test_collapse_lowers_recall_and_not_precision() -> None:
    collapsed = manifolds(gaussian(500, 0), gaussian(500, 1, scale=0.05))
    assert collapsed["precision"] > 0.99
    assert collapsed["recall"] < 0.1
    assert collapsed["density"] > 1


@pytest.mark.usefixtures("_small_subsets")
def test_comparisons_repeat_and_leave_the_global_generator_alone(capsys: pytest.CaptureFixture[str]) -> None:
    real, made = gaussian(400, 0), gaussian(300, 1, mean=0.1)
    torch.manual_seed(3)
    first = comparison(real, made)
    after = torch.rand(1)
    torch.manual_seed(4)
    assert comparison(real, made) == first
    torch.manual_seed(3)
    assert torch.equal(torch.rand(1), after)
    assert capsys.readouterr().out == ""
