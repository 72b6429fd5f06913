"""A page's entry is enough for its address to work: shown on a toy page, with a model and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest


def plain() -> None:
    """A page without a model."""
    from typing import Literal

    import streamlit as st
    from pydantic import Field

    from genlib.query import Query
    from genlib.ui.address import Address
    from genlib.ui.pages import PageSpec

    class ToyQuery(Query):
        always = frozenset({"rate"})
        rate: int = Field(3, ge=0, le=9, description="A rate")
        game: Literal["mild", "wild"] = Field("mild", description="A game")

    toy = PageSpec("toy", "Toy", "pages/toy.py", ToyQuery)
    address = Address(toy)
    address.restore()
    st.number_input("Rate", *address.bounds("rate"), step=1, key=toy.widget("rate"), persist_state="session")
    st.selectbox("Game", ["mild", "wild"], key=toy.widget("game"), persist_state="session")
    st.button("Wish", on_click=address.want, args=({"rate": "7"},))
    for problem in address.publish().problems:
        st.warning(problem)


def of_a_model() -> None:
    """A page with a model, which takes any sampler of pictures."""
    import streamlit as st
    from pydantic import Field

    from genlib.contract import Samples
    from genlib.query import ModelQuery
    from genlib.spaces import Pictures
    from genlib.ui.model_page import ModelPage
    from genlib.ui.pages import PageSpec

    class ToyQuery(ModelQuery):
        always = frozenset({"model", "rate"})
        keeps = frozenset({"rate"})
        rate: int = Field(3, ge=0, le=9, description="A rate")

    toy = PageSpec(
        "toy", "Toy", "pages/toy.py", ToyQuery, Samples, (Pictures,), "does not play: choose another", "gan-digits"
    )
    page = ModelPage(toy)
    checkpoint, row = page.pick()
    with row:
        st.number_input("Rate", *page.bounds("rate"), step=1, key=page.key("rate"), persist_state="session")
        values = page.controls()
        page.hub()
    shown = page.publish()
    st.session_state.seen = (checkpoint.name, shown.rate, values.model_dump(), page.address.url())


def visit(page: Callable[[], None], **query: str) -> AppTest:
    at = AppTest.from_function(page, default_timeout=120)
    for name, text in query.items():
        at.query_params[name] = text
    at.run()
    assert not at.exception
    return at


def test_an_address_is_read_written_and_followed() -> None:
    at = visit(plain, rate="5", game="wild")
    assert (at.number_input[0].value, at.selectbox[0].value) == (5, "wild")
    assert not at.warning
    at.number_input[0].set_value(6).run()
    assert at.query_params == {"rate": "6", "game": "wild"}
    at.selectbox[0].select("mild").run()
    assert at.query_params == {"rate": "6"}  # a default is not said, unless it always is
    at.query_params.clear()
    at.query_params["game"] = "wild"  # Back, or another link
    at.run()
    assert (at.number_input[0].value, at.selectbox[0].value) == (3, "wild")
    at.button[0].click().run()
    assert at.number_input[0].value == 7
    assert at.query_params == {"rate": "7"}


def test_a_widget_that_is_touched_before_the_browser_knows_its_address_is_not_set_back() -> None:
    at = visit(plain, rate="5", game="wild")
    at.number_input[0].set_value(6).run()
    assert at.query_params == {"rate": "6", "game": "wild"}
    at.query_params["rate"] = "5"  # what the browser showed until now comes with the next touch
    at.selectbox[0].select("mild").run()
    assert (at.number_input[0].value, at.selectbox[0].value) == (6, "mild")
    assert at.query_params == {"rate": "6"}
    at.query_params.update({"rate": "6", "game": "wild"})  # the same address, and nothing touched: that is Back
    at.run()
    assert (at.number_input[0].value, at.selectbox[0].value) == (6, "wild")
    at = visit(of_a_model, model="vae-digits", rate="5")
    at.slider[0].set_value(0.7).run()
    del at.query_params["temperature"]
    at.number_input[0].set_value(6).run()
    assert at.query_params == {"model": "vae-digits", "rate": "6", "temperature": "0.7"}


def test_an_address_that_was_only_read_stays() -> None:
    assert visit(plain).query_params == {}
    assert visit(plain, game="wild").query_params == {"game": "wild"}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"rate": "10"}, "`rate` must be a whole number from 0 to 9, and `10` is not: 3 stands in."),
        ({"game": "tame"}, "`game` must be one of mild, wild, and `tame` is not: mild stands in."),
        ({"colour": "red"}, "This page has nothing called `colour`."),
    ],
)
def test_what_cannot_be_had_is_said_until_something_changes(query: dict[str, str], sentence: str) -> None:
    at = visit(plain, **query)
    assert [warning.value for warning in at.warning] == [sentence]
    at.run()
    assert [warning.value for warning in at.warning] == [sentence]
    at.number_input[0].set_value(6).run()
    assert not at.warning


def test_a_model_is_chosen_by_what_the_page_needs() -> None:
    at = visit(of_a_model)
    assert at.selectbox[0].value == "gan-digits"
    names = [option.rpartition(" · ")[2] for option in at.selectbox[0].options]
    assert "vae-digits" in names
    assert not {"classifier-digits", "pix2pix-sketch"} & set(names)


def test_a_model_with_its_controls_is_read_written_and_followed() -> None:
    at = visit(of_a_model, model="vae-digits", rate="5", temperature="0.5")
    assert not at.warning
    name, rate, values, url = at.session_state.seen
    assert (name, rate, values) == ("vae-digits", 5, {"temperature": 0.5})
    assert url.endswith("?model=vae-digits&rate=5&temperature=0.5")
    at.slider[0].set_value(0.7).run()
    assert at.query_params == {"model": "vae-digits", "rate": "5", "temperature": "0.7"}
    at.selectbox[0].select("gan-digits").run()
    assert at.query_params == {"model": "gan-digits", "rate": "5"}


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ({"model": "classifier-digits", "rate": "5"}, ["classifier-digits does not play: choose another."]),
        (
            {"model": "vae-digits", "rate": "5", "colour": "red"},
            ["This model has no control called `colour`."],
        ),
        (
            {"model": "classifier-digits", "rate": "50", "colour": "red"},  # the last means nothing for another model
            [
                "classifier-digits does not play: choose another.",
                "`rate` must be a whole number from 0 to 9, and `50` is not: 3 stands in.",
            ],
        ),
    ],
)
def test_what_cannot_be_had_of_a_model(query: dict[str, str], sentences: list[str]) -> None:
    at = visit(of_a_model, **query)
    assert [warning.value for warning in at.warning] == sentences
    assert at.number_input[0].value == (5 if query["rate"] == "5" else 3)


def test_back_counts_where_a_run_before_it_was_interrupted() -> None:
    """Two times Back, quickly: the first one's run has ended before it came to all of its widgets."""
    at = visit(plain, rate="3")
    at.session_state["toy.of.model.control"] = 1.0
    at.number_input[0].set_value(5).run()
    del at.session_state["toy.of.model.control"]
    at.query_params["rate"] = "3"
    at.run()
    assert not at.exception
    assert at.number_input[0].value == 3
