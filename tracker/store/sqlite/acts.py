"""Carry out acts: promotions, aliases, deletions, fences and rewinds, in their order and inside of a commit.

What an act does depends on what is stored. As one process writes at a time, each is decided on the whole of what was
stored before it, however many processes ask at once; and it is decided once, as any record is folded in once.
"""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson

from ...entities import DatasetRef
from ...entities.records import Act, DeleteAlias, DeleteModel, Fence, Promote, Rewind, SetAlias
from ...errors import InvalidInput
from ...ranking import Decision, Standing, decide_promotion
from .plain import value_of
from .rewinding import rewind

NAN = "NaN"
_FITNESS = "SELECT status, lifecycle_stage FROM models WHERE model_id = ?"
_NEWEST = """
SELECT value, datasets.name, digest FROM models JOIN model_scores USING (model_no) JOIN metric_keys USING (key_no)
    JOIN datasets USING (dataset_no)
WHERE model_id = ? AND key = ? ORDER BY timestamp DESC, model_scores.step DESC
"""
_INCUMBENT = """
SELECT model_id FROM registered_models JOIN model_aliases USING (registered_no)
    JOIN model_versions USING (registered_no, version)
    JOIN models USING (model_id)
WHERE registered_models.name = ? AND alias = ? AND lifecycle_stage = 'active'
"""
_REGISTERED = """
INSERT INTO registered_models (name, last_version, creation_timestamp, last_updated_timestamp) VALUES (?1, 0, ?2, ?2)
ON CONFLICT DO NOTHING
"""
_KNOWN_VERSION = """
SELECT max(version) FROM registered_models JOIN model_versions USING (registered_no) WHERE name = ? AND model_id = ?
"""
_NEXT_VERSION = """
UPDATE registered_models SET last_version = last_version + 1, last_updated_timestamp = ?2 WHERE name = ?1
RETURNING last_version
"""
_VERSION = """
INSERT INTO model_versions (registered_no, version, model_id, run_id, source, creation_timestamp,
    last_updated_timestamp)
SELECT registered_no, ?3, ?2, (SELECT run_id FROM models JOIN runs USING (run_no) WHERE model_id = ?2),
    'models:/' || ?2, ?4, ?4
FROM registered_models WHERE name = ?1
"""
# Only a version that there is gets an alias, and none that is a deleted model.
_ALIAS = """
INSERT INTO model_aliases (registered_no, alias, version)
SELECT registered_no, ?2, version FROM registered_models JOIN model_versions AS v USING (registered_no)
WHERE name = ?1 AND version = ?3
    AND NOT EXISTS (SELECT 1 FROM models AS m WHERE m.model_id = v.model_id AND m.lifecycle_stage = 'deleted')
ON CONFLICT DO UPDATE SET version = excluded.version
"""
_NO_ALIAS = """
DELETE FROM model_aliases
WHERE registered_no = (SELECT registered_no FROM registered_models WHERE name = ?) AND alias = ?
"""
_TOUCHED = "UPDATE registered_models SET last_updated_timestamp = ?2 WHERE name = ?1"
_DECIDED = """
INSERT INTO promotions (promotion_id, timestamp, name, alias, version, promoted, reason, metric, goal, min_lead, lead,
    candidate_id, candidate_value, dataset_name, dataset_digest,
    incumbent_id, incumbent_value, incumbent_dataset_name, incumbent_dataset_digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_DELETED = """
UPDATE models SET lifecycle_stage = 'deleted', last_updated_timestamp = ?2
WHERE model_id = ?1 AND lifecycle_stage = 'active' AND NOT EXISTS (
    SELECT 1 FROM model_versions AS v JOIN model_aliases AS a USING (registered_no, version) WHERE v.model_id = ?1
)
"""
_GONE = """
SELECT model_no, model_id FROM json_each(?) AS j CROSS JOIN models ON model_id = j.value
WHERE lifecycle_stage = 'deleted'
"""
_FENCED = "UPDATE runs SET fence = max(fence, ?) WHERE run_id = ?"
_NO_FILES = "DELETE FROM files WHERE owner = ?"


def carry_out(connection: sqlite3.Connection, acts: Sequence[Act]) -> set[int]:
    """Carry out acts, one after the other; one that cannot be changes nothing.

    Returns the numbers of the models that rank no more.
    """
    gone: set[int] = set()
    for kind, group in itertools.groupby(acts, type):
        if kind is DeleteModel:
            gone |= _delete(connection, [act for act in group if isinstance(act, DeleteModel)])
            continue
        for act in group:
            match act:
                case Promote():
                    _promote(connection, act)
                case SetAlias():
                    _set_alias(connection, act.name, act.alias, act.version, act.timestamp)
                case DeleteAlias():
                    connection.execute(_NO_ALIAS, (act.name, act.alias))
                    connection.execute(_TOUCHED, (act.name, act.timestamp))
                case Fence():
                    connection.execute(_FENCED, (act.token, act.run_id))
                case Rewind():
                    rewind(connection, act)
    return gone


def _delete(connection: sqlite3.Connection, acts: Sequence[DeleteModel]) -> set[int]:
    connection.executemany(_DELETED, [(act.model_id, act.timestamp) for act in acts])
    gone: list[Any] = connection.execute(_GONE, (orjson.dumps([act.model_id for act in acts]).decode(),)).fetchall()
    connection.executemany(_NO_FILES, [(model_id,) for _, model_id in gone])
    return {model_no for model_no, _ in gone}


def _set_alias(connection: sqlite3.Connection, name: str, alias: str, version: int, timestamp: int) -> None:
    connection.execute(_ALIAS, (name, alias, version))
    connection.execute(_TOUCHED, (name, timestamp))


def _promote(connection: sqlite3.Connection, act: Promote) -> None:
    decision = _decided(connection, act)
    version = _install(connection, act) if decision.promote else None
    connection.execute(_DECIDED, _row(act, decision, version))


def _decided(connection: sqlite3.Connection, act: Promote) -> Decision:
    candidate = _standing(connection, act, act.model_id)
    found: Any = value_of(connection, _INCUMBENT, (act.name, act.alias))
    incumbent = None if found is None else _standing(connection, act, found)
    obstacle = _unfit(connection, act.model_id)
    if not obstacle:
        try:
            return decide_promotion(candidate, incumbent, act.goal, act.min_lead)
        except InvalidInput as problem:
            # A client of ours refuses this beforehand; whoever said it, what else is logged must be stored.
            obstacle = str(problem)
    return Decision(False, obstacle, candidate, incumbent, act.goal, act.min_lead)  # noqa: FBT003  # as it reads


def _unfit(connection: sqlite3.Connection, model_id: str) -> str:
    """Say why a logged model cannot be promoted, whatever it was measured at; "" if it can."""
    found: list[Any] = connection.execute(_FITNESS, (model_id,)).fetchall()
    if not found:
        return f"{model_id} is not in the store"
    ((status, stage),) = found
    if stage != "active":
        return f"{model_id} was deleted"
    return "" if status == "READY" else f"{model_id} is {status}, so its files are not there"


def _standing(connection: sqlite3.Connection, act: Promote, model_id: str) -> Standing:
    """Return the newest value on the dataset that decides; else what shows that it was another one of that name."""
    rows: list[Any] = connection.execute(_NEWEST, (model_id, act.metric)).fetchall()
    values = {_dataset(name, digest): _real(value) for value, name, digest in reversed(rows)}
    if act.dataset in values or act.dataset is None:
        return Standing(model_id, act.metric, values.get(act.dataset), act.dataset)
    namesakes = [each for each in values if each is not None and each.name == act.dataset.name]
    other = namesakes[-1] if namesakes and model_id != act.model_id else act.dataset
    return Standing(model_id, act.metric, values.get(other), other)


def _install(connection: sqlite3.Connection, act: Promote) -> int:
    """Give the alias to the candidate's version, which is made if there is none; return its number."""
    connection.execute(_REGISTERED, (act.name, act.timestamp))
    version: Any = value_of(connection, _KNOWN_VERSION, (act.name, act.model_id))
    if version is None:
        version = value_of(connection, _NEXT_VERSION, (act.name, act.timestamp))
        connection.execute(_VERSION, (act.name, act.model_id, version, act.timestamp))
    _set_alias(connection, act.name, act.alias, version, act.timestamp)
    return int(version)


def _row(act: Promote, decision: Decision, version: int | None) -> tuple[object, ...]:
    said = act.promotion_id, act.timestamp, act.name, act.alias, version, decision.promote, decision.reason
    rule = act.metric, act.goal, act.min_lead, decision.lead
    return *said, *rule, *_columns(decision.candidate), *_columns(decision.incumbent)


def _columns(standing: Standing | None) -> tuple[object, ...]:
    if standing is None:
        return None, None, "", ""
    dataset = standing.dataset or DatasetRef("", "")
    value = standing.value
    return standing.model_id, NAN if value is not None and math.isnan(value) else value, dataset.name, dataset.digest


def _dataset(name: str, digest: str) -> DatasetRef | None:
    return DatasetRef(name, digest) if name else None


def _real(value: float | None) -> float:
    return math.nan if value is None else value
