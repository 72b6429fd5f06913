"""Push: a checkpoint of ours to a repository on the Hub."""

from __future__ import annotations

import httpx2
from huggingface_hub import HfApi, constants, get_token

from genlib.checkpoint import FILES, shipped
from genlib.hub.client import PUSH_LIMIT, watch_session
from genlib.hub.sentences import NOT_THE_HUB, HubError, check_names, sentence
from genlib.query import repository

PUSH_S = 60.0  # seconds for each answer


def push(name: str, repo: str, *, private: bool = False, revision: str | None = None) -> str:
    """Upload checkpoint `name` (config, weights, card, pictures) to `repo` ("user/name"). Returns its URL.

    The repository is created (`private`) where it does not exist, and so is the branch `revision`. The token is the one
    that the client finds: HF_TOKEN, or a login with `hf auth login`. Raises CheckpointError (no such checkpoint)
    and HubError.
    """
    repo, _ = repository(repo)
    check_names(repo, revision or constants.DEFAULT_REVISION)
    folder = shipped(name).folder
    late = f"Hugging Face did not answer within {PUSH_S:g} s: check the network and try again."
    watch_session()
    limit = PUSH_LIMIT.set(PUSH_S)
    try:
        if (token := get_token()) is None:
            raise HubError("Nobody is logged in to Hugging Face: run `hf auth login`, or set HF_TOKEN.")
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
        raise HubError(sentence(error.__cause__, repo, revision, late)) from None
    except (httpx2.HTTPError, OSError) as error:
        raise HubError(sentence(error, repo, revision, late)) from None
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
