"""Pictures in layers as shapes, for programs that draw with those: SVG.

>>> data = shapes.svg([Layer("Paper", white), Layer("Flats", flats), Layer("Lines", lines)])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from scipy import ndimage

from genlib.layered import Layer

COLOURS = 24  # of a layer at most
LEAST = 6  # pixels of a shape
NEAR = 0.6  # px that an outline may be beside the pixels' own
SHARE = 0.03  # of its area by which it may be wrong


def svg(layers: Sequence[Layer]) -> bytes:
    """The layers that are shown, the lowest first, as an .svg file: a group each, and in it a path for each colour."""
    height, width = layers[0].pixels.shape[:2]
    image = ElementTree.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height),
        viewBox=f"0 0 {width} {height}",
    )  # fmt: skip
    for layer in layers:
        if layer.shown:
            group = ElementTree.SubElement(image, "g", {"id": layer.name, "fill-rule": "evenodd"})
            for colour, path in _paths(layer.pixels):
                ElementTree.SubElement(group, "path", d=path, fill=f"#{colour.tobytes().hex()}")
    return ElementTree.tostring(image, "utf-8", xml_declaration=True)


def _paths(pixels: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """The colours uint8 (3,) of what is opaque in pixels uint8 (H, W, 4), and the outlines of each."""
    from skimage.measure import find_contours

    opaque = pixels[..., 3] > 127
    if not opaque.any():
        return
    row = Image.fromarray(pixels[opaque][None, :, :3]).quantize(COLOURS, Image.Quantize.MEDIANCUT)
    palette = np.array(row.getpalette(), np.uint8).reshape(-1, 3)
    number = np.zeros(opaque.shape, np.uint8)  # of the colour, from 1; 0 where it is not opaque
    number[opaque] = np.asarray(row)[0] + 1
    for n, box in enumerate(ndimage.find_objects(number), 1):
        if box is None:
            continue
        # The soft edge of what is beside nothing, to a fraction of a pixel; between two colours it is a hard one.
        own = number[box] == n
        share = np.where(own | (number[box] == 0), pixels[box][..., 3] / 255, 0)
        share = np.pad(np.where(ndimage.binary_dilation(own), share, 0), 1)
        corner = np.array([box[0].start, box[1].start]) - 0.5  # of the padding's first pixel, whose middle it is
        outlines = (o for o in find_contours(share, 0.5, fully_connected="high") if _area(o) >= LEAST)
        path = "".join(_closed(_simple(o) + corner) for o in outlines)
        if path:
            yield palette[n - 1], path


def _simple(outline: np.ndarray) -> np.ndarray:
    """An outline (N, 2) with fewer points and nearly its area: of a thin line, NEAR on both sides may be all of it."""
    from skimage.measure import approximate_polygon

    for near in (NEAR, NEAR / 4):
        made = approximate_polygon(outline, near)
        if abs(_area(made) / _area(outline) - 1) < SHARE:
            return made
    return outline


def _closed(outline: np.ndarray) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for y, x in outline[:-1])
    return f"M{points}Z"


def _area(outline: np.ndarray) -> float:
    """Within an outline (N, 2), whose last point is its first, in px."""
    y, x = outline.T
    return float(abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2
