"""pix2pix follows the paper where it says so; what hints mean: test_hints.py."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genlib import data, training
from genlib.augment import by_hand, jittered
from genlib.contract import Batch, Domain
from genlib.errors import GenlibError
from genlib.hints import enclosed, regions
from genlib.models.pix2pix import PALETTE, UNCOLOURED, Config, Pix2Pix, Training, grey, palette
from genlib.spaces import Pictures

DRAWING, GREY = UNCOLOURED["drawing"], UNCOLOURED["grey"]


def model(side: int = 32, **config: Any) -> Pix2Pix:
    small = {"generator_width": 4, "discriminator_width": 4, "latent": 2, "dropout": 0.0}
    made = training.fresh(Pix2Pix, Config(space=Pictures(channels=3, side=side), **small | config), seed=0)
    assert isinstance(made, Pix2Pix)
    return made


def batch(count: int, seed: int = 3, another: Any = None, **labels: Tensor) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    x, drawings = torch.rand(count, 3, 32, 32, generator=rng), torch.rand(count, 1, 32, 32, generator=rng)
    return Batch(x, rng, 0, 1, labels, drawings, another)


@pytest.mark.parametrize("side", [28, 64, 128])
def test_shapes_at_every_size(side: int) -> None:
    painter = model(side).eval()
    made = painter.translate(torch.rand(2, 1, side, side), DRAWING)
    assert made.shape == (2, 3, side, side)
    assert painter.logits(torch.rand(2, 1, side, side), torch.zeros(2, 4, side, side), made).shape[:2] == (2, 1)


@pytest.mark.parametrize("space", [Pictures(channels=1, side=32), Pictures(channels=3, side=30)], ids=str)
def test_what_it_cannot_paint_is_refused(space: Pictures) -> None:
    with pytest.raises(ValidationError, match=r"3 channels|power of two"):
        Config(space=space)


def test_worlds_and_needs_follow_the_source() -> None:
    for source, domain, paired in (("drawing", "line-drawings", True), ("grey", "grey-pictures", False)):
        config = Config(source=source)  # type: ignore[arg-type]
        worlds = Pix2Pix.worlds(config)
        assert (worlds.a.key, worlds.b.key, worlds.varies) == (domain, "coloured-pictures", True)
        assert worlds.sources == (worlds.a,)
        assert Pix2Pix.needs(config).paired == paired
    with pytest.raises(GenlibError, match="colours line drawings, and cannot start from grey pictures"):
        model().translate(torch.rand(1, 1, 32, 32), GREY)


def test_the_way_out_reads_the_way_in() -> None:
    """Cut the bottleneck off: through the skips the drawing still reaches the picture."""
    painter = model().eval()
    nn.init.zeros_(painter.generator.up[0][0].weight)
    x = torch.rand(2, 1, 32, 32)
    assert not torch.equal(*painter.translate(x, DRAWING))


def test_patches_are_judged_apart() -> None:
    """A change in one corner leaves the logits of the opposite one as they are."""
    painter = model(128).eval()
    x, hints, y = torch.rand(1, 1, 128, 128), torch.zeros(1, 4, 128, 128), torch.rand(1, 3, 128, 128)
    before = painter.logits(x, hints, y)
    y[..., :16, :16] = 0
    after = painter.logits(x, hints, y)
    assert not torch.equal(before[..., 0, 0], after[..., 0, 0])
    assert torch.equal(before[..., 8:, 8:], after[..., 8:, 8:])


def test_objective_is_the_papers() -> None:
    """With lambda alone the generator's gradient is that of lambda |y - G|."""
    painter, how = model().eval(), Training(l1=7.0, kl=0.0, hinted=0.0, jitter=0.0, generator_rate=1e-30)
    nn.init.zeros_(painter.discriminator[-1].weight)  # type: ignore[arg-type]  # D has no opinion
    told = batch(4)
    painter.told = lambda b, _: torch.zeros(len(b.x), dtype=torch.bool)  # type: ignore[method-assign]
    painter.train_step(told, painter.optimizers(how), how)
    found = painter.generator.last.bias.grad.clone()
    painter.zero_grad()
    x, y, hints, _ = painter.training_pairs(batch(4), how)
    (7 * (y - painter.paint(x, hints, torch.zeros(4, 2))).abs().mean()).backward()
    torch.testing.assert_close(found, painter.generator.last.bias.grad)  # both batches were mirrored alike


def test_seeds_stray_from_the_typical_answer_as_far_as_asked() -> None:
    painter = model().eval()
    x = torch.rand(2, 1, 32, 32)
    typical = painter.translate(x, DRAWING)
    assert torch.equal(painter.translate(x, DRAWING, [1, 2], Pix2Pix.Controls(variation=0.0)), typical)
    little, far = (
        (painter.translate(x, DRAWING, [1, 2], Pix2Pix.Controls(variation=v)) - typical).abs().mean()
        for v in (0.5, 2.0)
    )
    assert 0 < little < far


def boxes(*sides: int) -> Tensor:
    """A drawing (1, 1, 32, 32) with closed squares of these inner sides, below each other."""
    x, top = torch.ones(1, 1, 32, 32), 1
    for side in sides:
        x[..., top : top + side + 2, 2 : side + 4] = 0
        x[..., top + 1 : top + 1 + side, 3 : side + 3] = 1
        top += side + 3
    return x


def painter_that_expects(**logits: float) -> Pix2Pix:
    """Its palette has these logits everywhere, "FFC83D" or "_2A2A2A", and -50 elsewhere."""
    painter = model(noise="palette", chooser_width=4).eval()
    nn.init.zeros_(painter.chooser.last.weight)
    bias = painter.chooser.last.bias.data.fill_(-50)
    for colour, logit in logits.items():
        bias[[*PALETTE].index(colour.strip("_"))] = logit
    return painter


def colours_of(hints: Tensor, x: Tensor) -> list[str]:
    """The hex colours of hints in the closed regions of one drawing, from the top."""
    number, closed = regions(x[0, 0].numpy() > 0.5)
    names = []
    for n in sorted(set(number[closed].tolist())):
        inside = torch.from_numpy(number == n)
        assert (hints[0, 3][inside] == hints[0, 3][inside][0]).all(), "a part of a region"
        rgb = (hints[0, :3, inside][:, 0] * 255).round().byte().tolist()
        names.append(bytes(rgb).hex().upper() if hints[0, 3][inside][0] else "")
    return names


def test_each_region_draws_its_colour_from_what_is_likely() -> None:
    x = boxes(10, 6, 1)
    sure = painter_that_expects(FFC83D=0.0, D42544=-1.0)
    none = torch.zeros(1, 4, 32, 32)
    hints = sure.chosen(x, none, torch.zeros(1, sure.dims))  # at z = 0 the likeliest
    assert colours_of(hints, x) == ["FFC83D", "FFC83D", ""]  # what is tiny is left to G, and so is the ground
    assert not hints[0, 3, 0].any()
    assert not sure.chosen(torch.ones_like(x), none, sure.codes([1])).any()  # an empty sheet
    drawn = [colours_of(sure.chosen(x, torch.zeros(1, 4, 32, 32), sure.codes([seed])), x) for seed in range(60)]
    share = sum(names[0] == "D42544" for names in drawn) / 60
    assert 0.15 < share < 0.55  # e^-1/T / (1 + e^-1/T) = 0.34, but for what each counts
    assert any(names[0] != names[1] for names in drawn), "the regions draw apart"
    never = painter_that_expects(FFC83D=0.0, D42544=-5.0)  # less likely than a fiftieth of the likeliest
    for seed in range(60):
        assert colours_of(never.chosen(x, torch.zeros(1, 4, 32, 32), never.codes([seed])), x)[0] == "FFC83D"


def test_a_persons_hint_stays() -> None:
    x = boxes(10, 6)
    hints = torch.zeros(1, 4, 32, 32)
    hints[0, :, 4:6, 5:7] = torch.tensor([0.0, 0.0, 1.0, 1.0])[:, None, None]
    painter = painter_that_expects(FFC83D=0.0)
    chosen = painter.chosen(x, painter.understood(x, hints), torch.ones(1, painter.dims))
    assert colours_of(chosen, x) == ["0000FF", "FFC83D"]


def test_the_palette_learns_the_colours_within_lines() -> None:
    painter = model(noise="palette", chooser_width=4)
    x, y, hints = boxes(10), torch.ones(1, 3, 32, 32), torch.zeros(1, 4, 32, 32)
    inside = enclosed(x)
    y[0, :, inside[0]] = palette()[[*PALETTE].index("66A644")][:, None] + 0.01
    assert painter.surprise(x, hints, y, torch.zeros_like(inside)) == 0
    painter.surprise(x, hints, y, inside).backward()
    bias = painter.chooser.last.bias.grad
    assert bias is not None
    assert bias.argmin() == [*PALETTE].index("66A644")
    assert (bias < 0).sum() == 1, "what is white around it does not count"


def test_it_learns_where_no_hint_and_the_datas_own_colours_are() -> None:
    painter = model(noise="palette", chooser_width=4)
    data = batch(8)
    data = replace(data, condition=boxes(10, 6).expand(8, -1, -1, -1))
    x, _, hints, open_ = painter.training_pairs(data, Training(hinted=0.5, jitter=0.0))
    assert open_.any()
    assert not (open_ & (hints[:, 3] > 0)).any()
    assert not (open_ & ~enclosed(x)).any()
    bare = ~hints[:, 3].flatten(1).any(1)
    assert bare.any()
    assert torch.equal(open_[bare], enclosed(x)[bare])


def test_a_hands_lines_wander_but_stay_lines() -> None:
    x = boxes(10, 6).expand(8, -1, -1, -1)
    made = by_hand(x, 1.0, torch.Generator().manual_seed(0))
    assert 0 <= made.min() < 0.3
    assert made.max() == 1
    assert len({row.numpy().tobytes() for row in made}) == 8
    assert 0.4 < (made < 0.5).float().mean() / (x < 0.5).float().mean() < 2
    assert torch.equal(by_hand(x, 0.0, torch.Generator().manual_seed(0)), x)


def test_variants_are_always_told() -> None:
    skins = torch.tensor([0, 1, 2, 3] * 50)
    told = model().told(batch(200, skin_tone=skins), Training(variants="skin_tone"))
    assert told[skins > 0].all()
    assert 0.2 < told[skins == 0].float().mean() < 0.6
    assert not model().told(batch(200, skin_tone=skins), Training()).all()


def test_data_without_drawings_is_refused() -> None:
    with pytest.raises(GenlibError, match="no line drawings"):
        Pix2Pix.config_for(data.info("faces"))
    assert Pix2Pix.config_for(data.info("faces"), source="grey").space.side == 64
    faces = data.load_pictures("faces", "validation").take(slice(0, 2))
    with pytest.raises(GenlibError, match="no line drawings"):
        model().examples(faces, DRAWING)


def test_examples_come_with_the_truth() -> None:
    emoji = data.load_pictures("emoji", "validation").take(slice(0, 3))
    drawings, truths = model().examples(emoji, DRAWING)
    assert truths is not None
    assert torch.equal(drawings, emoji.drawings(slice(None)))
    assert torch.equal(truths, emoji.x(slice(None)))
    greys, truths = model(source="grey").examples(emoji, GREY)
    assert truths is not None
    assert torch.equal(greys, grey(truths))
    with pytest.raises(GenlibError, match="nowhere"):
        model().examples(emoji, Domain("nowhere", "nowhere", "colour"))


def test_smoothing_is_on_data_only() -> None:
    """Where D says the same logit c of everything, its loss is known; it learns at half the pace (section 3.3)."""
    painter, s, c = model(), 0.2, 1.5
    last = painter.discriminator[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, c)
    how = Training(smoothing=s)
    found = painter.train_step(batch(4), painter.optimizers(how), how)["loss D"].item()
    p = 1 / (1 + math.exp(-c))
    on_data, on_made = -(1 - s) * math.log(p) - s * math.log(1 - p), -math.log(1 - p)
    assert found == pytest.approx((on_data + on_made) / 2, rel=1e-5)


def test_each_step_of_the_discriminator_sees_fresh_data() -> None:
    asked: list[Batch] = []

    def another() -> Batch:
        asked.append(batch(4, len(asked), another))
        return asked[-1]

    painter, how = model(), Training(discriminator_steps=3)
    seen: list[Tensor] = []
    painter.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    optimizers = painter.optimizers(how)
    painter.train_step(another(), optimizers, how)
    assert len(asked) == 3
    assert len(seen) == 3 * 2 + 1, "three times true and painted pairs, and G's own look"
    assert not torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[2], seen[4])
    moves = {name: {int(s["step"]) for s in o.state_dict()["state"].values()} for name, o in optimizers.items()}
    assert moves == {"generator": {1}, "discriminator": {3}}


def test_dropout_draws_from_the_steps_own_noise() -> None:
    painter = model(64, dropout=0.5).train()
    x, hints, z = torch.rand(2, 1, 64, 64), torch.zeros(2, 4, 64, 64), torch.zeros(2, 2)

    def painted(seed: int) -> Tensor:
        return painter.paint(x, hints, z, torch.Generator().manual_seed(seed))

    assert torch.equal(painted(1), painted(1))
    assert not torch.equal(painted(1), painted(2))


# --- Training pictures -----------------------------------------------------------------------------------------------


def test_grey_is_luma() -> None:
    red, white = torch.tensor([1.0, 0, 0]), torch.ones(3)
    both = torch.stack([red, white])[:, :, None, None].expand(2, 3, 4, 4)
    torch.testing.assert_close(grey(both)[:, 0, 0, 0], torch.tensor([0.299, 1.0]))
    assert grey(both[:, :1]).data_ptr() == both.data_ptr()


def test_a_grey_picture_keeps_its_greys() -> None:
    painter = model(source="grey").eval()
    x = 0.4 + 0.2 * torch.rand(2, 1, 32, 32)
    made = painter.translate(x, GREY)
    torch.testing.assert_close(grey(made), x, atol=1e-3, rtol=0)
    assert not torch.allclose(made, x.expand_as(made), atol=1e-3)


def test_without_jitter_pictures_are_mirrored_at_most() -> None:
    pictures = torch.rand(20, 4, 8, 8)
    moved = jittered(pictures, 0.0, 0.0, torch.Generator().manual_seed(0))
    same = [torch.allclose(m, p, atol=1e-5) for m, p in zip(moved, pictures, strict=True)]
    mirrored = [torch.allclose(m, p.flip(2), atol=1e-5) for m, p in zip(moved, pictures, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)
