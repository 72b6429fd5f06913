"""What is around the paper does not count."""

from __future__ import annotations

import numpy as np
import pytest
from brought import photographed, scanned, screenshot
from drawings import SIDE, apart, picture
from PIL import Image, ImageDraw

from genlib.sketch import Sketch, prepare
from genlib.sketch.frame import paper_box


@pytest.mark.parametrize("edge", [2, 8, 20])
@pytest.mark.parametrize("sides", ["l", "lb", "trlb"])
def test_the_edges_of_a_scanner_are_left_out(edge: int, sides: str) -> None:
    pixels = picture(at=(0.2, 0.2), size=0.55)
    scan = scanned((pixels * 0.95).astype(np.uint8), edge, sides)
    for found in (prepare(scan, SIDE), prepare(photographed(scan, 1, 0.4, 88), SIDE)):
        assert apart(found, prepare(pixels, SIDE)) < 0.02
        assert found.ink.shape == (400, 400)


@pytest.mark.parametrize("bar", [(7, 94, 84), (250, 250, 250), (20, 20, 24)])
@pytest.mark.parametrize("ground", [(236, 229, 221), (12, 20, 27), (200, 215, 230)])
def test_a_screen_around_a_drawing_is_left_out(
    plain: Sketch, bar: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    screen, (left, top) = screenshot(picture(), bar, ground)
    box = paper_box(screen)
    assert box is not None
    for span, start in zip(box, (top, left), strict=True):
        assert start <= span.start < start + 20
        assert start + 380 < span.stop <= start + 400
    assert not prepare(screen, SIDE).ink[:top].any()


def test_a_caption_under_a_drawing_is_left_out() -> None:
    card = picture(shape=(460, 400), at=(0.15, 0.05), size=0.7)
    bare = screenshot(card)[0]
    image = Image.fromarray(card)
    ImageDraw.Draw(image).text((20, 420), "look what I drew today!", (60, 60, 60), font_size=18)
    found, whole = (prepare(pixels, SIDE) for pixels in (screenshot(np.asarray(image))[0], bare))
    assert found.square == whole.square
    assert apart(found, whole) < 0.001


def test_a_drawing_alone_is_all_paper() -> None:
    framed = picture(at=(0.25, 0.25), size=0.5).copy()
    for k in (20, 376):
        framed[k : k + 4, 20:380] = framed[20:380, k : k + 4] = 0  # a frame that was drawn
    for pixels in (picture(), framed, picture(paper=(250, 244, 225)), 255 - picture(), picture()[:, :260]):
        assert paper_box(pixels) is None
