"""One picture, large: its seed, what its model holds of it, and the training pictures it may be a copy of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.sheets import enlargement, png
from genlib.ui import frame, loaders
from genlib.ui.live import live
from genlib.ui.pages import SAMPLE, SampleQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.contract import Criticism, LogProb
    from genlib.ui.address import Address

NEIGHBOURS = 5
MEANING = {
    "probability": "Its discriminator takes this picture for a real one with probability **{:.2f}**.",
    "critic value": "Its critic gives this picture **{:.3g}**: higher is more real.",
    "energy": "Its discriminator gives this picture the energy **{:.3g}**: lower is more real.",
}
GLOSS = {
    "probability": "The discriminator is the network that learned to tell real pictures from made ones, while this "
    "model learned to fool it. One that can no longer tell says 0.5 to everything.",
    "critic value": "The critic is the network that learned to score how real pictures look, while this model learned "
    "to please it. The scale is its own: only differences count.",
    "energy": "The discriminator is the network that learned to tell real pictures from made ones, here by a cost, "
    "the energy. The scale is its own: only differences count.",
    "exact": "The number is exact.",
    "lower bound": "A lower bound: the true value may be higher.",
    "estimate": "An estimate: the true value may be higher or lower.",
    "unnormalised": "Unnormalised: only differences between pictures count.",
}


# The room of a square picture and its caption.
WAITING = '<div style="aspect-ratio: 1; background: #8883; margin-bottom: 2.4rem"></div>'
LARGE = SAMPLE.widget("large")  # the address says which picture is shown, so it is still there after a lost connection
NONE = -1


def choose(seed: int) -> None:
    """Have the next run show the picture of `seed` large."""
    st.session_state[LARGE] = seed


def show(checkpoint: Checkpoint, images: np.ndarray, seeds: Sequence[int], address: Address[SampleQuery]) -> None:
    """A dialog with the chosen one of `images` uint8 (B, H, W, C), which `checkpoint` made from `seeds`.

    The others are a button or an arrow key away.
    """
    dialog = st.dialog(checkpoint.title, width="medium", on_dismiss=lambda: choose(NONE))
    dialog(_show)(checkpoint, images, seeds, address)


def _show(checkpoint: Checkpoint, images: np.ndarray, seeds: Sequence[int], address: Address[SampleQuery]) -> None:
    from genlib.measures import memorisation

    address.write()
    seed = st.session_state[LARGE]
    at = seeds.index(seed)
    image = images[at]
    large = png(image, enlargement(len(image), 768))
    # All places first, then what takes time, so that nothing moves when it comes; look.css keeps the words' room.
    with st.container(key="enlarged"):
        picture, words = st.columns([3, 2], gap="medium")
        picture.image(large, alt=f"Picture with seed {seed}", width="stretch", output_format="PNG")
        with words:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                for label, key, icon, step in (("Previous", "Left", "back", -1), ("Next", "Right", "forward", 1)):
                    st.button(
                        f"{label} picture",
                        on_click=choose,
                        args=(seeds[(at + step) % len(seeds)],),  # past either end it goes on at the other
                        key=SAMPLE.widget(f"enlarged.{label}"),
                        shortcut=key,
                        icon=f":material/arrow_{icon}:",
                        disabled=len(seeds) == 1,
                    )
                st.markdown(f"**Seed {seed}**")
            st.caption(checkpoint.name)
            opinion = st.container(key="enlarged-opinion")
            st.download_button(
                "Download PNG",
                large,
                f"{checkpoint.name.replace('/', '-')}-seed-{seed}.png",
                "image/png",
                on_click="ignore",
                icon=":material/download:",
            )
        st.markdown("**Is it memorised?** The nearest training pictures, with their distances:")
        answer = st.empty()
        answer.markdown("Looking for the nearest training pictures.")
        slots = [column.empty() for column in st.columns(NEIGHBOURS, wrap=False)]
        for slot in slots:
            slot.html(WAITING)
        st.caption("Distance: root mean square difference of the pixels, 0 to 1. A copy has 0.")
        live(f"Picture with seed {seed}, {at + 1} of {len(seeds)}", LARGE)

    with opinion, frame.answering():
        for sentence, gloss in _opinion(checkpoint, *loaders.opinion(checkpoint, image)):
            st.markdown(sentence)
            st.caption(gloss)
    found = []
    with frame.answering():
        found = loaders.neighbours(checkpoint.spec.recipe.data, image, NEIGHBOURS)
    answer.markdown(
        memorisation.verdict(found[0][0], memorisation.floor(checkpoint)) if found else "It cannot be told."
    )
    for i, slot in enumerate(slots):
        if found:
            distance, pixels = found[i]
            near = png(pixels, enlargement(len(pixels), 224))
            alt = f"Training picture at distance {distance:.3f}"
            slot.image(near, f"{distance:.3f}", width="stretch", alt=alt, output_format="PNG")
        else:
            slot.empty()


def _opinion(
    checkpoint: Checkpoint, criticism: Criticism | None, likelihood: LogProb | None
) -> Iterator[tuple[str, str]]:
    """What the model holds of the picture, each with a gloss on its terms."""
    if criticism:
        yield MEANING[criticism.meaning].format(criticism.score.item()), GLOSS[criticism.meaning]
    if likelihood:
        from genlib.measures.likelihood import usual

        mean = usual(checkpoint)
        average = "" if mean is None else f"; test pictures have {mean:.1f} on average"
        yield (
            f"It gives this picture a log-likelihood of **{likelihood.nats.item():.1f} nats** "
            f"({likelihood.kind}){average}.",
            f"Nats are units of the natural logarithm; higher is likelier. {GLOSS[likelihood.kind]}"
            + (f" Computed as: {likelihood.note}." if likelihood.note else ""),
        )
