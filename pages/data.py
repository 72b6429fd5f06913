"""Data: what the models learn from, to browse, with licence and credit."""

from dataclasses import replace

import streamlit as st

from genlib import data
from genlib.ui import frame, loaders, pages
from genlib.ui.address import Address
from genlib.ui.browse import browse, readable
from genlib.ui.gallery import gallery
from genlib.ui.live import live

FEW = 600  # points in a small figure
ACROSS = 15  # pictures in a row, where there is room
SET, ONLY, PAGE, BY = map(pages.DATA.widget, ("set", "only", "page", "by"))
state = st.session_state

frame.heading(
    "Data",
    "What the models learn from. All of it ships with this project, in fixed splits for training and testing.",
)
address = Address(pages.DATA)


def begin() -> None:
    """Another set, or another attribute: all of its pictures, from the first on."""
    state[ONLY] = "all"
    turn(1)


def turn(page: int) -> None:
    state[PAGE] = page


def exhibit(name: str) -> None:
    """A set of pictures: a page of them, and what they are."""
    info = data.info(name)
    st.header(info.title, anchor=False)
    attribute, label = choose(info)
    pixels, called, count, page = browse(name, info.files["validation"].sha256, attribute, label, state[PAGE])
    turn(page)
    first = (page - 1) * pages.PAGE
    place = f"{first + 1:,} to {first + len(pixels):,} of {count:,}" if count else "No picture has this label."
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for text, to, icon in (("Previous", page - 1, "back"), ("Next", page + 1, "forward")):
            st.button(
                f"{text} page",
                on_click=turn,
                args=(to,),
                key=pages.DATA.widget(text),
                icon=f":material/arrow_{icon}:",
                disabled=not 1 <= to <= pages.pages_of(count),
            )
        st.markdown(place)
    if count:
        gallery(pixels, range(len(pixels)), f"data.{name}", called, ACROSS, name=f"{info.title}: {place}", still=True)
    live(f"{info.title}: {place}", "data")

    st.markdown(info.description)
    counts = " · ".join(f"{split} {count:,}" for split, count in info.splits.items())
    size = sum(file.bytes for file in info.files.values()) / 1e6
    st.caption(
        f"Shown is the validation split. {counts} · {info.space} · {size:.1f} MB  \n"
        f"[{info.credit}]({info.source_url}) · [{info.licence}]({info.licence_url})"
    )


def choose(info: data.DataInfo) -> tuple[str, int | None]:
    """The widgets for a label: the attribute, and which of its values; None: any."""
    attribute, _, value = state[ONLY].partition(".")
    if value:
        state[BY] = attribute
    elif state.get(BY) not in info.labels:
        state[BY] = info.main_label
    if len(info.labels) > 1:
        st.selectbox(
            "Labelled attribute",
            list(info.labels),
            format_func=readable,
            key=BY,
            on_change=begin,
            persist_state="session",
            width=200,
        )
    attribute = state[BY]
    values = info.labels[attribute]
    st.pills(
        f"Which {readable(attribute)}",
        ["all", *(f"{attribute}.{value}" for value in values)],
        format_func=lambda key: readable(key.partition(".")[2] or key),
        required=True,
        wrap=True,
        key=ONLY,
        on_change=turn,
        args=(1,),
        persist_state="session",
    )
    value = state[ONLY].partition(".")[2]
    return attribute, values.index(value) if value else None


def sketch(name: str) -> None:
    """A set of points: a figure of it, small."""
    from genlib.figures import points

    info = data.info(name)
    st.markdown(f"**{info.title}**")
    real = loaders.points_of(name)
    figure = points.points(None, replace(real, points=real.points[:FEW]))
    with st.container(key=f"chart-{name}"):
        st.plotly_chart(
            figure,
            height="stretch",
            config={"displayModeBar": False},
            key=f"data.{name}",
            alt=f"{info.title}: {info.description}",
        )
    credit = f"[{info.credit}]({info.source_url})" if info.source_url else info.credit
    st.caption(f"{info.description}  \n{credit}")


with frame.answering():
    address.restore()
    st.segmented_control(
        "Data set",
        [*data.names(), pages.POINT_SETS],
        format_func=str.capitalize,
        required=True,
        key=SET,
        on_change=begin,
        persist_state="session",
        label_visibility="collapsed",
    )
    if state[SET] == pages.POINT_SETS:
        st.header("Points", anchor=False)
        st.markdown(
            "Small problems whose answer is known exactly. There is no end of these points: each is drawn anew."
        )
        with st.container(key="points"):
            for name in data.point_names():
                with st.container(key=f"points-{name}", gap="xsmall"):
                    sketch(name)
    else:
        with frame.answering():
            exhibit(state[SET])
    for problem in address.publish().problems:
        st.warning(problem, icon=":material/link_off:")
