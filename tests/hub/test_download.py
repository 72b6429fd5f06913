"""Download, which the app uses: progress, stopping, several visitors at once, and whose token counts."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from fake_hub import TOKEN, FakeHub, Repo
from pulling import NAME, asked, fails, one_sentence, works
from streamlit.testing.v1 import AppTest

from genlib.checkpoint import CARD, CONFIG, WEIGHTS


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


@pytest.mark.parametrize("kind", ["hang", "trickle"])
def test_a_download_that_stalls_is_said_to_before_it_is_given_up(
    hub: Any, server: FakeHub, repo: Repo, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genlib.ui import hub_field

    assert 2 <= hub_field.QUIET_S <= 3.5  # of the 4 s in which a visitor is to know it
    monkeypatch.setattr(hub_field, "QUIET_S", 0.3)
    with server.failing(kind, WEIGHTS, method="GET"):
        download = hub.Download(NAME)
        until(download, lambda: "stalled" in hub_field.progress(download)[1])
        assert not download.done
    while not download.wait(1):
        pass
    assert download.quiet == 0
    assert download.error is None or kind == "hang"


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
    server.repos |= {f"ada/{i}": repo for i in range(hub.download.AT_ONCE)}
    with server.failing("trickle", WEIGHTS, method="GET"):
        downloads = [hub.Download(name) for name in server.repos if name != NAME]
        for download in downloads:
            until(download, lambda d=download: d.bytes > len(files[CONFIG]) + len(files[CARD]))
        assert f"{hub.download.AT_ONCE} downloads are under way" in fails(hub)
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
        from genlib.ui.model_page import ModelPage
        from genlib.ui.pages import SAMPLE

        page = ModelPage(SAMPLE)
        _, row = page.pick()
        with row:
            page.hub()
        page.publish()

    at = AppTest.from_function(page, default_timeout=120).run()
    at.text_input(key="sample.hub.repo").set_value(repo)
    next(button for button in at.button if button.label == "Open model").click().run()
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
    monkeypatch.setattr(hub.download, "cached", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hub.pull(NAME)
    download = hub.Download(NAME)
    while not download.wait(1):
        pass
    with pytest.raises(ZeroDivisionError):
        _ = download.error


def test_other_requests_of_the_client_are_left_alone(hub: Any, server: FakeHub, repo: Repo) -> None:
    from huggingface_hub import HfApi, get_session  # the fixture's own
    from huggingface_hub.errors import HfHubHTTPError

    works(hub)
    with server.failing("status", status=500, times=1), contextlib.suppress(HfHubHTTPError):
        HfApi().model_info(NAME)
        pytest.fail("the client itself should have raised")
    assert HfApi().model_info(NAME).id == NAME
    assert get_session().event_hooks["request"].count(hub.client._on_request) == 1
