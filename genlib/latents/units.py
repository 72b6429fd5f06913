"""Single numbers of a latent: what each does to a picture, and which of them a model uses at all."""

from __future__ import annotations

import torch
from torch import Tensor

from genlib.contract import Decodes, HasPosterior
from genlib.errors import GenlibError

BATCH = 250


def traverse(z: Tensor, unit: int, values: Tensor) -> Tensor:
    """Latents (T, Z): z (Z,) with its number `unit` set to each of `values` (T,).

    Raises GenlibError where z has no such number.
    """
    if not 0 <= unit < len(z):
        raise GenlibError(f"The model's latent has the numbers 0 to {len(z) - 1}, and {unit} is none of them.")
    moved = z.repeat(len(values), 1)
    moved[:, unit] = values.to(z)
    return moved


@torch.inference_mode()
def kl_per_unit(model: HasPosterior, x: Tensor) -> Tensor:
    """KL(q(z_i|x) || N(0, 1)) of each number, in nats, mean over x (N, *shape): (Z,).

    1/2 (mu_i^2 + sigma_i^2 - 1 - log sigma_i^2). A unit near 0 says nothing of x: it has collapsed onto the prior.
    """
    sums = []
    for part in x.split(BATCH):
        mu, log_var = model.posterior(part)
        sums.append(0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(0).cpu())
    return torch.stack(sums).sum(0) / len(x)


@torch.inference_mode()
def effect_per_unit(model: Decodes, z: Tensor, step: float = 1.0) -> Tensor:
    """How much a picture changes when one number moves by `step`, root mean square over pixels and over z (N, Z): (Z,).

    What there is to say of a model that has no law for its codes: a unit without effect is not used.
    """
    still = model.decode(z).cpu()
    effects = []
    for unit in range(z.shape[1]):
        moved = z.clone()
        moved[:, unit] += step
        effects.append((model.decode(moved).cpu() - still).square().mean().sqrt())
    return torch.stack(effects)
