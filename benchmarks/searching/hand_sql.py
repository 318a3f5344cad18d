"""The best models of a store, by SQL that somebody has written by hand who knows the tables: `sqlite3` and no layers.

Told as much as a search tells (`top`), in one transaction, or IDs and values only (`bare`).
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from ..programs import Facts

BARE = """
SELECT m.model_id, s.value, m.creation_timestamp
FROM model_scores AS s CROSS JOIN models AS m ON m.model_no = s.model_no
WHERE s.key_no = (SELECT key_no FROM metric_keys WHERE key = ?)
    AND s.dataset_no = (SELECT dataset_no FROM datasets WHERE name = ? AND digest = ?)
    AND s.value IS NOT NULL AND m.lifecycle_stage = 'active'
ORDER BY s.value DESC, m.creation_timestamp DESC, m.model_id LIMIT 5
"""
TOP = """
SELECT m.model_no, m.model_id, m.name, m.experiment_id, r.run_id, m.step, m.status, m.model_type,
    m.creation_timestamp, m.last_updated_timestamp, s.value
FROM model_scores AS s CROSS JOIN models AS m ON m.model_no = s.model_no CROSS JOIN runs AS r ON r.run_no = m.run_no
WHERE s.key_no = (SELECT key_no FROM metric_keys WHERE key = ?)
    AND s.dataset_no = (SELECT dataset_no FROM datasets WHERE name = ? AND digest = ?)
    AND s.value IS NOT NULL AND m.lifecycle_stage = 'active'
ORDER BY s.value DESC, m.creation_timestamp DESC, m.model_id LIMIT 5
"""
PARAMS = "SELECT model_no, key, value, json FROM model_params WHERE model_no IN (?, ?, ?, ?, ?)"
TAGS = "SELECT model_no, key, value FROM model_tags WHERE model_no IN (?, ?, ?, ?, ?)"
METRICS = """
SELECT s.model_no, k.key, s.value, s.step, s.timestamp, d.name, d.digest, r.run_id
FROM model_scores AS s CROSS JOIN metric_keys AS k ON k.key_no = s.key_no
    CROSS JOIN datasets AS d ON d.dataset_no = s.dataset_no CROSS JOIN runs AS r ON r.run_no = s.run_no
WHERE s.model_no IN (?, ?, ?, ?, ?)
"""
NAMES = (
    ("model_id", "name", "experiment_id", "run_id", "step", "status", "model_type", "created", "updated", "value"),
    ("key", "value", "step", "timestamp", "dataset", "digest", "run_id"),
)


def connect(database: Path) -> sqlite3.Connection:
    """Open the file of a store for reading."""
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)


def bare(connection: sqlite3.Connection, metric: str, name: str, digest: str) -> list[tuple[str, float, int]]:
    """Return the five with the greatest values."""
    return connection.execute(BARE, (metric, name, digest)).fetchall()


def top(connection: sqlite3.Connection, metric: str, name: str, digest: str) -> list[Facts]:
    """Return the five with the greatest values, each with its params, tags and all that it was measured at."""
    execute = connection.execute
    execute("BEGIN")
    found: dict[int, Facts] = {}
    for number, *row in execute(TOP, (metric, name, digest)):
        found[number] = {**dict(zip(NAMES[0], row, strict=True)), "params": {}, "tags": {}, "metrics": []}
    numbers = [*found, *[0] * (5 - len(found))]
    for number, key, value, as_json in execute(PARAMS, numbers):
        found[number]["params"][key] = value if as_json is None else json.loads(as_json)
    for number, key, value in execute(TAGS, numbers):
        found[number]["tags"][key] = value
    for number, *row in execute(METRICS, numbers):
        found[number]["metrics"].append(dict(zip(NAMES[1], row, strict=True)))
    execute("COMMIT")
    return list(found.values())
