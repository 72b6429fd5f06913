"""Translate: colour a sketch or a grey picture, carry a picture from one world to another."""

import streamlit as st

from genlib import translation
from genlib.contract import Translates
from genlib.sheets import in_colour, to_uint8
from genlib.ui import cards, controls, frame, loaders, translating
from genlib.ui.compare import compare
from genlib.ui.hub_field import HubField
from genlib.ui.translating import CHOSEN, EXAMPLE, MODEL, SEED, SOURCE, Shown

frame.heading("Translate", "Bring a sketch and have it coloured, or carry a picture from one world to another.")

hub = HubField(
    "translate", Translates, "translates nothing: choose another model", ("way", "example", "seed"), translating.want
)
hub.collect()
available = loaders.translators()
if not available:
    st.error("There is no model that translates yet: `python -m genlib train` makes one.", icon=":material/error:")
    st.stop()
with frame.answering(stop=True):
    translating.restore(available)
state = st.session_state

# --- Widgets ---

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    name = st.selectbox(
        "Model",
        list(available),
        format_func=lambda n: f"{n} · {available[n].model_class.title}",
        key=MODEL,
        persist_state="session",
        width=360,
    )
    checkpoint = available[name]
    with frame.answering(stop=True):
        model = translating.translator(checkpoint)
    if state[SOURCE] not in model.sources():
        state[SOURCE] = model.sources()[0]
    if len(model.sources()) > 1:
        st.segmented_control("From", model.sources(), required=True, key=SOURCE, persist_state="session")
    source, target = translation.source_of(model, state[SOURCE])
    way = translating.choose_way()
    schema = checkpoint.model_class.Controls
    values = schema()
    if schema.model_fields:
        with st.popover("Controls", icon=":material/tune:"):
            values = controls.draw(schema, translating.controls_key(checkpoint))
    steps = translating.steps()
    shown = Shown(name, source.name, way, state[EXAMPLE], state[SEED], state[CHOSEN], steps, values)
    with st.popover("Hub", icon=":material/cloud_download:", help="Open a model from the Hugging Face Hub"):
        hub.field(translating.write(shown))
problems, asked = translating.publish(shown)
for problem in problems:
    st.warning(problem, icon=":material/link_off:")
hub.notes(asked)
if checkpoint.note:
    st.info(checkpoint.note, icon=":material/cloud_off:")

# --- A picture in, its translations out ---

left, right = st.columns(2, gap="large")
brought = hints = None
with left, frame.answering():
    given = translating.given(way, checkpoint, source)
    if given.pixels is None:
        st.info(given.wanted, icon=":material/imagesmode:")
    else:
        brought = translating.brought(checkpoint, source, given.pixels, steps)
        hints = translating.hints(checkpoint, given, brought)

if brought is not None:
    with right, frame.answering():
        answers = translating.answers(checkpoint, source, brought.image, hints, values)
        stage = st.container()
        chosen = translating.choose(to_uint8(answers), given.truth) if model.varies() else 0
        if given.truth is not None and chosen == len(answers):
            result, called = in_colour(given.truth), "truth"
        else:
            result, called = translation.finish(brought, target, answers[chosen : chosen + 1])[0], str(chosen)
        with stage:
            compare(translation.beside(brought, result), result, "translate.compare", (source.name, target.name))
        translating.buttons(result, f"{name.replace('/', '-')}-{called}", model.varies())
        if target.name in model.sources():
            translating.round_trip(checkpoint, brought.image, answers, target)
        translating.warn_if_far(checkpoint, source, brought.image)
translating.show_stages(brought, source)
st.subheader("The model", anchor=False)
cards.show(checkpoint)
