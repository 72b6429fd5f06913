"""Runs beside the one of the form, on the same data from the same seed: as one text in the address, and by name.

>>> [lane.settings["bound"] for lane in read("wgan bound=clip; wgan bound=none")]
['clip', 'none']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import catalog, query
from genlib.errors import GenlibError
from genlib.lab import offers
from genlib.ui.lab.query import TrainQuery
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.experiment import Task

KEY = TRAIN.widget
MOST = 4  # runs side by side
BETWEEN = "; "
SHARED = ("data", "steps", "seed")  # what all runs side by side have of the form's recipe
# Fields of the address that say nothing of a single one of several runs.
COMMON = frozenset({*SHARED, "lesson", "model", "budget", "weights", "also"})
NAMED = 3  # settings at most in a name


def written(asked: TrainQuery) -> str:
    """One run: its model, and what it has otherwise than the model has by itself."""
    plain = TrainQuery.beside({"model": asked.model})
    own = query.write(plain.model_validate(asked.model_dump() | {"lesson": "free"}))
    return " ".join([asked.model, *(f"{name}={text}" for name, text in own.items() if name not in COMMON)])


def read(text: str, room: int = MOST) -> list[TrainQuery]:
    """The runs of such a text, which a stranger may have written. GenlibError: what it asks for cannot be had."""
    found = [_read(one) for one in _parts(text)]
    if len(found) > room:
        raise GenlibError(f"At most {MOST} runs go side by side: take {len(found) - room} of them away.")
    return found


def count(text: str) -> int:
    """How many runs such a text asks for."""
    return len(_parts(text))


def _parts(text: str) -> list[str]:
    return [one for part in text.split(BETWEEN.strip()) if (one := part.strip())]


def _read(text: str) -> TrainQuery:
    model, *pairs = text.split()
    if model not in offers.of_points():
        raise GenlibError(f"Beside it, {query.quote(model)} learns no points: {', '.join(offers.of_points())} do.")
    asked = dict(pair.partition("=")[::2] for pair in pairs)
    own = {name: said for name, said in asked.items() if name not in COMMON}
    reading = query.read(TrainQuery.beside({"model": model}), own)
    unknown = [name for name in asked if name not in own or name in reading.rest]
    for problem in (*reading.problems, *(f"A {model} has nothing called {query.quote(name)}." for name in unknown)):
        raise GenlibError(f"Beside it: {problem}")
    return reading.values


def named(runs: Sequence[tuple[Task, str]]) -> list[tuple[Task, str]]:
    """Runs with what each is called; who has no name yet has it from what it has otherwise than the others."""
    if len(runs) == 1:
        return list(runs)
    settings = [_settings(task) for task, _ in runs]
    models = {task.model for task, _ in runs}
    found = []
    for (task, called), own in zip(runs, settings, strict=True):
        kin = [other for (of, _), other in zip(runs, settings, strict=True) if of.model == task.model]
        other = {name: value for name, value in own.items() if any(one[name] != value for one in kin)}
        title = [_title(task.model)] if len(models) > 1 or not other else []
        found.append((task, called or ", ".join([*title, *([words(other)] if other else [])])))
    return found


def words(settings: Mapping[str, Any]) -> str:
    """Settings with their values, as a person reads them; a choice says more than a number, and comes first."""
    first = sorted(settings.items(), key=lambda one: not isinstance(one[1], str))
    said = [f"{name.replace('_', ' ')} {_said(value)}" for name, value in first]
    return ", ".join(said[:NAMED]) + (" …" if len(said) > NAMED else "")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _settings(task: Task) -> dict[str, Any]:
    of = task.recipe
    common = {"batch": of.batch_size, "ema": of.ema, "cooldown": of.cooldown}
    return {**task.config.model_dump(exclude={"space"}), **of.training, **common}


def _title(model: str) -> str:
    about = catalog.about(model)
    return about.short or about.title


# --- On the page ---


def choose(asked: TrainQuery, taken: int) -> None:
    """Set the settings of the form beside, or take such away. `taken`: runs that there are anyway."""
    kept = _parts(asked.also)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            "Set these beside",
            on_click=_put,
            args=([*kept, written(asked)],),
            key=KEY("lanes.add"),
            icon=":material/view_column:",
            disabled=taken + len(kept) >= MOST,
            help=f"Keep these settings for a run beside the one you set next; up to {MOST} run from the same seed and "
            "data",
        )
        for i, text in enumerate(kept):
            st.button(
                _label(text),
                on_click=_put,
                args=(kept[:i] + kept[i + 1 :],),
                key=KEY(f"lanes.{i}"),
                icon=":material/close:",
                help="Take it away",
            )
    if kept:
        more = " Now change a setting above, or the model." if written(asked) in kept else ""
        st.caption(f"Beside the run of the settings above, from the same seed and data.{more}")


def _label(text: str) -> str:
    try:
        lane = _read(text)
    except GenlibError:
        return query.quote(text)
    plain = TrainQuery.beside({"model": lane.model})()
    changed = {k: v for k, v in lane.model_dump().items() if v != getattr(plain, k) and k not in COMMON}
    return f"{_title(lane.model)}: {words(changed) or 'as it comes'}"


def _put(kept: Sequence[str]) -> None:
    st.session_state[KEY("also")] = BETWEEN.join(kept)
