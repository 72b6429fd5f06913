"""Home: what this is, pictures at once, and the family tree whose leaves open the models."""

from itertools import chain

import streamlit as st

from genlib import catalog
from genlib.taxonomy import Leaf, rows
from genlib.ui import frame
from genlib.ui.pages import PAGES, page_of
from genlib.ui.tree import tree

frame.heading(
    "Deep generative models",
    "These networks have learned from thousands of pictures, and now make new ones. Choose one and try it.",
)

# Everything here is read from files: no model's code is run, so nothing waits for torch.
shelf = catalog.shelf()
titles = catalog.titles(shelf.values())
page = {name: page_of(c.model, c.kind) for name, c in shelf.items()}
models = {name: about for name in catalog.model_names() if (about := catalog.about(name)).family is not None}
models = dict(sorted(models.items(), key=lambda item: item[1].place))
trained = {model: [name for name, c in shelf.items() if c.model == model] for model in models}


def link(name: str) -> None:
    """A checkpoint's title, which opens the page that shows it, if there is one."""
    if spec := page[name]:
        st.page_link(spec.file, label=titles[name], query_params={"model": name})
    else:
        st.markdown(titles[name])


pictures, tree_column = st.columns([7, 5], gap="large")

with pictures, st.container(key="wall"):
    # First what the pages open with.
    for name in dict.fromkeys([*(p.default for p in PAGES if p.default in page), *chain(*trained.values())]):
        if (picture := shelf[name].folder / "sample.png").exists():
            with st.container(key=f"frame-{shelf[name].kind}-{name}"):
                st.image(str(picture), alt=f"Pictures: {titles[name]}", width="stretch", output_format="PNG")
                link(name)

with tree_column:
    st.header("Family tree", anchor=False)
    opens = {model: next((name for name in names if page[name]), None) for model, names in trained.items()}
    leaves = [Leaf(a.title, a.idea, a.family, opens[model], a.aside) for model, a in models.items() if a.family]
    opened = tree(rows(leaves), "tree")
    st.caption("After figure 9 of [Goodfellow's tutorial, NIPS 2016](https://arxiv.org/abs/1701.00160).")

st.header("Models", anchor=False)
with st.container(key="models"):
    for model, about in models.items():
        with st.container(key=f"model-{model}", gap="xsmall"):
            st.markdown(f"**{about.title}** · [{about.paper.authors} {about.paper.year}]({about.paper.url})")
            st.caption(about.idea)
            with st.container(horizontal=True, gap="small"):
                for name in trained[model]:
                    link(name)

if opened and (spec := page.get(opened)):
    st.switch_page(spec.file, query_params={"model": opened})
