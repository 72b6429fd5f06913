"""What all parts of Latent space share: the model, the address, and the pictures that the visitor chose."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.contract import MAX_SEED, Controls
from genlib.errors import GenlibError
from genlib.query import quote
from genlib.ui.gallery import gallery
from genlib.ui.latent import codes, own
from genlib.ui.pages import CANDIDATES, KEYS, LATENT, LatentQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

CHOSEN, FIRST = LATENT.widget("keys"), LATENT.widget("first")


@dataclass(frozen=True)
class Scene:
    """`shown`: what the address says. `controls`: the model's own."""

    checkpoint: Checkpoint
    shown: LatentQuery
    controls: Controls

    @cached_property
    def offered(self) -> tuple[np.ndarray, list[int]]:
        """Pictures uint8 (N, H, W, C) to choose from, and their numbers."""
        pictures, offered = codes.offered(self.checkpoint, self.shown.given, self.shown.first, self.controls)
        mine = own.offered(self.checkpoint)
        if mine is None:
            return pictures, offered
        return np.concatenate([mine[None], pictures[:-1]]), [own.NUMBER, *offered[:-1]]

    def keys(self, least: int, most: int = KEYS) -> list[int]:
        """The numbers of the pictures that were chosen, at most the last `most`; of too few, others stand beside them.

        GenlibError: the address names none that can be.
        """
        return filled(numbers(self.shown.keys)[-most:], self.offered[1], least)

    @cached_property
    def stem(self) -> str:
        """What files of it are called."""
        return self.checkpoint.name.replace("/", "-")

    def latents(self, keys: list[int]) -> np.ndarray:
        """Of the pictures with these numbers, (K, Z)."""
        mine = own.code(self.checkpoint) if own.NUMBER in keys else None
        others = [key for key in keys if key != own.NUMBER or mine is None]
        z = dict(zip(others, codes.latents(self.checkpoint, self.shown.given, others, self.controls), strict=True))
        return np.stack([mine[0] if mine is not None and key == own.NUMBER else z[key] for key in keys])


def numbers(text: str) -> list[int]:
    """Of the pictures that an address names, at most KEYS. GenlibError."""
    if not text:
        return []
    found = [int(number) for number in text.split("-")] if re.fullmatch(r"\d{1,10}(-\d{1,10})*", text) else []
    if not 1 <= len(found) <= KEYS or max(found) > MAX_SEED:
        raise GenlibError(
            f"`keys` must be up to {KEYS} numbers of pictures with hyphens in between, as 3-17-40, and {quote(text)} "
            "is not: click the pictures that you want."
        )
    return found


def filled(chosen: list[int], offered: list[int], least: int) -> list[int]:
    """`chosen`, and where that are fewer than `least`, as many of the offered ones after them, spread evenly."""
    spread = [offered[i * len(offered) // 4 + 1] for i in range(4)]
    others = [number for number in dict.fromkeys([*spread, *offered]) if number not in chosen]
    return [*chosen, *others[: max(0, least - len(chosen))]]


def choose(scene: Scene, keys: list[int], most: int, purpose: str) -> None:
    """Tiles to choose from; a click puts one behind the chosen `keys`, of which the last `most` count."""
    pictures, offered = scene.offered
    what = "seed" if scene.shown.given == "seeds" else "held-out picture"
    places = {number: keys.index(number) + 1 for number in offered if number in keys}
    labels = [
        ("your picture" if n == own.NUMBER else f"{what} {n}")
        + (f", number {places[n]} of those chosen" if n in places else "")
        for n in offered
    ]
    picked = gallery(pictures, offered, LATENT.widget(f"offer.{purpose}"), labels, across=CANDIDATES // 2)
    if picked in offered and picked != keys[-1]:
        chosen = [*numbers(scene.shown.keys), picked][-most:]
        st.session_state[CHOSEN] = "-".join(map(str, chosen))
        st.rerun()  # the address, written further up, names it
    with st.container(horizontal=True):
        if scene.shown.given == "seeds":
            st.button("Other pictures", on_click=others, key=LATENT.widget("shuffle"), icon=":material/casino:")
        st.button(
            "Begin anew",
            on_click=_clear,
            key=LATENT.widget("clear"),
            icon=":material/backspace:",
            type="tertiary",
            disabled=not scene.shown.keys,
        )


def others() -> None:
    """Have others offered."""
    st.session_state[FIRST] = random.randrange(1_000_000)
    _clear()


def _clear() -> None:
    st.session_state[CHOSEN] = ""
