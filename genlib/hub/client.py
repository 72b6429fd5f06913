"""What is changed in the official client, for the requests of a Download or a push and no others.

By itself it tries again for 23 s (connection refused, HTTP 5xx) to 150 s (an answer that never comes), tells of
progress every 10 MB only, and cannot be stopped. Two hooks in its HTTP session change that.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol

import httpx2
from huggingface_hub import constants, get_session

from genlib.hub.sentences import HubError, status_sentence


class Transfer(Protocol):
    """What the hooks need of a Download."""

    repo: str

    def left(self) -> float:
        """Seconds that the next byte may take. Raises what ends the thread of a download that is over."""
        ...

    def begin(self, offset: int) -> None:
        """A file starts to arrive, at this byte of it."""
        ...

    def receive(self, n: int) -> None:
        """`n` more bytes arrived. Raises as left() does."""
        ...


# Of the requests that this thread makes.
DOWNLOAD: ContextVar[Transfer | None] = ContextVar("DOWNLOAD", default=None)
PUSH_LIMIT: ContextVar[float | None] = ContextVar("PUSH_LIMIT", default=None)  # seconds for each answer

_SESSION_LOCK = threading.Lock()


def watch_session() -> None:
    """Add our hooks to the client's HTTP session, unless they are there."""
    with _SESSION_LOCK:
        hooks = get_session().event_hooks
        if _on_request not in hooks["request"]:
            hooks["request"].append(_on_request)
            hooks["response"].append(_on_response)


def _on_request(request: httpx2.Request) -> None:
    download = DOWNLOAD.get()
    limit = download.left() if download else PUSH_LIMIT.get()
    if limit is not None:
        timeouts = request.extensions["timeout"]
        request.extensions["timeout"] = {k: limit if v is None else min(v, limit) for k, v in timeouts.items()}


def _on_response(response: httpx2.Response) -> None:
    download = DOWNLOAD.get()
    if download is None:
        return
    if response.status_code == 429 or response.status_code >= 500:
        raise HubError(status_sentence(response.status_code, download.repo))  # the client would try for 23 s
    # Plain HTTP: transfers by Xet run outside Python, where they can be neither counted nor stopped.
    response.headers.pop(constants.HUGGINGFACE_HEADER_X_XET_HASH, None)
    if response.request.method == "GET":
        part = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        download.begin(int(part[1]) if part else 0)
        stream = response.stream
        assert isinstance(stream, httpx2.SyncByteStream)
        response.stream = _Counted(stream, download)


class _Counted(httpx2.SyncByteStream):
    """Bytes as they arrive from the network: the client's own progress bar sees them by 10 MB only."""

    def __init__(self, stream: httpx2.SyncByteStream, download: Transfer) -> None:
        self._stream, self._download = stream, download

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            self._download.receive(len(data))
            yield data

    def close(self) -> None:
        self._stream.close()


class Bar:
    """What the client takes for a progress bar: it stops a file that grows beyond its announced size (a gzip bomb).

    size: bytes that were announced for the file `name` of `repo`. Raises HubError in the client's download of it.
    """

    def __init__(self, repo: str, name: str, size: int, **_: object) -> None:
        self._repo, self._name, self._left = repo, name, size

    def update(self, n: int) -> None:
        self._left -= n
        if self._left < 0:
            raise HubError(f"{self._repo} sends more for {self._name} than it announced: choose another model.")

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass
