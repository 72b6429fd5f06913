"""The Parzen window against the sum written out, against scikit-learn, and with its flaw."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.neighbors import KernelDensity

from genlib import data
from genlib.measures.parzen import SIGMAS, parzen


def test_it_is_scikit_learn_s_density() -> None:
    rng = torch.Generator().manual_seed(0)
    samples, validation, test = (torch.rand(n, 1, 3, 3, generator=rng) for n in (40, 30, 20))
    nats, sigma = parzen(samples, validation, test)
    kernel = KernelDensity(bandwidth=sigma, rtol=1e-9).fit(samples.flatten(1).numpy())
    assert nats.numpy() == pytest.approx(kernel.score_samples(test.flatten(1).numpy()), abs=1e-4)
    scores = [KernelDensity(bandwidth=s).fit(samples.flatten(1)).score(validation.flatten(1)) for s in SIGMAS]
    assert sigma == SIGMAS[scores.index(max(scores))]


def test_a_single_window_is_a_gaussian() -> None:
    one = torch.zeros(1, 1, 2, 2)
    x = torch.full((2, 1, 2, 2), 0.1)
    nats, sigma = parzen(one, x, x)
    law = -4 * 0.01 / 2 / sigma**2 - 2 * math.log(2 * math.pi * sigma**2)
    assert nats.tolist() == pytest.approx([law, law], abs=1e-5)


def test_bytes_are_read_as_pictures() -> None:
    digits = data.load_pictures("digits", "test").pixels[:60]
    parts = digits[:30], digits[30:40], digits[40:]
    nats, sigma = parzen(*parts)
    again, same = parzen(*(part.float() / 255 for part in parts))
    assert sigma == same
    torch.testing.assert_close(nats, again, atol=1e-2, rtol=1e-5)


def test_its_flaw_centres_that_are_no_model_beat_the_data() -> None:
    """Theis 2016, table 1, with a thirtieth of the pictures."""
    train = data.load_pictures("digits", "train").pixels[:300]
    validation = data.load_pictures("digits", "validation").pixels[:200]
    test = data.load_pictures("digits", "test").pixels[::50]
    more = data.load_pictures("digits", "train").pixels[1000:2500]
    flat = more.flatten(1).float().numpy() / 255
    centres = torch.from_numpy(KMeans(300, n_init=1, max_iter=3, random_state=0).fit(flat).cluster_centers_)
    of_data, of_centres = parzen(train, validation, test)[0], parzen(centres.view(-1, 1, 28, 28), validation, test)[0]
    assert of_centres.mean() > of_data.mean() + 10
