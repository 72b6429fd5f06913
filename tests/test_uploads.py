"""Untrusted bytes to pictures: every format and every bad file of the issue, made here."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms, ImageDraw

from genlib import uploads
from genlib.errors import GenlibError
from genlib.uploads import UploadError, read

pillow_heif.register_heif_opener()


def drawing(width: int = 60, height: int = 40) -> Image.Image:
    """Orange, with a dark blue spot in the upper left corner and a green one in the upper right."""
    image = Image.new("RGB", (width, height), (240, 160, 20))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width // 4, height // 4), fill=(10, 20, 120))
    pen.rectangle((width - width // 4, 0, width, height // 4), fill=(20, 140, 40))
    return image


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    return image.quantize(16) if mode == "P" else image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def sentence(data: bytes) -> str:
    with pytest.raises(UploadError) as caught:
        read(data)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("kind", "mode", "tolerance"),
    [
        ("PNG", "RGB", 0),
        ("PNG", "RGBA", 0),
        ("PNG", "P", 8),
        ("BMP", "RGB", 0),
        ("GIF", "P", 8),
        ("TIFF", "RGB", 0),
        ("TIFF", "CMYK", 0),
        ("WEBP", "RGB", 40),
        ("JPEG", "RGB", 40),
        ("JPEG", "CMYK", 40),
        ("HEIF", "RGB", 40),
        ("HEIF", "RGBA", 40),
    ],
)
def test_every_kind_and_mode_keeps_its_colours(kind: str, mode: str, tolerance: int) -> None:
    picture = read(encoded(in_mode(drawing(), mode), kind))
    assert picture.pixels.shape == (40, 60, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.notes == ()
    for y, x in ((3, 4), (3, 55), (30, 30)):
        wanted = drawing().getpixel((x, y))
        assert np.abs(picture.pixels[y, x].astype(int) - wanted).max() <= tolerance


@pytest.mark.parametrize(("mode", "kind"), [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("1", "TIFF"), ("L", "JPEG")])
def test_grey_modes(mode: str, kind: str) -> None:
    image = Image.new("L", (40, 30), 255)
    ImageDraw.Draw(image).rectangle((8, 8, 23, 15), fill=0)
    pixels = read(encoded(image.convert(mode), kind)).pixels
    assert pixels[10:14, 10:20].max() < 10
    assert pixels[20:].min() > 245


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_pictures_are_scaled_and_not_clipped(dtype: type) -> None:
    ramp = np.linspace(0, 1 if dtype is np.float32 else 65535, 1600).reshape(40, 40).astype(dtype)
    pixels = read(encoded(Image.fromarray(ramp), "PNG" if dtype is np.uint16 else "TIFF")).pixels
    assert np.abs(pixels[..., 0].astype(float).ravel() - np.linspace(0, 255, 1600)).max() <= 1.01


def test_large_pictures_of_every_mode_shrink_alike() -> None:
    """Whatever is converted in bands comes out whole: no row is lost or moved."""
    image = drawing(4500, 620)
    wanted = np.asarray(image.resize((2048, 282), Image.Resampling.LANCZOS)).astype(int)
    for mode, kind in (("RGB", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("RGB", "JPEG")):
        picture = read(encoded(in_mode(image, mode), kind, **({"compress_level": 1} if kind == "PNG" else {})))
        assert picture.notes == ("The picture was scaled down from 4500 x 620 to 2048 x 282 pixels.",)
        assert np.mean(np.abs(picture.pixels - wanted).max(2) > 20) < 0.01


def test_what_is_transparent_becomes_white() -> None:
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    ImageDraw.Draw(image).line((5, 5, 35, 25), fill=(10, 10, 10, 255), width=3)
    palette = image.convert("P")
    palette.info["transparency"] = palette.getpixel((0, 29))
    for data in (encoded(image, "PNG"), encoded(palette, "PNG"), encoded(image, "WEBP", lossless=True)):
        picture = read(data)
        assert picture.pixels[28, 2].tolist() == [255, 255, 255]
        assert picture.pixels[15, 20].max() < 20
        assert picture.notes == ()


def test_a_white_drawing_on_nothing_is_laid_on_black() -> None:
    image = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
    ImageDraw.Draw(image).line((5, 5, 35, 25), fill=(255, 255, 255, 255), width=3)
    picture = read(encoded(image, "PNG"))
    assert (picture.pixels[28, 2].max(), picture.pixels[15, 20].min()) == (0, 255)
    assert len(picture.notes) == 1


def test_a_white_sheet_with_clear_corners_stays_white() -> None:
    image = Image.new("RGBA", (60, 60), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, 59, 59), 12, fill="white")
    pen.line((20, 20, 40, 40), fill=(90, 90, 90, 255), width=2)
    assert read(encoded(image, "PNG")).pixels[0, 0].tolist() == [255, 255, 255]


TURN = Image.Transpose
STORED = {  # EXIF orientation -> how a camera turned what it stored
    1: None, 2: TURN.FLIP_LEFT_RIGHT, 3: TURN.ROTATE_180, 4: TURN.FLIP_TOP_BOTTOM,
    5: TURN.TRANSPOSE, 6: TURN.ROTATE_90, 7: TURN.TRANSVERSE, 8: TURN.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation(orientation: int) -> None:
    turn = STORED[orientation]
    stored = drawing() if turn is None else drawing().transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        pixels = read(encoded(stored, kind, exif=exif, **options)).pixels
        assert pixels.shape == (40, 60, 3)
        assert np.abs(pixels[3, 4].astype(int) - (10, 20, 120)).max() < 30
        assert np.abs(pixels[3, 55].astype(int) - (20, 140, 40)).max() < 30


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame(kind: str) -> None:
    black = Image.new("RGB", (60, 40))
    picture = read(encoded(drawing(), kind, save_all=True, append_images=[black, black]))
    assert abs(int(picture.pixels[30, 30, 0]) - 240) < 12
    assert len(picture.notes) == 1
    assert "first" in picture.notes[0]


def test_a_telephones_heic_is_upright_and_unpacks_to_what_its_header_says() -> None:
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    picture = read(encoded(drawing(), "HEIF", exif=turned.tobytes()))
    assert picture.pixels.shape == (60, 40, 3)
    assert np.abs(picture.pixels[3, 36].astype(int) - (10, 20, 120)).max() < 40  # the blue spot went to the right
    bomb = bytearray(encoded(Image.new("RGB", (600, 600)), "HEIF"))
    at = bomb.find(b"ispe")
    bomb[at + 8 : at + 16] = struct.pack(">II", 100, 100)
    assert "damaged" in sentence(bytes(bomb))


def test_bad_files_each_get_their_sentence() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", b"no")
    whole = encoded(drawing(200, 200), "PNG")
    assert "empty" in sentence(b"")
    assert "10 MB" in sentence(bytes(25_000_000))
    assert "not a picture" in sentence(b"hello, this is text" * 10)
    assert "SVG" in sentence(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>')
    assert "PNG" in sentence(b"<svg/>")
    assert "PDF" in sentence(b"%PDF-1.7 ...")
    assert "damaged" in sentence(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    assert "a film" in sentence(b"\x00\x00\x00\x18ftypisom" + bytes(100))
    assert "AVIF" in sentence(encoded(drawing(), "AVIF"))
    assert "zip" in sentence(archive.getvalue())
    assert "damaged" in sentence(whole[: len(whole) // 2])
    assert "damaged" in sentence(whole[:20])
    assert "damaged" in sentence(encoded(drawing(300, 300), "JPEG")[:900])
    assert "git lfs pull" in sentence(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert "1 x 1" in sentence(encoded(drawing(1, 1), "PNG"))
    assert "15 x 40" in sentence(encoded(drawing(15, 40), "PNG"))
    assert "8 times" in sentence(encoded(drawing(10, 4000), "PNG"))
    assert "pixels" in sentence(png_header(30_000, 30_000))
    assert "25 million" in sentence(png_header(6000, 5000))
    assert issubclass(UploadError, GenlibError)


@pytest.mark.parametrize("size", [(60, 40), (2400, 1600), (5000, 3000)])
def test_a_jpeg_without_its_end_marker_is_read(size: tuple[int, int]) -> None:
    whole = encoded(drawing(*size), "JPEG")
    assert whole.endswith(b"\xff\xd9")
    assert np.array_equal(read(whole[:-2]).pixels, read(whole).pixels)


def test_colours_are_those_that_the_file_s_profile_means() -> None:
    """A picture of a wide-gamut telephone looked pale, for its numbers were taken for those of sRGB."""
    orange = np.array(drawing().convert("RGB"))
    linear = profile(gamma=1.0)
    light = np.where((x := orange / 255) <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    kept = Image.fromarray((light * 255).round().astype(np.uint8))
    found = read(encoded(kept, "PNG", icc_profile=linear))
    assert np.abs(found.pixels.astype(int) - orange).max() <= 6  # 8 bits of light are few in the dark
    assert found.notes == ("Its colours were converted from the file's own profile.",)
    clear = kept.copy()
    clear.putalpha(Image.fromarray(np.where(np.arange(60) < 30, 255, 0).astype(np.uint8)[None].repeat(40, 0)))
    see = read(encoded(clear, "PNG", icc_profile=linear)).pixels
    assert np.abs(see[:, :30].astype(int) - orange[:, :30]).max() <= 6
    assert (see[:, 30:] == 255).all()
    for harmless in (b"no profile", linear[:200], ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        assert np.array_equal(read(encoded(drawing(), "PNG", icc_profile=harmless)).pixels, orange)
        assert not read(encoded(drawing(), "PNG", icc_profile=harmless)).notes


def profile(gamma: float) -> bytes:
    """An ICC profile: sRGB's with other curves."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    for at in range(132, 132 + 12 * count, 12):
        tag, offset, size = struct.unpack(">4sII", data[at : at + 12])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            assert size >= 16
            data[offset : offset + 16] = struct.pack(">4sIIHH", b"para", 0, 0, 0, 0)[:12] + struct.pack(
                ">i", round(gamma * 65536)
            )
        if tag == b"desc":
            text = data[offset : offset + size]
            data[offset : offset + size] = text.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    return bytes(data)


def test_a_bomb_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        sentence(png_header(30_000, 30_000))
        sentence(png_header(8000, 8000))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damage that it could read past
def test_damage_anywhere_is_a_picture_or_a_sentence() -> None:
    """Files with flipped bytes or a missing end: a picture of ours or UploadError, never another exception."""
    image = drawing()
    files = [
        *(encoded(image, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "HEIF")),
        encoded(image.convert("P"), "GIF", save_all=True, append_images=[image.rotate(50).convert("P")]),
        encoded(image, "TIFF", compression="tiff_lzw"),
        encoded(image, "JPEG", progressive=True),
    ]
    chance = random.Random(0)
    good = bad = 0
    for _ in range(600):
        data = bytearray(chance.choice(files))
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.randrange(4) if data else 0):
            data[chance.randrange(min(len(data), chance.choice((60, 10_000))))] = chance.randrange(256)
        try:
            picture = read(bytes(data))
        except UploadError:
            bad += 1
        else:
            good += 1
            assert picture.pixels.dtype == np.uint8
            assert picture.pixels.ndim == 3
            assert max(picture.pixels.shape) <= uploads.MAX_SIDE
    assert min(good, bad) > 50


def with_exif(exif: bytes) -> bytes:
    """A JPEG that holds these bytes as its Exif data, as they are."""
    jpeg = encoded(Image.new("RGB", (40, 30), "red"), "JPEG")
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0junk",
        b"Exif\0\0MM\n*\0\0\0\x08\0\x00",  # of no byte order there is
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0[\0\0\0\x01\0\x06\0\0\0\0\0\0",  # the orientation of no type
        b"Exif\0\0MM\0*\xff\xff\xff\xff",  # beyond its end
    ],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read", "ignore:Tag data larger")
def test_a_picture_whose_exif_data_alone_are_broken_is_read(exif: bytes) -> None:
    pixels = read(with_exif(exif)).pixels
    assert pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - (254, 0, 0)).max() <= 2
