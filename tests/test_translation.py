"""From a picture that somebody brings to its translation and back into their own picture."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageDraw
from psd_tools import PSDImage

from genlib import layered, novelty, shapes, translation
from genlib.contract import Domain, Worlds
from genlib.drawing import SEE_THROUGH, rasterise
from genlib.errors import GenlibError
from genlib.models.discogan import Config, DiscoGAN
from genlib.models.pix2pix import Pix2Pix as Paint
from genlib.sheets import to_uint8
from genlib.sketch import Fill, Steps
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
    layers = translation.layers(brought, flat(0.6, 0.4, 0.4)[0])
    assert [layer.name for layer in layers] == ["Greys", "Colours"]
    assert np.array_equal(layered.flattened(layers[:1]), brought.before)
    assert np.array_equal(layered.flattened(layers), result)


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
    dot = {"path": [["M", 90, 400]], "stroke": "#ff0000" + SEE_THROUGH, "strokeWidth": 20}
    paper = rasterise([dot], 600)
    hints = translation.wanted(brought, paper).hints
    assert hints is not None
    rows, columns = hints[0, 3].nonzero(as_tuple=True)
    assert abs(rows.float().mean() - 64 * 2 / 3) < 1.5
    assert abs(columns.float().mean() - 64 * 0.15) < 1.5
    assert len(rows) < 12


@pytest.mark.parametrize("fill", ["flat", "painted"])
def test_layers_make_the_picture_that_is_shown(fill: Fill) -> None:
    """In files as other programs read them."""
    brought = translation.bring(house(), DRAWING, 64)
    made = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    (shown,) = translation.finish(brought, COLOUR, made, fill)
    layers = translation.layers(brought, made[0], fill)
    assert [layer.name for layer in layers if layer.shown] == [
        "Paper", "Flats", *(["Painting"] if fill == "painted" else []), "Lines",
    ]  # fmt: skip
    # OpenRaster: the first layer of its stack is the uppermost one.
    with zipfile.ZipFile(io.BytesIO(layered.openraster(layers))) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        stack = ElementTree.fromstring(archive.read("stack.xml")).findall("stack/layer")
        picture = Image.new("RGBA", (600, 600))
        for layer in reversed(stack):
            if layer.get("visibility") == "visible":
                picture.alpha_composite(Image.open(archive.open(layer.attrib["src"])))
        assert np.array_equal(np.asarray(picture)[..., :3], shown)
        assert np.array_equal(np.asarray(Image.open(archive.open("mergedimage.png"))), shown)
    # PSD: the lowest one comes first.
    image = PSDImage.open(io.BytesIO(layered.photoshop(layers)))
    assert [(layer.name, layer.visible) for layer in image] == [(layer.name, layer.shown) for layer in layers]
    picture = Image.new("RGBA", (600, 600))
    for layer in image:
        if layer.visible:
            picture.alpha_composite(layer.topil())
    assert np.array_equal(np.asarray(picture)[..., :3], shown)
    assert np.array_equal(np.asarray(image.topil())[..., :3], shown)


def test_shapes_make_the_picture_that_is_shown_but_for_edges() -> None:
    brought = translation.bring(house(), DRAWING, 64)
    made = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    (shown,) = translation.finish(brought, COLOUR, made, "flat")
    image = ElementTree.fromstring(shapes.svg(translation.layers(brought, made[0], "flat")))
    assert (image.get("width"), image.get("height")) == ("600", "600")
    groups = image.findall("{*}g")
    assert [group.get("id") for group in groups] == ["Paper", "Flats", "Lines"]
    picture = Image.new("RGB", (600, 600))
    for path in (path for group in groups for path in group):
        inside = Image.new("1", (600, 600))
        for outline in path.attrib["d"].strip("MZ").split("ZM"):  # by the even-odd rule
            one = Image.new("1", (600, 600))
            corners = [tuple(float(v) - 0.5 for v in point.split(",")) for point in outline.split()]
            ImageDraw.Draw(one).polygon(corners, fill=1)
            inside = ImageChops.logical_xor(inside, one)
        picture.paste(path.attrib["fill"], mask=inside)
    off = np.abs(np.asarray(picture).astype(int) - shown).max(2)
    assert (off > 40).mean() < 0.01  # along the lines, which are soft there


@pytest.mark.parametrize("end", [(100, 30), (100, 120), (60, 120)])
def test_shapes_keep_lines_that_are_one_pixel_wide(end: tuple[int, int]) -> None:
    line = Image.new("RGBA", (150, 150), (0, 160, 0, 255))
    ImageDraw.Draw(line).line([(10, 30), end], (200, 30, 40, 255))
    pixels = np.asarray(line)
    image = ElementTree.fromstring(shapes.svg([layered.Layer("Flats", pixels)]))
    (path,) = (p.attrib["d"] for p in image.iter() if p.get("fill") == "#c81e28")
    area = 0.0
    for outline in path.strip("MZ").split("ZM"):
        x, y = np.array([[float(v) for v in point.split(",")] for point in outline.split()]).T
        area += abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1))) / 2
    assert area == pytest.approx(np.sum(pixels[..., 0] == 200), rel=0.1)


def test_the_row_shows_flat_colours_in_the_models_size() -> None:
    brought = translation.bring(house(), DRAWING, 64)
    made = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    flat, painted = (translation.small(brought, COLOUR, made, fill) for fill in ("flat", "painted"))
    assert flat.shape == painted.shape == (2, 64, 64, 3)
    assert (flat[:, 0] == 255).all()
    assert len(np.unique(flat[0, 36:46, 30:34].reshape(-1, 3), axis=0)) == 1
    assert np.array_equal(painted, to_uint8(made))


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
