"""How near a picture comes to itself by way of z: python -m benchmarks.inversion [--pictures 50] [checkpoint ...]

For every checkpoint that decodes, has a prior and no encoder: test pictures of its data, each inverted by itself with
the defaults of genlib/latents/inversion.py, as a visitor's would be. Beside it, on the same pictures, what encoders of
the same data reach in one step, and the mean picture. Errors are RMS of pixels in [0, 1]. Seconds a picture, of the
clock and of the processor, one thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from torch import Tensor

import genlib
from genlib import data, sources
from genlib.checkpoint import Checkpoint
from genlib.contract import Decodes, Encodes, HasPrior
from genlib.latents.inversion import invert
from genlib.measures.pixels import evenly
from genlib.spaces import Pictures


def rms(made: Tensor, x: Tensor) -> Tensor:
    return (made.cpu() - x).square().flatten(1).mean(1).sqrt()


def row(name: str, errors: Tensor, clock: float | None = None, processor: float | None = None) -> None:
    spread = " ".join(f"{float(errors.quantile(q)):7.4f}" for q in (0.5, 0.1, 0.9))
    seconds = "" if clock is None else f"{clock:9.1f} {processor:9.1f}"
    print(f"  {name:26} {spread} {seconds}", flush=True)


def encodes(checkpoint: Checkpoint, like: Checkpoint) -> bool:
    cls = checkpoint.model_class
    same = (checkpoint.spec.recipe.data, checkpoint.config.space) == (like.spec.recipe.data, like.config.space)
    return same and issubclass(cls, Encodes) and issubclass(cls, Decodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--pictures", type=int, default=50)
    args = parser.parse_args()
    torch.set_num_threads(1)

    there = sources.checkpoints()
    for name in args.checkpoints or there:
        checkpoint = there[name]
        cls = checkpoint.model_class
        if not (issubclass(cls, Decodes) and issubclass(cls, HasPrior)) or issubclass(cls, Encodes):
            continue
        if not isinstance(checkpoint.config.space, Pictures):
            continue
        test = data.load_pictures(checkpoint.spec.recipe.data, "test", size=checkpoint.config.space.side)
        x = evenly(test.pixels, args.pictures).float() / 255
        print(f"{name}: {len(x)} test pictures of {test.info.name}")
        print(f"  {'RMS of pixels':26} {'median':>7} {'10 %':>7} {'90 %':>7} {'clock s':>9} {'proc. s':>9}")

        model: Any = genlib.load(name)
        errors, clock, processor = [], time.perf_counter(), time.process_time()
        for i in range(len(x)):
            errors.append(invert(model, x[i : i + 1]).errors.cpu())
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        row(f"{name}, inverted", torch.cat(errors), clock / len(x), processor / len(x))
        with torch.inference_mode():
            for other in there.values():
                if encodes(other, checkpoint):
                    encoder: Any = other.load()
                    row(f"{other.name}, encoded", rms(encoder.decode(encoder.encode(x)), x))
        row("the mean picture", rms((test.pixels.float().mean(0) / 255).expand_as(x), x))


if __name__ == "__main__":
    main()
