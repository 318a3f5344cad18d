"""`tracker backup`, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tracker
from tracker.cli.main import main


@pytest.fixture
def place(store: Path) -> Path:
    with tracker.open(store) as opened, opened.start_run("e", name="r") as run:
        run.log({"loss": 1.0})
        run.log_model("net", lambda folder: (folder / "w").write_bytes(b"weights"), step=1)
    return store


@pytest.mark.parametrize("words", [[], ["--link"]])
def test_a_backup_is_said_to_be_made_in_one_line(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    there = tmp_path / "backup"
    assert main(["backup", str(there), "--store", str(place), *words]) == 0
    out, err = capsys.readouterr()
    assert (err, len(out.splitlines())) == ("", 1)
    assert out.startswith(f"{there}: database ")
    assert out.endswith("1 files 7 bytes\n")
    assert main(["doctor", "--deep", "--store", str(there)]) == 0


def test_a_backup_as_json(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(tmp_path / "backup"), "--json", "--store", str(place)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": str(tmp_path / "backup"),
        "database_bytes": (tmp_path / "backup" / "tracker.db").stat().st_size,
        "files": 1,
        "file_bytes": 7,
        "damaged": [],
        "caught_up": True,
    }


def test_a_damaged_file_is_named_and_exit_code_1(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (weights,) = (place / "artifacts" / "models").rglob("w")
    weights.unlink()
    assert main(["backup", str(tmp_path / "backup"), "--store", str(place)]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err == f"tracker: {weights.parent.name}: file 'w' is missing from the store; it is not in the backup\n"


def test_a_destination_that_exists_is_one_line_and_exit_code_2(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path), "--store", str(place)]) == 2
    assert capsys.readouterr() == ("", f"tracker: {tmp_path} exists already; name a folder that does not\n")


def test_a_destination_that_cannot_be_written_is_one_line_and_exit_code_2(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "/proc/nowhere/backup", "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith("tracker: no backup was made in /proc/nowhere/backup: ")
