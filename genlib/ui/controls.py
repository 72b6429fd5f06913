"""A widget for each of a model's own controls, drawn from its schema. State lives in session keys "KEY.FIELD"."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import streamlit as st

from genlib import query
from genlib.contract import Controls
from genlib.glossary import gloss

K = TypeVar("K", bound=Controls)


def draw(schema: type[K], key: str) -> K:
    """A widget for each field of `schema`, and the values they show."""
    return schema(**{name: _widget(field, f"{key}.{name}") for name, field in query.fields(schema).items()})


def values(schema: type[K], key: str) -> K:
    """What the widgets of draw() show, or will show."""
    state = st.session_state
    return query.fit(schema, {name: _tidy(state[k]) for name in schema.model_fields if (k := f"{key}.{name}") in state})


def set_state(values: Controls, key: str) -> None:
    """Make the widgets of draw() show `values`. Before draw() in a run."""
    for name, value in values:
        st.session_state[f"{key}.{name}"] = value


def choice(label: str, key: str, names: Mapping[Any, str], options: Iterable[Any] | None = None, **more: Any) -> None:
    """A widget in which one of a few is chosen, always: of `options`, or of all that have `names`."""
    st.segmented_control(
        label,
        list(names if options is None else options),
        format_func=names.__getitem__,
        required=True,
        key=key,
        persist_state="session",
        **more,
    )


def label(field: Mapping[str, Any]) -> str:
    title: str = field["title"]
    return title[:1].upper() + title[1:].lower()


def _widget(field: Mapping[str, Any], key: str) -> Any:
    st.session_state.setdefault(key, field["default"])
    common: dict[str, Any] = {
        "label": label(field),
        "help": " ".join(filter(None, (field.get("description"), gloss(key.rpartition(".")[2])))),
        "key": key,
        "persist_state": "session",
    }
    if options := query.choices(field):
        if len(options) <= 5:
            return st.segmented_control(options=options, required=True, **common)
        return st.selectbox(options=options, **common)
    if field["type"] == "boolean":
        return st.toggle(**common)
    number = int if field["type"] == "integer" else float
    low, high = number(field["minimum"]), number(field["maximum"])
    step = field.get("multipleOf") or (1 if number is int else 10 ** math.floor(math.log10((high - low) / 20)))
    return _tidy(st.slider(min_value=low, max_value=high, step=number(step), **common))


def _tidy(value: Any) -> Any:
    """A slider adds up its steps in floating point: 0.1 + 0.2 must not reach the address."""
    return round(value, 6) if isinstance(value, float) else value
