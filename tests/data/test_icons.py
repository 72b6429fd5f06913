"""Icons of several sets: what they show decides where they are."""

from __future__ import annotations

import torch

from genlib import data
from genlib.data.icons import Known, usable

KNOWN = [
    Known("1F333", "deciduous tree", "animals-nature", "test"),
    Known("1F9D1", "person", "people-body", "validation"),
    Known("1F468-1F3FE", "man: medium-dark skin tone", "people-body", "validation"),
    Known("1F4D6", "open book", "objects", "train"),
]


def test_an_icon_goes_where_what_it_shows_is() -> None:
    chars = {"1f333": "tree", "1f9d1-1f3fb": "adult-light", "1f468": "man", "1f9d1": "adult", "1f600": "grin"}
    found = usable("@iconify-json/noto", [*chars.values(), "letter-a"], chars, KNOWN)
    # One of each, without a skin tone: no second person; and nothing that OpenMoji's splits do not know.
    assert [(icon.name, icon.split) for icon in found] == [("tree", "test"), ("man", "validation")]
    flat = {icon.name: icon for icon in usable("@iconify-json/flat-color-icons", ["open-book", "about"], {}, KNOWN)}
    assert flat["open-book"].split == "train"
    assert flat["about"].split in ("train", "validation", "test")
    assert flat["about"].group == "symbols"


def test_nothing_that_is_tested_is_trained_on() -> None:
    def named(name: str, split: data.Split) -> set[str]:
        titles = data.load_pictures(name, split).titles
        return {title.partition(" ")[2] for title in titles}  # without the hexcode or the set

    held_out = named("emoji", "test") | named("emoji", "validation")
    assert len(held_out & named("icons", "test")) > 50
    assert not held_out & named("icons", "train")


def test_joined_sets_keep_what_both_have() -> None:
    both = data.load_pictures("emoji+icons", "validation", every=50)
    apart = [data.load_pictures(name, "validation", every=50) for name in ("emoji", "icons")]
    assert both.lines is not None
    assert torch.equal(both.lines, torch.cat([part.lines for part in apart if part.lines is not None]))
    assert set(both.labels) == {"group", "skin_tone"}
    assert len(both.labels["group"]) == len(both)
    assert both.paired
    assert data.info("faces+emoji").labels == {}
    assert not data.info("faces+emoji").has_lines
