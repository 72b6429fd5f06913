"""The colours of another picture for the areas of a drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from drawings import SIDE
from PIL import Image

from genlib.sketch import Sheet, Sketch, colour_in, prominent, steered

SKY, FOREST, TRUNK, POPPY = (200, 220, 245), (30, 90, 40), (120, 80, 50), (230, 50, 40)


def test_the_colours_a_picture_is_remembered_by() -> None:
    picture = np.full((200, 300, 3), SKY, np.uint8)
    picture[120:] = FOREST
    picture[130:190, 40:70] = TRUNK
    picture[80:118, 200:230] = POPPY
    noisy = (picture + np.random.default_rng(0).normal(size=picture.shape) * 3).clip(0, 255).astype(np.uint8)
    for found in (prominent(picture), prominent(noisy)):
        assert len(found) == 4
        for wanted, colour in zip((SKY, FOREST, TRUNK, POPPY), found, strict=True):
            assert np.abs(np.subtract(wanted, colour)).max() < 8
    assert prominent(np.full((20, 20, 3), 77, np.uint8)) == ((77, 77, 77),)


def test_all_areas_take_theirs_and_the_answers_still_differ(plain: Sketch) -> None:
    sheet = Sheet.of(plain)
    sheet = replace(sheet, ink=np.zeros_like(sheet.ink))
    coarse = np.random.default_rng(1).integers(0, 256, (3, 4, 4, 3)).astype(np.uint8)
    made = np.stack([np.asarray(Image.fromarray(c).resize((SIDE, SIDE), Image.Resampling.NEAREST)) for c in coarse])
    palette = (SKY, FOREST, TRUNK, POPPY)
    results = colour_in(sheet, steered(sheet, made, palette))
    for result in results:
        assert result[5, 5].tolist() == [255, 255, 255]
        inside = result[np.isin(sheet.regions.large, np.flatnonzero(~sheet.regions.outer))].reshape(-1, 3)
        away = np.abs(inside[:, None].astype(int) - np.array(palette)).max(2).min(1)
        assert np.mean(away < 24) > 0.99
        assert len(np.unique(inside, axis=0)) > 1
    face = np.s_[round(0.8 * 512 * 0.7 + 0.15 * 512), 256]
    assert len({tuple(result[face].tolist()) for result in results}) == 3
