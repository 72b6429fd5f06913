"""Latent space: travel between pictures, drag through a plane, add attributes, turn single numbers."""

import streamlit as st

from genlib.ui import cards, controls, frame, learned, pages
from genlib.ui.latent import attributes, own, path, plane, units
from genlib.ui.latent.scene import Scene
from genlib.ui.model_page import ModelPage

frame.heading("Latent space", "Every picture of these models comes from a short list of numbers. Walk among them.")

page = ModelPage(pages.LATENT)
checkpoint, row = page.pick()

PARTS = {
    "path": ":material/route: Between pictures",
    "plane": ":material/grid_view: A plane",
    "attributes": ":material/add: Attributes",
    "units": ":material/tune: Single numbers",
}
GIVEN = {"pictures": "Held-out pictures", "seeds": "Seeds"}

# --- Widgets ---

with row:
    if len(sources := page.options("given")) > 1:
        controls.choice("From", page.key("given"), GIVEN, sources)
    values = page.controls()
    own.bring(checkpoint)
    page.hub()
parts = [part for part in PARTS if part in page.options("part")]
controls.choice(
    "What to do",
    page.key("part"),
    PARTS,
    parts,
    label_visibility="collapsed",
)
shown = page.publish()

# --- The part ---

scene = Scene(checkpoint, shown, values)
with frame.answering():
    match shown.part:
        case "path":
            path.draw(scene)
        case "plane":
            plane.draw(scene, page)
        case "attributes":
            attributes.draw(scene, page)
        case "units":
            units.draw(scene)
with frame.answering():
    learned.show(checkpoint, page.key("learned"))
st.header("The model", anchor=False)
cards.show(checkpoint)
