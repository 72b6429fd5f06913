"""The family tree, whose leaves open models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from genlib.taxonomy import Leaf, Row

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "genlib.tree",
    html='<ul class="tree" aria-label="Family tree of the models"></ul>',
    css=(HERE / "tree.css").read_text(),
    js=(HERE / "tree.js").read_text(),
)


def tree(rows: Sequence[Row], key: str) -> str | None:
    """Show the tree; what a leaf opens that was clicked just now, else None."""
    # A list would have Streamlit look whether it is a data frame, and import pandas for that.
    result = _component(data={"rows": tuple(map(told, rows))}, on_opened_change=lambda: None, key=key)
    opened: str | None = result.opened
    return opened


def told(row: Row) -> dict[str, Any]:
    """A row as the browser is told it."""
    node = row.node
    if isinstance(node, str):
        return {"parent": row.parent, "kind": "examples", "name": node}
    said = {"parent": row.parent, "gloss": node.gloss}
    if isinstance(node, Leaf):
        return said | {"kind": "leaf", "name": node.title, "aside": node.aside, "opens": node.opens}
    return said | {"kind": "branch", "name": node.name}
