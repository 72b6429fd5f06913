"""Sample: pictures from a model, each from its seed, and the address that brings them back."""

import random

import streamlit as st

from genlib.contract import Samples
from genlib.sheets import enlargement, grid, png, zip_of
from genlib.ui import cards, controls, frame, loaders, permalink
from genlib.ui.enlarge import enlarge
from genlib.ui.gallery import gallery
from genlib.ui.hub_field import HubField
from genlib.ui.permalink import MAX_COUNT, MAX_START, MODEL, NEW, NUMBER, START, Shown

hub = HubField("sample", Samples, "makes no pictures of its own: choose another model", ("seed", "n"), permalink.want)


def new_pictures() -> None:
    st.session_state[START] = random.randrange(1_000_000)  # short enough to tell a friend


frame.heading("Sample", "Every seed is one picture, always the same. Click one to see it large.")

hub.collect()
available = loaders.samplers()
if not available:
    st.error("There is no model to sample from yet: `python -m genlib train` makes one.", icon=":material/error:")
    st.stop()
permalink.restore(available)

# --- Widgets ---

with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
    name = st.selectbox(
        "Model",
        list(available),
        format_func=lambda n: f"{n} · {available[n].model_class.title}",
        key=MODEL,
        persist_state="session",
        width=360,
    )
    start = st.number_input("First seed", 0, MAX_START, step=1, key=START, persist_state="session", width=150)
    count = st.number_input("How many", 1, MAX_COUNT, step=1, key=NUMBER, persist_state="session", width=120)
    st.button("New pictures", on_click=new_pictures, key=NEW, type="primary", icon=":material/casino:")
    checkpoint = available[name]
    schema = checkpoint.model_class.Controls
    if schema.model_fields:
        with st.popover("Controls", icon=":material/tune:"):
            values = controls.draw(schema, permalink.controls_key(checkpoint))
    else:
        values = schema()
    shown = Shown(name, start, count, values)
    with st.popover("Hub", icon=":material/cloud_download:", help="Open a model from the Hugging Face Hub"):
        hub.field(permalink.write(shown))

problems, asked = permalink.publish(shown)
for problem in problems:
    st.warning(problem, icon=":material/link_off:")
hub.notes(asked)
if checkpoint.note:
    st.info(checkpoint.note, icon=":material/cloud_off:")

# --- Pictures, and what there is to know and to take ---

left, right = st.columns([5, 3], gap="large")
picked = None
script = permalink.script(shown)
address = permalink.url(shown)
stem = f"{name.replace('/', '-')}-{shown.start}-{shown.seeds[-1]}"

with left, frame.answering():
    pictures = loaders.pictures(checkpoint, shown.seeds, values)
    picked = gallery(pictures, shown.seeds, "sample.gallery")
    scale = enlargement(pictures.shape[1], 112)
    with st.container(horizontal=True):
        st.download_button(
            "Grid as PNG",
            lambda: png(grid(pictures), scale),
            f"{stem}.png",
            "image/png",
            on_click="ignore",
            icon=":material/grid_on:",
        )
        st.download_button(
            "All as zip",
            lambda: zip_of(
                {f"seed-{seed}.png": png(p) for seed, p in zip(shown.seeds, pictures, strict=True)}
                | {"remake.py": f"# {address}\n{script}".encode()}
            ),
            f"{stem}.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
        )

with right, frame.answering():
    card, code = st.tabs(["Model card", "Script"])
    with card:
        cards.show(checkpoint)
    with code:
        st.markdown("These five lines make the same pictures; so does the address of this page.")
        st.code(script, wrap_lines=True)

if picked is not None and picked in shown.seeds:  # last: its search may take a while
    enlarge(checkpoint, pictures[shown.seeds.index(picked)], picked)
