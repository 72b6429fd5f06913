"""How a model came to be: the pictures of five moments of its training, to scrub through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.budget import MADE
from genlib.sheets import grid
from genlib.ui import loaders
from genlib.ui.film import film

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

ACROSS = 4


def show(checkpoint: Checkpoint, key: str) -> None:
    """Nothing, where a checkpoint has none, or not the first: a run that was killed has lost those before.

    CheckpointError: what it has is not in order.
    """
    steps = checkpoint.spec.moments
    taken = MADE.get(("moments", *loaders.key(checkpoint)), checkpoint.moments) if 0 in steps else None
    if taken is None:
        return
    st.header("How it learned", anchor=False)
    frames = np.stack([grid(pictures, ACROSS, gap=2) for pictures in taken])[:, None]
    film(frames, key, [f"after {step:,} steps of training" for step in steps], fps=1)
    st.caption(
        f"The same {taken.shape[1]} seeds all along: what the model drew of them before it had learned anything, in "
        "between, and at the end."
    )
