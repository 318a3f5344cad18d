"""Opening a store: made where there is nothing, and never where there is something else."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.client import attach
from tracker.errors import (
    Closed,
    NotAStore,
    StoreError,
    StoreNotFound,
    StoreReadOnly,
    StoreTooNew,
    TrackerError,
)
from tracker.store.sqlite.schema import VERSION


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_store_is_made_where_there_is_nothing(tmp_path: Path) -> None:
    place = tmp_path / "some" / "where"
    with tracker.open(place) as opened:
        assert opened.path == place
        modes = {entry.name: entry.stat().st_mode & 0o777 for entry in place.iterdir()}
    assert modes["artifacts"] == modes["journals"] == place.stat().st_mode & 0o777 == 0o700
    assert modes["tracker.db"] == 0o600


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    with tracker.open(tmp_path) as opened:
        assert opened.search_runs() == []


def test_the_place_is_the_argument_then_the_environment_then_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACKER_STORE", raising=False)
    with tracker.open() as opened:
        assert opened.path == tmp_path / "tracker-store"
    monkeypatch.setenv("TRACKER_STORE", "by environment")
    with tracker.open() as opened:
        assert opened.path == tmp_path / "by environment"
    with tracker.open("by hand") as opened:
        assert opened.path == tmp_path / "by hand"


def test_a_store_is_not_made_where_none_is_asked_for(store: Path) -> None:
    with pytest.raises(StoreNotFound, match=str(store)):
        tracker.open(store, create=False)
    with pytest.raises(StoreNotFound):
        attach(store)
    assert not store.exists()


def other_files(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("x")


def another_database(path: Path) -> None:
    path.mkdir()
    with closing(sqlite3.connect(path / "tracker.db")) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")


def no_database(path: Path) -> None:
    path.mkdir()
    (path / "tracker.db").write_text("a text that calls itself a database, and is long enough for one" * 99)


def empty_database(path: Path) -> None:
    path.mkdir()
    (path / "tracker.db").touch()


def a_file(path: Path) -> None:
    path.write_text("x")


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("make", [other_files, another_database, no_database, empty_database, a_file])
def test_what_is_no_store_is_refused_and_left_alone(store: Path, make: Callable[[Path], None], *, create: bool) -> None:
    make(store)
    before = tree(store.parent)
    with pytest.raises(NotAStore, match=f"{store} is not a tracker store") as caught:
        tracker.open(store, create=create)
    assert "\n" not in str(caught.value)
    assert {name: data for name, data in tree(store.parent).items() if not name.endswith("tracker.lock")} == before


def test_a_newer_versions_store_is_refused_and_left_alone(store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("x") as run:
        pass
    with closing(sqlite3.connect(store / "tracker.db")) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    for create in (True, False):
        with pytest.raises(StoreTooNew, match=r"version 99.*upgrade sweeps-tracker"):
            tracker.open(store, create=create)
    with closing(sqlite3.connect(store / "tracker.db")) as connection, connection:
        connection.execute(f"PRAGMA user_version = {VERSION}")
    with tracker.open(store) as opened:
        assert opened.get_run(run.run_id).experiment == "x"


@pytest.mark.parametrize("place", ["/proc/tracker", "/sys/tracker", "/dev/null/tracker"])
def test_a_place_that_cannot_be_written_is_named(place: str) -> None:
    with pytest.raises(StoreReadOnly, match=place):
        tracker.open(place)


def test_a_damaged_database_is_named(store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("x"):
        pass
    data = bytearray((store / "tracker.db").read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    (store / "tracker.db").write_bytes(data)
    with pytest.raises(StoreError, match=r"tracker\.db"), tracker.open(store) as opened:
        opened.search_runs()


def test_nothing_of_an_open_that_failed_stays_behind(store: Path) -> None:
    other_files(store)
    before = set(threading.enumerate())
    for _ in range(3):
        with pytest.raises(TrackerError):
            tracker.open(store)
    assert set(threading.enumerate()) <= before


def test_a_closed_tracker_says_so(store: Path) -> None:
    opened = tracker.open(store)
    opened.close()
    opened.close()
    with pytest.raises(Closed, match="tracker is closed"):
        opened.search_runs()


def test_two_trackers_of_one_program_see_each_other(store: Path) -> None:
    with tracker.open(store) as first, tracker.open(store) as second:
        with first.start_run("both") as run:
            run.log({"a": 1.0})
        assert second.get_run(run.run_id).metrics == {"a": 1.0}
        with second.start_run("both") as other:
            other.log({"a": 2.0})
        assert len(first.search_runs(experiment_names=["both"])) == 2


def test_catching_up_makes_what_other_programs_logged_readable(store: Path) -> None:
    with tracker.open(store) as here:
        with attach(store) as there:
            run = there.run("f" * 32, "elsewhere")
            run.log({"a": 1.0})
            assert here.catch_up()
            assert here.get_run("f" * 32).metrics == {"a": 1.0}
            run.log({"a": 2.0}, step=1)
        assert here.catch_up()
        assert here.get_run("f" * 32).metrics == {"a": 2.0}


def test_an_attached_run_can_do_what_a_run_can(store: Path, tmp_path: Path) -> None:
    with tracker.open(store) as here, here.start_run("attached", params={"lr": 0.1}) as run:
        with attach(store) as there:
            same = there.run(run.run_id, run.experiment, run.params)
            same.log({"a": 1.0})
            model = same.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=1)
            model.log({"acc": 0.5})
            assert same.flush() == same.flush(0) == tracker.Level.STORED
            assert model.download(tmp_path / "out").joinpath("w").read_bytes() == b"w"
        (best,) = here.rank("acc")
        assert (best.model_id, best.params) == (model.model_id, {"lr": 0.1})


def test_a_copy_without_its_empty_folders_is_a_store_too(store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("x") as run:
        pass
    (store / "journals").rmdir()
    (store / "artifacts").rmdir()
    with tracker.open(store, create=False) as opened:
        assert opened.get_run(run.run_id).experiment == "x"
        opened.start_run("y").log_model("net", lambda folder: (folder / "w").write_bytes(b"w")).log({"acc": 1.0})
        assert len(opened.rank("acc")) == 1
