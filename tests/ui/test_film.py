"""A film: the sheet that is sent, its bounds, and which steps are left out."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from genlib.ui import film as module
from genlib.ui.film import MAX_PICTURES, MAX_PIXELS, film, kept, sheet
from genlib.unrolling import Trace


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", [(7, 3, 5, 4, 3), (1, 1, 6, 6, 1), (28, 8, 2, 3, 1), (2, 1, 4, 4, 3)])
def test_every_picture_of_every_step_is_where_the_browser_looks(shape: tuple[int, ...]) -> None:
    frames = noise(*shape)
    picture, across = sheet(frames)
    count, pictures, height, width, _ = shape
    for t in range(count):
        for b in range(pictures):
            down, right = divmod(b * count + t, across)
            y, x = down * height, right * width
            assert (picture[y : y + height, x : x + width] == frames[t, b]).all()


def test_a_short_film_keeps_all_its_steps() -> None:
    assert kept(28, 8 * 28 * 28) == list(range(28))
    assert kept(1, MAX_PIXELS) == [0]
    assert kept(2, MAX_PIXELS // 2) == [0, 1]


@pytest.mark.parametrize(("count", "pixels"), [(784, 8 * 28 * 28), (1000, MAX_PIXELS // 3), (5, MAX_PIXELS // 2)])
def test_a_long_film_is_thinned_out_evenly(count: int, pixels: int) -> None:
    steps = kept(count, pixels)
    assert len(steps) == MAX_PIXELS // pixels < count
    assert (steps[0], steps[-1]) == (0, count - 1)
    gaps = np.diff(steps)
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1


def test_what_cannot_be_a_film_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 100)
    good = noise(4, 2, 5, 5, 1)
    for bad, why in (
        (good[0], "uint8"),
        (good.astype(float), "uint8"),
        (good[:0], "uint8"),
        (noise(4, 2, 5, 5, 2), "uint8"),
        (noise(2, MAX_PICTURES + 1, 2, 2, 1), "at most 8 pictures"),
        (noise(2, 3, 5, 5, 1), "at most 100 pixels"),
        (noise(1, 5, 5, 5, 1), "at most 100 pixels"),
    ):
        with pytest.raises(ValueError, match=why):
            film(bad, "film")
    with pytest.raises(ValueError, match="4 steps and 3 labels"):
        film(good, "film", labels=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"numbers \(4, 1\) for 4 steps of 2 pictures"):
        film(good, "film", trace=Trace(np.zeros((4, 1)), "nats"))
    for fps in (0, -1, 1000, float("nan")):
        with pytest.raises(ValueError, match="fps"):
            film(good, "film", fps=fps)


def test_on_a_page_steps_keep_their_names_when_some_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 100)

    def page() -> None:
        import numpy as np

        from genlib.ui.film import film
        from genlib.unrolling import Trace

        frames = np.arange(5, dtype=np.uint8).repeat(36).reshape(5, 1, 6, 6, 1)
        film(frames, "default")
        trace = Trace(np.arange(5.0)[:, None], "free energy, nats")
        film(frames, "named", labels=["a", "b", "c", "d", "e"], fps=4, trace=trace)

    at = AppTest.from_function(page, default_timeout=60).run()
    assert not at.exception
    default, named = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    assert default["labels"] == ["step 1 of 5", "step 5 of 5"]
    assert named["labels"] == ["a", "e"]
    assert named["fps"] == 4
    assert default["trace"] is None
    assert named["trace"] == ["free energy, nats", [[0, 4]]]
    head, content = named["sheet"].split(",")
    assert head == "data:image/png;base64"
    sent = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert sorted(set(sent.flatten().tolist())) == [0, 4]
