"""What there is for this process: memory, and cores."""

from __future__ import annotations

import os

PLENTY = 1 << 30  # bytes: where as many are free, nobody need save them
# What the process may take in all, in MB, of a host that ends it above that and does not say so to the kernel.
VARIABLE = "GENLIB_MEMORY"
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # control groups 2, and 1

# Microseconds of computing in each so many, of control groups 2 ("max" is no number), and 1 (-1: as it likes).
SHARES = (
    (("/sys/fs/cgroup/cpu.max",) * 2, (0, 1)),
    (("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"), (0, 0)),
)


def free() -> int:
    """Bytes that this process may still take: of what $GENLIB_MEMORY allows, of its control group, and of the machine.
    Much, where none of them says."""
    room = [1 << 62]
    taken = (_number("/proc/self/statm", 1) or 0) * os.sysconf("SC_PAGE_SIZE")
    room += [most - taken for path in LIMITS if (most := _number(path)) is not None]
    if (said := os.environ.get(VARIABLE, "")).isdecimal():
        room.append((int(said) << 20) - taken)
    if (available := _number("/proc/meminfo", 1, line="MemAvailable:")) is not None:
        room.append(available << 10)
    return min(room)


def plenty() -> bool:
    return free() > PLENTY


def cores() -> int | None:
    """How many cores its control group may compute on, in whole ones and at least 1; None: nobody says."""
    for paths, words in SHARES:
        share, period = (_number(path, word) for path, word in zip(paths, words, strict=True))
        if share and period and share > 0:
            return max(1, share // period)
    return None


def _number(path: str, word: int = 0, line: str = "") -> int | None:
    """The number at that place of a line of a file of the kernel's."""
    try:
        with open(path) as file:
            return next(int(text.split()[word]) for text in file if text.startswith(line))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
