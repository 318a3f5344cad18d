"""Logging goes on whatever state the store is in, and everything is stored when the trouble is over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.client import engine
from tracker.store.sqlite import connection
from tracker.writer import WriterLock


def test_a_foreign_program_that_holds_the_database_stops_no_logging(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.02)
    with (
        tracker.open(store) as opened,
        opened.start_run("held") as run,
        closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as foreign,
    ):
        run.flush()
        foreign.execute("BEGIN IMMEDIATE")
        for step in range(200):
            run.log({"loss": step / 8}, step=step)
        assert run.flush(0.1) == tracker.Level.SYNCED
        assert opened.inner.path == store
        foreign.execute("ROLLBACK")
        assert run.flush() == tracker.Level.STORED
        assert opened.metric_history(run.run_id, "loss").steps.tolist() == list(range(200))
    assert "in use by another program" in caplog.text


def test_closing_while_the_database_is_held_leaves_everything_for_the_next_open(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.02)
    with tracker.open(store) as opened:
        run = opened.start_run("held")
        run.flush()
        monkeypatch.setattr(engine, "CLOSE_SECONDS", 0.1)
        with closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            for step in range(200):
                run.log({"loss": step / 8}, step=step)
            opened.close()
            foreign.execute("ROLLBACK")
    assert "the next open folds them in" in caplog.text
    with tracker.open(store) as again:
        assert again.metric_history(run.run_id, "loss").values.tolist() == [step / 8 for step in range(200)]


def test_another_writer_that_hangs_stops_no_logging_and_no_reading(store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("hung") as run:
        run.log({"loss": 1.0}, step=1)
        assert run.flush() == tracker.Level.STORED
        with WriterLock(store / "tracker.lock").held(wait=True):
            run.log({"loss": 2.0}, step=2)
            assert run.flush(0.05) == tracker.Level.SYNCED
            with tracker.open(store) as other:
                assert other.metric_history(run.run_id, "loss").steps.tolist() == [1]
        assert run.flush() == tracker.Level.STORED
        assert opened.metric_history(run.run_id, "loss").steps.tolist() == [1, 2]


def test_damage_at_the_end_of_a_dead_programs_journal_is_put_aside(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("torn")
    with WriterLock(store / "tracker.lock").held():
        for step in range(3):
            run.log({"loss": step}, step=step)
        run._recorder.journal.close()
        (path,) = (store / "journals").iterdir()
        path.write_bytes(path.read_bytes()[:-3])
    with tracker.open(store) as opened:
        assert opened.metric_history(run.run_id, "loss").steps.tolist() == [0, 1]
    assert "bytes are torn" in caplog.text
    assert [entry.suffix for entry in (store / "journals").iterdir()] == [".damaged"]


def test_what_one_process_after_the_other_logged_keeps_its_order(store: Path) -> None:
    with tracker.open(store) as opened:
        run_id = opened.start_run("goes on").run_id
    for value in range(8):
        with tracker.attach(store) as attached:
            attached.run(run_id).log({"loss": value}, step=7)
    with tracker.open(store) as opened:
        assert opened.metric_history(run_id, "loss").values.tolist() == list(range(8))
