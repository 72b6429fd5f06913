"""How well pictures are translated: beside the truth where it is known, beside the other world where it is not.

Where each input has a true answer (a drawing and its colours), translations are compared with it, picture by picture:
by their pixels, by structure (SSIM: Wang, Bovik, Sheikh, Simoncelli 2004, https://doi.org/10.1109/TIP.2003.819861) and,
as sets, by their features (FID, see quality.py). Beside them stand answers that take no model at all.

Where there are only two worlds, a translation must pass for a picture of the other one, the way back must end where it
began, and what does not tell the worlds apart must stay. Faces can be drawn again with one thing changed: that is the
true counterpart, made for measuring only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genlib import data
from genlib.contract import GenlibError, Recipe, Seeds, TakesHints, Translates
from genlib.data import Images, Split
from genlib.metrics.features import as_float, extract, extractor, spread
from genlib.metrics.quality import frechet_distance
from genlib.models.classifier import Classifier

# Labels whose first class is the picture itself and whose others are variants of it. The drawing of an emoji is the
# same in six skin tones: it has no one right answer, so only the plain emoji is measured.
VARIANTS = ("skin_tone",)
HINTS = (3, 10)  # places a picture
DRAWN = 400  # true counterparts a direction, at most
BATCH, BLOCK = 32, 500  # pictures translated, and training pictures decoded, at once
MOST_PSNR = 10 * math.log10(12 * 255**2)  # 58.9 dB, where the error is that of rounding to 8 bits


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


@dataclass(frozen=True)
class Counterparts:
    """Translations beside the same pictures drawn with the other class. Means over `pictures` of them.

    error, unchanged   mean absolute difference from the counterpart: of translations, of the pictures as they were
    elsewhere          mean absolute change of the pixels that picture and counterpart have in common
    kept               attribute -> share of counterparts of which the classifier names it as of the picture
    """

    pictures: int
    error: float
    unchanged: float
    elsewhere: float
    kept: dict[str, float]


@dataclass(frozen=True)
class Unpaired:
    """From one world to another, where no truth is known.

    attribute            the label that tells the worlds apart
    change               mean absolute difference of translations from their inputs
    round_trip           of inputs that went there and back from their inputs
    named, named_real    share that the classifier holds for the target's classes: of translations, of real targets
    fid                  against the test pictures of the target: of translations; of the inputs (`fid_unchanged`); of
                         as many other real pictures of the target (`fid_floor`, which are `floor_from`)
    kept                 each other attribute -> share of translations of which the classifier names it as of the input
    counterparts         None: this data set cannot be drawn again
    """

    target: str
    pictures: int
    target_pictures: int
    attribute: str
    change: float
    round_trip: float
    named: float
    named_real: float
    fid: float
    fid_unchanged: float
    fid_floor: float
    floor_from: str
    kept: dict[str, float]
    counterparts: Counterparts | None
    extractor: str
    extractor_side: int


@dataclass(frozen=True)
class Judge:
    """The classifier of a data set, and the side of the pictures that it reads."""

    name: str
    side: int
    classifier: Classifier

    def features(self, images: Tensor) -> Tensor:
        """(N, D) of images (N, C, H, W), uint8 or float; H is its side or a multiple of it."""
        if (times := images.shape[-1] // self.side) > 1:
            images = torch.cat([F.avg_pool2d(as_float(part), times) for part in images.split(BLOCK)])
        return extract(images, self.classifier)

    @torch.inference_mode()
    def names(self, features: Tensor) -> dict[str, Tensor]:
        """Attribute -> class (N,) that it names."""
        return {attribute: logits.argmax(1) for attribute, logits in self.classifier.logits(features).items()}


@dataclass(frozen=True)
class _Task:
    """Pictures of one part of the data, from one domain to the other."""

    part: str
    size: int | None
    test: Images
    source: str
    target: str
    judge: Judge
    worlds: tuple[str, dict[str, list[int]]] | None  # see worlds(); None: the truths are known
    drawn: tuple[Tensor, Tensor] | None  # indices into `test`, and the counterparts of those pictures


def translation(
    model: Translates, recipe: Recipe, progress: Callable[[str], object] = print
) -> dict[str, dict[str, dict[str, Any]]]:
    """Part of the data set -> source domain -> Paired or Unpaired, as dicts, on the test split.

    Raises GenlibError: data or its classifier missing, domains that are no classes of a label, nothing to draw faces
    with.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    # All tasks first: they find what is missing, and draw, before anything that takes long.
    for task in list(_tasks(model, recipe, progress)):
        progress(f"Translating the test pictures of {task.part} from {task.source}")
        measure = unpaired if task.worlds else paired
        found.setdefault(task.part, {})[task.source] = asdict(measure(model, task))
    return found


def held_out(part: str, size: int | None, split: Split = "test") -> Images:
    """The pictures of a split that have one right answer: without variants of others."""
    whole = data.load(part, split, size=size)
    plain = torch.ones(len(whole), dtype=torch.bool)
    for attribute in VARIANTS:
        if attribute in whole.labels:
            plain &= whole.labels[attribute] == 0
    return whole.take(plain.nonzero()[:, 0])


def _tasks(model: Translates, recipe: Recipe, progress: Callable[[str], object]) -> Iterator[_Task]:
    for part in data.parts(recipe.data):
        test = held_out(part, recipe.size)
        for source in model.sources():
            (target,) = (domain for domain in model.domains() if domain.name != source)
            inputs, truths = model.examples(test, source)
            if len(inputs) < 2:
                raise GenlibError(f"There are no test pictures of {source} in {part}: choose another data set.")
            found = drawn = None
            if truths is None:
                attribute, classes = found = worlds(model, test)
                if len(classes[target.name]) == 1:
                    rows = spread(_of(test.labels[attribute], classes[source]).nonzero()[:, 0], DRAWN)
                    change = {attribute: test.info.labels[attribute][classes[target.name][0]]}
                    drawn = redrawn(part, rows, change, progress)
            judge = judge_of(part, (target.channels, *inputs.shape[2:]))
            yield _Task(part, recipe.size, test, source, target.name, judge, found, drawn)


# --- With truths -----------------------------------------------------------------------------------------------------


def paired(model: Translates, task: _Task) -> Paired:
    """Answers beside truths: of the model in every way that it can be asked, and what takes no model."""
    source, judge = task.source, task.judge
    inputs, known = model.examples(task.test, source)
    assert known is not None
    truths = _bytes(known)
    real = judge.features(truths)

    def beside(made: Tensor) -> Closeness:
        return closeness(made, truths, frechet_distance(real, judge.features(made)))

    count = len(inputs)
    ours = {"typical": beside(answers(model, inputs, source))}
    diversity = None
    if model.varies():
        seeded, again = (answers(model, inputs, source, range(at, at + count)) for at in (0, count))
        diversity = _difference(seeded, again)
        ours["seeded"] = beside(seeded)
    if isinstance(model, TakesHints):
        for places in HINTS:
            rng = torch.Generator().manual_seed(0)
            hints = model.hints_from(known, inputs, [places] * count, rng)
            ours[f"hints {places}"] = beside(answers(model, inputs, source, hints=hints))

    train = data.load(task.part, "train", size=task.size)
    floors = without_model(model, source, inputs, truths, train)
    others, floor_from = _others(lambda images: model.examples(images, source)[1], task, count)
    return Paired(
        target=task.target,
        pictures=count,
        left_out=data.info(task.part).splits["test"] - len(task.test),
        ours=ours,
        floors={name: beside(made) for name, made in floors.items()},
        diversity=diversity,
        fid_floor=frechet_distance(real, judge.features(others)),
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
def without_model(model: Translates, source: str, inputs: Tensor, truths: Tensor, train: Images) -> dict[str, Tensor]:
    """The floors of Paired: answers uint8, like `truths`, to inputs (N, C, H, W), from the training pictures."""
    x = inputs.flatten(1)
    nearest, best = torch.zeros_like(truths), torch.full((len(x),), torch.inf)
    difference, seen = torch.zeros(truths.shape[1:], dtype=torch.float64), 0
    for block in _blocks(train):
        there, answer = model.examples(block, source)
        assert answer is not None
        difference += (answer - _copied(there, answer)).double().sum(0)
        seen += len(there)
        found = torch.cdist(x, there.flatten(1)).min(1)
        nearer = found.values < best
        best = torch.where(nearer, found.values, best)
        nearest[nearer] = _bytes(answer[found.indices[nearer]])
    copied = _copied(inputs, truths)
    moved = (copied + (difference / seen).float()).clamp(0, 1)
    return {"input": _bytes(copied), "mean colour": _bytes(moved), "nearest": nearest}


# --- Without truths --------------------------------------------------------------------------------------------------


def unpaired(model: Translates, task: _Task) -> Unpaired:
    """Translations beside their inputs and beside real pictures of the other world."""
    source, target, judge, test = task.source, task.target, task.judge, task.test
    assert task.worlds
    attribute, classes = task.worlds
    inputs, targets = (_bytes(model.examples(test, name)[0]) for name in (source, target))
    made = answers(model, as_float(inputs), source)
    back = answers(model, as_float(made), target)
    of_inputs, of_targets, of_made = (judge.features(images) for images in (inputs, targets, made))

    def named(features: Tensor) -> float:
        return float(_of(judge.names(features)[attribute], classes[target]).double().mean())

    others, floor_from = _others(lambda images: model.examples(images, target)[0], task, len(inputs))
    return Unpaired(
        target=target,
        pictures=len(inputs),
        target_pictures=len(targets),
        attribute=attribute,
        change=_difference(made, inputs),
        round_trip=_difference(back, inputs),
        named=named(of_made),
        named_real=named(of_targets),
        fid=frechet_distance(of_targets, of_made),
        fid_unchanged=frechet_distance(of_targets, of_inputs),
        fid_floor=frechet_distance(of_targets, judge.features(others)),
        floor_from=floor_from,
        kept=_kept(judge, attribute, of_inputs, of_made),
        counterparts=task.drawn and counterparts(model, task, attribute, *task.drawn),
        extractor=judge.name,
        extractor_side=judge.side,
    )


def counterparts(model: Translates, task: _Task, attribute: str, rows: Tensor, truths: Tensor) -> Counterparts:
    """Of the test pictures `rows` beside their true counterparts, uint8."""
    inputs = _bytes(model.examples(task.test.take(rows), task.source)[0])
    made = answers(model, as_float(inputs), task.source)
    # A hair's edge is blended with what is behind it: all channels must be equal.
    same = (inputs == truths).all(1, keepdim=True).expand_as(inputs)
    return Counterparts(
        pictures=len(rows),
        error=_difference(made, truths),
        unchanged=_difference(inputs, truths),
        elsewhere=_difference(made[same], inputs[same]),
        kept=_kept(task.judge, attribute, task.judge.features(inputs), task.judge.features(truths)),
    )


def worlds(model: Translates, images: Images) -> tuple[str, dict[str, list[int]]]:
    """The label that tells the model's domains apart, and domain -> its classes, as its examples show them.

    GenlibError: it has domains that are not made of whole classes of one label.
    """
    for attribute, values in images.labels.items():
        classes: dict[str, list[int]] = {source: [] for source in model.sources()}
        whole = True
        for value in values.unique().tolist():
            those = images.take((values == value).nonzero()[:, 0])
            taken = {source: len(model.examples(those, source)[0]) for source in classes}
            whole &= all(count in (0, len(those)) for count in taken.values())
            for source, count in taken.items():
                if count:
                    classes[source].append(value)
        if whole:
            return attribute, classes
    raise GenlibError(
        f"{' and '.join(model.sources())} are not classes of one label of {images.info.title}: they cannot be measured."
    )


def redrawn(
    part: str, rows: Tensor, change: dict[str, str], progress: Callable[[str], object]
) -> tuple[Tensor, Tensor] | None:
    """`rows`, and those test pictures drawn again with another class, uint8; None: that data set has no such program.

    DataError: the drawing program cannot run.
    """
    if part != "faces":
        return None
    from genlib.data import builder, faces

    def say(text: str) -> None:
        progress(text)

    seeds = faces.seeds("test")
    drawn = builder.draw_faces([seeds[i] for i in rows.tolist()], change, progress=say)
    return rows, torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous()


def _kept(judge: Judge, attribute: str, before: Tensor, after: Tensor) -> dict[str, float]:
    """Attribute, but for the one that tells the worlds apart -> share named alike, from features (N, D)."""
    first, then = judge.names(before), judge.names(after)
    return {name: float((first[name] == then[name]).double().mean()) for name in first if name != attribute}


# --- Both ------------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def answers(
    model: Translates, inputs: Tensor, source: str, seeds: Seeds | None = None, hints: Tensor | None = None
) -> Tensor:
    """Translations uint8 (N, C, H, W), at default controls, of inputs (N, C', H, W) in [0, 1]."""
    made = []
    for at in range(0, len(inputs), BATCH):
        here = slice(at, at + BATCH)
        some, asked = inputs[here], None if seeds is None else seeds[here]
        if hints is None:
            made.append(_bytes(model.translate(some, source, asked)))
        else:
            assert isinstance(model, TakesHints)
            made.append(_bytes(model.translate_hinted(some, source, hints[here], asked)))
    return torch.cat(made)


def judge_of(part: str, shape: tuple[int, int, int]) -> Judge:
    """The classifier for pictures (C, H, W), or for such of half their side. GenlibError: there is neither."""
    channels, height, width = shape
    try:
        found = extractor(part, shape)
    except GenlibError as error:
        try:
            found = extractor(part, (channels, height // 2, width // 2))
        except GenlibError:
            raise error from None
    classifier = found.load()
    assert isinstance(classifier, Classifier)
    return Judge(found.name, found.model_config.image_size, classifier)


def _others(pick: Callable[[Images], Tensor | None], task: _Task, count: int) -> tuple[Tensor, str]:
    """`count` real pictures, uint8, that are no test pictures, and what they are: first validation, then the start of
    train."""
    taken, said = [], []
    for split in ("validation", "train"):
        if count:
            found = [pick(block) for block in _blocks(held_out(task.part, task.size, split))]
            some = torch.cat([_bytes(pictures) for pictures in found if pictures is not None])[:count]
            taken.append(some)
            said.append(f"{len(some):,} {split}")
            count -= len(some)
    return torch.cat(taken), " and ".join(said)


def _blocks(images: Images) -> Iterator[Images]:
    """Some at a time: as floats all would take gigabytes."""
    return (images.take(slice(at, at + BLOCK)) for at in range(0, len(images), BLOCK))


def _of(labels: Tensor, classes: Sequence[int]) -> Tensor:
    """Which labels are of these classes: bool (N,)."""
    return torch.isin(labels, torch.tensor(classes))


def _copied(inputs: Tensor, truths: Tensor) -> Tensor:
    """Inputs with as many channels as the truths: grey in all of them, or their mean in one."""
    if inputs.shape[1] == truths.shape[1]:
        return inputs
    return inputs.mean(1, keepdim=True).expand(-1, truths.shape[1], -1, -1)


def _bytes(images: Tensor) -> Tensor:
    """8 bits, on the CPU: what a file keeps, like the real pictures beside them."""
    return images.mul(255).round().to(torch.uint8).cpu()


def _difference(a: Tensor, b: Tensor) -> float:
    """Mean absolute difference in [0, 1] of uint8 pictures of one shape."""
    return float((a.short() - b.short()).abs().double().mean()) / 255
