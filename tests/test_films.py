"""Films are opened again and counted."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlib import films

FRAMES = np.random.default_rng(0).integers(0, 256, (7, 1, 1, 3), np.uint8).repeat(8, 1).repeat(8, 2)


def opened(data: bytes) -> list[Image.Image]:
    film = Image.open(io.BytesIO(data))
    pictures = []
    for t in range(film.n_frames):  # type: ignore[attr-defined]
        film.seek(t)
        pictures.append(film.convert("RGB").copy())
    return pictures


@pytest.mark.parametrize("encode", [films.gif, films.webp])
@pytest.mark.parametrize("scale", [1, 3])
def test_every_frame_is_there_in_its_colours(encode: object, scale: int) -> None:
    pictures = opened(encode(FRAMES, 10, scale))  # type: ignore[operator]
    assert len(pictures) == len(FRAMES)
    for picture, frame in zip(pictures, FRAMES, strict=True):
        assert picture.size == (8 * scale, 8 * scale)
        assert np.abs(np.asarray(picture).mean((0, 1)) - frame.mean((0, 1))).max() < 12


def test_grey_films_keep_their_levels() -> None:
    levels = np.arange(0, 250, 25, dtype=np.uint8)[:, None, None, None].repeat(6, 1).repeat(6, 2)
    assert [p.getpixel((3, 3)) for p in opened(films.gif(levels, 10))] == [(v, v, v) for v in levels[:, 0, 0, 0]]


def test_a_film_lasts_as_long_as_it_should() -> None:
    assert Image.open(io.BytesIO(films.gif(FRAMES, 12.5))).info["duration"] == 80
    assert Image.open(io.BytesIO(films.gif(FRAMES, 90))).info["duration"] == 20, "browsers slow down less"
    assert "loop" in Image.open(io.BytesIO(films.gif(FRAMES, 10))).info


@pytest.mark.skipif(not films.can_mp4(), reason="imageio-ffmpeg is not installed")
def test_mp4_has_every_frame(tmp_path: Path) -> None:
    import imageio_ffmpeg

    path = tmp_path / "film.mp4"
    path.write_bytes(films.mp4(FRAMES, 10, 4))
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[0] == len(FRAMES)


@pytest.mark.parametrize("frames", [FRAMES[0], FRAMES.astype(np.float32), FRAMES[:0], FRAMES[..., :2]])
def test_what_is_no_film_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a film is uint8"):
        films.gif(frames, 10)
