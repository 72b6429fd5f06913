"""From a picture that somebody brings to its translation, in which their own lines stay as sharp as they were.

>>> import genlib
>>> from genlib import translation, uploads
>>> model = genlib.load("pix2pix-sketch")
>>> drawing, colour = model.domains()
>>> brought = translation.bring(uploads.read(open("in.png", "rb").read()).pixels, drawing, model.image_shape[-1])
>>> coloured = translation.finish(brought, colour, model.translate(brought.image, drawing.name))  # uint8 (1, H, W, 3)

A model knows pictures of one size and one kind. bring() makes one of what comes, and finish() goes back: colours for a
drawing are laid under its own lines, colours for a grey picture onto its own greys, both at their own resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from genlib import uploads
from genlib.contract import Domain, GenlibError
from genlib.framing import fit
from genlib.sheets import in_colour, to_uint8
from genlib.sketch import Sketch, Stage, Steps, colour_in, hints_to_model, prepare

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.contract import Translates
    from genlib.data import Images
    from genlib.novelty import World

SHARP = 512  # px: what is smaller is enlarged, smoothly where it is an own picture, in squares where it is the model's


@dataclass(frozen=True)
class Brought:
    """A picture in the world of a model.

    image    float32 (1, C, S, S) in [0, 1]: what the model sees
    before   uint8 (H, W, 3): the picture in the frame of its translation
    stages   how it came from the one to the other, for people
    notes    sentences for its bringer
    sketch   of a drawing, all that was found out about it
    """

    image: Tensor
    before: np.ndarray
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    sketch: Sketch | None = None


def bring(
    pixels: np.ndarray, domain: Domain, side: int, steps: Steps | None = None, world: World | None = None
) -> Brought:
    """A picture uint8 (H, W, 3) as the model that works on `domain` at `side` pixels wants it.

    Of a drawing, `steps` says what may be done to it. A grey picture is turned light for dark where that brings it
    nearer to `world` and steps.invert allows it. UploadError: there is nothing on it.
    """
    steps = steps or Steps()
    if domain.kind == "drawing":
        sketch = prepare(pixels, side, steps)
        image = torch.from_numpy(sketch.lines)[None, None]
        return Brought(image, pixels, sketch.stages, sketch.notes, sketch)
    small, before = (fit(pixels, s)[0] for s in (side, min(max(pixels.shape[:2]), uploads.MAX_SIDE)))
    notes: tuple[str, ...] = ()
    if domain.channels == 1:
        small, before = _grey(small), _grey(before)
        inverted = _image(255 - small[..., :1])
        if steps.invert and world and world.distance(inverted) < 0.8 * world.distance(_image(small[..., :1])):
            small, before = 255 - small, 255 - before
            notes = ("Light and dark were exchanged: that is how the model knows such pictures.",)
    stages = (
        Stage("Your picture", "As it came, upright.", _shown(pixels)),
        Stage("What the model sees", f"Squared, {side} x {side} pixels.", small),
    )
    return Brought(_image(small[..., : domain.channels]), before, stages, notes)


def finish(brought: Brought, target: Domain, made: Tensor) -> np.ndarray:
    """What a model made of `brought`, (B, C, S, S) in [0, 1] of domain `target`, as pictures uint8 (B, H, W, 3).

    Of the size of brought.before where its bringer's own lines or greys remain, else of the model's.
    """
    results = to_uint8(made)
    if target.kind != "colour":
        return in_colour(results)
    if brought.sketch is not None:
        return colour_in(brought.sketch, results)
    if brought.image.shape[1] == 1:
        return np.stack([_colourised(brought.before, picture) for picture in results])
    return results


def beside(brought: Brought, result: np.ndarray) -> np.ndarray:
    """What was brought, in the size of a result of finish(): uint8 (H, W, 3) of (H, W, 3)."""
    if result.shape[:2] == brought.image.shape[2:]:
        return in_colour(to_uint8(brought.image)[0])
    height, width = result.shape[:2]
    return np.asarray(Image.fromarray(brought.before).resize((width, height), Image.Resampling.LANCZOS))


def hints(brought: Brought, rgb: np.ndarray, mask: np.ndarray) -> Tensor:
    """Hints (1, 4, S, S) from colours uint8 (H, W, 3) and where they are, bool (H, W), painted over the picture itself.

    A picture that is no drawing must be square.
    """
    side = brought.image.shape[-1]
    if brought.sketch is None:
        return painted(rgb, mask, side)
    return torch.from_numpy(hints_to_model(brought.sketch, rgb, mask, side))[None]


def painted(rgb: np.ndarray, mask: np.ndarray, side: int) -> Tensor:
    """Hints (1, 4, S, S) from colours uint8 (H, H, 3) and where they are, painted over what the model sees itself."""
    at = ((np.arange(side) + 0.5) * len(mask) / side).astype(int)
    where = mask[np.ix_(at, at)][..., None]
    hints = np.concatenate([rgb[np.ix_(at, at)] / 255 * where, where], -1).astype(np.float32)
    return torch.from_numpy(hints.transpose(2, 0, 1).copy())[None]


def examples(model: Translates, data: Images, source: Domain, side: int | None = None) -> tuple[Tensor, Tensor | None]:
    """model.examples(data, source.name), checked: a model of the Hub may name any data set as its own.

    side: what the pictures must measure; None: anything. GenlibError: there are none, or of another shape.
    """
    inputs, truths = model.examples(data, source.name)
    fits = len(inputs) > 0 and inputs.shape[1] == source.channels and side in (None, inputs.shape[-1])
    if not fits or (truths is not None and truths.shape[1] != 3):
        raise GenlibError(f"{data.info.title} has no pictures that this model could start from.")
    return inputs, truths


def source_of(model: Translates, name: str | None) -> tuple[Domain, Domain]:
    """The domain called `name` (None: the first that it translates from) and the other. GenlibError: no such source."""
    name = name or model.sources()[0]
    if name not in model.sources():
        raise GenlibError(f"This model translates from {' and '.join(model.sources())}, and not from {name!r}.")
    a, b = model.domains()
    return (a, b) if a.name == name else (b, a)


def _colourised(before: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Own greys, with the hue and saturation of a smaller picture: (H, W, 3) of grey (H, W, 3) and (S, S, 3)."""
    height, width = before.shape[:2]
    _, blue, red = Image.fromarray(colours).convert("YCbCr").resize((width, height), Image.Resampling.BICUBIC).split()
    return np.asarray(Image.merge("YCbCr", (Image.fromarray(before[..., 0]), blue, red)).convert("RGB"))


def _grey(pixels: np.ndarray) -> np.ndarray:
    """Luma (ITU-R BT.601) in all three channels."""
    return in_colour(np.asarray(Image.fromarray(pixels).convert("L"))[..., None])


def _image(pixels: np.ndarray) -> Tensor:
    """float32 (1, C, H, W) in [0, 1] of uint8 (H, W, C)."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].float() / 255


def _shown(pixels: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(pixels)
    picture.thumbnail((SHARP, SHARP))
    return np.asarray(picture)
