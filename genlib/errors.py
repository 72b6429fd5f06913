"""Failures that are expected, each said in one sentence: what is wrong and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


# What pydantic finds wrong, by its name for it, where its own words are for programmers: "NAME must be ...".
WORDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "string_type": "a text",
    "string_pattern_mismatch": "a plain name, such as digits",
    "finite_number": "a finite number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
}


class GenlibError(Exception):
    """An expected failure. Its message is one sentence: what is wrong and what to do about it."""


def problem(error: ValidationError) -> str:
    """The first thing that a schema found wrong, as part of a sentence: "steps must be at least 1"."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    where = plain(".".join(map(str, first["loc"])))
    if first["type"] == "extra_forbidden":
        return f"there is no field {where}"
    if words := WORDS.get(first["type"]):
        bounds = {k: v if isinstance(v, str) else f"{v:,.10g}" for k, v in first.get("ctx", {}).items()}
        return plain(f"{where or 'it'} must be {words.format(**bounds)}", 300)
    said = first["msg"].removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    return plain(f"{where}: {said}" if where else said, 300)


def plain(foreign: object, most: int = 120) -> str:
    """Words of a stranger for a message of ours: short, one line, nothing that a terminal or Markdown would obey."""
    return re.sub(r"[^\w.,:;()'=/ +-]+", " ", str(foreign))[:most]
