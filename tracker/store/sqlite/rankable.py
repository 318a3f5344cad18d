"""Read what rankings need of very many checkpoints: columns, and the rows of which there are none yet."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ...entities import DatasetRef, ModelInfo
from ...errors import StoreError
from ...filter import Expression, Subject, parse
from ..batch import param_hash
from ..interface import Found, ModelPoints, Query
from ..model_columns import (
    CHUNK,
    ModelColumns,
    ScoreColumns,
    decode_models,
    decode_scores,
    joined_models,
    joined_scores,
    model_columns,
    score_columns,
)
from . import plans, search

# What columns hold by themselves: checkpoints whose files are in place.
READY: Expression = parse("status = 'READY'", Subject.MODELS)

_CHUNKS = f"SELECT coalesce(max(model_no), 0) / {CHUNK} + 1 FROM models"
_PIECES = """
SELECT c.chunk, c.data FROM json_each(?) AS j CROSS JOIN model_columns AS c
ON c.chunk = j.value AND c.key_no = ? AND c.dataset_no = ?
"""
_FACTS = "models.model_no, models.experiment_id, models.run_no, models.step, models.params_hash"
_MODELS = f"""
SELECT {_FACTS} FROM models WHERE model_no BETWEEN ? AND ? AND status = 'READY' AND lifecycle_stage = 'active'
"""
# The signs keep SQLite to the primary key: a range of models is wanted, not all that have the metric.
_SCORES = """
SELECT model_no, value FROM model_scores
WHERE model_no BETWEEN ? AND ? AND +key_no = ? AND +dataset_no = ?
"""
# In the order logged, as far as it matters: of points of one time and step the one in `model_scores` came last.
_POINTS = """
WITH wanted AS (SELECT value AS number FROM json_each(?3))
SELECT model_no, step, timestamp, value, 0 AS is_newest, point_no AS place FROM wanted CROSS JOIN older_points
ON model_no = number AND key_no = ?1 AND dataset_no = ?2
UNION ALL
SELECT model_no, step, timestamp, value, 1, 0 FROM wanted CROSS JOIN model_scores
ON model_no = number AND key_no = ?1 AND dataset_no = ?2
ORDER BY model_no, is_newest, place
"""
_SOME_SCORES = """
SELECT model_no, value FROM (SELECT value AS number FROM json_each(?)) AS j CROSS JOIN model_scores
ON model_no = j.number AND key_no = ? AND dataset_no = ?
"""
# Of so few models the rows are read.
_FEW = 2000

log = logging.getLogger("tracker")

Row = tuple[Any, ...]
Numbers = NDArray[np.int64]


class SqliteRankable:
    """What rankings read, as the store was at one time; see `interface.Rankable`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def measured_on(self, key: str, query: Query) -> dict[int, DatasetRef | None]:
        """Return the datasets that a metric of the matching models was measured on, by number; None is no dataset."""
        return search.measured_on(self._connection, key, query)

    def best(self, query: Query) -> Found[ModelInfo]:
        """Return the logged models that match, in order."""
        return search.search_models(self._connection, query)

    def models(self, query: Query) -> ModelColumns:
        """Return the facts of all models that match, whatever the limit."""
        return models(self._connection, query)

    def scores(self, key: str, dataset_no: int, model_nos: Numbers) -> ScoreColumns:
        """Return the newest values of a metric on a dataset: those of some models, and perhaps of others."""
        return scores(self._connection, search.number_of(self._connection, key), dataset_no, model_nos)

    def points(self, key: str, dataset_no: int, model_nos: Numbers) -> ModelPoints:
        """Return all points of a metric on a dataset of some models, by rising number of the model."""
        return points(self._connection, search.number_of(self._connection, key), dataset_no, model_nos)

    def texts(self, family: str, key: str, model_nos: Numbers) -> tuple[list[str], Numbers]:
        """Return the values of a param or a tag (the family: params, tags), and the place of each model's, else -1."""
        return texts(self._connection, f"model_{family}", key, model_nos)

    def parents(self) -> dict[int, str]:
        """Return the parent's ID of each run that has one, by the run's number."""
        return parents(self._connection)

    def hashes(self, params: Sequence[str], model_nos: Numbers) -> Numbers:
        """Return the XOR of the hashes of some params of each model, 0 where it has none of them."""
        return hashes(self._connection, params, model_nos)

    def by_number(self, numbers: Sequence[int]) -> list[ModelInfo]:
        """Return logged models by their numbers, in that order."""
        return search.models_by_number(self._connection, numbers)


def models(connection: sqlite3.Connection, query: Query) -> ModelColumns:
    """Return the facts of all models that match, whatever the query's limit."""
    if query.where == READY and not query.datasets:
        return _in_experiments(_ready(connection), query.experiment_ids)
    return model_columns(sorted(plans.matching(connection, query, _FACTS)))


def scores(connection: sqlite3.Connection, key_no: int, dataset_no: int, model_nos: Numbers) -> ScoreColumns:
    """Return the newest values of a metric on a dataset: those of some models, and perhaps others too."""
    if len(model_nos) <= _FEW:
        numbers = orjson.dumps(model_nos.tolist()).decode()
        return score_columns(connection.execute(_SOME_SCORES, (numbers, key_no, dataset_no)))
    pieces, loose = _pieces(connection, key_no, dataset_no)
    try:
        packed = decode_scores(pieces)
    except StoreError as problem:
        packed, loose = decode_scores([]), _everything(problem)
    rows = [connection.execute(_SCORES, (*numbers, key_no, dataset_no)) for numbers in loose]
    return joined_scores([packed, *map(score_columns, rows)])


def points(connection: sqlite3.Connection, key_no: int, dataset_no: int, model_nos: Numbers) -> ModelPoints:
    """Return all points of a metric on a dataset of some models, by rising number of the model."""
    numbers = orjson.dumps(model_nos.tolist()).decode()
    rows = connection.execute(_POINTS, (key_no, dataset_no, numbers)).fetchall()
    numbers_, steps, timestamps = np.array([row[:3] for row in rows], dtype=np.int64).reshape(-1, 3).T
    return ModelPoints(numbers_, steps, timestamps, np.array([row[3] for row in rows], dtype=np.float64))


def texts(connection: sqlite3.Connection, table: str, key: str, model_nos: Numbers) -> tuple[list[str], Numbers]:
    """Return the values of a param or a tag, and for each model the place of its value among them, else -1."""
    sql = f"SELECT value, json_group_array(model_no) FROM {table} WHERE key = ? GROUP BY value"
    found = connection.execute(sql, (key,)).fetchall()
    numbers = [np.array(orjson.loads(each), dtype=np.int64) for _, each in found]
    owners = np.concatenate([np.empty(0, np.int64), *numbers])
    values = np.repeat(np.arange(len(found)), [len(each) for each in numbers])
    result = np.full(len(model_nos), -1)
    if len(model_nos):
        places = np.minimum(np.searchsorted(model_nos, owners), len(model_nos) - 1)
        there = model_nos[places] == owners
        result[places[there]] = values[there]
    return [value for value, _ in found], result


def parents(connection: sqlite3.Connection) -> dict[int, str]:
    """Return the parent's ID of each run that has one, by the run's number."""
    found = connection.execute("SELECT run_no, parent_run_id FROM runs WHERE parent_run_id IS NOT NULL")
    return dict(found.fetchall())


def hashes(connection: sqlite3.Connection, keys: Sequence[str], model_nos: Numbers) -> Numbers:
    """Return the XOR of the hashes of some params of each model, 0 where it has none of them."""
    result = np.zeros(len(model_nos), dtype=np.int64)
    for key in keys:
        values, places = texts(connection, "model_params", key, model_nos)
        # The last one stands for none.
        known = np.array([*(param_hash(key, value) for value in values), 0], dtype=np.int64)
        result ^= known[places]
    return result


def _ready(connection: sqlite3.Connection) -> ModelColumns:
    pieces, loose = _pieces(connection, 0, 0)
    try:
        packed = decode_models(pieces)
    except StoreError as problem:
        packed, loose = decode_models([]), _everything(problem)
    return joined_models([packed, *(model_columns(connection.execute(_MODELS, numbers)) for numbers in loose)])


def _everything(problem: StoreError) -> list[tuple[int, int]]:
    """Return the range of all models: what columns were made of is still there."""
    log.warning("%s; the rows that they were made of are read instead", problem)
    return [(0, 2**63 - 1)]


def _in_experiments(found: ModelColumns, experiment_ids: Sequence[str] | None) -> ModelColumns:
    if experiment_ids is None:
        return found
    return found.where(np.isin(found.experiment_ids, [int(number) for number in experiment_ids]))


def _pieces(
    connection: sqlite3.Connection, key_no: int, dataset_no: int
) -> tuple[list[tuple[int, bytes]], list[tuple[int, int]]]:
    """Return the pieces of a metric, and the ranges of model numbers that are in no columns yet."""
    (chunks,) = connection.execute(_CHUNKS).fetchone()
    all_chunks = orjson.dumps(list(range(chunks))).decode()
    packed_sql = _PIECES.replace("c.chunk, c.data", "c.chunk")
    packed = {chunk for (chunk,) in connection.execute(packed_sql, (all_chunks, 0, 0))}
    pieces: list[Row] = connection.execute(_PIECES, (all_chunks, key_no, dataset_no)).fetchall()
    loose = [(chunk * CHUNK, chunk * CHUNK + CHUNK - 1) for chunk in range(chunks) if chunk not in packed]
    return [(chunk, data) for chunk, data in pieces], loose
