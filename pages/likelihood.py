"""Likelihood: how likely models hold a picture or a point, and whether that tells the odd from the usual."""

import streamlit as st

from genlib.contract import Completes
from genlib.ui import cards, frame, pages
from genlib.ui.likelihood import chosen, halves, kinds, many, models, odd, pixels, plane
from genlib.ui.likelihood.scene import Scene
from genlib.ui.model_page import ModelPage

frame.heading("Likelihood", "Some models can say how likely they hold a picture to be. See what that is good for.")

page = ModelPage(pages.LIKELIHOOD)
checkpoint, row = page.pick()

PARTS = {
    "picture": ":material/image_search: One picture",
    "pixels": ":material/grid_on: Pixel by pixel",
    "complete": ":material/contrast: Half a picture",
    "crowds": ":material/bar_chart: Many pictures",
    "odd": ":material/filter_alt: Odd ones out",
    "layers": ":material/layers: Layer by layer",
    "density": ":material/blur_on: The density",
}

# --- Widgets ---

of_points = checkpoint.config.space.kind == "points"
part = st.session_state[page.key("part")]
with row:
    kinds.choose(page, checkpoint)
    if not of_points:
        chosen.way(page.options("way"))
    completes = part in ("pixels", "complete") and issubclass(checkpoint.model_class, Completes)
    values = page.controls() if completes else checkpoint.controls()
    page.hub()
if len(page.options("part")) > 1:
    st.segmented_control(
        "What to ask",
        [part for part in PARTS if part in page.options("part")],
        format_func=PARTS.__getitem__,
        required=True,
        key=page.key("part"),
        persist_state="session",
        label_visibility="collapsed",
    )
shown = page.publish()

# --- The picture, and the part; of points, the part alone ---

if of_points:
    with frame.answering():
        if shown.part == "layers":
            plane.draw_layers(checkpoint)
        else:
            plane.draw_density(checkpoint)
else:
    left, right = st.columns([2, 5], gap="large")
    picture = None
    with left, frame.answering():
        picture = chosen.choose(checkpoint, shown)
    scene = Scene(checkpoint, shown, values, picture)
    with right, frame.answering():
        match shown.part:
            case "picture":
                models.draw(scene)
            case "pixels":
                pixels.draw(scene, page)
            case "complete":
                halves.draw(scene, page)
            case "crowds":
                many.draw(scene, page)
            case "odd":
                odd.draw(scene, page)
st.header("The model", anchor=False)
cards.show(checkpoint)
