"""Time of one translation, on the server: python -m benchmarks.translating

For every checkpoint that translates, and each domain that it starts from: the median over 30 calls of one held-out
picture at the server's settings (translate with a seed, then 8 bits), and how many times as long that takes as the bare
forward passes of the networks inside, in the same run. The two alternate, so that a slow second falls on both.
"""

from __future__ import annotations

import os

# As app.py does, before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

import genlib
from genlib import data, sources
from genlib.contract import Domain, Translates
from genlib.measures.translation import held_out
from genlib.sheets import to_uint8

CALLS = 30


def networks(model: Any, call: Callable[[], object]) -> Callable[[], object]:
    """The forward passes of the parts of the model that `call` goes through, on what they are given there."""
    seen: list[tuple[torch.nn.Module, tuple[Any, ...]]] = []
    hooks = [m.register_forward_pre_hook(lambda m, args: seen.append((m, args))) for m in model.children()]
    call()
    for hook in hooks:
        hook.remove()
    return lambda: [part(*args) for part, args in seen]


def medians_ms(*calls: Callable[[], object]) -> list[float]:
    """Median milliseconds of each, taken in turns, after one turn to warm up."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS + 1):
        for mine, call in zip(times, calls, strict=True):
            started = time.perf_counter()
            call()
            mine.append(time.perf_counter() - started)
    return [1e3 * statistics.median(mine[1:]) for mine in times]


@torch.inference_mode()
def main() -> None:
    print(f"{'one picture':44} {'translation':>13} {'networks':>11} {'ratio':>8}")
    for name, checkpoint in sources.checkpoints().items():
        if not issubclass(checkpoint.model_class, Translates):
            continue
        model, recipe = genlib.load(name), checkpoint.spec.recipe
        assert isinstance(model, Translates)
        test = held_out(data.parts(recipe.data)[0], recipe.size)
        for source in model.worlds(checkpoint.config).sources:
            picture = model.examples(test.take(slice(200)), source)[0][:1]

            def translate(model: Translates = model, picture: torch.Tensor = picture, source: Domain = source) -> None:
                to_uint8(model.translate(picture, source, seeds=[0]))

            whole, bare = medians_ms(translate, networks(model, translate))
            what = f"{name}, from {source.title}"
            print(f"{what:44} {whole:10.1f} ms {bare:8.1f} ms {whole / bare:6.2f} x", flush=True)


if __name__ == "__main__":
    main()
