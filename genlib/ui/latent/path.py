"""Between pictures: a way through the latent space, as a film in the browser, with what there is to measure of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib.errors import GenlibError
from genlib.figures import paths as figures
from genlib.ui import controls
from genlib.ui.film import downloads, film
from genlib.ui.gallery import gallery
from genlib.ui.latent import codes
from genlib.ui.latent.scene import Scene, choose
from genlib.ui.pages import KEYS, LATENT

if TYPE_CHECKING:
    from genlib.latents.paths import Way

FPS = 16
WAYS: dict[Way, str] = {"spherical": "Spherical", "straight": "Straight"}


def draw(scene: Scene) -> None:
    keys = scene.keys(2)
    left, right = st.columns([1, 1], gap="large")
    with left:
        choose(scene, keys, KEYS, "path")
        st.caption(f"Click a picture to travel on to it, through up to {KEYS}.")
        _settings(scene)
    with right:
        _way(scene, keys)


def _settings(scene: Scene) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        controls.choice(
            "Way",
            LATENT.widget("way"),
            WAYS,
            help="Straight: the mean of two codes, with weights that change. Spherical: along the shell where draws "
            "of a normal law lie.",
        )
        st.toggle("Back to the first", key=LATENT.widget("closed"), persist_state="session")
    st.slider("Frames", 12, 120, key=LATENT.widget("frames"), persist_state="session", width=320)


def _way(scene: Scene, keys: list[int]) -> None:
    import torch

    from genlib.latents import paths

    shown, checkpoint = scene.shown, scene.checkpoint
    ends = torch.from_numpy(scene.latents(keys))
    both = {way: paths.loop(ends, shown.frames, way, shown.closed) for way in WAYS}
    with st.spinner("Decoding the pictures on the way"):
        pictures = {way: codes.decoded(checkpoint, latents.numpy()) for way, (latents, _) in both.items()}
    frames, stops = pictures[shown.way], both[shown.way][1]
    _stations(frames[stops], keys, scene)
    labels = [f"picture {t + 1} of {len(frames)}" for t in range(len(frames))]
    with st.container(key="film-path"):
        film(frames[:, None], LATENT.widget("film"), labels, FPS, rests_on="first")
    looped = frames[:-1] if shown.closed else frames
    downloads(looped, FPS, f"{scene.stem}-{'-'.join(map(str, keys))}")
    _measures(scene, {way: latents.norm(dim=1).numpy() for way, (latents, _) in both.items()}, pictures)


def _stations(pictures: np.ndarray, keys: list[int], scene: Scene) -> None:
    what = "seed" if scene.shown.given == "seeds" else "picture"
    names = [f"{what} {n}, as the model draws it" for n in (*keys, *keys[: len(pictures) - len(keys)])]
    with st.container(key="stations"):
        gallery(pictures, range(len(pictures)), LATENT.widget("stations"), names, across=KEYS + 1)


def _measures(scene: Scene, norms: Mapping[Way, np.ndarray], pictures: Mapping[Way, np.ndarray]) -> None:
    """How far from the origin the ways pass, and how evenly the pictures change along them."""
    from genlib.latents import paths

    latent = codes.latent(scene.checkpoint)
    typical = paths.typical_norms(latent) if latent.law in ("gaussian", "uniform") else None
    st.plotly_chart(
        figures.norms(norms, typical),
        config={"displayModeBar": False},
        key=LATENT.widget("norms"),
        alt="Length of the code along both ways",
    )
    if latent.law == "gaussian" and typical is not None:
        st.caption(
            f"Length of the code along both ways. Nearly all draws of a normal law in {latent.dims} dimensions have a "
            f"length between {typical[0]:.1f} and {typical[1]:.1f} (shaded): the straight way leaves that shell, "
            "the spherical one keeps to it."
        )
    elif typical is not None:
        st.caption("Length of the code along both ways; draws of the model's law lie in the shaded band.")
    else:
        st.caption(
            "Length of the code along both ways. This model has no law for its codes: no length is the right one, and "
            "nothing says that a code between two others decodes to anything."
        )
    try:
        jumps = {way: codes.jumps(scene.checkpoint, frames) for way, frames in pictures.items()}
    except GenlibError as error:
        st.caption(str(error))
        return
    st.plotly_chart(
        figures.jumps(jumps),
        config={"displayModeBar": False},
        key=LATENT.widget("jumps"),
        alt="How much the picture changes along both ways",
    )
    lengths = " and ".join(f"{steps.sum():.1f} ({way})" for way, steps in jumps.items())
    st.caption(
        f"How much the classifier's features change from one picture to the next: a peak is a jump. Added up, the way "
        f"is {lengths} long."
    )
