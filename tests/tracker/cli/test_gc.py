"""`tracker gc`: what nobody needs goes, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.cli.main import main
from tracker.client import attach
from tracker.upkeep import leftovers, tidying
from tracker.writer import WriterLock

Found = dict[str, Any]
Collect = Callable[..., Found]
# Stops while it saves a checkpoint, or between keeping the files and logging that they are kept.
SAVES = """
    import signal, sys
    import tracker
    from tracker.artifacts import LocalArtifacts

    def stop(*_):
        print("stopped", flush=True)
        sys.stdin.readline()

    def save(folder):
        (folder / "w").write_bytes(b"weights")
        if sys.argv[2] == "saving":
            stop()

    keep = LocalArtifacts.keep
    def keep_and_stop(*arguments):
        kept = keep(*arguments)
        if sys.argv[2] == "kept":
            stop()
        return kept

    LocalArtifacts.keep = keep_and_stop
    with tracker.open(sys.argv[1]) as opened, opened.start_run("saves") as run:
        print(run.log_model("net", save).model_id, flush=True)
"""


@pytest.fixture
def place(store: Path) -> Path:
    with tracker.open(store) as opened, opened.start_run("e", name="r") as run:
        run.log({"loss": 1.0})
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"), step=1)
        (store.parent / "plot").write_bytes(b"plot")
        run.log_artifact(store.parent / "plot", "deep/er")
    return store


@pytest.fixture
def collect(place: Path, capsys: pytest.CaptureFixture[str]) -> Collect:
    def run(*words: str) -> Found:
        code = main(["gc", "--json", "--store", str(place), *words])
        out, err = capsys.readouterr()
        found: Found = json.loads(out)
        assert (err, code) == ("", 1 if found["failures"] else 0)
        assert found["bytes"] == sum(each["bytes"] for each in found["freed"].values())
        return found

    return run


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what came just now count as old."""
    monkeypatch.setattr(leftovers, "GRACE_SECONDS", -1.0)
    monkeypatch.setattr(tidying, "_UNLOCKED_SECONDS", -1.0)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def artifacts(place: Path) -> set[str]:
    return set(tree(place / "artifacts"))


@pytest.mark.usefixtures("at_once")
def test_a_store_without_leftovers_stays_as_it_is(collect: Collect, place: Path) -> None:
    before = artifacts(place)
    found = collect()
    assert (found["freed"], found["bytes"], found["left_alone"], found["failures"]) == ({}, 0, [], [])
    assert artifacts(place) == before
    assert len(before) == 2


@pytest.mark.usefixtures("at_once")
def test_leftovers_of_every_kind_go_and_a_dry_run_only_says_so(collect: Collect, place: Path) -> None:
    before = artifacts(place)
    with tracker.open(place) as opened, opened.start_run("e") as run:

        def fail(folder: Path) -> None:
            (folder / "half").write_bytes(b"half")
            (folder / "link").symlink_to("half")

        with pytest.raises(tracker.TrackerError):
            run.log_model("net", fail)
    leftovers_of = {
        "unfinished": [place / "tracker.new", place / "tracker.new-wal", place / "journals" / "x-000001.new"],
        "unnamed": [place / "artifacts" / "models" / ("m-" + "0" * 32) / "deep" / "w"],
        "damaged": [place / "journals" / f"{'a' * 32}-000001.journal.damaged"],
        "staged": [place / "artifacts" / "staging" / "tmpdead" / "files" / "w"],
    }
    for paths in leftovers_of.values():
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"left")
    whole = tree(place)
    would = collect("--dry-run", "--damaged")
    assert {name: data for name, data in tree(place).items() if "tracker." not in name} == {
        name: data for name, data in whole.items() if "tracker." not in name
    }
    assert {kind: (each["number"], each["bytes"]) for kind, each in would["freed"].items()} == {
        "unfinished": (3, 12),
        "unnamed": (1, 4),
        "staged": (1, 4),
        "damaged": (1, 4),
        "failed": (1, 4),
    }
    first = collect()
    assert first["left_alone"] == ["1 (4 bytes) damaged pieces of journals; --damaged removes them"]
    assert leftovers_of["damaged"][0].exists()
    second = collect("--damaged")
    done = {**first["freed"], **second["freed"]}
    assert done == would["freed"]
    assert not any(path.exists() for paths in leftovers_of.values() for path in paths)
    assert artifacts(place) == before
    assert not (place / "artifacts" / "models" / ("m-" + "0" * 32)).exists()
    assert collect("--damaged")["freed"] == {}
    assert main(["doctor", "--deep", "--store", str(place)]) == 0


def test_what_came_just_now_stays(collect: Collect, place: Path) -> None:
    new = place / "artifacts" / "runs" / ("0" * 32) / "a"
    new.parent.mkdir()
    new.write_bytes(b"new")
    os.utime(new, (0, 0))
    (place / "artifacts" / "staging" / "tmpnew").mkdir()
    found = collect()
    assert found["freed"] == {}
    assert found["left_alone"] == ["1 (3 bytes) files that nothing names, as they came within the last hour"]
    assert new.exists()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("moment", ["saving", "kept"])
def test_what_a_living_process_saves_is_never_taken(
    collect: Collect, place: Path, start_python: Callable[..., subprocess.Popen[str]], moment: str
) -> None:
    process = start_python(SAVES, place, moment)
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    assert collect()["freed"].keys() <= {"log"}
    out, err = process.communicate("\n")
    assert (process.returncode, err) == (0, "")
    with tracker.open(place) as opened:
        model = opened.get_logged_model(out.strip())
        assert (model.download(place.parent / "out") / "w").read_bytes() == b"weights"
    assert collect()["freed"] == {}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("moment", "kind"), [("saving", "staged"), ("kept", "unnamed")])
def test_what_a_dead_process_saved_is_taken(
    collect: Collect, place: Path, start_python: Callable[..., subprocess.Popen[str]], moment: str, kind: str
) -> None:
    before = artifacts(place)
    process = start_python(SAVES, place, moment)
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    assert len(artifacts(place)) == len(before) + 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    freed = collect()["freed"]
    assert freed[kind]["bytes"] == 7
    assert artifacts(place) == before


@pytest.mark.usefixtures("at_once")
def test_what_waits_in_journals_is_folded_in_before_files_are_judged(collect: Collect, place: Path) -> None:
    with attach(place) as there:
        there.run("f" * 32).log_artifact(place.parent / "plot")
    assert len(artifacts(place)) == 3
    assert collect()["freed"] == {}
    assert len(artifacts(place)) == 3


def test_the_write_ahead_log_and_free_pages_are_given_back(collect: Collect, place: Path) -> None:
    database = place / "tracker.db"
    with closing(sqlite3.connect(database)) as reader, closing(sqlite3.connect(database)) as foreign:
        reader.execute("SELECT * FROM runs").fetchall()
        with foreign:
            foreign.execute("CREATE TABLE much (x)")
            foreign.executemany("INSERT INTO much VALUES (?)", [(os.urandom(4000),) for _ in range(1000)])
        with foreign:
            foreign.execute("DROP TABLE much")
        would = collect("--dry-run")["freed"]
        assert would.keys() == {"log", "pages"}
        size = database.stat().st_size
        freed = collect()["freed"]
        assert (place / "tracker.db-wal").stat().st_size == 0
        assert size - database.stat().st_size == freed["pages"]["bytes"] > 3_000_000
        assert freed["log"]["bytes"] > 0
    with tracker.open(place) as opened:
        assert [run.metrics for run in opened.search_runs()] == [{"loss": 1.0}]
    assert main(["doctor", "--store", str(place)]) == 0


def test_while_another_process_writes_one_line_says_who(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_WAIT", 0.05)
    with WriterLock(place / "tracker.lock").held():
        assert main(["gc", "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tracker: process {os.getpid()} (")
    assert err.endswith("does not end; try again when it has\n")


@pytest.mark.usefixtures("at_once")
def test_a_person_reads_what_is_freed_by_kind(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "tracker.new").write_bytes(b"x" * 2_500_000)
    assert main(["gc", "--dry-run", "--store", str(place)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "would be freed: 2.5 MB"
    assert main(["gc", "--store", str(place)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split() for line in out.splitlines()] == [
        ["unfinished", "new", "files", "1", "2.5", "MB"],
        ["freed:", "2.5", "MB"],
    ]
