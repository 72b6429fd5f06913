"""A hold on something that is given up when its holder is gone for good, and not when it only looks so."""

from __future__ import annotations

import threading
from collections.abc import Callable

GRACE = 20.0  # s: a browser that lost its connection is back by then, and one that was closed is not


class Lease:
    """Calls `expire` once it was lost for `grace` seconds. It begins held; renew() and lose() may come in any order
    and from any thread."""

    def __init__(self, expire: Callable[[], object], grace: float = GRACE) -> None:
        self._expire, self._grace = expire, grace
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @property
    def held(self) -> bool:
        return self._timer is None

    def lose(self) -> None:
        """The holder seems to be gone."""
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(self._grace, self._expire)
                self._timer.daemon = True
                self._timer.start()

    def renew(self) -> None:
        """It is there."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
