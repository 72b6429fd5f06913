"""The component of a picture pixel by pixel: its surprise, what was known before each, and what was expected there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from genlib.ui.likelihood.held import Foreseen

HERE = Path(__file__).parent
GROUPS = 16  # bars at most: of more greys, neighbours share one

_component = st.components.v2.component(
    "genlib.heat",
    html=(HERE / "heat.html").read_text(),
    css=(HERE / "heat.css").read_text(),
    js=(HERE / "heat.js").read_text(),
)


def heat(foreseen: Foreseen, pixel: int, version: int, key: str, moved: Callable[[], None]) -> None:
    """Show what a model foresaw of a picture. `pixel` has the cursor whenever `version` is another number; else it
    stays where the visitor has it. `moved` is called when it came to rest elsewhere; place() says where."""
    _component(
        data={
            "side": foreseen.read.shape[0],
            "read": tuple(foreseen.read.ravel().tolist()),
            "greys": tuple(foreseen.greys.round(4).tolist()),
            "nats": tuple(foreseen.surprise.ravel().round(4).tolist()),
            "law": tuple(map(tuple, grouped(foreseen.nats).round(4).tolist())),
            "labels": ("off", "on") if len(foreseen.greys) == 2 else (),
            "start": (pixel, version),  # a tuple: for a dict Streamlit imports pandas
        },
        on_place_change=moved,
        key=key,
    )


def grouped(nats: np.ndarray) -> np.ndarray:
    """Probabilities of each pixel (H W, G) from log-probabilities (L, H, W), G at most GROUPS."""
    law = np.exp(nats.astype(np.float64)).reshape(len(nats), -1)
    groups = min(len(law), GROUPS)
    of = np.arange(len(law)) * groups // len(law)
    return np.stack([law[of == g].sum(0) for g in range(groups)], 1)


def place(key: str, pixels: int) -> int | None:
    """Where the cursor of the component `key` came to rest, below `pixels`; None: it did not move."""
    try:
        found: Any = st.session_state[key]["place"]
        pixel = int(found["pixel"])
    except (TypeError, KeyError, ValueError, OverflowError):  # what a browser sends may be anything
        return None
    return pixel if 0 <= pixel < pixels else None
