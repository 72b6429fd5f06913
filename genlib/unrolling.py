"""How pictures come to be, step by step, within bounds of memory; with a number for each, where a model has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genlib.contract import Controls, Predicts, Seeds, Traces, Unrolls
from genlib.sheets import to_uint8

if TYPE_CHECKING:
    from torch import Tensor

MOST = 300  # steps that are kept: of more, every second one, or every fourth...


@dataclass(frozen=True)
class Trace:
    """numbers (T, B): one for each step and picture; what they are, with their unit."""

    numbers: np.ndarray
    what: str


@dataclass(frozen=True)
class Steps:
    """frames: pictures uint8 (T, B, H, W, C); labels: what each of the T is called; trace: None where there is none."""

    frames: np.ndarray
    labels: list[str]
    trace: Trace | None = None


def steps(model: Unrolls, seeds: Seeds, controls: Controls | None = None) -> Steps:
    """The steps of model.sample_steps(): at most MOST + 1, evenly; never without the first and the last.

    A model that Traces says their numbers itself. Of one that Predicts they are what the rows so far add up to.
    """
    import torch

    kept: list[tuple[int, np.ndarray, Tensor | None]] = []
    stride, number, last, its = 1, -1, None, None
    with torch.inference_mode():
        for number, (last, its) in enumerate(_told(model, seeds, controls)):
            if number % stride == 0:
                kept.append((number, to_uint8(last), its))
            if len(kept) > MOST:
                kept, stride = kept[::2], 2 * stride
        if last is not None and kept[-1][0] != number:
            kept.append((number, to_uint8(last), its))
        trace = None
        if isinstance(model, Traces):
            trace = Trace(
                np.stack([numbers.cpu().numpy() for _, _, numbers in kept if numbers is not None]), model.trace()
            )
        elif isinstance(model, Predicts) and last is not None:
            rows = model.predictions(last).of_read.sum(2).cumsum(1).T.cpu()
            sums = np.concatenate([np.zeros((1, len(last))), rows.numpy()])
            trace = Trace(sums[[i for i, _, _ in kept]], "log-likelihood of the rows so far, nats")
    frames = np.stack([picture for _, picture, _ in kept])
    return Steps(frames, [f"step {i + 1} of {number + 1}" for i, _, _ in kept], trace)


def _told(model: Unrolls, seeds: Seeds, controls: Controls | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The steps, with their numbers where the model says these itself."""
    if isinstance(model, Traces):
        yield from model.traced_steps(seeds, controls)
    else:
        for x in model.sample_steps(seeds, controls):
            yield x, None
