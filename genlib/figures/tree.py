"""The family tree as a figure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from genlib.figures import ACCENT, INVISIBLE, LINE, MUTED
from genlib.taxonomy import Branch, Leaf, Row

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW = 30  # px
SMALL = 11  # px, of what is said aside
COLUMNS = 11.5  # width of the tree in steps of indentation: the longest label still fits 350 px


def family_tree(rows: list[Row]) -> go.Figure:
    """The family tree as a table of contents: x is depth, y is row. One layout serves a phone and a desk.

    A point of a row that opens something has that as its `customdata`. Points lie under the whole of a label, so
    that a finger finds it.
    """
    import plotly.graph_objects as go  # half a second: pages paint their heading first

    leaves = [(y, row) for y, row in enumerate(rows) if isinstance(row.node, Leaf)]
    others = [(y, row) for y, row in enumerate(rows) if not isinstance(row.node, Leaf)]
    targets = [
        (row.depth + step / 2, y, row.node)
        for y, row in enumerate(rows)
        if not isinstance(row.node, str)
        for step in range(len(_name(row.node)) // 2)
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=[row.depth for _, row in leaves],
        y=[y for y, _ in leaves],
        text=[_label(row.node) for _, row in leaves],
        mode="markers+text",
        marker={
            "size": 11,
            "color": ACCENT,
            "symbol": ["circle" if _opens(row.node) else "circle-open" for _, row in leaves],
        },
    )
    figure.add_scatter(
        x=[row.depth for _, row in others],
        y=[y for y, _ in others],
        text=[_label(row.node) for _, row in others],
        mode="markers+text",
        marker={"size": [0 if isinstance(row.node, str) else 6 for _, row in others], "color": MUTED, "opacity": 1},
    )
    figure.update_traces(hoverinfo="skip", textposition="middle right", textfont_size=14, cliponaxis=False)
    figure.add_scatter(
        x=[x for x, _, _ in targets],
        y=[y for _, y, _ in targets],
        customdata=[_opens(node) for _, _, node in targets],
        hovertext=[f"<b>{_name(node)}</b><br>{_wrapped(node.gloss)}" for _, _, node in targets],
        hovertemplate="%{hovertext}<extra></extra>",
        mode="markers",
        marker={"size": ROW - 4, "color": INVISIBLE},
    )
    figure.add_shape(
        type="path",
        path=" ".join(
            f"M{rows[row.parent].depth},{row.parent + 0.35} V{y} H{row.depth - 0.2}"
            for y, row in enumerate(rows)
            if row.parent >= 0
        ),
        line={"color": LINE, "width": 1},
        layer="below",
    )
    # A click must not fade the rest.
    figure.update_traces(selected_marker_opacity=1, unselected_marker_opacity=1)
    figure.update_layout(
        height=ROW * len(rows),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        dragmode=False,  # a finger scrolls the page
        hoverlabel_align="left",
        paper_bgcolor=INVISIBLE,
        plot_bgcolor=INVISIBLE,
    )
    figure.update_xaxes(range=[-0.25, COLUMNS], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def _name(node: Branch | Leaf) -> str:
    return node.title if isinstance(node, Leaf) else node.name


def _opens(node: object) -> str | None:
    return node.opens if isinstance(node, Leaf) else None


def _label(node: Branch | Leaf | str) -> str:
    # The space (which does not collapse) keeps the label off its marker.
    if isinstance(node, str):
        return f'<span style="color:{MUTED}">{node}</span>'
    name = f"<b>{_name(node)}</b>" if _opens(node) else _name(node)
    aside = node.aside if isinstance(node, Leaf) else ""
    return f"\u00a0{name}" + (f'<br>\u00a0<span style="font-size:{SMALL}px">{aside}</span>' if aside else "")


def _wrapped(text: str) -> str:
    return "<br>".join(textwrap.wrap(text, 40))
