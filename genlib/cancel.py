"""Long work that can be cancelled: between two of its steps it asks whether it is still wanted.

    with cancel.when(unwanted):  # whoever has it done; unwanted() says whether that is over
        work()  # raises Cancelled

    cancel.point()  # in the work, between two steps

The same work goes on to its end where nobody said when it is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_unwanted: ContextVar[Callable[[], bool] | None] = ContextVar("unwanted", default=None)


class Cancelled(Exception):
    """It is not wanted any more, and ended before it was done."""


@contextmanager
def when(unwanted: Callable[[], bool]) -> Iterator[None]:
    """What is done within, in this thread, ends at the first point() at which `unwanted()` is true."""
    token = _unwanted.set(unwanted)
    try:
        yield
    finally:
        _unwanted.reset(token)


def point() -> None:
    """Cancelled: the work is no longer wanted."""
    unwanted = _unwanted.get()
    if unwanted is not None and unwanted():
        raise Cancelled
