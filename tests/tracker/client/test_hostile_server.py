"""A server that would do its clients harm: it writes nowhere but where they said, and is what it says (S08, S35)."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

import tracker
from tracker.errors import NotFound, TrackerError
from tracker.store.rest.failures import raised

Serve = Callable[[Path], str]
PATHS = ("../evil", "../../evil", "/{outside}/evil", "a/../../evil", "..", ".", "", "a/../../outside/evil", "a\0b")
# Classes, methods and attributes that are not an error's facts.
NAMES = ("SystemExit", "object", "TrackerError", "os.system", "__class__", "Exception", "", "math", "errors")
FACTS: tuple[dict[str, object], ...] = (
    {"args": 5},
    {"args": ["x"]},
    {"with_traceback": 5},
    {"__class__": "x", "__dict__": {}, "__init__": 1, "_x": 1},
    {"not a name": 1, "": 1, "a.b": 2},
    {"bare": 1, "wanted": {"deep": [1]}},
)


@pytest.fixture
def model(store: Path) -> tuple[str, str]:
    """Make a model of one file; return its ID and its run's."""
    with tracker.open(store) as opened, opened.start_run("e") as run:
        made = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"evil"), step=1)
    return made.model_id, run.run_id


def tree(folder: Path) -> set[str]:
    return {path.as_posix() for path in folder.rglob("*") if path.is_file() and "spool" not in path.parts}


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_a_listed_path_stays_below_where_it_is_copied_to(
    serve: Serve, store: Path, tmp_path: Path, model: tuple[str, str], path: str
) -> None:
    (tmp_path / "outside").mkdir()
    path = path.replace("{outside}", str(tmp_path / "outside"))
    with closing(sqlite3.connect(store / "tracker.db")) as database, database:
        database.execute("UPDATE files SET path = ?", (path,))
    before = tree(tmp_path)
    with tracker.open(serve(store), create=False) as opened:
        (found,) = opened.search_logged_models(experiment_names=["e"])
        with pytest.raises((TrackerError, IsADirectoryError)):
            found.download(tmp_path / "deep" / "to")
        with suppress(TrackerError):
            opened.download(model[1], tmp_path / "deep" / "run")
    assert not {each for each in tree(tmp_path) - before if not each.startswith(str(store))}


@pytest.mark.parametrize(
    "headers",
    [
        {"location": "http://127.0.0.1:{port}/x"},
        {"location": "file:///etc/passwd"},
        {"location": "/elsewhere", "content-disposition": "attachment; filename=../../evil"},
    ],
)
@pytest.mark.parametrize("status", [200, 301, 302, 307, 308])
def test_a_file_is_what_was_asked_for_wherever_the_answer_points(
    serve: Serve,
    store: Path,
    tmp_path: Path,
    model: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    status: int,
) -> None:
    send = httpx.HTTPTransport.handle_request
    with socket.create_server(("127.0.0.1", 0)) as nobody, tracker.open(serve(store), create=False) as opened:
        nobody.setblocking(False)  # noqa: FBT003  # the library's own form
        said = {name: value.format(port=nobody.getsockname()[1]) for name, value in headers.items()}

        def misled(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            if f"/files/{model[0]}/" in request.url.path:
                return httpx.Response(status, headers=said, content=b"evil" if status == 200 else b"other")
            return send(transport, request)

        (found,) = opened.search_logged_models(experiment_names=["e"])
        before = tree(tmp_path)
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", misled)
        with suppress(TrackerError):
            found.download(tmp_path / "to")
        monkeypatch.undo()
        with pytest.raises(BlockingIOError):
            nobody.accept()
    copied = {(tmp_path / "to" / "w").as_posix()} if status == 200 else set()
    assert {each for each in tree(tmp_path) - before if not each.startswith(str(store))} == copied


@pytest.mark.parametrize("name", NAMES)
def test_only_errors_of_ours_are_made_of_what_a_server_says(name: str) -> None:
    assert raised({"name": name, "message": "m", "facts": {}}) is None


@pytest.mark.parametrize("facts", FACTS, ids=range(len(FACTS)))
def test_an_errors_facts_are_facts_and_nothing_else(facts: dict[str, object]) -> None:
    error = raised({"name": "RunNotFound", "message": "m", "facts": facts})
    assert isinstance(error, NotFound)
    assert (str(error), error.args, type(error).__name__) == ("m", ("m",), "RunNotFound")
    assert callable(error.with_traceback)
    assert not [each for each in vars(error) if each.startswith("_") or not each.isidentifier()]
