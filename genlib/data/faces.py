"""What a drawn face looks like: seed -> look (one choice per attribute) -> options of the drawing program.

A look depends on the seed alone: each attribute is chosen by a hash of (attribute, seed), so that the attributes
are independent of one another, and giving one of them another value leaves the rest of the face as it is.

Source of the drawings: avataaars by Pablo Stanley, through DiceBear (see files/LICENCES.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from itertools import count

SIDE = 64  # pixels, as in faces.mjs
COUNTS = {"train": 10_000, "validation": 1_000, "test": 2_000}

# attribute -> {class name: (weight, option value of the drawing program)}. Left out: parts that hide the hair
# (hats), eyes that are not two plain eyes, and drawings that turn to mush at 64 x 64.
ATTRIBUTES: dict[str, dict[str, tuple[int, str]]] = {
    "hair_colour": {
        "black": (26, "2c1b18"),
        "blond": (26, "d6b370"),
        "brown": (22, "7d4421"),
        "red": (10, "c93305"),
        "platinum": (8, "ecdcbf"),
        "grey": (8, "b7b3b3"),
    },
    "hair_style": {
        "bob": (5, "bob"),
        "bun": (5, "bun"),
        "curly": (5, "curly"),
        "curvy": (5, "curvy"),
        "afro": (5, "fro"),
        "medium": (5, "longButNotTooLong"),
        "fringe": (5, "miaWallace"),
        "long side": (5, "straight01"),
        "long": (5, "straight02"),
        "long fringe": (5, "straightAndStrand"),
        "big": (5, "bigHair"),
        "shaggy": (5, "shaggy"),
        "mullet": (5, "shaggyMullet"),
        "short curly": (5, "shortCurly"),
        "short flat": (5, "shortFlat"),
        "short round": (5, "shortRound"),
        "short wavy": (5, "shortWaved"),
        "caesar": (5, "theCaesar"),
    },
    "glasses": {
        "none": (70, ""),
        "round": (11, "round"),
        "square": (11, "prescription02"),
        "sunglasses": (8, "sunglasses"),
    },
    "beard": {
        "none": (75, ""),
        "light beard": (9, "beardLight"),
        "medium beard": (7, "beardMedium"),
        "full beard": (4, "beardMajestic"),
        "moustache": (5, "moustacheFancy"),
    },
    "skin": {
        "pale": (20, "ffdbb4"),
        "light": (25, "edb98a"),
        "tan": (20, "d49a66"),
        "brown": (20, "a86a42"),
        "dark": (15, "5c3d30"),
    },
    "eyes": {
        "default": (40, "default"),
        "happy": (16, "happy"),
        "side": (12, "side"),
        "squint": (10, "squint"),
        "surprised": (12, "surprised"),
        "closed": (10, "closed"),
    },
    "eyebrows": {
        "natural": (30, "defaultNatural"),
        "drawn": (25, "default"),
        "raised": (30, "raisedExcitedNatural"),
        "flat": (15, "flatNatural"),
    },
    "mouth": {
        "smile": (42, "smile"),
        "open": (18, "default"),
        "gentle": (20, "twinkle"),
        "serious": (12, "serious"),
        "tongue": (8, "tongue"),
    },
    "clothes": {
        "crew neck": (20, "shirtCrewNeck"),
        "scoop neck": (12, "shirtScoopNeck"),
        "v neck": (16, "shirtVNeck"),
        "hoodie": (16, "hoodie"),
        "collar": (14, "collarAndSweater"),
        "blazer": (12, "blazerAndShirt"),
        "overall": (10, "overall"),
    },
    "clothes_colour": {
        "blue": (24, "5199e4"),
        "navy": (18, "25557c"),
        "red": (18, "ff5c5c"),
        "mint": (14, "a7ffc4"),
        "pink": (14, "ffafb9"),
        "yellow": (12, "ffffb1"),
    },
}
FRAME_COLOUR = "262e33"


def look_of(seed: int) -> dict[str, str]:
    """The look of face `seed`: {attribute: class name}, the same on every machine."""
    look = {}
    for attribute, choices in ATTRIBUTES.items():
        digest = hashlib.sha256(f"{attribute}:{seed}".encode()).digest()
        ticket = int.from_bytes(digest[:8], "big") % sum(weight for weight, _ in choices.values())
        for name, (weight, _) in choices.items():
            ticket -= weight
            if ticket < 0:
                look[attribute] = name
                break
    return look


def label_of(look: Mapping[str, str]) -> dict[str, int]:
    """{attribute: index of its class name in ATTRIBUTES}."""
    return {attribute: list(ATTRIBUTES[attribute]).index(name) for attribute, name in look.items()}


def options_of(look: Mapping[str, str]) -> dict[str, str | int]:
    """The options of DiceBear's avataaars that draw this look; facial hair has the colour of the hair."""
    value = {attribute: ATTRIBUTES[attribute][name][1] for attribute, name in look.items()}
    options: dict[str, str | int] = {
        "top": value["hair_style"],
        "hairColor": value["hair_colour"],
        "skinColor": value["skin"],
        "eyes": value["eyes"],
        "eyebrows": value["eyebrows"],
        "mouth": value["mouth"],
        "clothing": value["clothes"],
        "clothesColor": value["clothes_colour"],
        "accessoriesProbability": 100 if value["glasses"] else 0,
        "facialHairProbability": 100 if value["beard"] else 0,
        "facialHairColor": value["hair_colour"],
        "accessoriesColor": FRAME_COLOUR,
    }
    if value["glasses"]:
        options["accessories"] = value["glasses"]
    if value["beard"]:
        options["facialHair"] = value["beard"]
    return options


@cache
def seeds(split: str) -> tuple[int, ...]:
    """The seeds of the faces of a split, in their order: counted up, leaving out looks that came before."""
    seen: set[tuple[str, ...]] = set()
    kept: list[int] = []
    for seed in count():
        if len(kept) == sum(COUNTS.values()):
            break
        look = tuple(look_of(seed).values())
        if look not in seen:
            seen.add(look)
            kept.append(seed)
    first = sum(COUNTS[earlier] for earlier in list(COUNTS)[: list(COUNTS).index(split)])
    return tuple(kept[first : first + COUNTS[split]])
