"""What people bring, made by code: a drawing's ink, float32 (H, W) in [0, 1], as a picture uint8 (H, W, 3).

Nothing is moved, so that what was found can be held against the ink itself.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


def painted(
    ink: np.ndarray, colour: Colour | np.ndarray = (0, 0, 0), paper: Colour | np.ndarray = (255, 255, 255)
) -> np.ndarray:
    """Ink over paper; either may be a picture (H, W, 3)."""
    weight = ink[..., None]
    return (weight * np.asarray(colour) + (1 - weight) * np.asarray(paper)).round().clip(0, 255).astype(np.uint8)


def photographed(
    pixels: np.ndarray, grain: float = 3.0, blur: float = 0.6, quality: int = 80, seed: int = 0
) -> np.ndarray:
    """Through a phone's lens, its noise and its JPEG."""
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(blur)), np.float32)
    noisy = soft + grain * np.random.default_rng(seed).normal(size=pixels.shape)
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def lit(pixels: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Under a light, (H, W) or (H, W, 3), as a share of the full one."""
    return (pixels * (light if light.ndim == 3 else light[..., None])).clip(0, 255).astype(np.uint8)


def hand_shadow(
    shape: tuple[int, int], strength: float = 0.4, at: tuple[float, float] = (0.8, 1.0), size: float = 0.35
) -> np.ndarray:
    """The light (H, W) beside a hand, whose shadow has an edge: a round one from `at`, in shares of the sides."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot(x - at[0] * width, y - at[1] * height) / max(shape) - size
    return 1 - strength / (1 + np.exp(away * max(shape) / 2.5))


def rules(
    shape: tuple[int, int],
    angle: float = 4.0,
    gap: float = 25.0,
    squared: bool = False,
    colour: Colour = (150, 180, 220),
    converging: float = 0.0,
    paper: Colour = (250, 250, 246),
) -> np.ndarray:
    """School paper (H, W, 3) at an angle in degrees, its rules `gap` pixels apart. converging: by how many degrees the
    last rule is turned against the first, as in a photo from the side."""
    fine = 2
    height, width = (fine * s for s in shape)
    image = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(image)
    long = 2 * max(width, height)
    for turned in (0, 90) if squared else (0,):
        count = int(long / (fine * gap))
        for k in range(-count, count + 1):
            a = np.deg2rad(angle + turned + converging * k / count)
            along, across = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
            middle = np.array([width / 2, height / 2]) + fine * gap * k * across
            pen.line([*(middle - long * along), *(middle + long * along)], colour, round(fine * max(1, gap / 18)))
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BOX))


def on_table(sheet: np.ndarray, angle: float = 5.0, margin: float = 0.1, table: Colour = (60, 40, 30)) -> np.ndarray:
    """A sheet of paper (H, W, 3) cut to a turned rectangle, with a dark table around it."""
    height, width = sheet.shape[:2]
    a = np.deg2rad(angle)
    half = np.array([width, height]) * (0.5 - margin)
    corners = [np.array([sx * half[0], sy * half[1]]) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).polygon([tuple(turn @ c + (width / 2, height / 2)) for c in corners], 255)
    grain = np.random.default_rng(3).normal(size=(height, width, 1)) * 6
    ground = (np.asarray(table) + grain).clip(0, 255)
    return np.where(np.asarray(mask)[..., None] > 0, sheet, ground).astype(np.uint8)


def scanned(pixels: np.ndarray, edge: int = 6, sides: str = "lb", colour: Colour = (20, 20, 24)) -> np.ndarray:
    """With the dark edges of a scanner at some sides: l, r, t, b."""
    made = pixels.copy()
    height, width = made.shape[:2]
    across = {"l": slice(0, edge), "r": slice(width - edge, width)}
    down = {"t": slice(0, edge), "b": slice(height - edge, height)}
    for side in sides:
        made[down.get(side, slice(None)), across.get(side, slice(None))] = colour
    return made


def screenshot(
    pixels: np.ndarray, bar: Colour = (7, 94, 84), ground: Colour = (236, 229, 221), margin: float = 0.15
) -> tuple[np.ndarray, tuple[int, int]]:
    """A chat on a phone in which a drawing was sent, and where that is: its upper left corner (x, y)."""
    height, width = pixels.shape[:2]
    edge = round(margin * width)
    top = round(0.5 * width)
    made = np.empty((height + 2 * top, width + 2 * edge, 3), np.uint8)
    made[:] = ground
    made[: top // 3] = bar
    image = Image.fromarray(made)
    pen = ImageDraw.Draw(image)
    pen.text((edge, top // 9), "Mum", (255, 255, 255), font_size=max(10, top // 9))
    pen.text((edge, top + height + 10), "look what I drew", (90, 90, 90), font_size=max(9, top // 14))
    made = np.asarray(image).copy()
    made[top : top + height, edge : edge + width] = pixels
    return made, (edge, top)
