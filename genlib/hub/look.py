"""The one request before a download: which commit a revision is, which files it has, and whether we take them."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2
from huggingface_hub import HfApi

from genlib.checkpoint import CONFIG, FILES, MAX_BYTES, WEIGHTS
from genlib.hub.cache import COMMIT, Token
from genlib.hub.sentences import NOT_THE_HUB, HubError


@dataclass(frozen=True)
class File:
    """A file of a repository at one commit."""

    name: str
    size: int  # bytes
    digest: str | None  # SHA-256 of a file in git LFS, else the SHA-1 that git gives to its content


def look(repo: str, revision: str, token: Token, timeout: float) -> tuple[str, list[File]]:
    """The commit behind `revision`, and its files in the order of fetching: the config first, the weights last.

    timeout: seconds that the client waits for each byte; the caller sees to the whole.
    Raises HubError where the files are not those of a checkpoint or too large, and the client's own errors.
    """
    try:
        info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=timeout, token=token)
        commit, siblings = str(info.sha), {s.rfilename: s for s in info.siblings or ()}
    except httpx2.HTTPError:  # some of the client's are ValueErrors too
        raise
    except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, or not the Hub's: a captive portal
        raise HubError(NOT_THE_HUB) from None
    if not COMMIT.fullmatch(commit):
        raise HubError(NOT_THE_HUB)
    for name in (CONFIG, WEIGHTS):
        if name not in siblings:
            raise HubError(
                f"{repo} has no {name}, so it is not a genlib model (pickled weights are never opened): "
                "choose a repository that `python -m genlib push` made."
            )
    files = []
    for name in FILES:
        if (found := siblings.get(name)) is None:
            continue
        if found.size is None or found.size > MAX_BYTES[name]:
            raise HubError(
                f"{repo} was not downloaded because its {name} is larger than the "
                f"{MAX_BYTES[name] // 1024} KiB allowed: choose another model."
            )
        files.append(File(name, found.size, found.lfs.sha256 if found.lfs else found.blob_id))
    return commit, files
