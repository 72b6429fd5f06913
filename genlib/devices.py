"""Which device to compute on, and in what precision."""

from __future__ import annotations

import torch

from genlib.errors import GenlibError


def best() -> torch.device:
    """CUDA, Apple's MPS, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def named(name: str | None) -> torch.device:
    """The device called "cpu", "cuda", "cuda:1" or "mps"; None: the best. GenlibError: it is not there."""
    if name is None:
        return best()
    kind, colon, number = name.partition(":")
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    asked = number if colon else "0"
    if asked.isdecimal() and asked.isascii() and int(asked) < there.get(kind, 0):
        return torch.device(name)
    known = ", ".join(kind for kind, count in there.items() if count)
    raise GenlibError(f"There is no device {name!r} here: choose {known}, or leave --device out for the best.")


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 arithmetic is faster than float32 there, not merely possible."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return bool(has.get("amx_bf16") or has.get("avx512_bf16"))
    return False
