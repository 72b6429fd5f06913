"""Pull: what arrives, what may go wrong on the way, and what a repository may hold."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from fake_hub import TOKEN, FakeHub, Repo
from pulling import NAME, asked, fails, impatient, in_cache, one_sentence, works

import genlib
from genlib import catalog, checkpoint, sources
from genlib.checkpoint import CARD, CONFIG, MAX_BYTES, WEIGHTS, CheckpointError
from genlib.spaces import Pictures

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
    theirs, ours = sources.load(folder).state_dict(), found.load().state_dict()
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
    code = "import sys, genlib.sources; genlib.sources.find('gan-digits'); sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_pasted_address_is_taken(hub: Any, repo: Repo, files: dict[str, bytes]) -> None:
    repo.commit(files, "v2")
    assert hub.pull(f"https://huggingface.co/{NAME}").source == f"{NAME}@{repo.refs['main']}"
    assert hub.pull(f"https://huggingface.co/{NAME}/tree/v2").source == f"{NAME}@{repo.refs['v2']}"


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
        patch.setattr(hub.cache.constants, "HF_HUB_OFFLINE", True)
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


@pytest.mark.parametrize("where", ["revision", CONFIG, "/cdn/"])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status", "status": 401}, id="401"),
        pytest.param({"kind": "status", "status": 401, "code": "GatedRepo"}, id="gated"),
        pytest.param({"kind": "status", "status": 401, "code": "RepoNotFound"}, id="no repo"),
        pytest.param({"kind": "status", "status": 403}, id="403"),
        pytest.param({"kind": "loop"}, id="redirects"),
        pytest.param({"kind": "bare"}, id="not the Hub"),
    ],
)
def test_a_visitor_is_not_told_to_mend_what_only_the_owner_can(
    hub: Any, server: FakeHub, repo: Repo, where: str, fault: dict[str, Any]
) -> None:
    with server.failing(**fault, where=where):
        download = hub.Download(NAME, token=False)
        while not download.wait(1):
            pass
    if download.error:  # a fault may be none there
        said = one_sentence(str(download.error))
        assert not re.search("token|log in|login|HF_|terms|proxy", said), said
        assert re.search("choose a public model|try again later", said)
    else:
        assert fault["kind"] == "bare"
        assert where != CONFIG


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
    assert not list(Path(hub.cache.constants.HF_HUB_CACHE).glob("*/blobs/*.incomplete"))
    assert not list(Path(hub.cache.constants.HF_HUB_CACHE).glob("*/refs/*"))
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
    monkeypatch.setattr(hub.cache.constants, "HF_HUB_CACHE", str(tmp_path / "file"))
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
    config = cls.Config(space=Pictures(side=8), latent=5, width=16)
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
        pytest.param({"config": {"space": {"kind": "pictures", "side": 10**9}}}, "side", id="huge"),
        pytest.param({"config": {"width": -1}}, "width", id="negative"),
        pytest.param({"config": {"latent": "many"}}, "latent", id="wrong type"),
        pytest.param({"config": {"space": {"kind": "pictures", "channels": [1] * 9}}}, "channels", id="list"),
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
