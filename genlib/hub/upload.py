"""Push: a checkpoint to a repository on the Hub."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError

from genlib.checkpoint import FILES, shipped
from genlib.errors import GenlibError
from genlib.hub.client import PUSH_LIMIT, watch_session
from genlib.hub.sentences import NOT_THE_HUB, HubError, check_names, sentence
from genlib.query import repository

PUSH_S = 60.0  # seconds for each answer
PRINTABLE = r"[!-~]{1,200}"  # of a token; what else is in one breaks the request that would carry it


def push(name: str, repo: str, *, private: bool = False, revision: str | None = None) -> str:
    """Upload checkpoint `name` (config, weights, card, pictures) to `repo` ("user/name"). Returns its URL.

    The repository is created (`private`) where it does not exist, and so is the branch `revision`. The token is the one
    that the client finds: HF_TOKEN, or a login with `hf auth login`. Raises CheckpointError (no such checkpoint)
    and HubError.
    """
    repo = _named(repo, revision)
    folder = shipped(name).folder
    if (token := get_token()) is None:
        raise HubError("Nobody is logged in to Hugging Face: run `hf auth login`, or set HF_TOKEN.")
    return _send(folder, repo, token, private, revision)


class Push:
    """A push of what a visitor made, by the visitor's token, in a thread of its own. Nobody keeps the token.

    write   makes the checkpoint's folder in an empty one, and gives it
    """

    def __init__(self, write: Callable[[Path], Path], repo: str, token: str, *, private: bool) -> None:
        """HubError: no repository's name, or what cannot be a token."""
        self.url = self.error = ""  # how it ended
        repo, token = _named(repo, None), token.strip()
        if not re.fullmatch(PRINTABLE, token):
            raise HubError("That is no token of Hugging Face: make one that may write, and paste it whole.")
        self._thread = threading.Thread(target=self._run, args=(write, repo, token, private), daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return bool(self.url or self.error)

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout)

    def _run(self, write: Callable[[Path], Path], repo: str, token: str, private: bool) -> None:
        try:
            with TemporaryDirectory() as folder:
                self.url = _send(write(Path(folder)), repo, token, private, public=True)
        except GenlibError as error:
            self.error = str(error)
        finally:
            if not self.done:
                self.error = "The push broke off by a fault of the program: take the model home as a zip instead."


def _named(repo: str, revision: str | None) -> str:
    """The repository that was typed, or is at an address. HubError."""
    repo, _ = repository(repo)
    check_names(repo, revision or constants.DEFAULT_REVISION)
    return repo


def _send(
    folder: Path, repo: str, token: str, private: bool, revision: str | None = None, *, public: bool = False
) -> str:
    """Upload a checkpoint's folder: the repository's URL. `public`: for a visitor. HubError."""
    late = f"Hugging Face did not answer within {PUSH_S:g} s: check the network and try again."
    watch_session()
    limit = PUSH_LIMIT.set(PUSH_S)
    try:
        api = HfApi(token=token)
        url = api.create_repo(repo, private=private, exist_ok=True)
        if revision:
            api.create_branch(repo, branch=revision, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            revision=revision,
            allow_patterns=[*FILES, "*.png"],
            commit_message=f"Upload {folder.name} with genlib",
        )
    except RuntimeError as error:  # how the client reports a failed upload of one file
        if not isinstance(error.__cause__, (httpx2.HTTPError, OSError)):
            raise
        raise HubError(_why(error.__cause__, repo, revision, late, public)) from None
    except (httpx2.HTTPError, OSError) as error:
        raise HubError(_why(error, repo, revision, late, public)) from None
    except ValueError as error:  # the card's front matter, or an answer that is not the Hub's
        wrong_card = "README.md" in str(error)
        raise HubError(
            f"{repo} was not pushed because the YAML at the top of its README.md is not valid: mend it and push again."
            if wrong_card
            else NOT_THE_HUB
        ) from None
    finally:
        PUSH_LIMIT.reset(limit)
    return str(url)


def _why(error: BaseException, repo: str, revision: str | None, late: str, public: bool) -> str:
    """What went wrong, for people: `public` for a visitor, whose token it is."""
    if public and isinstance(error, HfHubHTTPError):
        if error.response.status_code == 401:
            return "Hugging Face does not accept this token: make one that may write, and paste it whole."
        if error.response.status_code in (403, 404):
            return f"This token may not write to {repo}: use one that may, or name a repository of its owner."
    return sentence(error, repo, revision, late, public)
