"""The Hub, with the unmodified client against a local server over loopback.

The client takes its endpoint from HF_ENDPOINT when it is imported, so this module imports a client of its own, with the
local server's address in the environment: configured as anyone would, and nothing in it replaced.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from fake_hub import TOKEN, FakeHub, Repo, etag
from streamlit.testing.v1 import AppTest

import genlib
from genlib import catalog, checkpoint
from genlib.checkpoint import CARD, CONFIG, MAX_BYTES, WEIGHTS, CheckpointError, Spec
from genlib.contract import Recipe

NAME = "ada/tiny"


# --- A client, a server, a repository ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[FakeHub]:
    server = FakeHub()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def module(server: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """genlib.hub, freshly imported with a client whose Hub is the server."""

    def ours(name: str) -> bool:
        return name == "genlib.hub" or name.split(".")[0] == "huggingface_hub"

    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if ours(n)]:
            patch.delitem(sys.modules, name)
        patch.setenv("HF_ENDPOINT", server.url)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DISABLE_XET"):
            patch.delenv(name, raising=False)
        patch.setattr(genlib, "hub", None, raising=False)
        yield importlib.import_module("genlib.hub")
        for name in [n for n in sys.modules if ours(n)]:
            del sys.modules[name]


@pytest.fixture
def hub(module: ModuleType, server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """genlib.hub with an empty cache, and a server without repositories or faults."""
    monkeypatch.setattr(module.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("LOOK_S", "STALL_S", "PUSH_S"):  # on a busy machine nothing ends by chance
        monkeypatch.setattr(module, name, 60.0)
    server.heal()
    server.repos.clear()
    server.log.clear()
    server.signatures.clear()
    return module


@contextlib.contextmanager
def impatient(hub: Any, *limits: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in limits:
            patch.setattr(hub, name, 0.5)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """checkpoints/tiny-gan, with a card and a sample picture."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-gan"
    cls = catalog.model_class("gan")
    torch.manual_seed(0)
    spec = Spec(model="gan", config=cls.tiny().model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(cls(cls.tiny()), folder, spec)
    (folder / CARD).write_text("---\nlicense: mit\n---\n\n# Tiny\n")
    (folder / "samples.png").write_bytes(b"\x89PNG\r\n\x1a\n, almost")
    return folder


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (CONFIG, WEIGHTS, CARD)}


@pytest.fixture
def repo(hub: Any, server: FakeHub, files: dict[str, bytes]) -> Repo:
    repo = server.repos[NAME] = Repo()
    repo.commit(files)
    return repo


def fails(hub: Any, *args: Any, **more: Any) -> str:
    """The sentence in which a pull ends."""
    with pytest.raises(hub.HubError) as caught:
        hub.pull(*(args or (NAME,)), **more)
    return one_sentence(str(caught.value))


def one_sentence(said: str) -> str:
    assert said.endswith(".")
    assert ". " not in said
    assert "\n" not in said
    assert TOKEN not in said
    assert "://" not in said
    return said


def works(hub: Any, revision: str | None = None) -> Any:
    """Pull, load and sample; no earlier copy stands in."""
    found = hub.pull(NAME, revision)
    assert found.note == ""
    assert found.load().sample([1, 2]).shape == (2, 1, 8, 8)
    return found


def asked(server: FakeHub, *parts: str) -> list[tuple[str, str]]:
    return [entry for entry in server.log if all(part in " ".join(entry) for part in parts)]


def in_cache(hub: Any, data: bytes, name: str = WEIGHTS) -> bool:
    """Whether the cache has a blob under the name of this content."""
    return any(Path(hub.constants.HF_HUB_CACHE).glob(f"*/blobs/{etag(name, data)}"))


# --- Pull -------------------------------------------------------------------------------------------------------------


def test_pull_brings_the_model_and_nothing_else(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes], folder: Path
) -> None:
    commit = repo.commit(
        {**files, "pytorch_model.bin": b"pickled", "modeling.py": b"import os", "a/config.json": b"{}"}
    )
    seen: list[tuple[int, int | None]] = []
    with server.failing("trickle", CARD, method="GET"):  # long enough for some progress to be seen
        found = hub.pull(NAME, progress=lambda *now: seen.append(now))
    assert {name: (found.folder / name).read_bytes() for name in files} == files
    assert {path.name for path in found.folder.iterdir()} == set(files)
    assert found.source == f"{NAME}@{commit}"
    assert "# Tiny" in found.card()
    theirs, ours = checkpoint.load(folder).state_dict(), found.load().state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    # One look; then each file at the one commit that it found.
    assert server.log[0] == ("GET", f"/api/models/{NAME}/revision/main")
    assert [path for method, path in server.log[1:] if method == "HEAD"] == [
        f"/{NAME}/resolve/{commit}/{name}" for name in (CONFIG, CARD, WEIGHTS)
    ]
    assert len(server.log) == 1 + 2 * 3
    assert seen
    assert seen[-1][1] == sum(map(len, files.values()))


def test_what_is_cached_costs_no_request_when_pinned_and_one_otherwise(hub: Any, server: FakeHub, repo: Repo) -> None:
    commit = repo.refs["main"]
    works(hub)
    server.log.clear()
    works(hub, commit)
    assert server.log == []
    works(hub)
    assert [path for _, path in server.log] == [f"/api/models/{NAME}/revision/main"]


def test_a_branch_moves_and_the_old_commit_stays(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes]
) -> None:
    old = works(hub)
    repo.commit({**files, CARD: b"# Second"}, "main")
    new = works(hub)
    assert new.card() == "# Second"
    assert "# Tiny" in works(hub, old.folder.name).card()
    assert len(asked(server, "GET /cdn")) == 1  # the weights did not change


def test_a_branch_with_a_slash_and_a_repository_without_a_card(hub: Any, repo: Repo, files: dict[str, bytes]) -> None:
    del files[CARD]
    repo.commit(files, "try/two")
    assert works(hub, "try/two").card() == ""
    assert works(hub, "try/two").card() == ""


def test_load_takes_the_name_of_a_repository(hub: Any, repo: Repo) -> None:
    assert genlib.load(NAME, revision=repo.refs["main"]).sample([7]).shape == (1, 1, 8, 8)


def test_shipped_checkpoints_need_no_client() -> None:
    code = "import sys, genlib.checkpoint; genlib.checkpoint.find; sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)


@pytest.mark.parametrize(
    "repo_id", ["tiny", "a/b/c", "", "a/..", "../b", "a/b.git", "a b/c", f"https://me:{TOKEN}@huggingface.co/ada/tiny"]
)
def test_a_bad_name_is_refused_without_a_request_and_not_repeated(hub: Any, server: FakeHub, repo_id: str) -> None:
    assert "user/name" in fails(hub, repo_id)
    assert server.log == []


@pytest.mark.parametrize("revision", ["../main", "a..b", "/etc", "a//b", "main/", "-x", "a b", "x" * 300, f"@{TOKEN}"])
def test_a_bad_revision_is_refused_without_a_request(hub: Any, server: FakeHub, repo: Repo, revision: str) -> None:
    assert "a tag or a commit" in fails(hub, NAME, revision)
    assert server.log == []


# --- Faults of the look -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["hang", "drip", "trickle"])
def test_a_look_that_takes_too_long(hub: Any, server: FakeHub, repo: Repo, kind: Any) -> None:
    with server.failing(kind), impatient(hub, "LOOK_S"):
        assert "did not answer within 0.5 s" in fails(hub)  # the server still holds on: our deadline ended it
    works(hub)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"kind": "loop"}, "without end", id="redirects"),
        pytest.param({"kind": "page"}, "is not the Hugging Face Hub", id="login page"),
        pytest.param({"kind": "cut"}, "cut off", id="cut"),
        pytest.param({"kind": "status", "status": 400}, "HTTP 400", id="400"),
        pytest.param({"kind": "status", "status": 403}, "does not allow", id="403"),
        pytest.param({"kind": "status", "status": 404}, "HTTP 404", id="404"),
        pytest.param({"kind": "status", "status": 404, "code": "RepoNotFound"}, "no model ada/tiny", id="no repo"),
        pytest.param({"kind": "status", "status": 429}, "HTTP 429", id="429"),
        pytest.param({"kind": "status", "status": 500}, "HTTP 500", id="500"),
        pytest.param({"kind": "status", "status": 503}, "HTTP 503", id="503"),
    ],
)
def test_a_look_that_fails(
    hub: Any, server: FakeHub, repo: Repo, fault: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)  # which the server throws back in its messages
    with server.failing(**fault):
        assert words in fails(hub)
    assert not asked(server, "resolve")
    works(hub)


def test_a_server_that_is_not_there(hub: Any, server: FakeHub, repo: Repo) -> None:
    server.stop()
    assert "cannot be reached" in fails(hub)
    server.start()
    works(hub)
    server.stop()  # with a connection left in the client's pool
    pinned = works(hub, repo.refs["main"])
    assert pinned.folder.name == repo.refs["main"]
    server.start()


def test_offline(hub: Any, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
        assert "HF_HUB_OFFLINE" in fails(hub)
    works(hub)


def test_no_repository_private_gated_no_revision(
    hub: Any, repo: Repo, server: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no model ada/absent" in fails(hub, "ada/absent")
    assert "no revision 'v9'" in fails(hub, NAME, "v9")
    repo.private = True
    assert "if it is private" in fails(hub)
    monkeypatch.setenv("HF_TOKEN", TOKEN + "x")
    assert "if it is private" in fails(hub)
    repo.private, repo.gated = False, True
    assert "accept its terms" in fails(hub)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert "accept its terms" in fails(hub)
    repo.gated, repo.private = False, True
    works(hub)
    assert not any("no credentials" in path for _, path in server.log)


# --- Faults of the files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [CONFIG, WEIGHTS])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "hang", "method": "HEAD"}, id="hang at once"),
        pytest.param({"kind": "hang", "method": "GET"}, id="hang"),
        pytest.param({"kind": "drip"}, id="drip"),
        pytest.param({"kind": "trickle"}, id="trickle"),
        pytest.param({"kind": "cut"}, id="cut again and again"),
    ],
)
def test_a_download_that_stalls(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes], where: str, fault: dict[str, Any]
) -> None:
    with server.failing(**fault, where=where), impatient(hub, "STALL_S"):
        assert "stalled" in fails(hub)
    assert not in_cache(hub, files[WEIGHTS])
    works(hub)


@pytest.mark.parametrize("where", [CONFIG, WEIGHTS])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"kind": "short"}, "incomplete", id="short"),
        pytest.param({"kind": "corrupt"}, "damaged", id="corrupt"),
        pytest.param({"kind": "grow"}, "more for", id="more than announced"),
        pytest.param({"kind": "bare"}, "is not the Hugging Face Hub", id="no X-Repo-Commit"),
        pytest.param({"kind": "loop", "method": "HEAD"}, "without end", id="redirects"),
        pytest.param({"kind": "status", "status": 401, "code": "GatedRepo"}, "gated", id="gated"),
        pytest.param({"kind": "status", "status": 404, "code": "EntryNotFound"}, "changed", id="404"),
        pytest.param({"kind": "status", "status": 404, "code": "RevisionNotFound"}, "no revision", id="no revision"),
        pytest.param({"kind": "status", "status": 416, "method": "GET"}, "HTTP 416", id="416"),
        pytest.param({"kind": "status", "status": 429}, "HTTP 429", id="429"),
        pytest.param({"kind": "status", "status": 500}, "HTTP 500", id="500"),
        pytest.param({"kind": "status", "status": 503, "method": "GET"}, "HTTP 503", id="503"),
    ],
)
def test_a_download_that_fails(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes], where: str, fault: dict[str, Any], words: str
) -> None:
    with server.failing(**fault, where=where):
        assert words in fails(hub)
    if fault.get("status", 0) >= 429:  # by itself the client would go on asking for 23 s
        assert len(asked(server, where)) == (2 if fault.get("method") == "GET" else 1)
    assert not in_cache(hub, files[WEIGHTS])
    assert not list(Path(hub.constants.HF_HUB_CACHE).glob("*/blobs/*.incomplete"))
    assert not list(Path(hub.constants.HF_HUB_CACHE).glob("*/refs/*"))
    works(hub)


@pytest.mark.parametrize("kind", ["corrupt", "cut"])
def test_what_comes_damaged_once_is_fetched_again(hub: Any, server: FakeHub, repo: Repo, kind: Any) -> None:
    with server.failing(kind, WEIGHTS, method="GET", times=1):
        works(hub)
    assert len(asked(server, "GET /cdn")) == 2


def test_what_is_damaged_in_the_cache_is_fetched_again(hub: Any, server: FakeHub, repo: Repo) -> None:
    path = works(hub).folder / WEIGHTS
    path.resolve().write_bytes(bytes(path.stat().st_size))
    server.log.clear()
    works(hub, repo.refs["main"])
    assert len(asked(server, "GET /cdn")) == 1
    assert not asked(server, "GET", CONFIG)


def test_a_disk_that_cannot_take_it(hub: Any, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "file"))
    assert "cannot be kept on this disk" in fails(hub)


# --- An earlier copy serves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "limit", "words"),
    [
        pytest.param({"kind": "hang"}, "LOOK_S", "did not answer", id="hang"),
        pytest.param({"kind": "hang", "where": "/cdn/"}, "STALL_S", "stalled", id="a new commit that stalls"),
        pytest.param({"kind": "corrupt", "where": WEIGHTS}, "", "damaged", id="a corrupt new commit"),
        pytest.param({"kind": "status", "status": 500}, "", "HTTP 500", id="500"),
        pytest.param({"kind": "status", "status": 401, "code": "GatedRepo"}, "", "gated", id="gated"),
    ],
)
def test_an_earlier_copy_serves_and_says_so(
    hub: Any, server: FakeHub, repo: Repo, tmp_path: Path, fault: dict[str, Any], limit: str, words: str
) -> None:
    old = works(hub)
    cls = catalog.model_class("gan")
    config = cls.Config(image_size=8, latent=5, width=16)
    checkpoint.save(cls(config), tmp_path, old.spec.model_copy(update={"config": config.model_dump()}))
    repo.commit({name: (tmp_path / name).read_bytes() for name in (CONFIG, WEIGHTS)})
    with server.failing(**fault), impatient(hub, *[limit] * bool(limit)):
        found = hub.pull(NAME)
    assert (found.folder, found.source) == (old.folder, old.source)
    assert words in found.note
    assert old.folder.name[:7] in found.note
    assert found.load().config.latent == 4
    assert works(hub).load().config.latent == 5


def test_an_earlier_copy_serves_without_a_network(hub: Any, server: FakeHub, repo: Repo) -> None:
    works(hub)
    server.stop()
    assert "cannot be reached" in hub.pull(NAME).note
    server.start()
    works(hub)


# --- What a repository may hold ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [CONFIG, WEIGHTS])
def test_a_repository_without_our_files(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes], missing: str
) -> None:
    del files[missing]
    repo.commit({**files, "pytorch_model.bin": b"pickled"})
    assert f"has no {missing}" in fails(hub)
    assert not asked(server, "resolve")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, CARD])
@pytest.mark.parametrize("beyond", [1, 2**50])
def test_what_is_too_large_is_not_downloaded(hub: Any, server: FakeHub, repo: Repo, name: str, beyond: int) -> None:
    repo.sizes[name] = MAX_BYTES[name] + beyond
    assert f"{name} is larger" in fails(hub)
    assert not asked(server, "resolve")
    repo.sizes.clear()
    works(hub)


def test_a_size_that_is_a_lie(hub: Any, repo: Repo, files: dict[str, bytes], server: FakeHub) -> None:
    repo.sizes[WEIGHTS] = 100
    assert "more for model.safetensors than it announced" in fails(hub)
    assert not in_cache(hub, files[WEIGHTS])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"config": {"image_size": 10**9}}, "image_size", id="huge"),
        pytest.param({"config": {"width": -1}}, "width", id="negative"),
        pytest.param({"config": {"latent": "many"}}, "latent", id="wrong type"),
        pytest.param({"config": {"channels": [1] * 9}}, "channels", id="list"),
        pytest.param({"config": {"trust_remote_code": True}}, "trust_remote_code", id="extra key inside"),
        pytest.param({"auto_map": {"AutoModel": "evil.Model"}}, "auto_map", id="extra key"),
        pytest.param({"model": "no_such_model"}, "no_such_model", id="unknown model"),
        pytest.param({"model": "../../evil"}, "config.json is not valid", id="path as model"),
        pytest.param({"recipe": None}, "recipe", id="no recipe"),
        pytest.param(b"\x80\x04not json", "config.json is not valid", id="not JSON"),
        pytest.param(b"[" * 60_000, "config.json is not valid", id="deep JSON"),
    ],
)
def test_a_hostile_config_ends_before_the_weights(
    hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes], change: Any, words: str
) -> None:
    if isinstance(change, dict):
        config = json.loads(files[CONFIG])
        change = {**config, **change, "config": {**config["config"], **change.get("config", {})}}
        change = json.dumps(change).encode()
    repo.commit({**files, CONFIG: change})
    said = fails(hub)
    assert words in said
    assert NAME in said
    assert not asked(server, "resolve", WEIGHTS)
    repo.commit(files)
    works(hub)


def test_a_pickle_in_disguise_is_not_opened(hub: Any, repo: Repo, files: dict[str, bytes], tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "executed",))

    repo.commit({**files, WEIGHTS: pickle.dumps(Evil())})
    found = hub.pull(NAME)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        found.load()
    assert not (tmp_path / "executed").exists()


# --- Download: for the app --------------------------------------------------------------------------------------------


def until(download: Any, true: Any) -> None:
    while not true():
        assert not download.wait(0.02), download.error


def test_progress_is_seen_while_it_runs(hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes]) -> None:
    small = len(files[CONFIG]) + len(files[CARD])
    with server.failing("trickle", WEIGHTS, method="GET"):
        download = hub.Download(NAME)
        until(download, lambda: download.bytes > small + 3)
        assert download.total == sum(map(len, files.values()))
        assert (download.done, download.error, download.checkpoint) == (False, None, None)
        second = hub.Download(NAME)  # another visitor: sees how far the first one is, and asks for nothing
        until(second, lambda: second.bytes > small)
        assert second.total == download.total
    while not second.wait(1):  # the rest comes at once: healed
        pass
    assert download.checkpoint == second.checkpoint
    assert download.error is None
    assert download.bytes == download.total
    assert len(asked(server, "GET /cdn")) == 1


def test_cancel(hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes]) -> None:
    with server.failing("trickle", WEIGHTS, method="GET"):
        download = hub.Download(NAME)
        until(download, lambda: download.bytes > len(files[CONFIG]) + len(files[CARD]))
        download.cancel()
        assert download.done
        assert "was stopped" in one_sentence(str(download.error))
        assert download.checkpoint is None
    works(hub)
    download.cancel()
    assert "was stopped" in str(download.error)


def test_cancel_after_the_end_changes_nothing(hub: Any, repo: Repo) -> None:
    download = hub.Download(NAME)
    while not download.wait(1):
        pass
    download.cancel()
    assert download.checkpoint.source.startswith(NAME)
    assert download.error is None


def test_few_at_once(hub: Any, server: FakeHub, repo: Repo, files: dict[str, bytes]) -> None:
    server.repos |= {f"ada/{i}": repo for i in range(hub.AT_ONCE)}
    with server.failing("trickle", WEIGHTS, method="GET"):
        downloads = [hub.Download(name) for name in server.repos if name != NAME]
        for download in downloads:
            until(download, lambda d=download: d.bytes > len(files[CONFIG]) + len(files[CARD]))
        assert f"{hub.AT_ONCE} downloads are under way" in fails(hub)
        assert not asked(server, NAME)
        second = hub.Download(downloads[1].repo)  # of one that is under way: it waits
        until(second, lambda: second.bytes > 0)
        downloads[0].cancel()
        over = hub.Download(NAME)  # there is room again
        until(over, lambda: asked(server, NAME))
    for download in (*downloads[1:], second, over):
        while not download.wait(1):
            pass
        assert download.error is None


def app(repo: str) -> AppTest:
    """What the app's field does with `repo`, to the end."""

    def page() -> None:
        from genlib.contract import Samples
        from genlib.ui import permalink
        from genlib.ui.hub_field import HubField

        field = HubField("sample", Samples, "makes no pictures", ("seed", "n"), permalink.want)
        field.collect()
        field.field({"seed": "0", "n": "1"})
        field.notes(None)

    at = AppTest.from_function(page, default_timeout=120).run()
    at.text_input(key="sample.hub.repo").set_value(repo)
    at.button[0].click().run()
    if "sample.hub.download" in at.session_state:  # else it was over before the page was drawn
        assert at.session_state["sample.hub.download"].wait(60)
        at.run()
    assert not at.exception
    return at


def test_the_apps_visitors_do_not_use_the_servers_token(
    hub: Any, server: FakeHub, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    works(hub)
    assert f"Bearer {TOKEN}" in server.signatures
    server.signatures.clear()
    at = app(NAME)
    assert list(at.session_state["opened"]) == [f"{NAME}@{repo.refs['main']}"]
    assert set(server.signatures) == {None}


def test_the_apps_visitors_do_not_see_what_the_owner_pulled(
    hub: Any, server: FakeHub, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.private = True
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    works(hub)
    at = app(NAME)
    assert "opened" not in at.session_state
    assert "choose a public model" in one_sentence(at.error[0].value)


def test_a_bug_in_the_thread_is_loud(hub: Any, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_cached", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hub.pull(NAME)
    download = hub.Download(NAME)
    while not download.wait(1):
        pass
    with pytest.raises(ZeroDivisionError):
        _ = download.error


def test_other_requests_of_the_client_are_left_alone(hub: Any, server: FakeHub, repo: Repo) -> None:
    works(hub)
    with server.failing("status", status=500, times=1), contextlib.suppress(hub.HfHubHTTPError):
        hub.HfApi().model_info(NAME)
        pytest.fail("the client itself should have raised")
    assert hub.HfApi().model_info(NAME).id == NAME
    assert hub.get_session().event_hooks["request"].count(hub._on_request) == 1


# --- Push -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shipped(hub: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(hub.constants, "HF_HUB_DISABLE_XET", True)  # by LFS: the server offers Xet and speaks none
    monkeypatch.setattr(catalog, "CHECKPOINTS", folder.parent)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return folder.name


def test_push_then_pull(hub: Any, server: FakeHub, shipped: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "optimizer.pt").write_bytes(b"not for others")
    assert hub.push(shipped, "grace/new", private=True) == f"{server.url}/grace/new"
    repo = server.repos["grace/new"]
    assert repo.private
    assert repo.commits[repo.refs["main"]] == {
        name: (folder / name).read_bytes() for name in (CONFIG, WEIGHTS, CARD, "samples.png")
    }
    assert torch.equal(
        hub.pull("grace/new").load().sample([3]),
        checkpoint.load(folder).sample([3]),
    )
    hub.push(shipped, "grace/new", revision="v1")  # it exists now
    assert repo.commits[repo.refs["v1"]] == repo.commits[repo.refs["main"]]
    hub.push(shipped, "grace/new", revision="v1")  # so does the branch
    assert hub.pull("grace/new", "v1").folder.name == repo.refs["v1"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"kind": "status", "status": 403, "where": "/create"}, "does not allow", id="may not create"),
        pytest.param({"kind": "status", "status": 500, "where": "/create"}, "HTTP 500", id="500"),
        pytest.param({"kind": "status", "status": 429, "where": "/create"}, "HTTP 429", id="429"),
        pytest.param({"kind": "status", "status": 403, "where": "/lfs/"}, "does not allow", id="upload refused"),
        pytest.param({"kind": "status", "status": 403, "where": "/commit/"}, "does not allow", id="commit refused"),
        pytest.param({"kind": "status", "status": 400, "where": "/commit/"}, "HTTP 400", id="bad commit"),
        pytest.param({"kind": "hang", "where": "/create"}, "did not answer", id="hang"),
        pytest.param({"kind": "cut", "where": "/create"}, "cut off", id="cut"),
        pytest.param({"kind": "page", "where": "/create"}, "is not the Hugging Face Hub", id="login page"),
    ],
)
def test_a_push_that_fails(hub: Any, server: FakeHub, shipped: str, fault: dict[str, Any], words: str) -> None:
    limits = ["PUSH_S"] if fault["kind"] == "hang" else []
    with server.failing(**fault), impatient(hub, *limits), pytest.raises(hub.HubError) as caught:
        hub.push(shipped, NAME)
    assert words in one_sentence(str(caught.value))


def test_a_push_that_cannot_begin(
    hub: Any, server: FakeHub, shipped: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **more: Any) -> str:
        with pytest.raises(CheckpointError) as caught:
            hub.push(*args, **more)
        return one_sentence(str(caught.value))

    assert "no checkpoint called 'absent'" in fails("absent", NAME)
    assert "user/name" in fails(shipped, "tiny")
    assert "a tag or a commit" in fails(shipped, NAME, revision="a..b")
    monkeypatch.delenv("HF_TOKEN")
    assert "Nobody is logged in" in fails(shipped, NAME)
    assert server.log == []
    monkeypatch.setenv("HF_TOKEN", TOKEN + "x")
    assert "does not accept the token" in fails(shipped, NAME)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    card = (folder / CARD).read_text()
    (folder / CARD).write_text("---\n\tlicense: mit\n---\n")
    try:
        assert "YAML" in fails(shipped, NAME)
    finally:
        (folder / CARD).write_text(card)
