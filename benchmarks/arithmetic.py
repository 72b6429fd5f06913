"""Does an arithmetic of codes do what it says, and only that? python -m benchmarks.arithmetic [checkpoint ...]

For every checkpoint of the faces that decodes and has an encoder or a prior: 200 faces without glasses get square ones,
200 with black hair get blond hair, and the faces' classifier reads them before and after. "appears" is the share in
which it then reads what was added (any glasses; blond), the other columns the share in which it reads another value
than before.

Directions are found on 4,000 training pictures (or draws, see genlib/latents/labelled.py). How, and how long a step,
is chosen on 100 validation faces: the fewest changes, on average over the other attributes, where 80 % or more appear.
The table is of test faces; of a GAN, of other draws. Two yardsticks: a step as long in a random direction, and how
often the classifier misreads the model's reconstructions of real faces that have what was added, and in which nothing
was changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from genlib import data, sources
from genlib.contract import Decodes, Encodes, HasPrior
from genlib.errors import GenlibError
from genlib.latents.directions import Direction, Directions, Method, apart
from genlib.latents.labelled import labelled
from genlib.measures import judge
from genlib.measures.judge import Judge
from genlib.spaces import Pictures

DATA, FACES, BATCH = "faces", 200, 100
EDITS = (("glasses", "none", "square"), ("hair_colour", "black", "blond"))
SCALES, SCALED = (0.85, 1.0, 1.2), ("mean", "mean, here")
ENOUGH = 0.8
Read = dict[str, Tensor]


def read(model: Any, z: Tensor, by: Judge) -> Read:
    return by.names(torch.cat([by.features(model.decode(part)) for part in z.split(BATCH)]))


def starting(model: Any, by: Judge, attribute: str, value: int, split: data.Split, most: int) -> tuple[Tensor, Read]:
    """Codes of up to `most` faces of which the classifier reads `value`, before anything was changed; what it reads."""
    if isinstance(model, Encodes):
        faces = data.load_pictures(DATA, split)
        z = model.encode(faces.x((faces.labels[attribute] == value).nonzero()[: most + 20, 0]))
    else:
        first = {"validation": 100_000, "test": 200_000}[split]
        z = model.prior(range(first, first + 6 * most))
    before = read(model, z, by)
    rows = (before[attribute] == value).nonzero()[:most, 0]
    return z[rows], {name: values[rows] for name, values in before.items()}


def steps(found: Directions, z: Tensor, edit: tuple[str, str, str]) -> Iterator[tuple[str, Tensor]]:
    """The ways to take one step, (B, Z) or (Z,) each, by name."""
    attribute, start, value = edit
    methods: dict[str, Method] = {"mean": "mean", "logistic": "logistic"}
    ways: dict[str, Direction] = {name: found.between(attribute, value, start, how) for name, how in methods.items()}
    others = [
        max((found.between(name, other, first) for other in rest), key=lambda d: d.step)
        for name, (first, *rest) in found.offered().items()
        if name != attribute and rest
    ]
    ways["mean, apart"] = apart(ways["mean"], others)
    for name, way in ways.items():
        yield name, way.moved(torch.zeros_like(z[:1]))[0]
    yield "mean, here", found.step_at(z, ways["mean"])


def changed(before: Read, after: Read, edit: tuple[str, str, str], names: dict[str, tuple[str, ...]]) -> list[float]:
    """Share in which it appears, then of each other attribute the share that changed."""
    attribute, start, value = edit
    to, since = names[attribute].index(value), names[attribute].index(start)
    now = after[attribute]
    appears = (now != since) if start == "none" else (now == to)
    others = [(after[name] != before[name]) for name in names if name != attribute]
    return [float(share.float().mean()) for share in (appears, *others)]


def row(name: str, others: list[str], shares: list[float]) -> None:
    widths = [len(column) for column in ("appears", *others)]
    cells = " ".join(f"{share:>{width}.0%}" for share, width in zip(shares, widths, strict=True))
    print(f"    {name:24} {cells}", flush=True)


@torch.inference_mode()
def table(model: Any, found: Directions, edit: tuple[str, str, str], by: Judge) -> None:
    attribute, start, value = edit
    names = dict(data.info(DATA).labels)
    others = [name for name in names if name != attribute]
    index = names[attribute].index(start)

    z, before = starting(model, by, attribute, index, "validation", FACES // 2)
    tried = []
    for way, step in steps(found, z, edit):
        for scale in SCALES if way in SCALED else (1.0,):
            shares = changed(before, read(model, z + scale * step, by), edit, names)
            tried.append(((min(shares[0], ENOUGH), -sum(shares[1:])), way, scale))
    _, best, at = max(tried)

    z, before = starting(model, by, attribute, index, "test", FACES)
    accuracy = found.between(attribute, value, start).accuracy
    print(f"  {attribute}: {start} -> {value}, {len(z)} faces; held-out accuracy of the projection {accuracy:.0%}")
    print(f"    {'':24} appears " + " ".join(others))
    length = 0.0
    for way, step in steps(found, z, edit):
        length = float(step.norm(dim=-1).mean())
        shares = changed(before, read(model, z + step, by), edit, names)
        row(f"{way} x 1", others, shares)
        if way == best:
            chosen = shares if at == 1 else changed(before, read(model, z + at * step, by), edit, names)
    row(f"CHOSEN {best} x {at:g}", others, chosen)
    spread = found.labelled.z.std(0)
    away = spread * torch.randn(len(spread), generator=torch.Generator().manual_seed(0))
    row("random, as long", others, changed(before, read(model, z + length * away / away.norm(), by), edit, names))
    if isinstance(model, Encodes):
        faces = data.load_pictures(DATA, "test")
        rows = (faces.labels[attribute] == names[attribute].index(value)).nonzero()[:FACES, 0]
        again = read(model, model.encode(faces.x(rows)), by)
        wrong = [float((again[name] != faces.labels[name][rows]).float().mean()) for name in (attribute, *others)]
        row("misread without a change", others, [1 - wrong[0], *wrong[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(1)

    there = sources.checkpoints()
    for name in args.checkpoints or there:
        checkpoint = there[name]
        cls = checkpoint.model_class
        if checkpoint.spec.recipe.data != DATA or not issubclass(cls, Decodes):
            continue
        if not issubclass(cls, Encodes | HasPrior) or not isinstance(checkpoint.config.space, Pictures):
            continue
        model = checkpoint.load()
        by = judge.load(judge.classifier_of(DATA, checkpoint.config.space))
        found = Directions(labelled(model, DATA))
        print(f"{name}: labels of {found.labelled.by}")
        for edit in EDITS:
            try:
                table(model, found, edit, by)
            except GenlibError as error:
                print(f"  {edit}: {error}")


if __name__ == "__main__":
    main()
