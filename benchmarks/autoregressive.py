"""Time to draw 64 digits pixel by pixel, and how much longer the naive way takes: python -m benchmarks.autoregressive

Both draw with the weights of pixelcnn-digits and the same noise. The naive way runs the whole network once for each
pixel. Its 784 passes cost the same: those of four rows in the middle are timed, counted up, and their pixels compared.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in the app: before torch is imported

import torch

import genlib
from genlib.models.pixelcnn import PixelCNN, draw
from genlib.noise import Noise

NAME, PICTURES, TIMES, ROWS = "pixelcnn-digits", 64, 5, range(12, 16)


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def naively(model: PixelCNN, x: torch.Tensor) -> torch.Tensor:
    """Pictures x (B, 1, H, W) with ROWS drawn anew, by the whole network once a pixel."""
    side = model.config.space.side
    u = Noise(range(len(x))).uniform(side, side)
    levels = model.levels(x)
    levels[:, ROWS] = 0
    for r in ROWS:
        for c in range(side):
            levels[:, r, c] = draw(model.logits(levels)[:, :, r, c], u[:, r, c], 1.0)[0]
    return model.grey(levels)[:, None]


@torch.inference_mode()
def main() -> None:
    model = genlib.load(NAME, device="cpu")
    assert isinstance(model, PixelCNN)
    quick = model.sample(range(PICTURES))
    fast = statistics.median(seconds(lambda: model.sample(range(PICTURES))) for _ in range(TIMES))
    started = time.perf_counter()
    same = torch.equal(naively(model, quick), quick)
    slow = (time.perf_counter() - started) * model.config.space.side / len(ROWS)
    print(f"{NAME}, {PICTURES} pictures, {torch.get_num_threads()} threads")
    print(f"each number once     {fast:8.2f} s   median of {TIMES}")
    print(f"once a pixel         {slow:8.2f} s   {len(ROWS)} rows of {model.config.space.side}, counted up")
    print(f"ratio                {slow / fast:8.1f} x   {'the same pixels' if same else 'OTHER PIXELS'}")


if __name__ == "__main__":
    main()
