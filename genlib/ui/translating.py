"""What the Translate page shows: its state, its address, and the three ways in: an example, an upload, a drawing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import streamlit as st

from genlib import data, translation, uploads
from genlib.checkpoint import Checkpoint, CheckpointError
from genlib.contract import MAX_SEED, Controls, Domain, GenlibError, TakesHints, Translates
from genlib.drawing import Drawing
from genlib.sheets import enlargement, in_colour, png, to_uint8
from genlib.sketch import Steps
from genlib.translation import Brought
from genlib.ui import loaders
from genlib.ui.address import HUB, Address, Hub
from genlib.ui.canvas import canvas
from genlib.ui.controls import parse, quote, set_state, written
from genlib.ui.gallery import gallery
from genlib.uploads import Upload, UploadError

if TYPE_CHECKING:
    from torch import Tensor

Way = Literal["example", "upload", "draw"]
WAYS: dict[Way, str] = {
    "example": ":material/imagesmode: Example",
    "upload": ":material/upload: Upload",
    "draw": ":material/draw: Draw",
}
SWITCHES = {
    "paper": "Remove the paper",
    "invert": "Turn white on black",
    "crop": "Centre and scale",
    "strokes": "Make lines equally thick",
}
ANSWERS = 6  # the most typical one, and one for each of five seeds
MAX_FIRST = MAX_SEED + 2 - ANSWERS  # the last answer's seed is a seed as well
LARGE = 512  # px that a download has at least

MODEL, SOURCE, WAY, EXAMPLE, SEED, CHOSEN, OTHERS = (
    f"translate.{key}" for key in ("model", "source", "way", "example", "seed", "chosen", "others")
)
UPLOAD, TROUBLE, FILE, DROP = (f"translate.{key}" for key in ("upload", "trouble", "file", "drop"))
BROUGHT, HERE = "translate.brought", "translate.here"
_address: Address[tuple[list[str], Hub | None]] = Address("translate", here=HERE)


@dataclass(frozen=True)
class Shown:
    """What the page shows. The pictures that a visitor brings are not part of it: they have no address."""

    name: str  # a checkpoint's
    source: str  # name of the domain that is translated from
    way: Way
    example: int
    seed: int  # of the first answer after the most typical one
    answer: int  # which of the answers is shown large; the last is the truth, where that is known
    steps: Steps
    controls: Controls


def write(shown: Shown) -> dict[str, str]:
    """The query parameters of `shown`."""
    model, _, revision = shown.name.partition("@")
    query = {"model": model, "from": shown.source, "way": shown.way}
    if revision:
        query["revision"] = revision
    if shown.way == "example":
        query["example"] = str(shown.example)
    query["seed"] = str(shown.seed)
    if shown.answer:
        query["answer"] = str(shown.answer)
    if without := [name for name, on in asdict(shown.steps).items() if not on]:
        query["without"] = "-".join(without)
    return query | written(shown.controls)


def read(query: Mapping[str, str], available: Mapping[str, Checkpoint]) -> tuple[Shown, list[str], Hub | None]:
    """What an address asks for, one sentence for each thing that it can't have, and the Hub model that it waits for.

    available: the checkpoints that can be shown, at least one; the first one stands in for what can't be.
    """
    rest, problems = dict(query), []
    name, revision = rest.pop("model", ""), rest.pop("revision", "")
    key = f"{name}@{revision}" if revision else name
    hub = None
    if key and key not in available:
        if HUB.fullmatch(name):
            hub = Hub(name, revision)
        else:
            known = ", ".join(available)
            problems.append(f"There is no model called {quote(key)} that translates: choose one of {known}.")
        key, rest = "", {k: rest[k] for k in ("way", "seed") if k in rest}  # the rest means nothing for another model
    sources: tuple[str, ...] = ()
    for candidate in [key, *available] if key else available:  # the first whose weights can be loaded
        try:
            sources = translator(available[candidate]).sources()
        except CheckpointError as error:
            problems.append(str(error))
            rest = {}
        else:
            key = candidate
            break
    if not sources:
        raise CheckpointError(problems[0])

    def choice(what: str, options: tuple[str, ...]) -> str:
        if (asked := rest.pop(what, options[0])) in options:
            return asked
        problems.append(
            f"`{what}` must be one of {', '.join(options)}, and {quote(asked)} is not: {options[0]} stands in."
        )
        return options[0]

    def whole(what: str, high: int) -> int:
        asked = rest.pop(what, "0")
        if re.fullmatch(r"[0-9]{1,10}", asked) and int(asked) <= high:
            return int(asked)
        problems.append(f"`{what}` must be a whole number from 0 to {high}, and {quote(asked)} is not: 0 stands in.")
        return 0

    source, way = choice("from", sources), cast(Way, choice("way", tuple(WAYS)))
    example, seed = whole("example", loaders.EXAMPLES - 1), whole("seed", MAX_FIRST)
    answer = whole("answer", ANSWERS)
    off = {part for part in rest.pop("without", "").split("-") if part}
    if unknown := off - set(SWITCHES):
        problems.append(
            f"There is no step called {quote(min(unknown))} to leave out: choose among {', '.join(SWITCHES)}."
        )
    controls, bad = parse(available[key].model_class.Controls, rest)
    steps = Steps(**{name: name not in off for name in SWITCHES})
    return Shown(key, source, way, example, seed, answer, steps, controls), problems + bad, hub


def translator(checkpoint: Checkpoint) -> Translates:
    model = loaders.model(checkpoint)
    assert isinstance(model, Translates)
    return model


# --- The page's state ------------------------------------------------------------------------------------------------


def switch(name: str) -> str:
    """Session key of the switch of a step."""
    return f"translate.step.{name}"


def controls_key(checkpoint: Checkpoint) -> str:
    return f"translate.{checkpoint.spec.model}"


def restore(available: Mapping[str, Checkpoint]) -> None:
    """Bring the widgets into line with the address, unless it is the one we wrote. Before the widgets."""
    state = st.session_state
    if (news := _address.news(standing=state.get(MODEL) in available)) is None:
        return
    shown, problems, hub = read(news, available)
    state[MODEL], state[SOURCE], state[WAY] = shown.name, shown.source, shown.way
    state[EXAMPLE], state[SEED], state[CHOSEN] = shown.example, shown.seed, shown.answer
    for name, on in asdict(shown.steps).items():
        state[switch(name)] = on
    set_state(shown.controls, controls_key(available[shown.name]))
    _address.took(write(shown), (problems, hub))


def publish(shown: Shown) -> tuple[list[str], Hub | None]:
    """Write what is shown into the address; what could not be done of one that still stands."""
    return _address.publish(write(shown)) or ([], None)


def want(query: Mapping[str, str]) -> None:
    """Have the next run show what an address with `query` would."""
    _address.want(query)


def steps() -> Steps:
    """What the switches say. They are drawn below the result that depends on them."""
    return Steps(**{f.name: st.session_state.setdefault(switch(f.name), True) for f in fields(Steps)})


# --- The three ways in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """What a visitor brings.

    pixels    uint8 (H, W, 3), or None while there is nothing yet
    wanted    what to do then
    truth     the true answer, uint8 (S, S, 3), of an example
    drawing   what is on the paper, hints with it
    """

    pixels: np.ndarray | None
    wanted: str = ""
    truth: np.ndarray | None = None
    drawing: Drawing | None = None


def choose_way() -> Way:
    way = st.segmented_control(
        "Picture", list(WAYS), format_func=WAYS.__getitem__, required=True, key=WAY, persist_state="session"
    )
    assert way is not None  # one is required
    return way


def given(way: Way, checkpoint: Checkpoint, source: Domain) -> Given:
    """The widgets of one way in, and what they hold."""
    if way == "example":
        return _example(checkpoint, source)
    if way == "upload":
        picture = _upload()
        return Given(
            None if picture is None else picture.pixels, f"Bring a picture: this model translates {source.name}."
        )
    drawing = canvas("translate.paper", brush=issubclass(checkpoint.model_class, TakesHints))
    return Given(
        None if drawing.empty else drawing.lines, "Draw something: it is translated stroke by stroke.", None, drawing
    )


def _example(checkpoint: Checkpoint, source: Domain) -> Given:
    """Held-out pictures, one of which is chosen."""
    inputs, truths = loaders.examples(checkpoint, source.name)
    state, count = st.session_state, len(inputs)
    labels = [f"example {i + 1} of {count}" for i in range(count)]
    picked = gallery(inputs, range(count), f"translate.examples.{checkpoint.name}.{source.name}", labels)
    if picked is not None and 0 <= picked < count and picked != state[EXAMPLE]:
        state[EXAMPLE], state[CHOSEN] = picked, 0
        st.rerun()  # the address, written further up, names it
    st.caption("Pictures that the model has never seen. Click one.")
    chosen = min(state[EXAMPLE], count - 1)
    return Given(in_colour(inputs[chosen]), truth=None if truths is None else truths[chosen])


def _upload() -> Upload | None:
    """The picture that came last and could be read. It stays in memory, for this visitor alone."""
    file = st.file_uploader(
        f"{uploads.KINDS[0].upper()}{uploads.KINDS[1:]}, at most {uploads.MAX_BYTES / 1e6:.0f} MB",
        key=FILE,
        max_upload_size=3 * uploads.MAX_BYTES // 1_000_000,  # what is larger than we take is told so by uploads.read
        on_change=_take,
    )
    if trouble := st.session_state.get(TROUBLE):
        st.error(trouble, icon=":material/error:")
    picture: Upload | None = st.session_state.get(UPLOAD)
    if picture is not None:
        with st.container(horizontal=True):
            st.image(picture.pixels, width=320)
            if file is None:
                st.button("Remove the picture", on_click=_drop, key=DROP, icon=":material/delete:", type="tertiary")
        for note in picture.notes:
            st.caption(note)
    return picture


def _take() -> None:
    """Read a new file. One that can't be read leaves the picture before it in place, and so does none: before it sends
    a file in place of another, the browser takes that away."""
    state = st.session_state
    file, state[TROUBLE] = state[FILE], None
    if file is None:
        return
    try:
        state[UPLOAD], state[CHOSEN] = uploads.read(file.getvalue()), 0
    except UploadError as error:
        state[TROUBLE] = str(error)


def _drop() -> None:
    st.session_state[UPLOAD] = None


def brought(checkpoint: Checkpoint, source: Domain, pixels: np.ndarray, steps: Steps) -> Brought:
    """What was given, in the model's world. The last one is kept. UploadError: there is nothing on it."""
    asked = (checkpoint.name, source, steps, hashlib.blake2b(pixels.tobytes()).digest(), pixels.shape)
    kept = st.session_state.get(BROUGHT)
    if kept is None or kept[0] != asked:
        world = None
        if source.kind == "grey":
            with suppress(GenlibError):  # a stranger's model, of data that is not here: nothing is turned round
                world = loaders.world(checkpoint, source.name)
        side = checkpoint.model_config.image_size
        kept = asked, translation.bring(pixels, source, side, steps, world)
        st.session_state[BROUGHT] = kept
    return cast(Brought, kept[1])


def hints(checkpoint: Checkpoint, what: Given, brought: Brought) -> Tensor | None:
    """The visitor's colour hints (1, 4, S, S), from the paper or painted over what the model sees; None without any."""
    if not issubclass(checkpoint.model_class, TakesHints):
        return None
    if what.drawing is not None:
        drawing = what.drawing
        return translation.hints(brought, drawing.hints, drawing.mask) if drawing.mask.any() else None
    if not st.toggle("Paint colour hints", key="translate.hinting", persist_state="session"):
        return None
    image = in_colour(to_uint8(brought.image)[0])
    drawing = canvas("translate.hints", background=image)
    return translation.painted(drawing.hints, drawing.mask, len(image)) if drawing.mask.any() else None


# --- What comes out --------------------------------------------------------------------------------------------------


def answers(checkpoint: Checkpoint, source: Domain, image: Tensor, hints: Tensor | None, controls: Controls) -> Tensor:
    """Pictures (B, C, S, S): the most typical answer first, then one for each seed, where there are several."""
    import torch

    model = translator(checkpoint)

    def ask(images: Tensor, seeds: range | None) -> Tensor:
        if hints is not None and isinstance(model, TakesHints):
            every = hints.expand(len(images), -1, -1, -1)
            return model.translate_hinted(images, source.name, every, seeds, controls)
        return model.translate(images, source.name, seeds, controls)

    with torch.inference_mode():
        typical = ask(image, None)
        if not model.varies():
            return typical
        return torch.cat([typical, ask(image.expand(ANSWERS - 1, -1, -1, -1), seeds())])


def seeds() -> range:
    return range(st.session_state[SEED], st.session_state[SEED] + ANSWERS - 1)


def choose(pictures: np.ndarray, truth: np.ndarray | None) -> int:
    """A row of all answers uint8 (B, S, S, C), at its end the truth if there is one; the index of the chosen one."""
    state = st.session_state
    labels = ["the most typical answer", *(f"the answer with seed {seed}" for seed in seeds())]
    text = f"First the most typical answer, then those of seeds {seeds()[0]} to {seeds()[-1]}"
    if truth is not None:
        pictures, labels = np.concatenate([pictures, truth[None]]), [*labels, "the artist's own colours"]
        text += "; last the artist's own colours"
    picked = gallery(pictures, range(len(pictures)), "translate.answers", labels, len(pictures))
    if picked is not None and 0 <= picked < len(pictures) and picked != state[CHOSEN]:
        state[CHOSEN] = picked
        st.rerun()  # the address, written further up, names it
    st.caption(f"{text}. Click one to see it large.")
    return state[CHOSEN] if state[CHOSEN] < len(pictures) else 0


def buttons(picture: np.ndarray, stem: str, varies: bool) -> None:
    """Five others, and the picture as PNG: uint8 (H, W, 3)."""
    scale = enlargement(max(picture.shape[:2]), LARGE)
    with st.container(horizontal=True):
        if varies:
            st.button("Five other answers", on_click=_others, key=OTHERS, icon=":material/casino:")
        st.download_button(
            "Download PNG", lambda: png(picture, scale), f"{stem}.png", "image/png", on_click="ignore", key=HERE,
            icon=":material/download:",
        )  # fmt: skip


def _others() -> None:
    state = st.session_state
    state[SEED] = 0 if state[SEED] + 2 * ANSWERS > MAX_FIRST else state[SEED] + ANSWERS - 1
    state[CHOSEN] = 1


def warn_if_far(checkpoint: Checkpoint, source: Domain, image: Tensor) -> None:
    """A word of warning, with the distance, for a picture that is far from what the model was made for."""
    try:
        world = loaders.world(checkpoint, source.name)
    except GenlibError:  # a stranger's model, of data that is not here
        st.caption("How far this picture is from what the model knows cannot be told: its data is not here.")
        return
    distance = world.distance(image)
    if distance > 1.2 * world.far:
        names = " and ".join(data.info(part).title for part in data.parts(checkpoint.spec.recipe.data))
        st.warning(
            f"This picture is unlike what the model learned from: its distance is {distance:.1f}, where pictures of "
            f"the same kind are near 1. The model knows {source.name} of {names} and nothing else: of a photo of a "
            "person, say, it makes nonsense.",
            icon=":material/explore_off:",
        )


def show_stages(brought: Brought | None, source: Domain) -> None:
    """What the model sees, and how it came to it, with a switch for each step that may be left out of a drawing's.

    The switches are there without a picture, too: one that is gone for a run can come back switched off, and one of
    them may be why there is no picture.
    """
    switches = {"drawing": list(SWITCHES), "grey": ["invert"], "colour": []}[source.kind]
    if brought is None and not switches:
        return
    st.subheader("What the model sees", anchor=False)
    with st.container(horizontal=True):
        for name in switches:
            st.toggle(SWITCHES[name], key=switch(name), persist_state="session")
    if brought is None:
        return
    for note in brought.notes:
        st.caption(note)
    with st.container(horizontal=True, key="translate-stages"):
        for stage in brought.stages:
            with st.container(width=168):
                scale = enlargement(max(stage.pixels.shape[:2]), 336)
                picture = stage.pixels if stage.pixels.ndim == 3 else stage.pixels[..., None]
                st.image(png(picture, scale), width=168)
                st.caption(f"**{stage.name}**  \n{stage.text}")


def round_trip(checkpoint: Checkpoint, image: Tensor, there: Tensor, target: Domain) -> None:
    """A picture (1, C, S, S), its translation, and what comes of translating that back."""
    import torch

    with torch.inference_mode():
        back = translator(checkpoint).translate(there, target.name)
    error = float((back.cpu() - image).abs().mean())
    with st.container(horizontal=True):
        for picture, text in ((image, "From here"), (there, f"to {target.name}"), (back, "and back")):
            shown = in_colour(to_uint8(picture)[0])
            with st.container(width=104):
                st.image(png(shown, enlargement(len(shown), 208)), width=104)
                st.caption(text)
    st.caption(f"The round trip changes a pixel by {error:.3f} on average, on a scale from 0 to 1.")
