"""The oracle itself: it finds nothing wrong with a good store, and every kind of damage in a bad one."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.store import segments

from .ledger import Call, Ledger, Verdict, bits_of, calls_of, check_journals, read_calls, verify

Points = list[tuple[int, float]]
Change = Callable[[Points], object]
SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]


@pytest.fixture
def good(store: Path, ledgers: Path) -> Path:
    """A store of two runs, with special values and steps that repeat and go back."""
    ledger = Ledger(ledgers)
    with tracker.open(store) as opened:
        for run in (opened.start_run("one"), opened.start_run("two")):
            for step in (0, 1, 2, 2, 5, 4, -(2**63), 2**63 - 1):
                ledger.log(run, {"loss": step / 8, "acc": math.sqrt(abs(step))}, step)
            for step, value in enumerate(SPECIAL):
                ledger.log(run, {"special": value}, step)
            assert ledger.flush(run) == tracker.Level.STORED
            # A second segment for each curve.
            ledger.log(run, {"loss": -1.5, "acc": -2.5}, 3)
            ledger.flush(run)
    ledger.close()
    return store


def test_a_good_store_has_no_problems(good: Path, ledgers: Path) -> None:
    verdict = verify(good, ledgers, require="stored")
    assert verdict.problems == {}
    assert verdict.points == verdict.acked == 2 * (8 * 2 + len(SPECIAL) + 2)


def test_batches_are_in_the_ledger_too(store: Path, ledgers: Path) -> None:
    ledger = Ledger(ledgers)
    with tracker.open(store) as opened:
        ledger.log_batch(opened.start_run(), {"loss": [1.0, math.nan, -0.0], "acc": [4.0, 5.0, 6.0]}, [7, 7, 3])
    verdict = verify(store, ledgers)
    assert verdict.problems == {}
    assert verdict.points == 6


def change_loss(store: Path, change: Change, *, last: bool = False, summary: bool = True) -> None:
    """Rewrite the first run's first (or last) segment of its loss, and the curve's summary with it."""
    with closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as connection:
        series, number, data = connection.execute(
            "SELECT series_no, segment_no, data FROM segments JOIN series USING (series_no)"
            " JOIN metric_keys USING (key_no) WHERE key = 'loss' AND run_no = 1 ORDER BY segment_no"
            f" {'DESC' if last else ''} LIMIT 1"
        ).fetchone()
        old = segments.decode(data)
        points = list(zip(old.steps.tolist(), old.values.tolist(), strict=True))
        change(points)
        stamps = [int(old.timestamps[0])] * len(points)
        new = segments.columns([step for step, _ in points], stamps, [value for _, value in points])
        connection.execute(
            "UPDATE segments SET points = ?, first_step = ?, last_step = ?, data = ? WHERE segment_no = ?",
            (len(new), int(new.steps.min()), int(new.steps.max()), segments.encode(new), number),
        )
        connection.execute(
            "UPDATE segments SET first_point = first_point + ? WHERE series_no = ? AND segment_no > ?",
            (len(new) - len(old), series, number),
        )
        if summary:
            connection.execute(
                "UPDATE series SET points = points + ? WHERE series_no = ?", (len(new) - len(old), series)
            )


def alter(points: Points) -> None:
    step, value = points[1]
    points[1] = (step, float(np.nextafter(value, 1)))


def swap_within_a_step(points: Points) -> None:
    points[2], points[3] = points[3], points[2]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (lambda points: points.pop(1), {"lost"}),
        (lambda points: points.insert(1, points[1]), {"duplicated"}),
        (alter, {"lost", "invented"}),
        (lambda points: points.insert(1, (1, 77.0)), {"invented"}),
    ],
    ids=["delete", "duplicate", "alter", "add"],
)
def test_a_changed_point_is_found(good: Path, ledgers: Path, change: Change, kinds: set[str]) -> None:
    change_loss(good, change)
    problems = verify(good, ledgers).problems
    # Its timestamps are not those that were logged, so the summary's last one may differ.
    assert set(problems) - {"underived"} == kinds
    assert all(problems[kind][0] == "1" for kind in kinds)


def test_points_of_one_step_in_another_order_are_found(store: Path, ledgers: Path) -> None:
    ledger = Ledger(ledgers)
    with tracker.open(store) as opened:
        run = opened.start_run()
        for value in (0.0, 1.0, 2.0, 3.0, 4.0):
            ledger.log(run, {"loss": value}, 9)
    change_loss(store, swap_within_a_step)
    assert "disordered" in verify(store, ledgers).problems


def test_a_summary_that_is_not_its_points_is_found(good: Path, ledgers: Path) -> None:
    change_loss(good, lambda points: points.pop(1), summary=False)
    assert {"lost", "underived"} <= set(verify(good, ledgers).problems)


@pytest.mark.parametrize(
    "column", ["points", "last_value", "last_step", "last_timestamp", "min_value", "min_step", "max_value", "max_step"]
)
def test_each_figure_of_a_summary_is_checked(good: Path, ledgers: Path, column: str) -> None:
    with closing(sqlite3.connect(good / "tracker.db", isolation_level=None)) as connection:
        connection.execute(f"UPDATE series SET {column} = {column} / 2 + 1 WHERE series_no = 1")
    assert set(verify(good, ledgers).problems) == {"underived"}


def test_a_lost_segment_a_lost_run_and_a_foreign_key_are_found(good: Path, ledgers: Path) -> None:
    with closing(sqlite3.connect(good / "tracker.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM segments WHERE series_no = (SELECT series_no FROM series WHERE run_no = 2)")
        connection.execute("DELETE FROM series WHERE run_no = 2")
        connection.execute("DELETE FROM segments WHERE segment_no = 1")
    problems = verify(good, ledgers).problems
    assert {"lost", "unsound", "underived"} <= set(problems)


def test_a_half_call_is_found(good: Path, ledgers: Path) -> None:
    """The same loss, but of a call that nobody acknowledged."""
    change_loss(good, lambda points: points.pop(1))
    calls = read_calls(ledgers)
    for call in calls[0]:
        call.level = 0
    assert set(verify(good, calls).problems) - {"underived"} == {"halved"}


def test_what_only_the_ledger_has_is_lost_at_its_level_and_no_other(good: Path, ledgers: Path) -> None:
    with tracker.open(good) as opened:
        run_id = opened.search_runs()[0].run_id
    logged = Call(run_id, [("loss", (1000, bits_of(1.0)))], level=1)
    calls = [*read_calls(ledgers), [logged]]
    assert set(verify(good, calls).problems) == {"lost"}
    assert verify(good, calls, require="stored").problems == {}


def test_a_journal_that_was_left_is_found(tmp_path: Path) -> None:
    (tmp_path / "0123-000001.journal").write_bytes(b"")
    verdict = Verdict()
    check_journals(tmp_path, verdict)
    assert set(verdict.problems) == {"unsound"}


def test_a_ledgers_levels_and_its_cut_line() -> None:
    lines = [
        '{"call":1,"run":"r","points":[["k",1,0]]}',
        '{"call":1,"level":"logged"}',
        '{"call":2,"run":"r","points":[["k",2,0]]}',
        '{"call":2,"level":"logged"}',
        '{"call":2,"level":"stored"}',
        '{"call":3,"run":"r","points":[["k",3,0]]}',
        '{"call":3,"lev',
    ]
    assert [call.level for call in calls_of("\n".join(lines).encode())] == [3, 3, 0]
