"""Values of attributes, as an address and a widget name them: "glasses.round_hair-colour.blond"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genlib.query import quote

Values = dict[str, str]  # attribute -> value


def options(offered: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """What each (attribute, value) is called in an address."""
    return {
        f"{attribute.replace('_', '-')}.{value.replace(' ', '-')}": (attribute, value)
        for attribute, values in offered.items()
        for value in values
    }


def read(text: str, offered: Mapping[str, Sequence[str]]) -> tuple[Values, str]:
    """The values that an address names, and a sentence about those that are not offered, or ""."""
    known, parts = options(offered), [part for part in text.split("_") if part]
    unknown = [part for part in parts if part not in known]
    sentence = f"This model knows no {quote(', '.join(unknown))}: choose among what is offered." if unknown else ""
    return dict(known[part] for part in parts if part in known), sentence


def write(values: Mapping[str, str]) -> str:
    return "_".join(options({attribute: [value] for attribute, value in values.items()}))


def title(attribute: str) -> str:
    """hair_colour: Hair colour."""
    return attribute.replace("_", " ").capitalize()


def said(attribute: str, value: str) -> str:
    """In plain words: "no glasses", "hair colour: blond"."""
    name = attribute.replace("_", " ")
    return f"no {name}" if value == "none" else f"{name}: {value}"
