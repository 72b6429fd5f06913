"""How far a picture is from a model's world."""

from __future__ import annotations

import torch
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
