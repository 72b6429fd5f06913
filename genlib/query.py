"""What an address says: a pydantic model for each page, read from what strangers type and written back.

>>> class Query(query.Query):
...     seed: int = Field(0, ge=0, le=99, description="First seed")
>>> query.read(Query, {"seed": "7"}).values
Query(seed=7)
>>> query.read(Query, {"seed": "x"}).problems
['`seed` must be a whole number from 0 to 99, and `x` is not: 0 stands in.']

An address says everything: what it leaves out has its default, whatever was shown before. A model's Controls are read
and written in the same way. Imports neither torch nor streamlit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)  # user/repo
# As it is copied from a browser. What a password could stand in (https://user:token@...) is no such address.
_PASTED = re.compile(
    rf"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/({HUB.pattern})/?(?:(?:tree|blob|resolve)/([^/?#]+)[^?#]*)?"
    r"(?:[?#].*)?",
    re.ASCII,
)
LONGEST = 200  # characters of a text in an address


class Query(BaseModel):
    """The parameters of a page's address.

    Every field has a default, a description and bounds: a number, a boolean, a Literal, or a text of a largest length.
    Its name, or its alias where the name would be a keyword of Python, is the parameter's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    always: ClassVar[frozenset[str]] = frozenset()  # fields that are written even where they have their defaults

    @classmethod
    def beside(cls, parameters: Mapping[str, str]) -> type[Query]:
        """The same parameters, with the bounds that they have where the others are these."""
        return cls

    @classmethod
    def parameter(cls, field: str) -> str:
        """What a field is called in the address."""
        return cls.model_fields[field].alias or field

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return tuple(map(cls.parameter, cls.model_fields))


class ModelQuery(Query):
    """The parameters of a page that shows one model; its controls come on top of them."""

    keeps: ClassVar[frozenset[str]] = frozenset()  # fields that another model takes over; the rest gets defaults

    model: str = Field("", max_length=LONGEST, description="A checkpoint, or user/repo of the Hugging Face Hub")
    revision: str = Field("", max_length=LONGEST, description="Of a repository: a branch, a tag or a commit")

    @property
    def name(self) -> str:
        """Of the checkpoint: what Checkpoint.name says."""
        return joined(self.model, self.revision)

    @classmethod
    def narrowed(cls, checkpoint: Checkpoint) -> type[ModelQuery]:
        """The same parameters, with the bounds and defaults that they have for a model."""
        return cls


Q = TypeVar("Q", bound=Query)
M = TypeVar("M", bound=ModelQuery)
S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Reading(Generic[S]):
    """What was read.

    values     of the schema, its defaults for what could not be had
    problems   a sentence for each of those
    rest       parameters that the schema does not have
    """

    values: S
    problems: list[str]
    rest: dict[str, str]


def read(schema: type[S], query: Mapping[str, str]) -> Reading[S]:
    """The values that the parameters `query` give to `schema`."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    rest: dict[str, str] = {}
    for name, text in query.items():
        if (field := fields(schema).get(name)) is None:
            rest[name] = text
            continue
        options = {_said(option): option for option in choices(field)}
        try:
            if options:
                values[name] = options[text]
            else:
                values |= schema.model_validate_strings({name: text}).model_dump(by_alias=True, exclude_unset=True)
        except (KeyError, ValidationError):
            default = _said(field["default"]) or "nothing"
            problems.append(f"`{name}` must be {bounds(field)}, and {quote(text)} is not: {default} stands in.")
    return Reading(schema.model_validate(values), problems, rest)


def fit(schema: type[S], values: Mapping[str, Any]) -> S:
    """The values by field, and the default for each that the schema does not allow."""
    fitting = {}
    for field, value in values.items():
        with suppress(ValidationError):
            fitting[field] = getattr(schema.model_validate({field: value}), field)
    return schema.model_validate(fitting)


def write(values: BaseModel) -> dict[str, str]:
    """The parameters that read() makes `values` of."""
    always = values.always if isinstance(values, Query) else frozenset()
    changed = values.model_dump(exclude_defaults=True)
    return {
        info.alias or field: _said(getattr(values, field))
        for field, info in type(values).model_fields.items()
        if field in changed or field in always
    }


@dataclass(frozen=True)
class Hub:
    """A model of the Hub that an address asks for and that is not open yet."""

    repo: str
    revision: str


def repository(text: str) -> tuple[str, str]:
    """Repository and revision ("": none is said) of what somebody typed or pasted: an address of the Hub says both."""
    text = text.strip()
    found = _PASTED.fullmatch(text)
    return (found[1], unquote(found[2] or "")) if found else (text, "")


def joined(model: str, revision: str) -> str:
    return f"{model}@{revision}" if revision else model


def parted(name: str) -> tuple[str, str]:
    """Model and revision of a checkpoint's name."""
    model, _, revision = name.partition("@")
    return model, revision


def quote(text: str) -> str:
    """A stranger's words, fit to stand in a sentence that is shown as Markdown."""
    text = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{text[:40]}…`" if len(text) > 40 else f"`{text}`" if text else "nothing"


@lru_cache(maxsize=256)
def fields(schema: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Parameter -> its part of the JSON schema."""
    found: dict[str, dict[str, Any]] = schema.model_json_schema().get("properties", {})
    return found


def choices(field: Mapping[str, Any]) -> tuple[Any, ...]:
    """The options of a Literal; none for anything else."""
    return (field["const"],) if "const" in field else tuple(field.get("enum", ()))


def bounds(field: Mapping[str, Any]) -> str:
    """What a value may be, as part of a sentence."""
    if options := choices(field):
        return f"one of {', '.join(map(_said, options))}" if len(options) > 1 else _said(options[0])
    match field["type"]:
        case "boolean":
            return "true or false"
        case "string":
            return f"a text of at most {field['maxLength']} characters"
        case kind:
            number = "a whole number" if kind == "integer" else "a number"
            low = f"from {field['minimum']}" if "minimum" in field else f"above {field['exclusiveMinimum']}"
            high = f"to {field['maximum']}" if "maximum" in field else f"to below {field['exclusiveMaximum']}"
            return f"{number} {low} {high}"


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
