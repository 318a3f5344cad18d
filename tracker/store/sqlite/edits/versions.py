"""Edits of a registered model's versions: which there are, their stages, and the aliases that mean them."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import orjson

from ....entities.registry_edits import AddVersion, DeleteVersion, MoveAlias, SetStage
from ....errors import ModelNotFound
from .common import set_texts
from .registered import forget_version, registered_number, version_key

_TOUCH = "UPDATE registered_models SET last_updated_timestamp = ? WHERE registered_no = ?"
_NEXT = """
UPDATE registered_models SET last_version = last_version + 1, last_updated_timestamp = ? WHERE registered_no = ?
RETURNING last_version
"""
_ADD = """
INSERT INTO model_versions (registered_no, version, model_id, run_id, source, creation_timestamp,
    last_updated_timestamp, description, user_id, run_link)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9)
"""
_TAG = "INSERT INTO model_version_tags (registered_no, version, key, value) VALUES (?, ?, ?, ?)"
_STAGE = "UPDATE model_versions SET stage = ?, last_updated_timestamp = ? WHERE registered_no = ? AND version = ?"
_ARCHIVE = """
UPDATE model_versions SET stage = 'Archived', last_updated_timestamp = ?
WHERE registered_no = ? AND version <> ? AND stage = ?
"""
_ALIAS = """
INSERT INTO model_aliases (registered_no, alias, version) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET version = excluded.version
"""
_NO_ALIAS = "DELETE FROM model_aliases WHERE registered_no = ? AND alias = ?"
_MODEL = """
SELECT model_no, run_id, (SELECT value FROM model_tags AS t WHERE t.model_no = models.model_no AND key = ?2)
FROM models LEFT JOIN runs ON runs.run_no = models.run_no AND runs.run_no > 0
WHERE model_id = ?1 AND models.lifecycle_stage = 'active'
"""
# MLflow's tag of a logged model that says of which versions it is, as a JSON list.
VERSIONS_TAG = "mlflow.modelVersions"


def add(connection: sqlite3.Connection, edit: AddVersion) -> int:
    """Add a version; return its number, which no version of this model has had before.

    Raises:
        RegisteredModelNotFound: there is none of that name.
        ModelNotFound: there is no such logged model, or it was deleted.
    """
    registered = registered_number(connection, edit.name)
    (number,) = connection.execute(_NEXT, (edit.timestamp, registered)).fetchone()
    made_by = _told(connection, edit, number) if edit.model_id else None
    facts = edit.source, edit.timestamp, edit.description, edit.user_id, edit.run_link
    connection.execute(_ADD, (registered, number, edit.model_id or None, edit.run_id or made_by, *facts))
    connection.executemany(_TAG, [(registered, number, *each) for each in edit.tags.items()])
    return int(number)


def delete(connection: sqlite3.Connection, edit: DeleteVersion) -> None:
    """Delete a version, and the aliases that mean it; what was made of it is made of what that was made of.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    key = version_key(connection, edit.name, edit.version)
    forget_version(connection, edit.name, key)
    connection.execute(_TOUCH, (edit.timestamp, key.registered))


def set_stage(connection: sqlite3.Connection, edit: SetStage) -> None:
    """Move a version to a stage, and those that are in it to the archive if that is wanted.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    key = version_key(connection, edit.name, edit.version)
    if edit.archive:
        connection.execute(_ARCHIVE, (edit.timestamp, *key, edit.stage))
    connection.execute(_STAGE, (edit.stage, edit.timestamp, *key))
    connection.execute(_TOUCH, (edit.timestamp, key.registered))


def move_alias(connection: sqlite3.Connection, edit: MoveAlias) -> None:
    """Have an alias mean a version, or nothing any more.

    Raises:
        RegisteredModelNotFound, VersionNotFound: there is no such one.
    """
    if edit.version is None:
        connection.execute(_NO_ALIAS, (registered_number(connection, edit.name), edit.alias))
    else:
        key = version_key(connection, edit.name, edit.version)
        connection.execute(_ALIAS, (key.registered, edit.alias, key.number))


def _told(connection: sqlite3.Connection, edit: AddVersion, number: int) -> str | None:
    """Tell a logged model of which version it is; return the ID of its run."""
    row = connection.execute(_MODEL, (edit.model_id, VERSIONS_TAG)).fetchone()
    if row is None:
        raise ModelNotFound(edit.model_id)
    model_no, run_id, tag = row
    told = [*_listed(tag or "[]"), {"name": edit.name, "version": number}]
    # As Python's own writes it, for who compares the tag with MLflow's.
    set_texts(connection, "model_tags", "model_no", model_no, {VERSIONS_TAG: json.dumps(told)})
    return None if run_id is None else str(run_id)


def _listed(tag: str) -> list[object]:
    # It is a tag like any other, so it may hold anything.
    with contextlib.suppress(orjson.JSONDecodeError):
        found = orjson.loads(tag)
        return found if isinstance(found, list) else []
    return []
