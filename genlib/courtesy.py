"""Who goes first on a machine that all share: somebody who waits for an answer, before work that takes minutes.

    with courtesy.first():  # in the thread that answers
        answer()

    courtesy.let()  # in the one that works, between two steps

The interpreter and the cores go to either of two threads in turns; an answer among the steps of a training run takes
several times as long as it would alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 0.2  # s that a step waits: among many who are answered all the time, the work goes on, if slowly

_changed = threading.Condition()
_answered = 0  # how many are being


@contextmanager
def first() -> Iterator[None]:
    """While somebody is answered."""
    global _answered
    with _changed:
        _answered += 1
    try:
        yield
    finally:
        with _changed:
            _answered -= 1
            _changed.notify_all()


def let(most: float = MOST) -> None:
    """Wait until nobody is being answered, for at most so many seconds."""
    with _changed:
        _changed.wait_for(lambda: not _answered, most)
