"""What comes out on Translate: the answers, the round trip, what the model sees, and a word of warning."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib import data, keepsake, layered, query, shapes, sketch, translation
from genlib.budget import MADE as KEPT
from genlib.contract import Controls, Domain, Translates, Varies
from genlib.errors import GenlibError
from genlib.sheets import enlargement, in_colour, png, to_uint8
from genlib.sketch import Fill, Given
from genlib.ui import controls, loaders, uploading
from genlib.ui.film import downloads, film
from genlib.ui.gallery import gallery
from genlib.ui.pages import ANSWERS, STAGE, TRANSLATE, TranslateQuery

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.checkpoint import Checkpoint
    from genlib.keepsake import Kept
    from genlib.layered import Layer
    from genlib.sketch import Colour
    from genlib.translation import Brought

LARGE = 512  # px that a download has at least
FRAMES, FPS, BATCH = 49, 12, 16  # of the film from answer to answer; how many are translated at once
# The steps that may be left out, by what is translated, and their switches' labels.
SWITCHES = {"drawing": ("paper", "invert", "crop", "strokes", "own"), "grey": ("invert",), "colour": ()}
INVERT = {"guess": "As guessed", "yes": "Yes", "no": "No"}
LABELS = {field: info.description or "" for field, info in TranslateQuery.model_fields.items()}
FILLS = {"flat": ":material/format_color_fill: Flat", "painted": ":material/brush: Painted"}
LAYERED = {
    "OpenRaster, for Krita, GIMP and MyPaint": ("ora", "image/openraster"),
    "PSD, for Photoshop and others": ("psd", "image/vnd.adobe.photoshop"),
    "SVG, for Inkscape, Illustrator and cutters": ("svg", "image/svg+xml"),
}
IN_LAYERS = {
    "drawing": "Lines, flat colours and the model's painting, each in a layer of its own; as SVG, shapes of up to 24 "
    "colours.",
    "grey": "The greys and the coloured picture, each in a layer of its own.",
}
SEED, ANSWER, OTHERS, MADE, TRAVEL = map(TRANSLATE.widget, ("seed", "answer", "others", "made", "_travel"))
FILL, PALETTE, TROUBLE = map(TRANSLATE.widget, ("fill", "palette", "palette.trouble"))


def seeds(shown: TranslateQuery) -> range:
    """Of the answers after the most typical one."""
    return range(shown.seed, shown.seed + ANSWERS - 1)


def labels(truth: np.ndarray | None, seeds: Sequence[int]) -> list[str]:
    """What the answers are called, in their order."""
    made = ["the most typical answer", *(f"the answer with seed {seed}" for seed in seeds)]
    return made if truth is None else [*made, "the artist's own colours"]


def made(
    checkpoint: Checkpoint,
    source: Domain,
    image: Tensor,
    seeds: Sequence[int],
    values: Controls,
    hints: Tensor | None,
) -> Tensor:
    """What translation.answers makes of a picture (1, C, S, S). The last ones are kept: to look at another of them asks
    no model. CheckpointError."""
    given = hashlib.blake2b(image.numpy().tobytes())
    given.update(b"" if hints is None else hints.numpy().tobytes())
    asked = (loaders.key(checkpoint), source, tuple(seeds), values.model_dump_json(), given.digest())
    kept: tuple[object, Tensor] | None = st.session_state.get(MADE)
    if kept is None or kept[0] != asked:
        model = loaders.translator(checkpoint)
        with loaders.computing:
            kept = st.session_state[MADE] = asked, translation.answers(model, source, image, seeds, values, hints)
    return kept[1]


def choose(pictures: np.ndarray, truth: np.ndarray | None, seeds: Sequence[int]) -> int:
    """A row of all answers uint8 (B, S, S, C), at its end the truth if there is one; the index of the chosen one."""
    state = st.session_state
    text = f"First the most typical answer, then those of seeds {seeds[0]} to {seeds[-1]}"
    if truth is not None:
        pictures = np.concatenate([pictures, truth[None]])
        text += "; last the artist's own colours"
    chosen = state[ANSWER] if state[ANSWER] < len(pictures) else 0
    gallery(
        pictures,
        range(len(pictures)),
        "translate.answers",
        labels(truth, seeds),
        len(pictures),
        name="Answers",
        chosen=chosen,
        slides=True,
        reveals=STAGE,
        on_pick=lambda picked: state.update({ANSWER: picked}),
    )
    st.caption(f"{text}. Click one to see it large.")
    return chosen


def choose_fill() -> None:
    """The widget for how a drawing is coloured."""
    controls.choice(
        "Colours",
        FILL,
        FILLS,
        label_visibility="collapsed",
        help="Flat: one colour for each area. Painted: all that the model painted.",
    )


def palette() -> tuple[Colour, ...]:
    """The colours of a reference picture, if there is one."""
    codes = st.session_state[PALETTE].split("-") if st.session_state[PALETTE] else ()
    return tuple((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in codes)


def choose_palette() -> None:
    """The widget for a reference picture whose colours the answers are to have."""
    colours = palette()
    with st.popover("Colours of a picture", icon=":material/palette:"):
        st.caption("Bring a picture whose colours you like: the answers take theirs from it.")
        uploading.field(f"{PALETTE}.file", _take_palette)
        if trouble := st.session_state.get(TROUBLE):
            st.error(trouble, icon=":material/error:")
    if colours:
        names = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours]
        swatch = np.repeat(np.repeat(np.array([colours], np.uint8), 24, 0), 24, 1)
        st.image(png(swatch), width=24 * len(colours), alt=f"The colours in use: {', '.join(names)}")
        key = f"{PALETTE}.drop"
        st.button("Remove the colours", on_click=_drop_palette, key=key, icon=":material/delete:", type="tertiary")


def _take_palette(field: str) -> None:
    state = st.session_state
    kept = f"{PALETTE}.kept"
    uploading.take(field, kept, TROUBLE)
    if data := state.pop(kept, None):
        state[PALETTE] = "-".join(bytes(colour).hex() for colour in sketch.prominent(uploading.read(data).pixels))


def _drop_palette() -> None:
    st.session_state[PALETTE] = ""


@dataclass(frozen=True)
class Finished:
    """What a model `made`, (1, C, S, S), of a picture that is brought again when this is taken away: to hold the large
    pictures until then would take 50 MB a visitor."""

    again: Callable[[], Brought]
    target: Domain
    made: Tensor
    fill: Fill
    given: Given

    def picture(self) -> np.ndarray:
        return translation.finish(self.again(), self.target, self.made, self.fill, self.given)[0]

    def layers(self) -> list[Layer]:
        return translation.layers(self.again(), self.made[0], self.fill, self.given)


def buttons(
    picture: Callable[[], np.ndarray],
    stem: str,
    varies: bool,
    layers: Callable[[], Sequence[Layer]] | None,
    source: Domain,
    kept: Kept,
) -> None:
    """Five others, and the picture uint8 (H, W, 3) as PNG and in layers, where it has any, with all to go on with."""
    with st.container(horizontal=True):
        if varies:
            st.button("Five other answers", on_click=_others, key=OTHERS, icon=":material/casino:")
        st.download_button(
            "Download PNG",
            partial(_enlarged, picture),
            f"{stem}.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
        if layers is not None:
            with st.popover("In layers", icon=":material/layers:"):
                packs: dict[str, Callable[[Sequence[Layer]], bytes]] = {
                    "ora": partial(_openraster, kept),
                    "psd": layered.photoshop,
                    "svg": shapes.svg,
                }
                for title, (ending, mime) in LAYERED.items():
                    if ending == "svg" and source.kind != "drawing":
                        continue
                    made = partial(_packed, packs[ending], layers)
                    st.download_button(title, made, f"{stem}.{ending}", mime, on_click="ignore", type="tertiary")
                st.caption(
                    f"{IN_LAYERS[source.kind]} To go on another time, upload the OpenRaster file here again: your "
                    "picture, colours and choices are in it."
                )


def _openraster(kept: Kept, layers: Sequence[Layer]) -> bytes:
    return layered.openraster(layers, keepsake.packed(kept))


def _enlarged(picture: Callable[[], np.ndarray]) -> bytes:
    pixels = picture()
    return png(pixels, enlargement(max(pixels.shape[:2]), LARGE))


def _packed(pack: Callable[[Sequence[Layer]], bytes], layers: Callable[[], Sequence[Layer]]) -> bytes:
    return pack(layers())


def _others() -> None:
    state = st.session_state
    following = state[SEED] + ANSWERS - 1
    state[SEED] = following if following <= query.fields(TranslateQuery)["seed"]["maximum"] else 0
    state[ANSWER] = 1


def between(
    checkpoint: Checkpoint,
    source: Domain,
    image: Tensor,
    seeds: Sequence[int],
    values: Controls,
    hints: Tensor | None,
) -> None:
    """A film from the most typical answer through those of seeds and back, where answers have codes to travel among.

    GenlibError: all answers are the same."""
    if not issubclass(checkpoint.model_class, Varies):
        return
    if not st.toggle("Travel from answer to answer", key=TRAVEL, persist_state="session"):
        return
    given = tuple(None if t is None else loaders.digest(t.numpy()) for t in (image, hints))
    asked = ("between", *loaders.key(checkpoint), source, tuple(seeds), values.model_dump_json(), given)
    with st.spinner("Translating once for every step of the way"):
        frames, stops = KEPT.get(asked, lambda: travelled(checkpoint, source, image, seeds, values, hints))
    names = ["the most typical answer", *(f"seed {seed}" for seed in seeds), "the most typical answer"]
    labels = [
        names[leg] if t == first else f"{names[leg]} → {names[leg + 1]}"
        for leg, (first, last) in enumerate(pairwise(stops))
        for t in range(first, last)
    ]
    film(frames[:, None], TRANSLATE.widget("film"), [*labels, names[-1]], FPS, rests_on="first")
    downloads(frames[:-1], FPS, f"{checkpoint.name.replace('/', '-')}-{seeds[0]}-{seeds[-1]}")  # the last is the first
    st.caption(
        "What tells the answers apart are some numbers, all 0 for the most typical one. Here they go, step by step, "
        "from those of one answer to those of the next."
    )


def travelled(
    checkpoint: Checkpoint,
    source: Domain,
    image: Tensor,
    seeds: Sequence[int],
    values: Controls,
    hints: Tensor | None,
) -> tuple[np.ndarray, list[int]]:
    """Pictures uint8 (FRAMES, S, S, C), and at which of them each answer is."""
    import torch

    from genlib.latents.paths import loop

    model: Any = loaders.model(checkpoint)
    codes = model.codes(seeds, values)
    way, stops = loop(torch.cat([torch.zeros_like(codes[:1]), codes]), FRAMES, "spherical", closed=True)
    parts = []
    for z in way.split(BATCH):
        with loaders.computing, torch.inference_mode():
            x, hinted = (None if t is None else t.expand(len(z), -1, -1, -1) for t in (image, hints))
            parts.append(to_uint8(model.translate_by(x, source, z, hinted)))
    return np.concatenate(parts), stops


def warn_if_far(checkpoint: Checkpoint, source: Domain, brought: Brought, upload: np.ndarray | None) -> None:
    """A word of warning for a picture that is far from what the model was made for, or an upload of another style."""
    from genlib import novelty

    if source.kind == "drawing" and (share := novelty.shading(brought.before)) > novelty.SHADED:
        st.warning(
            f"This looks like a photo: {share:.0%} of it is softly shaded, and of a drawing hardly anything is. The "
            f"model has only seen {source.title}, so its answer may be nonsense.",
            icon=":material/explore_off:",
        )
        return
    try:
        world = loaders.world(checkpoint, source)
        distance = world.distance(brought.image)
        if distance > 1.2 * world.far:
            how = f"Its distance from that is {distance:.1f}; pictures of the same kind are near 1."
        elif upload is not None and source.kind != "drawing" and _is_odd(checkpoint, source, brought, upload):
            how = "Its colours and edges are those of another style."
        else:
            return
    except GenlibError:  # a stranger's model, of data that is not here
        st.caption("Whether the model knows such pictures cannot be told: its data set is not here.")
        return
    names = " and ".join(data.info(part).title for part in data.parts(checkpoint.spec.recipe.data))
    st.warning(
        f"This picture is unlike what the model learned from. {how} The model has only seen {source.title} of the data "
        f"set {names}, so its answer may be nonsense.",
        icon=":material/explore_off:",
    )


def _is_odd(checkpoint: Checkpoint, source: Domain, brought: Brought, upload: np.ndarray) -> bool:
    """Whether its style is another one. The colours of an upload tell more, even where the model sees it in grey."""
    from genlib import novelty

    target = loaders.translator(checkpoint).worlds(checkpoint.config).target(source)
    coloured = target.kind == "colour" and novelty.in_colours(upload)
    return loaders.styles(checkpoint, source, coloured).distance(upload if coloured else brought.before) > 1


def stages(brought: Brought | None, source: Domain) -> None:
    """What the model sees, and how it came to it, with a switch for each step that may be left out.

    The switches are there without a picture, too: one that is gone for a run can come back switched off, and one of
    them may be why there is no picture.
    """
    switches = SWITCHES[source.kind]
    if brought is None and not switches:
        return
    st.header("What the model sees", anchor=False)
    with st.container(horizontal=True):
        for field in switches:
            _switch(field)
    if brought is None:
        return
    for note in brought.notes:
        st.caption(note)
    with st.container(horizontal=True, key="translate-stages"):
        for stage in brought.stages:
            with st.container(width=168):
                scale = enlargement(max(stage.pixels.shape[:2]), 336)
                picture = stage.pixels if stage.pixels.ndim == 3 else stage.pixels[..., None]
                st.image(png(picture, scale), width=168, alt=f"{stage.name}: {stage.text}")
                st.caption(f"**{stage.name}**  \n{stage.text}")


def _switch(field: str) -> None:
    """The widget for whether a step is taken."""
    key = TRANSLATE.widget(field)
    if field != "invert":
        st.toggle(LABELS[field], key=key, persist_state="session")
        return
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        st.markdown(f":small[{LABELS[field]}]", width="content")  # as a label of its own would be, but beside it
        controls.choice(
            LABELS[field],
            key,
            INVERT,
            label_visibility="collapsed",
        )


def round_trip(model: Translates, image: Tensor, there: Tensor, target: Domain) -> None:
    """A picture (1, C, S, S), its translation, and what comes of translating that back."""
    with loaders.computing:
        back, change = translation.round_trip(model, image, there, target)
    with st.container(horizontal=True):
        for picture, text in ((image, "From here"), (there, f"to {target.title}"), (back, "and back")):
            shown = in_colour(to_uint8(picture)[0])
            with st.container(width=104):
                st.image(png(shown, enlargement(len(shown), 208)), width=104, alt=text)
                st.caption(text)
    st.caption(f"The round trip changes a pixel by {change:.3f} on average, on a scale from 0 to 1.")
