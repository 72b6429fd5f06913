"""From a picture that somebody brings to its translation and back into their own picture."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from genlib import novelty, translation
from genlib.contract import Domain, Worlds
from genlib.errors import GenlibError
from genlib.models.discogan import Config, DiscoGAN
from genlib.models.pix2pix import Pix2Pix as Paint
from genlib.sketch import Steps
from genlib.spaces import Pictures
from genlib.uploads import UploadError

DRAWING = Domain("drawings", "drawings", "drawing")
GREY, COLOUR = Domain("greys", "greys", "grey"), Domain("colours", "colours", "colour")


def house(size: int = 600) -> np.ndarray:
    image = Image.new("RGB", (size, size), "white")
    pen, s = ImageDraw.Draw(image), size
    pen.polygon([(s // 4, s // 2), (s // 2, s // 5), (3 * s // 4, s // 2)], outline="black", width=s // 100)
    pen.rectangle((s // 4, s // 2, 3 * s // 4, 4 * s // 5), outline="black", width=s // 100)
    return np.asarray(image)


def flat(*rgb: float, size: int = 64) -> torch.Tensor:
    return torch.tensor(rgb)[None, :, None, None].expand(1, len(rgb), size, size)


def test_a_drawing_keeps_its_lines_and_takes_the_colour() -> None:
    brought = translation.bring(house(), DRAWING, 64)
    assert brought.image.shape == (1, 1, 64, 64)
    assert 0 <= brought.image.min() < 0.2
    assert brought.image.max() == 1
    (result,) = translation.finish(brought, COLOUR, flat(1, 0, 0))
    assert result.shape == (600, 600, 3)
    assert result[house()[..., 0] == 0].max() < 100
    assert np.array_equal(result[400, 300], [255, 0, 0])
    assert translation.beside(brought, result).shape == result.shape


def test_an_empty_drawing_is_refused() -> None:
    with pytest.raises(UploadError, match="no lines"):
        translation.bring(np.full((100, 100, 3), 255, np.uint8), DRAWING, 64)


def test_a_grey_picture_keeps_its_greys_and_takes_the_colour() -> None:
    pixels = np.linspace(30, 220, 300 * 300).reshape(300, 300, 1).repeat(3, 2).astype(np.uint8)
    brought = translation.bring(pixels, GREY, 64)
    assert brought.image.shape == (1, 1, 64, 64)
    (result,) = translation.finish(brought, COLOUR, flat(0.6, 0.4, 0.4))
    assert result.shape == (300, 300, 3)
    luma = np.asarray(Image.fromarray(result).convert("L")).astype(int)
    assert np.abs(luma - pixels[..., 0]).max() <= 3
    assert (result[..., 0].astype(int) > result[..., 1]).all()


def test_colours_are_read_as_grey_where_the_model_wants_grey() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[..., 0] = 255
    assert translation.bring(pixels, GREY, 64).image.mean().item() == pytest.approx(0.299, abs=0.01)


@pytest.mark.parametrize("domain", [GREY, COLOUR])
def test_a_large_photo_is_never_in_floats_whole(domain: Domain) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (1536, 2048, 3), np.uint8)  # with a plain border: what it shows is looked for
    pixels[:8] = pixels[-8:] = 20
    pixels[:, :8] = pixels[:, -8:] = 20
    tracemalloc.start()
    try:
        translation.bring(pixels, domain, 64)
        assert tracemalloc.get_traced_memory()[1] < 5 * pixels.size  # floats alone, and the picture: 5, or 9
    finally:
        tracemalloc.stop()


def test_colour_pictures_of_the_models_size_arrive_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    brought = translation.bring(pixels, COLOUR, 64)
    (same,) = translation.finish(brought, COLOUR, brought.image)
    assert np.array_equal(same, pixels)
    assert np.array_equal(translation.beside(brought, same), pixels)


def test_light_and_dark_are_exchanged_where_the_model_knows_the_other() -> None:
    """A shoe drawn dark on white, for a model of Fashion-MNIST, whose pictures are light on black."""
    config = Config(space=Pictures(side=28), attribute="garment", a=(9,), b=(8,), generator_width=4)
    distance = novelty.world(DiscoGAN(config), DiscoGAN.worlds(config).a, "fashion").distance
    shoe = 255 - np.repeat((world_picture() * 255).astype(np.uint8)[..., None], 3, -1)
    turned = translation.bring(shoe, GREY, 28, None, distance)
    assert turned.notes
    assert turned.image.mean() < 0.5
    left = translation.bring(shoe, GREY, 28, Steps(invert="no"), distance)
    assert not left.notes
    assert left.image.mean() > 0.5


def test_an_ordinary_dark_photo_is_never_turned() -> None:
    """Even where the model knows light pictures alone; who wants it can have it."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    flower = np.stack([c * np.exp(-4 * (x * x + y * y)) + 12 for c in (200, 120, 80)], -1).astype(np.uint8)
    for photo in (flower, np.roll(flower, 40, 1)):
        left = translation.bring(photo, GREY, 64, None, lambda x: float(1 - x.mean()))
        assert not left.notes
        assert left.image.mean() < 0.3
    assert translation.bring(flower, GREY, 64, Steps(invert="yes")).image.mean() > 0.7


def world_picture() -> np.ndarray:
    from genlib import data

    pictures = data.load_pictures("fashion", "train")
    boots = pictures.x(slice(0, 200))[pictures.labels["garment"][:200] == 9]
    return boots[0, 0].numpy()


def test_hints_over_what_the_model_sees() -> None:
    rgb, mask = np.zeros((128, 128, 3), np.uint8), np.zeros((128, 128), bool)
    rgb[..., 1], mask[:64, :64] = 255, True
    hints = translation.painted(rgb, mask, 32)
    assert hints.shape == (1, 4, 32, 32)
    assert hints[0, 3].sum() == 16 * 16
    assert torch.equal(hints[0, 1], hints[0, 3])
    assert not hints[0, 0].any()


def test_hints_over_a_drawing_land_where_they_were_painted() -> None:
    brought = translation.bring(house(), DRAWING, 64, Steps(crop=False))
    rgb, mask = np.full((600, 600, 3), 255, np.uint8), np.zeros((600, 600), bool)
    mask[390:410, 290:310] = True
    hints = translation.hints(brought, rgb, mask)
    rows, columns = hints[0, 3].nonzero(as_tuple=True)
    assert abs(rows.float().mean() - 64 * 2 / 3) < 1.5
    assert abs(columns.float().mean() - 32) < 1.5


def test_the_source_by_its_key() -> None:
    cats, dogs = Domain("cats", "black cats", "colour"), Domain("dogs", "white dogs", "colour")
    both, one = Worlds(cats, dogs, (cats, dogs), False), Worlds(cats, dogs, (dogs,), False)
    assert translation.source_of(both, None) == translation.source_of(both, "cats") == cats
    assert translation.source_of(both, "dogs") == translation.source_of(one, None) == dogs
    with pytest.raises(GenlibError, match="translates from cats and dogs, and not from 'mice'"):
        translation.source_of(both, "mice")
    with pytest.raises(GenlibError, match="translates from dogs, and not from 'cats'"):
        translation.source_of(one, "cats")


def test_the_typical_answer_comes_first_and_hints_count() -> None:
    config = Paint.Config(space=Pictures(channels=3, side=32), latent=2, generator_width=4, discriminator_width=4)
    torch.manual_seed(0)
    model, (x, seeds) = Paint(config).eval(), (torch.rand(1, 1, 32, 32), range(5, 8))
    source = Paint.worlds(config).a
    made = translation.answers(model, source, x, seeds)
    torch.testing.assert_close(made[:1], model.translate(x, source))
    torch.testing.assert_close(made[2:3], model.translate(x, source, [6]))
    assert len(translation.answers(model, source, x, ())) == 1
    hints = torch.zeros(1, 4, 32, 32)
    hints[:, [0, 3], 8:24, 8:24] = 1.0
    hinted = translation.answers(model, source, x, seeds, None, hints)
    assert (hinted - made).abs().flatten(1).amax(1).min() > 0


def test_a_round_trip_that_changes_nothing_changes_nothing() -> None:
    class Mirror:
        def translate(self, x: torch.Tensor, source: Domain) -> torch.Tensor:
            return 1 - x

    x = torch.rand(1, 1, 8, 8)
    back, change = translation.round_trip(Mirror(), x, 1 - x, GREY)  # type: ignore[arg-type]
    assert change < 1e-6
    torch.testing.assert_close(back, x)
