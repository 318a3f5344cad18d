"""What a batch names by text, by the store's numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from ..batch import Batch, CurveKey

_RUN_NOS = "SELECT run_id, run_no FROM runs WHERE run_id IN (SELECT value FROM json_each(?))"
_MODEL_NOS = "SELECT model_id, model_no FROM models WHERE model_id IN (SELECT value FROM json_each(?))"
_KEY_NOS = "SELECT key, key_no FROM metric_keys WHERE key IN (SELECT value FROM json_each(?))"
_DATASET_NOS = "SELECT name, digest, dataset_no FROM datasets"


class Numbers(NamedTuple):
    """The store's numbers for what a batch names."""

    runs: Mapping[str, int]
    models: Mapping[str, int]
    keys: Mapping[str, int]
    datasets: Mapping[tuple[str, str], int]

    def curve(self, curve: CurveKey) -> tuple[int, int, int, int]:
        """Return what a curve goes by in the tables."""
        dataset = self.datasets[curve.dataset_name, curve.dataset_digest]
        return self.runs[curve.run_id], self.keys[curve.key], curve.of_model, dataset


def numbers_of(connection: sqlite3.Connection, batch: Batch, models: Mapping[str, int]) -> Numbers:
    """Return the numbers of all that a batch names and the store now has; those of some models are known."""
    datasets: list[Any] = connection.execute(_DATASET_NOS).fetchall()
    touched = {
        *(row.model_id for row in batch.models),
        *(row.owner for row in batch.model_params),
        *(model_id for model_id, _, _ in batch.finished_models),
        *batch.measured_models,
    }
    return Numbers(
        _numbered(connection, _RUN_NOS, batch.mentioned),
        {**models, **model_numbers(connection, touched.difference(models))},
        _numbered(connection, _KEY_NOS, batch.metric_keys),
        {(name, digest): number for name, digest, number in datasets},
    )


def model_numbers(connection: sqlite3.Connection, model_ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers of those models that the store has, by their IDs."""
    return _numbered(connection, _MODEL_NOS, model_ids)


def _numbered(connection: sqlite3.Connection, sql: str, names: Iterable[str]) -> dict[str, int]:
    wanted = orjson.dumps(list(names)).decode()
    found: list[Any] = connection.execute(sql, (wanted,)).fetchall() if names else []
    return dict(found)
