"""Nearest training pictures, exactly, in little memory.

The first query of a data set streams through its file once and keeps, per picture, a small copy (area means, at
most 11 MB in all) and the picture itself, deflated (5 to 26 MB). A query first compares the small copies: with m the
mean over blocks of b pixels, b ||m(x) - m(y)||^2 <= ||x - y||^2 (Jensen), so the small distance bounds the true one
from below. Pictures are then inflated and compared in the order of this bound, until it exceeds the k-th best
distance found. Indices are kept within the budget of genlib/budget.py.
"""

from __future__ import annotations

import mmap
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from genlib import budget
from genlib.data import store

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 64  # pictures inflated at a time
LEVEL = 4  # of zlib


@dataclass(frozen=True)
class Neighbours:
    """The pictures closest to one query, closest first.

    indices    int64 (k,), into the split
    pixels     uint8 (k, C, H, W)
    distances  float32 (k,), root mean square difference of the pixels, in [0, 1]
    """

    indices: Tensor
    pixels: Tensor
    distances: Tensor


class Index:
    """What is kept in memory of one split."""

    def __init__(self, name: str, split: str, size: int | None) -> None:
        entry, file, side = store.find(name, split, size)
        self.shape = (entry.channels, side, side)
        self.factor = 4 if entry.channels == 3 else 2
        each = entry.channels * side**2
        self.small = np.empty((file.count, each // self.factor**2), np.uint8)
        # Address space for the worst case; only what is written takes memory. A growing bytes object would leave the
        # heap full of holes, twice as large as what is kept.
        self.deflated = mmap.mmap(-1, file.count * (each + 64))
        ends: list[int] = []
        for start, pixels in store.stream(name, split, size=size, block=32):
            # In numpy: torch's threads would wait for one another on a busy machine, in each of two thousand blocks.
            self.small[start : start + len(pixels)] = store.reduce(pixels.numpy(), self.factor).reshape(len(pixels), -1)
            for picture in pixels.permute(0, 2, 3, 1).numpy():  # colours side by side deflate better
                self.deflated.write(zlib.compress(picture.tobytes(), LEVEL))
                ends.append(self.deflated.tell())
        self.ends = np.array(ends)
        self.nbytes = self.small.nbytes + self.ends.nbytes + self.deflated.tell()

    def nearest(self, query: Tensor, k: int) -> Neighbours:
        """The k nearest to one float32 (C, H, W) in 0 to 255."""
        # The small copies are rounded: each mean is at most 0.5 off, so the bound gives way by that much.
        slack = 0.5 * self.small.shape[1] ** 0.5
        bound = self.factor * np.maximum(self._small_distances(self._means(query[None])[0].numpy()) - slack, 0)
        order = np.argsort(bound, kind="stable")
        flat = query.permute(1, 2, 0).numpy().reshape(-1)
        best: list[tuple[float, int]] = []
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            if len(best) == k and bound[some[0]] > best[-1][0]:
                break
            apart = np.linalg.norm(self._pictures(some).astype(np.float32) - flat, axis=1)
            best = sorted([*best, *zip(apart.tolist(), some.tolist(), strict=True)])[:k]
        indices = np.array([i for _, i in best], np.int64)
        channels, side, _ = self.shape
        return Neighbours(
            indices=torch.from_numpy(indices),
            pixels=torch.from_numpy(self._pictures(indices))
            .view(-1, side, side, channels)
            .permute(0, 3, 1, 2)
            .contiguous(),
            distances=torch.tensor([d for d, _ in best], dtype=torch.float32) / (255 * len(flat) ** 0.5),
        )

    def _means(self, pixels: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(pixels, self.factor).flatten(1)

    def _small_distances(self, query: np.ndarray) -> np.ndarray:
        parts = [
            np.linalg.norm(self.small[start : start + 2048].astype(np.float32) - query, axis=1)
            for start in range(0, len(self.small), 2048)
        ]
        return np.concatenate(parts)

    def _pictures(self, indices: np.ndarray) -> np.ndarray:
        """uint8 (len(indices), H*W*C)."""
        starts = np.where(indices > 0, self.ends[indices - 1], 0)
        pieces = [zlib.decompress(self.deflated[a:b]) for a, b in zip(starts, self.ends[indices], strict=True)]
        return np.frombuffer(bytearray(b"".join(pieces)), np.uint8).reshape(len(indices), -1)


_making = threading.Lock()  # one index at a time: each takes some 20 MB more while it is made


def nearest(name: str, images: Tensor, k: int, split: str) -> list[Neighbours]:
    """See genlib.data.nearest."""
    entry, file, _ = store.find(name, split, None)
    fits = images.ndim == 4 and images.shape[1] == entry.channels and images.shape[2] == images.shape[3]
    if not fits or images.shape[3] not in entry.sizes:
        wanted = f"(B, {entry.channels}, H, H) with H in {entry.sizes}"
        raise ValueError(f"{name} wants images of {wanted}, not {tuple(images.shape)}")
    if not 1 <= k <= file.count:
        raise ValueError(f"k must be from 1 to {file.count}, not {k}")
    queries = images.detach().cpu().float()
    if images.is_floating_point():
        queries = queries * 255
    if not torch.isfinite(queries).all():
        raise ValueError("the images hold values that are not finite")
    size = images.shape[3]

    def make() -> Index:
        with _making:
            return Index(name, split, size)

    index = budget.MADE.get(("neighbours", name, split, size), make)
    return [index.nearest(query.contiguous(), k) for query in queries]
