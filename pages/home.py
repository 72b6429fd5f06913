"""Home: what this is, pictures at once, and the family tree whose leaves open the models."""

import streamlit as st

from genlib import catalog, figures
from genlib.contract import Translates
from genlib.taxonomy import Leaf, rows
from genlib.ui import frame

frame.heading(
    "Deep generative models",
    "Networks that have seen thousands of pictures and now make new ones. Choose one and watch it work.",
)

checkpoints = catalog.checkpoints()
models = {name: catalog.model_class(name) for name in catalog.model_names()}
models = {name: model for name, model in models.items() if model.family is not None}
pages = {n: f"pages/{'translate' if issubclass(m, Translates) else 'sample'}.py" for n, m in models.items()}
trained = {name: [c for c in checkpoints.values() if c.spec.model == name] for name in models}

pictures, tree = st.columns([7, 5], gap="large")

with pictures, st.container(key="wall"):
    for checkpoint in (c for of_model in trained.values() for c in of_model):
        if (picture := checkpoint.folder / "sample.png").exists():
            with st.container(key=f"frame-{checkpoint.name}"):
                st.image(str(picture), alt=f"Pictures made by {checkpoint.name}", width="stretch", output_format="PNG")
                page = pages[checkpoint.spec.model]
                st.page_link(page, label=checkpoint.name, query_params={"model": checkpoint.name})

with tree:
    leaves = [
        Leaf(m.title, m.idea, m.family, trained[name][0].name if trained[name] else None)
        for name, m in models.items()
        if m.family
    ]
    event = st.plotly_chart(
        figures.family_tree(rows(leaves)),
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        key="tree",
    )
    for point in event.selection.points:
        if target := point.get("customdata"):
            st.switch_page(pages[checkpoints[target].spec.model], query_params={"model": target})
    st.caption("After figure 9 of [Goodfellow's tutorial, NIPS 2016](https://arxiv.org/abs/1701.00160).")

st.header("Models", anchor=False)
with st.container(key="models"):
    for name, model in models.items():
        with st.container(key=f"model-{name}", gap="xsmall"):
            st.markdown(f"**{model.title}** · [{model.paper.authors} {model.paper.year}]({model.paper.url})")
            st.caption(model.idea)
            with st.container(horizontal=True, gap="small"):
                for checkpoint in trained[name]:
                    st.page_link(pages[name], label=checkpoint.name, query_params={"model": checkpoint.name})
