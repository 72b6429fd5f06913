"""The catalogue: model files and checkpoints are found by being there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from genlib import GenlibError, catalog, checkpoint, contract, sources, taxonomy
from genlib.checkpoint import CARD, CONFIG, WEIGHTS, Spec
from genlib.contract import Recipe
from genlib.spaces import Points

NAMES = catalog.model_names()
SHIPPED = sources.checkpoints()


def test_every_model_file_is_listed() -> None:
    folder = Path(catalog.__file__).parent / "models"
    files = {p.stem for p in folder.glob("*.py")} - {"__init__", "base"}
    assert list(NAMES) == sorted(files)


@pytest.mark.parametrize("name", ["no_such_model", "base", "", "os", "gan.py", "../gan", "models.gan", "__init__"])
def test_unknown_model_is_one_sentence(name: str) -> None:
    with pytest.raises(GenlibError, match=re.escape(f"There is no model called {name!r}: choose one of")) as caught:
        catalog.model_class(name)
    assert all(known in str(caught.value) for known in NAMES)


def test_looking_around_does_not_import_torch() -> None:
    """A page paints its heading before torch, which takes a second, is there."""
    script = """if True:
        import sys
        import genlib.catalog, genlib.checkpoint, genlib.contract
        print(*genlib.catalog.model_names())
        print("torch" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [" ".join(NAMES), "False"]


def test_checkpoints_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    cls = catalog.model_class(NAMES[0])
    spec = Spec(model=NAMES[0], config=cls.tiny()[0].model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()[0]), tmp_path / "good", spec)
    shutil.copytree(tmp_path / "good", tmp_path / "damaged")
    (tmp_path / "damaged" / CONFIG).write_text("{")
    (tmp_path / "without-config").mkdir()
    shutil.copy(tmp_path / "good" / WEIGHTS, tmp_path / "without-config")
    (tmp_path / "a-file").write_text("")
    found = sources.checkpoints(tmp_path)
    assert list(found) == ["good"]
    assert found["good"].model_class is cls
    assert sources.checkpoints(tmp_path / "absent") == {}


def test_the_shelf_stands_in_the_order_of_the_family_tree() -> None:
    shelf = catalog.shelf()
    places = [taxonomy.position(c.about.family) for c in shelf.values()]
    assert places == sorted(places)
    for left, right in pairwise(shelf.values()):
        if left.about.family == right.about.family:
            assert left.about.paper.year <= right.about.paper.year


def test_the_shelf_is_read_without_torch(tmp_path: Path) -> None:
    script = """if True:
        import sys
        from genlib import catalog
        print(*(f"{c.name}: {c.about.title}" for c in catalog.shelf().values()), sep="\\n")
        print("torch" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*(f"{n}: {c.model_class.title}" for n, c in SHIPPED.items()), "False"]


# --- What is shipped -------------------------------------------------------------------------------------------------


def test_every_shipped_folder_can_be_read() -> None:
    assert {p.name for p in catalog.CHECKPOINTS.iterdir() if p.is_dir()} == SHIPPED.keys()


def test_shipped_weights_stay_small() -> None:
    assert sum(p.stat().st_size for p in catalog.CHECKPOINTS.rglob("*") if p.is_file()) <= 96 * 1000**2


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_checkpoint_loads(name: str) -> None:
    model = sources.load(name)
    found = SHIPPED[name]
    assert model.config == found.config
    assert found.spec.trained_steps > 0
    if isinstance(model, contract.Samples):
        images = model.sample(range(16))
        assert images.shape == (16, *model.shape)
        assert images.isfinite().all()
        assert isinstance(found.config.space, Points) or ((images >= 0) & (images <= 1)).all()
        assert images.std(0).mean() > 0.02, "sixteen seeds, one picture"
        torch.testing.assert_close(model.sample([3])[0], images[3], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_card_says_what_it_is(name: str) -> None:
    assert (SHIPPED[name].folder / CARD).is_file()
    card = SHIPPED[name].card()
    front = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    assert front, "no YAML front matter: the Hub would not show its licence"
    assert re.search(r"^license:", front[1], re.MULTILINE)


@pytest.mark.parametrize("name", catalog.shelf())
def test_a_title_for_people_says_data_and_model_without_the_words_of_code(name: str) -> None:
    listed = catalog.shelf()[name]
    assert listed.title == checkpoint.shipped(name).title
    assert listed.title[0].isupper()
    assert re.search(" by (an? [a-z]+|[A-Z].*|pix2pix)$", listed.title), listed.title
    assert not re.search(r"[()_]", listed.title)


def test_titles_tell_checkpoints_apart() -> None:
    titles = catalog.titles(catalog.shelf().values())
    assert len(set(titles.values())) == len(titles)
    assert titles["dcgan-faces"] == "Drawn faces by DCGAN"
    assert titles["vae2d-digits"] == "Handwritten digits by VAE (vae2d-digits)"


def test_a_title_of_data_that_is_not_here_names_it() -> None:
    assert catalog.title("autoencoder", "birds") == "birds by an autoencoder"
    assert catalog.title("vae", "faces+emoji") == "Drawn faces and emoji by VAE"
