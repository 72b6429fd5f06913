"""From a picture that somebody brings to its translation, in which their own lines stay as sharp as they were.

>>> import genlib
>>> from genlib import translation, uploads
>>> model = genlib.load("pix2pix-sketch")
>>> drawing, colour = (worlds := model.worlds(model.config)).a, worlds.b
>>> brought = translation.bring(uploads.read(open("in.png", "rb").read()).pixels, drawing, model.shape[-1])
>>> coloured = translation.finish(brought, colour, model.translate(brought.image, drawing))  # uint8 (1, H, W, 3)

A model knows pictures of one size and one kind. bring() makes one of what comes, and finish() goes back: colours for a
drawing are laid under its own lines, colours for a grey picture onto its own greys, both at their own resolution.

torch is imported by the first picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genlib import sketch as drawn
from genlib import uploads
from genlib.contract import Controls, Domain, Seeds, TakesHints, Translates, Worlds
from genlib.errors import GenlibError
from genlib.fitting import LIGHT
from genlib.framing import fit, ground_of, window
from genlib.layered import Layer
from genlib.sheets import in_colour, to_uint8
from genlib.sketch import Colour, Fill, Given, Sheet, Sketch, Stage, Steps

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.data import PictureSet
    from genlib.drawing import Drawing

BLOCK = 16  # pictures of a data set that are turned into floats at a time
SHARP = 512  # px: what is smaller is enlarged, smoothly where it is an own picture, in squares where it is the model's


@dataclass(frozen=True)
class Brought:
    """A picture in the world of a model.

    image    float32 (1, C, S, S) in [0, 1]: what the model sees
    before   uint8 (H, W, 3): the picture in the frame of its translation
    stages   how it came from the one to the other, for people
    notes    sentences for its bringer
    sketch   of a drawing, all that was found out about it
    sheet    of a drawing, its areas
    """

    image: Tensor
    before: np.ndarray
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    sketch: Sketch | None = None
    sheet: Sheet | None = None


def bring(
    pixels: np.ndarray,
    domain: Domain,
    side: int,
    steps: Steps | None = None,
    distance: Callable[[Tensor], float] | None = None,
) -> Brought:
    """A picture uint8 (H, W, 3) as the model that works on `domain` at `side` pixels wants it.

    Of a drawing, `steps` says what may be done to it. Light and dark of a grey picture are exchanged if steps.invert
    says so; as a guess, of a thing on light, even ground where that brings it nearer to what the model knows, by
    `distance`. UploadError: there is nothing on it.
    """
    import torch

    steps = steps or Steps()
    if domain.kind == "drawing":
        sketch = drawn.prepare(pixels, side, steps)
        image = torch.from_numpy(sketch.seen)[None, None]
        return Brought(image, pixels, sketch.stages, sketch.notes, sketch, Sheet.of(sketch))
    small, before = (fit(pixels, s)[0] for s in (side, min(max(pixels.shape[:2]), uploads.MAX_SIDE)))
    notes: tuple[str, ...] = ()
    if domain.channels == 1:
        small, before = _grey(small), _grey(before)
        inverted = _x(255 - small[..., :1])
        nearer = distance is not None and distance(inverted) < 0.8 * distance(_x(small[..., :1]))
        if steps.invert == "yes" or (steps.invert == "guess" and nearer and _on_light_ground(pixels)):
            small, before = 255 - small, 255 - before
            notes = ("Light and dark were exchanged.",)
    stages = (
        Stage("Your picture", "As it came, upright.", _shown(pixels)),
        Stage("What the model sees", f"Squared, {side} x {side} pixels.", small),
    )
    return Brought(_x(small[..., : domain.channels]), before, stages, notes)


def answers(
    model: Translates,
    source: Domain,
    x: Tensor,
    seeds: Seeds,
    controls: Controls | None = None,
    hints: Tensor | None = None,
) -> Tensor:
    """What a model makes of one picture (1, C, S, S): (1 + B, C', S, S) on the CPU, the most typical answer first, then
    one for each of the B `seeds`. Hints (1, 4, S, S) count where it takes them."""
    import torch

    def ask(count: int, seeds: Seeds | None) -> Tensor:
        many = x.expand(count, -1, -1, -1)
        if hints is not None and isinstance(model, TakesHints):
            return model.translate_hinted(many, source, hints.expand(count, -1, -1, -1), seeds, controls)
        return model.translate(many, source, seeds, controls)

    with torch.inference_mode():
        typical = ask(1, None).cpu()
        return torch.cat([typical, ask(len(seeds), seeds).cpu()]) if len(seeds) else typical


def steered(brought: Brought, made: Tensor, palette: Sequence[Colour]) -> Tensor:
    """What a model made of a drawing, (B, 3, S, S), in the colours of a palette; without one, as it is."""
    import torch

    if brought.sheet is None or not palette:
        return made
    pictures = drawn.steered(brought.sheet, to_uint8(made), palette)
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)


def round_trip(model: Translates, x: Tensor, there: Tensor, target: Domain) -> tuple[Tensor, float]:
    """A picture's translation `there`, brought back from `target`: (1, C, S, S) on the CPU, and by how much it differs
    from the picture x, per pixel, on a scale from 0 to 1."""
    import torch

    with torch.inference_mode():
        back = model.translate(there, target).cpu()
    return back, float((back - x).abs().mean())


def finish(
    brought: Brought, target: Domain, made: Tensor, fill: Fill = "flat", given: Given | None = None
) -> np.ndarray:
    """What a model made of `brought`, (B, C, S, S) in [0, 1] of domain `target`, as pictures uint8 (B, H, W, 3).

    Of the size of brought.before where its bringer's own lines or greys remain, else of the model's. fill: how the
    areas of a drawing are filled; those that are `given` a colour have it.
    """
    results = to_uint8(made)
    if target.kind != "colour":
        return in_colour(results)
    if brought.sheet is not None:
        return drawn.colour_in(brought.sheet, results, fill, given)
    if brought.image.shape[1] == 1:
        return np.stack([_colourised(brought.before, picture) for picture in results])
    return results


def beside(brought: Brought, result: np.ndarray) -> np.ndarray:
    """What was brought, in the size of a result of finish(): uint8 (H, W, 3) of (H, W, 3)."""
    if result.shape[:2] == brought.image.shape[2:]:
        return in_colour(to_uint8(brought.image)[0])
    height, width = result.shape[:2]
    return np.asarray(Image.fromarray(brought.before).resize((width, height), Image.Resampling.LANCZOS))


def small(
    brought: Brought, target: Domain, made: Tensor, fill: Fill = "flat", given: Given | None = None
) -> np.ndarray:
    """What finish() makes, in the model's own size: uint8 (B, S, S, C)."""
    results = to_uint8(made)
    if target.kind == "colour" and brought.sheet is not None and fill == "flat":
        return drawn.small(brought.sheet, results, given)
    return results


def layers(brought: Brought, made: Tensor, fill: Fill = "flat", given: Given | None = None) -> list[Layer]:
    """A coloured drawing or grey picture, one of finish()'s, as layers, the lowest first. made: (C, S, S).

    A drawing's painting is among them, and not shown where the colours are flat."""
    sheet, result = brought.sheet, to_uint8(made[None])[0]
    if sheet is None:
        pictures = {"Greys": brought.before, "Colours": _colourised(brought.before, result)}
        return [Layer(name, np.asarray(Image.fromarray(p).convert("RGBA"))) for name, p in pictures.items()]
    flat = drawn.flats(sheet, result, given)
    painting = drawn.under(sheet, result, "painted", given)
    opaque, ink = np.full((*flat.shape[:2], 1), 255, np.uint8), np.empty_like(flat)
    ink[..., :3], ink[..., 3] = sheet.pens, sheet.ink
    return [
        Layer("Paper", np.full_like(flat, 255)),
        Layer("Flats", flat),
        Layer("Painting", np.concatenate([painting, opaque], 2), fill == "painted"),
        Layer("Lines", ink),
    ]


@dataclass(frozen=True)
class Wanted:
    """What a visitor wants where: hints (1, 4, S, S), and which areas of a drawing have which colour."""

    hints: Tensor | None = None
    given: Given = field(default_factory=dict)


def wanted(brought: Brought, drawing: Drawing, fill: Fill = "flat", seen: bool = False) -> Wanted:
    """What is painted over the picture itself, or over what the model sees (`seen`).

    A picture that is no drawing must be square."""
    import torch

    side, sheet = brought.image.shape[-1], brought.sheet
    if not drawing.hinted:
        return Wanted()
    if sheet is None or brought.sketch is None:
        return Wanted(painted(drawing.hints, drawing.mask, side) if drawing.mask.any() else None)
    size = len(drawing.mask)
    square = (0.0, 0.0, float(size)) if seen else drawn.square_on(brought.sketch, drawing.mask.shape)
    given = drawn.given_by(drawing, square, sheet.regions, mixed=fill == "flat")
    hints = drawn.hints_to_model(square, drawing.hints, drawing.mask, side)
    return Wanted(torch.from_numpy(drawn.whole_areas(hints, given, sheet.regions))[None], given)


def seen(brought: Brought, result: np.ndarray) -> np.ndarray:
    """The part of a result of finish(), uint8 (H, W, 3), that the model saw, as a square."""
    if brought.sketch is None:
        return result
    square = drawn.square_on(brought.sketch, result.shape)
    return window(result, square, min(SHARP, max(1, round(square[2]))), 255)


def painted(rgb: np.ndarray, mask: np.ndarray, side: int) -> Tensor:
    """Hints (1, 4, S, S) from colours uint8 (H, H, 3) and where they are, painted over what the model sees itself."""
    import torch

    at = ((np.arange(side) + 0.5) * len(mask) / side).astype(int)
    where = mask[np.ix_(at, at)][..., None]
    hints = np.concatenate([rgb[np.ix_(at, at)] / 255 * where, where], -1).astype(np.float32)
    return torch.from_numpy(hints.transpose(2, 0, 1).copy())[None]


def examples(
    model: Translates, data: PictureSet, source: Domain, side: int | None = None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """model.examples(data, source), checked, since a model of the Hub may name any data set as its own; part by part,
    since as floats the whole would take four times the memory of its bytes, and more while it is made.

    side: what the pictures must measure; None: anything. GenlibError: there are none, or of another shape.
    """
    found = False
    for start in range(0, len(data), BLOCK):
        x, truths = model.examples(data.take(slice(start, start + BLOCK)), source)
        if not len(x):  # a domain may be a part of the data
            continue
        found = (
            x.shape[1] == source.channels and side in (None, x.shape[-1]) and (truths is None or truths.shape[1] == 3)
        )
        if not found:
            break
        yield x, truths
    if not found:
        raise GenlibError(f"{data.info.title} has no pictures that this model could start from.")


def source_of(worlds: Worlds, key: str | None) -> Domain:
    """The source with that key; None: the first. GenlibError: it is not among them."""
    for source in worlds.sources:
        if key in (None, source.key):
            return source
    known = " and ".join(source.key for source in worlds.sources)
    raise GenlibError(f"This model translates from {known}, and not from {key!r}.")


def _colourised(before: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Own greys, with the hue and saturation of a smaller picture: (H, W, 3) of grey (H, W, 3) and (S, S, 3)."""
    height, width = before.shape[:2]
    _, blue, red = Image.fromarray(colours).convert("YCbCr").resize((width, height), Image.Resampling.BICUBIC).split()
    return np.asarray(Image.merge("YCbCr", (Image.fromarray(before[..., 0]), blue, red)).convert("RGB"))


def _on_light_ground(pixels: np.ndarray) -> bool:
    """Whether a picture uint8 (H, W, 3) shows a thing on light, even ground, as no ordinary photo does."""
    ground, even = ground_of(pixels)
    return bool(ground.min() > LIGHT) and even


def _grey(pixels: np.ndarray) -> np.ndarray:
    """Luma (ITU-R BT.601) in all three channels."""
    return in_colour(np.asarray(Image.fromarray(pixels).convert("L"))[..., None])


def _x(pixels: np.ndarray) -> Tensor:
    """float32 (1, C, H, W) in [0, 1] of uint8 (H, W, C)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].float() / 255


def _shown(pixels: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(pixels)
    picture.thumbnail((SHARP, SHARP))
    return np.asarray(picture)
