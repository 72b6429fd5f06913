"""Noise from seeds: a row depends on its seed alone, and has the law that it claims."""

from __future__ import annotations

import math

import pytest
import scipy.stats
import torch

from genlib.contract import MAX_SEED, Latent, Law
from genlib.noise import Noise, draw


def test_row_depends_on_its_seed_alone() -> None:
    many = Noise([*range(63), 42]).normal(16)
    assert many.shape == (64, 16)
    assert many.dtype == torch.float32
    assert torch.equal(Noise([42]).normal(16)[0], many[-1])
    assert torch.equal(many[42], many[-1])
    assert len(torch.unique(many, dim=0)) == 63
    assert Noise([0, MAX_SEED]).normal(512).isfinite().all()


def test_a_stream_goes_on_where_it_ended() -> None:
    noise = Noise([3, 4])
    first, second = noise.uniform(5), noise.uniform(2, 3)
    assert second.shape == (2, 2, 3)
    assert torch.equal(torch.cat([first, second.flatten(1)], 1), Noise([3, 4]).uniform(11))
    noise = Noise([3, 4])
    noise.fetch(7)  # at once, or one after the other: the same numbers
    assert torch.equal(torch.cat([noise.uniform(2), noise.uniform(9)], 1), Noise([3, 4]).uniform(11))


def test_a_seed_means_today_what_it_meant_yesterday() -> None:
    """Shipped pictures and permalinks rest on these numbers."""
    torch.testing.assert_close(Noise([42]).normal(3)[0], torch.tensor([-1.5705, -1.5308, -1.1572]), atol=1e-4, rtol=0)


def test_the_global_generator_is_left_alone() -> None:
    state = torch.manual_seed(0).get_state()
    Noise([1, 2, 3]).normal(8)
    draw(Latent(4, "gaussian"), 8, torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("truncation", [math.inf, 2.0, 0.5])
def test_normal_has_the_law_it_claims(truncation: float) -> None:
    z = Noise(range(400)).normal(50, truncation=truncation)
    assert z.abs().max() <= truncation
    law = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(z.flatten().numpy(), law.cdf).pvalue > 1e-3


def test_normal_changes_smoothly_with_truncation() -> None:
    """A seed keeps its place in the law: order within a row stays, and a small turn moves it a little."""
    wide, narrow = Noise([7]).normal(256, truncation=2.0), Noise([7]).normal(256, truncation=1.99)
    assert torch.equal(wide.argsort(), narrow.argsort())
    assert (wide - narrow).abs().max() < 0.02
    torch.testing.assert_close(Noise([7]).normal(256, truncation=8.0), Noise([7]).normal(256), atol=1e-4, rtol=1e-4)


LAWS = {
    "gaussian": scipy.stats.norm().cdf,
    "uniform": scipy.stats.uniform(-1, 2).cdf,
}


@pytest.mark.parametrize("law", LAWS)
def test_latents_have_their_law(law: Law) -> None:
    by_seed = Noise(range(400)).latent(Latent(50, law))
    in_training = draw(Latent(50, law), 400, torch.Generator().manual_seed(0))
    for z in (by_seed, in_training):
        assert z.shape == (400, 50)
        assert z.dtype == torch.float32
        assert scipy.stats.kstest(z.flatten().numpy(), LAWS[law]).pvalue > 1e-3


def test_binary_latents_are_fair_coins() -> None:
    for z in (Noise(range(400)).latent(Latent(50, "binary")), draw(Latent(50, "binary"), 400, torch.Generator())):
        assert z.dtype == torch.float32
        assert set(z.unique().tolist()) == {0, 1}
        assert abs(float(z.mean()) - 0.5) < 0.02


def test_nothing_is_drawn_where_there_is_no_law() -> None:
    with pytest.raises(ValueError, match="none"):
        Noise([1]).latent(Latent(2, "none"))
    with pytest.raises(ValueError, match="none"):
        draw(Latent(2, "none"), 3, torch.Generator())
