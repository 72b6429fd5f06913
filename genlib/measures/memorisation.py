"""Whether samples are copies: how near they come to training pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlib import data
from genlib.checkpoint import Checkpoint
from genlib.contract import Samples
from genlib.measures.base import Measure, Part, number_in
from genlib.measures.markdown import number
from genlib.measures.pixels import RMS, as_float, evenly
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

COMPARED = 1000  # samples whose nearest training picture is looked for
SAME = 0.5 / 255  # what rounding to 8 bits may do to a copy
NEAR = 0.5  # of the distance that test pictures have: samples below it may be copies


@dataclass(frozen=True)
class Result:
    """Distance to the nearest training picture: root mean square difference of pixels in [0, 1], mean over pictures.

    distance  of samples
    floor     of test pictures, which cannot be copies: samples far below it may be
    closest   the smallest among the samples
    count     samples, and as many test pictures
    """

    distance: float
    floor: float
    closest: float
    count: int


class Memory(Measure[Result]):
    name = "memory"
    place = 40

    def applies(self, checkpoint: Checkpoint) -> bool:
        # Points are drawn anew for every training step: there is nothing that could be copied.
        return issubclass(checkpoint.model_class, Samples) and isinstance(checkpoint.config.space, Pictures)

    def measure(self, subject: Subject) -> Result:
        made = subject.made[:COMPARED]
        subject.progress("Looking for the nearest training pictures")
        return memory(subject.data, made, evenly(subject.real, COMPARED))

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        what = "Distance to the nearest training picture, RMS of pixels in [0, 1], mean of "
        row = (f"{what}{found.count:,} samples", number(found.distance), f"{number(found.floor)} for test pictures")
        accused = "Its samples lie much nearer to training pictures than test pictures do: it may be copying them."
        return Part(rows=(row,), terms=(RMS,), limits=(accused,) if found.distance < NEAR * found.floor else ())


def floor(checkpoint: Checkpoint) -> float | None:
    """How far test pictures are from the nearest training picture, on average; None: not measured."""
    return number_in(checkpoint, Memory.name, "floor")


def verdict(distance: float, floor: float | None) -> str:
    """Whether a picture at this distance from the nearest training picture is memorised, and by which number.

    floor: of test pictures, see Result; None: not measured.
    """
    if distance < SAME:
        return f"**Yes: it is a copy.** Its nearest training picture is the same, at {distance:.3f}."
    if floor is None:
        return (
            f"**It is no exact copy**: its nearest training picture is {distance:.3f} away. Whether that is near was "
            "not measured for this model."
        )
    share = distance / floor
    measured = f"its nearest training picture is {distance:.3f} away; of test pictures, never seen, it is {floor:.3f}"
    if share < NEAR:
        return f"**Perhaps**: {measured} on average. Below half of that it may be a copy: compare the two."
    return f"**No sign of it**: {measured} on average."


def memory(data_name: str, made: Tensor, real: Tensor) -> Result:
    """Of made and real images (N, C, H, W), uint8 or float in [0, 1]; as many of each are used as there are of both."""
    count = min(len(made), len(real))
    train = data.load_pictures(data_name, "train", size=made.shape[-1]).pixels
    of_made, of_real = nearest_distances(made[:count], train), nearest_distances(real[:count], train)
    return Result(float(of_made.mean()), float(of_real.mean()), float(of_made.min()), count)


@torch.inference_mode()
def nearest_distances(images: Tensor, train: Tensor, block: int = 2000) -> Tensor:
    """Distance (N,), float64, of each of images (N, C, H, W) to the nearest of train (M, C, H, W).

    All at once by matrix products: a thousand queries take seconds, where `genlib.data.nearest`, made for a page that
    asks for one and must stay small, takes minutes.
    """
    x = as_float(images).flatten(1)
    best = torch.full((len(x),), torch.inf)
    which = torch.zeros(len(x), dtype=torch.long)
    for start in range(0, len(train), block):
        y = as_float(train[start : start + block]).flatten(1)
        # |x - y|^2 but for |x|^2, which is the same for all y
        found = torch.addmm(y.square().sum(1), x, y.T, alpha=-2).min(1)
        nearer = found.values < best
        best, which = torch.where(nearer, found.values, best), torch.where(nearer, start + found.indices, which)
    difference = x.double() - as_float(train[which]).flatten(1).double()  # exact, where the product above cancels
    return difference.square().mean(1).sqrt()
