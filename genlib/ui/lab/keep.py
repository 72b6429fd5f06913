"""The result of a run: taken home as a zip, opened again from one, and among the models of this visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from genlib import data, experiment, moments, parcels
from genlib.errors import GenlibError
from genlib.lab.album import Album
from genlib.ui import loaders, uploading
from genlib.ui.gallery import gallery
from genlib.ui.lab import publish
from genlib.ui.pages import SAMPLE, TRAIN, page_of

if TYPE_CHECKING:
    import numpy as np

    from genlib.checkpoint import Checkpoint
    from genlib.ui.lab.desk import Shown

KEY = TRAIN.widget
ZIP, OPENED, TROUBLE, GOES = KEY("_zip"), KEY("_opened"), KEY("_zip.trouble"), KEY("_goes")
STANDS = "It stands among the models of the other pages as long as this visit lasts"
MOST = 3  # opened zips that a visitor has among the models: each stays in memory
SHOWN = 24  # pictures of a model that was opened


def offer(runs: Sequence[Shown]) -> None:
    """For each run that has ended with finite weights: take it home, or on to the other pages."""
    ended = [shown for shown in runs if shown.job.trained is not None]
    if not ended:
        return
    i = _which(ended) if len(ended) > 1 else 0
    with st.container(horizontal=True, gap="xsmall"):
        for shown in ended[i : i + 1]:
            st.download_button(
                "Model as zip",
                partial(packed, shown),
                f"{name(shown)}.zip",
                "application/zip",
                on_click="ignore",
                key=KEY(f"keep{i}"),
                icon=":material/folder_zip:",
                help="This page opens it again; unpacked in checkpoints/, the command line does, too",
            )
            if page := page_of(shown.job.task.model, shown.job.task.config.space.kind):
                st.button(
                    f"To {page.title}",
                    on_click=_take_on,
                    args=(shown,),
                    key=KEY(f"on{i}"),
                    icon=":material/arrow_forward:",
                    help=STANDS,
                )
            publish.field(partial(_with_card, shown), f"{i}")


def _which(ended: Sequence[Shown]) -> int:
    """The place of the one that is kept."""
    return st.segmented_control(
        "Keep",
        range(len(ended)),
        format_func=lambda i: ended[i].called,
        default=0,
        required=True,
        key=KEY(f"_keep.{len(ended)}"),
        help="Which of the models the buttons below are for",
    )


def _with_card(shown: Shown, root: Path) -> Path:
    """The same as `written`, with its card."""
    from genlib import card

    checkpoint, source = written(shown, root), shown.watcher.source
    info = None if source is None or source.info.name in data.point_names() else source.info
    card.write(checkpoint, info, ours=False)
    return checkpoint.folder


def goes() -> bool:
    """Whether the visitor wants to go on to another page with a model."""
    return GOES in st.session_state


def go_on() -> None:
    """To the page that shows the model which was taken on just now."""
    found: Checkpoint | None = st.session_state.pop(GOES, None)
    if found is not None and (page := page_of(found.spec.model, found.config.space.kind)):
        st.switch_page(page.file, query_params={"model": found.name})


def open_again() -> None:
    """The field for a zip, and what the model in it makes."""
    state = st.session_state
    with st.expander("Open a model that you took home", icon=":material/folder_open:", key=KEY("_open")):
        uploading.of_zip(f"The zip of a model, at most {parcels.MOST / 1e6:.0f} MB", ZIP, _opened)
        if trouble := state.get(TROUBLE):
            st.error(trouble, icon=":material/error:")
        found: Checkpoint | None = state.get(OPENED)
        if found is None:
            return
        st.markdown(f"**{found.title}**, after {found.spec.trained_steps:,} steps")
        if page := page_of(found.spec.model, found.config.space.kind):
            st.button(
                f"To {page.title}",
                on_click=lambda: st.session_state.update({GOES: found}),
                key=KEY("on"),
                icon=":material/arrow_forward:",
                help=STANDS,
            )
        if page is SAMPLE and found.config.space.kind == "pictures":
            made = loaders.samples(found, range(SHOWN), found.controls())
            gallery(made, range(SHOWN), KEY("_made"), name=f"Pictures by {found.title}", still=True)


def _opened() -> None:
    state = st.session_state
    file, state[TROUBLE] = state[ZIP], None
    if file is None:
        return
    try:
        state[OPENED] = _join(parcels.unpack(file.getvalue(), file.name))
    except GenlibError as error:
        state[TROUBLE] = str(error)


def _take_on(shown: Shown) -> None:
    st.session_state[GOES] = _join(parcels.unpack(packed(shown)))


def _join(checkpoint: Checkpoint) -> Checkpoint:
    """Among the models of this visit, where only the last few zips stay."""
    opened: dict[str, Checkpoint] = st.session_state.setdefault(loaders.OPENED, {})
    opened.pop(checkpoint.name, None)
    opened[checkpoint.name] = checkpoint
    for name in [name for name in opened if name.endswith(parcels.SUFFIX)][:-MOST]:
        del opened[name]
    return checkpoint


def name(shown: Shown) -> str:
    """Of the checkpoint."""
    task = shown.job.task
    return f"{task.model.replace('_', '-')}-{task.recipe.data}"


def packed(shown: Shown) -> bytes:
    """The checkpoint's folder: weights, config and recipe, and pictures of its training where there are such."""
    with TemporaryDirectory() as folder:  # safetensors and config are written as every checkpoint's are
        return parcels.pack(written(shown, Path(folder)).folder)


def written(shown: Shown, root: Path) -> Checkpoint:
    """The checkpoint of a run that has ended, in a folder of its own in `root`."""
    trained = shown.job.trained
    assert trained is not None
    trained = replace(trained, moments=_moments(shown))
    return experiment.write(replace(shown.job.task, name=name(shown)), trained, root)


def _moments(shown: Shown) -> dict[int, np.ndarray]:
    """The pictures of five moments, where they are of the seeds that those of every checkpoint are of."""
    album, seen = shown.watcher, shown.job.snapshot().moments
    if not isinstance(album, Album) or album.works or album.columns or album.in_batches:
        return {}
    at = {moment.step: moment.seen.pictures[: len(moments.SEEDS)] for moment in seen}
    return {step: at[step] for step in moments.chosen(at, max([1, *at]))}
