"""Hints mean what a person means by them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from genlib.hints import HINTS, no_hints, random_counts, random_hints, recoloured, spread, spread_all, unhinted


def box() -> Tensor:
    """A drawing (1, 20, 20): a closed square with walls two pixels thick, white inside and out."""
    drawing = torch.ones(1, 20, 20)
    drawing[:, 4:16, 4:16] = 0
    drawing[:, 6:14, 6:14] = 1
    return drawing


def hint(*dots: tuple[int, int, float]) -> Tensor:
    """Single pixels (y, x, red)."""
    hints = torch.zeros(4, 20, 20)
    for y, x, red in dots:
        hints[0, y, x], hints[3, y, x] = red, 1
    return hints


def test_a_hint_speaks_for_its_closed_region() -> None:
    filled = spread(box(), hint((9, 9, 0.8)))
    inside = torch.zeros(20, 20, dtype=torch.bool)
    inside[6:14, 6:14] = True
    assert torch.equal(filled[3] > 0, inside)
    torch.testing.assert_close(filled[0][inside], torch.full((64,), 0.8))


def test_a_hint_in_the_open_stays_where_it_is() -> None:
    hints = hint((1, 1, 0.8))
    assert torch.equal(spread(box(), hints), hints)
    leaky = box()
    leaky[:, 9, :6] = 1  # a gap in the wall
    hints = hint((9, 9, 0.8))
    assert torch.equal(spread(leaky, hints), hints)


def test_the_nearest_of_two_hints_rules() -> None:
    filled = spread(box(), hint((9, 6, 0.2), (9, 13, 0.8)))
    torch.testing.assert_close(filled[0, 6:14, 6], torch.full((8,), 0.2))
    torch.testing.assert_close(filled[0, 6:14, 13], torch.full((8,), 0.8))


def test_a_brush_that_slips_over_a_line_means_one_side() -> None:
    slipped = torch.zeros(4, 20, 20)
    slipped[0, 9, 1:8], slipped[3, 9, 1:8] = 0.8, 1  # three pixels outside, two on the wall, two inside
    outside = spread(box(), slipped)
    assert (outside[3] > 0).sum() == 64 + 5  # 2 of 5 off the lines: both sides are meant
    slipped[:, 9, 7] = 0  # now 1 of 4: the outside is meant
    assert torch.equal(spread(box(), slipped), slipped)


def test_regions_without_a_hint_are_found_largest_first_and_those_with_gaps_too() -> None:
    drawing = torch.ones(1, 40, 40)
    for top, side in ((2, 14), (20, 8), (30, 3)):
        drawing[:, top : top + side + 2, 4 : side + 6] = 0
        drawing[:, top + 1 : top + 1 + side, 5 : side + 5] = 1
    nowhere, bridged = np.zeros((2, 40, 40), np.int32)
    bridged[3:17, 3:19] = 1  # the first one, and its lines

    def areas(hints: Tensor, bridged: np.ndarray, most: int = 9) -> list[int]:
        found = unhinted(drawing, bridged, hints, most, 0.005)
        assert not found.sum(0).gt(1).any(), "two regions share a pixel"
        assert not (found & (drawing < 0.5)).any(), "a line belongs to a region"
        return found.sum((1, 2)).tolist()

    none = torch.zeros(4, 40, 40)
    assert areas(none, nowhere) == areas(none, np.ones((40, 40), np.int32))[1:] == [196, 64, 9]
    assert areas(none, nowhere, most=1) == [196]
    drawing[:, 5:9, 4] = 1  # a gap in the first one's wall
    assert areas(none, nowhere) == [64, 9]
    assert areas(none, bridged) == [14 * 14 + 4 + 14, 64, 9]  # with the gap, and what is before it
    said = none.clone()
    said[3, 25, 8] = 1  # a hint in the second one
    assert areas(said, bridged)[1:] == [9]
    said[3, 10, 8] = 1
    assert areas(said, bridged) == [9]


def test_no_hints_stay_none() -> None:
    assert not spread(box(), torch.zeros(4, 20, 20)).any()


def test_spreading_many_is_spreading_each() -> None:
    drawings = torch.stack([box(), torch.ones(1, 20, 20), box()])
    hints = torch.stack([hint((9, 9, 0.8)), hint((9, 9, 0.8)), hint((1, 1, 0.3), (9, 9, 0.5))])
    found = spread_all(drawings, hints)
    for one, drawing, given in zip(found, drawings, hints, strict=True):
        assert torch.equal(one, spread(drawing, given))
    same = spread_all(box().expand(5, -1, -1, -1), hint((9, 9, 0.8)).expand(5, -1, -1, -1))
    assert torch.equal(same, spread(box(), hint((9, 9, 0.8))).expand(5, -1, -1, -1))


# --- Made up for training --------------------------------------------------------------------------------------------


def test_no_hints_are_nothing() -> None:
    assert HINTS == 4
    assert torch.equal(no_hints(torch.rand(2, 1, 8, 8)), torch.zeros(2, 4, 8, 8))


def test_random_hints_have_the_colours_of_their_places() -> None:
    truths = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = random_hints(truths, [0, 1, 30], torch.Generator().manual_seed(1))
    assert not found[0].any()
    once = found[1]
    places = once[3].nonzero()
    assert len(places) in (1, 9, 25)  # a square of side 1, 3 or 5
    y, x = places[len(places) // 2]
    assert torch.equal(once[:3, y, x], truths[1, :, y, x])
    assert torch.equal(found[:, :3] * found[:, 3:], found[:, :3])


def test_random_hints_keep_within_a_mask() -> None:
    """Their centres do: a patch may reach beyond by its half."""
    truths, within = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    within[..., :32] = True
    found = random_hints(truths, [40], torch.Generator().manual_seed(0), within)
    assert found[0, 3, :, :32].any()
    assert not found[0, 3, :, 32 + 2 :].any()


def test_counts_are_geometric_with_mean_8() -> None:
    counts = random_counts(20_000, torch.Generator().manual_seed(0))
    assert counts.dtype == torch.int64
    assert counts.min() == 1
    assert counts.max() <= 100
    assert counts.float().mean().item() == pytest.approx(8, abs=0.2)
    assert (counts == 1).float().mean().item() == pytest.approx(1 / 8, abs=0.01)


def test_recolouring_exchanges_the_channels() -> None:
    pictures = torch.rand(30, 3, 2, 2)
    changed = recoloured(pictures, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed.sort(1).values, pictures.sort(1).values)
    assert not torch.equal(changed, pictures)
