"""A stranger's model card on a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from genlib import catalog, checkpoint
from genlib.contract import Recipe
from genlib.ui import cards

REMOTE = "http://evil.example/x.png"


@pytest.mark.parametrize(
    "text",
    [
        f"![x]({REMOTE})",
        f"!<b>[x]({REMOTE})",
        f"!<b>!<i>![x]({REMOTE})",
        f"<<b>!>[x]({REMOTE})",
        f"!!!![x]({REMOTE})",
        f"```x```\n\n![x]({REMOTE})\n\n```",  # inline code, a picture, then fenced code without an end
        f"```\n```\n![x]({REMOTE})\n```\n",
        f"![x][y]\n\n[y]: {REMOTE}",
        f"<img src='{REMOTE}'>",
        f"```x```\n\n<img\nsrc='{REMOTE}'>\n\n```",
    ],
)
def test_no_picture_of_a_stranger_is_left(text: str) -> None:
    cleaned = cards.harmless(text)
    assert "![" not in cleaned
    assert "<" not in cleaned


def test_the_rest_stays() -> None:
    text = "# Card!\n\nA [link](http://a.example) & 1 < 2.\n\n```python\nx = a[0]\n```\n"
    assert cards.harmless(text) == text


def test_a_card_is_cleaned_unless_it_ships_with_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = catalog.model_class("gan")
    ours, theirs = tmp_path / "ours" / "model", tmp_path / "theirs" / "model"
    spec = checkpoint.Spec(model="gan", config=cls.tiny()[0].model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()[0]), ours, spec)
    (ours / checkpoint.CARD).write_text(f"---\nlicense: mit\n---\n# A\n\n!<b>[x]({REMOTE})\n\n```\n# code\n```\n")
    shutil.copytree(ours, theirs)
    monkeypatch.setattr(catalog, "CHECKPOINTS", ours.parent)

    def shown(folder: Path) -> str:
        def page(folder: str) -> None:
            from pathlib import Path

            from genlib.checkpoint import Checkpoint
            from genlib.ui import cards

            cards.show(Checkpoint.read(Path(folder)))

        at = AppTest.from_function(page, args=(str(folder),), default_timeout=60).run()
        assert not at.exception
        return at.markdown[0].value

    assert shown(theirs) == f"## A\n\n![x]({REMOTE})".replace("!", "") + "\n\n```\n# code\n```"
    assert "!<b>[x]" in shown(ours)
