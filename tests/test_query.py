"""Addresses: what is read from them, what is refused, what is written."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from genlib import query


class Toy(query.Query):
    always = frozenset({"number"})

    number: int = Field(3, ge=0, le=9, description="A number")
    share: float = Field(0.5, ge=0, le=1, description="A share")
    sharp: bool = Field(True, description="A switch")
    source: Literal["a", "b"] = Field("a", alias="from", description="One of two")
    digit: Literal[0, 1] = Field(0, description="A choice of numbers")
    word: str = Field("", max_length=5, description="A text")


@pytest.mark.parametrize(
    "values",
    [
        Toy(),
        Toy(number=9, share=0.25, sharp=False, source="b", digit=1, word="six"),
        Toy(share=1e-7, word="ä & ?"),
    ],
)
def test_what_is_written_is_read_again(values: Toy) -> None:
    assert query.read(Toy, query.write(values)) == query.Reading(values, [], {})


def test_defaults_are_left_out_unless_they_are_always_said() -> None:
    assert query.write(Toy()) == {"number": "3"}
    assert query.write(Toy(source="b", sharp=False)) == {"number": "3", "sharp": "false", "from": "b"}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"number": "10"}, "`number` must be a whole number from 0 to 9, and `10` is not: 3 stands in."),
        ({"number": "1.5"}, "`number` must be a whole number from 0 to 9, and `1.5` is not: 3 stands in."),
        ({"number": ""}, "`number` must be a whole number from 0 to 9, and nothing is not: 3 stands in."),
        ({"number": "9" * 500}, f"`number` must be a whole number from 0 to 9, and `{'9' * 40}…` is not: 3 stands in."),
        ({"share": "nan"}, "`share` must be a number from 0 to 1, and `nan` is not: 0.5 stands in."),
        ({"share": "inf"}, "`share` must be a number from 0 to 1, and `inf` is not: 0.5 stands in."),
        ({"sharp": "perhaps"}, "`sharp` must be true or false, and `perhaps` is not: true stands in."),
        ({"from": "c"}, "`from` must be one of a, b, and `c` is not: a stands in."),
        ({"digit": "2"}, "`digit` must be one of 0, 1, and `2` is not: 0 stands in."),
        ({"word": "longer"}, "`word` must be a text of at most 5 characters, and `longer` is not: nothing stands in."),
    ],
)  # fmt: skip
def test_each_field_refuses_in_one_sentence(told: dict[str, str], sentence: str) -> None:
    reading = query.read(Toy, told)
    assert reading == query.Reading(Toy(), [sentence], {})


def test_bounds_that_are_not_reached_are_said_so() -> None:
    class Rates(query.Query):
        rate: float = Field(0.1, gt=0, le=1, description="A rate")
        decay: float = Field(0.9, ge=0, lt=1, description="A decay")

    assert query.read(Rates, {"rate": "0", "decay": "1"}).problems == [
        "`rate` must be a number above 0 to 1, and `0` is not: 0.1 stands in.",
        "`decay` must be a number from 0 to below 1, and `1` is not: 0.9 stands in.",
    ]


def test_what_is_good_beside_what_is_bad_is_kept() -> None:
    reading = query.read(Toy, {"number": "x", "from": "b", "colour": "red", "source": "b"})
    assert reading.values == Toy(source="b")
    assert len(reading.problems) == 1
    assert reading.rest == {"colour": "red", "source": "b"}  # a field with an alias is known by that alone


def test_values_that_do_not_fit_get_their_defaults() -> None:
    assert query.fit(Toy, {"number": 12, "source": "b", "share": None}) == Toy(source="b")


def test_a_stranger_writes_no_markdown() -> None:
    assert query.quote("![x](http://a.b)\n`") == "`![x](http://a.b)`"


@pytest.mark.parametrize(
    ("typed", "repo", "revision"),
    [
        ("ada/tiny", "ada/tiny", ""),
        (" ada/tiny ", "ada/tiny", ""),
        ("https://huggingface.co/ada/tiny", "ada/tiny", ""),
        ("http://www.huggingface.co/ada/tiny/", "ada/tiny", ""),
        ("huggingface.co/ada/tiny?library=genlib#use", "ada/tiny", ""),
        ("https://hf.co/ada/tiny", "ada/tiny", ""),
        ("https://huggingface.co/ada/tiny/tree/v2", "ada/tiny", "v2"),
        ("https://huggingface.co/ada/tiny/tree/refs%2Fpr%2F1", "ada/tiny", "refs/pr/1"),
        ("https://huggingface.co/ada/tiny/blob/main/config.json", "ada/tiny", "main"),
        ("https://huggingface.co/ada/tiny/resolve/v2/model.safetensors?download=true", "ada/tiny", "v2"),
        # What is no repository's address stays as it is, to be refused.
        ("https://huggingface.co/datasets/ada/tiny", "https://huggingface.co/datasets/ada/tiny", ""),
        ("https://ada:word@huggingface.co/ada/tiny", "https://ada:word@huggingface.co/ada/tiny", ""),
        ("https://elsewhere.org/ada/tiny", "https://elsewhere.org/ada/tiny", ""),
        ("https://huggingface.co.elsewhere.org/a/b", "https://huggingface.co.elsewhere.org/a/b", ""),
        ("dcgan-faces", "dcgan-faces", ""),
    ],
)
def test_a_repository_may_be_pasted_as_an_address(typed: str, repo: str, revision: str) -> None:
    assert query.repository(typed) == (repo, revision)
