"""One budget of bytes for all that is kept because making it again takes time: models, indices, pictures."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from genlib import room

V = TypeVar("V")

# Bytes. The shipped models are about as large as the first, and an index of neighbours takes 15 to 36 MB.
MOST, LITTLE = 96_000_000, 40_000_000


class Budget:
    """Keeps values as long as they fit into `most` bytes together; what was used longest ago goes first.

    >>> made = Budget(10_000_000)
    >>> made.get(("zeros", 1000), lambda: np.zeros(1000))

    The newest value stays even where it is larger than `most`. Values are shared: nobody may change one.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of `key`, by `make` where it is not there. Whoever asks meanwhile waits for it. What `make` raises
        is raised, and the next one to ask tries again."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("V", self._kept[key][0])
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    return cast("V", self._kept[key][0])
            try:
                value = make()
                with self._lock:
                    self._kept[key] = value, (taken := size(value))
                    self._bytes += taken
                    while self._bytes > self.most and len(self._kept) > 1:
                        self._bytes -= self._kept.popitem(last=False)[1][1]
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    @property
    def bytes(self) -> int:
        """Of all that is kept."""
        return self._bytes

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0


def size(value: object) -> int:
    """About how many bytes a value takes: of arrays, tensors and models, also within dataclasses and collections. What
    is there twice counts once."""
    return _size(value, set())


def _size(value: object, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if hasattr(value, "parameters") and hasattr(value, "buffers"):  # a torch module
        return sum(tensor.nbytes for tensor in (*value.parameters(), *value.buffers()))
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if is_dataclass(value):
        return sum(_size(getattr(value, field.name), seen) for field in fields(value))
    if isinstance(value, Mapping):
        return sum(_size(item, seen) for item in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return sum(_size(item, seen) for item in value)
    return sys.getsizeof(value)


MADE = Budget(MOST if room.plenty() else LITTLE)
