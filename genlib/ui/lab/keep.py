"""The result of a run, to take home: a checkpoint's folder as a zip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from genlib import experiment
from genlib.sheets import zip_of
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.jobs import Job
    from genlib.ui.lab.desk import Shown


def offer(runs: Sequence[Shown]) -> None:
    """A button for each run that has ended with finite weights."""
    ended = [(shown, shown.job) for shown in runs if shown.job.trained is not None]
    if not ended:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for i, (shown, job) in enumerate(ended):
            of = f" of “{shown.called}”" if shown.called else ""
            st.download_button(
                f"Model{of} as zip",
                partial(packed, job),
                f"{name(job)}.zip",
                "application/zip",
                on_click="ignore",
                key=TRAIN.widget(f"keep{i}"),
                icon=":material/folder_zip:",
                help="Unpack it in checkpoints/: the command line and the other pages find it there",
            )


def name(job: Job) -> str:
    """Of the checkpoint."""
    return f"{job.task.model.replace('_', '-')}-{job.task.recipe.data}"


def packed(job: Job) -> bytes:
    """The checkpoint's folder: weights, config and recipe."""
    assert job.trained is not None
    with TemporaryDirectory() as folder:
        found = experiment.write(replace(job.task, name=name(job)), job.trained, Path(folder))
        return zip_of({f"{found.name}/{path.name}": path.read_bytes() for path in sorted(found.folder.iterdir())})
