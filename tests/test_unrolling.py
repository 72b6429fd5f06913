"""Steps of a model that makes pictures step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genlib import catalog, contract, training, unrolling
from genlib.contract import Traces, Unrolls


class Counts(Unrolls):
    """Step t of `steps` is a picture of the grey level t."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def sample_steps(self, seeds: Sequence[int], controls: contract.Controls | None = None) -> Iterator[Tensor]:
        for t in range(self.steps):
            yield torch.full((len(seeds), 1, 2, 2), t / 65_535 * 257)


@pytest.mark.parametrize("steps", [1, 2, unrolling.MOST, unrolling.MOST + 1, 2 * unrolling.MOST + 5, 1000])
def test_few_steps_are_kept_whole_and_many_evenly(steps: int) -> None:
    found = unrolling.steps(Counts(steps), [7, 42, 43])
    frames, labels = found.frames, found.labels
    assert found.trace is None
    assert frames.shape[1:] == (3, 2, 2, 1)
    assert len(labels) == len(frames) <= unrolling.MOST + 1
    numbers = [int(label.split()[1]) for label in labels]
    assert numbers[0] == 1
    assert numbers[-1] == steps
    assert all(label.endswith(f" of {steps}") for label in labels)
    if steps <= unrolling.MOST:
        assert numbers == list(range(1, steps + 1))
    assert len({b - a for a, b in pairwise(numbers[:-1])}) <= 1  # the last one is there in any case
    if steps <= 256:
        assert [int(frame[0, 0, 0, 0]) for frame in frames] == [round((n - 1) / 65_535 * 257 * 255) for n in numbers]


class Falls(Counts, Traces):
    """The same, with minus its number for each step, a hundredth less for each picture."""

    @classmethod
    def trace(cls) -> str:
        return "height, m"

    def traced_steps(
        self, seeds: Sequence[int], controls: contract.Controls | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for t, x in enumerate(self.sample_steps(seeds, controls)):
            yield x, -t - 0.01 * torch.arange(len(seeds))


@pytest.mark.parametrize("steps", [5, 2 * unrolling.MOST + 5])
def test_numbers_of_the_steps_that_are_kept(steps: int) -> None:
    found = unrolling.steps(Falls(steps), [7, 42])
    assert found.trace
    assert found.trace.what == "height, m"
    expected = [1 - int(label.split()[1]) for label in found.labels]
    np.testing.assert_allclose(found.trace.numbers, np.stack([expected, np.array(expected) - 0.01], 1), rtol=1e-6)


@pytest.mark.parametrize("name", ["fvsbn", "pixelcnn", "pixelrnn"])
def test_rows_add_up_to_the_log_likelihood_of_the_picture(name: str) -> None:
    cls = catalog.model_class(name)
    model: Any = training.fresh(cls, cls.tiny()[0], seed=0)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.2 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    found = unrolling.steps(model.eval(), [1, 2, 3])
    assert found.trace
    assert found.trace.numbers.shape == found.frames.shape[:2]
    assert not found.trace.numbers[0].any()
    assert (np.diff(found.trace.numbers, axis=0) < 0).all()
    nats = model.log_prob(model.sample([1, 2, 3])).nats.detach()
    np.testing.assert_allclose(found.trace.numbers[-1], nats, atol=1e-4)
