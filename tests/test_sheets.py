import io
import math
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from genlib.sheets import columns, enlargement, grid, png, to_uint8, zip_of


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_to_uint8_rounds_and_moves_the_channels_last():
    images = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 254.6 / 255, 1.0]).view(1, 1, 1, 5).repeat(2, 3, 4, 1)
    out = to_uint8(images)
    assert out.shape == (2, 4, 5, 3)
    assert out.dtype == np.uint8
    assert out[1, 3, :, 2].tolist() == [0, 0, 1, 255, 255]


def test_to_uint8_gives_back_what_came_from_bytes():
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert (to_uint8(every.float() / 255)[0, :, :, 0] == every[0, 0].numpy()).all()


@pytest.mark.parametrize("count", range(1, 101))
def test_columns_are_wider_than_high_but_no_strip(count):
    across = columns(count)
    down = math.ceil(count / across)
    assert down <= across <= max(3, 2.5 * math.sqrt(count))


@pytest.mark.parametrize(("count", "across"), [(1, 1), (6, 3), (24, 6), (64, 8), (100, 10)])
def test_columns_fill_their_rows(count, across):
    assert columns(count) == across


def test_grid_puts_each_picture_in_its_place():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(3, 2)  # five of 4 x 3
    sheet = grid(images, across=2, gap=1, background=200)
    assert sheet.shape == (3 * 5 - 1, 2 * 4 - 1, 1)
    for i in range(5):
        y, x = i // 2 * 5, i % 2 * 4
        assert (sheet[y : y + 4, x : x + 3] == i).all()
    assert (sheet[:, 3] == 200).all()
    assert (sheet[10:, 4:] == 200).all()  # the sixth place is empty


def test_grid_without_gap_is_a_sprite_sheet():
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 3), dtype=np.uint8)
    sheet = grid(images, across=4, gap=0)
    assert (sheet == np.concatenate(list(images), axis=1)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_lossless_and_enlarges_by_whole_pixels(channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    out = picture(png(image, scale=3)).reshape(15, 21, channels)
    assert (out == image.repeat(3, 0).repeat(3, 1)).all()
    assert (picture(png(image)).reshape(image.shape) == image).all()


def test_enlargement_is_whole_and_at_least_one():
    assert [enlargement(s, 112) for s in (28, 64, 256)] == [4, 2, 1]


def test_zip_holds_the_files_and_repeats():
    files = {"a.txt": b"one", "b.bin": bytes(range(256))}
    archive = zip_of(files)
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == files
    assert zip_of(files) == archive
