"""Keeping the server's memory small, for hosts that allow little of it, and its interpreter free for other visitors."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from genlib import room
from genlib.budget import MADE

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8

SOON = 2.0  # s
REST = 60.0  # s without a visitor
SWITCH = 0.001  # s

_soon, _resting = threading.Lock(), threading.Lock()
_came = [0.0]  # when somebody came last


@cache
def prepare() -> None:
    """Once for the process.

    Streamlit runs every script in a new thread, and glibc gives threads heaps of their own, which keep what one large
    batch once needed: over 100 MB more after a visit to every page. One heap for all, and, where memory is short, large
    tensors outside of it; that costs a run that trains a tenth of its speed, since the system hands out cleared pages.

    Where a script computes, the thread that sends messages to browsers waits its turn for the interpreter, 5 ms for
    each of fifty messages, and so does every layer of a network. Turns are made shorter.
    """
    if libc := _libc():
        libc.mallopt(M_ARENA_MAX, 1)
        if not room.plenty():
            libc.mallopt(M_MMAP_THRESHOLD, 1_000_000)
            libc.mallopt(M_TRIM_THRESHOLD, 8_000_000)
    sys.setswitchinterval(SWITCH)


def tidy_soon() -> None:
    """Have memory that nobody needs collected and handed back to the system, in a moment: once for many visitors. Where
    there is little of it, what is kept to be quick goes, too, once nobody comes any more."""
    _came[0] = time.monotonic()
    if _soon.acquire(blocking=False):
        _later(SOON, _tidy)
    if not room.plenty() and _resting.acquire(blocking=False):
        _later(REST, _rest)


def _later(seconds: float, what: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()


def _tidy() -> None:
    _soon.release()
    _hand_back()


def _rest() -> None:
    left = _came[0] + REST - time.monotonic()
    if left > 0:
        return _later(left, _rest)
    _resting.release()
    MADE.clear()
    _hand_back()


def _hand_back() -> None:
    torch = sys.modules.get("torch")
    ready = torch is not None and not getattr(torch.__spec__, "_initializing", False)
    gc.collect()
    if ready and not gc.get_freeze_count():
        gc.freeze()  # torch's half a million objects stay: there is nothing to collect among them
    if libc := _libc():
        libc.malloc_trim(0)


@cache
def _libc() -> Any:
    """glibc; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt, libc.malloc_trim  # noqa: B018 (another C library has none)
    except (OSError, AttributeError):
        return None
    return libc
