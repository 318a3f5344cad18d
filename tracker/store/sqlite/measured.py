"""Write what models were measured at: the newest point of each metric and dataset, and the older ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import orjson

from ...journal import ModelBlock
from ..batch import NO_DATASET, Batch
from ..model_points import Points, joined, not_among, points, settled
from .numbers import Numbers

_KNOWN = """
SELECT model_no, key_no, dataset_no, run_no, value, step, timestamp FROM model_scores
WHERE model_no IN (SELECT value FROM json_each(?))
"""
_OLDER = """
SELECT model_no, key_no, dataset_no, run_no, value, step, timestamp FROM older_points
WHERE model_no IN (SELECT value FROM json_each(?))
"""
_SCORE = """
INSERT INTO model_scores (model_no, key_no, dataset_no, run_no, value, step, timestamp) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET run_no = excluded.run_no, value = excluded.value, step = excluded.step,
    timestamp = excluded.timestamp
"""
_OLDER_POINT = """
INSERT INTO older_points (model_no, key_no, dataset_no, run_no, value, step, timestamp) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def write_points(connection: sqlite3.Connection, batch: Batch, numbers: Numbers) -> None:
    """Write a batch's points of models, of which the store has the numbers."""
    if not (batch.model_points or batch.model_blocks):
        return
    added = joined([points(_rows(batch, numbers)), _of_blocks(batch.model_blocks, numbers)])
    measured = orjson.dumps(np.unique(added.model_nos).tolist()).decode()
    known = points(connection.execute(_KNOWN, (measured,)).fetchall())
    newest, older = settled(known, added)
    if len(older.steps):
        among = orjson.dumps(np.unique(older.model_nos).tolist()).decode()
        older = not_among(older, known, points(connection.execute(_OLDER, (among,)).fetchall()))
    connection.executemany(_OLDER_POINT, older.rows())
    connection.executemany(_SCORE, newest.rows())


def _rows(batch: Batch, numbers: Numbers) -> Iterator[tuple[int | float | None, ...]]:
    for row in batch.model_points:
        dataset = numbers.datasets[row.dataset_name, row.dataset_digest]
        where = numbers.models[row.model_id], numbers.keys[row.key], dataset, numbers.runs[row.run_id]
        yield *where, row.value, row.step, row.timestamp


def _of_blocks(blocks: list[ModelBlock], numbers: Numbers) -> Points:
    """Return the points of blocks in the order logged."""
    found = joined([points([]), *(_of_block(block, numbers) for block in blocks)])
    places = [np.repeat(block.places, len(block.keys)) for block in blocks]
    return found.where(np.argsort(np.concatenate(places), kind="stable")) if len(blocks) > 1 else found


def _of_block(block: ModelBlock, numbers: Numbers) -> Points:
    calls, metrics = len(block.model_ids), len(block.keys)
    name = (block.dataset.name, block.dataset.digest) if block.dataset else NO_DATASET
    models = np.fromiter((numbers.models[model_id] for model_id in block.model_ids), np.int64, calls)
    return Points(
        np.repeat(models, metrics),
        np.tile([numbers.keys[key] for key in block.keys], calls).astype(np.int64),
        np.full(calls * metrics, numbers.datasets[name]),
        np.full(calls * metrics, numbers.runs[block.run_id]),
        np.ascontiguousarray(block.values.T).reshape(-1),
        np.repeat(block.steps, metrics),
        np.repeat(block.timestamps, metrics),
    )
