"""Where a run's numbers ceased to be finite: the steps since its last healthy moment are made again, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from genlib import cancel
from genlib.cancel import Cancelled

if TYPE_CHECKING:
    from genlib.training import Run

Input = tuple[Any, ...]


class _Found(Exception):
    """A layer made numbers that are not finite of such that are."""


def finite(run: Run) -> bool:
    """Whether all weights are."""
    return all(bool(p.isfinite().all()) for p in run.model.parameters())


def layer(run: Run, healthy: Mapping[str, Any], until: int) -> str:
    """The first layer that made numbers that are not finite of finite ones, by its name in the model, as in
    "discriminator.2"; "" where none did, as when a term overflows, or the noise is not that of the first time, or where
    the search is cancelled.

    healthy   a state of the run (Run.state) from before; it is left there
    until     the step after which they were not finite
    """
    names = {module: name for name, module in run.model.named_modules()}
    found = ""

    def look(module: nn.Module, given: Input, made: Any) -> None:
        nonlocal found
        cancel.point()
        if isinstance(made, Tensor) and not made.isfinite().all():
            if all(bool(x.isfinite().all()) for x in given if isinstance(x, Tensor)):
                found = names[module]
            raise _Found

    run.go_on_from(healthy)
    leaves = [module for module in names if not any(module.children())]
    hooks = [module.register_forward_hook(look) for module in leaves]
    try:
        with torch.enable_grad():
            while run.step < until:
                run.advance()
    except (_Found, Cancelled):
        pass
    finally:
        for hook in hooks:
            hook.remove()
    return found
