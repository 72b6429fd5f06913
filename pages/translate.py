"""Translate: colour a sketch or a grey picture, carry a picture from one world to another."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from genlib import translation
from genlib.sheets import in_colour
from genlib.ui import answers, bringing, cards, controls, cropping, frame, loaders, pages
from genlib.ui.compare import compare
from genlib.ui.live import live
from genlib.ui.model_page import ModelPage
from genlib.ui.pages import STAGE

frame.heading("Translate", "Bring a sketch and have it coloured, or turn a picture of one kind into another.")

page = ModelPage(pages.TRANSLATE)
checkpoint, row = page.pick()

worlds = checkpoint.model_class.worlds(checkpoint.config)  # type: ignore[attr-defined]

# --- Widgets ---

with row:
    if len(worlds.sources) > 1:
        titles = {source.key: source.title for source in worlds.sources}
        controls.choice("From", page.key("source"), titles)
    bringing.choose_way(translation.source_of(worlds, st.session_state[page.key("source")]))
    values = page.controls()
    page.hub()
shown = page.publish()
source = translation.source_of(worlds, shown.source)
target = worlds.target(source)

# --- A picture in, its translations out ---

left, right = st.columns(2, gap="large")
brought = None
stage = right.container(key=STAGE)
with left, frame.answering():
    given = bringing.given(shown, checkpoint, source)
    if given.pixels is None:
        stage.info(given.wanted, icon=":material/imagesmode:")
    else:
        brought = bringing.brought(shown, checkpoint, source, given.pixels)
        cropping.offer(given.whole, brought, shown)
        mending = bringing.mending(checkpoint, given, brought, shown.fill)

if brought is not None:
    with right, frame.answering():
        seeds = answers.seeds(shown) if worlds.varies else range(0)
        wanted = mending.wanted
        made = answers.made(checkpoint, source, brought.image, seeds, values, wanted.hints)
        made = translation.steered(brought, made, answers.palette())
        small = translation.small(brought, target, made, shown.fill, wanted.given)
        chosen = answers.choose(small, given.truth, seeds) if worlds.varies else 0
        layers = None
        if given.truth is not None and chosen == len(made):
            result, called = in_colour(given.truth), "truth"
            picture: Callable[[], np.ndarray] = partial(in_colour, given.truth)
        else:
            one = made[chosen : chosen + 1].clone()
            result, called = translation.finish(brought, target, one, shown.fill, wanted.given)[0], str(chosen)
            again = bringing.later(shown, checkpoint, source, given)
            finished = answers.Finished(again, target, one, shown.fill, wanted.given)
            picture, layers = finished.picture, finished.layers if source.kind != target.kind == "colour" else None
        with stage:
            compare(translation.beside(brought, result), result, "translate.compare", (source.title, target.title))
            said = answers.labels(given.truth, seeds)[chosen] if worlds.varies else target.title
            live(f"New picture: {said}", "translate", result)
        if brought.sheet is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                answers.choose_fill()
                answers.choose_palette()
        kept = bringing.kept(page.address.parameters(), given, mending)
        answers.buttons(picture, f"{checkpoint.name.replace('/', '-')}-{called}", worlds.varies, layers, source, kept)
        answers.between(checkpoint, source, brought.image, seeds, values, wanted.hints)
        if target in worlds.sources:
            answers.round_trip(loaders.translator(checkpoint), brought.image, made, target)
        with stage:  # under the picture that it is about
            answers.warn_if_far(checkpoint, source, brought, None if given.whole is None else given.pixels)
    with left, frame.answering():
        bringing.show(mending, brought, result)
answers.stages(brought, source)
st.header("The model", anchor=False)
cards.show(checkpoint)
