"""A is to B as what is to C: arithmetic on codes.

    Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks", ICLR 2016, section 6.3.2 and figure 7. https://arxiv.org/abs/1511.06434

A single z is too unsteady; the means of three give "smiling woman" - "neutral woman" + "neutral man" = "smiling man".
Around the result Y, draws with uniform noise of +-0.25 show that the pictures next to it say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.errors import GenlibError

NOISE = 0.25  # of figure 7, where z lies in [-1, 1]


@dataclass(frozen=True)
class Analogy:
    """The pieces of the figure: three rows of examples, and what follows from them.

    a, b, c   the examples (K, Z), each row of the figure with a number of its own
    y         mean(a) - mean(b) + mean(c), (Z,)
    around    y itself and what lies next to it (count, Z)
    """

    a: Tensor
    b: Tensor
    c: Tensor
    y: Tensor
    around: Tensor


def analogy(
    a: Tensor, b: Tensor, c: Tensor, count: int = 9, noise: float = NOISE, scale: Tensor | float = 1.0, seed: int = 0
) -> Analogy:
    """A - B + C, from codes a, b and c, each (K, Z) with any K from 1; three are usual.

    scale   of the noise: 1 for a prior of unit spread, else the codes' standard deviations (Z,)
    GenlibError: no code of one of them, or codes of different spaces.
    """
    if any(codes.ndim != 2 or not len(codes) or codes.shape[1] != a.shape[1] for codes in (a, b, c)):
        raise GenlibError("An analogy takes one or more codes each of A, B and C, of one model; add what lacks.")
    y = a.mean(0) - b.mean(0) + c.mean(0)
    rng = torch.Generator().manual_seed(seed)
    near = noise * (2 * torch.rand(count, len(y), generator=rng) - 1).to(y.device) * scale
    near[:1] = 0
    return Analogy(a, b, c, y, y + near)


def carried(a: Mapping[str, str], b: Mapping[str, str], c: Mapping[str, str]) -> dict[str, str]:
    """What A - B + C should show, attribute -> value, where the groups have these in common.

    What A and B share falls away, and C's stays; what B and C share falls away, and A's stays. Of an attribute that is
    not said of all three, or is another one in each, nothing follows.
    """
    found = {}
    for attribute in a.keys() & b.keys() & c.keys():
        if a[attribute] == b[attribute]:
            found[attribute] = c[attribute]
        elif b[attribute] == c[attribute]:
            found[attribute] = a[attribute]
    return {attribute: found[attribute] for attribute in a if attribute in found}
