"""Pieces of networks that several models share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5  # added to a variance, as batch norm does


class Dropout(nn.Module):
    """Sets features to zero with probability p while training, and scales the others up. It draws from the generator
    that it is given, where torch's own takes the process's: two runs beside each other must not share their noise.

    whole: whole feature maps at once (Tompson 2015), in place of single numbers.
    """

    def __init__(self, p: float, whole: bool = False) -> None:
        super().__init__()
        self.p, self.whole = p, whole

    def forward(self, x: Tensor, rng: torch.Generator | None) -> Tensor:
        if not self.training or not self.p:
            return x
        if rng is None:
            raise ValueError("dropout draws from a generator while it trains: pass one")
        shape = (*x.shape[:2], *([1] * (x.ndim - 2))) if self.whole else x.shape
        kept = torch.rand(shape, generator=rng, device=x.device) >= self.p
        return x * (kept / (1 - self.p)).to(x.dtype)


class Stack(nn.Sequential):
    """Layers one after the other, those that draw with the generator of the step."""

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> Tensor:
        for layer in self:
            x = layer(x, rng) if isinstance(layer, Dropout | Stack) else layer(x)
        return x


class ReferenceNorm(nn.Module):
    """Normalises the features of pictures (R + B, C, H, W), the first R of which are a reference batch, by the mean and
    the spread of that batch; `own`: of that batch and, for each other picture, the picture itself.

    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved Techniques for Training GANs", NIPS 2016, section
    3.4. https://arxiv.org/abs/1606.03498

    So no picture depends on those that happen to be made with it, as it does under batch norm.
    """

    def __init__(self, features: int, reference: int, own: bool) -> None:
        super().__init__()
        self.reference, self.own = reference, own
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        each = x.float()
        axes = (0, 2, 3)
        known = each[: self.reference]
        mean, square = known.mean(axes, keepdim=True), known.square().mean(axes, keepdim=True)
        if self.own:
            share = torch.full((len(x), 1, 1, 1), 1 / (self.reference + 1), device=x.device)
            share[: self.reference] = 0  # the reference batch goes by itself alone
            mean = mean.lerp(each.mean((2, 3), keepdim=True), share)
            square = square.lerp(each.square().mean((2, 3), keepdim=True), share)
        scale = self.weight[:, None, None] * (square - mean.square()).clamp(min=0).add(EPSILON).rsqrt()
        return ((each - mean) * scale + self.bias[:, None, None]).to(x.dtype)


def initialise(module: nn.Module) -> None:
    """Convolutions' weights from N(0, 0.02), as DCGAN and its descendants begin; for Module.apply."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)


def doubled(x: Tensor) -> Tensor:
    """A map (B, n, H, W) of twice the side, by nearest neighbours."""
    return F.interpolate(x, scale_factor=2.0)


def halvings(side: int) -> tuple[int, int]:
    """What a side ends at when it is halved as often as it goes, and how often that is: 64 -> (4, 4), 28 -> (7, 2).

    ValueError: it ends above 7 pixels, or cannot be halved.
    """
    rest, count = side, 0
    while rest % 2 == 0 and rest >= 8:
        rest, count = rest // 2, count + 1
    if rest > 7 or not count:
        raise ValueError(f"the side of its pictures must be 4, 5, 6 or 7 times a power of two, from 8 on, not {side}")
    return rest, count


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Gradients pass through `module` but not into it: for the generator's step through the discriminator."""
    wanted = [p.requires_grad for p in module.parameters()]
    module.requires_grad_(False)
    try:
        yield
    finally:
        for p, w in zip(module.parameters(), wanted, strict=True):
            p.requires_grad_(w)


class Constants(nn.Module):
    """A part with tensors that follow from its config alone: masks, orders, grids.

    They are neither stored in a checkpoint nor read from one: a stranger's file could forge the mask of an
    autoregressive model, and with it an "exact" likelihood. A part declares them in constants(), calls keep_constants()
    once in its __init__, and reads them as attributes. Loading makes them anew.
    """

    def constants(self) -> Mapping[str, Tensor]:
        """Name -> tensor, made from what __init__ was given."""
        return {}

    def keep_constants(self) -> None:
        for name, tensor in self.constants().items():
            self.register_buffer(name, tensor, persistent=False)
