"""Translations whose truth is known, as of a drawing its colours: compared with it, picture by picture.

By their pixels, by structure (SSIM: Wang, Bovik, Sheikh, Simoncelli 2004, https://doi.org/10.1109/TIP.2003.819861) and,
as sets, by their features (FID, see quality.py). Beside them stand answers that take no model at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from genlib import data
from genlib.contract import Domain, TakesHints, Translates
from genlib.data import PictureSet
from genlib.measures.markdown import bullets, number, table
from genlib.measures.pixels import as_bytes, as_float
from genlib.measures.quality import frechet_distance
from genlib.measures.translation.shared import Task, answers, blocks, difference, others

HINTS = (3, 10)  # places a picture
MOST_PSNR = 10 * math.log10(12 * 255**2)  # 58.9 dB, where the error is that of rounding to 8 bits

# field of Closeness -> (name for people, which way is better, what it says), in the order of the card's table
FIGURES: dict[str, tuple[str, str, str]] = {
    "error": ("Error", "lower", "mean absolute difference from the truth, pixels in [0, 1]; 0 where they are equal"),
    "psnr": ("PSNR", "higher", "peak signal-to-noise ratio in decibels: 10 more is a tenth of the squared error"),
    "ssim": ("SSIM", "higher", "structural similarity, which compares small windows; 1 where they are equal"),
    "fid": ("FID", "lower", "how far apart answers and truths are as two sets, by mean and spread of their features"),
}
ASKED = {
    "typical": "ours, without a seed",
    "seeded": "ours, another seed for each picture",
    "hints 3": "ours, hints at 3 places",
    "hints 10": "ours, hints at 10 places",
}
FLOORS = {
    "input": "the input as it is",
    "mean colour": "the input in the training pictures' mean colours",
    "nearest": "the truth of the nearest training input",
}


@dataclass(frozen=True)
class Closeness:
    """Answers beside the truths. Pixels are in [0, 1]; means over pictures.

    error   mean absolute difference, over all pixels and channels
    psnr    peak signal-to-noise ratio 10 log10(1 / mean squared difference), dB; at most 58.9, so that it is finite
    ssim    structural similarity in windows of 7 x 7 pixels; 1 is equal
    fid     Frechet distance between the features of the answers and those of the truths
    """

    error: float
    psnr: float
    ssim: float
    fid: float


@dataclass(frozen=True)
class Paired:
    """From a domain where the truths are known.

    target          key of the domain that they are brought to
    ours            "typical" (no seed), "seeded" (seed i for picture i), "hints 3" and "hints 10" (no seed; hints at so
                    many random places) -> Closeness; what the model cannot do is not there
    floors          what takes no model: "input" (left as it is), "mean colour" (plus the mean difference of training
                    truths from their inputs, at each pixel), "nearest" (the truth of the training input nearest to it)
    diversity       mean absolute difference between two seeds' answers; None: the model has one answer
    left_out        variants of pictures, which are not measured
    fid_floor       FID of as many other truths (`floor_from`) against the truths
    extractor       checkpoint whose features these are, at `extractor_side` pixels (area means of larger pictures)
    """

    target: str
    pictures: int
    left_out: int
    ours: dict[str, Closeness]
    floors: dict[str, Closeness]
    diversity: float | None
    fid_floor: float
    floor_from: str
    extractor: str
    extractor_side: int


def measure(task: Task) -> Paired:
    """Answers beside truths: of the model in every way that it can be asked, and what takes no model."""
    model: Any = task.model
    source, judge = task.source, task.judge
    inputs, known = model.examples(task.test, source)
    truths = as_bytes(known)
    real = judge.features(truths)

    def beside(made: Tensor) -> Closeness:
        return closeness(made, truths, frechet_distance(real, judge.features(made)))

    count = len(inputs)
    ours = {"typical": beside(answers(model, inputs, source))}
    diversity = None
    if model.worlds(model.config).varies:
        seeded, again = (answers(model, inputs, source, range(at, at + count)) for at in (0, count))
        diversity = difference(seeded, again)
        ours["seeded"] = beside(seeded)
    if isinstance(task.model, TakesHints):
        for places in HINTS:
            rng = torch.Generator().manual_seed(0)
            hints = model.hints_from(known, inputs, [places] * count, rng)
            ours[f"hints {places}"] = beside(answers(model, inputs, source, hints=hints))

    train = data.load_pictures(task.part, "train", size=task.size)
    floors = without_model(model, source, inputs, truths, train)
    other, floor_from = others(lambda pictures: model.examples(pictures, source)[1], task, count)
    return Paired(
        target=task.target.key,
        pictures=count,
        left_out=data.info(task.part).splits["test"] - len(task.test),
        ours=ours,
        floors={name: beside(made) for name, made in floors.items()},
        diversity=diversity,
        fid_floor=frechet_distance(real, judge.features(other)),
        floor_from=floor_from,
        extractor=judge.name,
        extractor_side=judge.side,
    )


def closeness(made: Tensor, truths: Tensor, fid: float) -> Closeness:
    """Of answers (N, C, H, W) beside the truths, both uint8; `fid` as it was measured."""
    from skimage.metrics import structural_similarity

    errors, psnrs, ssims = [], [], []
    for ours, truth in zip(made, truths, strict=True):
        a, b = as_float(ours).numpy(), as_float(truth).numpy()
        errors.append(abs(a - b).mean())
        squared = float(((a - b) ** 2).mean())
        psnrs.append(min(MOST_PSNR, -10 * math.log10(squared)) if squared else MOST_PSNR)
        ssims.append(structural_similarity(a, b, channel_axis=0, data_range=1.0))
    error, psnr, ssim = (fmean(map(float, values)) for values in (errors, psnrs, ssims))
    return Closeness(error, psnr, ssim, fid)


@torch.inference_mode()
def without_model(
    model: Translates, source: Domain, inputs: Tensor, truths: Tensor, train: PictureSet
) -> dict[str, Tensor]:
    """The floors of Paired: answers uint8, like `truths`, to inputs (N, C, H, W), from the training pictures."""
    x = inputs.flatten(1)
    nearest, best = torch.zeros_like(truths), torch.full((len(x),), torch.inf)
    change, seen = torch.zeros(truths.shape[1:], dtype=torch.float64), 0
    for block in blocks(train):
        there, answer = model.examples(block, source)
        assert answer is not None
        change += (answer - copied(there, answer)).double().sum(0)
        seen += len(there)
        found = torch.cdist(x, there.flatten(1)).min(1)
        nearer = found.values < best
        best = torch.where(nearer, found.values, best)
        nearest[nearer] = as_bytes(answer[found.indices[nearer]])
    same = copied(inputs, truths)
    moved = (same + (change / seen).float()).clamp(0, 1)
    return {"input": as_bytes(same), "mean colour": as_bytes(moved), "nearest": nearest}


def copied(inputs: Tensor, truths: Tensor) -> Tensor:
    """Inputs with as many channels as the truths: grey in all of them, or their mean in one."""
    if inputs.shape[1] == truths.shape[1]:
        return inputs
    return inputs.mean(1, keepdim=True).expand(-1, truths.shape[1], -1, -1)


# --- What is said of it ----------------------------------------------------------------------------------------------


def card(found: Paired) -> Iterator[str]:
    rows = [
        (words, *(number(getattr(some[key], figure)) for figure in FIGURES))
        for all_words, some in ((ASKED, found.ours), (FLOORS, found.floors))
        for key, words in all_words.items()
        if key in some
    ]
    rows.append(("other real pictures", "", "", "", number(found.fid_floor)))
    yield table(("", *(f"{name} ({better} is better)" for name, better, _ in FIGURES.values())), rows)
    yield bullets(f"{name}: {gloss}." for name, _, gloss in FIGURES.values())
    left_out = f" ({found.left_out:,} variants of them, such as skin tones, are left out)" if found.left_out else ""
    says = [
        f"Protocol: {found.pictures:,} test pictures{left_out}, default controls, answers rounded to 8 bits, means "
        "over pictures. The rows below ours take no model."
    ]
    if "hints 3" in found.ours:
        says.append("Hints: the true colour at random places, no seed.")
    if found.diversity is not None:
        says.append(f"Two seeds' answers differ by {number(found.diversity)} on average (mean absolute difference).")
    says.append(
        f"FID is **FID ({found.extractor} features)** at {found.extractor_side} pixels a side (area means of larger "
        "pictures); it cannot be compared with Inception FID, nor with one of another number of pictures. Other real "
        f"pictures: {found.floor_from} pictures in place of the answers, which is the best that a model could get."
    )
    yield " ".join(says)


def limits(found: Paired, way: str) -> Iterator[str]:
    ours = found.ours["typical"]
    better = [
        f"{FLOORS[name]} ({number(floor.error)})" for name, floor in found.floors.items() if floor.error <= ours.error
    ]
    if better:
        yield f"{way} its error ({number(ours.error)}) is no better than that of {', '.join(better)}."
    yield (
        f"{way} its FID is {ours.fid / found.fid_floor:.1f} times that of other real pictures ({number(ours.fid)} "
        f"against {number(found.fid_floor)})."
    )
    if found.diversity is None:
        yield f"{way} it has one answer for each picture: seeds change nothing."


def hub(found: Paired, way: str) -> Iterator[tuple[str, float, str]]:
    """(metric, value, name)."""
    for asked, close in found.ours.items():
        for figure, (name, _, _) in FIGURES.items():
            by = f", {found.extractor} features" if figure == "fid" else ""
            metric = "mae" if figure == "error" else figure
            yield metric, getattr(close, figure), f"{name} ({way}, {ASKED[asked]}{by})"
