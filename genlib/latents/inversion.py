"""From a picture back to a z that makes it, for models that have no encoder: descend the error in z.

    Creswell, Bharath, "Inverting The Generator Of A Generative Adversarial Network", 2016.
        https://arxiv.org/abs/1611.05644
    Lipton, Tripathi, "Precise Recovery of Latent Vectors from Generative Adversarial Networks", ICLR workshop 2017.
        https://arxiv.org/abs/1702.04782

    z* = argmin_z  |G(z) - x|^2 / D + pull (|z|^2 / r^2 - 1)^2,    r^2 = E |z|^2 under the prior

The error has many valleys, so several z descend at once, those among the prior's draws that are nearest to x; after a
quarter of the steps the best quarter of them goes on. In many dimensions nearly all of a Gaussian lies in a thin shell
about |z| = r, and a generator has seen nothing else: the second term holds z there, weakly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from genlib.contract import MAX_SEED, Decodes, HasPrior
from genlib.errors import GenlibError

DRAWS, BATCH = 64, 32  # of the prior, among which the starts are chosen; decoded at once
RATE, PULL = 0.1, 1e-3
KEPT = 4  # one in so many starts goes on after as large a share of the steps
BOUNDS = {"uniform": (-1.0, 1.0), "binary": (0.0, 1.0)}  # beyond them a law has nothing


@dataclass(frozen=True)
class Inverted:
    """What was found.

    z        float32 (B, Z), on the model's device
    errors   (B,) root mean square difference of decode(z) from x: of pixels in [0, 1], or of a point's coordinates
    steps    how many steps were taken: fewer than were asked for where it was stopped
    """

    z: Tensor
    errors: Tensor
    steps: int


def invert(
    model: Any,
    x: Tensor,
    starts: int = 8,
    steps: int = 200,
    seed: int = 0,
    tell: Callable[[int, int, float], object] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Inverted:
    """The latents whose decodings come nearest to x (B, *shape), pictures in [0, 1] or points.

    model    Decodes, and HasPrior: the starts are drawn from it
    starts   how many z descend at once for each x, at first
    tell     is told (step, steps, mean of the best errors so far) after each step, from the thread that called
    stop     is asked before each step; where it says so, the best so far is returned

    What is found for x[i] depends on x[i] and `seed` alone, up to rounding. Memory: B x starts pictures at once, with
    what their gradient needs; bring few. Raises GenlibError: the model can't be inverted, x has another shape or is
    not finite.
    """
    shape = tuple(model.shape)
    if not (isinstance(model, Decodes) and isinstance(model, HasPrior)):
        raise GenlibError("This model has no prior to start from, so a picture cannot be sought in it: choose another.")
    if x.shape[1:] != shape or not x.numel():
        wanted, got = (" x ".join(map(str, numbers)) for numbers in (shape, x.shape))
        raise GenlibError(f"This model makes {wanted}, and what came is {got}: bring one or more, as B x {wanted}.")
    if not x.isfinite().all():
        raise GenlibError("The picture holds numbers that are not finite, so no z is near it: bring another.")
    # A caller's inference mode would leave z without a gradient; the model's own weights need none.
    with torch.inference_mode(False), torch.enable_grad():
        return _descend(model, x.clone().float(), max(1, min(starts, DRAWS)), steps, seed, tell, stop)


def _descend(
    model: Any,
    x: Tensor,
    starts: int,
    steps: int,
    seed: int,
    tell: Callable[[int, int, float], object] | None,
    stop: Callable[[], bool] | None,
) -> Inverted:
    draws = model.prior([(seed + i) % (MAX_SEED + 1) for i in range(DRAWS)])
    x, radius = x.to(draws.device), draws.square().sum(1).mean()
    low, high = BOUNDS.get(model.latent(model.config).law, (-torch.inf, torch.inf))
    z, target = _starts(model, x, draws, starts)
    best, errors = z.detach()[:, 0].clone(), torch.full((len(x),), torch.inf, device=x.device)

    def note(made: Tensor) -> Tensor:
        """Keep what is better than all before; the errors (B, starts) of what was made."""
        nonlocal best, errors
        found = (made - target).detach().square().flatten(2).mean(2).sqrt()
        least, which = found.min(1)
        rows = torch.arange(len(x), device=x.device)
        best = torch.where((least < errors)[:, None], z.detach()[rows, which], best)
        errors = torch.minimum(least, errors)
        return found

    optimizer, at = Adam([z], RATE, betas=(0.9, 0.99)), 0
    for at in range(steps):
        if stop and stop():
            break
        made = _decode(model, z)
        found = note(made)
        if at == steps // KEPT and z.shape[1] >= KEPT:
            keep = found.topk(z.shape[1] // KEPT, largest=False).indices  # (B, fewer)
            z = z.detach().gather(1, keep[:, :, None].expand(-1, -1, z.shape[2])).requires_grad_()
            optimizer = Adam([z], RATE, betas=(0.9, 0.99))
            made = _decode(model, z)
        far = (made - target).square().flatten(2).mean(2)
        shell = (z.square().sum(2) / radius - 1).square()
        optimizer.zero_grad()
        (far + PULL * shell).sum().backward()  # each z has its own gradient
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, 2 * (1 - at / steps))  # falls over the second half
        optimizer.step()
        with torch.no_grad():
            z.clamp_(low, high)
        if tell:
            tell(at + 1, steps, float(errors.mean()))
    else:
        at = steps
    with torch.no_grad():  # where the last step led
        note(_decode(model, z))
    return Inverted(best, errors, at)


def _starts(model: Any, x: Tensor, draws: Tensor, starts: int) -> tuple[Tensor, Tensor]:
    """The draws nearest to each x, (B, starts, Z), ready to descend; and x as (B, 1, *shape)."""
    target = x[:, None]
    with torch.no_grad():
        made = torch.cat([model.decode(part) for part in draws.split(BATCH)])
        far = torch.stack([(made - one).square().flatten(1).sum(1) for one in x])  # (B, draws)
        z = draws[far.topk(starts, largest=False).indices]
    return z.clone().requires_grad_(), target


def _decode(model: Any, z: Tensor) -> Tensor:
    """(B, starts, *shape) from z (B, starts, Z)."""
    made: Tensor = model.decode(z.flatten(0, 1)).float()
    return made.unflatten(0, z.shape[:2])
