"""The pages as one list: what each shows, what its address may say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from genlib import catalog, checkpoint, contract, query
from genlib.contract import Recipe
from genlib.sketch import Steps
from genlib.ui import pages
from genlib.ui.pages import PAGES, OfPictures, OfPoints, OfSteps, PageSpec, TranslateQuery

ROOT = Path(__file__).parents[2]
QUERIES = [*(page.query for page in PAGES), OfPictures, OfPoints, OfSteps, pages._narrowed(("a", "b"), True)]
CHOOSING = [page for page in PAGES if page.needs]


@pytest.mark.parametrize("schema", QUERIES, ids=lambda schema: schema.__name__)
def test_each_field_is_described_bounded_and_refuses_nonsense_in_one_sentence(schema: type[query.Query]) -> None:
    for name, field in query.fields(schema).items():
        assert field["description"]
        assert query.bounds(field)  # KeyError: it has none
        nonsense = "x" * (field.get("maxLength", query.LONGEST) + 1)
        (sentence,) = query.read(schema, {name: nonsense}).problems
        assert sentence.startswith(f"`{name}` must be ")
        assert sentence.endswith(" stands in.")
        assert sentence.count(". ") == 0
    assert query.read(schema, query.write(schema())) == query.Reading(schema(), [], {})


def test_every_page_has_its_file_and_every_file_its_page() -> None:
    assert sorted(page.file for page in PAGES) == sorted(f"pages/{p.name}" for p in (ROOT / "pages").glob("*.py"))
    assert len({page.key for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.key)
def test_a_page_that_is_run_on_its_own_brings_itself_into_the_frame(page: PageSpec[Any]) -> None:
    """Once: so Streamlit runs it where a deep link is the first request to a server. browser/test_frame.py sees it."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.switch_page(page.file)
    at.query_params["from"] = "a letter"
    at.run()
    assert not at.exception
    (title,) = at.title
    assert re.search(rf'frame\.heading\(\s*"{title.value}"', (ROOT / page.file).read_text())
    told = [json.loads(component.proto.json or "{}") for component in at.get("bidi_component")]
    assert sum("pages" in data for data in told) == 1
    assert at.query_params["from"] == "a letter"


@pytest.mark.parametrize("page", CHOOSING, ids=lambda page: page.key)
def test_the_default_is_shipped_and_shown_there(page: PageSpec[Any]) -> None:
    assert page.default in page.shelf()
    assert page.lacks


@pytest.mark.parametrize("name", catalog.model_names())
def test_names_say_what_classes_can_do(name: str) -> None:
    """A page is chosen by names, before torch is there: they must agree with what the class inherits."""
    cls = catalog.model_class(name)
    for page in CHOOSING:
        assert page.needs is not None
        assert page.fits(catalog.about(name), "pictures") == issubclass(cls, page.needs), page.key


def test_a_model_opens_on_the_first_page_that_shows_it() -> None:
    assert pages.page_of("gan", "points") is pages.page_of("dcgan", "pictures") is pages.SAMPLE
    assert pages.page_of("pix2pix", "pictures") is pages.TRANSLATE
    assert pages.page_of("pix2pix", "points") is None
    assert pages.page_of("classifier", "pictures") is None


def test_the_names_that_addresses_use_follow_from_the_queries() -> None:
    """test_contract.py keeps the controls of models off them."""
    assert {
        "model",
        "revision",
        "seed",
        "n",
        "view",
        "from",
        "way",
        "example",
        "answer",
        "crop",
    } <= pages.reserved_names()
    assert "source" not in pages.reserved_names()  # it has an alias


def test_the_steps_of_a_sketch_are_in_the_address() -> None:
    for field in fields(Steps):
        assert TranslateQuery.model_fields[field.name].default == field.default


@pytest.mark.parametrize(
    ("model", "config", "schema"),
    [
        ("gan", {}, OfPictures),
        ("gan", {"space": {"kind": "points"}}, OfPoints),
        ("fvsbn", {}, OfSteps),
        ("fvsbn", {"space": {"kind": "points"}}, None),
    ],
)
def test_bounds_follow_the_model(tmp_path: Path, model: str, config: dict[str, Any], schema: type | None) -> None:
    cls = catalog.model_class(model)
    if schema is None:
        with pytest.raises(ValueError, match="space"):
            cls.Config(**config)
        return
    made = cls.Config(**config)
    found = checkpoint.Checkpoint(tmp_path, checkpoint.Spec(model=model, config={}, recipe=Recipe(data="digits")),
                                  made, cls.Training())  # fmt: skip
    assert pages.SAMPLE.query.narrowed(found) is schema
    assert pages.SAMPLE.takes(found)


def test_the_list_of_pages_costs_no_torch_and_no_streamlit() -> None:
    heavy = ["torch", "streamlit", "plotly", "pandas", "skimage", "huggingface_hub"]
    code = (
        "import sys; from genlib.ui.pages import PAGES; [page.shelf() for page in PAGES];"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_page_imports_nothing_that_it_does_not_need() -> None:
    """Streamlit imports pandas for a list or dict that it is told; what is for training or the Hub waits for that."""
    ways: list[tuple[PageSpec[Any], dict[str, str]]] = [(page, {}) for page in CHOOSING]
    ways += [
        (pages.SAMPLE, {"model": "rbm-digits", "view": "steps"}),
        (pages.LATENT, {"model": "vae2d-digits", "part": "plane"}),
        (pages.LIKELIHOOD, {"model": "fvsbn-digits", "part": "pixels"}),
        (pages.LIKELIHOOD, {"model": "realnvp-moons"}),
        (pages.TRAIN, {}),
    ]
    code = f"""
import sys
from streamlit.testing.v1 import AppTest

for page, query in {[(str(ROOT / page.file), query) for page, query in ways]!r}:
    at = AppTest.from_file(page, default_timeout=120)
    at.query_params.update(query)
    at.run()
    assert not at.exception
    assert at.get("bidi_component")
    print([m for m in ("pandas", "plotly.express", "huggingface_hub", "sklearn") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]"] * len(ways)


def test_the_shelf_says_the_kind_of_a_space(tmp_path: Path) -> None:
    cls = catalog.model_class("gan")
    for config in cls.tiny():
        spec = checkpoint.Spec(model="gan", config=config.model_dump(), recipe=Recipe(data="digits"))
        torch.manual_seed(0)
        checkpoint.save(cls(config), tmp_path / f"gan-{config.space.kind}", spec)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text(json.dumps({"model": "gan", "config": 3}))
    assert {name: c.kind for name, c in catalog.shelf(tmp_path).items()} == {
        "gan-pictures": "pictures",
        "gan-points": "points",
    }
    assert contract.Samples.__name__ in catalog.shelf(tmp_path)["gan-points"].about.capabilities
