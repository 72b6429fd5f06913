"""Translations between two worlds where no truth is known.

A translation must pass for a picture of the other world, the way back must end where it began, and what does not tell
the worlds apart must stay. Faces can be drawn again with one thing changed: that is the true counterpart, made for
measuring only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from genlib.contract import Domain, Translates, Worlds
from genlib.data import PictureSet
from genlib.errors import GenlibError
from genlib.measures.judge import Judge
from genlib.measures.markdown import number, table, words
from genlib.measures.pixels import as_bytes, as_float, evenly
from genlib.measures.quality import frechet_distance
from genlib.measures.translation.shared import Task, among, answers, difference, others

DRAWN = 400  # true counterparts a direction, at most


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

    target               key of the domain that they are brought to
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
class Ground:
    """What a translation between worlds is measured on, beside its pictures.

    attribute   the label that tells the worlds apart
    classes     key of a domain -> its classes of that label
    drawn       indices into the test pictures, and the true counterparts of those, uint8; None: they cannot be drawn
    """

    attribute: str
    classes: dict[str, list[int]]
    drawn: tuple[Tensor, Tensor] | None


def ground(task: Task, worlds: Worlds, progress: Callable[[str], object]) -> Ground:
    """Raises GenlibError: domains that are not made of whole classes of one label, nothing to draw faces with."""
    attribute, classes = told_apart(task.model, task.test, worlds.sources)
    drawn, target = None, classes[task.target.key]
    if len(target) == 1:
        rows = evenly(among(task.test.labels[attribute], classes[task.source.key]).nonzero()[:, 0], DRAWN)
        drawn = redrawn(task.part, rows, {attribute: task.test.info.labels[attribute][target[0]]}, progress)
    return Ground(attribute, classes, drawn)


def measure(task: Task, ground: Ground) -> Unpaired:
    """Translations beside their inputs and beside real pictures of the other world."""
    model, source, target, judge = task.model, task.source, task.target, task.judge
    inputs, targets = (as_bytes(model.examples(task.test, domain)[0]) for domain in (source, target))
    made = answers(model, as_float(inputs), source)
    back = answers(model, as_float(made), target)
    of_inputs, of_targets, of_made = (judge.features(images) for images in (inputs, targets, made))

    def named(features: Tensor) -> float:
        return float(among(judge.names(features)[ground.attribute], ground.classes[target.key]).double().mean())

    other, floor_from = others(lambda pictures: model.examples(pictures, target)[0], task, len(inputs))
    return Unpaired(
        target=target.key,
        pictures=len(inputs),
        target_pictures=len(targets),
        attribute=ground.attribute,
        change=difference(made, inputs),
        round_trip=difference(back, inputs),
        named=named(of_made),
        named_real=named(of_targets),
        fid=frechet_distance(of_targets, of_made),
        fid_unchanged=frechet_distance(of_targets, of_inputs),
        fid_floor=frechet_distance(of_targets, judge.features(other)),
        floor_from=floor_from,
        kept=kept(judge, ground.attribute, of_inputs, of_made),
        counterparts=ground.drawn and counterparts(task, ground.attribute, *ground.drawn),
        extractor=judge.name,
        extractor_side=judge.side,
    )


def counterparts(task: Task, attribute: str, rows: Tensor, truths: Tensor) -> Counterparts:
    """Of the test pictures `rows` beside their true counterparts, uint8."""
    inputs = as_bytes(task.model.examples(task.test.take(rows), task.source)[0])
    made = answers(task.model, as_float(inputs), task.source)
    # A hair's edge is blended with what is behind it: all channels must be equal.
    same = (inputs == truths).all(1, keepdim=True).expand_as(inputs)
    return Counterparts(
        pictures=len(rows),
        error=difference(made, truths),
        unchanged=difference(inputs, truths),
        elsewhere=difference(made[same], inputs[same]),
        kept=kept(task.judge, attribute, task.judge.features(inputs), task.judge.features(truths)),
    )


def told_apart(
    model: Translates, pictures: PictureSet, sources: tuple[Domain, ...]
) -> tuple[str, dict[str, list[int]]]:
    """The label that tells the model's domains apart, and key of a domain -> its classes, as its examples show them.

    GenlibError: it has domains that are not made of whole classes of one label.
    """
    for attribute, values in pictures.labels.items():
        classes: dict[str, list[int]] = {source.key: [] for source in sources}
        whole = True
        for value in values.unique().tolist():
            those = pictures.take((values == value).nonzero()[:, 0])
            taken = {source.key: len(model.examples(those, source)[0]) for source in sources}
            whole &= all(count in (0, len(those)) for count in taken.values())
            for source, count in taken.items():
                if count:
                    classes[source].append(value)
        if whole:
            return attribute, classes
    raise GenlibError(
        f"{' and '.join(source.title for source in sources)} are not classes of one label of {pictures.info.title}: "
        "they cannot be measured."
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


def kept(judge: Judge, attribute: str, before: Tensor, after: Tensor) -> dict[str, float]:
    """Attribute, but for the one that tells the worlds apart -> share named alike, from features (N, D)."""
    first, then = judge.names(before), judge.names(after)
    return {name: float((first[name] == then[name]).double().mean()) for name in first if name != attribute}


# --- What is said of it ----------------------------------------------------------------------------------------------


def card(found: Unpaired, source: Domain, target: Domain) -> Iterator[str]:
    drawn = found.counterparts
    yield table(("", "ours", "to compare with"), rows(found, target))
    says = [
        f"Protocol: {found.pictures:,} test pictures of {source.title}, {found.target_pictures:,} of {target.title}; "
        "translations rounded to 8 bits. Errors and changes are mean absolute differences, pixels in [0, 1].",
        f"The classifier is {found.extractor}, which names the {words(found.attribute)}. FID is "
        f"**FID ({found.extractor} features)**: how far apart translations and real pictures are as two sets, by mean "
        "and spread of their features; it cannot be compared with Inception FID. Other real pictures: "
        f"{found.floor_from} pictures in place of the translations, which is the best that a model could get.",
    ]
    if drawn:
        says.append(
            f"A true counterpart is the same picture drawn anew with the other {words(found.attribute)}, for "
            f"{drawn.pictures:,} of the test pictures; training saw none. The pixels that should stay are those that "
            "picture and counterpart have in common."
        )
    yield " ".join(says)


def rows(found: Unpaired, target: Domain) -> Iterator[tuple[str, str, str]]:
    drawn = found.counterparts
    floor, unchanged = number(found.fid_floor), number(found.fid_unchanged)
    yield "Round-trip error, there and back", number(found.round_trip), ""
    yield "Mean absolute change by the translation", number(found.change), ""
    yield (
        f"Taken for {target.title} by the classifier",
        f"{found.named:.1%}",
        f"{found.named_real:.1%} of real {target.title}",
    )
    yield (
        "FID, lower is better",
        number(found.fid),
        f"{floor} for other real {target.title}, {unchanged} for the inputs",
    )
    if found.kept:
        beside = f"{fmean(drawn.kept.values()):.1%} of true counterparts" if drawn else ""
        yield "Other attributes named as before", f"{fmean(found.kept.values()):.1%}", beside
    if drawn:
        yield "Error from the true counterpart", number(drawn.error), f"{number(drawn.unchanged)} for the inputs"
        yield "Change of the pixels that should stay", number(drawn.elsewhere), "0 for true counterparts"


def limits(found: Unpaired, way: str, target: Domain) -> Iterator[str]:
    ratio = found.fid / found.fid_floor
    yield f"{way} its FID is {ratio:.1f} times that of other real pictures of {target.title}."
    if found.named < 0.99 * found.named_real:
        yield f"The classifier does not take {1 - found.named:.1%} of its translations for {target.title}."
    drawn = found.counterparts
    lost = {name: (drawn.kept[name] if drawn else 1) - share for name, share in found.kept.items()}
    if lost and (most := max(lost, key=lost.__getitem__)) and lost[most] > 0.01:
        share = found.kept[most]
        yield f"{way} it is worst at keeping {words(most)}: named as before in {share:.1%} of the pictures."
    if drawn and drawn.error >= drawn.unchanged:
        yield (
            f"{way} its error ({number(drawn.error)}) is no better than that of the picture as it is "
            f"({number(drawn.unchanged)})."
        )


def hub(found: Unpaired, way: str, target: Domain) -> Iterator[tuple[str, float, str]]:
    """(metric, value, name)."""
    by = f"{way}, {found.extractor}"
    yield "mae", found.round_trip, f"Round-trip error ({way} and back)"
    yield "accuracy", found.named, f"Taken for {target.title} ({by})"
    yield "fid", found.fid, f"FID ({by} features)"
    if drawn := found.counterparts:
        yield "mae", drawn.error, f"Error from the true counterpart ({way})"
