"""Frames to moving pictures: GIF and WebP by Pillow, MP4 where imageio-ffmpeg is installed. Imports no torch."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image

from genlib.errors import GenlibError
from genlib.sheets import in_colour

PALETTE_FROM = 16  # frames from which a film's one palette is made


def gif(frames: np.ndarray, fps: float, scale: int = 1) -> bytes:
    """An endless GIF of frames uint8 (T, H, W, 1 or 3), each pixel `scale` x `scale` large.

    One palette serves all frames: finding another for each takes most of an encoder's time, and colours would flicker.
    A GIF counts in hundredths of a second, and browsers slow down what has less than two.
    """
    pictures = _pictures(frames, scale)
    if frames.shape[-1] == 3:
        some = frames[:: max(1, len(frames) // PALETTE_FROM)]
        palette = Image.fromarray(np.concatenate(list(some))).quantize(256, dither=Image.Dither.NONE)
        pictures = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    # Pillow would look for a better palette, frame by frame.
    return _animated(pictures, "GIF", max(20, 10 * round(100 / fps)), optimize=False)


def webp(frames: np.ndarray, fps: float, scale: int = 1) -> bytes:
    """An endless WebP of frames uint8 (T, H, W, 1 or 3), with losses that one hardly sees."""
    return _animated(
        [p.convert("RGB") for p in _pictures(frames, scale)], "WEBP", round(1000 / fps), quality=90, method=0
    )


def can_mp4() -> bool:
    """Whether mp4() works here: imageio-ffmpeg brings its own program, of 160 MB, and is nobody's duty."""
    return find_spec("imageio_ffmpeg") is not None


def mp4(frames: np.ndarray, fps: float, scale: int = 1) -> bytes:
    """H.264 of frames uint8 (T, H, W, 1 or 3). GenlibError: imageio-ffmpeg is not installed."""
    if not can_mp4():
        raise GenlibError("MP4 needs imageio-ffmpeg, which is not installed: pip install imageio-ffmpeg.")
    import tempfile
    from pathlib import Path

    import imageio_ffmpeg

    large = in_colour(frames).repeat(scale, 1).repeat(scale, 2)
    large = np.pad(large, ((0, 0), (0, large.shape[1] % 2), (0, large.shape[2] % 2), (0, 0)), "edge")  # even sides
    with tempfile.TemporaryDirectory() as folder:  # an MP4's index is written last, at the front: it needs a file
        path = Path(folder) / "film.mp4"
        writer: Any = imageio_ffmpeg.write_frames(
            str(path),
            (large.shape[2], large.shape[1]),
            fps=fps,
            quality=8,
            macro_block_size=1,
            ffmpeg_log_level="error",
        )
        writer.send(None)
        for frame in large:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        return path.read_bytes()


def _pictures(frames: np.ndarray, scale: int) -> list[Image.Image]:
    if frames.ndim != 4 or frames.dtype != np.uint8 or frames.shape[-1] not in (1, 3) or not len(frames):
        raise ValueError(f"a film is uint8 (T, H, W, 1 or 3), not {frames.dtype} {frames.shape}")
    large = frames.repeat(scale, 1).repeat(scale, 2)
    return [Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame) for frame in large]


def _animated(pictures: list[Image.Image], kind: str, milliseconds: int, **options: Any) -> bytes:
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0, **options)
    return file.getvalue()
