"""Single dimensions: what each number of a latent does to a picture, and which of them the model uses."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.contract import HasPosterior
from genlib.figures import units as figures
from genlib.sheets import enlargement, grid, png
from genlib.ui.latent import codes
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.pages import LATENT

SHOWN = 12  # numbers of the latent, those that count most
STEPS = 9  # pictures of each
USED = 0.01  # nats: a unit with less says nothing of a picture


def draw(scene: Scene) -> None:
    import torch

    from genlib.latents import units

    keys = scene.keys(1, most=1)
    left, right = st.columns([2, 3], gap="large")
    with left:
        choose(scene, keys, 1, "units")
        st.caption("Click the picture to begin with.")
        with st.spinner("Measuring what each number does"):
            use, what = codes.use_of_units(scene.checkpoint)
        st.plotly_chart(
            figures.bars(np.sort(use)[::-1], what),
            config={"displayModeBar": False},
            key=LATENT.widget("bars"),
            alt="How much each number of the code counts",
        )
        _verdict(scene, use)
    with right:
        order = np.argsort(-use)[:SHOWN]
        z = torch.from_numpy(scene.latents(keys)[0])
        spread = _spread(scene)
        rows = []
        for unit in order.tolist():
            low, high = float(spread[0][unit]), float(spread[1][unit])
            rows.append(units.traverse(z, unit, torch.linspace(low, high, STEPS)))
        pictures = codes.decoded(scene.checkpoint, torch.cat(rows).numpy())
        sheet = grid(pictures, STEPS, gap=max(1, pictures.shape[1] // 16))
        st.image(
            png(sheet, enlargement(pictures.shape[1], 72)),
            caption="Each row moves one number of the code from low to high, and keeps all others. From above: those "
            f"that count most, numbers {', '.join(map(str, order.tolist()))}.",
            alt=f"A row of {STEPS} pictures for each of {len(order)} numbers of the code",
        )


def _spread(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Between which values each number is moved, two times (Z,): where nearly all codes or draws lie."""
    draws = (
        codes.drawn(scene.checkpoint, range(256), scene.checkpoint.controls())
        if scene.shown.given == "seeds"
        else codes.coded(scene.checkpoint).z
    )
    low, high = np.quantile(draws, (0.01, 0.99), axis=0)
    return low, high


def _verdict(scene: Scene, use: np.ndarray) -> None:
    if issubclass(scene.checkpoint.model_class, HasPosterior):
        idle = int((use < USED).sum())
        st.caption(
            f"KL of each number's posterior from the prior, mean over held-out pictures: {use.sum():.1f} nats in all. "
            + (
                f"{idle} of {len(use)} have collapsed: they say nothing of a picture (below {USED} nats)."
                if idle
                else f"All {len(use)} are used."
            )
        )
    else:
        st.caption("How much a picture changes when the number moves by one usual step, mean over pictures.")
