"""Drawings as people bring them, made by code here."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from genlib.sketch import Sketch

SIDE = 128  # px: of the model


def picture(
    width: int = 6,
    at: tuple[float, float] = (0.15, 0.15),
    size: float = 0.7,
    shape: tuple[int, int] = (400, 400),
    ink: tuple[int, int, int] = (0, 0, 0),
    paper: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
    """A face in a hat, uint8 (H, W, 3): round, straight and open lines, and two dots. `size` in shares of the width."""
    height, across = shape
    fine = 4
    image = Image.new("RGB", (across * fine, height * fine), paper)
    pen = ImageDraw.Draw(image)
    unit = size * across * fine

    def point(x: float, y: float) -> tuple[float, float]:
        return (at[0] * across * fine + x * unit, at[1] * height * fine + y * unit)

    def line(*points: tuple[float, float]) -> None:
        placed = [point(*p) for p in points]
        pen.line(placed, ink, width * fine, "curve")
        for x, y in placed:
            pen.circle((x, y), width * fine / 2, ink)

    angles = np.linspace(0, 2 * np.pi, 73)
    line(*((0.5 + 0.33 * np.cos(a), 0.62 + 0.33 * np.sin(a)) for a in angles))
    line(*((0.5 + 0.16 * np.cos(a), 0.7 + 0.1 * np.sin(a)) for a in angles[4:33]))
    line((0.05, 0.35), (0.95, 0.35))
    line((0.25, 0.35), (0.3, 0.05), (0.7, 0.05), (0.75, 0.35))
    for x in (0.38, 0.62):
        pen.circle(point(x, 0.55), max(0.03 * unit, 0.75 * width * fine), ink)
    return np.asarray(image.resize((across, height), Image.Resampling.BOX))


def shadowed(pixels: np.ndarray, grain: float = 2.0) -> np.ndarray:
    """A phone's photo of it: cream paper, a shadow over one corner, noise, JPEG's blur."""
    y, x = np.mgrid[0 : 1 : len(pixels) * 1j, 0 : 1 : pixels.shape[1] * 1j]
    light = 1 - 0.5 / (1 + np.exp(-8 * (0.6 * x + 0.8 * y - 0.8)))
    photo = pixels / 255 * np.array([236, 224, 194]) * light[..., None]
    photo += np.random.default_rng(1).normal(size=photo.shape) * grain
    return np.asarray(Image.fromarray(photo.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.5)))


def apart(a: Sketch, b: Sketch) -> float:
    """Mean absolute difference of the models' inputs. An empty square is about 0.13 away from the face."""
    return float(np.abs(a.lines - b.lines).mean())
