"""What the Latent space page takes, and how straight its ways are: python -m benchmarks.latent

For every checkpoint that decodes pictures: the median milliseconds from a cursor to its decoded picture, over 30
places; and of a film of 60 frames, decoded and written as a GIF at 128 px or more, with the GIF's share of it. Two
threads.

Then, for encoders of one data set side by side, 200 pairs of test pictures (--pairs): the mean length of the straight
way between their codes, 17 frames, in the features of the data's classifier, as a multiple of the length between its
two ends; the largest jump's share of the way; and the share of midpoints that the classifier names with a confidence
over 0.9. Real pictures are as sure as the last line says.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch
from torch import Tensor

from genlib import films, sources
from genlib.checkpoint import Checkpoint
from genlib.contract import Decodes, Encodes
from genlib.data import load_pictures
from genlib.latents.paths import between, step_lengths
from genlib.measures import judge
from genlib.measures.pixels import evenly
from genlib.sheets import enlargement, to_uint8
from genlib.spaces import Pictures

PLACES, FRAMES, FPS, STEPS = 30, 60, 16, 17
SURE = 0.9


def decoders() -> list[Checkpoint]:
    found = sources.checkpoints().values()
    return [c for c in found if issubclass(c.model_class, Decodes) and isinstance(c.config.space, Pictures)]


@torch.inference_mode()
def time_it(checkpoint: Checkpoint) -> None:
    cls, model = checkpoint.model_class, checkpoint.load("cpu")
    assert issubclass(cls, Decodes)
    assert isinstance(model, Decodes)
    dims = cls.latent(checkpoint.config).dims
    z = torch.randn(PLACES + 1, dims, generator=torch.Generator().manual_seed(0))
    seconds = []
    for at in z:
        started = time.perf_counter()
        to_uint8(model.decode(at[None]))
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    frames = to_uint8(model.decode(between(z[0], z[1], torch.linspace(0, 1, FRAMES), "straight")))
    decoded = time.perf_counter() - started
    films.gif(frames, FPS, enlargement(frames.shape[1], 128))
    whole = time.perf_counter() - started
    cursor = 1e3 * statistics.median(seconds[1:])
    print(f"{checkpoint.name:24} {cursor:8.1f} ms {1e3 * whole:8.0f} ms {1 - decoded / whole:8.0%}", flush=True)


@torch.inference_mode()
def compare(data: str, encoders: list[Checkpoint], pairs: int) -> None:
    space = encoders[0].config.space
    assert isinstance(space, Pictures)
    classifier = judge.load(judge.classifier_of(data, space))
    test = load_pictures(data, "test", size=space.side)
    x = evenly(test.pixels, 2 * pairs).float() / 255
    x = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
    attribute = test.info.main_label

    def sure(features: Tensor) -> float:
        return (classifier.logits(features)[attribute].softmax(1).amax(1) > SURE).float().mean().item()

    print(f"{data:24} {'length':>10} {'jump':>8} {'sure midpoints':>15}")
    for checkpoint in encoders:
        model: Any = checkpoint.load()
        z = model.encode(x).cpu()
        lengths, jumps, midpoints = [], [], []
        for a, b in zip(z[:pairs], z[pairs:], strict=True):
            way = between(a, b, torch.linspace(0, 1, STEPS), "straight")
            features = classifier.features(model.decode(way))
            steps = step_lengths(features)
            lengths.append(steps.sum() / (features[-1] - features[0]).norm())
            jumps.append(steps.max() / steps.sum())
            midpoints.append(features[STEPS // 2])
        length, jump = (torch.stack(part).mean().item() for part in (lengths, jumps))
        print(f"{checkpoint.name:24} {length:8.2f} x {jump:8.0%} {sure(torch.stack(midpoints)):15.0%}", flush=True)
    print(f"{'the test pictures':24} {'':10} {'':8} {sure(classifier.features(x)):15.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=200)
    pairs = parser.parse_args().pairs
    torch.set_num_threads(2)

    print(f"{'':24} {'cursor':>11} {'film + GIF':>11} {'GIF':>8}")
    of_data: dict[str, list[Checkpoint]] = {}
    for checkpoint in decoders():
        time_it(checkpoint)
        if issubclass(checkpoint.model_class, Encodes):
            of_data.setdefault(checkpoint.spec.recipe.data, []).append(checkpoint)
    for data, encoders in of_data.items():
        print()
        compare(data, encoders, pairs)


if __name__ == "__main__":
    main()
