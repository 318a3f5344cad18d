"""The oracle of every fault test: what was sent and acknowledged, kept outside the store, and its comparison with it.

Each logging process (or thread) writes a ledger of its own: a line before a call with all its points, and a line
after it with the level that was reached. Lines are single appends, so they outlive the process as the journal does.
"""

from __future__ import annotations

import math
import os
import sqlite3
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

import tracker
from tracker.store import segments

SUFFIX = ".ledger"
LEVELS = ("sent", "logged", "synced", "stored")
_SHOWN = 5
_DOUBLE, _WORD = struct.Struct("<d"), struct.Struct("<Q")

Point = tuple[int, int]
Curve = tuple[str, str]


def bits_of(value: float) -> int:
    """Return a double's 64 bits; all NaNs are one, as a NaN's payload is no value."""
    if math.isnan(value):
        value = math.nan
    bits: int = _WORD.unpack(_DOUBLE.pack(value))[0]
    return bits


class Ledger:
    """Calls a run's methods, and writes down what goes in and what came of it; for one thread."""

    def __init__(self, folder: Path) -> None:
        name = f"{os.getpid()}-{os.urandom(8).hex()}{SUFFIX}"
        self._file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._calls = 0

    def log(self, run: tracker.Run, metrics: Mapping[str, float], step: int) -> None:
        """Log metrics of one step: one call, to be stored whole or not at all."""
        self._sent(run.run_id, [(key, step, value) for key, value in metrics.items()])
        run.log(metrics, step=step)
        self.reached("logged")

    def log_batch(self, run: tracker.Run, columns: Mapping[str, Sequence[float]], steps: Sequence[int]) -> None:
        """Log columns of several steps: one call, too."""
        points = [
            (key, step, value) for key, values in columns.items() for step, value in zip(steps, values, strict=True)
        ]
        self._sent(run.run_id, points)
        arrays = {key: np.array(values, dtype=np.float64) for key, values in columns.items()}
        run.log_batch(arrays, steps=np.array(steps, dtype=np.int64))
        self.reached("logged")

    def flush(self, run: tracker.Run, timeout: float = 10.0) -> tracker.Level:
        """Flush the run; everything in this ledger then has the level it returned, and none where it said LOGGED."""
        level = run.flush(timeout)
        self.reached(level)
        return level

    def close(self) -> None:
        os.close(self._file)

    def _sent(self, run_id: str, points: Iterable[tuple[str, int, float]]) -> None:
        self._calls += 1
        rows = [(key, step, bits_of(value)) for key, step, value in points]
        self._write({"call": self._calls, "run": run_id, "points": rows})

    def reached(self, level: str) -> None:
        """Say that the last call (or all calls so far, if the level is more than LOGGED) has reached a level."""
        self._write({"call": self._calls, "level": str(level)})

    def _write(self, line: Mapping[str, object]) -> None:
        os.write(self._file, orjson.dumps(line) + b"\n")


@dataclass(slots=True)
class Call:
    """One call: all its points belong together. `level` is an index into LEVELS."""

    run_id: str
    points: list[tuple[str, Point]]
    level: int = 0


def read_calls(folder: Path) -> list[list[Call]]:
    """Return the calls of each ledger, in their order."""
    return [calls_of(path.read_bytes()) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def calls_of(content: bytes) -> list[Call]:
    """Return one ledger's calls; a last line that was cut off was never written."""
    calls: list[Call] = []
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        entry = orjson.loads(line)
        if "run" in entry:
            calls.append(Call(entry["run"], [(key, (step, bits)) for key, step, bits in entry["points"]]))
        elif entry["level"] == "logged":
            if calls:
                calls[-1].level = max(calls[-1].level, 1)
        else:
            raise_levels(calls, LEVELS.index(entry["level"]))
    return calls


def raise_levels(calls: Sequence[Call], level: int) -> None:
    """Say that all calls so far have reached a level."""
    for call in reversed(calls):
        if call.level >= level:
            return
        call.level = level


@dataclass(slots=True)
class Verdict:
    """What is wrong, in words; `points` and `acked` count what was compared."""

    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    halved: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    underived: list[str] = field(default_factory=list)
    points: int = 0
    acked: int = 0

    @property
    def problems(self) -> dict[str, list[str]]:
        """What is wrong, by kind, with how often and a few examples; empty if nothing is."""
        kinds = ("lost", "invented", "duplicated", "halved", "disordered", "unsound", "underived")
        found = {kind: getattr(self, kind) for kind in kinds}
        return {kind: [str(len(items)), *items[:_SHOWN]] for kind, items in found.items() if items}


def verify(
    store: Path, ledgers: Path | Sequence[Sequence[Call]], require: str = "logged", *, create: bool = False
) -> Verdict:
    """Open the store as anyone would, and compare all that is in it with the ledgers.

    Every point of a call that has reached the level `require` must be there; other calls' points may be there, if
    all of the call are.
    """
    written = read_calls(ledgers) if isinstance(ledgers, Path) else ledgers
    verdict = Verdict()
    with tracker.open(store, create=create) as opened:
        found = read_public(opened)
        latest = {run.run_id: run.metrics for run in all_runs(opened)}
    compare(written, found, LEVELS.index(require), verdict)
    with closing(sqlite3.connect(f"{(store / 'tracker.db').as_uri()}?mode=ro", uri=True)) as connection:
        check_soundness(connection, verdict)
        check_curves(connection, found, latest, verdict)
    check_journals(store / "journals", verdict)
    return verdict


def all_runs(opened: tracker.Tracker) -> Iterator[tracker.RunInfo]:
    token = None
    while True:
        page = opened.search_runs(page_token=token)
        yield from page
        token = page.next_page_token
        if not token:
            return


def read_public(opened: tracker.Tracker) -> dict[Curve, list[Point]]:
    """Return every curve by the public API, in the order it gives."""
    return {
        (run.run_id, key): points_of(opened.metric_history(run.run_id, key))
        for run in all_runs(opened)
        for key in run.metrics
    }


def points_of(columns: tracker.History | segments.Columns) -> list[Point]:
    # `.tolist()` makes the machine's integers Python's.
    return list(zip(columns.steps.tolist(), all_bits(columns.values), strict=True))


def all_bits(values: NDArray[np.float64]) -> list[int]:
    one_nan = np.where(np.isnan(values), np.nan, values)
    bits: list[int] = one_nan.view(np.uint64).tolist()
    return bits


def compare(written: Sequence[Sequence[Call]], found: Mapping[Curve, list[Point]], required: int, out: Verdict) -> None:
    sent: dict[Curve, Counter[Point]] = defaultdict(Counter)
    must: dict[Curve, Counter[Point]] = defaultdict(Counter)
    there = {curve: Counter(points) for curve, points in found.items()}
    for call in (call for calls in written for call in calls):
        for key, point in call.points:
            sent[call.run_id, key][point] += 1
            if call.level >= required:
                must[call.run_id, key][point] += 1
        if call.level < required:
            check_wholeness(call, there, out)
    for curve in {*sent, *there}:
        compare_curve(curve, sent[curve], must[curve], there.get(curve, Counter()), out)
    out.points = sum(map(len, found.values()))
    out.acked = sum(counted.total() for counted in must.values())
    check_order(written, found, sent, out)


def check_wholeness(call: Call, there: Mapping[Curve, Counter[Point]], out: Verdict) -> None:
    present = sum(point in there.get((call.run_id, key), ()) for key, point in call.points)
    if 0 < present < len(call.points):
        out.halved.append(f"{present} of {len(call.points)} points of a call: {call.run_id} {call.points[0]}")


def compare_curve(
    curve: Curve, sent: Counter[Point], must: Counter[Point], there: Counter[Point], out: Verdict
) -> None:
    out.lost += [f"{curve} {shown(point)}" for point in (must - there).elements()]
    for point in (there - sent).elements():
        (out.duplicated if point in sent else out.invented).append(f"{curve} {shown(point)}")


def shown(point: Point) -> str:
    return f"step {point[0]} value {_DOUBLE.unpack(_WORD.pack(point[1]))[0]!r}"


def check_order(
    written: Sequence[Sequence[Call]],
    found: Mapping[Curve, list[Point]],
    sent: Mapping[Curve, Counter[Point]],
    out: Verdict,
) -> None:
    """Check that points are sorted by step, and those of one step and one ledger by when they were logged."""
    for curve, points in found.items():
        if any(before[0] > after[0] for before, after in pairwise(points)):
            out.disordered.append(f"{curve}: not sorted by step")
    places = {curve: {point: place for place, point in enumerate(points)} for curve, points in found.items()}
    for calls in written:
        newest: dict[tuple[Curve, int], int] = {}
        for call in calls:
            for key, point in call.points:
                curve = (call.run_id, key)
                place = places.get(curve, {}).get(point)
                # What was sent twice, or has not arrived, has no place of its own.
                if place is None or sent[curve][point] > 1:
                    continue
                if place < newest.get((curve, point[0]), -1):
                    out.disordered.append(f"{curve} {shown(point)}: before one that was logged earlier")
                newest[curve, point[0]] = place


def check_soundness(connection: sqlite3.Connection, out: Verdict) -> None:
    if (found := connection.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
        out.unsound.append(f"integrity_check: {found[:_SHOWN]}")
    if found := connection.execute("PRAGMA foreign_key_check").fetchall():
        out.unsound.append(f"foreign_key_check: {found[:_SHOWN]}")


def check_journals(folder: Path, out: Verdict) -> None:
    """Check that nothing waits to be folded in: the store was opened and closed, and no other process lives."""
    out.unsound += [f"{path.name} was left" for path in folder.glob("*.journal")]


_SERIES = """
SELECT series_no, run_id, key, points, last_value, last_step, last_timestamp, min_value, min_step, max_value, max_step
FROM series JOIN runs USING (run_no) JOIN metric_keys USING (key_no) WHERE of_model = 0
"""
_PIECES = "SELECT points, first_step, last_step, data FROM segments WHERE series_no = ? ORDER BY segment_no"


def check_curves(
    connection: sqlite3.Connection,
    found: Mapping[Curve, list[Point]],
    latest: Mapping[str, Mapping[str, float]],
    out: Verdict,
) -> None:
    """Read every curve by raw SQL, and compare it with what the public API says, and its summary with its points."""
    seen = set()
    for series_no, run_id, key, *summary in connection.execute(_SERIES).fetchall():
        seen.add((run_id, key))
        pieces = connection.execute(_PIECES, (series_no,)).fetchall()
        columns = segments.concatenate([segments.decode(data) for *_, data in pieces])
        check_pieces((run_id, key), pieces, out)
        order = np.argsort(columns.steps, kind="stable")
        raw = list(zip(columns.steps[order].tolist(), all_bits(columns.values[order]), strict=True))
        if raw != found.get((run_id, key)):
            out.underived.append(f"{(run_id, key)}: the API and the tables disagree")
        derived = summaries_of(columns)
        if summary not in derived:
            out.underived.append(f"{(run_id, key)}: the summary is {summary} and should be {derived[0]}")
        if none_for_nan(latest[run_id][key]) != summary[1]:
            out.underived.append(f"{(run_id, key)}: the run's metric is {latest[run_id][key]}, not {summary[1]}")
    out.underived += [f"{curve}: no such curve in the tables" for curve in found if curve not in seen]


def check_pieces(curve: Curve, pieces: Iterable[tuple[int, int, int, bytes]], out: Verdict) -> None:
    for points, first, last, data in pieces:
        steps = segments.decode(data).steps
        if (points, first, last) != (len(steps), int(steps.min()), int(steps.max())):
            out.underived.append(f"{curve}: a segment's figures {(points, first, last)} are not its points'")


def summaries_of(columns: segments.Columns) -> list[list[float | None]]:
    """Derive a curve's summary from its points in the order logged, one by one: slow, and another way than the store.

    The last value is that of the greatest (step, timestamp, value), NaN counting as 0; minimum and maximum are over
    finite values, each with the step of the first point that has it. NaN and 0 at once are two summaries, both good.
    """
    rows = list(zip(columns.steps.tolist(), columns.timestamps.tolist(), columns.values.tolist(), strict=True))
    last = max(map(rank, rows))
    finite = [row for row in rows if math.isfinite(row[2])]
    low = min(finite, key=lambda row: row[2], default=(None, None, None))
    high = max(finite, key=lambda row: row[2], default=(None, None, None))
    return [
        [len(rows), value, last[0], last[1], low[2], low[0], high[2], high[0]]
        for value in {none_for_nan(row[2]) for row in rows if rank(row) == last}
    ]


def rank(row: tuple[int, int, float]) -> tuple[int, int, float]:
    step, timestamp, value = row
    return step, timestamp, 0.0 if math.isnan(value) else value


def none_for_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
