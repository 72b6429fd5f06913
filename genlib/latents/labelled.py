"""Codes of a latent space with labels: what directions are found from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlib import data
from genlib.contract import Decodes, Encodes, HasPrior, Names
from genlib.data import DataInfo, Split
from genlib.errors import GenlibError
from genlib.measures import judge
from genlib.measures.judge import classifier_of
from genlib.spaces import Pictures

MOST, BATCH = 4000, 250


@dataclass(frozen=True)
class Labelled:
    """Codes with their labels, on the CPU.

    z        float32 (N, Z)
    labels   attribute -> int64 (N,)
    names    attribute -> its class names, in the order of the labels' values
    by       whose labels they are: the data set's ("faces"), or those that a classifier read ("classifier-faces")
    """

    z: Tensor
    labels: Mapping[str, Tensor]
    names: Mapping[str, tuple[str, ...]]
    by: str

    def take(self, rows: Tensor) -> Labelled:
        """Some of them, by number int64 (M,) or as a mask bool (N,)."""
        labels = {attribute: values[rows] for attribute, values in self.labels.items()}
        return Labelled(self.z[rows], labels, self.names, self.by)

    def where(self, **values: str) -> Tensor:
        """The numbers int64 (M,) of the codes that have all these values: where(glasses="round", skin="pale").

        GenlibError: no such attribute or value.
        """
        rows = torch.ones(len(self.z), dtype=torch.bool)
        for attribute, value in values.items():
            if value not in self.names.get(attribute, ()):
                raise GenlibError(f"There is no {attribute} {value} among these codes; choose another value.")
            rows &= self.labels[attribute] == self.names[attribute].index(value)
        return rows.nonzero()[:, 0]


@torch.no_grad()
def labelled(
    model: Any,
    data_name: str,
    count: int = MOST,
    split: Split = "train",
    tell: Callable[[int, int], object] | None = None,
) -> Labelled:
    """Codes of a model with labels of its data set.

    A model that Encodes: the codes of the first `count` pictures of a split, with the set's own labels. One that only
    HasPrior: as many draws from it (seeds 0, 1, ...), decoded, with what the set's shipped classifier reads. `tell` is
    told (how many are done, how many there will be) after each batch.

    Raises GenlibError: the model has neither or makes no pictures, the set has no labels or other pictures, or there
    is no classifier that names what they show; DataError: the set can't be had.
    """
    space, info = model.config.space, data.info(data_name)
    if not isinstance(model, Decodes) or not isinstance(model, Encodes | HasPrior):
        raise GenlibError("This model has no latent space to find directions in; choose one that decodes.")
    if not info.labels:
        raise GenlibError(f"The data set {data_name} has no labels to find directions by; choose a model of another.")
    fits = [info.space.model_copy(update={"side": side}) for side in info.sizes]
    if not isinstance(space, Pictures) or space not in fits:
        raise GenlibError(f"This model makes {space}, which {data_name} has no labelled pictures of; choose another.")
    if isinstance(model, Encodes):
        z, labels, by = *_encoded(model, info, space, count, split, tell), data_name
    else:
        z, labels, by = _drawn(model, data_name, space, count, tell)
    return Labelled(z, labels, {attribute: info.labels[attribute] for attribute in labels}, by)


def _encoded(
    model: Any, info: DataInfo, space: Pictures, count: int, split: Split, tell: Callable[[int, int], object] | None
) -> tuple[Tensor, dict[str, Tensor]]:
    count = min(count, info.splits[split])
    parts: list[Tensor] = []
    for start, pixels in data.stream(info.name, split, size=space.side, block=BATCH):  # a whole split is large
        parts.append(model.encode(pixels[: count - start].float() / 255).float().cpu())
        done = min(start + len(pixels), count)
        if tell:
            tell(done, count)
        if done == count:
            break
    labels = data.labels(info.name, split)
    return torch.cat(parts), {attribute: values[:count] for attribute, values in labels.items()}


def _drawn(
    model: Any, data_name: str, space: Pictures, count: int, tell: Callable[[int, int], object] | None
) -> tuple[Tensor, dict[str, Tensor], str]:
    found = classifier_of(data_name, space)
    if not issubclass(found.model_class, Names):
        raise GenlibError(f"The classifier {found.name} names nothing, so draws have no labels; choose another model.")
    reader = judge.load(found, model.device)
    codes, read = [], []
    for start in range(0, count, BATCH):
        z = model.prior(range(start, min(start + BATCH, count)))
        codes.append(z.float().cpu())
        read.append(reader.names(reader.features(model.decode(z))))
        if tell:
            tell(start + len(z), count)
    labels = {attribute: torch.cat([names[attribute] for names in read]) for attribute in read[0]}
    return torch.cat(codes), labels, found.name
