"""Home, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from genlib import catalog
from genlib.checkpoint import Spec, save
from genlib.contract import Decodes, Recipe
from genlib.taxonomy import TREE, Branch, Leaf, rows
from genlib.ui import pages
from genlib.ui.tree import told

APP = str(Path(__file__).parents[2] / "app.py")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tiny checkpoints in place of those that ship: two with a picture, one of which no page of these shows."""
    monkeypatch.setattr(pages, "PAGES", tuple(page for page in pages.PAGES if page.needs is not Decodes))
    for name, model in (("vae-digits", "vae"), ("vae-other", "vae"), ("autoencoder-digits", "autoencoder")):
        cls = catalog.model_class(model)
        config = cls.tiny()[0]
        save(cls(config), tmp_path / name, Spec(model=model, config=config.model_dump(), recipe=Recipe(data="digits")))
    for name in ("vae-digits", "autoencoder-digits"):
        Image.new("L", (56, 56)).save(tmp_path / name / "sample.png")
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path)
    return tmp_path


def home() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert not app.exception
    return app


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]


def test_every_checkpoint_is_linked_and_those_with_a_picture_show_it(shipped: Path) -> None:
    app = home()
    assert app.title[0].value == "Deep generative models"
    assert links(app) == [
        ("Handwritten digits by VAE (vae-digits)", "model=vae-digits"),  # under its picture
        ("Handwritten digits by VAE (vae-digits)", "model=vae-digits"),  # in the list of models
        ("Handwritten digits by VAE (vae-other)", "model=vae-other"),
    ]
    assert len(app.get("image")) == 2


def test_pictures_begin_with_what_the_pages_open_with() -> None:
    first = [query for _, query in links(home())][:3]
    assert first == [f"model={spec.default}" for spec in (pages.SAMPLE, pages.TRANSLATE, pages.LATENT)]


def test_a_checkpoint_that_no_page_shows_has_its_picture_and_its_name(shipped: Path) -> None:
    assert pages.page_of("autoencoder", "pictures") is None
    app = home()
    shown = [text.value for text in app.markdown]
    assert shown.count("Handwritten digits by an autoencoder") == 2  # in the wall, and in the list


def test_home_never_imports_torch() -> None:
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
from genlib.ui import frame
frame.import_ahead = lambda *_: None  # what goes on beside the page is not the page's
app = AppTest.from_file({APP!r}, default_timeout=120).run()
assert not app.exception and app.get("image") and app.get("bidi_component"), app
heavy = {{"torch", "pandas", "scipy", "skimage", "huggingface_hub"}} & set(sys.modules)
sys.exit(", ".join(heavy) or None)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(APP).parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_leaf_opens_the_first_checkpoint_that_a_page_shows(shipped: Path) -> None:
    app = home()
    (rows,) = (told["rows"] for c in app.get("bidi_component") if "rows" in (told := json.loads(c.proto.json or "{}")))
    leaves = {row["name"]: row for row in rows if row["kind"] == "leaf"}
    assert leaves["Variational autoencoder"]["opens"] == "vae-digits"
    assert leaves["Autoencoder"]["opens"] is None
    assert leaves["Autoencoder"]["aside"] == catalog.about("autoencoder").aside != ""
    app.session_state["tree"] = {"opened": "vae-digits"}  # what a click does; the component runs in a browser only
    app.run()
    assert not app.exception
    assert app.title[0].value == "Sample"
    assert app.query_params["model"] == "vae-digits"


def test_home_stands_without_any_checkpoint(shipped: Path) -> None:
    for folder in shipped.iterdir():
        shutil.rmtree(folder)
    app = home()
    assert links(app) == []
    titles = {about.title for about in map(catalog.about, catalog.model_names()) if about.family is not None}
    assert all(any(title in text.value for text in app.markdown) for title in titles)


def test_every_model_has_its_place_in_the_tree() -> None:
    models = [model for model in map(catalog.model_class, catalog.model_names()) if model.family is not None]
    leaves = [Leaf(model.title, model.idea, model.family) for model in models]
    assert sum(isinstance(row.node, Leaf) for row in rows(leaves)) == len(models) > 0


def test_examples_give_way_to_models() -> None:
    def examples(found: list) -> set[str]:
        return {row.node for row in found if isinstance(row.node, str)}

    gan = Leaf("GAN", "A game.", ("Implicit density", "Direct"))
    assert examples(rows([])) - examples(rows([gan])) == {"Generative adversarial networks"}


def test_a_family_that_is_no_branch_is_refused() -> None:
    with pytest.raises(ValueError, match="no branch Implicit density / Sideways"):
        rows([Leaf("GAN", "A game.", ("Implicit density", "Sideways"))])


def test_a_row_belongs_to_an_earlier_one_a_step_to_the_left() -> None:
    found = rows([])
    assert found[0].node is TREE
    assert found[0].parent == -1
    for number, row in enumerate(found[1:], 1):
        assert 0 <= row.parent < number
        assert found[row.parent].depth == row.depth - 1
        assert isinstance(found[row.parent].node, Branch)


def test_the_browser_is_told_what_a_row_is() -> None:
    found = rows([Leaf("GAN", "A game.", ("Implicit density", "Direct"), "gan-digits", "defines no density")])
    rows_told = [told(row) for row in found]
    assert [row for row in rows_told if row.get("opens")] == [
        {
            "parent": next(n for n, row in enumerate(rows_told) if row["name"] == "Direct"),
            "kind": "leaf",
            "name": "GAN",
            "gloss": "A game.",
            "aside": "defines no density",
            "opens": "gan-digits",
        }
    ]
    assert {row["kind"] for row in rows_told} == {"leaf", "branch", "examples"}
