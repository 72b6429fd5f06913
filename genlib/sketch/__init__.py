"""A visitor's line drawing made into what a model of line drawings knows, and the model's colours brought back to it.

The models here were trained on OpenMoji's line drawings: black lines on pure white, of one width (3.5 of 128 pixels),
the drawing centred and 0.6 to 0.94 of the square long. `prepare` removes the paper, exchanges light and dark if the
drawing is white on black, crops and scales it, and redraws its lines in that width. A `Sheet` has the areas between
the visitor's own lines, at the resolution of their picture, and `colour_in` lays the model's colours there.
`hints_to_model` takes colours that a visitor painted to the model, and `given_by` says which areas they are for.
Coordinates are in pixels of the picture, (0, 0) its upper left corner.

>>> drawing = sketch.prepare(uploads.read(data).pixels, 128)
>>> drawing.seen.shape             # what the model sees, dark on white
(128, 128)
>>> sketch.colour_in(sketch.Sheet.of(drawing), colours).shape      # colours: uint8 (4, 128, 128, 3)
(4, 1365, 2048, 3)

frame.py     a scanner's edges, a screen's bars
turning.py   light lines on dark
paper.py     paper, shadow, the sheet on a table, print
ink.py       picture -> ink
areas.py     shadow, and what is painted already
own.py       the visitor's own colours
hatching.py  shade drawn with a pen
lines.py     ink -> the model's lines
ends.py      where lines end, and what lines from end to end cut off
bridged.py   the areas between lines that leave gaps
regions.py   the same at the resolution of the picture
palettes.py  the flat colours of an area
flats.py     one colour for each area
steering.py  the colours of another picture for the areas
colour.py    the model's colours -> picture
pieces.py    several drawings on a sheet
hints.py     a visitor's colours -> the model, and their areas
common.py    what these share

Imports neither torch nor streamlit. SciPy and scikit-image are imported when the first picture comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from genlib.framing import Square, window
from genlib.sketch.colour import Fill, Sheet, colour_in, flats, small, under
from genlib.sketch.common import WORK, as_grey, shown
from genlib.sketch.flats import Colour, Given
from genlib.sketch.frame import paper_box, without_text
from genlib.sketch.hatching import without_hatching
from genlib.sketch.hints import given_by, hints_to_model, square_on, whole_areas
from genlib.sketch.ink import find_ink, plain_ink
from genlib.sketch.lines import Trace, crop, redrawn, whole
from genlib.sketch.own import Own
from genlib.sketch.pieces import pieces
from genlib.sketch.steering import prominent, steered
from genlib.sketch.turning import is_inverted

__all__ = [
    "Colour", "Fill", "Given", "Invert", "Sheet", "Sketch", "Stage", "Steps", "colour_in", "flats", "given_by",
    "hints_to_model", "pieces", "prepare", "prominent", "small", "square_on", "steered", "under", "whole_areas",
]  # fmt: skip


Invert = Literal["guess", "yes", "no"]


@dataclass(frozen=True)
class Steps:
    """Which steps `prepare` takes.

    paper     divide out the paper's tone and shadow, and leave out a table around it and what is printed on it
    invert    exchange light and dark: "yes", "no", or where a drawing is taken for white on black ("guess")
    crop      cut out, centre and scale the drawing
    strokes   redraw the lines in the training width
    own       keep the colour of each line, and what is painted already
    tone      the paper's colour, "rrggbb"; "": as it is found
    """

    paper: bool = True
    invert: Invert = "guess"
    crop: bool = True
    strokes: bool = True
    own: bool = True
    tone: str = ""


@dataclass(frozen=True)
class Stage:
    """What one step did: its name, a sentence, and the picture after it.

    pixels: uint8 (H, W) or (H, W, 3), at most 512 pixels a side.
    """

    name: str
    text: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Sketch:
    """A drawing as the model sees it, and what is needed to bring the colours back.

    lines        float32 (side, side) in [0, 1], dark on white, as the model knows lines
    seen         the same, the inside of wide dark areas white: the model's input
    ink          float32 (H, W) in [0, 1], the visitor's own lines at the resolution of their picture; 1 is ink
    outlines     the same without its hatching, which is no border of an area
    ink_colour   uint8 (3,), in which the lines are drawn over the colours
    own          the visitor's own colours, where there are several
    square       the part of the picture that became `lines`; it may reach outside the picture
    trace        where the lines are in it, finer
    stages       what each step did, from the picture as it came to `lines`
    notes        sentences for the visitor
    """

    lines: np.ndarray
    seen: np.ndarray
    ink: np.ndarray
    outlines: np.ndarray
    ink_colour: np.ndarray
    square: Square
    trace: Trace
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()
    own: Own | None = None


def prepare(pixels: np.ndarray, side: int, steps: Steps | None = None) -> Sketch:
    """The drawing in a picture uint8 (H, W, 3), for a model of `side` pixels. steps: None for all of them.

    UploadError: there is nothing in the picture that could be a line.
    """
    steps = steps or Steps()
    notes: list[str] = []
    stages = [Stage("Picture", f"As it came, {pixels.shape[1]} x {pixels.shape[0]} pixels.", shown(pixels))]
    tone = np.frombuffer(bytes.fromhex(steps.tone), np.uint8) if steps.tone else None
    box = paper_box(pixels) if steps.paper and tone is None else None
    whole_shape, pixels = pixels.shape[:2], pixels if box is None else pixels[box]
    small = stages[0].pixels if box is None else shown(pixels)
    light_on_dark = is_inverted(small) if tone is None else tone.mean() < 128
    turned = steps.invert == "yes" or (steps.invert == "guess" and bool(light_on_dark))
    work = 255 - pixels if turned else pixels
    if steps.invert != "no":
        text = "Light and dark exchanged." if turned else "Dark lines on a light ground: left so."
        stages.append(Stage("Turned", text, 255 - small if turned else small))
    if tone is not None and turned:
        tone = 255 - tone
    found = find_ink(work, tone) if steps.paper else plain_ink(work)
    if box is not None:
        found = replace(found, ink=without_text(found.ink)).within(whole_shape, box)
        notes.append("What is around the paper was left out: a scanner's edge, or a screen.")
    ink = found.ink
    notes += found.notes
    if steps.paper:
        stages.append(Stage("Paper", found.text, shown(as_grey(ink))))
    own = found.own if steps.own and not turned else None
    if own is not None:
        notes.append(own.note)
    square, text = crop(ink) if steps.crop else (whole(ink), "")
    lines = window(as_grey(ink), square, side, 255)
    if steps.crop:
        stages.append(Stage("Cropped", text, lines))
    outlines = without_hatching(ink, square) if steps.strokes else ink
    if outlines is not ink:
        lines = window(as_grey(outlines), square, side, 255)
        notes.append(
            "Hatching stays in your picture, as shade. The model is not shown it, since it would see a black area."
        )
    trace = Trace.of(outlines, square, WORK * side)
    seen = lines
    if steps.strokes:
        lines, seen, text = redrawn(trace, lines)
        stages.append(Stage("Lines", text, lines))
    if np.mean(lines < 128) > 0.35:
        notes.append("Much of this picture is dark: drawings of lines alone are coloured best.")
    text = "." if seen is lines or (seen == lines).all() else ", dark areas as their outlines."
    stages.append(Stage("What the model sees", f"{side} x {side} pixels{text}", seen))
    colour = np.zeros(3, np.uint8) if turned else found.colour
    lines, seen = (picture.astype(np.float32) / 255 for picture in (lines, seen))
    return Sketch(lines, seen, ink, outlines, colour, square, trace, tuple(stages), tuple(notes), own)
