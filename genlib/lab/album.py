"""What is seen of a model that learns pictures: what it makes of the same seeds, or of the same pictures, all along.

As in seen.py, everything follows from what a model can do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from genlib import catalog, data, translation
from genlib.contract import Conditions, Decodes, Encodes, Samples, Translates
from genlib.data import PictureSet
from genlib.sheets import to_uint8

if TYPE_CHECKING:
    from genlib.experiment import Task
    from genlib.models.base import Model

SMALL = 32  # px of a side, up to which there is room for more pictures
MANY, FEW = (8, 6), (6, 4)  # pictures in a row, and rows: of small ones, and of larger ones
WIDEST = 8  # pictures in a row of two batches, at most
CLASSES = 10  # of a model that is told the class: a column for each, where there are at most so many
GREY = 127
HELD = 256  # held-out pictures that a data set's variety is taken from
COPY = 0.5  # of the distance to the next one: who is nearer to a picture is its copy, and no mixture of two


@dataclass(frozen=True)
class Drawn:
    """One moment.

    pictures  uint8 (N, H, W, C), row by row
    variety   how much they differ from one another, as a share of how much pictures of the data do; nan where they
              follow from pictures that were given
    copied    the share of them that are copies of pictures that are learned from; nan where those are too many to be
              learned by heart, or none is made of nothing but seeds
    company   the share of the variance of their tints (the mean of each channel) that follows from those that they were
              made with; nan where they are made as if alone
    """

    pictures: np.ndarray
    variety: float
    copied: float = math.nan
    company: float = math.nan


class Album:
    """Looks at models that learn one set of pictures. Call it with a model and the step.

    across   pictures that stand in a row
    given    uint8 (N, H, W, C): held-out pictures of the data, or of them what the model is given to work on; of a
             visitor's own none are held out
    works    whether it makes something of each of these, rather than of seeds
    blank    uint8 (N, H, W, C): what there is before the first moment
    columns  what is asked for in each column; () where nothing is
    source   the data, where it is in memory only
    count    how many pictures are learned from
    """

    def __init__(self, task: Task, in_batches: bool = False) -> None:
        """in_batches: each row has the same seeds, in batches as large as in training and normalised as there, but with
        other ones in each row: so it is seen whether a picture depends on its company. Only of models that make
        pictures of nothing but seeds, and only where two batches fit into a row."""
        cls, recipe = catalog.model_class(task.model), task.recipe
        self.data, self._size = recipe.data, recipe.size
        self.source = task.source if isinstance(task.source, PictureSet) else None
        self.count = self.source.size if self.source else data.info(recipe.data).splits["train"]
        self.works = not issubclass(cls, Samples)
        self.across, self._down = MANY if task.config.space.shape[-1] <= SMALL else FEW
        self.columns: tuple[str, ...] = ()
        if issubclass(cls, Conditions) and len(names := cls.classes(task.config).names) <= CLASSES:
            self.columns, self.across, self._down = names, len(names), 4
        self._batch = recipe.batch_size
        self.in_batches = in_batches and not (self.works or self.columns) and 2 * self._batch <= WIDEST
        if self.in_batches:
            self.across = 2 * self._batch
        held = self.source.x(slice(HELD)) if self.source else held_out(recipe.data, recipe.size)
        self._spread = spread(held)
        self._known = small(self.source.x(slice(None))).unique(dim=0) if self.source and not self.works else None
        self._inputs = held[: self.across * self._down]
        self._prepared = not issubclass(cls, Translates)
        self.given = to_uint8(self._inputs if self.works else held[: self.across])
        self.blank = np.full((self.across * self._down, *self.given.shape[1:]), GREY, np.uint8)

    def __call__(self, model: Model[Any, Any, Any], step: int) -> Drawn:
        with torch.inference_mode():
            x = (self._in_batches(model) if self.in_batches else self._made(model)).float().cpu()
        return Drawn(
            to_uint8(x),
            math.nan if self.works else spread(x) / self._spread,
            math.nan if self._known is None else copied(x, self._known),
            company(x, self.across) if self.in_batches else math.nan,
        )

    def _in_batches(self, model: Model[Any, Any, Any]) -> Tensor:
        assert isinstance(model, Samples)
        model.train()
        rng, rows = torch.Generator().manual_seed(0), []
        for _ in range(self._down):
            order = torch.randperm(self.across, generator=rng)
            made = torch.cat([model.sample(some.tolist()) for some in order.split(self._batch)])
            rows.append(made[order.argsort()])
        return torch.cat(rows)

    def _made(self, model: Model[Any, Any, Any]) -> Tensor:
        count = self.across * self._down
        if self.columns:
            assert isinstance(model, Conditions)
            seeds = [seed for seed in range(self._down) for _ in self.columns]  # a row shares its noise
            return model.sample_classes(seeds, torch.arange(len(self.columns)).repeat(self._down))
        if isinstance(model, Samples):
            return model.sample(range(count))
        if isinstance(model, Translates):
            source = model.worlds(model.config).sources[0]
            if not self._prepared:
                held = self.source or data.load_pictures(self.data, "validation", size=self._size)
                parts = [x for x, _ in translation.examples(model, held, source)]
                self._inputs, self._prepared = torch.cat(parts)[:count], True
                self.given = to_uint8(self._inputs)
            return model.translate(self._inputs, source)
        assert isinstance(model, Encodes)
        assert isinstance(model, Decodes)
        return model.decode(model.encode(self._inputs))


def shows(model: str) -> bool:
    """Whether there is anything to see of such a model while it learns."""
    able = catalog.about(model).capabilities
    return bool(able & {"Samples", "Translates"}) or {"Encodes", "Decodes"} <= able


def held_out(name: str, size: int | None = None) -> Tensor:
    """The first held-out pictures of a set, float32 (HELD, C, H, W) in [0, 1]. DataError."""
    _, pixels = next(data.stream(name, "validation", size=size, block=HELD))
    return pixels.float() / 255


def spread(x: Tensor) -> float:
    """How much pictures (N, C, H, W) differ: root mean square distance of their pixels from those of the mean."""
    return float((x - x.mean(0)).square().mean().sqrt())


def company(x: Tensor, across: int) -> float:
    """Of pictures (N, C, H, W) in rows of `across`, of the same seeds each: the share of the variance of their mean
    colours that is within the columns."""
    tints = x.mean((2, 3)).unflatten(0, (-1, across))
    return float(tints.var(0, correction=0).mean() / tints.flatten(0, 1).var(0, correction=0).mean())


def copied(x: Tensor, known: Tensor) -> float:
    """The share of pictures (N, C, H, W) that are nearer to one of the distinct pictures `known`, float32 (M, F) as
    small() makes them, than COPY times as far as they are from the next one. nan: there is no next one.

    Yoon, Choi, Kwon, Ryu, "Diffusion Probabilistic Models Generalize when They Fail to Memorize", ICML workshop 2023:
    they ask for a third. https://openreview.net/forum?id=shciCbSk9h
    """
    if len(known) < 2:
        return math.nan
    nearest, next_ = torch.cdist(small(x), known).topk(2, largest=False).values.T
    return float((nearest < COPY * next_).float().mean())


def small(x: Tensor) -> Tensor:
    """Pictures (N, C, H, W) as rows, float32 (N, F), of at most SMALL pixels a side, about 0 and of length 1: a copy is
    one, too, where it is noisy or pale."""
    side = min(SMALL, x.shape[-1])
    rows = torch.nn.functional.adaptive_avg_pool2d(x, side).flatten(1)
    return torch.nn.functional.normalize(rows - rows.mean(1, keepdim=True))
