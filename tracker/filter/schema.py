"""Where the SQLite schema keeps each field, and the rows that hold it.

The query around has the table `runs`, `models` or `experiments` under its own name; the aliases here are single
letters, so they never hide it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .tree import DatasetFilter, Entity, Field, Subject, Value


class Sql(NamedTuple):
    """A piece of SQL and the values of its question marks, in their order."""

    text: str
    values: tuple[Value | None, ...] = ()


def joined(parts: Sequence[Sql], word: str, *, in_parentheses: bool = False) -> Sql:
    """Join pieces by a word."""
    text = word.join(part.text for part in parts)
    return Sql(f"({text})" if in_parentheses else text, tuple(value for part in parts for value in part.values))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that hold a field of the subject at hand.

    `source` goes after FROM and ends in a WHERE. `number` is the column of the value as a (finite) number, if there
    is one. Where several rows may match and one counts, `choice` puts that one first and takes it; where each
    counts, `many` is set.
    """

    source: Sql
    column: str
    number: str = ""
    choice: str = ""
    many: bool = False


NULLABLE = frozenset({"parent_run_id", "end_time", "step"})
# What links other tables to a subject's.
OWN_KEY: Mapping[Subject, str] = {
    Subject.RUNS: "run_no",
    Subject.MODELS: "model_no",
    Subject.EXPERIMENTS: "experiment_id",
}
SINGULAR: Mapping[Subject, str] = {
    Subject.RUNS: "run",
    Subject.MODELS: "model",
    Subject.EXPERIMENTS: "experiment",
}
KEY_NO = "(SELECT k.key_no FROM metric_keys AS k WHERE k.key = ?)"
# What a model has of the run that made it.
OF_SOURCE_RUN = {
    "source_run_id": "(SELECT r.run_id FROM runs AS r WHERE r.run_no = models.run_no)",
    "parent_run_id": "(SELECT r.parent_run_id FROM runs AS r WHERE r.run_no = models.run_no)",
}
# What the run logged itself goes before what its models were measured at; then the newest.
LATEST = " ORDER BY s.of_model, s.last_step DESC, s.last_timestamp DESC, s.dataset_no LIMIT 1"
NEWEST = " ORDER BY m.timestamp DESC, m.step DESC, m.dataset_no LIMIT 1"


def attribute(subject: Subject, name: str) -> str:
    """Write an attribute's value."""
    if subject is Subject.MODELS and name in OF_SOURCE_RUN:
        return OF_SOURCE_RUN[name]
    column = f"{subject.value}.{name}"
    # Users know it as text, so '03' is not 3 and LIKE has something to look at.
    return f"CAST({column} AS TEXT)" if name == "experiment_id" else column


def rows(subject: Subject, field: Field, datasets: Sequence[DatasetFilter] = (), *, newest: bool = False) -> Rows:
    """Find the rows of a field that is not an attribute; a model's metrics only on the given datasets.

    Of a model's metric that is all points, or the newest one.
    """
    match field.entity:
        case Entity.METRIC if subject is Subject.RUNS:
            return _run_metric(field.key)
        case Entity.METRIC:
            return _model_metric(field.key, datasets, newest=newest)
        case Entity.DATASET:
            return _dataset(subject, field.key)
        case _:
            return _text(subject, field)


def _own(subject: Subject, alias: str) -> str:
    key = OWN_KEY[subject]
    return f"{alias}.{key} = {subject.value}.{key}"


def _text(subject: Subject, field: Field) -> Rows:
    table = f"{SINGULAR[subject]}_{field.entity}"
    source = f"{table} AS t WHERE {_own(subject, 't')} AND t.key = ?"
    return Rows(Sql(source, (field.key,)), "t.value", number="t.number")


def _run_metric(key: str) -> Rows:
    source = f"series AS s WHERE {_own(Subject.RUNS, 's')} AND s.key_no = {KEY_NO}"
    return Rows(Sql(source, (key,)), "s.last_value", choice=LATEST)


def _model_metric(key: str, datasets: Sequence[DatasetFilter], *, newest: bool) -> Rows:
    table = "model_scores" if newest else "model_points"
    source = f"{table} AS m WHERE {_own(Subject.MODELS, 'm')} AND m.key_no = {KEY_NO}"
    among = among_datasets("m", datasets)
    choice = NEWEST if newest else ""
    return Rows(Sql(source + among.text, (key, *among.values)), "m.value", choice=choice, many=not newest)


def _dataset(subject: Subject, key: str) -> Rows:
    if subject is Subject.RUNS:
        source = f"inputs AS i JOIN datasets AS d USING (dataset_no) WHERE {_own(subject, 'i')}"
    else:
        source = f"model_scores AS s JOIN datasets AS d USING (dataset_no) WHERE {_own(subject, 's')}"
    column = "i.context" if key == "context" else f"d.{key}"
    # Empty stands for none: a use without a context, a measurement on no dataset.
    return Rows(Sql(f"{source} AND {column} <> ''"), column, many=True)


def among_datasets(alias: str, datasets: Sequence[DatasetFilter]) -> Sql:
    """Restrict rows to some datasets, as one more condition; all go into one bound value, however many they are."""
    if not datasets:
        return Sql("")
    wanted = json.dumps([[dataset.name, dataset.digest] for dataset in datasets])
    numbers = (
        "SELECT d.dataset_no FROM json_each(?) AS j JOIN datasets AS d ON d.name = json_extract(j.value, '$[0]')"
        " AND d.digest = coalesce(json_extract(j.value, '$[1]'), d.digest) AND d.dataset_no > 0"
    )
    return Sql(f" AND {alias}.dataset_no IN ({numbers})", (wanted,))
