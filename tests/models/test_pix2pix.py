"""pix2pix follows the paper where it says so, and hints mean what a person means by them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from genlib import data
from genlib.contract import Batch, GenlibError, Recipe
from genlib.models.pix2pix import Config, Pix2Pix, grey, jittered, recoloured, spread


def model(**config: object) -> Pix2Pix:
    torch.manual_seed(0)
    small = {"image_size": 32, "generator_width": 4, "discriminator_width": 4, "latent": 2, "dropout": 0.0}
    return Pix2Pix(Config(**small | config))  # type: ignore[arg-type]


def batch(count: int, size: int = 32, **labels: Tensor) -> Batch:
    rng = torch.Generator().manual_seed(3)
    images, lines = torch.rand(count, 3, size, size, generator=rng), torch.rand(count, 1, size, size, generator=rng)
    return Batch(images, rng, labels, lines)


@pytest.mark.parametrize("size", [28, 64, 128])
def test_shapes_at_every_size(size: int) -> None:
    painter = model(image_size=size).eval()
    made = painter.translate(torch.rand(2, 1, size, size), "line drawings")
    assert made.shape == (2, 3, size, size)
    assert painter.logits(torch.rand(2, 1, size, size), torch.zeros(2, 4, size, size), made).shape[:2] == (2, 1)


def test_the_way_out_reads_the_way_in() -> None:
    """Cut the bottleneck off: through the skips the drawing still reaches the picture."""
    painter = model().eval()
    nn.init.zeros_(painter.generator.up[0][0].weight)
    x = torch.rand(2, 1, 32, 32)
    assert not torch.equal(*painter.translate(x, "line drawings"))


def test_patches_are_judged_apart() -> None:
    """A change in one corner leaves the logits of the opposite one as they are."""
    painter = model(image_size=128).eval()
    x, hints, y = torch.rand(1, 1, 128, 128), torch.zeros(1, 4, 128, 128), torch.rand(1, 3, 128, 128)
    before = painter.logits(x, hints, y)
    y[..., :16, :16] = 0
    after = painter.logits(x, hints, y)
    assert not torch.equal(before[..., 0, 0], after[..., 0, 0])
    assert torch.equal(before[..., 8:, 8:], after[..., 8:, 8:])


def test_objective_is_the_papers() -> None:
    """With lambda alone the generator's gradient is that of lambda |y - G|."""
    painter = model(l1=7.0, kl=0.0, hinted=0.0, jitter=0.0).eval()
    nn.init.zeros_(painter.discriminator[-1].weight)  # type: ignore[arg-type]  # D has no opinion
    told = batch(4)
    painter.told = lambda b: torch.zeros(len(b.images), dtype=torch.bool)  # type: ignore[method-assign]
    optimizers = painter.optimizers(Recipe(data="emoji", learning_rate=1e-30))
    painter.train_step(told, optimizers)
    found = painter.generator.last.bias.grad.clone()
    painter.zero_grad()
    x, y, hints = painter.training_pairs(batch(4))
    (7 * (y - painter.paint(x, hints, torch.zeros(4, 2))).abs().mean()).backward()
    # The mirrors of both batches were drawn alike; the mean over pixels does not see them where x and y turn together.
    torch.testing.assert_close(found, painter.generator.last.bias.grad, rtol=0.2, atol=1e-3)


def test_seeds_stray_from_the_typical_answer_as_far_as_asked() -> None:
    painter = model().eval()
    x = torch.rand(2, 1, 32, 32)
    typical = painter.translate(x, "line drawings")
    assert torch.equal(painter.translate(x, "line drawings", [1, 2], Pix2Pix.Controls(variation=0.0)), typical)
    little, far = (
        (painter.translate(x, "line drawings", [1, 2], Pix2Pix.Controls(variation=v)) - typical).abs().mean()
        for v in (0.5, 2.0)
    )
    assert 0 < little < far


def test_variants_are_always_told() -> None:
    painter = model(variants="skin_tone")
    skins = torch.tensor([0, 1, 2, 3] * 50)
    told = painter.told(batch(200, skin_tone=skins))
    assert told[skins > 0].all()
    assert 0.2 < told[skins == 0].float().mean() < 0.6
    assert not model().told(batch(200, skin_tone=skins)).all()


def test_data_without_drawings_is_refused() -> None:
    with pytest.raises(GenlibError, match="no line drawings"):
        Pix2Pix.config_for(data.info("faces"))
    assert Pix2Pix.config_for(data.info("faces"), source="grey").image_size == 64  # type: ignore[attr-defined]


# --- Training pictures -----------------------------------------------------------------------------------------------


def test_grey_is_luma() -> None:
    red, white = torch.tensor([1.0, 0, 0]), torch.ones(3)
    images = torch.stack([red, white])[:, :, None, None].expand(2, 3, 4, 4)
    torch.testing.assert_close(grey(images)[:, 0, 0, 0], torch.tensor([0.299, 1.0]))
    assert grey(images[:, :1]).data_ptr() == images.data_ptr()


def test_a_grey_picture_keeps_its_greys() -> None:
    painter = model(source="grey").eval()
    x = 0.4 + 0.2 * torch.rand(2, 1, 32, 32)
    made = painter.translate(x, "grey pictures")
    torch.testing.assert_close(grey(made), x, atol=1e-3, rtol=0)
    assert not torch.allclose(made, x.expand_as(made), atol=1e-3)


def test_without_jitter_pictures_are_mirrored_at_most() -> None:
    pictures = torch.rand(20, 4, 8, 8)
    moved = jittered(pictures, 0.0, torch.Generator().manual_seed(0))
    same = [torch.allclose(m, p, atol=1e-5) for m, p in zip(moved, pictures, strict=True)]
    mirrored = [torch.allclose(m, p.flip(2), atol=1e-5) for m, p in zip(moved, pictures, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


def test_recolouring_exchanges_the_channels() -> None:
    images = torch.rand(30, 3, 2, 2)
    changed = recoloured(images, torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed.sort(1).values, images.sort(1).values)
    assert not torch.equal(changed, images)


# --- Hints -----------------------------------------------------------------------------------------------------------


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


def test_no_hints_stay_none() -> None:
    assert not spread(box(), torch.zeros(4, 20, 20)).any()
