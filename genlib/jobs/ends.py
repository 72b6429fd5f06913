"""How a run ended, and why, in a sentence or two, where that is not what was asked for."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from genlib.jobs.snapshot import Cause, State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class End:
    """See Snapshot."""

    state: State
    sentence: str = ""
    cause: Cause = ""


def diverged(values: Mapping[str, float], step: int, layer: str, healthy: int | None) -> End:
    """`values` of `step` are no longer finite, first in `layer` ("": nobody knows); at step `healthy` all were."""
    terms = [name for name, value in values.items() if not math.isfinite(value)]
    are = "is" if len(terms) == 1 else "are"
    where = f", first in the layer {layer}" if layer else ""
    last = "" if healthy is None else f" Its last healthy moment is step {healthy:,}."
    said = (
        f"The numbers ran away: {' and '.join(terms)} {are} no longer finite at step {step:,}{where}. "
        f"Lower the learning rates.{last}"
    )
    return End("failed", said, "diverged")


def no_memory(step: int) -> End:
    said = (
        f"The run ended after {step:,} steps, since the machine's memory is all but used up: choose "
        "a smaller width or batch, or try again later."
    )
    return End("failed", said, "memory")


def fault(model: str, step: int, error: RuntimeError) -> End:
    """On the CPU torch has no class of its own for a lack of memory."""
    short = "can't allocate memory" in str(error) or "not enough memory" in str(error)
    return no_memory(step) if short else broke(model, step, error)


def broke(model: str, step: int, error: Exception) -> End:
    """A fault that nobody foresaw; its traceback goes into the log."""
    log.exception("a run of %s broke off", model, exc_info=error)
    said = (
        f"The run broke off after step {step:,} by a fault of the program ({type(error).__name__}): choose other "
        "settings."
    )
    return End("failed", said, "fault")
