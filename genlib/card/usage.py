"""How a model is called: the code that a card shows, and that runs as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator

from genlib.checkpoint import Checkpoint
from genlib.contract import (
    Decodes,
    Embeds,
    Encodes,
    HasPrior,
    Names,
    Samples,
    Scores,
    TakesHints,
    Translates,
    Unrolls,
    Worlds,
)  # fmt: skip
from genlib.spaces import Pictures

COUNT = 64  # pictures or points in the code


def usage(checkpoint: Checkpoint, ours: bool = True) -> str:
    """Two blocks of Markdown at most: Python, and the shell where a command does it too."""
    cls, config = checkpoint.model_class, checkpoint.config
    worlds = cls.worlds(config) if issubclass(cls, Translates) else None
    hinted = issubclass(cls, TakesHints)
    lines = [
        *(["import torch", ""] if hinted else []),
        "import genlib",
        "",
        *([f"model = genlib.load({json.dumps(checkpoint.name)})  # shipped with genlib"] if ours else []),
        'model = genlib.load("user/repository")  # or of the same layout, from the Hugging Face Hub',
        *calls(checkpoint),
    ]
    shell = []
    if worlds and isinstance(config.space, Pictures):
        lines += [*translating(worlds, config.space.side), *(hinting(worlds, config.space.side) if hinted else [])]
        shell = ["", "```bash", *commands(checkpoint.name, worlds), "```"]
    return "\n".join(["```python", *lines, "```", *shell])


def calls(checkpoint: Checkpoint) -> Iterator[str]:
    cls, space = checkpoint.model_class, checkpoint.config.space
    pictures = isinstance(space, Pictures)
    x, each = ("images", "picture") if pictures else ("x", "point")
    shape = f"float32 {(COUNT, *space.shape)}{' in [0, 1]' if pictures else ''}"
    if issubclass(cls, Samples):
        yield f"{x} = model.sample(seeds=range({COUNT}))  # {shape}"
    if issubclass(cls, Unrolls):
        yield f"steps = list(model.sample_steps(seeds=range({COUNT})))  # the same, step by step"
    if issubclass(cls, HasPrior):
        yield f"z = model.prior(seeds=range({COUNT}))  # latents, drawn from their law"
    elif issubclass(cls, Encodes):
        yield f"z = model.encode({x})  # latents of {each}s: {shape}"
    if issubclass(cls, Decodes):
        yield f"{x} = model.decode(z)"
    if issubclass(cls, Encodes) and issubclass(cls, HasPrior):
        yield f"z = model.encode({x})  # latents of {each}s"
    if issubclass(cls, Scores):
        yield f"nats = model.log_prob({x}).nats  # how likely it holds each {each} to be"
    if issubclass(cls, Embeds):
        yield f"features = model.features({x})  # ({COUNT}, F) from {shape}"
    if issubclass(cls, Names):
        yield f"logits = model.logits(features)  # attribute -> ({COUNT}, classes)"


def translating(worlds: Worlds, side: int) -> Iterator[str]:
    source = worlds.sources[0]
    target = worlds.target(source)
    here, there = ("a", "b") if source == worlds.a else ("b", "a")
    taken, made = (f"(3, {domain.channels}, {side}, {side})" for domain in (source, target))
    yield "worlds = model.worlds(model.config)"
    yield f"# images: float32 {taken} in [0, 1], {source.title}; translated: {made}, {target.title}"
    yield f"translated = model.translate(images, worlds.{here}{', seeds=[0, 1, 2]' if worlds.varies else ''})"
    if target in worlds.sources:
        yield f"back = model.translate(translated, worlds.{there})"


def hinting(worlds: Worlds, side: int) -> Iterator[str]:
    patch = f"{side // 2}:{side // 2 + 4}"
    red = "torch.tensor([1.0, 0.0, 0.0, 1.0])[:, None, None]"
    yield f"hints = torch.zeros(3, 4, {side}, {side})  # colour, and a mask of where it is given"
    yield f"hints[:, :, {patch}, {patch}] = {red}  # red in the middle"
    here = "a" if worlds.sources[0] == worlds.a else "b"
    yield f"translated = model.translate_hinted(images, worlds.{here}, hints)"


def commands(name: str, worlds: Worlds) -> Iterator[str]:
    """The command line, once for each domain that it can start from."""
    command = f"python -m genlib translate {name} in.png out.png{' --seed 3' if worlds.varies else ''}"
    for source in worlds.sources:
        yield command if len(worlds.sources) == 1 else f"{command} --source {source.key}"
