"""Which icons are used, how they are labelled, and how they are split: what an icon shows decides, not whose it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genlib.data.emoji import GROUPS, SKIN_TONES, family_of, split_of

SIDE = 128  # pixels, as in icons.mjs
# Package -> what it is called.
SETS = {
    "@iconify-json/twemoji": "Twemoji",
    "@iconify-json/noto": "Noto",
    "@iconify-json/fluent-emoji-flat": "Fluent",
    "@iconify-json/flat-color-icons": "flat icons",
}
STYLES = tuple(SETS.values())
OTHER = "symbols"  # the group of icons that stand for no emoji
LABELS = {"group": GROUPS, "skin_tone": SKIN_TONES, "style": STYLES}  # the first two are those of the emoji
UNDRAWN = {("@iconify-json/noto", "package")}  # resvg 2.6.2 aborts on it
STROKES = (0.016, 0.02, 0.025, 0.03)  # widths of lines, as a share of the icon's


@dataclass(frozen=True)
class Known:
    """An emoji of the data set emoji."""

    hexcode: str
    name: str
    group: str
    split: str


@dataclass(frozen=True)
class Icon:
    """One icon of a package. stroke: the width of its lines, as a share of its own."""

    package: str
    name: str
    group: str
    split: str

    @property
    def stroke(self) -> float:
        """By its name, so that it is the same at every build."""
        return STROKES[hashlib.sha256(f"{self.package} {self.name}".encode()).digest()[0] % len(STROKES)]

    @property
    def title(self) -> str:
        return f"{SETS[self.package]} {self.name.replace('-', ' ')}"

    def label(self) -> tuple[int, int, int]:
        """(group, skin tone, style) as indices into LABELS. Of skin tones there are none."""
        return GROUPS.index(self.group), 0, STYLES.index(SETS[self.package])


def usable(package: str, names: list[str], chars: Mapping[str, str], emoji: Sequence[Known]) -> list[Icon]:
    """Those of a package, `names` of icons and `chars` from hexcode to name, for these emoji.

    An icon that stands for an emoji is used where OpenMoji's is, and is in the split of that: what is in the test set
    there is in none of the training sets. Of the variants of one emoji (skin tone, gender, ...) the plainest is used.
    """
    plainest: dict[str, str] = {}
    for hexcode in sorted((c.upper() for c in chars), key=lambda c: (len(c), c), reverse=True):
        plainest[family_of(hexcode)] = hexcode
    hexcodes = {chars[hexcode.lower()]: hexcode for hexcode in plainest.values()}
    by_family = {family_of(known.hexcode): known for known in emoji}
    by_name = {known.name.replace(" ", "-"): known for known in emoji}
    found = []
    for name in names:
        if (package, name) in UNDRAWN:
            continue
        if shown := hexcodes.get(name):
            if known := by_family.get(family_of(shown)):
                found.append(Icon(package, name, known.group, known.split))
        elif not chars:  # no emoji
            twin = by_name.get(name)
            found.append(Icon(package, name, OTHER, twin.split if twin else split_of(name)))
    return found


def useful(drawing: np.ndarray, colours: np.ndarray) -> bool:
    """Whether there is something to colour: uint8 (H, W) has lines and room between them, uint8 (H, W, 3) has hues."""
    ink = float((drawing < 128).mean())
    return 0.01 < ink < 0.4 and float((np.ptp(colours, axis=2) > 48).mean()) > 0.02
