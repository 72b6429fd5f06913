"""What is seen of runs on pictures: what the model makes, beside what it learns from, and its film to take home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from genlib import catalog, data
from genlib.figures.curves import Curve
from genlib.lab import doctor
from genlib.lab.album import Album, held_out
from genlib.sheets import grid, to_uint8
from genlib.ui.film import downloads
from genlib.ui.gallery import gallery
from genlib.ui.lab import brought
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.jobs import Moment, Snapshot
    from genlib.lab.doctor import Diagnosis
    from genlib.ui.lab.desk import Shown

KEY = TRAIN.widget
FIT = "share"  # the axis of fits()
ACROSS, SOME = 8, 24  # pictures of the data in a row, and all of them, before anything learns
FILM_S = 6.0  # s that a film takes, at most so many
FASTEST = 12.0  # pictures a second of it


def idle(name: str) -> None:
    """The data alone, that nothing learns yet. DataError."""
    some = to_uint8(brought.pictures().x(slice(SOME))) if name == data.OWN.name else _some(name)
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.caption("Pictures of the data")
        gallery(some, range(len(some)), KEY("album0"), across=ACROSS, name="Pictures of the data", still=True)
    with right:
        if name == data.OWN.name:
            st.markdown(f"Your {brought.pictures().size:,} pictures, cut to squares: all of them are learned from.")
        else:
            about = data.info(name)
            st.markdown(f"{about.description} {about.splits['train']:,} of them are learned from.")
        st.markdown("Press Start: a model begins with noise, and its pictures are shown as they become better.")


def figures(runs: Sequence[Shown], moments: Sequence[Moment | None]) -> None:
    """Runs at a moment of each."""
    for i, (place, one, moment) in enumerate(zip(st.columns(len(runs), gap="medium"), runs, moments, strict=True)):
        with place:
            if one.called:
                st.markdown(f"**{one.called}**")
            _figure(one, moment, i)


def _figure(one: Shown, moment: Moment | None, place: int) -> None:
    album = one.watcher
    assert isinstance(album, Album)
    about = catalog.about(one.job.task.model)
    if album.works:
        st.caption("What it is given")
        _wall(album.given, album, f"given{place}", "Pictures that the model is given")
    asked = f"; in each column one class: {', '.join(album.columns)}" if album.columns else ""
    same = "What it makes of them" if album.works else f"What it makes of the same seeds all along{asked}"
    if album.in_batches:
        same = "In each column one seed; in each row it is made among other ones, in batches as those of the training"
    st.caption(same)
    pictures, step = (moment.seen.pictures, moment.step) if moment else (album.blank, 0)
    _wall(pictures, album, f"album{place}", f"{len(pictures)} pictures by {about.title} after {step:,} steps")
    if not album.works:
        st.caption("For comparison, of the data")
        _wall(album.given, album, f"given{place}", "Pictures of the data")


def _wall(pictures: np.ndarray, album: Album, key: str, name: str) -> None:
    ordered = bool(album.columns) or album.in_batches
    gallery(pictures, range(len(pictures)), KEY(key), across=album.across, name=name, still=True, rows=ordered)


def seen(one: Shown, now: Snapshot) -> None:
    """How much of the data it has seen."""
    album = one.watcher
    assert isinstance(album, Album)
    count, there = now.step * one.job.task.recipe.batch_size, album.count
    st.caption(f"{count:,} pictures seen: the {there:,} of the data {count / there:.1f} times")


def diagnosis(now: Snapshot, settings: Mapping[str, object], most: Mapping[str, float]) -> Diagnosis:
    """Of a run with at least one moment."""
    seen = [moment.seen for moment in now.moments]
    return doctor.look_at_pictures(
        now.step, now.steps, now.curves.values, seen, settings, most, now.cause == "diverged"
    )


def fits(moments: tuple[Moment, ...]) -> dict[str, Curve]:
    steps = np.array([moment.step for moment in moments])
    found = {
        "variety of the pictures, as a share of the data's": [moment.seen.variety for moment in moments],
        "share of the pictures that are copies": [moment.seen.copied for moment in moments],
        "share of a picture's mean colour that follows from its company": [moment.seen.company for moment in moments],
    }
    return {name: (steps, np.array(values)) for name, values in found.items() if not np.isnan(values).all()}


def film(one: Shown, now: Snapshot) -> None:
    """All moments of a run that has ended, to take away."""
    if len(now.moments) < 2:
        return
    album = one.watcher
    assert isinstance(album, Album)
    frames = np.stack([grid(moment.seen.pictures, album.across) for moment in now.moments])
    if one.called:
        st.caption(one.called)
    stem = "-".join([one.job.task.model, album.data, "learns", *one.called.lower().split()])
    downloads(frames, min(FASTEST, max(2.0, len(frames) / FILM_S)), stem)


@lru_cache(maxsize=8)
def _some(name: str) -> np.ndarray:
    return to_uint8(held_out(name)[:SOME])
