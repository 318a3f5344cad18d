"""A backup is a store: whole or absent, whatever goes on meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import anyio
import pytest

import tracker
from tracker.client import backup
from tracker.client.backup import Backup, back_up
from tracker.client.engine import opened
from tracker.client.folder import StoreFolder
from tracker.errors import BackupFailed, InvalidInput
from tracker.store.sqlite import upkeep
from tracker.store.sqlite.connection import Connection
from tracker.writer import WriterLock

# Logs one metric as fast as it can, with a checkpoint now and then, until told to stop.
LOGS = """
    import sys, threading
    import tracker

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set())).start()
    with tracker.open(sys.argv[1]) as opened, opened.start_run("busy", run_id=None) as run:
        step = 0
        while not stop.is_set():
            run.log({"loss": step / 8}, step=step)
            if step % 2000 == 0:
                run.log_model("net", lambda folder: (folder / "w").write_text(str(step)), step=step)
            if step == 4000:
                run.flush()
                print(run.run_id, flush=True)
            step += 1
        print(step, flush=True)
"""
BACKS_UP = """
    import os, sys
    import anyio
    from tracker.artifacts import LocalArtifacts
    from tracker.client.backup import back_up
    from tracker.client.engine import opened
    from tracker.client.folder import StoreFolder

    def copy(*_, **__):
        print("copying", flush=True)
        sys.stdin.read()
    LocalArtifacts.copy_to = copy
    async def main():
        async with opened(StoreFolder.named(sys.argv[1]), create=False) as engine:
            await back_up(engine, sys.argv[2])
    anyio.run(main)
"""

# Has room for so many bytes in a file, once the store is open.
NO_ROOM = """
    import resource, sys
    import anyio
    from tracker.client.backup import back_up
    from tracker.client.engine import opened
    from tracker.client.folder import StoreFolder
    from tracker.errors import BackupFailed

    async def main():
        async with opened(StoreFolder.named(sys.argv[1]), create=False) as engine:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), limits[1]))
            try:
                await back_up(engine, sys.argv[2])
            except BackupFailed as problem:
                print(problem)
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    anyio.run(main)
"""


def backed_up(store: Path, place: Path, *, link: bool = False) -> Backup:
    async def run() -> Backup:
        async with opened(StoreFolder.named(store), create=False) as engine:
            return await back_up(engine, place, link=link)

    return anyio.run(run)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def verdict(store: Path) -> tuple[object, list[object]]:
    with closing(sqlite3.connect(store / "tracker.db")) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        return answer, connection.execute("PRAGMA foreign_key_check").fetchall()


@pytest.fixture
def filled(store: Path) -> Path:
    with tracker.open(store) as here, here.start_run("e", name="r", params={"lr": 0.1}) as run:
        for step in range(100):
            run.log({"loss": step / 8}, step=step)
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"), step=9).log({"acc": 0.5})
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"others"), step=10).log({"acc": 0.25})
    return store


@pytest.mark.parametrize("link", [False, True])
def test_a_backup_is_a_store_with_everything(filled: Path, tmp_path: Path, *, link: bool) -> None:
    place = tmp_path / "some" / "where"
    made = backed_up(filled, place, link=link)
    assert (made.path, made.files, made.file_bytes, made.damaged, made.caught_up) == (place, 2, 13, (), True)
    assert made.database_bytes == (place / "tracker.db").stat().st_size
    assert tree(place / "artifacts") == tree(filled / "artifacts")
    assert [entry.name for entry in place.parent.iterdir()] == ["where"]
    for path in (place / "artifacts").rglob("w"):
        assert path.samefile(filled / path.relative_to(place)) == link
    assert (place.stat().st_mode & 0o777, (place / "tracker.db").stat().st_mode & 0o777) == (0o700, 0o600)
    with tracker.open(place, create=False) as there, there.start_run("e") as run:
        best, other = there.rank("acc")
        assert (best.metrics, best.params, other.step) == ({"acc": 0.5}, {"lr": 0.1}, 10)
        assert (best.download(tmp_path / "out") / "w").read_bytes() == b"weights"
        assert there.metric_history(best.run_id, "loss").values.tolist() == [step / 8 for step in range(100)]
        run.log({"more": 1.0})
    assert verdict(place) == ("ok", [])


def test_what_waits_in_journals_is_in_it(filled: Path, tmp_path: Path) -> None:
    with tracker.attach(filled) as there:
        there.run("f" * 32, "late").log({"a": 1.0})
    backed_up(filled, tmp_path / "backup")
    with tracker.open(tmp_path / "backup", create=False) as opened_:
        assert opened_.get_run("f" * 32).metrics == {"a": 1.0}
    assert list((tmp_path / "backup" / "journals").iterdir()) == []


def test_while_a_process_logs_at_full_rate_a_backup_is_a_prefix_of_it(
    store: Path, tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python(LOGS, store)
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    places = [tmp_path / f"backup {number}" for number in range(3)]
    counts, made = [], []
    for place in places:
        with tracker.open(store, create=False) as here:
            counts.append(len(here.metric_history(run_id, "loss").steps))
        made.append(backed_up(store, place))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    with tracker.open(store) as here:
        whole = here.metric_history(run_id, "loss")
    assert len(whole.steps) == int(out)
    assert [(each.damaged, each.caught_up) for each in made] == [((), True)] * 3
    for place, at_least in zip(places, counts, strict=True):
        assert verdict(place) == ("ok", [])
        with tracker.open(place, create=False) as there:
            found = there.metric_history(run_id, "loss")
            for model in there.search_logged_models(filter_string="status = 'READY'"):
                assert (model.download(place / "out") / "w").read_text() == str(model.step)
        assert len(found.steps) >= at_least > 4000
        for column in ("steps", "timestamps", "values"):
            assert getattr(found, column).tolist() == getattr(whole, column)[: len(found.steps)].tolist()


def test_several_may_open_a_backup_at_once(filled: Path, tmp_path: Path) -> None:
    backed_up(filled, tmp_path / "backup")

    def log(number: int) -> str:
        with tracker.open(tmp_path / "backup", create=False) as there, there.start_run("many") as run:
            run.log({"a": number})
            return run.run_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(log, range(8)))
    with tracker.open(tmp_path / "backup", create=False) as there:
        assert {run.run_id for run in there.search_runs(experiment_names=["many"])} == ids


def test_a_backup_of_a_backup_is_the_same(filled: Path, tmp_path: Path) -> None:
    backed_up(filled, tmp_path / "one")
    backed_up(tmp_path / "one", tmp_path / "two")
    for name in ("one", "two"):
        with closing(sqlite3.connect(tmp_path / name / "tracker.db")) as connection:
            lines = [line for line in connection.iterdump() if "journals" not in line]
            assert connection.execute("PRAGMA application_id").fetchone() == (0x74726B72,)
        if name == "one":
            first = lines
    assert lines == first


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_there_already_is_left_alone(filled: Path, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "there"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")
    before = tree(tmp_path)
    with pytest.raises(InvalidInput, match="exists already; name a folder that does not"):
        backed_up(filled, place)
    assert {name for name in tree(tmp_path) if not name.startswith("store/")} == {
        name for name in before if not name.startswith("store/")
    }


@pytest.mark.parametrize("place", ["backup", "artifacts/backup", "../store/backup"])
def test_a_store_is_not_copied_into_itself(filled: Path, place: str) -> None:
    with pytest.raises(InvalidInput, match="inside the store"):
        backed_up(filled, filled / place)
    assert not list(filled.rglob("backup*"))


def test_another_persons_folder_of_the_name_that_is_filled_is_left_alone(filled: Path, tmp_path: Path) -> None:
    aside = tmp_path / "backup.new"
    aside.mkdir()
    (aside / "thesis.tex").write_text("x")
    with pytest.raises(InvalidInput, match=r"backup\.new is in the way: .*thesis\.tex"):
        backed_up(filled, tmp_path / "backup")
    assert tree(aside) == {"thesis.tex": b"x"}
    assert not (tmp_path / "backup").exists()


def test_a_backup_that_is_killed_leaves_nothing_of_that_name_and_the_next_replaces_it(
    filled: Path, tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    place = tmp_path / "backup"
    process = start_python(BACKS_UP, filled, place)
    assert process.stdout is not None
    assert process.stdout.readline() == "copying\n"
    with pytest.raises(BackupFailed, match="another backup is being made there"):
        backed_up(filled, place)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not place.exists()
    assert (tmp_path / "backup.new" / "tracker.db").exists()
    assert backed_up(filled, place).files == 2
    assert not (tmp_path / "backup.new").exists()


def test_a_damaged_file_is_named_and_the_rest_is_kept(filled: Path, tmp_path: Path) -> None:
    gone, flipped = sorted((filled / "artifacts" / "models").rglob("w"))
    gone.unlink()
    old = flipped.read_bytes()
    flipped.write_bytes(old[:-1] + b"x")
    made = backed_up(filled, tmp_path / "backup")
    assert made.files == 0
    assert sorted(made.damaged) == [
        f"{gone.parent.name}: file 'w' is missing from the store",
        f"{flipped.parent.name}: file 'w' has other bytes than were logged",
    ]
    with tracker.open(tmp_path / "backup", create=False) as there:
        assert len(there.rank("acc")) == 2


def test_a_file_that_was_replaced_since_the_copy_of_the_database_is_the_newer_one(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tracker.open(store) as here, here.start_run("e") as run:
        (tmp_path / "state").write_text("old")
        run.log_artifact(tmp_path / "state")
        run.flush()
        fill = upkeep.copy_into

        async def then_replace(connection: Connection, place: Path) -> None:
            await fill(connection, place)
            (tmp_path / "state").write_text("new one")
            run.log_artifact(tmp_path / "state")

        monkeypatch.setattr(upkeep, "copy_into", then_replace)
        for link in (False, True):
            assert backed_up(store, tmp_path / f"backup {link}", link=link).damaged == ()
            with tracker.open(tmp_path / f"backup {link}", create=False) as there:
                there.download(run.run_id, tmp_path / f"out {link}")
            assert (tmp_path / f"out {link}" / "state").read_text() == "new one"


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self/mountinfo").exists(), reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_one_line(filled: Path) -> None:
    with pytest.raises(BackupFailed, match="no backup was made in /proc/backup: ") as caught:
        backed_up(filled, Path("/proc/backup"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("room", [50_000, 500_000])
def test_where_the_disk_is_full_nothing_is_there_afterwards(
    filled: Path, tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]], room: int
) -> None:
    with tracker.open(filled) as here, here.start_run("large") as run:
        (tmp_path / "large").write_bytes(bytes(1_000_000))
        run.log_artifact(tmp_path / "large")
    place = tmp_path / "backup"
    (line,) = run_python(NO_ROOM, filled, place, room).stdout.splitlines()
    assert line.startswith(f"no backup was made in {place}: ")
    assert not place.exists()
    assert not (tmp_path / "backup.new").exists()
    assert backed_up(filled, place).files == 3


def test_what_cannot_be_folded_in_in_time_is_said(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "CLOSE_SECONDS", 0.05)
    with WriterLock(filled / "tracker.lock").held(), tracker.attach(filled) as there:
        there.run("f" * 32).log({"late": 1.0})
        made = backed_up(filled, tmp_path / "backup")
    assert (made.caught_up, made.files) == (False, 2)
    with tracker.open(tmp_path / "backup", create=False) as opened_:
        assert len(opened_.search_runs()) == 1
