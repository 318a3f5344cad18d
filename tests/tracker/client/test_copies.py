"""The path of a checkpoint of a store behind a server: a copy on this machine, fetched once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.errors import ModelNotFound, NotSupported, StoreUnavailable

Serve = Callable[[Path], str]
Process = Callable[..., subprocess.Popen[str]]
FILES = {"w": b"weights" * 50_000, "deep/er/é.txt": b"text", "empty": b""}


def save(folder: Path) -> None:
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kept(store: Path, model: tracker.LoggedModel) -> Path:
    """Return where the server has its files."""
    return store / "artifacts" / "models" / model.model_id


@pytest.fixture
def address(serve: Serve, store: Path) -> str:
    return serve(store)


@pytest.fixture
def model(address: str) -> tracker.LoggedModel:
    with tracker.open(address) as opened, opened.start_run() as run:
        return run.log_model("net", save)


def test_it_holds_the_files_to_be_read_only(model: tracker.LoggedModel, tmp_path: Path) -> None:
    assert tree(model.path) == FILES
    assert model.path.is_relative_to(tmp_path / "spool")
    modes = {path.stat().st_mode & 0o777 for path in model.path.rglob("*")}
    assert modes == {0o400, 0o700}


def test_just_logged_it_is_there_already(address: str) -> None:
    with tracker.open(address) as opened:
        assert tree(opened.start_run().log_model("net", save).path) == FILES


def identity(path: Path) -> tuple[int, int, int]:
    """Tell a file that was left alone from one that was made anew."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def test_what_is_whole_is_not_fetched_again_and_what_is_not_is(model: tracker.LoggedModel, store: Path) -> None:
    home = model.path
    (home / "empty").unlink()
    (home / "w").chmod(0o600)
    (home / "w").write_bytes(b"cut off")
    before = identity(home / "deep/er/é.txt")
    assert model.path == home
    assert tree(home) == FILES
    assert identity(home / "deep/er/é.txt") == before
    # The server could give nothing any more.
    for name in FILES:
        (kept(store, model) / name).unlink()
    assert tree(model.path) == FILES


def test_what_the_server_has_damaged_is_never_there(
    model: tracker.LoggedModel, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (kept(store, model) / "w").write_bytes(b"x" * len(FILES["w"]))
    with pytest.raises(StoreUnavailable, match="peer closed connection"):
        _ = model.path
    assert "has other bytes than were logged" in caplog.text
    (kept(store, model) / "w").write_bytes(FILES["w"])
    assert tree(model.path) == FILES


def test_of_a_deleted_one_there_is_none(model: tracker.LoggedModel, address: str) -> None:
    home = model.path
    with tracker.open(address) as opened:
        opened.delete_logged_model(model.model_id)
    assert not home.exists()
    with pytest.raises(ModelNotFound):
        _ = model.path


@pytest.mark.anyio
async def test_in_async_code_it_says_what_to_await(model: tracker.LoggedModel, address: str, tmp_path: Path) -> None:
    async with tracker.connect(address) as opened:
        found = await opened.get_logged_model(model.model_id)
        with pytest.raises(NotSupported, match=r"await its download\(folder\)"):
            _ = found.path
        assert tree(await found.download(tmp_path / "out")) == FILES


# Stops for good when it has written the first piece of the second file.
DYING = """
    import os, pathlib, signal, sys, tracker
    from tracker.artifacts import copies

    def dying(source, owner, file, place):
        if file.path == "w":
            place.write_bytes(b"weights")
            os.kill(os.getpid(), signal.SIGKILL)
        fetch(source, owner, file, place)

    fetch, copies.fetch = copies.fetch, dying
    with tracker.open(sys.argv[1]) as opened:
        opened.get_logged_model(sys.argv[2]).path
"""
FETCHING = """
    import sys, tracker
    with tracker.open(sys.argv[1]) as opened:
        model = opened.get_logged_model(sys.argv[2])
        sys.stdin.readline()
        path = model.path
        print(len((path / "w").read_bytes()), (path / "deep/er/é.txt").read_text())
"""


def test_who_is_killed_leaves_nothing_that_is_taken_for_whole(
    model: tracker.LoggedModel, address: str, start_python: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = start_python(DYING, address, model.model_id)
    assert dying.wait(60) == -9
    copies = next((tmp_path / "spool").glob("*/copies"))
    assert sorted(path.name for path in copies.rglob("*") if path.is_file()) == ["arriving", "empty", "é.txt"]
    monkeypatch.setattr("tracker.artifacts.staging.GRACE_SECONDS", -1.0)
    assert tree(model.path) == FILES
    assert not list((copies / "staging").iterdir())


def test_several_processes_may_fetch_one_at_once(
    model: tracker.LoggedModel, address: str, start_python: Process
) -> None:
    programs = [start_python(FETCHING, address, model.model_id) for _ in range(2)]
    told = [program.communicate("\n", timeout=60) for program in programs]
    assert told == [(f"{len(FILES['w'])} text\n", "")] * 2
