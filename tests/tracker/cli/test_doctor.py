"""`tracker doctor`: what is well is said to be, and each thing that is wrong is named in one line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.cli.main import main
from tracker.client import attach
from tracker.store.sqlite import connection
from tracker.system.locks import LOCKS
from tracker.writer import WriterLock

Found = dict[str, Any]
Doctor = Callable[..., Found]
HOLDS = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.read()
    connection.close()
"""
LOGS = """
    import sys
    import tracker
    with tracker.attach(sys.argv[1]) as there:
        run = there.run("e" * 32)
        for step in range(1000):
            run.log({"loss": step / 8}, step=step)
        print("logged", flush=True)
        sys.stdin.read()
"""
# What the doctor says of a folder on a disk that may only be read, in a mount of this program's own.
READ_ONLY = """
    import json, os, subprocess, sys
    place = sys.argv[1]
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", place, place], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
    from tracker.cli.main import main
    sys.exit(main(["doctor", "--json", "--store", place]))
"""


@pytest.fixture
def place(store: Path) -> Path:
    with tracker.open(store) as opened, opened.start_run("e", name="r") as run:
        for step in range(300):
            run.log({"loss": step / 8, "other": -step}, step=step)
        model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"), step=1)
        model.log({"acc": 0.5}, dataset=tracker.Dataset("validation", "a1b2"))
        model.log({"acc": 0.75}, dataset=tracker.Dataset("validation", "a1b2"))
    return store


@pytest.fixture
def doctor(place: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Ask the doctor; nothing may be on stderr, and the exit code must be what was found."""

    def ask(*words: str) -> Found:
        code = main(["doctor", "--json", "--store", str(place), *words])
        out, err = capsys.readouterr()
        found: Found = json.loads(out)
        assert (err, code, found["ok"]) == ("", 1 if found["problems"] else 0, not found["problems"])
        assert not any("\n" in problem for problem in found["problems"])
        return found

    return ask


def change(place: Path, *statements: str) -> None:
    with closing(sqlite3.connect(place / "tracker.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def test_a_store_that_is_well(doctor: Doctor, place: Path) -> None:
    found = doctor()
    assert (found["ok"], found["problems"], found["store"]) == (True, [], str(place))
    assert found["versions"]["sqlite"] == sqlite3.sqlite_version
    assert found["versions"]["tracker"] == tracker.__version__
    assert found["waiting"] == {
        "found": [],
        "pending_bytes_found": 0,
        "pending_bytes_left": 0,
        "dead_bytes_left": 0,
        "not_folded": "",
        "damaged": [],
    }
    assert found["contents"] == {
        "experiments": 2,
        "runs": 1,
        "curves": 3,
        "points": 602,
        "segments": found["contents"]["segments"],
        "models": 1,
        "files": 1,
        "file_bytes": 7,
    }
    assert found["sizes"]["database_bytes"] == (place / "tracker.db").stat().st_size
    assert (found["sizes"]["artifact_files"], found["sizes"]["artifact_bytes"]) == (1, 7)
    assert (found["place"]["read_only"], found["place"]["network"]) == (False, False)
    assert (found["use"]["writer"], found["use"]["open_in"]) == (None, [])
    assert found["use"]["last_writer"] == os.getpid()


def test_a_person_is_told_by_groups(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--store", str(place)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[0] == f"store {place}"
    assert out.splitlines()[-1] == "all is well"
    assert {line for line in out.splitlines() if line and line[0] != " "} >= {"versions", "waiting", "checks", "sizes"}
    assert sqlite3.sqlite_version in out


def test_what_waited_is_shown_before_it_is_folded_in(doctor: Doctor, place: Path) -> None:
    with attach(place) as there:
        there.run("f" * 32).log({"late": 1.0})
    (journal,) = (place / "journals").iterdir()
    size = journal.stat().st_size
    found = doctor()
    (part,) = found["waiting"]["found"]
    assert part | {"age_seconds": 0} == {
        "file": journal.name,
        "bytes": size,
        "pending": size,
        "owner_lives": False,
        "age_seconds": 0,
    }
    assert 0 <= part["age_seconds"] < 60
    assert (found["waiting"]["pending_bytes_found"], found["waiting"]["pending_bytes_left"]) == (size, 0)
    assert (found["ok"], found["contents"]["runs"]) == (True, 2)
    assert list((place / "journals").iterdir()) == []


def test_a_process_that_logs_is_neither_disturbed_nor_called_wrong(
    doctor: Doctor, place: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python(LOGS, place)
    assert process.stdout is not None
    assert process.stdout.readline() == "logged\n"
    with WriterLock(place / "tracker.lock").held():
        found = doctor()
        assert found["ok"]
        assert [part["owner_lives"] for part in found["waiting"]["found"]] == [True]
        assert found["waiting"]["pending_bytes_left"] == found["waiting"]["pending_bytes_found"] > 1000
        assert found["use"]["writer"] in ({os.getpid()} if LOCKS.exists() else {None})
    assert doctor()["waiting"]["pending_bytes_left"] == 0
    assert process.communicate() == ("", "")
    assert doctor()["contents"]["points"] == 1602


def test_a_damaged_segment_is_named_by_its_run_and_metric(doctor: Doctor, place: Path) -> None:
    with tracker.open(place) as opened:
        (run,) = opened.search_runs()
    with closing(sqlite3.connect(place / "tracker.db")) as database, database:
        database.create_function("flipped", 1, lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
        database.execute(
            "UPDATE segments SET data = flipped(data) WHERE series_no IN "
            "(SELECT series_no FROM series JOIN metric_keys USING (key_no) WHERE key = 'other')"
        )
    found = doctor()
    assert [(fault["owner"], fault["key"]) for fault in found["checks"]["curves"]] == [(run.run_id, "other")]
    (problem,) = found["problems"]
    assert problem.startswith(f"run {run.run_id}, metric other: ")
    assert "damaged; restore it from a backup" in problem


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("UPDATE series SET points = points + 1 WHERE points = 300", "301 points are kept as their number"),
        ("UPDATE series SET last_step = 7 WHERE points = 300", "the last value is kept as"),
        ("UPDATE series SET last_value = 7.5 WHERE points = 300", "the last value is kept as 7.5"),
        ("UPDATE series SET min_value = -1e9 WHERE points = 300", "the minimum is kept as -1000000000.0"),
        ("UPDATE series SET max_step = 12 WHERE points = 300", "the maximum is kept as"),
        ("UPDATE run_summaries SET data = substr(data, 1, 30)", "lists show other figures than its curve has"),
        ("UPDATE series SET points = points + 1 WHERE points = 300", "lists show other figures than its curve has"),
        ("UPDATE segments SET first_step = first_step - 1", "hold other steps than they say"),
        ("DELETE FROM segments", "points are kept as their number, and there are none"),
        ("UPDATE model_scores SET timestamp = 0", "ranks by another value than its newest"),
        ("DELETE FROM model_scores", "was measured and does not rank"),
        ("DELETE FROM older_points", "has other points than its checkpoints"),
    ],
)
def test_what_does_not_follow_from_the_points_is_named(doctor: Doctor, place: Path, statement: str, text: str) -> None:
    assert doctor()["ok"]
    change(place, statement)
    problems = doctor()["problems"]
    assert any(text in problem for problem in problems)


def test_rows_that_are_lost_are_named(doctor: Doctor, place: Path) -> None:
    change(place, "DELETE FROM metric_keys WHERE key = 'loss'")
    found = doctor()
    assert any("segments" in text or "series" in text for text in found["checks"]["foreign_keys"])
    assert any("names a row of metric_keys that is not there" in problem for problem in found["problems"])


@pytest.mark.parametrize(
    ("statement", "parent"),
    [
        ("DELETE FROM models", "models"),
        ("UPDATE model_scores SET key_no = 77", "metric_keys"),
        ("UPDATE model_scores SET dataset_no = 77", "datasets"),
        ("UPDATE model_scores SET run_no = 77", "runs"),
    ],
)
def test_values_of_what_is_lost_are_named(doctor: Doctor, place: Path, statement: str, parent: str) -> None:
    change(place, statement)
    expected = f"row 1 of model_scores names a row of {parent} that is not there"
    assert expected in doctor()["checks"]["foreign_keys"]


def weights(place: Path) -> Path:
    (found,) = (place / "artifacts" / "models").rglob("w")
    return found


def test_a_file_that_is_missing_or_cut_is_named(doctor: Doctor, place: Path) -> None:
    weights(place).write_bytes(b"weight")
    assert doctor()["problems"] == [
        f"{weights(place).parent.name}: file 'w' has 6 bytes instead of 7; restore it from a backup"
    ]
    owner = weights(place).parent.name
    weights(place).unlink()
    assert doctor()["problems"] == [f"{owner}: file 'w' is missing from the store; restore it from a backup"]


def test_a_flipped_bit_in_a_file_is_seen_by_a_deep_look(doctor: Doctor, place: Path) -> None:
    assert doctor("--deep")["checks"]["deep"]
    weights(place).write_bytes(b"Weights")
    assert doctor()["ok"]
    (problem,) = doctor("--deep")["problems"]
    assert "has other bytes than were logged" in problem


def header(data: bytearray) -> None:
    data[:100] = b"x" * 100


def magic(data: bytearray) -> None:
    data[:16] = bytes(16)


def emptied(data: bytearray) -> None:
    data.clear()


def shortened(data: bytearray) -> None:
    del data[8192:]


def pages(data: bytearray) -> None:
    for start in range(8192, len(data), 8192):
        data[start : start + 4096] = os.urandom(4096)


def schema_page(data: bytearray) -> None:
    data[100:4096] = os.urandom(3996)


@pytest.mark.parametrize("damage", [header, magic, emptied, shortened, pages, schema_page])
def test_a_damaged_database_is_one_line_and_left_alone(
    doctor: Doctor, place: Path, damage: Callable[[bytearray], None]
) -> None:
    data = bytearray((place / "tracker.db").read_bytes())
    damage(data)
    (place / "tracker.db").write_bytes(data)
    found = doctor()
    assert not found["ok"]
    assert "the database " in found["problems"][0]
    assert "restore a backup" in found["problems"][0]
    assert (place / "tracker.db").read_bytes() == data


def test_a_damaged_database_is_one_line_for_a_person_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "tracker.db").write_bytes(b"x" * 20000)
    assert main(["doctor", "--store", str(place)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert [line for line in out.splitlines() if line.startswith("WRONG")] == out.splitlines()[-1:]
    assert "tracker.db is not a SQLite file of ours any more" in out.splitlines()[-1]


def test_pieces_of_journals_that_were_put_aside_are_shown(doctor: Doctor, place: Path) -> None:
    (place / "journals" / f"{'a' * 32}-000001.journal.damaged").write_bytes(b"torn")
    found = doctor()
    assert found["waiting"]["damaged"] == [{"file": f"{'a' * 32}-000001.journal.damaged", "bytes": 4}]
    (problem,) = found["problems"]
    assert "1 piece of journals (4 bytes)" in problem
    assert "tracker gc --damaged" in problem


@pytest.mark.skipif(not LOCKS.exists(), reason="the system does not tell")
def test_a_foreign_process_that_locks_the_database_is_named(
    doctor: Doctor,
    place: Path,
    start_python: Callable[..., subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.02)
    with attach(place) as there:
        there.run("f" * 32).log({"late": 1.0})
    process = start_python(HOLDS, place / "tracker.db")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    found = doctor()
    assert found["use"]["foreign_writers"] == [process.pid]
    assert len(found["problems"]) == 2
    assert "not folded in" in found["problems"][0]
    assert found["problems"][1].startswith(f"process {process.pid} keeps the database locked and is no tracker")
    process.communicate()
    assert doctor()["ok"]


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("pending", ["nothing", "a journal", "a WAL"])
def test_a_store_that_may_only_be_read_is_examined_and_not_changed(
    place: Path, start_python: Callable[..., subprocess.Popen[str]], pending: str
) -> None:
    if pending == "a journal":
        with attach(place) as there:
            there.run("f" * 32).log({"late": 1.0})
    if pending == "a WAL":
        leave_a_log(place)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    if os.geteuid():
        for path in (place, place / "journals"):
            path.chmod(0o500)
    program = """
        import subprocess, sys
        own = ["unshare", "-m"] if sys.argv[2] == "0" else []
        sys.exit(subprocess.run([*own, sys.executable, "-c", sys.argv[3], sys.argv[1]]).returncode)
    """
    process = start_python(program, place, os.geteuid(), textwrap.dedent(READ_ONLY))
    out, err = process.communicate(timeout=60)
    for path in (place, place / "journals"):
        path.chmod(0o700)
    assert err == ""
    found = json.loads(out)
    assert (found["place"]["read_only"], found["waiting"]["not_folded"]) == (True, "the folder may only be read")
    assert found["contents"]["runs"] == (2 if pending == "a WAL" else 1)
    assert process.returncode == (1 if pending == "a journal" else 0)
    if pending == "a journal":
        (problem,) = found["problems"]
        assert "this folder may only be read; make it writable" in problem
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def leave_a_log(place: Path) -> None:
    """Have a row in the WAL only, as a process leaves it that is killed."""
    program = f"""
import os, sqlite3
database = sqlite3.connect({str(place / "tracker.db")!r})
database.execute("PRAGMA wal_autocheckpoint = 0")
database.execute("INSERT INTO runs (run_id, experiment_id, run_name, status, start_time) VALUES ('x', 0, '', 'R', 0)")
database.commit()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    (place / "tracker.db-shm").unlink()
    assert (place / "tracker.db-wal").stat().st_size
