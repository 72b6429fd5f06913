"""What a game is: two players on one function of two numbers, step by step, as it can be worked out by hand."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from genlib.figures.game import game
from genlib.lab.descent import saddle, slopes, walk
from genlib.ui.pages import TRAIN

KEY = TRAIN.widget
START = (-1.0, -0.5)
RATE, RATES = 0.1, (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55)
STEPS = 40
PLACES = 61  # along each axis of the figure
WIDE, HIGH = (-3.2, -0.4), (-1.0, 1.2)  # what it shows
NEAR, FAR = 0.01, 10.0  # of the players' last slopes: they have met, or run away


@st.fragment
def explain() -> None:
    """Behind a heading that opens; until then it costs nothing."""
    title = "What a game is: two players, one function"
    box = st.expander(title, icon=":material/school:", on_change="rerun", key=KEY("_game"))
    if not box.open:
        return
    with box:
        left, right = st.columns([5, 4], gap="large")
        with right:
            st.markdown(
                "A GAN is a game: what the discriminator wants high, the generator wants low. Here the players are two "
                "numbers, and the game is **f(x, y) = x² + 2xy - 3y² + 4x + 5y + 6**. x goes down its slope and y goes "
                "up its own, both at once. Each line on the map is one height of f."
            )
            rate = st.select_slider("Learning rate", RATES, RATE, key=KEY("_game.rate"))
            path = walk(saddle, START, rate, STEPS)
            st.markdown(_said(path, rate))
        with left:
            x, y = (np.linspace(*ends, PLACES) for ends in (WIDE, HIGH))
            heights = saddle(torch.from_numpy(x)[None, :], torch.from_numpy(y)[:, None]).numpy()
            st.plotly_chart(
                game(x, y, heights, path),
                config={"displayModeBar": False},
                key=KEY("_game.chart"),
                alt=f"Heights of f, and the way of both players from ({START[0]:g}, {START[1]:g})",
            )


def _said(path: np.ndarray, rate: float) -> str:
    """The first step with its numbers, and where it ends."""
    (x, y), (then_x, then_y) = path[:2]
    of_x, of_y = slopes(saddle, START)
    first = (
        f"At ({x:g}, {y:g}) the slopes are 2x + 2y + 4 = **{of_x:g}** and 2x - 6y + 5 = **{of_y:g}**. So one step "
        f"goes to ({x:g} - {rate:g} · {of_x:g}, {y:g} + {rate:g} · {of_y:g}) = **({then_x:.4g}, {then_y:.4g})**."
    )
    last = tuple(path[-1].tolist())
    left = max(map(abs, slopes(saddle, last)))
    if left > FAR:
        return f"{first}\n\nAt this rate each step overshoots by more than the one before: both run away."
    met = f"after {STEPS} steps they are at ({last[0]:.3f}, {last[1]:.3f})"
    if left > NEAR:
        return f"{first}\n\nThey are on their way: {met}."
    return (
        f"{first}\n\nThey meet where both slopes are 0: {met}. Neither can do better alone. It is an equilibrium, not "
        "a valley: for y it is a top."
    )
