"""Directions of a latent space that mean something, found by labels.

    Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks", ICLR 2016, section 6.3.2: arithmetic on the means of a few z. https://arxiv.org/abs/1511.06434
    Larsen, Sønderby, Larochelle, Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016,
        section 4.2.1: the mean code with an attribute minus the mean without. https://arxiv.org/abs/1512.09300
    Shen, Gu, Tang, Zhou, "Interpreting the Latent Space of GANs for Semantic Face Editing", CVPR 2020: the normal of a
        linear classifier, made orthogonal to others. https://arxiv.org/abs/1907.10786

Labels may hang together, in few pictures by chance and in a GAN's by its habits; the mean with glasses minus the mean
without then carries other things along. So all attributes are laid over the codes at once, as one least squares fit

    z = m + sum_a  E_a[label_a(z)] + rest

and E_a[value] - E_a[start] is what a changed value alone does: what the others explain is taken off (Frisch and Waugh,
1933). In the faces, all attributes were chosen independently of one another.

The fit is one for the whole space; where an attribute acts otherwise on long hair than on short, the mean rest of the
nearest codes says so (`step_at`): with it 99 of 100 faces of vae-faces turn blond, without it 49 (200 test faces,
python -m benchmarks.arithmetic). Directions made orthogonal to others (`apart`) turn 47 of 100 blond, and normals of
classifiers none: what tells two classes apart need not make one out of the other. Where these two add glasses they
change the eyes of half of the faces, the fit those of one in seven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from genlib.errors import GenlibError
from genlib.latents.labelled import Labelled

Method = Literal["mean", "logistic"]

FEWEST = 10  # codes of a class, below which its mean says little
HELD_OUT = 5  # every fifth code is kept for measuring
RIDGE = 1e-6  # classes' shares sum to one, so the fit alone leaves a constant of each attribute open
NEAREST = 50


@dataclass(frozen=True)
class Direction:
    """From one value of an attribute to another.

    attribute, start, value   by name; `start` "" means: from all other values
    vector                    (Z,), of length 1
    step                      how far along it the typical code goes from one class's mean to the other's
    accuracy                  held-out: how often the side of the middle on which a code lies, projected onto the
                              vector, tells the two classes apart; mean of the two, 0.5 by chance
    """

    attribute: str
    start: str
    value: str
    vector: Tensor
    step: float
    accuracy: float

    def moved(self, z: Tensor, steps: float = 1.0) -> Tensor:
        """z (B, Z), carried along by so many steps."""
        return z + (steps * self.step * self.vector).to(z.device)


class Directions:
    """The directions of a model's latent space, by the labels of its codes. Fits on four codes of five."""

    def __init__(self, labelled: Labelled) -> None:
        self.labelled = labelled
        held = torch.arange(len(labelled.z)) % HELD_OUT == HELD_OUT - 1
        self._fit, self._held = labelled.take(~held), labelled.take(held)

    def offered(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> its values that have codes enough, those with and those without them."""
        total = len(self._fit.z)
        found = {
            attribute: tuple(
                name for i, name in enumerate(names) if FEWEST <= self._count(attribute, i) <= total - FEWEST
            )
            for attribute, names in self.labelled.names.items()
        }
        return {attribute: values for attribute, values in found.items() if values}

    def between(self, attribute: str, value: str, start: str = "", method: Method = "mean") -> Direction:
        """From `start` ("": all other values) to `value`, class names of the attribute.

        mean       by the fit of all attributes at once (above)
        logistic   the normal of a logistic regression between the two; a step goes as far along it as the means do
        GenlibError: no such name, or fewer than ten codes of one of them.
        """
        to, since = self._index(attribute, value), self._index(attribute, start) if start else None
        way = self._way(attribute, to, since)
        labels = self._fit.labels[attribute]
        with_it = labels == to
        without = ~with_it if since is None else labels == since
        for name, rows in ((value, with_it), (start or f"all but {value}", without)):
            if (count := int(rows.sum())) < FEWEST:
                raise GenlibError(f"There are only {count} codes of {attribute} {name}; choose another value.")
        if method == "logistic":
            vector = _normal(self._fit.z[with_it], self._fit.z[without])
        else:
            vector = F.normalize(way, dim=0)
        step = float(way @ vector)
        middle = float((self._fit.z[with_it].mean(0) + self._fit.z[without].mean(0)) @ vector) / 2
        return Direction(attribute, start, value, vector, step, self._accuracy(attribute, to, since, vector, middle))

    def step_at(self, z: Tensor, direction: Direction, nearest: int = NEAREST) -> Tensor:
        """The step of a direction at each z (B, Z): what it is everywhere, and what is special about this place.

        The special part is the mean rest of the `nearest` codes that have the value, minus that of those that have the
        start value; near is measured after the attribute's own part was taken off. Returns (B, Z), to be added to z,
        which should have the start value.
        """
        attribute, fit = direction.attribute, self._fit
        to = self._index(attribute, direction.value)
        since = self._index(attribute, direction.start) if direction.start else None
        labels, own = fit.labels[attribute], self._effects[attribute]
        z_here = z.to(fit.z.device)
        place = z_here - self._mean - (own[since] if since is not None else self._without(attribute, to))
        with_it, without = labels == to, (labels != to) if since is None else labels == since
        places = fit.z - self._mean - own[labels]
        rests = [_near(place, places[rows], self._rest[rows], nearest) for rows in (with_it, without)]
        return (self._way(attribute, to, since) + rests[0] - rests[1]).to(z.device)

    # --- The fit ---

    @cached_property
    def _effects(self) -> dict[str, Tensor]:
        """Attribute -> E_a (classes, Z), in the mean over the codes 0."""
        counts = [len(names) for names in self.labelled.names.values()]
        columns = [F.one_hot(self._fit.labels[a], n) for a, n in zip(self.labelled.names, counts, strict=True)]
        design = torch.cat(columns, 1).double()
        design -= design.mean(0)
        codes = (self._fit.z - self._mean).double()
        gram = design.T @ design + RIDGE * len(design) * torch.eye(design.shape[1], dtype=torch.float64)
        effects = torch.linalg.solve(gram, design.T @ codes).float().split(counts)
        return {
            attribute: of - self._shares(attribute) @ of
            for attribute, of in zip(self.labelled.names, effects, strict=True)
        }

    @cached_property
    def _mean(self) -> Tensor:
        return self._fit.z.mean(0)

    @cached_property
    def _rest(self) -> Tensor:
        """What no label explains (N, Z)."""
        explained = [self._effects[a][labels] for a, labels in self._fit.labels.items()]
        return self._fit.z - self._mean - torch.stack(explained).sum(0)

    def _shares(self, attribute: str) -> Tensor:
        labels = self._fit.labels[attribute]
        return torch.bincount(labels, minlength=len(self.labelled.names[attribute])) / len(labels)

    def _without(self, attribute: str, value: int) -> Tensor:
        """The mean effect of the other values (Z,)."""
        shares = self._shares(attribute)
        shares[value] = 0
        return shares @ self._effects[attribute] / shares.sum()

    def _way(self, attribute: str, to: int, since: int | None) -> Tensor:
        """From the mean of one class to that of the other, all other attributes held (Z,)."""
        own = self._effects[attribute]
        return own[to] - (self._without(attribute, to) if since is None else own[since])

    def _accuracy(self, attribute: str, to: int, since: int | None, vector: Tensor, middle: float) -> float:
        labels, beyond = self._held.labels[attribute], self._held.z @ vector > middle
        with_it, without = labels == to, (labels != to) if since is None else labels == since
        return (float(beyond[with_it].float().mean()) + 1 - float(beyond[without].float().mean())) / 2

    def _count(self, attribute: str, value: int) -> int:
        return int((self._fit.labels[attribute] == value).sum())

    def _index(self, attribute: str, value: str) -> int:
        names = self.labelled.names
        if attribute not in names:
            raise GenlibError(f"These codes have no attribute {attribute}; they have {', '.join(names)}.")
        if value not in names[attribute]:
            raise GenlibError(f"{attribute} has no value {value}; it has {', '.join(names[attribute])}.")
        return names[attribute].index(value)


def _near(place: Tensor, places: Tensor, rest: Tensor, nearest: int) -> Tensor:
    """The mean rest (B, Z) of the nearest places (N, Z) to each place (B, Z); of half of them at most."""
    near = torch.cdist(place, places).topk(max(1, min(nearest, len(places) // 2)), largest=False).indices
    return rest[near].mean(1)


def _normal(with_it: Tensor, without: Tensor) -> Tensor:
    """The normal (Z,), of length 1, of a logistic regression between two sets of codes (N, Z)."""
    from sklearn.linear_model import LogisticRegression  # takes a moment to import

    z = torch.cat([with_it, without])
    scale = z.std(0).clamp_min(1e-6)  # numbers of a code may be of very different size
    labels = [1] * len(with_it) + [0] * len(without)
    fitted = LogisticRegression(class_weight="balanced", max_iter=1000).fit((z / scale).numpy(), labels)
    return F.normalize(torch.from_numpy(fitted.coef_[0]).float() / scale, dim=0)


def apart(direction: Direction, others: Sequence[Direction]) -> Direction:
    """A direction made orthogonal to others: its least squares projection on their span is taken off (Shen 2020).

    Its step is as much of the old one as is left; its accuracy is not measured anew (nan). GenlibError: none is left.
    """
    span = torch.stack([other.vector for other in others], 1).double()  # (Z, others)
    vector = direction.vector.double()
    left = vector - span @ torch.linalg.lstsq(span, vector[:, None], driver="gelsd").solution[:, 0]
    length = float(left.norm())
    if length < 1e-4:
        raise GenlibError(
            f"Nothing of {direction.attribute} {direction.value} is left apart from {len(others)} other directions; "
            "choose fewer of them."
        )
    return Direction(
        direction.attribute, direction.start, direction.value, (left / length).float(), direction.step * length,
        float("nan"),
    )  # fmt: skip
