"""Pictures in layers, as files that painting programs open: OpenRaster and Photoshop's.

>>> layers = [Layer("Paper", white), Layer("Lines", lines)]      # uint8 (H, W, 4), the lowest first
>>> data = layered.openraster(layers)
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from genlib.sheets import png, zip_of

THUMBNAIL = 256  # px


@dataclass(frozen=True)
class Layer:
    """pixels: uint8 (H, W, 4), the last channel 255 where they are opaque. shown: whether it counts in the picture."""

    name: str
    pixels: np.ndarray
    shown: bool = True


def flattened(layers: Sequence[Layer]) -> np.ndarray:
    """The picture uint8 (H, W, 3) that layers make, the lowest first, which must be opaque."""
    picture = Image.fromarray(layers[0].pixels)
    for layer in layers[1:]:
        if layer.shown:
            picture.alpha_composite(Image.fromarray(layer.pixels))
    return np.asarray(picture)[..., :3]


def openraster(layers: Sequence[Layer], more: Mapping[str, bytes] | None = None) -> bytes:
    """An .ora file of layers, the lowest first (https://www.openraster.org, version 0.0.3). more: other files in it."""
    height, width = layers[0].pixels.shape[:2]
    image = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height))
    stack = ElementTree.SubElement(image, "stack")
    merged = flattened(layers)
    thumbnail = Image.fromarray(merged)
    thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
    files = {"mimetype": b"image/openraster"}  # first, and not compressed: that is how it is recognised
    for number, layer in reversed(list(enumerate(layers))):
        source = f"data/layer{number}.png"
        files[source] = png(layer.pixels)
        ElementTree.SubElement(
            stack, "layer", name=layer.name, src=source, x="0", y="0", opacity="1.0",
            visibility="visible" if layer.shown else "hidden",
        )  # fmt: skip
    files["stack.xml"] = ElementTree.tostring(image, "utf-8", xml_declaration=True)
    files["mergedimage.png"] = png(merged)
    files["Thumbnails/thumbnail.png"] = png(np.asarray(thumbnail))
    return zip_of(files | dict(more or {}))


def photoshop(layers: Sequence[Layer]) -> bytes:
    """A .psd file of layers, the lowest first."""
    from psd_tools import PSDImage

    class Finished(PSDImage):
        """With the picture that it was made of: to make it anew of the layers takes seconds, and 40 bytes a pixel."""

        def is_updated(self) -> bool:
            return False

    merged = Image.fromarray(flattened(layers)).convert("RGBA")
    image = Finished.frompil(merged)
    for layer in layers:
        made = image.create_pixel_layer(Image.fromarray(layer.pixels), name=layer.name)
        made.visible = layer.shown
    file = io.BytesIO()
    image.save(file)
    return file.getvalue()
