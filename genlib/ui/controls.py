"""A model's own controls: drawn from its schema, and read from an address."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st
from pydantic import ValidationError

from genlib.contract import Controls


def draw(schema: type[Controls], key: str) -> Controls:
    """A widget for each field of `schema`, and the values they show. State lives in session keys "KEY.FIELD"."""
    return schema(**{name: _widget(field, f"{key}.{name}") for name, field in _fields(schema).items()})


def set_state(values: Controls, key: str) -> None:
    """Make the widgets of draw() show `values`. Before draw() in a run."""
    for name, value in values:
        st.session_state[f"{key}.{name}"] = value


def written(values: Controls) -> dict[str, str]:
    """What differs from its default, as parse() reads it in an address."""
    changed = values.model_dump(exclude_defaults=True)
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in changed.items()}


def parse(schema: type[Controls], query: Mapping[str, str]) -> tuple[Controls, list[str]]:
    """Values from an address, and one sentence for each that can't be used (its default stands in)."""
    values, problems = {}, []
    for name, text in query.items():
        if (field := _fields(schema).get(name)) is None:
            problems.append(f"This model has no control called {quote(name)}.")
            continue
        options = {str(option): option for option in field.get("enum", ())}
        try:
            if options:
                schema.model_validate({name: options.get(text, text)})
                values[name] = options[text]
            else:
                values[name] = getattr(schema.model_validate_strings({name: text}), name)
        except ValidationError:
            problems.append(
                f"{_label(field)} must be {_range(field)}, and {quote(text)} is not: {field['default']} stands in."
            )
    return schema(**values), problems


def quote(text: str) -> str:
    """A stranger's words, fit to stand in a sentence that is shown as Markdown."""
    text = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{text[:40]}…`" if len(text) > 40 else f"`{text}`" if text else "nothing"


def _fields(schema: type[Controls]) -> dict[str, dict[str, Any]]:
    return schema.model_json_schema().get("properties", {})


def _label(field: Mapping[str, Any]) -> str:
    title: str = field["title"]
    return title[:1].upper() + title[1:].lower()


def _range(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return "one of " + ", ".join(map(str, field["enum"]))
    if field["type"] == "boolean":
        return "true or false"
    number = "a whole number" if field["type"] == "integer" else "a number"
    return f"{number} from {field['minimum']} to {field['maximum']}"


def _widget(field: Mapping[str, Any], key: str) -> Any:
    st.session_state.setdefault(key, field["default"])
    common: dict[str, Any] = {
        "label": _label(field),
        "help": field.get("description"),
        "key": key,
        "persist_state": "session",
    }
    if "enum" in field:
        if len(field["enum"]) <= 5:
            return st.segmented_control(options=field["enum"], required=True, **common)
        return st.selectbox(options=field["enum"], **common)
    if field["type"] == "boolean":
        return st.toggle(**common)
    number = int if field["type"] == "integer" else float
    low, high = number(field["minimum"]), number(field["maximum"])
    step = field.get("multipleOf") or (1 if number is int else 10 ** math.floor(math.log10((high - low) / 20)))
    # A slider adds up its steps in floating point: 0.1 + 0.2 must not reach the address.
    return number(round(st.slider(min_value=low, max_value=high, step=number(step), **common), 6))
