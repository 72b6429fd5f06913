"""Sample: what a model makes, each picture or point from its seed, and the address that brings it back."""

import streamlit as st

from genlib.glossary import gloss
from genlib.ui import cards, enlarge, frame, made, pages
from genlib.ui.live import live
from genlib.ui.model_page import ModelPage

frame.heading("Sample", "Each seed gives one picture or point, always the same. Click a picture to see it large.")

page = ModelPage(pages.SAMPLE)
checkpoint, row = page.pick()
kind = checkpoint.config.space.kind

# --- Widgets ---

with row:
    st.number_input(
        "First seed",
        *page.bounds("seed"),
        step=1,
        key=page.key("seed"),
        persist_state="session",
        width=150,
        help=gloss("seed"),
    )
    st.number_input("How many", *page.bounds("n"), step=1, key=page.key("n"), persist_state="session", width=120)
    st.button(f"New {kind}", on_click=made.new_seed, key=page.key("new"), type="primary", icon=":material/casino:")
    values = page.controls()
    page.hub()
shown = page.publish()
seeds = range(shown.seed, shown.seed + shown.n)

# --- What was made, and what there is to know and to take ---

left, right = st.columns([5, 3], gap="large")
batch = made.Batch(checkpoint, seeds, values, page.address.url())
with left, frame.answering():
    made.choose_view(checkpoint)
    if shown.view == "steps":
        made.steps(batch)
    else:
        if kind == "points":
            made.points(batch)
        else:
            made.pictures(batch)
        live(f"{len(seeds):,} {kind} by {checkpoint.name}, from seed {shown.seed} on", "sample", batch.x)
with right, frame.answering():
    card, code = st.tabs(["Model card", "Script"], on_change="rerun", key=page.key("side"))
    with card:
        cards.show(checkpoint)
    if code.open:
        with code:
            st.markdown(f"These lines of Python make the same {kind}. The address of this page shows them again.")
            st.code(batch.script, wrap_lines=True)

if shown.large in seeds:  # last: its search may take a while
    enlarge.show(checkpoint, batch.x, seeds, page.address)
elif shown.large != enlarge.NONE:
    st.warning(f"Seed {shown.large} is not among these pictures, so none is shown large.", icon=":material/link_off:")
