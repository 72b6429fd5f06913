"""Keeps a page's widgets and the browser's address in step: the one says what the other shows.

A field of the page's query is the state of the widget with the session key "PAGE.FIELD".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import urlencode

import streamlit as st

from genlib import catalog, query
from genlib.errors import GenlibError
from genlib.query import Hub, M, Q
from genlib.ui import controls
from genlib.ui.pages import PageSpec

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

# Writes what a page shows into a bare address, in its place in the browser's history: what the server writes is one
# more entry there, and Back would lead to the bare one.
_FILL = """
export default function ({ data }) {
  const bare = location.pathname.endsWith(`/${data.page}`) && !location.search;
  if (data.query && bare) history.replaceState(history.state, "", `?${data.query}${location.hash}`);
}
"""
_component = st.components.v2.component("genlib.address", js=_FILL)


@dataclass(frozen=True)
class Unmet:
    """What could not be had of an address.

    problems   a sentence each
    hub        the model of the Hub that it waits for
    """

    problems: tuple[str, ...] = ()
    hub: Hub | None = None


@dataclass(frozen=True)
class _News:
    """Parameters that the widgets are to be brought into line with.

    wish       whether the page itself asks for them, so that the browser does not show them yet
    name       of the checkpoint that is shown for them
    stands_in  whether they ask for another one
    """

    parameters: dict[str, str]
    wish: bool
    name: str = ""
    stands_in: bool = False
    unmet: Unmet = Unmet()


class Address(Generic[Q]):
    """Of one page. It calls restore() before its widgets and publish() after them."""

    def __init__(self, spec: PageSpec[Q]) -> None:
        self.spec = spec
        self.schema: type[Q] = spec.query
        # standing  the parameters that the browser showed when the widgets were last in line with it
        # written   what the widgets were then, as parameters; None: they are to be written in any case
        # before    what stood in the browser until the last write, and the state of the widgets then
        self._standing, self._written, self._before, self._unmet, self._wanted, self._fill = (
            spec.widget(f"_{part}") for part in ("standing", "written", "before", "unmet", "wanted", "fill")
        )

    def bounds(self, field: str) -> tuple[Any, Any]:
        """The smallest and the largest value of a number."""
        found = query.fields(self.schema)[self.schema.parameter(field)]
        return found["minimum"], found["maximum"]

    def options(self, field: str) -> tuple[Any, ...]:
        """What a field may be that is a choice among a few."""
        return query.choices(query.fields(self.schema)[self.schema.parameter(field)])

    @property
    def values(self) -> Q:
        """What the widgets show."""
        return self.schema.model_validate(
            {field: st.session_state[self.spec.widget(field)] for field in self._fields()}
        )

    def parameters(self) -> dict[str, str]:
        """What the widgets show, as it stands in an address."""
        return query.write(self.values)

    def url(self) -> str:
        """The whole address of what the widgets show."""
        return f"{(st.context.url or '').partition('?')[0]}?{_encoded(self.parameters())}"

    def restore(self) -> None:
        """Bring the widgets into line with the address, unless it is the one that they stand for."""
        news = self._look()
        if news is None:
            shown = {self.schema.parameter(f): str(st.session_state[self.spec.widget(f)]) for f in self._fields()}
            self.schema = self.spec.query.beside(shown)  # type: ignore[assignment]
        else:
            self.schema = self.spec.query.beside(news.parameters)  # type: ignore[assignment]
            reading = query.read(self.schema, news.parameters)
            unknown = (f"This page has nothing called {query.quote(name)}." for name in reading.rest)
            self._show(reading.values)
            self._took(news, Unmet((*reading.problems, *unknown)))

    def publish(self) -> Unmet:
        """Write what is shown into the address when it changed; what could not be had of an address that still stands.

        An address that was only read stays as it is: rewriting it would be one more entry in the browser's history,
        and Back would lead to it and forth again. A bare one, as the navigation's links have, is filled in.
        """
        state, address = st.session_state, self.parameters()
        fills = not st.query_params.to_dict() and state[self._written] in (None, address)
        with st.container(key=f"address-{self.spec.key}"):
            _component(data={"page": self.spec.key, "query": _encoded(address) if fills else ""}, key=self._fill)
        if fills:
            state[self._standing] = state[self._written] = address
        else:
            self.write()
        unmet: Unmet = state[self._unmet]
        return unmet

    def write(self) -> None:
        """The same from within a fragment, which runs after publish() did."""
        state, address = st.session_state, self.parameters()
        if address == state[self._written]:
            return
        if address != st.query_params.to_dict():
            st.query_params.from_dict(address)
        if state[self._written] is not None:
            state[self._unmet] = Unmet()
        state[self._before] = state[self._standing], self._touched()
        state[self._standing] = state[self._written] = address

    def want(self, parameters: Mapping[str, str]) -> None:
        """Have the next run show what an address with these would."""
        st.session_state[self._wanted] = dict(parameters)

    def _fields(self) -> Iterable[str]:
        """Those that a widget shows."""
        return self.schema.model_fields

    def _look(self, standing: bool = True) -> _News | None:
        """What is new; None where the widgets stand. `standing`: whether what they show can still be shown."""
        state, asked = st.session_state, st.query_params.to_dict()
        wanted: dict[str, str] | None = state.pop(self._wanted, None)
        stood = wanted is None and self._standing in state and standing
        # A bare address is that of a link to the page, where something always stands in it. And who is quick touches a
        # widget before the browser has heard of the last write: by Back comes the same address, and no widget changes.
        # That some are gone is no touch: a run that was interrupted by Back did not come to them.
        before, then = state.get(self._before, (None, {}))
        now = self._touched()
        late = asked == before and any(now[key] != value for key, value in then.items() if key in now)
        if stood and (asked == state[self._standing] or late or (not asked and self.schema.always)):
            return None
        state[self._standing] = asked
        return _News(asked if wanted is None else wanted, wish=wanted is not None)

    def _touched(self) -> dict[str, Any]:
        """The state of all widgets that stand in the address, those of a model's controls too."""
        fields, of_model = set(map(self.spec.widget, self.spec.query.model_fields)), self.spec.widget("of.")
        return {str(k): v for k, v in st.session_state.items() if k in fields or str(k).startswith(of_model)}

    def _show(self, values: Q) -> None:
        """As the widgets' state; one that shows it already is left alone, since the visitor may be at it."""
        state = st.session_state
        for field in self._fields():
            key, value = self.spec.widget(field), getattr(values, field)
            if key not in state or state[key] != value:
                state[key] = value

    def _took(self, news: _News, unmet: Unmet) -> None:
        """The widgets now show `news`, but for what is unmet."""
        st.session_state[self._written] = None if news.wish else self.parameters()
        st.session_state[self._unmet] = unmet


class ModelAddress(Address[M]):
    """Of a page that shows one model, chosen in a picker. It calls choose() before the picker and settle() after it.

    Between the two lies the import of torch. What the address says beside the model means something for its model
    alone, so it waits for settle().
    """

    def __init__(self, spec: PageSpec[M]) -> None:
        super().__init__(spec)
        self.picker = spec.widget("model")
        self._news = spec.widget("_news")
        self._checkpoint: Checkpoint | None = None

    @property
    def values(self) -> M:
        model, revision = query.parted(st.session_state[self.picker])
        return super().values.model_copy(update={"model": model, "revision": revision})

    def parameters(self) -> dict[str, str]:
        assert self._checkpoint  # settle() was called
        of_model = controls.values(self._checkpoint.controls, self.controls_key)
        return query.write(self.values) | query.write(of_model)

    @property
    def controls_key(self) -> str:
        """What the session keys of the model's controls begin with: checkpoints of one model share their state."""
        assert self._checkpoint
        return self.spec.widget(f"of.{self._checkpoint.spec.model}")

    def kept(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Those that another model takes over."""
        keeps = {self.schema.parameter(field) for field in self.schema.keeps}
        return {name: text for name, text in parameters.items() if name in keeps}

    def choose(self, names: Iterable[str], default: str) -> None:
        """Have the picker show the address's model, one of `names`; `default` stands in for any other."""
        state, names = st.session_state, list(names)
        news = self._look(standing=state.get(self.picker) in names)
        if news is None:
            return
        rest = dict(news.parameters)
        model, said = query.repository(rest.pop("model", ""))
        revision = rest.pop("revision", "") or said
        name = query.joined(model, revision) if model else default
        if name in names:
            news = replace(news, parameters=rest, name=name)
        else:
            hub = query.HUB.fullmatch(model)
            unmet = Unmet(hub=Hub(model, revision)) if hub else Unmet((_trouble(self.spec, model, names),))
            news = replace(news, parameters=self.kept(rest), name=default, stands_in=True, unmet=unmet)
        state[self.picker], state[self._news] = news.name, news

    def settle(self, checkpoint: Checkpoint) -> None:
        """Have the other widgets show what the address says; what does not fit the model gets its default."""
        state = st.session_state
        self._checkpoint, self.schema = checkpoint, self.spec.query.narrowed(checkpoint)  # type: ignore[assignment]
        news: _News | None = state.pop(self._news, None)
        if news is None:
            self._show(
                query.fit(self.schema, {f: state[k] for f in self._fields() if (k := self.spec.widget(f)) in state})
            )
            return
        if news.name != checkpoint.name:  # the visitor chose it while the other one's code was imported
            news = replace(news, parameters=self.kept(news.parameters), stands_in=True, wish=True, unmet=Unmet())
        reading = query.read(self.schema, news.parameters)
        # Bounds of another model than the one that was asked for are nobody's problem.
        problems = query.read(self.spec.query, news.parameters).problems if news.stands_in else reading.problems
        of_model = query.read(checkpoint.controls, {} if news.stands_in else reading.rest)
        unknown = (f"This model has no control called {query.quote(name)}." for name in of_model.rest)
        self._show(reading.values)
        controls.set_state(of_model.values, self.controls_key)
        self._took(news, replace(news.unmet, problems=(*news.unmet.problems, *problems, *of_model.problems, *unknown)))

    def _fields(self) -> Iterable[str]:
        return [field for field in self.schema.model_fields if field not in ("model", "revision")]


def _encoded(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, safe="/")


def _trouble(spec: PageSpec[Any], name: str, names: Iterable[str]) -> str:
    """Why the checkpoint `name` can't be shown."""
    from genlib.checkpoint import NAME, shipped

    if not re.fullmatch(NAME, name) or not (catalog.CHECKPOINTS / name).exists():
        return f"There is no checkpoint called {query.quote(name)}: choose one of {', '.join(names)}."
    try:
        shipped(name)
    except GenlibError as error:
        return str(error)
    return f"{name} {spec.lacks}."
