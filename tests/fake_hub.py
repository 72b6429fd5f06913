"""A Hugging Face Hub on loopback, for the unmodified client: enough of it to pull and push models, and to fail.

It keeps repositories as commits of whole files in memory. Files that git LFS would keep (.safetensors, .bin, .png) are
answered as the real Hub does: metadata on a redirect, content on another host (here `localhost` instead of
`127.0.0.1`, which the client takes for two hosts), with no credentials. What is pushed has to be signed by TOKEN.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

TOKEN = "hf_a_token_that_no_message_may_show"
LFS = (".safetensors", ".bin", ".png")

Kind = Literal[
    "status",  # answer with `status` (and `code` as X-Error-Code)
    "hang",  # accept, read the request, never answer
    "drip",  # answer a byte of the headers at a time
    "trickle",  # whole headers, then a byte of the body at a time
    "cut",  # announce the whole body, send half of it, close
    "short",  # announce and send half of the body
    "corrupt",  # a body of the right size with other bytes in it
    "grow",  # send more than the size announced before
    "loop",  # redirect to the same address
    "bare",  # no X-Repo-Commit
    "page",  # the login page of a hotel
]


@dataclass
class Fault:
    kind: Kind
    where: str = ""  # only addresses that contain this
    method: str = ""  # only this method
    times: int = 1_000_000
    status: int = 500
    code: str = ""


@dataclass
class Repo:
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)  # a file's size as the listing has it, where that is a lie

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        sha = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[sha] = files
        self.refs[branch] = sha
        return sha

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


class FakeHub:
    """Starts on a free port of 127.0.0.1. `log` holds (method, path) of every request, `signatures` what signed it."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}  # LFS, by SHA-256
        self.log: list[tuple[str, str]] = []
        self.signatures: list[str | None] = []
        self.faults: list[Fault] = []
        self.healed = threading.Event()  # frees those that hang
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.connections: list[socket.socket] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Refuse connections, and close those there are, until start()."""
        self.heal()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        self.faults.clear()
        self.healed.set()
        self.healed = threading.Event()

    @contextmanager
    def failing(self, kind: Kind, where: str = "", **more: Any) -> Iterator[None]:
        self.faults.append(Fault(kind, where, **more))
        yield
        self.heal()

    def take_fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.where in path and fault.method in ("", method) and fault.times > 0:
                fault.times -= 1
                return fault
        return None


def is_lfs(name: str) -> bool:
    return name.endswith(LFS)


def etag(name: str, data: bytes) -> str:
    return (
        hashlib.sha256(data).hexdigest() if is_lfs(name) else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    )


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        fault: Fault | None

        def setup(self) -> None:
            super().setup()
            hub.connections.append(self.connection)

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ValueError):  # the client went away, or stop() closed the connection
                self.close_connection = True

        def do_GET(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(urlsplit(self.path).path)
            hub.log.append((self.command, path))
            hub.signatures.append(self.headers.get("Authorization"))
            self.healed = hub.healed  # this one: heal() sets it and puts another in its place
            self.fault = hub.take_fault(self.command, path)
            if self.fault and self.answer_with(self.fault):
                return
            for pattern, answer in ROUTES.items():
                if match := re.fullmatch(pattern, path):
                    return answer(self, *match.groups())
            self.refuse(404, "EntryNotFound", "no such address")

        do_HEAD = do_POST = do_PUT = do_GET

        # --- Answers ---

        def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
            kind = self.fault.kind if self.fault else ""
            announced = len(body)
            if kind == "short" and self.command == "GET":
                announced = len(body) // 2
            if kind == "grow" and self.command == "GET":
                announced += 1000
            head = [f"HTTP/1.1 {status} ."]
            head += [f"{k.replace('_', '-')}: {v}" for k, v in {**headers, "Content-Length": announced}.items()]
            if kind == "drip" or (kind == "trickle" and self.command == "GET"):
                head.append("Connection: close")  # or the client may ask again just when this end is closed
            raw = ("\r\n".join(head) + "\r\n\r\n").encode()
            if kind == "drip":
                return self.slowly(raw)
            self.wfile.write(raw)
            if self.command == "HEAD":
                return
            if kind == "trickle":
                return self.slowly(body)
            if kind == "cut":
                self.close_connection = True
                body = body[: len(body) // 2]
            if kind == "corrupt":
                body = bytes(len(body))
            self.wfile.write(body[:announced].ljust(announced if kind == "grow" else 0))

        def slowly(self, data: bytes) -> None:
            self.close_connection = True
            for i in range(len(data)):
                if self.healed.wait(0.02):
                    self.wfile.write(data[i:])
                    return
                self.wfile.write(data[i : i + 1])

        def json(self, value: object, status: int = 200) -> None:
            self.reply(status, json.dumps(value).encode(), Content_Type="application/json")

        def refuse(self, status: int, code: str, message: str) -> None:
            body = json.dumps({"error": message}).encode()
            self.reply(status, body, X_Error_Code=code, X_Error_Message=message, Content_Type="application/json")

        def answer_with(self, fault: Fault) -> bool:
            """Whether the fault takes the place of the whole answer."""
            if fault.kind == "status":
                self.refuse(fault.status, fault.code, f"told {self.headers.get('Authorization')}")
            elif fault.kind == "hang":
                self.close_connection = True
                self.healed.wait()
            elif fault.kind == "loop":
                self.reply(302, Location=self.path)
            elif fault.kind == "page":
                self.reply(200, b"<html>Welcome. Please log in.</html>", Content_Type="text/html")
            else:
                return False
            return True

        # --- Reading ---

        @property
        def signed(self) -> bool:
            return self.headers.get("Authorization") == f"Bearer {TOKEN}"

        def find(self, name: str, revision: str) -> tuple[Repo, str] | None:
            """The repository and the commit, or None after a refusal."""
            repo = hub.repos.get(name)
            if repo is None or (repo.private and not self.signed):
                # The real Hub does not tell a stranger which of the two it is.
                self.refuse(404 if self.signed else 401, "RepoNotFound", "Repository not found")
            elif repo.gated:
                self.refuse(403 if self.signed else 401, "GatedRepo", "Access to this model is restricted")
            elif (sha := repo.resolve(revision)) is None:
                self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            else:
                return repo, sha
            return None

        def info(self, name: str, revision: str | None) -> None:
            if found := self.find(name, revision or "main"):
                repo, sha = found
                siblings = []
                for path, data in repo.commits[sha].items():
                    size = repo.sizes.get(path, len(data))
                    entry: dict[str, Any] = {"rfilename": path, "size": size}
                    if is_lfs(path):
                        entry["blobId"] = "0" * 40  # of the pointer file
                        entry["lfs"] = {"sha256": etag(path, data), "size": size, "pointerSize": 134}
                    else:
                        entry["blobId"] = etag(path, data)
                    siblings.append(entry)
                self.json({"id": name, "modelId": name, "sha": sha, "private": repo.private, "siblings": siblings})

        def file(self, name: str, revision: str, path: str) -> None:
            if not (found := self.find(name, revision)):
                return
            repo, sha = found
            data = repo.commits[sha].get(path)
            if data is None:
                return self.refuse(404, "EntryNotFound", "Entry not found")
            tag = etag(path, data)
            headers = {} if self.fault and self.fault.kind == "bare" else {"X_Repo_Commit": sha}
            if not is_lfs(path):
                return self.reply(200, data, ETag=f'"{tag}"', **headers)
            hub.objects[tag] = data
            # A file that is kept by Xet says so; whoever does not speak Xet follows the Location.
            headers |= {"X_Linked_Size": str(len(data)), "X_Linked_Etag": f'"{tag}"'}
            headers |= {"X_Xet_Hash": tag, "X_Xet_Refresh_Route": f"{hub.url}/xet"}
            self.reply(
                302, ETag='"of the redirect"', Location=f"http://localhost:{hub.port}/cdn/{tag}/{path}", **headers
            )

        def cdn(self, oid: str, _path: str) -> None:
            if "Authorization" in self.headers:
                return self.refuse(400, "", "credentials were sent to the storage host")
            data = hub.objects[oid]
            if part := re.match(r"bytes=(\d+)-", self.headers.get("Range") or ""):
                start = int(part[1])
                return self.reply(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.reply(200, data, Accept_Ranges="bytes")

        # --- Writing ---

        def writable(self) -> bool:
            if not self.signed:
                self.refuse(401, "", "Invalid credentials in Authorization header")
            return self.signed

        def create(self) -> None:
            if self.writable():
                asked = json.loads(self.body)
                name = f"{asked['organization']}/{asked['name']}"
                there = name in hub.repos
                if not there:
                    hub.repos[name] = Repo(private=asked.get("visibility") == "private")
                    hub.repos[name].commit({})
                self.json({"url": f"{hub.url}/{name}"}, 409 if there else 200)

        def branch(self, name: str, branch: str) -> None:
            if self.writable():
                refs = hub.repos[name].refs
                there = branch in refs
                refs.setdefault(branch, refs["main"])
                self.json({}, 409 if there else 200)

        def validate_yaml(self) -> None:
            bad = "\t" in json.loads(self.body)["content"].split("---")[1]
            self.json({"errors": [{"message": "a tab"}] if bad else [], "warnings": []}, 400 if bad else 200)

        def preupload(self, name: str, revision: str) -> None:
            if self.writable() and self.find(name, revision):
                files = [
                    {"path": f["path"], "uploadMode": "lfs" if is_lfs(f["path"]) else "regular", "shouldIgnore": False}
                    for f in json.loads(self.body)["files"]
                ]
                self.json({"files": files})

        def lfs_batch(self, _name: str) -> None:
            if self.writable():
                objects = [
                    {**o, "actions": {"upload": {"href": f"{hub.url}/lfs/{o['oid']}"}}}
                    for o in json.loads(self.body)["objects"]
                ]
                self.json({"transfer": "basic", "objects": objects})

        def lfs_put(self, oid: str) -> None:
            if hashlib.sha256(self.body).hexdigest() != oid:
                return self.refuse(400, "", "the content is not what was announced")
            hub.objects[oid] = self.body
            self.reply(200)

        def commit(self, name: str, revision: str) -> None:
            if not (self.writable() and (found := self.find(name, revision))):
                return
            repo, sha = found
            files = dict(repo.commits[sha])
            for line in self.body.splitlines():
                operation = json.loads(line)
                value = operation["value"]
                if operation["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif operation["key"] == "lfsFile":
                    files[value["path"]] = hub.objects[value["oid"]]
            new = repo.commit(files, revision)
            self.json({"commitUrl": f"{hub.url}/{name}/commit/{new}", "commitOid": new})

    ROUTES: dict[str, Any] = {
        r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?": Handler.info,
        r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)": Handler.file,
        r"/cdn/([^/]+)/(.+)": Handler.cdn,
        r"/api/repos/create": Handler.create,
        r"/api/models/([^/]+/[^/]+)/branch/(.+)": Handler.branch,
        r"/api/validate-yaml": Handler.validate_yaml,
        r"/api/models/([^/]+/[^/]+)/preupload/(.+)": Handler.preupload,
        r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch": Handler.lfs_batch,
        r"/lfs/([0-9a-f]+)": Handler.lfs_put,
        r"/api/models/([^/]+/[^/]+)/commit/(.+)": Handler.commit,
    }
    return Handler
