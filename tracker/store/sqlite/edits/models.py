"""Edits of logged models and of files."""

from __future__ import annotations

import sqlite3

from ....entities.edits import (
    AddModelParams,
    CreateModel,
    DeleteModelTag,
    FinishModel,
    RemoveFiles,
    RemoveModel,
    SetModelTags,
)
from ....errors import ModelNotFound, ParamExists, TagNotFound
from ...batch import param_rows
from ...model_columns import CHUNK
from .common import ACTIVE, active_experiment, active_run, set_texts

_MODEL = "SELECT model_no, lifecycle_stage FROM models WHERE model_id = ?"
_CREATE = """
INSERT INTO models (model_id, run_no, experiment_id, name, model_type, status, creation_timestamp,
    last_updated_timestamp, is_output)
VALUES (?1, ?2, ?3, ?4, ?5, 'PENDING', ?6, ?6, 0)
"""
_PARAM = """
INSERT INTO model_params (model_no, key, value, number, json, hash) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
# A client that sends texts means the values of its run by them, which may be numbers.
_AS_IN_RUN = """
UPDATE model_params SET number = r.number, json = r.json FROM run_params AS r
WHERE model_no = ?1 AND r.run_no = ?2 AND r.key = model_params.key AND r.value = model_params.value
"""
_FINISH = "UPDATE models SET status = ?, last_updated_timestamp = ? WHERE model_no = ?"
_REMOVE = "UPDATE models SET lifecycle_stage = 'deleted', last_updated_timestamp = ? WHERE model_no = ?"
_DELETE_TAG = "DELETE FROM model_tags WHERE model_no = ? AND key = ?"
_OUTDATED = "DELETE FROM model_columns WHERE chunk = ?"
_FILES = "SELECT path FROM files WHERE owner = ?1 AND (path = ?2 OR substr(path, 1, length(?2) + 1) = ?2 || '/')"
_NO_FILE = "DELETE FROM files WHERE owner = ? AND path = ?"


def create(connection: sqlite3.Connection, edit: CreateModel) -> None:
    """Make a logged model, whose files follow.

    Raises:
        ExperimentNotFound, RunNotFound, NotActive: there is no such experiment or run, or it was deleted.
    """
    experiment = active_experiment(connection, edit.experiment_id)
    run = active_run(connection, edit.run_id) if edit.run_id else 0
    made = connection.execute(_CREATE, (edit.model_id, run, experiment, edit.name, edit.model_type, edit.timestamp))
    number = int(made.lastrowid or 0)
    connection.executemany(_PARAM, [(number, *row[1:]) for row in param_rows(edit.model_id, edit.params)])
    connection.execute(_AS_IN_RUN, (number, run))
    set_texts(connection, "model_tags", "model_no", number, edit.tags)


def finish(connection: sqlite3.Connection, edit: FinishModel) -> None:
    """Say how far a logged model's files have come.

    Raises:
        ModelNotFound: there is none of that ID, or it was deleted.
    """
    number = _active(connection, edit.model_id)
    connection.execute(_FINISH, (edit.status, edit.timestamp, number))
    connection.execute(_OUTDATED, (number // CHUNK,))


def remove(connection: sqlite3.Connection, edit: RemoveModel) -> None:
    """Delete a logged model; its files stay, and to delete it twice is no mistake.

    Raises:
        ModelNotFound: there is none of that ID.
    """
    row = connection.execute(_MODEL, (edit.model_id,)).fetchone()
    if row is None:
        raise ModelNotFound(edit.model_id)
    if row[1] == ACTIVE:
        connection.execute(_REMOVE, (edit.timestamp, row[0]))
        connection.execute(_OUTDATED, (row[0] // CHUNK,))


def set_tags(connection: sqlite3.Connection, edit: SetModelTags) -> None:
    """Set tags of a logged model.

    Raises:
        ModelNotFound: there is none of that ID, or it was deleted.
    """
    set_texts(connection, "model_tags", "model_no", _active(connection, edit.model_id), edit.values)


def delete_tag(connection: sqlite3.Connection, edit: DeleteModelTag) -> None:
    """Delete a tag of a logged model.

    Raises:
        ModelNotFound: there is none of that ID, or it was deleted.
        TagNotFound: it has no such tag.
    """
    if not connection.execute(_DELETE_TAG, (_active(connection, edit.model_id), edit.key)).rowcount:
        raise TagNotFound("logged model", edit.model_id, edit.key)


def add_params(connection: sqlite3.Connection, edit: AddModelParams) -> None:
    """Add params to a logged model.

    Raises:
        ModelNotFound: there is none of that ID, or it was deleted.
        ParamExists: it has one of them already; nothing is added then.
    """
    number = _active(connection, edit.model_id)
    for row in param_rows(edit.model_id, edit.values):
        if not connection.execute(_PARAM, (number, *row[1:])).rowcount:
            raise ParamExists(edit.model_id, row.key)
    connection.execute(_OUTDATED, (number // CHUNK,))


def remove_files(connection: sqlite3.Connection, edit: RemoveFiles) -> list[str]:
    """Forget a file, or all files in a folder; return their paths."""
    paths = [path for (path,) in connection.execute(_FILES, (edit.owner, edit.path))]
    connection.executemany(_NO_FILE, [(edit.owner, path) for path in paths])
    return paths


def _active(connection: sqlite3.Connection, model_id: str) -> int:
    row = connection.execute(_MODEL, (model_id,)).fetchone()
    if row is None or row[1] != ACTIVE:
        raise ModelNotFound(model_id)
    return int(row[0])
