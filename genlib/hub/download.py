"""Checkpoints on the Hugging Face Hub: pull one into the client's cache, push one to a repository.

A repository holds what checkpoints/NAME/ holds: config.json, model.safetensors, README.md. Nothing else is fetched.

    cached      A pinned commit that is cached costs no request at all.
    one look    Else one request, answered within LOOK_S or given up: which commit, which files, how large, what hashes.
    download    Then those files at that one commit: config.json first and validated, sizes checked before.
    verified    Every file is compared with the hash that names it, each time; what is damaged leaves the cache.
    kept copy   Where any of this fails and an earlier copy of the same revision is cached, that serves, with a note.

The official client does the talking. By itself it retries for 23 s (refused, HTTP 5xx) to 150 s (hanging), tells of
progress every 10 MB only, and cannot be stopped; the two event hooks at the end of this file change that, for
requests that a Download makes and no others.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import httpx2
from huggingface_hub import (
    HfApi,
    constants,
    get_session,
    get_token,
    hf_hub_download,
    try_to_load_from_cache,
)
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

from genlib.checkpoint import CARD, CONFIG, MAX_BYTES, WEIGHTS, Checkpoint, CheckpointError, find
from genlib.contract import GenlibError

LOOK_S = 3.0  # for the one look, from asking to the whole answer
STALL_S = 10.0  # a download that gets fewer than PACE bytes in this time is given up
PACE = 16 * 1024
PUSH_S = 60.0  # for each answer while pushing
AT_ONCE = 4  # downloads under way in this process

_COMMIT = re.compile(r"[0-9a-f]{40}")

Token = str | Literal[False] | None  # None: the one that the client finds, HF_TOKEN or a login. False: none


class HubError(CheckpointError):
    """A repository that cannot be pulled or pushed. Its message holds no token and no URL."""


def cache_of(token: Token) -> str:
    """The folder of the cache. Pulls without a token have their own: what a token brought is for its owner alone."""
    return constants.HF_HUB_CACHE + ("-public" if token is False else "")


def pull(
    repo: str,
    revision: str | None = None,
    *,
    token: Token = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Checkpoint:
    """The checkpoint of `repo` ("user/name") at `revision` (branch, tag or commit; None: main).

    `progress(bytes, total)` is called a few times a second; `total` is None until it is known. Waits as long as
    bytes arrive: an app starts a `Download` instead. Raises HubError.
    """
    download = Download(repo, revision, token=token)
    try:
        while not download.wait(0.2):
            if progress:
                progress(download.bytes, download.total)
    finally:
        download.cancel()  # after Ctrl-C; nothing is left to cancel otherwise
    return download.result()


class Download:
    """A pull in a thread of its own. Every attribute may be read from any thread, at any time, without waiting.

    bytes, total    received so far, and in all (None until the look is over).
    done            it ended: with a `checkpoint`, or with an `error`.

    An app on behalf of its visitors passes token=False: with the server's own they could open its owner's private
    models. While AT_ONCE other repositories are on their way it ends at once, with an error.
    """

    def __init__(self, repo: str, revision: str | None = None, *, token: Token = None) -> None:
        self.repo, self.revision = repo, revision or constants.DEFAULT_REVISION
        self._token, self._cache = token, cache_of(token)
        self.bytes = 0
        self.total: int | None = None
        self._outcome: futures.Future[Checkpoint] = futures.Future()
        self._lock = threading.RLock()
        self._kept: Checkpoint | None = None  # an earlier copy, for when the look or the download fails
        self._before = 0  # bytes of the files that are complete
        self._expect(None)
        threading.Thread(target=self._run, name="hub-download", daemon=True).start()

    @property
    def done(self) -> bool:
        # The thread may hang in a call that no timeout reaches (name resolution, headers that trickle in), so
        # whoever asks judges the deadline.
        with self._lock:
            if time.monotonic() > self._deadline:
                self._settle(HubError(self._late))
        return self._outcome.done()

    @property
    def error(self) -> GenlibError | None:
        """What went wrong, in one sentence; None while it runs and after success."""
        error = self._outcome.exception() if self.done else None
        if error is None or isinstance(error, GenlibError):
            return error
        raise error  # a bug in the thread is one here

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What was pulled; None while it runs and after an error. Its `note` says where an earlier copy serves."""
        return self.result() if self.done and self.error is None else None

    def result(self) -> Checkpoint:
        """The checkpoint of a download that is done. Raises its error."""
        return self._outcome.result(0)

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the end; whether it came."""
        end = time.monotonic() + timeout
        while not self.done and (left := end - time.monotonic()) > 0:
            futures.wait([self._outcome], min(left, 0.2))  # the deadline may pass meanwhile
        return self.done

    def cancel(self) -> None:
        """Stop, if it still runs; the thread ends at its next byte or timeout."""
        with self._lock:
            self._kept = None
            self._settle(HubError(f"The download of {self.repo} was stopped: open it again to start anew."))

    # --- In the thread ---

    def _run(self) -> None:
        _DOWNLOAD.set(self)
        try:
            _check_names(self.repo, self.revision)
            with _turn(self):
                self._settle(self._pull())
        except _Stopped:
            pass  # settled already, by whoever stopped it
        except HubError as error:
            self._settle(error)
        except CheckpointError as error:  # config.json is not valid
            self._settle(HubError(str(error)))
        except (httpx2.HTTPError, OSError) as error:
            said = _sentence(error, self.repo, self.revision, self._late, public=self._token is False)
            self._settle(HubError(said))
        except Exception as bug:  # as a future does: it is raised in whoever asks for the outcome
            self._settle(bug)

    def _pull(self) -> Checkpoint:
        cached = _cached(self.repo, self.revision, self._cache)
        if cached and _COMMIT.fullmatch(self.revision):
            return cached
        self._kept = cached
        commit, files = self._look()
        checkpoint = _cached(self.repo, commit, self._cache) or self._fetch_all(commit, files)
        _remember(checkpoint.folder, self.revision)
        return checkpoint

    def _look(self) -> tuple[str, list[_File]]:
        """The commit behind the revision and its files, in the order of fetching: the weights last."""
        self._expect(LOOK_S, f"Hugging Face did not answer within {LOOK_S:g} s: check the network and try again.")
        _watch_session()
        try:
            info = HfApi().model_info(
                self.repo, revision=self.revision, files_metadata=True, timeout=LOOK_S, token=self._token
            )
            commit, siblings = str(info.sha), {s.rfilename: s for s in info.siblings or ()}
        except httpx2.HTTPError:  # some of the client's are ValueErrors too
            raise
        except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, or not the Hub's: a captive portal
            raise HubError(_NOT_THE_HUB) from None
        self._expect(None)
        if not _COMMIT.fullmatch(commit):
            raise HubError(_NOT_THE_HUB)
        for name in (CONFIG, WEIGHTS):
            if name not in siblings:
                raise HubError(
                    f"{self.repo} has no {name}, so it is not a genlib model (pickled weights are never opened): "
                    "choose a repository that `python -m genlib push` made."
                )
        files = []
        for name in (CONFIG, CARD, WEIGHTS):
            if (found := siblings.get(name)) is None:
                continue
            if found.size is None or found.size > MAX_BYTES[name]:
                raise HubError(
                    f"{self.repo} was not downloaded because its {name} is larger than the "
                    f"{MAX_BYTES[name] // 1024} KiB allowed: choose another model."
                )
            files.append(_File(name, found.size, found.lfs.sha256 if found.lfs else found.blob_id))
        return commit, files

    def _fetch_all(self, commit: str, files: list[_File]) -> Checkpoint:
        self.bytes, self.total = 0, sum(f.size for f in files)
        checkpoint = None
        for file in files:
            path = self._fetch(file, commit)
            self._before += file.size
            self.bytes = self._before
            if file.name == CONFIG:
                checkpoint = Checkpoint.read(path.parent, _source(self.repo, commit))
        assert checkpoint is not None  # _look() put config.json first
        return checkpoint

    def _fetch(self, file: _File, commit: str) -> Path:
        """Download one file, once more if it came damaged. Too often damaged, it does not stay in the cache."""
        for _ in range(2):
            self._expect(
                STALL_S,
                f"The download of {self.repo} stalled, with next to nothing new for {STALL_S:g} s: "
                "check the network and try again.",
            )
            bar: Any = partial(_Bar, self.repo, file)
            found = hf_hub_download(
                self.repo, file.name, revision=commit, cache_dir=self._cache, token=self._token, tqdm_class=bar
            )
            path = Path(found)
            self._expect(None)
            if _intact(path, file.digest):
                return path
            _evict(path)
        raise HubError(f"{self.repo} arrived damaged twice ({file.name} does not match its hash): try again later.")

    # --- Deadline, progress and end ---

    def _expect(self, seconds: float | None, late: str = "") -> None:
        """The next `seconds` must bring something, or it ends with the sentence `late`. None: no network now."""
        with self._lock:
            self._patience, self._late, self._fresh = seconds or math.inf, late, 0
            self._deadline = time.monotonic() + self._patience

    def _left(self) -> float:
        """Seconds until the deadline. Raises _Stopped when it is over: cancelled, or too late."""
        if self.done:
            raise _Stopped
        return max(self._deadline - time.monotonic(), 0.01)

    def _begin(self, offset: int) -> None:
        self.bytes = self._before + offset  # the client may start a file again, or go on in the middle

    def _receive(self, n: int) -> None:
        self._left()
        with self._lock:
            self._fresh += n
            if self.total is not None:
                self.bytes += n
                if self._fresh >= PACE:  # during the look nothing moves the deadline
                    self._fresh, self._deadline = 0, time.monotonic() + self._patience

    def _settle(self, outcome: Checkpoint | Exception) -> None:
        """End it, once: later outcomes count for nothing. An earlier copy stands in for a HubError."""
        with self._lock:
            self._deadline = math.inf
            if self._outcome.done():
                return
            if isinstance(outcome, HubError) and self._kept:
                short = self._kept.folder.name[:7]
                outcome = replace(self._kept, note=f"{outcome} Until then an earlier copy serves: commit {short}.")
            if isinstance(outcome, Checkpoint):
                self._outcome.set_result(outcome)
            else:
                self._outcome.set_exception(outcome)


def push(name: str, repo: str, *, private: bool = False, revision: str | None = None) -> str:
    """Upload checkpoint `name` (config, weights, card, sample pictures) to `repo` ("user/name"); its URL.

    The repository is created (`private`) where it does not exist, and so is the branch `revision`. The token is the one
    that the client finds: HF_TOKEN, or a login with `hf auth login`. Raises CheckpointError (no such checkpoint)
    and HubError.
    """
    _check_names(repo, revision or constants.DEFAULT_REVISION)
    folder = find(name).folder
    late = f"Hugging Face did not answer within {PUSH_S:g} s: check the network and try again."
    _watch_session()
    limit = _PUSH_LIMIT.set(PUSH_S)
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
            allow_patterns=[CONFIG, WEIGHTS, CARD, "*.png"],
            commit_message=f"Upload {folder.name} with genlib",
        )
    except RuntimeError as error:  # how the client reports a failed upload of one file
        if not isinstance(error.__cause__, (httpx2.HTTPError, OSError)):
            raise
        raise HubError(_sentence(error.__cause__, repo, revision, late)) from None
    except (httpx2.HTTPError, OSError) as error:
        raise HubError(_sentence(error, repo, revision, late)) from None
    except ValueError as error:  # the card's front matter, or an answer that is not the Hub's
        wrong_card = "README.md" in str(error)
        raise HubError(
            f"{repo} was not pushed because the YAML at the top of its README.md is not valid: mend it and push again."
            if wrong_card
            else _NOT_THE_HUB
        ) from None
    finally:
        _PUSH_LIMIT.reset(limit)
    return str(url)


# --- Names and sentences ----------------------------------------------------------------------------------------------

_NOT_THE_HUB: Final = (
    "What answers is not the Hugging Face Hub: check for a login page of the network, a proxy, or a wrong HF_ENDPOINT."
)


def _check_names(repo: str, revision: str) -> None:
    # What was typed is not repeated: it may be a URL with a password in it.
    try:
        validate_repo_id(repo)
    except HFValidationError:
        repo = ""
    if repo.count("/") != 1:
        raise HubError("That is not the name of a Hugging Face model: write it as user/name.")
    if not re.fullmatch(r"(?!.*(\.\.|//))[A-Za-z0-9_][\w./-]{0,199}(?<![./])", revision, re.ASCII):
        raise HubError(f"That is not a revision of {repo}: give a branch, a tag or a commit.")


def _source(repo: str, commit: str) -> str:
    return f"{repo}@{commit}"


def _status_sentence(status: int, repo: str) -> str:
    if status == 401:
        return "Hugging Face does not accept the token in use: log in again with `hf auth login`, or mend HF_TOKEN."
    if status == 403:
        return f"Hugging Face does not allow this with {repo}: use a token that may, or ask its owner."
    if status == 429:
        return "Hugging Face asks for a pause after too many requests (HTTP 429): try again in some minutes."
    if status >= 500:
        return f"Hugging Face has trouble of its own (HTTP {status}): try again in some minutes."
    return f"Hugging Face refuses this request for {repo} (HTTP {status}): check the name and the revision."


def _sentence(error: BaseException, repo: str, revision: str | None, late: str, public: bool = False) -> str:
    """What went wrong, for people; `public`: who asks has no token. Never str(error): it may hold signed URLs."""
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__:
        error = error.__cause__  # the client's "not in the cache either"
    match error:
        case OfflineModeIsEnabled():
            return f"HF_HUB_OFFLINE keeps {repo} from being looked up on Hugging Face: unset it and try again."
        case GatedRepoError() | RepositoryNotFoundError() if public:
            return f"Hugging Face shows no model {repo} to everyone: check the spelling, or choose a public model."
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
            return _status_sentence(error.response.status_code, repo)
        case httpx2.TimeoutException():
            return late
        case httpx2.ConnectError() | httpx2.ProxyError():
            return "Hugging Face cannot be reached: check the network and try again."
        case httpx2.TooManyRedirects():
            return "Hugging Face sends from one address to the next without end: try again later, or check HF_ENDPOINT."
        case FileMetadataError() | LocalEntryNotFoundError():
            return _NOT_THE_HUB
        case httpx2.HTTPError():
            return f"The connection was cut off while {repo} was on its way: check the network and try again."
        case OSError(errno=None):  # the client's consistency check
            return f"{repo} arrived incomplete: try again."
        case OSError():
            return f"{repo} cannot be kept on this disk ({error.strerror}): make room, or set HF_HOME elsewhere."
    raise error


# --- The cache: models--USER--NAME/{blobs/HASH, snapshots/COMMIT/FILE -> blob, refs/REVISION} -------------------------


@dataclass(frozen=True)
class _File:
    name: str
    size: int  # bytes
    digest: str | None  # SHA-256 (LFS) or git's SHA-1 of a blob


def _cached(repo: str, revision: str, cache: str) -> Checkpoint | None:
    """What the cache holds of this revision, if it is all there and intact."""
    config = try_to_load_from_cache(repo, CONFIG, cache, revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    if not (folder / WEIGHTS).exists():
        return None
    for path in (folder / name for name in (CONFIG, CARD, WEIGHTS)):
        if path.exists() and not _intact(path):
            _evict(path)
            return None
    try:
        return Checkpoint.read(folder, _source(repo, folder.name))
    except GenlibError:  # it is looked at again, and a fresh copy says what is wrong
        return None


def _intact(path: Path, digest: str | None = None) -> bool:
    """Whether the file has the hash that names its blob in the cache (`digest` where links are not to be had).

    The client compares sizes only, so a damaged file of the right size would stay for ever.
    """
    digest = digest or path.resolve().name
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", digest):
        return True  # some mirror's own tag says nothing
    with path.open("rb") as file:
        if len(digest) == 64:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
        git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        git.update(file.read())
        return git.hexdigest() == digest


def _evict(path: Path) -> None:
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def _remember(folder: Path, revision: str) -> None:
    """Let the cache know which commit the branch or tag stands for: only now that all of it is there and intact."""
    if _COMMIT.fullmatch(revision):
        return
    ref = folder.parent.parent / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    part = ref.with_name(f"{ref.name}.{threading.get_ident()}.part")
    part.write_text(folder.name, encoding="ascii")
    os.replace(part, ref)


# --- One of a kind, few at a time -------------------------------------------------------------------------------------

_TURNS: dict[tuple[str, str], Download] = {}
_TURNS_LOCK = threading.Lock()


@contextlib.contextmanager
def _turn(download: Download) -> Iterator[None]:
    """Two visitors open the same model: the second watches the first one's progress and then finds it cached."""
    key = (download.repo, download.revision)
    while True:
        with _TURNS_LOCK:
            other = _TURNS.get(key)
            if other is None or other.done:
                if sum(not running.done for running in _TURNS.values()) >= AT_ONCE:
                    raise HubError(f"{AT_ONCE} downloads are under way already: try again in a moment.")
                _TURNS[key] = download
                break
        download.bytes, download.total = other.bytes, other.total
        other.wait(0.2)
        download._left()
    download.bytes, download.total = 0, None
    try:
        yield
    finally:
        with _TURNS_LOCK:
            if _TURNS.get(key) is download:
                del _TURNS[key]


# --- Into the client --------------------------------------------------------------------------------------------------

_DOWNLOAD: ContextVar[Download | None] = ContextVar("_DOWNLOAD", default=None)
_PUSH_LIMIT: ContextVar[float | None] = ContextVar("_PUSH_LIMIT", default=None)
_SESSION_LOCK = threading.Lock()


class _Stopped(Exception):
    """Ends the thread of a download that is over. No error of the client's, so the client does not retry."""


def _watch_session() -> None:
    """Add our hooks to the client's HTTP session. They touch only requests of a Download or a push."""
    with _SESSION_LOCK:
        hooks = get_session().event_hooks
        if _on_request not in hooks["request"]:
            hooks["request"].append(_on_request)
            hooks["response"].append(_on_response)


def _on_request(request: httpx2.Request) -> None:
    download = _DOWNLOAD.get()
    limit = download._left() if download else _PUSH_LIMIT.get()
    if limit is not None:
        timeouts = request.extensions["timeout"]
        request.extensions["timeout"] = {k: limit if v is None else min(v, limit) for k, v in timeouts.items()}


def _on_response(response: httpx2.Response) -> None:
    download = _DOWNLOAD.get()
    if download is None:
        return
    if response.status_code == 429 or response.status_code >= 500:
        raise HubError(_status_sentence(response.status_code, download.repo))  # the client would try for 23 s
    # Plain HTTP: transfers by Xet run outside Python, where they can be neither counted nor stopped.
    response.headers.pop(constants.HUGGINGFACE_HEADER_X_XET_HASH, None)
    if response.request.method == "GET":
        part = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        download._begin(int(part[1]) if part else 0)
        stream = response.stream
        assert isinstance(stream, httpx2.SyncByteStream)
        response.stream = _Counted(stream, download)


class _Counted(httpx2.SyncByteStream):
    """Bytes as they come off the wire: the client's own progress bar sees them by 10 MB only."""

    def __init__(self, stream: httpx2.SyncByteStream, download: Download) -> None:
        self._stream, self._download = stream, download

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            self._download._receive(len(data))
            yield data

    def close(self) -> None:
        self._stream.close()


class _Bar:
    """What the client takes for a progress bar: it stops a file that grows beyond its announced size (a gzip bomb)."""

    def __init__(self, repo: str, file: _File, **_: object) -> None:
        self._repo, self._file, self._left = repo, file, file.size

    def update(self, n: int) -> None:
        self._left -= n
        if self._left < 0:
            raise HubError(f"{self._repo} sends more for {self._file.name} than it announced: choose another model.")

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass
