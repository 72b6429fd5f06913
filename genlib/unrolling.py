"""How pictures come to be, step by step, within bounds of memory."""

from __future__ import annotations

import numpy as np

from genlib.contract import Controls, Seeds, Unrolls
from genlib.sheets import to_uint8

MOST = 300  # steps that are kept: of more, every second one, or every fourth...


def steps(model: Unrolls, seeds: Seeds, controls: Controls | None = None) -> tuple[np.ndarray, list[str]]:
    """The steps of model.sample_steps(): pictures uint8 (T, B, H, W, C), and a label for each of the T.

    At most MOST + 1 are kept, evenly; never without the first and the last.
    """
    import torch

    kept: list[tuple[int, np.ndarray]] = []
    stride, number, last = 1, -1, None
    with torch.inference_mode():
        for number, last in enumerate(model.sample_steps(seeds, controls)):
            if number % stride == 0:
                kept.append((number, to_uint8(last)))
            if len(kept) > MOST:
                kept, stride = kept[::2], 2 * stride
    if last is not None and kept[-1][0] != number:
        kept.append((number, to_uint8(last)))
    return np.stack([picture for _, picture in kept]), [f"step {i + 1} of {number + 1}" for i, _ in kept]
