"""The component that paints moments of models that learn the same points: one, or several side by side."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.measures.modes import SIGMAS

if TYPE_CHECKING:
    from genlib.lab.seen import Seen, Watcher

HERE = Path(__file__).parent
REAL = 400  # points of the data that are drawn
SURE = (2, 98)  # percentiles between which a critic's values are coloured
MEANINGS = {  # of what a discriminator says: in the legend, and under the cursor
    "probability": ("D: probability of being data", "D"),
    "critic value": ("critic's value: higher is more like data", "critic value"),
    "energy": ("energy: lower is more like data", "energy"),
}
JUDGES = {"critic value": "the critic", "energy": "the energy"}

_component = st.components.v2.component(
    "genlib.arena",
    html=(HERE / "arena.html").read_text(),
    css=(HERE / "arena.css").read_text(),
    js=(HERE / "arena.js").read_text(),
)


@dataclass(frozen=True)
class View:
    """A moment of a run; `seen` None: the data alone.

    alt     what the figure is called
    called  what stands over it, beside others
    made    what the model's points are called
    """

    seen: Seen | None
    alt: str
    called: str = ""
    made: str = "samples"


def arena(watcher: Watcher, views: Sequence[View], key: str) -> None:
    """Show moments of runs on the watcher's data, with one legend and one cursor for all of them."""
    law, low, high = watcher.law, watcher.grid.low, watcher.grid.high
    modes = []
    if law.modes is not None and watcher.grid.dims == 2:
        modes = [(*at, SIGMAS * s) for at, s in zip(law.modes.tolist(), law.sigma.tolist(), strict=True)]
    made = _either(view.made for view in views)
    judges = _either(JUDGES.get(view.seen.meaning, "D") for view in views if view.seen and view.seen.word is not None)
    said = (MEANINGS[view.seen.meaning][0] for view in views if view.seen and view.seen.word is not None)
    judged = _either(said, " / ")
    _component(
        data={
            "view": (tuple(low.tolist()), tuple(high.tolist())),
            "real": _packed(watcher.real[:REAL].numpy()),
            "law": _packed(
                law.log_density(watcher.grid.places).exp().numpy() if watcher.grid.dims == 1 else np.zeros(0)
            ),
            "modes": tuple(modes),
            "runs": tuple(_run(view, watcher.grid.dims, judged) for view in views),
            # Of what is made, the data, the lattice and the pushes. Tuples: for a dict Streamlit imports pandas.
            "words": (made, "data", "latent lattice", f"where {judges} pushes {made}"),
            "place": key,
        },
        key=key,
    )


def _run(view: View, dims: int, judged: str) -> dict[str, object]:
    seen = view.seen
    return {
        "alt": view.alt,
        "called": view.called,
        "made": _packed(seen.made if seen else np.zeros((0, dims))),
        "lattice": _lattice(seen),
        "pushes": _packed(seen.pushes) if seen and seen.pushes is not None else None,
        "maps": tuple(_maps(seen, judged)) if seen else (),
    }


def _either(words: Iterable[str], between: str = " or ") -> str:
    """Each of them once: runs side by side may not be of the same kind, and there is one legend."""
    return between.join(dict.fromkeys(words))


def _lattice(seen: Seen | None) -> tuple[str, int, int] | None:
    if seen is None or seen.lattice is None:
        return None
    rows, columns, _ = seen.lattice.shape
    return _packed(seen.lattice), rows, columns


def _maps(seen: Seen, judged: str) -> list[dict[str, object]]:
    """What can be laid under the points: `two` colours for a judgement between made and real, one for a density."""
    found = []
    if seen.word is not None:
        low, high = (0.0, 1.0) if seen.meaning == "probability" else tuple(np.percentile(seen.word, SURE).tolist())
        if seen.meaning == "energy":  # low where it takes x for real
            low, high = high, low
        found.append(_map("word", seen.word, judged, MEANINGS[seen.meaning][1], low, high))
    if seen.density is not None:
        high = float(np.percentile(seen.density, 99.5))
        found.append(_map("density", seen.density, "the model's own density", "density", 0.0, high, two=False))
    found.append(_map("optimal", seen.optimal, "the best D: p / (p + q)", "best D", 0.0, 1.0))
    return found


def _map(
    key: str, values: np.ndarray, text: str, short: str, low: float, high: float, two: bool = True
) -> dict[str, object]:
    return {
        "key": key, "text": text, "short": short, "values": _packed(values), "side": values.shape[-1],
        "low": low, "high": high, "two": two,
    }  # fmt: skip


def _packed(x: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(x, np.float32).tobytes()).decode()
