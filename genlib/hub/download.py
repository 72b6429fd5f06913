"""Pull: the checkpoint of a repository, downloaded in a thread that tells of progress and can be stopped."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import constants, hf_hub_download

from genlib.checkpoint import CONFIG, Checkpoint, CheckpointError
from genlib.errors import GenlibError
from genlib.hub.cache import COMMIT, Token, cache_of, cached, evict, intact, remember, source
from genlib.hub.client import DOWNLOAD, Bar, watch_session
from genlib.hub.look import File, look
from genlib.hub.sentences import HubError, check_names, sentence
from genlib.query import repository

LOOK_S = 3.0  # seconds for the one look, from asking to the whole answer
STALL_S = 10.0  # seconds; a download that gets fewer than PACE bytes in them is given up
PACE = 16 * 1024  # bytes
AT_ONCE = 4  # downloads under way in this process


def pull(
    repo: str,
    revision: str | None = None,
    *,
    token: Token = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Checkpoint:
    """The checkpoint of `repo` ("user/name", or its address) at `revision` (branch, tag or commit; None: main).

    `progress(bytes, total)` is called a few times a second; `total` is None until it is known. Returns when all is
    there, however long that takes while bytes arrive; an app starts a `Download` instead. Raises HubError.
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

    bytes, total    bytes received so far, and of all files (None until the Hub has told their sizes).
    quiet           seconds for which next to nothing has come while a file is on its way; a few are usual.
    done            whether it ended: with a `checkpoint`, or with an `error`.

    An app on behalf of its visitors passes token=False: with the server's own they could open its owner's private
    models. While AT_ONCE other repositories are being downloaded it ends at once, with an error. The methods left,
    begin and receive are for client.py, which calls them for every request and every piece that arrives.
    """

    def __init__(self, repo: str, revision: str | None = None, *, token: Token = None) -> None:
        self.repo, said = repository(repo)
        self.revision = revision or said or constants.DEFAULT_REVISION
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
    def quiet(self) -> float:
        with self._lock:
            return 0.0 if math.isinf(self._deadline) else self._patience - (self._deadline - time.monotonic())

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
        """Wait for the end, `timeout` seconds at most. Returns whether it came."""
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
        DOWNLOAD.set(self)
        try:
            check_names(self.repo, self.revision)
            with _turn(self):
                self._settle(self._pull())
        except _Stopped:
            pass  # settled already, by whoever stopped it
        except HubError as error:
            self._settle(error)
        except CheckpointError as error:  # config.json is not valid
            self._settle(HubError(str(error)))
        except (httpx2.HTTPError, OSError) as error:
            said = sentence(error, self.repo, self.revision, self._late, public=self._token is False)
            self._settle(HubError(said))
        except Exception as bug:  # as a future does: it is raised in whoever asks for the outcome
            self._settle(bug)

    def _pull(self) -> Checkpoint:
        copy = cached(self.repo, self.revision, self._cache)
        if copy and COMMIT.fullmatch(self.revision):
            return copy
        self._kept = copy
        commit, files = self._look()
        checkpoint = cached(self.repo, commit, self._cache) or self._fetch_all(commit, files)
        remember(checkpoint.folder, self.revision)
        return checkpoint

    def _look(self) -> tuple[str, list[File]]:
        self._expect(LOOK_S, f"Hugging Face did not answer within {LOOK_S:g} s: check the network and try again.")
        watch_session()
        found = look(self.repo, self.revision, self._token, LOOK_S)
        self._expect(None)
        return found

    def _fetch_all(self, commit: str, files: list[File]) -> Checkpoint:
        self.bytes, self.total = 0, sum(f.size for f in files)
        checkpoint = None
        for file in files:
            path = self._fetch(file, commit)
            self._before += file.size
            self.bytes = self._before
            if file.name == CONFIG:
                checkpoint = Checkpoint.read(path.parent, source(self.repo, commit))
        assert checkpoint is not None  # _look() put config.json first
        return checkpoint

    def _fetch(self, file: File, commit: str) -> Path:
        """Download one file, and once more if it came damaged. A damaged one does not stay in the cache."""
        for _ in range(2):
            self._expect(
                STALL_S,
                f"The download of {self.repo} stalled, with next to nothing new for {STALL_S:g} s: "
                "check the network and try again.",
            )
            bar: Any = partial(Bar, self.repo, file.name, file.size)
            found = hf_hub_download(
                self.repo, file.name, revision=commit, cache_dir=self._cache, token=self._token, tqdm_class=bar
            )
            path = Path(found)
            self._expect(None)
            if intact(path, file.digest):
                return path
            evict(path)
        raise HubError(f"{self.repo} arrived damaged twice ({file.name} does not match its hash): try again later.")

    # --- Deadline, progress and end ---

    def _expect(self, seconds: float | None, late: str = "") -> None:
        """Unless PACE bytes arrive in the next `seconds`, end with the sentence `late`. None: wait without an end."""
        with self._lock:
            self._patience, self._late, self._fresh = seconds or math.inf, late, 0
            self._deadline = time.monotonic() + self._patience

    def left(self) -> float:
        """Seconds until the deadline. Raises _Stopped where the download has ended: cancelled, or too late."""
        if self.done:
            raise _Stopped
        return max(self._deadline - time.monotonic(), 0.01)

    def begin(self, offset: int) -> None:
        """A file starts to arrive, at this byte of it."""
        self.bytes = self._before + offset  # the client may start a file again, or go on in the middle

    def receive(self, n: int) -> None:
        """`n` more bytes arrived. Raises _Stopped as left() does."""
        self.left()
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


class _Stopped(Exception):
    """Ends the thread of a download that has ended. The client knows no such error, so it does not try again."""


# --- Of each revision one download at a time, and AT_ONCE in all ------------------------------------------------------

_TURNS: dict[tuple[str, str], Download] = {}
_TURNS_LOCK = threading.Lock()


@contextlib.contextmanager
def _turn(download: Download) -> Iterator[None]:
    """Where another download of the same revision runs, wait for it and show its progress; then it is cached."""
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
        download.left()
    download.bytes, download.total = 0, None
    try:
        yield
    finally:
        with _TURNS_LOCK:
            if _TURNS.get(key) is download:
                del _TURNS[key]
