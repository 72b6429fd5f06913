"""Directions that nobody labelled: those that the first layer stretches most.

    Shen, Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (SeFa), CVPR 2021.
    https://arxiv.org/abs/2007.06600

The first layer that z meets is affine, y = A z + b. A step n of length 1 changes y by A n, so the directions that
change it most are the eigenvectors of A'A with the largest eigenvalues (equations 4 to 7). No label is needed, and no
sample.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from genlib.contract import Decodes
from genlib.errors import GenlibError

AFFINE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


@torch.no_grad()
def sefa(model: Any) -> tuple[Tensor, Tensor]:
    """Directions (Z, Z), one a row, of length 1 and orthogonal, and how much each stretches (Z,); largest first.

    A direction and its opposite are the same to SeFa: the largest number of each is made positive.
    GenlibError: the model doesn't decode, or its z meets no affine layer first.
    """
    layer, shape = _first_layer(model)
    # The layer's own answers to the unit vectors are the columns of A, whatever its kind and the order of its weights.
    units = torch.eye(shape.numel(), device=model.device).view(-1, *shape)
    a = (layer(units) - layer(torch.zeros_like(units[:1]))).flatten(1).T.double()
    values, vectors = torch.linalg.eigh(a.T @ a)
    rows = vectors.T.flip(0)
    rows = rows * rows.gather(1, rows.abs().argmax(1, keepdim=True)).sign()
    return rows.float().cpu(), values.flip(0).clamp_min(0).sqrt().float().cpu()


def _first_layer(model: Any) -> tuple[nn.Module, torch.Size]:
    """The first affine layer that all of z goes into while it is decoded, and the shape it has there."""
    if not isinstance(model, Decodes):
        raise GenlibError("This model has no latent space to find directions in; choose one that decodes.")
    layers = [module for module in model.modules() if isinstance(module, AFFINE)]  # type: ignore[attr-defined]
    dims = model.latent(model.config).dims  # type: ignore[attr-defined]
    met: list[tuple[nn.Module, torch.Size]] = []

    def meet(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        met.append((layer, given[0].shape[1:]))

    hooks = [layer.register_forward_pre_hook(meet) for layer in layers]
    try:
        model.decode(torch.zeros(1, dims))
    finally:
        for hook in hooks:
            hook.remove()
    if not met or met[0][1].numel() != dims:
        raise GenlibError("The z of this model meets no affine layer first, so SeFa finds nothing; choose another.")
    return met[0]
