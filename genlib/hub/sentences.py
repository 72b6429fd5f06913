"""Names that people type, checked; and whatever goes wrong, as one sentence that holds no token and no URL."""

from __future__ import annotations

import re
from typing import Final

import httpx2
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from genlib.checkpoint import CheckpointError

NOT_THE_HUB: Final = (
    "What answers is not the Hugging Face Hub: check for a login page of the network, a proxy, or a wrong HF_ENDPOINT."
)


class HubError(CheckpointError):
    """A repository that cannot be pulled or pushed. Its message holds no token and no URL."""


def check_names(repo: str, revision: str) -> None:
    """Raises HubError for what cannot be a repository ("user/name") or a revision of one."""
    # What was typed is not repeated: it may be a URL with a password in it.
    try:
        validate_repo_id(repo)
    except HFValidationError:
        repo = ""
    if repo.count("/") != 1:
        raise HubError("That is not the name of a Hugging Face model: write it as user/name, or paste its address.")
    if not re.fullmatch(r"(?!.*(\.\.|//))[A-Za-z0-9_][\w./-]{0,199}(?<![./])", revision, re.ASCII):
        raise HubError(f"That is not a revision of {repo}: give a branch, a tag or a commit.")


def status_sentence(status: int, repo: str) -> str:
    """What an HTTP status of 400 or more means for who asked for `repo`."""
    if status == 401:
        return "Hugging Face does not accept the token in use: log in again with `hf auth login`, or mend HF_TOKEN."
    if status == 403:
        return f"Hugging Face does not allow this with {repo}: use a token that may, or ask its owner."
    if status == 429:
        return "Hugging Face asks for a pause after too many requests (HTTP 429): try again in some minutes."
    if status >= 500:
        return f"Hugging Face has trouble of its own (HTTP {status}): try again in some minutes."
    return f"Hugging Face refuses this request for {repo} (HTTP {status}): check the name and the revision."


def sentence(error: BaseException, repo: str, revision: str | None, late: str, public: bool = False) -> str:
    """What went wrong, for people. An error that is none of the client's, the network's or the disk's is raised again.

    late: the sentence for a timeout.
    public: who asks is a visitor, who has no token and sets up nothing on this machine.
    """
    # Never str(error): it may hold signed URLs.
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__:
        error = error.__cause__  # the client's "not in the cache either"
    if public and (said := _to_visitor(error, repo)):
        return said
    match error:
        case OfflineModeIsEnabled():
            return f"HF_HUB_OFFLINE keeps {repo} from being looked up on Hugging Face: unset it and try again."
        case GatedRepoError():
            return (
                f"{repo} is gated: accept its terms on its page, and log in with `hf auth login` or set HF_TOKEN "
                "for an account that did."
            )
        case RepositoryNotFoundError():
            return (
                f"Hugging Face shows no model {repo}: check the spelling or, if it is private, log in with "
                "`hf auth login` or set HF_TOKEN."
            )
        case RevisionNotFoundError():
            return f"{repo} has no revision {revision!r}: choose one of its branches, tags or commits."
        case RemoteEntryNotFoundError():
            return f"{repo} changed while it was being downloaded: try again."
        case HfHubHTTPError():
            return status_sentence(error.response.status_code, repo)
        case httpx2.TimeoutException():
            return late
        case httpx2.ConnectError() | httpx2.ProxyError():
            return "Hugging Face cannot be reached: check the network and try again."
        case httpx2.TooManyRedirects():
            return "Hugging Face sends from one address to the next without end: try again later, or check HF_ENDPOINT."
        case FileMetadataError() | LocalEntryNotFoundError():
            return NOT_THE_HUB
        case httpx2.HTTPError():
            return f"The connection was cut off while {repo} was on its way: check the network and try again."
        case OSError(errno=None):  # the client's consistency check
            return f"{repo} arrived incomplete: try again."
        case OSError():
            return f"{repo} cannot be kept on this disk ({error.strerror}): make room, or set HF_HOME elsewhere."
    raise error


def _to_visitor(error: BaseException, repo: str) -> str:
    """Where the usual sentence would ask a visitor to mend what only the owner of the server can."""
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    match error:
        case HfHubHTTPError() if status in (401, 403) or isinstance(error, RepositoryNotFoundError):
            return f"Hugging Face shows no model {repo} to everyone: check the spelling, or choose a public model."
        case OfflineModeIsEnabled():
            return f"This server does not look up {repo} on Hugging Face: choose one of the models that are here."
        case httpx2.TooManyRedirects() | FileMetadataError() | LocalEntryNotFoundError():
            return "This server does not find the way to Hugging Face: try again later."
        case OSError(errno=int()):
            return f"This server has no room for {repo} now: try again later, or choose another model."
    return ""
