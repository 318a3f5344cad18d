"""A store behind a server: what is different from one in a folder."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import anyio
import httpx
import pytest

import tracker
from tracker.client.place import ServerPlace, place_of
from tracker.client.remote import send_all
from tracker.entities.records import LogMetrics
from tracker.errors import AccessRefused, InvalidInput, NotSupported, RunNotFound, StoreError, StoreUnavailable
from tracker.journal import Journal, Spool, encode
from tracker.store.rest import Address

Serve = Callable[[Path], str]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nobody answers."""
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "spool"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_files_come_back_and_nothing_is_left_on_the_way(serve: Serve, store: Path, tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(b"picture")
    with tracker.open(serve(store)) as opened, opened.start_run() as run:
        for content in (b"one", b"two", b"one"):
            (tmp_path / "notes é #1.txt").write_bytes(content)
            run.log_artifact(tmp_path / "notes é #1.txt", under="deep/er")
        run.log_artifact(tmp_path / "plot.png")
        model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"))
        assert (model.download(tmp_path / "model") / "w").read_bytes() == b"weights"
        there = opened.download(run.run_id, tmp_path / "run")
        assert (there / "deep" / "er" / "notes é #1.txt").read_bytes() == b"one"
        assert (there / "plot.png").read_bytes() == b"picture"
        assert not [path for path in (tmp_path / "spool").rglob("files/waiting/**/*") if path.is_file()]
        opened.delete_logged_model(model.model_id)
    assert not (store / "artifacts" / "models" / model.model_id).exists()
    with tracker.open(store) as opened:
        assert opened.get_run(run.run_id).status == tracker.RunStatus.FINISHED


def test_who_cannot_reach_the_server_logs_all_the_same(nobody: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tracker"), tracker.open(nobody) as opened:
        run = opened.start_run("offline")
        run.log({"loss": 0.5}, step=1)
        assert run.flush(0.2) == tracker.Level.SYNCED
    assert f"{nobody} cannot be reached" in caplog.text
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        tracker.open(nobody, create=False)


def test_what_waits_is_sent_by_the_next_who_opens(nobody: str, serve: Serve, store: Path, tmp_path: Path) -> None:
    with tracker.open(nobody) as opened:
        run = opened.start_run("offline")
        run.log_artifact(Path(__file__))
        run.flush(0.05)
    address = serve(store)
    waiting, place = place_of(nobody), place_of(address)
    waiting.path.rename(place.path)
    with tracker.open(address) as opened:
        assert opened.catch_up()
        assert opened.get_run(run.run_id).experiment == "offline"
        copied = opened.download(run.run_id, tmp_path / "out") / Path(__file__).name
        assert copied.read_bytes() == Path(__file__).read_bytes()


def test_what_needs_the_folder_says_so(serve: Serve, store: Path, tmp_path: Path) -> None:
    with tracker.open(serve(store)) as opened, opened.start_run():
        with pytest.raises(NotSupported, match="on the server's machine"):
            opened.backup(tmp_path / "copy")
        with pytest.raises(RunNotFound, match="no run 'absent'") as caught:
            opened.metric_history("absent", "loss")
        assert caught.value.wanted == "absent"


@pytest.mark.parametrize("wrong", ["http://", "https://host:port", "http://host?x=1", "http://[::1"])
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="like http://"):
        tracker.open(wrong)


# S23.
def test_who_signs_in_is_never_shown() -> None:
    address = Address.of("HTTPS://me:s%40cret@Host:5000/below/", {})
    assert (address.url, address.authorization) == ("https://host:5000/below", "Basic bWU6c0BjcmV0")
    assert "cret" not in f"{address} {address!r} {address.digest}"
    assert Address.of("http://host", {"TRACKER_TOKEN": "abc"}).authorization == "Bearer abc"
    assert address.digest == Address.of("https://host:5000/below", {}).digest


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(401, json={"message": "who are you"}), AccessRefused),
        (httpx.Response(404, text="nothing"), StoreError),
        (httpx.Response(200, text="<html>"), StoreError),
    ],
)
def test_another_server_is_told_from_ours(
    nobody: str, monkeypatch: pytest.MonkeyPatch, reply: httpx.Response, error: type[Exception]
) -> None:
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda *_: reply)
    with pytest.raises(error, match=nobody):
        tracker.open(nobody)


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "journals/zz", {"part": 1}, b""),
        ("POST", f"journals/{'a' * 32}", {"part": 0}, b"x"),
        ("POST", f"journals/{'a' * 32}", {"part": 1, "offset": -1}, b"x"),
        ("POST", f"journals/{'a' * 32}", {"part": 1, "earlier": 9}, b"x"),
        ("POST", f"journals/{'a' * 32}", {"part": 1, "earlier": 8}, bytes(16)),
        ("POST", f"journals/{'a' * 32}", {"part": 1, "offset": 8}, bytes(4096)),
        ("PUT", "files/..%2Fx/w", {"sha256": "a" * 64}, b"x"),
        ("PUT", f"files/{'a' * 32}/..%2Fw", {"sha256": "a" * 64}, b"x"),
        ("PUT", f"files/{'a' * 32}/w", {"sha256": "a" * 64}, b"x"),
        ("PUT", f"files/{'a' * 32}/w", {}, b"x"),
        ("GET", f"files/{'a' * 32}/w", {}, b""),
        ("DELETE", f"files/m-{'a' * 32}", {}, b""),
        ("DELETE", f"files/{'a' * 32}", {}, b""),
    ],
)
def test_what_no_client_of_ours_sends_is_refused(
    serve: Serve, store: Path, method: str, path: str, query: dict[str, str], body: bytes
) -> None:
    address = f"{serve(store)}/api/tracker/1/{path}"
    kind = {"content-type": "application/octet-stream"}
    answer = httpx.request(method, address, params=query, content=body, headers=kind)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error_code"]
    assert not [path for path in store.rglob("artifacts/**/*") if path.is_file()]


@pytest.mark.parametrize(
    "words",
    [b"", b"[", b"[]", b'{"filter_string": 7}', b'{"max_results": 0}', b'{"unknown": 1}', b'{"order_by": [1]}'],
)
def test_words_that_are_none_are_refused(serve: Serve, store: Path, words: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{serve(store)}/api/tracker/1/search-runs", content=words, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["name"] == "InvalidInput"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("search-runs", "text/plain"), ("search-runs", "application/octet-stream"), (f"journals/{'a' * 32}", "text/csv")],
)
def test_content_of_another_type_is_refused(serve: Serve, store: Path, path: str, kind: str) -> None:
    answer = httpx.post(f"{serve(store)}/api/tracker/1/{path}", content=b"{}", headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


EDIT_ID = "e" * 32


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("create-registered", {"edit_id": "", "edit": {"name": "net", "timestamp": 1}}),
        ("create-registered", {"edit_id": "E" * 32, "edit": {"name": "net", "timestamp": 1}}),
        ("create-registered", {"edit": {"name": "net", "timestamp": 1}}),
        ("create-registered", {"edit_id": EDIT_ID, "edit": {"name": "net"}}),
        ("create-registered", {"edit_id": EDIT_ID, "edit": {"name": "a/b", "timestamp": 1}}),
        ("create-registered", {"edit_id": EDIT_ID, "edit": {"name": "net", "timestamp": 1, "tags": {"": "x"}}}),
        ("create-registered", {"edit_id": EDIT_ID, "edit": {"name": "net", "timestamp": 2**63}}),
        ("rename-registered", {"edit_id": EDIT_ID, "edit": {"name": "there", "new_name": ":", "timestamp": 1}}),
        ("delete-registered", {"edit_id": EDIT_ID, "edit": {"name": "there", "timestamp": 1}}),
        ("set-registered-tags", {"edit_id": EDIT_ID, "edit": {"name": "there", "version": None, "values": {"": "x"}}}),
        ("add-version", {"edit_id": EDIT_ID, "edit": {"name": "there", "source": "file:///etc", "timestamp": 1}}),
        ("add-version", {"edit_id": EDIT_ID, "edit": {"name": "there", "source": "s3://b/../c", "timestamp": 1}}),
        (
            "add-version",
            {"edit_id": EDIT_ID, "edit": {"name": "there", "source": "runs:/12/x", "timestamp": 1}},
        ),
        ("move-alias", {"edit_id": EDIT_ID, "edit": {"name": "there", "alias": "latest", "version": 1}}),
        ("search-registry", {"subject": "runs"}),
        ("search-registry", {"subject": "registered_models", "filter_string": "nonsense"}),
        ("search-registry", {"subject": "registered_models", "max_results": 0}),
    ],
)
def test_the_registry_is_not_changed_by_words_that_are_none(
    serve: Serve, store: Path, path: str, words: dict[str, object]
) -> None:
    with tracker.open(store) as opened:
        there = opened.registry.create("there", tags={"a": "b"})
    answer = httpx.post(f"{serve(store)}/api/tracker/1/{path}", json=words)
    assert answer.status_code == 400, answer.text
    with tracker.open(store) as opened:
        assert opened.registered_models() == [there]


def test_what_another_living_program_sends_is_left_to_it_but_by_sync(serve: Serve, store: Path) -> None:
    address = serve(store)
    place = place_of(address)
    assert isinstance(place, ServerPlace)
    unclaimed, claimed = Journal(place.journals), Journal(place.journals)
    with tracker.open(address) as opened, closing(unclaimed), closing(claimed):
        run = opened.start_run()
        run.flush()
        unclaimed.append(encode(LogMetrics(run.run_id, 1, 0, {"loss": 0.5})))
        # Nobody has said that whoever logs this sends it.
        assert opened.catch_up()
        # Said before there is anything of it: whoever looks finds it claimed.
        Spool(place.journals).claim(claimed.journal_id)
        claimed.append(encode(LogMetrics(run.run_id, 2, 0, {"loss": 0.25})))
        assert not opened.catch_up(0.1)
        assert anyio.run(send_all, place).problem == ""
        assert opened.catch_up()
        assert opened.metric_history(run.run_id, "loss").values.tolist() == [0.5, 0.25]


def test_many_may_make_a_servers_folder_at_once(nobody: str) -> None:
    place = place_of(nobody)
    assert isinstance(place, ServerPlace)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: place.prepare(), range(64))) == [None] * 64
    assert [path.name for path in place.path.glob("url*")] == ["url"]
    assert (place.path / "url").read_text() == nobody
    assert place.path.stat().st_mode & 0o777 == 0o700


def test_what_is_logged_waits_in_folders_that_nobody_made_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "not" / "there" / "yet"))
    monkeypatch.setattr("tracker.client.remote.CLOSE_SECONDS", 0.05)
    with tracker.open("http://127.0.0.1:1") as store:
        store.start_run("digits").log({"loss": 1.0}, step=1)
    assert list(tmp_path.glob("not/there/yet/*/journals/*"))
    assert "cannot be reached" in caplog.text
