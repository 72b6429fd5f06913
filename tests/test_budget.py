"""The budget of bytes, and that what is large in the app keeps to it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from genlib.budget import MADE, MOST, Budget, size


def zeros(count: int) -> np.ndarray:
    return np.zeros(count, np.uint8)


def test_what_was_used_longest_ago_goes_first_by_bytes() -> None:
    budget = Budget(1000)
    for name, count in (("a", 400), ("b", 400)):
        budget.get(name, lambda count=count: zeros(count))  # type: ignore[misc]
    budget.get("a", lambda: pytest.fail("a is there"))
    budget.get("c", lambda: zeros(300))
    assert budget.bytes == 700
    budget.get("a", lambda: pytest.fail("a was used after b"))
    made = []
    budget.get("b", lambda: made.append("b"))
    assert made == ["b"]


def test_many_small_values_stay_and_one_large_one_pushes_them_out() -> None:
    budget = Budget(10_000)
    for i in range(100):
        budget.get(i, lambda: zeros(100))
    assert budget.bytes == 10_000
    large = budget.get("large", lambda: zeros(50_000))
    assert budget.bytes == 50_000  # alone: whoever made it is using it
    assert budget.get("large", lambda: zeros(1)) is large
    budget.get("small", lambda: zeros(10))
    assert budget.bytes == 10


def test_one_makes_and_the_others_wait() -> None:
    budget, made, begun = Budget(1000), [], threading.Event()

    def make() -> int:
        begun.wait(60)
        made.append(1)
        return 5

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(budget.get, "key", make) for _ in range(4)]
        begun.set()
        assert [f.result() for f in found] == [5] * 4
    assert made == [1]


def test_what_fails_is_tried_again() -> None:
    budget = Budget(1000)
    with pytest.raises(ZeroDivisionError):
        budget.get("key", lambda: 1 // 0)
    assert budget.get("key", lambda: 7) == 7


def test_sizes() -> None:
    @dataclass(frozen=True)
    class Both:
        left: np.ndarray
        right: tuple[torch.Tensor, ...]

    model = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.BatchNorm1d(10))
    assert size(model) == 4 * (100 + 10 + 10 + 10 + 10 + 10) + 8  # and how many batches were seen
    assert size(Both(np.zeros((10, 10)), (torch.zeros(5), torch.zeros(5)))) == 840
    assert size({"a": np.zeros(10)}) == 80
    assert size(((same := np.zeros(10)), same, [same])) == 80
    assert size(b"x" * 1000) >= 1000


def test_the_apps_own_leaves_room_on_a_small_host() -> None:
    assert MADE.most == MOST < 690_000_000 // 4
