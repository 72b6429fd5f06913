"""Keeping the server's memory small, for hosts that allow little of it."""

from __future__ import annotations

import ctypes
import sys

# Parameters of mallopt(3), from glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


def give_back() -> None:
    """Have glibc hand freed memory back to the system; elsewhere this does nothing.

    Streamlit runs every script in a new thread, and glibc gives threads heaps of their own, which keep what one large
    batch once needed: over 100 MB more after a visit to every page. One heap for all, and large tensors outside of it.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(M_ARENA_MAX, 1)
    mallopt(M_MMAP_THRESHOLD, 1_000_000)
    mallopt(M_TRIM_THRESHOLD, 8_000_000)
