"""What all parts of Likelihood share: the model, the address, and the picture that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from genlib import crowds
from genlib.contract import Controls
from genlib.ui.likelihood import held
from genlib.ui.pages import LikelihoodQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from genlib.checkpoint import Checkpoint
    from genlib.scoring import Scored
    from genlib.ui.likelihood.chosen import Chosen

SCORES = {"likelihood": "Likelihood", "typicality": "Typicality", "reconstruction": "Reconstruction error"}
UNITS = {
    "likelihood": "surprise: minus the log-likelihood, nats",
    "typicality": "nats away from what is usual",
    "reconstruction": "reconstruction error, RMS of pixels",
}


@dataclass(frozen=True)
class Scene:
    """`shown`: what the address says. `controls`: the model's own. `chosen`: None while a visitor has brought none."""

    checkpoint: Checkpoint
    shown: LikelihoodQuery
    controls: Controls
    chosen: Chosen | None

    def scored(self, keys: Iterable[str]) -> dict[str, Scored]:
        """What the model holds of crowds, with a bar while it is computed. DataError, GenlibError."""
        place, found = st.empty(), {}
        for key in keys:

            def tell(share: float, key: str = key) -> None:
                place.progress(min(share, 1.0), f"Scoring {held.count(self.checkpoint)} {crowds.title(key)}")

            found[key] = held.scored(self.checkpoint, key, tell)
        place.empty()
        return found


def ask(scene: Scene) -> bool:
    """Whether there is a picture; where not, a sentence."""
    if scene.chosen is None:
        st.info("Bring a picture, and here stands what the models hold of it.", icon=":material/image:")
    return scene.chosen is not None
