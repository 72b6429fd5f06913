"""The component of a flow: the plane on its way through invertible layers, with how much each place was stretched."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.ui import bar

if TYPE_CHECKING:
    from genlib.density import Carried

HERE = Path(__file__).parent
ROOM = 1.2  # how much of the plane is shown, by how far the points reach
SIGMAS = 3.6  # of the noise, that are shown at the end
REACH = 4  # times what is shown: beyond, the eye sees no difference
MOST = 30.0  # nats of stretching that are told apart
LEAST = 0.7  # nats: where hardly anything is stretched, colours say so

_component = st.components.v2.component(
    "genlib.flow",
    html=bar.within("flow.html", HERE),
    css=bar.CSS + (HERE / "flow.css").read_text(),
    js=(HERE / "flow.js").read_text(),
)


def flow(found: Carried, key: str) -> None:
    """Show where layers take the plane. Nothing is sent back: the layers and the places are all in the browser."""
    steps, rows, columns, _ = found.nodes.shape
    nodes, stretch, points = found.nodes.numpy(), found.stretch.numpy(), found.points.numpy()
    shown = views(nodes[0], points)
    far = REACH * max(max(view[2:]) for view in shown)
    packed = {
        "nodes": shorts(nodes, far),
        "points": shorts(points, far),
        "stretch": shorts(stretch, MOST),
    }
    _component(
        data={
            "id": hashlib.blake2b("".join(text for text, _ in packed.values()).encode(), digest_size=8).hexdigest(),
            "rows": rows,
            "columns": columns,
            "layers": labels(steps),
            "views": shown,
            "density": tuple(found.log_p.flatten().double().numpy().round(4).tolist()),
            "most": most(stretch, points, nodes[0]),
            "start": nearest(nodes[0], points[0]),
            **packed,
        },
        key=key,
    )


def shorts(values: np.ndarray, most: float) -> tuple[str, float]:
    """Numbers as 16 bits each in base64, those beyond `most` as if they were that; and what to multiply them by."""
    unit = most / 32767
    return base64.b64encode(np.rint(values.clip(-most, most) / unit).astype("<i2").tobytes()).decode(), unit


def labels(steps: int) -> tuple[str, ...]:
    """What `steps` places on the way are called: before the first layer, after each one, and at the end."""
    layers = steps - 2  # the last one only scales
    return ("before the first layer", *(f"after layer {i + 1} of {layers}" for i in range(layers)), "all scaled: noise")


def views(nodes: np.ndarray, points: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Middle, width and height of what is shown at each step: at first all nodes (R, C, 2), then where the points
    (T, M, 2) are, and last the noise; all of one shape."""
    low, high = nodes.min((0, 1)), nodes.max((0, 1))
    width, height = high - low
    found = [(*((low + high) / 2), width, height)]
    for some in points[1:-1]:
        low, high = np.quantile(some, 0.01, 0), np.quantile(some, 0.99, 0)
        zoom = ROOM * max((high[0] - low[0]) / width, (high[1] - low[1]) / height, 1e-6)
        found.append((*((low + high) / 2), zoom * width, zoom * height))
    zoom = 2 * SIGMAS / min(width, height)
    found.append((0.0, 0.0, zoom * width, zoom * height))
    return tuple(tuple(map(float, view)) for view in found)


def most(stretch: np.ndarray, points: np.ndarray, nodes: np.ndarray) -> float:
    """The stretch (logarithm) that has the strongest colour: that of nearly all nodes near points, at every step."""
    away = np.abs(nodes[:, :, None] - points[0][None, None]).max(-1).min(-1)
    near = away <= np.median(np.diff(nodes[0, :, 0])) * 1.5
    return max(LEAST, float(np.quantile(np.abs(stretch[:, near]), 0.995)))


def nearest(nodes: np.ndarray, points: np.ndarray) -> int:
    """The node nearest to the first point: the place to begin with."""
    return int(((nodes - points[0]) ** 2).sum(-1).argmin())
