"""Steps of a model that makes pictures step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from genlib import contract, unrolling
from genlib.contract import Unrolls


class Counts(Unrolls):
    """Step t of `steps` is a picture of the grey level t."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def sample_steps(self, seeds: Sequence[int], controls: contract.Controls | None = None) -> Iterator[Tensor]:
        for t in range(self.steps):
            yield torch.full((len(seeds), 1, 2, 2), t / 65_535 * 257)


@pytest.mark.parametrize("steps", [1, 2, unrolling.MOST, unrolling.MOST + 1, 2 * unrolling.MOST + 5, 1000])
def test_few_steps_are_kept_whole_and_many_evenly(steps: int) -> None:
    frames, labels = unrolling.steps(Counts(steps), [7, 42, 43])
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
