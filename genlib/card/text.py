"""A card's sections, each a few paragraphs of Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import data, measures
from genlib.card.usage import usage
from genlib.checkpoint import WEIGHTS, Checkpoint
from genlib.contract import Embeds, Names, Recipe, Samples, Translates
from genlib.data import DataInfo
from genlib.measures.base import Part, protocol_of
from genlib.measures.markdown import bullets, table, words
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from pydantic import BaseModel

    from genlib.models.base import Model


def body(
    checkpoint: Checkpoint, model: Model[Any, Any, Any], info: DataInfo, picture: str | None, ours: bool = True
) -> Iterator[str]:
    """The blocks of a card; `picture` is the Markdown that shows it. ours: it is, or will be, among checkpoints/."""
    cls, paper = checkpoint.model_class, checkpoint.model_class.paper
    parts = [measure.card(found, checkpoint) for measure, found in measures.found_in(checkpoint)]
    yield f"# {checkpoint.name}"
    yield f"**{cls.title}**, trained on {info.title}. {cls.idea}"
    yield f"Paper: {paper.authors}, [{paper.title}]({paper.url}), {paper.year}."
    if picture:
        yield picture
    yield "## Use"
    yield usage(checkpoint, ours)
    yield "## Measured"
    yield from measured(checkpoint, parts) if parts or ours else ("Not measured.",)
    yield "## Limits"
    yield bullets(limits(checkpoint, parts, info))
    yield "## Data and licence"
    yield from sources_of(info)
    yield "## Training"
    yield training(checkpoint, model)


def measured(checkpoint: Checkpoint, parts: list[Part]) -> Iterator[str]:
    """What the measures say. Single numbers of neighbours share one table."""
    if not parts:
        yield f"Not measured yet: `python -m genlib eval {checkpoint.name}` does it."
        return
    for in_table, some in groupby(parts, key=lambda part: bool(part.rows)):
        together = list(some)
        for part in together:
            yield from part.blocks
        if in_table:
            yield table(("", "value", "to compare with"), [row for part in together for row in part.rows])
            yield " ".join(dict.fromkeys(term for part in together for term in part.terms))
    version = protocol_of(checkpoint)["genlib"]
    yield f"Command: `python -m genlib eval {checkpoint.name}` (genlib {version}); it repeats the numbers."


def limits(checkpoint: Checkpoint, parts: list[Part], info: DataInfo) -> Iterator[str]:
    """What the facts say against it."""
    cls, space = checkpoint.model_class, checkpoint.config.space
    what = f"{space.side} x {space.side} pictures" if isinstance(space, Pictures) else "points"
    if issubclass(cls, Samples):
        yield f"It makes {what} like those of {info.title} and nothing else."
    elif issubclass(cls, Translates):
        yield (
            f"It knows {what} of {info.title}. What looks otherwise, a photo or a drawing in another style, is "
            "translated too, badly."
        )
    elif issubclass(cls, Names):
        yield f"It knows {what} of {info.title}; any other picture it names too, wrongly."
    else:
        yield f"It knows {what} of {info.title}; of anything else its answer means nothing."
    for part in parts:
        yield from part.limits
    if issubclass(cls, Embeds):
        yield "Its features serve to compare models of this one data set; distances in them have no unit outside it."


def sources_of(info: DataInfo) -> Iterator[str]:
    """Where the data comes from, and what that means for the weights."""
    parts = data.parts(info.name)
    for part in map(data.info, parts) if len(parts) > 1 else (info,):
        yield f"{part.title}: {part.description}"
        source = f" ([source]({part.source_url}))" if part.source_url else ""
        licence = f" Licence of the data: [{part.licence}]({part.licence_url})." if part.licence_url else ""
        yield f"Credit: {part.credit}{source}.{licence}"
    if info.kind == "points":
        yield "The points are drawn from a formula. The code, these weights and the picture are under the MIT licence."
    else:
        yield (
            "The code is under the MIT licence; these weights and pictures were made from the data and are passed on "
            "under the terms of the data."
        )


def training(checkpoint: Checkpoint, model: Model[Any, Any, Any]) -> str:
    """All settings that it was trained with, each with what it means."""
    spec, path = checkpoint.spec, checkpoint.folder / WEIGHTS
    rows = [
        ("model", f"`genlib/models/{spec.model}.py`", ""),
        ("parameters", f"{sum(p.numel() for p in model.parameters()):,}", ""),
        ("weights on disk", f"{path.stat().st_size / 1e6:.2f} MB, {precision(path)}", ""),
        ("steps trained", f"{spec.trained_steps:,}", ""),
    ]
    for schema in (spec.recipe, checkpoint.training, checkpoint.config):
        rows += settings(schema)
    return table(("", "", ""), rows)


def settings(schema: BaseModel) -> Iterator[tuple[str, str, str]]:
    """(name, value, what it means) of each field that is set."""
    for name, field in type(schema).model_fields.items():
        value = getattr(schema, name)
        # Steps are said already, with what became of them; the model's own settings have rows of their own.
        if value is None or (isinstance(schema, Recipe) and name in ("steps", "training")):
            continue
        yield words(name), setting(value), field.description or ""


def setting(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{words(key)} {part}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def precision(path: Path) -> str:
    """The type of most of the numbers in a file of weights, e.g. float16."""
    from safetensors import safe_open

    sizes: dict[str, int] = {}
    with safe_open(path, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (not a dict)
            part = file.get_tensor(key)
            name = str(part.dtype).removeprefix("torch.")
            sizes[name] = sizes.get(name, 0) + part.numel()
    return max(sizes, key=sizes.__getitem__)
