"""Read runs' metrics: packed where a run has ended, else row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import orjson

from ...entities import Lazy, MetricSummary
from ..run_summaries import COLUMNS, Gathered, Summaries, differences, gather, numbers_of, pack, summary, unpack
from .plain import as_one, rows_of, transaction, value_of

# In each of these the list is that of the rows' numbers.
WANTED = "(SELECT value AS number FROM json_each(?)) AS j CROSS JOIN"
NOTHING = "[]"
_OWN = f"SELECT run_no, key_no, {COLUMNS} FROM {WANTED} series ON run_no = j.number WHERE of_model = 0"
# The newest last.
_OF_MODELS = f"""
SELECT run_no, key_no, {COLUMNS} FROM {WANTED} series ON run_no = j.number WHERE of_model = 1
ORDER BY last_step, last_timestamp, dataset_no DESC
"""
_PACKED = f"SELECT j.number, data FROM {WANTED} run_summaries ON run_no = j.number"
_UNPACKED = """
SELECT json_group_array(value) FROM json_each(?) WHERE value NOT IN (SELECT value FROM json_each(?))
"""
_PIECES = "SELECT run_no, data FROM run_summaries WHERE run_no > ? ORDER BY run_no LIMIT ?"
_NAMES = """
SELECT run_id, coalesce(k.key, '?') FROM json_each(?2) AS j LEFT JOIN metric_keys AS k ON k.key_no = j.value
JOIN runs ON run_no = ?1
"""
_KEYS = as_one("key_no, key", f"FROM {WANTED} metric_keys ON key_no = j.number")
_RUN_NOS = "SELECT json_group_array(run_no) FROM runs WHERE run_id IN (SELECT value FROM json_each(?))"
_ENDED = "SELECT run_id FROM runs WHERE end_time IS NOT NULL"
_PACK = "INSERT INTO run_summaries (run_no, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
# Runs that are packed, or checked, at once.
_PAGE = 500


class Metrics(NamedTuple):
    """One run's metrics by name: the latest value of each, and its summary."""

    latest: Mapping[str, float]
    summaries: Mapping[str, MetricSummary]


def metrics_of(connection: sqlite3.Connection, run_nos: str) -> dict[int, Metrics]:
    """Return the metrics of runs, by their numbers (a JSON array of them); a run without any is left out."""
    packed = connection.execute(_PACKED, (run_nos,)).fetchall()
    found = _of_bytes(connection, packed)
    left = connection.execute(_UNPACKED, (run_nos, _array(found))).fetchone()[0] if found else run_nos
    return found if left == NOTHING else {**found, **_of_rows(connection, left)}


def pack_runs(connection: sqlite3.Connection, run_ids: Sequence[str]) -> None:
    """Pack the metrics of runs, by their IDs; the caller holds a transaction, and these runs have ended."""
    for start in range(0, len(run_ids), _PAGE):
        run_nos = value_of(connection, _RUN_NOS, (_array(run_ids[start : start + _PAGE]),))
        mine = _gathered(connection, run_nos)
        connection.executemany(_PACK, [(run_no, pack(each)) for run_no, each in mine.items()])


def pack_ended(connection: sqlite3.Connection) -> None:
    """Pack the metrics of all runs that have ended, some at a time; the caller holds the writer's lock."""
    ended = [run_id for (run_id,) in connection.execute(_ENDED)]
    for start in range(0, len(ended), _PAGE):
        with transaction(connection):
            pack_runs(connection, ended[start : start + _PAGE])


def differing(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the IDs of runs, and their metrics, of which the bytes tell something else than the curves."""
    found: list[Any] = []
    after: object = -1
    while pieces := connection.execute(_PIECES, (after, _PAGE)).fetchall():
        mine = _gathered(connection, _array(run_no for run_no, _ in pieces))
        for run_no, data in cast("list[tuple[int, bytes]]", pieces):
            key_nos = differences(data, mine.get(run_no, Gathered()))
            found += connection.execute(_NAMES, (run_no, _array(sorted(key_nos)))).fetchall() if key_nos else []
        after = pieces[-1][0]
    return found


def _gathered(connection: sqlite3.Connection, run_nos: object) -> dict[int, Gathered]:
    own, of_models = [connection.execute(sql, (run_nos,)).fetchall() for sql in (_OWN, _OF_MODELS)]
    return gather(own, of_models)


def _of_bytes(connection: sqlite3.Connection, packed: Iterable[tuple[int, bytes]]) -> dict[int, Metrics]:
    runs = [(run_no, unpack(data)) for run_no, data in packed]
    numbers = {keys: numbers_of(keys) for keys in {run.keys for _, run in runs}}
    known = _names(connection, set().union(*numbers.values()))
    # Runs that have logged the same share their names and places.
    names = {keys: [known[key_no] for key_no in key_nos] for keys, key_nos in numbers.items()}
    places = {keys: {name: place for place, name in enumerate(found)} for keys, found in names.items()}
    return {
        run_no: Metrics(
            dict(zip(names[run.keys], run.latest, strict=True)), Lazy(places[run.keys], Summaries(run.summaries))
        )
        for run_no, run in runs
    }


def _of_rows(connection: sqlite3.Connection, run_nos: str) -> dict[int, Metrics]:
    own, of_models = [connection.execute(sql, (run_nos,)).fetchall() for sql in (_OWN, _OF_MODELS)]
    # Once for each metric, not for each run of it.
    known = _names(connection, {row[1] for rows in (own, of_models) for row in rows})
    return {run_no: _named(mine, known) for run_no, mine in gather(own, of_models).items()}


def _named(mine: Gathered, known: Mapping[int, str]) -> Metrics:
    latest = {known[key_no]: value for key_no, value in mine.latest.items()}
    return Metrics(latest, Lazy({known[key_no]: mine.rows[key_no] for key_no in mine.latest}, summary))


def _names(connection: sqlite3.Connection, key_nos: Iterable[int]) -> dict[int, str]:
    return dict(rows_of(connection, _KEYS, (_array(key_nos),)))


def _array(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()
