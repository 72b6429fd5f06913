"""How far a picture is from a model's world."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch
from drawings import shadowed
from PIL import Image, ImageFilter
from torch import Tensor

from genlib import data, novelty
from genlib.models.discogan import Config, DiscoGAN
from genlib.spaces import Pictures

CONFIG = Config(space=Pictures(channels=3, side=64), generator_width=4, discriminator_width=4, a_name="blond")
HAIR, BLOND = DiscoGAN(CONFIG), DiscoGAN.worlds(CONFIG).a


def world() -> novelty.World:
    return novelty.world(HAIR, BLOND, "faces")


def photo() -> Tensor:
    """Soft shades and grain, as in a photo, and nothing flat."""
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 6, 6, generator=rng)
    shades = torch.nn.functional.interpolate(coarse, size=64, mode="bicubic")
    return (shades + 0.1 * torch.randn(1, 3, 64, 64, generator=rng)).clamp(0, 1)


def test_the_models_own_world_is_near_and_a_photo_is_far() -> None:
    faces = data.load_pictures("faces", "test")
    blond = faces.x(slice(None))[faces.labels["hair_colour"] == 1]
    known = world()
    distances = torch.tensor([known.distance(image[None]) for image in blond[:100]])
    assert 0.5 < distances.median() < 1.5
    assert (distances > known.far).float().mean() <= 0.05
    assert known.distance(photo()) > 2 * known.far


def test_a_picture_of_the_world_itself_is_at_no_distance() -> None:
    inputs, _ = HAIR.examples(data.load_pictures("faces", "validation"), BLOND)
    assert world().distance(inputs[:1]) < 1e-3


def test_descriptions_do_not_depend_on_the_size() -> None:
    small = torch.rand(2, 1, 64, 64)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(novelty.describe(large), novelty.describe(small))


def test_sets_that_are_joined_make_one_world() -> None:
    from genlib.models.pix2pix import Config, Pix2Pix

    config = Config(space=Pictures(channels=3, side=64), source="grey", generator_width=4, discriminator_width=4)
    grey, source = Pix2Pix(config), Pix2Pix.worlds(config).a
    joined = novelty.world(grey, source, "faces+emoji")
    alone = [novelty.world(grey, source, part) for part in ("faces", "emoji")]
    assert len(joined.rows) == sum(len(w.rows) for w in alone)


@pytest.fixture(scope="module", params=["hair", "grey"])
def known(request: pytest.FixtureRequest) -> novelty.Styles:
    """Of two models, by what they learned from."""
    from genlib.models.pix2pix import Config, Pix2Pix

    if request.param == "hair":
        return novelty.styles(HAIR, BLOND, "faces", coloured=True)
    config = Config(space=Pictures(channels=3, side=64), source="grey", generator_width=4, discriminator_width=4)
    return novelty.styles(Pix2Pix(config), Pix2Pix.worlds(config).a, "faces+emoji", coloured=True)


def brought(pixels: Tensor) -> np.ndarray:
    """A picture uint8 (3, H, W) as it is uploaded: larger, and with a margin."""
    large = Image.fromarray(pixels.permute(1, 2, 0).numpy()).resize((400, 400), Image.Resampling.BICUBIC)
    return np.pad(np.asarray(large), ((20, 20), (20, 20), (0, 0)), constant_values=255)


def test_held_out_pictures_have_the_style_of_the_others(known: novelty.Styles) -> None:
    faces = data.load_pictures("faces", "test")
    shown = [faces.pixels[faces.labels["hair_colour"] == 1][:60]]
    if len(known.kinds) > 1:
        shown.append(data.load_pictures("emoji", "test").pixels[::5])
    distances = np.array([known.distance(brought(pixels)) for pixels in torch.cat(shown)])
    assert np.mean(distances > 1) <= 0.03


def test_emoji_of_other_hands_have_another_style(known: novelty.Styles) -> None:
    """Nearly all for a model of faces; most for one that knows emoji of one hand, as a disc is in all sets."""
    icons = data.load_pictures("icons", "test", size=128)
    foreign = [i for i, title in enumerate(icons.titles) if not title.startswith("flat")][::12]
    distances = np.array([known.distance(brought(icons.pixels[i])) for i in foreign])
    assert np.mean(distances > 1) >= (0.95 if len(known.kinds) == 1 else 0.55)


def test_a_face_in_unknown_colours_has_another_style(known: novelty.Styles) -> None:
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    face = np.full((300, 300, 3), 255, np.uint8)
    face[x**2 + y**2 < 0.7] = (60, 120, 220)
    for side in (-0.3, 0.3):
        face[(x - side) ** 2 + (y + 0.2) ** 2 < 0.01] = (250, 240, 60)
    assert known.distance(face) > 1


@pytest.mark.parametrize("tint", [0, 60])
def test_grey_pictures_are_told_from_those_in_colour(tint: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256 - tint, (90, 60, 1), dtype=np.uint8).repeat(3, 2)
    pixels[:20, :, 0] += tint
    assert novelty.in_colours(pixels) == (tint > 0)


def photos_of_people_and_a_cat() -> dict[str, np.ndarray]:
    astronaut, cat = skimage.data.astronaut(), skimage.data.chelsea()
    face = astronaut[20:210, 150:320]
    white = np.full_like(face, 255)
    y, x = np.mgrid[-1 : 1 : len(face) * 1j, -1 : 1 : face.shape[1] * 1j]
    return {
        "a person": astronaut,
        "her flag": astronaut[5:195, 24:214],
        "her face": face,
        "cut out": np.where((x**2 + y**2 < 0.9)[..., None], face, white),
        "pale": (255 - (255 - face) * 0.6).astype(np.uint8),
        "grey": face.mean(2, keepdims=True).repeat(3, 2).astype(np.uint8),
        "a photographer": skimage.data.camera()[..., None].repeat(3, 2),
        "a cat": cat,
    }


@pytest.mark.parametrize("what", photos_of_people_and_a_cat())
def test_a_photo_is_told_from_drawings(what: str) -> None:
    assert novelty.shading(photos_of_people_and_a_cat()[what]) > novelty.SHADED


@pytest.mark.parametrize("kind", ["drawn", "white on black", "by phone", "in pencil"])
def test_held_out_drawings_are_not_taken_for_photos(kind: str) -> None:
    """At most 2 % of them."""
    test = data.load_pictures("emoji", "test", size=128)
    assert test.lines is not None
    found = []
    for lines in test.lines[:: 2 if kind in ("drawn", "white on black") else 7, 0].numpy():
        pixels = lines[..., None].repeat(3, 2)
        if kind == "white on black":
            pixels = 255 - pixels
        elif kind != "drawn":
            large = Image.fromarray(pixels).resize((400, 400), Image.Resampling.BICUBIC)
            if kind == "by phone":
                pixels = shadowed(np.pad(np.asarray(large), ((20, 20), (80, 80), (0, 0)), constant_values=255))
            else:
                ink = 1 - np.asarray(large.filter(ImageFilter.GaussianBlur(2))) / 255
                grain = np.random.default_rng(len(found)).random((400, 400, 1))
                pixels = (235 * (1 - 0.6 * ink * (0.5 + 0.5 * grain))).astype(np.uint8)
        found.append(novelty.shading(pixels))
    assert np.mean(np.array(found) > novelty.SHADED) <= 0.02
