"""Where the SQLite schema keeps each field, and the rows that hold it.

The query around has the table `runs`, `models` or `experiments` under its own name, or under an alias that it says; the
aliases here are single letters, so they never hide it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .tree import DatasetFilter, Entity, Field, Part, PartName, Subject, Value
from .vocabulary import GOAL_TAG, MAXIMIZE, MINIMIZE


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


NULLABLE: Mapping[Subject, frozenset[str]] = {
    Subject.RUNS: frozenset({"parent_run_id", "end_time"}),
    Subject.MODELS: frozenset({"parent_run_id", "step"}),
    Subject.EXPERIMENTS: frozenset(),
    Subject.REGISTERED_MODELS: frozenset(),
    Subject.MODEL_VERSIONS: frozenset(),
}
# What links other tables to a subject's; to a version's its number too.
OWN_KEY: Mapping[Subject, str] = {
    Subject.RUNS: "run_no",
    Subject.MODELS: "model_no",
    Subject.EXPERIMENTS: "experiment_id",
    Subject.REGISTERED_MODELS: "registered_no",
    Subject.MODEL_VERSIONS: "registered_no",
}
SINGULAR: Mapping[Subject, str] = {
    Subject.RUNS: "run",
    Subject.MODELS: "model",
    Subject.EXPERIMENTS: "experiment",
    Subject.REGISTERED_MODELS: "registered_model",
    Subject.MODEL_VERSIONS: "model_version",
}
KEY_NO = "(SELECT k.key_no FROM metric_keys AS k WHERE k.key = ?)"
# What a model has of the run that made it.
OF_SOURCE_RUN = {"source_run_id": "run_id", "parent_run_id": "parent_run_id"}
# What the run logged itself goes before what its models were measured at; then the newest.
CURVE = " ORDER BY s.of_model, s.last_step DESC, s.last_timestamp DESC, s.dataset_no LIMIT 1"
# A run's latest value is its models' too, as in MLflow.
LATEST = (
    " ORDER BY s.last_step DESC, s.last_timestamp DESC, coalesce(s.last_value, 0) DESC, s.of_model, s.dataset_no"
    " LIMIT 1"
)
NEWEST = " ORDER BY m.timestamp DESC, m.step DESC, m.dataset_no LIMIT 1"
LAST = " ORDER BY m.step DESC, m.timestamp DESC, coalesce(m.value, 0) DESC, m.value IS NULL LIMIT 1"
FIRST = " ORDER BY m.step, m.timestamp, coalesce(m.value, 0), m.value IS NULL LIMIT 1"
# The store's functions tell NaN from what is not there, as text.
NUMBER_AT = "nullif(p.value, 'nan')"
LAST_AT = f" ORDER BY p.timestamp DESC, coalesce({NUMBER_AT}, 0) DESC, p.first_point DESC LIMIT 1"
# The greatest finite double: SQLite has no function that tells infinities.
GREATEST = "1.7976931348623157e308"


def attribute(subject: Subject, name: str, alias: str = "") -> str:
    """Write an attribute's value."""
    alias = alias or subject.value
    if subject is Subject.MODELS and name in OF_SOURCE_RUN:
        return f"(SELECT r.{OF_SOURCE_RUN[name]} FROM runs AS r WHERE r.run_no = {alias}.run_no)"
    column = f"{alias}.{name}"
    if name == "artifact_uri":
        return f"('mlflow-artifacts:/' || {alias}.experiment_id || '/' || {alias}.run_id || '/artifacts')"
    # Users know it as text, so '03' is not 3 and LIKE has something to look at.
    return f"CAST({column} AS TEXT)" if name == "experiment_id" else column


def rows(
    subject: Subject,
    field: Field,
    datasets: Sequence[DatasetFilter] = (),
    *,
    newest: bool = False,
    alias: str = "",
) -> Rows:
    """Find the rows of a field that is not an attribute; a model's metrics only on the given datasets.

    Of a model's metric without a part that is all points, or the newest one.
    """
    alias = alias or subject.value
    match field.entity:
        case Entity.METRIC if subject is Subject.RUNS:
            return _run_metric(field.key, field.part or Part(PartName.LATEST), alias)
        case Entity.METRIC:
            part = Part(PartName.LATEST) if newest and field.part is None else field.part
            return _model_metric(field.key, part, alias, among_datasets("m", datasets))
        case Entity.DATASET:
            return _dataset(subject, field.key, alias)
        case _:
            return _text(subject, field, alias)


def _text(subject: Subject, field: Field, alias: str) -> Rows:
    own = OWN_KEY[subject]
    source = f"{SINGULAR[subject]}_{field.entity} AS t WHERE t.{own} = {alias}.{own} AND t.key = ?"
    if subject is Subject.MODEL_VERSIONS:
        source += f" AND t.version = {alias}.version_number"
    if field.part:
        return Rows(Sql(f"{source} AND t.number IS NOT NULL", (field.key,)), "t.number", number="t.number")
    return Rows(Sql(source, (field.key,)), "t.value", number="t.number")


def _run_metric(key: str, part: Part, alias: str) -> Rows:
    source = Sql(f"series AS s WHERE s.run_no = {alias}.run_no AND s.key_no = {KEY_NO}", (key,))
    match part.name:
        case PartName.LATEST:
            return Rows(source, "s.last_value", choice=LATEST)
        case PartName.LAST:
            return Rows(source, "s.last_value", choice=CURVE)
        case PartName.FIRST:
            return Rows(source, "s.first_value", choice=CURVE)
        case PartName.AT:
            return _point_at(Sql(f"(SELECT s.series_no FROM {source.text}{CURVE})", source.values), part.step)
        case name:
            value = _extreme(name, "s.min_value", "s.max_value", _goal(key, f"{alias}.run_no"))
            return _selected(value, source, CURVE)


def _point_at(series_no: Sql, step: int) -> Rows:
    points = (
        "(SELECT value_at(g.data, ?) AS value, timestamp_at(g.data, ?) AS timestamp, g.first_point FROM segments AS g"
        f" WHERE g.series_no = {series_no.text} AND ? BETWEEN g.first_step AND g.last_step) AS p"
    )
    values = (step, step, *series_no.values, step)
    return Rows(Sql(f"{points} WHERE p.value IS NOT NULL", values), NUMBER_AT, choice=LAST_AT)


def _model_metric(key: str, part: Part | None, alias: str, among: Sql) -> Rows:
    condition = f"WHERE m.model_no = {alias}.model_no AND m.key_no = {KEY_NO}{among.text}"
    values = (key, *among.values)
    if part is None:
        return Rows(Sql(f"model_points AS m {condition}", values), "m.value", many=True)
    source = _points(condition, values)
    match part.name:
        case PartName.LATEST:
            return Rows(Sql(f"model_scores AS m {condition}", values), "m.value", choice=NEWEST)
        case PartName.FIRST:
            return Rows(source, "m.value", choice=FIRST)
        case PartName.LAST:
            return Rows(source, "m.value", choice=LAST)
        case PartName.AT:
            return Rows(Sql(f"{source.text} AND m.step = ?", (*source.values, part.step)), "m.value", choice=LAST)
        case name:
            value = _extreme(name, "min(m.value)", "max(m.value)", _goal(key, f"{alias}.run_no"))
            return _selected(value, Sql(f"{source.text} AND abs(m.value) <= {GREATEST}", source.values), "")


def _points(condition: str, values: tuple[Value | None, ...]) -> Sql:
    # The conditions are said of each table, since SQLite brings none into a view that is sorted or summed up.
    columns = "SELECT m.value, m.step, m.timestamp FROM"
    both = f"{columns} model_scores AS m {condition} UNION ALL {columns} older_points AS m {condition}"
    return Sql(f"({both}) AS m WHERE TRUE", (*values, *values))


def _extreme(name: PartName, least: str, greatest: str, goal: Sql) -> Sql:
    if name is not PartName.BEST:
        return Sql(least if name is PartName.MIN else greatest)
    best = f"CASE {goal.text} WHEN '{MINIMIZE}' THEN {least} WHEN '{MAXIMIZE}' THEN {greatest} END"
    return Sql(best, goal.values)


def _goal(key: str, run_no: str) -> Sql:
    """Write which way a metric is best, by a tag of a run or else of its parent; NULL if none says it."""
    said = f"t.key = ? AND t.value IN ('{MINIMIZE}', '{MAXIMIZE}')"
    own = f"SELECT t.value FROM run_tags AS t WHERE t.run_no = {run_no} AND {said}"
    parents = (
        f"SELECT t.value FROM runs AS r JOIN runs AS q ON q.run_id = r.parent_run_id JOIN run_tags AS t"
        f" ON t.run_no = q.run_no WHERE r.run_no = {run_no} AND {said}"
    )
    return Sql(f"coalesce(({own}), ({parents}))", (GOAL_TAG + key, GOAL_TAG + key))


def _selected(value: Sql, source: Sql, choice: str) -> Rows:
    """Make one value that may be missing into rows: one or none."""
    chosen = f"(SELECT {value.text} AS value FROM {source.text}{choice}) AS p WHERE p.value IS NOT NULL"
    return Rows(Sql(chosen, (*value.values, *source.values)), "p.value")


def _dataset(subject: Subject, key: str, alias: str) -> Rows:
    own = OWN_KEY[subject]
    table = "inputs" if subject is Subject.RUNS else "model_scores"
    source = f"{table} AS i JOIN datasets AS d USING (dataset_no) WHERE i.{own} = {alias}.{own}"
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


def known_keys(keys: Collection[str]) -> Sql:
    """Write the query for those of some literal keys that there are: see `settle.literal_keys`."""
    ends = f".{PartName.NUMBER}"
    of_params = json.dumps([key for key in keys if key.lower().endswith(ends)])
    of_metrics = json.dumps([key for key in keys if not key.lower().endswith(ends)])
    asked = "SELECT j.value AS key FROM json_each(?) AS j WHERE"
    query = (
        f"{asked} EXISTS (SELECT 1 FROM metric_keys AS k WHERE k.key = j.value) UNION ALL "
        f"{asked} EXISTS (SELECT 1 FROM run_params AS t WHERE t.key = j.value)"
        " OR EXISTS (SELECT 1 FROM model_params AS t WHERE t.key = j.value)"
    )
    return Sql(query, (of_metrics, of_params))
