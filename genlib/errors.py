"""Failures that are expected, each said in one sentence: what is wrong and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


class GenlibError(Exception):
    """An expected failure. Its message is one sentence: what is wrong and what to do about it."""


def problem(error: ValidationError) -> str:
    """The first thing that a schema found wrong, as part of a sentence: "steps: input should be greater than 0"."""
    first: Any = error.errors(include_url=False, include_input=False)[0]
    where = plain(".".join(map(str, first["loc"])))
    if first["type"] == "extra_forbidden":
        return f"there is no field {where}"
    said = first["msg"].removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    return plain(f"{where}: {said}" if where else said, 300)


def plain(foreign: object, most: int = 120) -> str:
    """Words of a stranger for a message of ours: short, one line, nothing that a terminal or Markdown would obey."""
    return re.sub(r"[^\w.,:;()'=/ +-]+", " ", str(foreign))[:most]
