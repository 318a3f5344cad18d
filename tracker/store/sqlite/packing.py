"""Make columns of what is ranked by: of so many models a piece for each metric and dataset, once they are let alone."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import Any

from ..model_columns import CHUNK, encode_models, encode_scores, model_columns, score_columns
from .plain import transaction

# How many pieces of the range of numbers are made after one commit: each takes some ten milliseconds.
_AT_ONCE = 2

# The last piece is still growing.
_UNPACKED = f"""
WITH RECURSIVE chunks (chunk) AS (
    SELECT 0 UNION ALL SELECT chunk + 1 FROM chunks
    WHERE chunk + 1 < (SELECT coalesce(max(model_no), 0) / {CHUNK} FROM models)
)
SELECT chunk FROM chunks
WHERE chunk < (SELECT coalesce(max(model_no), 0) / {CHUNK} FROM models) AND chunk NOT IN (
    SELECT value FROM json_each(?)
) AND NOT EXISTS (
    SELECT 1 FROM model_columns AS c WHERE c.chunk = chunks.chunk AND c.key_no = 0 AND c.dataset_no = 0
) LIMIT {_AT_ONCE}
"""
_MODELS = """
SELECT model_no, experiment_id, run_no, step, params_hash FROM models
WHERE model_no BETWEEN ? AND ? AND status = 'READY' AND lifecycle_stage = 'active' ORDER BY model_no
"""
_SCORES = """
SELECT key_no, dataset_no, model_no, value FROM model_scores WHERE model_no BETWEEN ? AND ?
ORDER BY key_no, dataset_no, model_no
"""
_PIECE = "INSERT INTO model_columns (chunk, key_no, dataset_no, data) VALUES (?, ?, ?, ?)"

Row = tuple[Any, ...]


def pack(connection: sqlite3.Connection, touched: str) -> None:
    """Make some of the columns that are missing, but of the pieces that were touched just now; a JSON array of these.

    The caller holds the writer's lock.
    """
    for (chunk,) in connection.execute(_UNPACKED, (touched,)).fetchall():
        _pack(connection, int(str(chunk)))


def _pack(connection: sqlite3.Connection, chunk: int) -> None:
    numbers = chunk * CHUNK, chunk * CHUNK + CHUNK - 1
    models: list[Row] = connection.execute(_MODELS, numbers).fetchall()
    scores: list[Row] = connection.execute(_SCORES, numbers).fetchall()
    pieces = _pieces(chunk, models, scores)
    with transaction(connection):
        connection.executemany(_PIECE, pieces)


def _pieces(chunk: int, models: list[Row], scores: list[Row]) -> list[tuple[int, int, int, bytes]]:
    made = [(chunk, 0, 0, encode_models(chunk, model_columns(models)))]
    for (key_no, dataset_no), rows in groupby(scores, key=lambda row: row[:2]):
        data = encode_scores(chunk, score_columns((row[2], row[3]) for row in rows))
        made.append((chunk, key_no, dataset_no, data))
    return made
