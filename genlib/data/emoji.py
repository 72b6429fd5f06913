"""Which emoji are used, how they are labelled, and how they are split so that no drawing straddles two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIDE = 128  # pixels, as in emoji.mjs
SHARES = {"train": 80, "validation": 10, "test": 10}  # percent of the families
GROUPS = (
    "smileys-emotion",
    "people-body",
    "animals-nature",
    "food-drink",
    "travel-places",
    "activities",
    "objects",
    "symbols",
    "extras-openmoji",
    "extras-unicode",
)
SKIN_TONES = ("none", "light", "medium-light", "medium", "medium-dark", "dark", "mixed")
# Flags and logos are not for colouring; regional indicators are letters.
LEFT_OUT = {"brand", "flags", "subdivision-flag", "regional-indicator"}
# Code points that make a variant of one emoji: skin tones, variation selector, gender signs, facing right, hair.
VARIANTS = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF", "FE0F", "200D", "2640", "2642", "27A1"}
VARIANTS |= {"1F9B0", "1F9B1", "1F9B2", "1F9B3"}
PERSON = {"1F468": "1F9D1", "1F469": "1F9D1"}  # man, woman -> person


@dataclass(frozen=True)
class Emoji:
    """One emoji of OpenMoji. base: hexcode without the skin tone."""

    hexcode: str
    base: str
    name: str
    group: str
    skin_tone: str

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> Emoji | None:
        """From an entry of openmoji.json; None if it is not used."""
        if listed["group"] not in GROUPS or listed["subgroups"] in LEFT_OUT:
            return None
        tone = str(listed["skintone"])
        return cls(
            hexcode=listed["hexcode"],
            base=listed["skintone_base_hexcode"] or listed["hexcode"],
            name=" ".join(listed["annotation"].split()),
            group=listed["group"],
            skin_tone="mixed" if "," in tone else SKIN_TONES[int(tone or 0)],
        )

    @property
    def family(self) -> str:
        """What all variants of one emoji (skin tone, gender, hair, direction) have in common."""
        return family_of(self.hexcode)

    def label(self) -> tuple[int, int]:
        """(group, skin tone) as indices into GROUPS and SKIN_TONES."""
        return GROUPS.index(self.group), SKIN_TONES.index(self.skin_tone)


def family_of(hexcode: str) -> str:
    """What all variants of the emoji have in common: the hexcode without what makes a variant."""
    return "-".join(PERSON.get(c, c) for c in hexcode.split("-") if c not in VARIANTS) or hexcode


def split(emoji: Sequence[Emoji], *hashes: Sequence[bytes]) -> list[str]:
    """The split of each emoji, the same for all of a family.

    hashes: further things (line drawing, coloured picture) by which two emoji that share one are of one family.
    """
    parent = list(range(len(emoji)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for keys in ([e.family for e in emoji], [e.base for e in emoji], *hashes):
        first: dict[Any, int] = {}
        for i, key in enumerate(keys):
            parent[root(i)] = root(first.setdefault(key, i))
    named: dict[int, str] = {}
    for i, e in enumerate(emoji):
        named[root(i)] = min(named.get(root(i), e.hexcode), e.hexcode)
    return [split_of(named[root(i)]) for i in range(len(emoji))]


def split_of(family: str) -> str:
    """By its name alone, so that what is added later moves nothing."""
    ticket = int.from_bytes(hashlib.sha256(family.encode()).digest()[:8], "big") % 100
    if ticket < SHARES["train"]:
        return "train"
    return "validation" if ticket < SHARES["train"] + SHARES["validation"] else "test"


def half(picture: np.ndarray) -> np.ndarray:
    """Area mean over 2 x 2 pixels, rounded, of uint8 (H, W): two drawings may differ at 128 and not at 64."""
    wide = picture.astype(np.uint16)
    return ((wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) // 4).astype(np.uint8)
