"""Indexes that hold rows in the order that is asked for first."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ...filter import MISSING, NAN, NUMBER, DatasetFilter, Entity, PartName, Sql, Subject, Term, joined
from ...filter.schema import OWN_KEY, SINGULAR
from ..interface import Query

# The greatest finite number: SQLite has no function that tells infinities.
GREATEST = 1.7976931348623157e308
# Of a metric that was measured on more datasets than this, and none is asked for, no index is walked.
_MOST_DATASETS = 16
# How a text is there: its first key in an order says whether it is missing.
_THERE, _NOT_THERE = range(2)
# Parts of a metric that an index holds; without a part it is the latest, in an order.
_INDEXED_PARTS = (None, PartName.LATEST)

_KEY = "SELECT key_no FROM metric_keys WHERE key = ?"
_ALL_DATASETS = """
SELECT dataset_no FROM datasets
WHERE EXISTS (SELECT 1 FROM model_scores AS s WHERE s.key_no = ? AND s.dataset_no = datasets.dataset_no)
"""
_DATASETS = "SELECT dataset_no FROM datasets WHERE name = ? AND (digest = ? OR ? IS NULL) AND dataset_no > 0"
_HAS_MODELS = "SELECT 1 FROM series WHERE key_no = ? AND of_model = 1 LIMIT 1"
# What is newest counts, of what a run logged itself and what its models were measured at, as in MLflow.
_LATEST_OF_ALL = """NOT EXISTS (
    SELECT 1 FROM series AS o WHERE o.run_no = s.run_no AND o.key_no = s.key_no AND o.series_no <> s.series_no
    AND (o.last_step, o.last_timestamp, coalesce(o.last_value, 0), -o.of_model, -o.dataset_no)
        > (s.last_step, s.last_timestamp, coalesce(s.last_value, 0), -s.of_model, -s.dataset_no)
)"""
_NEWEST_OF_DATASETS = """NOT EXISTS (
    SELECT 1 FROM model_scores AS o WHERE o.model_no = s.model_no AND o.key_no = s.key_no
    AND o.dataset_no IN (SELECT value FROM json_each(?))
    AND (o.timestamp, o.step, -o.dataset_no) > (s.timestamp, s.step, -s.dataset_no)
)"""


_ALWAYS = Sql("1")


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows of one kind in the order of `column`; without one they are what the others leave, in the order that follows.

    `source` is what goes after FROM, with the subject's table in it, and `condition` holds for the rows meant. The
    first key of their order is `kind`. Where a subject may have a row in several walks of one kind, `counts` says which
    of them does.
    """

    kind: int
    source: Sql
    condition: Sql
    column: str = ""
    counts: Sql = _ALWAYS


def walks(connection: sqlite3.Connection, subject: Subject, query: Query) -> list[Walk] | None:
    """Return what to walk along for an order, by rising kind; None if no index holds that order."""
    term = query.order.terms[0]
    found: list[Walk] | None
    part = term.field.part and term.field.part.name
    match term.field.entity:
        case Entity.METRIC if part not in _INDEXED_PARTS:
            return None
        case Entity.METRIC if subject is Subject.RUNS:
            found = _run_metric(connection, term)
        case Entity.METRIC:
            found = _model_metric(connection, term)
        case Entity.PARAM | Entity.TAG:
            found = _text(subject, term)
        case _:
            return None
    return _finite(found) if found and query.finite else found


def _finite(found: list[Walk]) -> list[Walk]:
    """Leave out what is no finite number."""
    within = Sql("{} BETWEEN ? AND ?", (-GREATEST, GREATEST))
    return [
        replace(
            walk, condition=joined([walk.condition, within._replace(text=f"{walk.column} BETWEEN ? AND ?")], " AND ")
        )
        for walk in found
        if walk.kind == NUMBER
    ]


def _source(subject: Subject, table: str) -> Sql:
    own, subjects = OWN_KEY[subject], subject.value
    return Sql(f"{table} AS s CROSS JOIN {subjects} ON {subjects}.{own} = s.{own}")


def _text(subject: Subject, term: Term) -> list[Walk]:
    own, subjects = OWN_KEY[subject], subject.value
    table = f"{SINGULAR[subject]}_{term.field.entity}"
    # The only part of a text is its number.
    column, known = ("s.number", "s.key = ? AND s.number IS NOT NULL") if term.field.part else ("s.value", "s.key = ?")
    there = Sql(known, (term.field.key,))
    missing = f"NOT EXISTS (SELECT 1 FROM {table} AS s WHERE s.{own} = {subjects}.{own} AND {known})"
    return [
        Walk(_THERE, _source(subject, table), there, column),
        Walk(_NOT_THERE, Sql(subjects), Sql(missing, (term.field.key,))),
    ]


def _number(connection: sqlite3.Connection, sql: str, *values: object) -> int | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else int(row[0])


def _run_metric(connection: sqlite3.Connection, term: Term) -> list[Walk]:
    key_no = _number(connection, _KEY, term.field.key)
    if key_no is None:
        return [Walk(MISSING, Sql("runs"), Sql("1"))]
    source = _source(Subject.RUNS, "series")
    own, of_models = (Sql(f"s.key_no = ? AND s.of_model = {number}", (key_no,)) for number in (0, 1))
    missing = "NOT EXISTS (SELECT 1 FROM series AS s WHERE s.run_no = runs.run_no AND s.key_no = ?)"
    left = Walk(MISSING, Sql("runs"), Sql(missing, (key_no,)))
    if _number(connection, _HAS_MODELS, key_no):
        return [*_by_kind(source, [own, of_models], "s.last_value", Sql(_LATEST_OF_ALL)), left]
    return [*_by_kind(source, [own], "s.last_value"), left]


def _by_kind(source: Sql, there: Sequence[Sql], column: str, counts: Sql = _ALWAYS) -> list[Walk]:
    return [
        Walk(kind, source, Sql(f"{rows.text} AND {column} IS {null} NULL", rows.values), column, counts)
        for kind, null in ((NUMBER, "NOT"), (NAN, ""))
        for rows in there
    ]


def _model_metric(connection: sqlite3.Connection, term: Term) -> list[Walk] | None:
    key_no = _number(connection, _KEY, term.field.key)
    numbers = [] if key_no is None else _dataset_numbers(connection, key_no, term.dataset)
    if len(numbers) > _MOST_DATASETS:
        return None
    among = orjson.dumps(numbers).decode()
    newest = Sql(_NEWEST_OF_DATASETS, (among,)) if len(numbers) > 1 else _ALWAYS
    there = [Sql("s.key_no = ? AND s.dataset_no = ?", (key_no, number)) for number in numbers]
    missing = (
        "NOT EXISTS (SELECT 1 FROM model_scores AS s WHERE s.model_no = models.model_no AND s.key_no = ?"
        " AND s.dataset_no IN (SELECT value FROM json_each(?)))"
    )
    return [
        *_by_kind(_source(Subject.MODELS, "model_scores"), there, "s.value", newest),
        Walk(MISSING, Sql("models"), Sql(missing, (key_no, among)) if numbers else Sql("1")),
    ]


def _dataset_numbers(connection: sqlite3.Connection, key_no: int, dataset: DatasetFilter | None) -> list[int]:
    if dataset is None:
        found: list[Any] = connection.execute(_ALL_DATASETS, (key_no,)).fetchall()
    else:
        found = connection.execute(_DATASETS, (dataset.name, dataset.digest, dataset.digest)).fetchall()
    return [number for (number,) in found]
