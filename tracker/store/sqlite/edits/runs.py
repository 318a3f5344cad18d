"""Edits of runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import orjson

from ....entities.edits import (
    CONTEXT,
    AddInputs,
    AddOutputs,
    CreateRun,
    DeleteRun,
    DeleteRunTag,
    Describe,
    RestoreRun,
    RunInput,
    UpdateRun,
)
from ....errors import OutputExists, ParamChanged, TagNotFound
from ....filter import TAGS_THAT_ARE_ATTRIBUTES, Subject
from ...batch import param_rows
from ...model_columns import CHUNK
from .common import ACTIVE, DELETED, active_experiment, active_run, run_number, set_texts

# Tags that are columns: the name as MLflow has it, and the column's.
COLUMNS: Mapping[str, str] = TAGS_THAT_ARE_ATTRIBUTES[Subject.RUNS]
_CREATE = """
INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, parent_run_id)
VALUES (?, ?, ?, ?, 'RUNNING', ?, ?)
"""
_UPDATE = """
UPDATE runs SET status = coalesce(?, status), end_time = coalesce(?, end_time), run_name = coalesce(?, run_name)
WHERE run_no = ?
"""
_STAGE = "UPDATE runs SET lifecycle_stage = ? WHERE run_no = ?"
_PARAM = "SELECT value FROM run_params WHERE run_no = ? AND key = ?"
_NEW_PARAM = "INSERT INTO run_params (run_no, key, value, number, json, hash) VALUES (?, ?, ?, ?, ?, ?)"
_DELETE_TAG = "DELETE FROM run_tags WHERE run_no = ? AND key = ?"
_DATASET = """
INSERT INTO datasets (name, digest, source_type, source, schema, profile) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET source_type = excluded.source_type, source = excluded.source,
    schema = excluded.schema, profile = excluded.profile
WHERE source_type = ''
"""
_INPUT = """
INSERT INTO inputs (run_no, dataset_no, context, tags)
SELECT ?, dataset_no, ?, ? FROM datasets WHERE name = ? AND digest = ? ON CONFLICT DO NOTHING
"""
_INPUT_MODEL = "INSERT INTO run_models (run_no, direction, model_id) VALUES (?, 'input', ?) ON CONFLICT DO NOTHING"
_OUTPUT_MODEL = """
INSERT INTO run_models (run_no, direction, model_id, step) VALUES (?, 'output', ?, ?) ON CONFLICT DO NOTHING
"""
_MADE_AT = "UPDATE models SET step = coalesce(step, ?) WHERE model_id = ? AND run_no = ?"
_OUTDATED = "DELETE FROM model_columns WHERE chunk = (SELECT model_no / ? FROM models WHERE model_id = ?)"


def create(connection: sqlite3.Connection, edit: CreateRun) -> None:
    """Make a run.

    Raises:
        ExperimentNotFound, NotActive: there is no such experiment, or it was deleted.
    """
    experiment = active_experiment(connection, edit.experiment_id)
    made = connection.execute(
        _CREATE, (edit.run_id, experiment, edit.name, edit.user_id, edit.start_time, edit.parent_run_id)
    )
    set_texts(connection, "run_tags", "run_no", int(made.lastrowid or 0), _kept(edit.tags))


def update(connection: sqlite3.Connection, edit: UpdateRun) -> None:
    """Give a run another status, end or name.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
    """
    number = active_run(connection, edit.run_id)
    connection.execute(_UPDATE, (edit.status, edit.end_time, edit.name, number))


def delete(connection: sqlite3.Connection, edit: DeleteRun) -> None:
    """Delete a run, which can be restored; to delete it twice is no mistake.

    Raises:
        RunNotFound: there is none of that ID.
    """
    connection.execute(_STAGE, (DELETED, run_number(connection, edit.run_id)[0]))


def restore(connection: sqlite3.Connection, edit: RestoreRun) -> None:
    """Restore a run; one that was not deleted stays as it is.

    Raises:
        RunNotFound: there is none of that ID.
    """
    connection.execute(_STAGE, (ACTIVE, run_number(connection, edit.run_id)[0]))


def describe(connection: sqlite3.Connection, edit: Describe) -> None:
    """Set params, which never change, and tags.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
        ParamChanged: a param has another value already; nothing is set then.
    """
    number = active_run(connection, edit.run_id)
    for row in param_rows(edit.run_id, edit.params):
        known = connection.execute(_PARAM, (number, row.key)).fetchone()
        if known is None:
            connection.execute(_NEW_PARAM, (number, *row[1:]))
        elif known[0] != row.value:
            raise ParamChanged(edit.run_id, row.key, known[0], row.value)
    for key, column in COLUMNS.items():
        if key in edit.tags:
            connection.execute(f"UPDATE runs SET {column} = ? WHERE run_no = ?", (edit.tags[key], number))
    set_texts(connection, "run_tags", "run_no", number, _kept(edit.tags))


def delete_tag(connection: sqlite3.Connection, edit: DeleteRunTag) -> None:
    """Delete a tag of a run.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
        TagNotFound: it has no such tag, or it is its name.
    """
    number = active_run(connection, edit.run_id)
    if COLUMNS.get(edit.key) == "parent_run_id":
        gone = connection.execute(
            "UPDATE runs SET parent_run_id = NULL WHERE run_no = ? AND parent_run_id IS NOT NULL", (number,)
        )
    else:
        gone = connection.execute(_DELETE_TAG, (number, edit.key))
    if not gone.rowcount:
        raise TagNotFound("run", edit.run_id, edit.key)


def add_inputs(connection: sqlite3.Connection, edit: AddInputs) -> None:
    """Say what a run uses; what was said before stays as it was said.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
    """
    number = active_run(connection, edit.run_id)
    for each in edit.datasets:
        data = each.dataset
        connection.execute(_DATASET, (data.name, data.digest, data.source_type, data.source, data.schema, data.profile))
        connection.execute(_INPUT, (number, *_use(each), data.name, data.digest))
    connection.executemany(_INPUT_MODEL, [(number, model_id) for model_id in edit.model_ids])


def add_outputs(connection: sqlite3.Connection, edit: AddOutputs) -> None:
    """Say which models a run has made.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
        OutputExists: that was said before; MLflow refuses it too.
    """
    number = active_run(connection, edit.run_id)
    for model_id, step in edit.models:
        if not connection.execute(_OUTPUT_MODEL, (number, model_id, step)).rowcount:
            raise OutputExists(edit.run_id, model_id)
        connection.execute(_OUTDATED, (CHUNK, model_id))
        connection.execute(_MADE_AT, (step, model_id, number))


def _kept(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in COLUMNS}


def _use(used: RunInput) -> tuple[str, str]:
    return used.tags.get(CONTEXT, ""), orjson.dumps(dict(used.tags)).decode()
