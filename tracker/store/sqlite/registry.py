"""Read registered models, what was decided about them, and checkpoints as retention sees them: plain functions."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from ...entities import DatasetRef, Measurement, ModelVersion, RegisteredModel
from ...ranking import Checkpoint, Decision, Promotion, Standing
from ..interface import Query
from . import plans, registered
from .acts import NAN
from .reader import Reader

_PROMOTIONS = """
SELECT promotion_id, timestamp, name, alias, version, promoted, reason, metric, goal, min_lead, lead,
    candidate_id, candidate_value, dataset_name, dataset_digest,
    incumbent_id, incumbent_value, incumbent_dataset_name, incumbent_dataset_digest
FROM promotions
"""
_OF_NAME = f"{_PROMOTIONS} WHERE name = ?1 AND (?2 IS NULL OR alias = ?2) ORDER BY promotion_no"
_OF_ID = f"{_PROMOTIONS} WHERE promotion_id = ?"
_DELETED = """
SELECT model_id FROM json_each(?) AS j CROSS JOIN models ON model_id = j.value WHERE lifecycle_stage = 'deleted'
"""
_PINS = """
SELECT model_id, name, alias FROM model_aliases JOIN model_versions USING (registered_no, version)
    JOIN registered_models USING (registered_no)
WHERE model_id IS NOT NULL AND (?1 IS NULL OR model_id = ?1) ORDER BY name, alias
"""
_CHECKPOINTS = """
SELECT model_no, model_id, run_id, step, creation_timestamp,
    (SELECT coalesce(sum(size), 0) FROM files WHERE owner = model_id)
FROM json_each(?) AS j CROSS JOIN models ON model_no = j.value JOIN runs USING (run_no)
"""
_SCORES = """
SELECT model_no, k.key, s.value, s.step, s.timestamp, dataset_no, datasets.name, digest
FROM json_each(?1) AS j CROSS JOIN model_scores AS s ON model_no = j.value
    JOIN metric_keys AS k USING (key_no) JOIN datasets USING (dataset_no)
WHERE k.key IN (SELECT value FROM json_each(?2))
"""

# More rows than there will ever be.
_ALL = 2**62

Row = tuple[Any, ...]


class SqliteRegistry:
    """Registered models in a file; from any thread."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)

    def registered_models(self) -> list[RegisteredModel]:
        """Return all, by name."""
        with self._reader.snapshot() as connection:
            return registered.all_models(connection)

    def registered_model(self, name: str) -> RegisteredModel | None:
        """Return one by its name; None if there is none of that name."""
        with self._reader.snapshot() as connection:
            return registered.model_named(connection, name)

    def version(self, name: str, wanted: str) -> ModelVersion | None:
        """Return a version by its number, `@alias`, `latest` or a stage, of which it is the newest; None if none is."""
        with self._reader.snapshot() as connection:
            return registered.version_meant(connection, name, wanted)

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a registered model, by number; none if there is no such model."""
        with self._reader.snapshot() as connection:
            return registered.versions_named(connection, name)

    def promotions(self, name: str, alias: str | None = None) -> list[Promotion]:
        """Return what was decided about a registered model, or about one alias of it, in the order decided."""
        with self._reader.snapshot() as connection:
            return [_promotion(row) for row in connection.execute(_OF_NAME, (name, alias))]

    def promotion(self, promotion_id: str) -> Promotion | None:
        """Return one decision; None if it has not been made."""
        with self._reader.snapshot() as connection:
            row = connection.execute(_OF_ID, (promotion_id,)).fetchone()
            return _promotion(row) if row else None

    def deleted(self, model_ids: Collection[str]) -> set[str]:
        """Return those of some logged models that were deleted."""
        with self._reader.snapshot() as connection:
            wanted = orjson.dumps(list(model_ids)).decode()
            return {model_id for (model_id,) in connection.execute(_DELETED, (wanted,))}

    def pins(self, model_id: str) -> tuple[str, ...]:
        """Return which aliases mean a logged model, as `name@alias`."""
        with self._reader.snapshot() as connection:
            return tuple(_pins(connection, model_id)[model_id])

    def checkpoints(self, query: Query, keys: Collection[str]) -> list[Checkpoint]:
        """Return all logged models that a query asks for as checkpoints, with their values of some metrics."""
        with self._reader.snapshot() as connection:
            rows = plans.find(connection, replace(query, limit=_ALL, peek=False))
            return _checkpoints(connection, orjson.dumps([row[0] for row in rows]).decode(), keys)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def _promotion(row: Row) -> Promotion:
    promotion_id, timestamp, name, alias, version, promoted, reason, metric, goal, min_lead, lead, *both = row
    candidate = _standing(metric, *both[:4])
    incumbent = _standing(metric, *both[4:]) if both[4] is not None else None
    decision = Decision(bool(promoted), reason, candidate, incumbent, goal, min_lead, lead)
    return Promotion(promotion_id, timestamp, name, alias, version, decision)


def _standing(metric: str, model_id: str, value: float | str | None, name: str, digest: str) -> Standing:
    dataset = DatasetRef(name, digest) if name else None
    return Standing(model_id, metric, math.nan if value == NAN else value, dataset)  # type: ignore[arg-type]  # no other text


def _pins(connection: sqlite3.Connection, model_id: str | None) -> dict[str, list[str]]:
    pins: dict[str, list[str]] = defaultdict(list)
    for pinned, name, alias in connection.execute(_PINS, (model_id,)):
        pins[pinned].append(f"{name}@{alias}")
    return pins


def _checkpoints(connection: sqlite3.Connection, numbers: str, keys: Collection[str]) -> list[Checkpoint]:
    pins = _pins(connection, None)
    measured: dict[int, list[Row]] = defaultdict(list)
    for number, *row in connection.execute(_SCORES, (numbers, orjson.dumps(list(keys)).decode())):
        measured[number].append(tuple(row))
    return [
        Checkpoint(
            model_id,
            run_id,
            step,
            created,
            size,
            pinned=tuple(pins.get(model_id, ())),
            measurements=tuple(_measurement(run_id, row) for row in measured.get(number, ())),
        )
        for number, model_id, run_id, step, created, size in connection.execute(_CHECKPOINTS, (numbers,))
    ]


def _measurement(run_id: str, row: Row) -> Measurement:
    key, value, step, timestamp, dataset_no, name, digest = row
    dataset = DatasetRef(name, digest) if dataset_no else None
    return Measurement(key, math.nan if value is None else value, step, timestamp, dataset, run_id)
