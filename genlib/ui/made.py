"""What Sample shows of a batch: pictures as tiles, points as a figure, the steps that led there; and its downloads."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import remake
from genlib.contract import Controls, Unrolls
from genlib.errors import GenlibError
from genlib.figures import points as figures
from genlib.sheets import enlargement, grid, png, zip_of
from genlib.ui import controls, enlarge, loaders, words
from genlib.ui.gallery import gallery
from genlib.ui.pages import SAMPLE

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint

FILMED = 8  # pictures of which the steps are shown
VIEWS = {"all": ":material/grid_view: Pictures", "steps": ":material/movie: How they are made"}
SEED, VIEW = map(SAMPLE.widget, ("seed", "view"))


@dataclass(frozen=True)
class Batch:
    """What a checkpoint makes of some seeds. `url`: the address that shows it."""

    checkpoint: Checkpoint
    seeds: range
    controls: Controls
    url: str

    @property
    def x(self) -> np.ndarray:
        """Pictures uint8 (B, H, W, C), or points float32 (B, D). CheckpointError."""
        return loaders.samples(self.checkpoint, self.seeds, self.controls)

    @property
    def script(self) -> str:
        """The lines of Python that make it."""
        return remake.script(self.checkpoint.name, self.seeds, self.controls, self.checkpoint.config.space.kind)

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"{self.checkpoint.name.replace('/', '-')}-{self.seeds[0]}-{self.seeds[-1]}"


def new_seed() -> None:
    st.session_state[SEED] = random.randrange(1_000_000)  # short enough to tell a friend


def choose_view(checkpoint: Checkpoint) -> None:
    """The widget for what is shown of a batch, where there is a choice."""
    if checkpoint.config.space.kind == "pictures" and issubclass(checkpoint.model_class, Unrolls):
        controls.choice(
            "View",
            VIEW,
            VIEWS,
            label_visibility="collapsed",
        )


def steps(batch: Batch) -> None:
    """How the first pictures come to be, as a film."""
    first = batch.seeds[:FILMED]
    with st.spinner("Making the pictures step by step"):
        found = loaders.steps(batch.checkpoint, first, batch.controls)
    from genlib.ui.film import film

    film(found.frames, SAMPLE.widget("film"), found.labels, trace=found.trace)
    seeds = f"seed {first[0]}" if len(first) == 1 else f"seeds {first[0]} to {first[-1]}"
    line = ""
    if found.trace:
        what = found.trace.what.partition(",")[0]
        line = f" Over the slider: the {what}, thin for each picture and thick for their mean."
    st.caption(f"How the model makes the pictures of {seeds}.{line}")
    if found.trace:
        words.row(words.found_in(found.trace.what), "sample-steps")


def pictures(batch: Batch) -> None:
    """Tiles, of which a click has one shown large, and downloads."""
    made = batch.x
    gallery(made, batch.seeds, SAMPLE.widget("gallery"), on_pick=enlarge.choose)
    scale = enlargement(made.shape[1], 112)
    with st.container(horizontal=True):
        st.download_button(
            "Grid as PNG",
            lambda: png(grid(made), scale),
            f"{batch.stem}.png",
            "image/png",
            on_click="ignore",
            icon=":material/grid_on:",
        )
        st.download_button(
            "All as zip",
            lambda: zip_of(
                {f"seed-{seed}.png": png(p) for seed, p in zip(batch.seeds, made, strict=True)}
                | {"remake.py": f"# {batch.url}\n{batch.script}".encode()}
            ),
            f"{batch.stem}.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
        )


def points(batch: Batch) -> None:
    """A figure over the data, and downloads."""
    made, real = batch.x, None
    try:
        real = loaders.real_points(batch.checkpoint)
    except GenlibError as error:  # a stranger's model, of data that is not here
        st.caption(f"There is no data to compare with. {error}")
    figure = figures.points(made, real)
    with st.container(key="chart-sample"):
        st.plotly_chart(
            figure,
            height="stretch",
            config={"displayModeBar": False},
            key=SAMPLE.widget("points"),
            alt=f"{len(made):,} points made by {batch.checkpoint.name}"
            + (", over those it learned from" if real else ""),
        )
    outside = figures.outside(made, real)
    lie = "1 lies" if outside == 1 else f"{outside:,} lie"
    st.caption(f"{len(made):,} points made" + (f", of which {lie} outside of this view." if outside else "."))
    with st.container(horizontal=True):
        for label, kind, icon in (("CSV", "text/csv", "table"), ("NPY", "application/octet-stream", "data_array")):
            st.download_button(
                f"Points as {label}",
                partial(_file, made, label),
                f"{batch.stem}.{label.lower()}",
                kind,
                on_click="ignore",
                icon=f":material/{icon}:",
            )


def _file(x: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "CSV":
        np.savetxt(file, x, delimiter=",", fmt="%.7g", header=",".join("xy"[: x.shape[1]]), comments="")
    else:
        np.save(file, x)
    return file.getvalue()
