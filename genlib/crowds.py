"""Many pictures to hold against each other: what a model learned from, what it never saw, and what is none of its kind.

A crowd has a key, in code and addresses: "train", "test", the name of another data set of the same shape, or one of

    faded   test pictures at a twentieth of their brightness: nearly black
    noise   random pixels

Imports neither torch nor streamlit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlib import data
from genlib.errors import GenlibError
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from torch import Tensor

FADED = 0.05
MADE = ("faded", "noise")


def strangers(learned: str, space: Pictures) -> tuple[str, ...]:
    """The crowds that a model of the data set `learned` did not learn from; other data sets first. DataError."""
    there = [name for name in data.names() if name not in data.parts(learned)]
    return (*(name for name in there if _fits(name, space)), *MADE)


def title(key: str) -> str:
    """For people, in the plural: "clothes and shoes"."""
    known = {
        "train": "training pictures",
        "test": "test pictures",
        "faded": "faded test pictures",
        "noise": "random pixels",
    }
    if key in known:
        return known[key]
    name = data.info(key).title.partition(" (")[0].partition(" with ")[0]
    return name[:1].lower() + name[1:]


def pictures(key: str, learned: str, space: Pictures, count: int) -> Tensor:
    """`count` pictures uint8 (N, C, H, W) of a crowd, evenly from a split; fewer where there are fewer.

    DataError: there is no such data. GenlibError: it has another shape than the model's pictures.
    """
    import torch

    if key == "noise":
        rng = torch.Generator().manual_seed(0)
        return torch.randint(256, (count, *space.shape), generator=rng, dtype=torch.uint8)
    if key == "faded":
        return (pictures("test", learned, space, count).float() * FADED).round().byte()
    own = key in ("train", "test")
    found = _split(learned if own else key, "train" if key == "train" else "test", space, count)
    if found.shape[1:] != space.shape:  # a stranger's model may claim any data set
        raise GenlibError(f"The model's pictures have another shape than those that it learned from ({learned}).")
    return found[:: max(1, len(found) // count)][:count]


def _split(name: str, split: data.Split, space: Pictures, count: int) -> Tensor:
    """Of a training split its beginning only: it is in no order, and long."""
    import torch

    size = space.side if space.side in data.info(name).sizes else None
    if split != "train" or len(data.parts(name)) > 1:
        return data.load_pictures(name, split, size=size).pixels
    blocks = []
    for start, block in data.stream(name, split, size=size):
        blocks.append(block)
        if start + len(block) >= count:
            break
    return torch.cat(blocks)


def _fits(name: str, space: Pictures) -> bool:
    about = data.info(name)
    return isinstance(about.space, Pictures) and about.space.channels == space.channels and space.side in about.sizes
