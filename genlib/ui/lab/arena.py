"""The component that paints one moment of a model that learns points."""

from __future__ import annotations

import base64
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

_component = st.components.v2.component(
    "genlib.arena",
    html=(HERE / "arena.html").read_text(),
    css=(HERE / "arena.css").read_text(),
    js=(HERE / "arena.js").read_text(),
)


def arena(watcher: Watcher, seen: Seen | None, key: str, alt: str, made: str = "samples") -> None:
    """Show a moment; None: the data alone. `made`: what the model's points are called."""
    law, low, high = watcher.law, watcher.grid.low, watcher.grid.high
    modes = []
    if law.modes is not None and watcher.grid.dims == 2:
        modes = [(*at, SIGMAS * s) for at, s in zip(law.modes.tolist(), law.sigma.tolist(), strict=True)]
    _component(
        data={
            "view": (tuple(low.tolist()), tuple(high.tolist())),
            "made": _packed(seen.made if seen else np.zeros((0, watcher.grid.dims))),
            "real": _packed(watcher.real[:REAL].numpy()),
            "law": _packed(
                law.log_density(watcher.grid.places).exp().numpy() if watcher.grid.dims == 1 else np.zeros(0)
            ),
            "modes": tuple(modes),
            "lattice": _lattice(seen),
            "pushes": _packed(seen.pushes) if seen and seen.pushes is not None else None,
            "maps": tuple(_maps(seen)) if seen else (),
            # Of what is made, the data, the lattice and the pushes. Tuples: for a dict Streamlit imports pandas.
            "words": (made, "data", "latent lattice", f"where {_judge(seen)} pushes {made}"),
            "alt": alt,
            "place": key,
        },
        key=key,
    )


def _judge(seen: Seen | None) -> str:
    return {"critic value": "the critic", "energy": "the energy"}.get(seen.meaning if seen else "", "D")


def _lattice(seen: Seen | None) -> tuple[str, int, int] | None:
    if seen is None or seen.lattice is None:
        return None
    rows, columns, _ = seen.lattice.shape
    return _packed(seen.lattice), rows, columns


def _maps(seen: Seen) -> list[dict[str, object]]:
    """What can be laid under the points: `two` colours for a judgement between made and real, one for a density."""
    found = []
    if seen.word is not None:
        low, high = (0.0, 1.0) if seen.meaning == "probability" else tuple(np.percentile(seen.word, SURE).tolist())
        if seen.meaning == "energy":  # low where it takes x for real
            low, high = high, low
        text = {
            "probability": "D: probability of being data",
            "critic value": "critic's value: higher is more like data",
            "energy": "energy: lower is more like data",
        }[seen.meaning]
        found.append(_map("word", seen.word, text, "D" if seen.meaning == "probability" else seen.meaning, low, high))
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
