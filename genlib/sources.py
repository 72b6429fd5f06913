"""Where a checkpoint comes from: this repository, a folder, or the Hugging Face Hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import catalog
from genlib.checkpoint import Checkpoint, CheckpointError, shipped
from genlib.errors import GenlibError, plain

if TYPE_CHECKING:
    import torch

    from genlib.models.base import Model


def load(
    name: str | os.PathLike[str], revision: str | None = None, device: torch.device | str | None = None
) -> Model[Any, Any, Any]:
    """A trained model: of a shipped checkpoint ("dcgan-faces"), a folder, or a Hub repository ("user/repo").

    device: where it computes; None: the best there is. Raises CheckpointError with one sentence when there is none of
    that name or it cannot be used.
    """
    return find(name, revision).load(device)


def find(name: str | os.PathLike[str], revision: str | None = None) -> Checkpoint:
    """Like load(), without the weights."""
    if isinstance(name, os.PathLike):
        return Checkpoint.read(Path(name))
    if "/" in name:  # whatever it is: hub.pull checks it, and repeats no address that may hold a token
        from genlib import hub

        return hub.pull(name, revision)
    if revision:
        raise CheckpointError(
            f"{plain(name)} has no revisions, which are the Hub's: leave the revision out, or name a repository as "
            "user/name."
        )
    return shipped(name, otherwise=", or a Hugging Face repository as user/name")


def checkpoints(root: Path | None = None) -> dict[str, Checkpoint]:
    """The checkpoints under `root` (None: the shipped ones) that can be read, by name, in the order of the family tree;
    reads their config.json only."""
    found = {}
    for name, listed in catalog.shelf(root).items():
        try:
            found[name] = Checkpoint.read(listed.folder)
        except GenlibError:  # a folder that is being written, or is damaged: load(NAME) says what is wrong with it
            continue
    return found
