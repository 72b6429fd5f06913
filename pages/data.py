"""Data: what the models learn from, with licence and credit."""

import streamlit as st

from genlib import data
from genlib.ui import frame, loaders
from genlib.ui.strip import strip

frame.heading(
    "Data",
    "What the models learn from. All of it ships with this project, in fixed splits for training and testing.",
)


@st.fragment
def exhibit(name: str) -> None:
    with frame.answering():
        info = data.info(name)
        st.header(info.title, anchor=name)
        st.markdown(info.description)

        attribute = info.main_label
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if len(info.labels) > 1:
                attribute = st.selectbox(
                    "Labelled attribute",
                    list(info.labels),
                    list(info.labels).index(attribute),
                    format_func=readable,
                    key=f"{name}-attribute",
                    width=200,
                )
            classes = info.labels[attribute]
            label = st.pills(
                f"Only one {readable(attribute)}".capitalize(),
                range(len(classes)),
                format_func=lambda i: readable(classes[i]),
                wrap=True,
                key=f"{name}-{attribute}",
            )

        picture = strip(name, info.files["validation"].sha256, attribute, label)
        with st.container(key=f"strip-{name}"):
            if picture:
                st.image(picture, alt=f"{info.title}: pictures of the validation split", output_format="PNG")
            else:
                st.caption("No picture of the validation split has this label.")

        counts = " · ".join(f"{split} {count:,}" for split, count in info.splits.items())
        size = sum(file.bytes for file in info.files.values()) / 1e6
        st.caption(
            f"{counts} · {info.space} · {size:.1f} MB  \n"
            f"[{info.credit}]({info.source_url}) · [{info.licence}]({info.licence_url})"
        )


def readable(word: str) -> str:
    return word.replace("_", " ")


def sketch(name: str) -> None:
    """A set of points: a figure of it, small."""
    from genlib.figures import points

    info = data.info(name)
    st.markdown(f"**{info.title}**")
    figure = points.points(None, loaders.points_of(name))
    with st.container(key=f"chart-{name}"):
        st.plotly_chart(figure, height="stretch", config={"displayModeBar": False}, key=f"data.{name}")
    credit = f"[{info.credit}]({info.source_url})" if info.source_url else info.credit
    st.caption(f"{info.description}  \n{credit}")


with frame.answering():
    for name in data.names():
        exhibit(name)
    st.header("Points", anchor="points")
    st.markdown("Small problems whose answer is known exactly. There is no end of these points: each is drawn anew.")
    with st.container(key="points"):
        for name in data.point_names():
            with st.container(key=f"points-{name}", gap="xsmall"):
                sketch(name)
