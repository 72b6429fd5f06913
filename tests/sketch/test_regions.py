"""Areas between the model's lines, and the same areas between the visitor's own."""

from __future__ import annotations

import numpy as np

from genlib.sketch.regions import Regions


def square_on_paper(side: int, at: slice, width: int) -> np.ndarray:
    """The outline of a square, float32 (side, side), dark on white."""
    lines = np.ones((side, side), np.float32)
    lines[at, at] = 0
    lines[at.start + width : at.stop - width, at.start + width : at.stop - width] = 1
    return lines


def test_areas_end_at_the_own_lines_and_not_at_the_models() -> None:
    """The model's line is five times as wide and lies further in: what is between the two belongs to the inside."""
    lines = square_on_paper(32, slice(8, 24), 3)
    ink = 1 - square_on_paper(320, slice(70, 250), 6)
    regions = Regions.of(lines, ink, (0, 0, 320))
    assert regions.outer.tolist() == [True, False]
    outside, inside = (regions.large == number for number in (0, 1))
    assert outside[:70].all()
    assert inside[76:244, 76:244].all()
    assert not inside[:70].any()
    assert (outside | inside).all()


def test_members_keep_away_from_lines() -> None:
    ink = 1 - square_on_paper(64, slice(16, 48), 2)
    regions = Regions.of(square_on_paper(32, slice(8, 24), 2), ink, (0, 0, 64))
    row, column = np.unravel_index(np.unique(regions.members[1]), (32, 32))
    assert (row.min(), row.max(), column.min(), column.max()) == (11, 20, 11, 20)


def test_what_the_model_did_not_see_is_no_area() -> None:
    ink = np.pad(1 - square_on_paper(40, slice(10, 30), 2), ((0, 0), (20, 20)))
    regions = Regions.of(square_on_paper(32, slice(8, 24), 2), ink, (20, 0, 40))
    assert (regions.large[:, :20] == 2).all()
    assert (regions.large[:, 60:] == 2).all()
    assert regions.large[:, 20:60].max() == 1


def test_a_picture_that_is_all_line_is_one_area() -> None:
    regions = Regions.of(np.zeros((16, 16), np.float32), np.ones((16, 16), np.float32), (0, 0, 16))
    assert len(regions.members) == 1
    assert (regions.large == 0).all()


def test_a_patch_lies_where_its_mask_lies() -> None:
    regions = Regions.of(np.ones((16, 16), np.float32), np.zeros((160, 160), np.float32), (0, 0, 160))
    plane, where = np.zeros((16, 16), np.float32), np.zeros((16, 16), bool)
    plane[4, 9] = where[4, 9] = 1
    patch = regions.patch(plane, 0, where)
    assert patch is not None
    (rows, columns), inside, values = patch
    top, left = np.unravel_index(values.argmax(), values.shape)
    assert 40 <= rows.start + top < 50
    assert 90 <= columns.start + left < 100
    assert inside.all()
    assert regions.patch(plane, 0, np.zeros((16, 16), bool)) is None
