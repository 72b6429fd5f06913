"""The words that pages explain."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from genlib import catalog, glossary
from genlib.checkpoint import shipped
from genlib.ui import words


@pytest.mark.parametrize("term", glossary.TERMS)
def test_a_meaning_is_one_or_two_plain_sentences(term: str) -> None:
    meaning = glossary.TERMS[term]
    assert 1 <= len(re.findall(r"[.](?: |$)", meaning)) <= 3
    assert meaning[0].isupper()
    assert len(meaning) <= 260


def test_what_must_be_explained_is() -> None:
    assert {"seed", "truncation", "temperature", "FID", "checkpoint"} <= set(glossary.TERMS)


def test_terms_are_found_as_words() -> None:
    assert words.found_in("Its FID, and seeds 0 to 9.") == ("seed", "FID")
    assert words.found_in("seedless, FIDs-like, reseed") == ()


def test_a_term_is_a_button_with_its_meaning_behind_it() -> None:
    html = words.term("FID", "card")
    (key,) = re.findall(r'<button type="button" [^>]*popovertarget="([^"]+)"', html)
    assert f'<span popover id="{key}"' in html
    assert "Lower is better" in html


@pytest.mark.parametrize("name", [name for name, c in catalog.shelf().items() if "Samples" in c.about.capabilities])
def test_a_cards_terms_are_explained_above_it(name: str) -> None:
    def page(name: str) -> None:
        from genlib.checkpoint import shipped
        from genlib.ui import cards

        cards.show(shipped(name))

    at = AppTest.from_function(page, args=(name,)).run()
    assert not at.exception
    explained = [html.proto.body for html in at.get("html")]
    if "FID" in shipped(name).card():
        assert ">FID</button>" in explained[0]
