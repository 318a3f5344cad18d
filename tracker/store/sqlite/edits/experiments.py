"""Edits of experiments."""

from __future__ import annotations

import sqlite3

from ....entities.edits import (
    CreateExperiment,
    DeleteExperiment,
    DeleteExperimentTag,
    PlaceArtifacts,
    RenameExperiment,
    RestoreExperiment,
    SetExperimentTags,
)
from ....errors import ExperimentExists, NotActive, TagNotFound
from .common import ACTIVE, DELETED, active_experiment, experiment_number, set_texts

_NAMED = "SELECT lifecycle_stage FROM experiments WHERE name = ? AND experiment_id <> ?"
_CREATE = """
INSERT INTO experiments (name, artifact_location, creation_time, last_update_time) VALUES (?1, ?2, ?3, ?3)
"""
_PLACE = """
UPDATE experiments SET artifact_location = ?2
WHERE experiment_id = ?1 AND artifact_location = ''
    AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment_id = ?1 AND run_no > 0)
"""
_RENAME = "UPDATE experiments SET name = ?, last_update_time = ? WHERE experiment_id = ?"
_STAGE = "UPDATE experiments SET lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ?"
_RUNS_STAGE = "UPDATE runs SET lifecycle_stage = ? WHERE experiment_id = ? AND run_no > 0"
_DELETE_TAG = "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?"


def create(connection: sqlite3.Connection, edit: CreateExperiment) -> str:
    """Make an experiment; return its ID.

    Raises:
        ExperimentExists: there is one of that name, perhaps a deleted one.
    """
    _require_free(connection, edit.name)
    made = connection.execute(_CREATE, (edit.name, edit.artifact_location, edit.timestamp))
    number = int(made.lastrowid or 0)
    set_texts(connection, "experiment_tags", "experiment_id", number, edit.tags)
    if edit.artifact_root and not edit.artifact_location:
        place(connection, PlaceArtifacts(str(number), f"{edit.artifact_root}/{number}"))
    return str(number)


def place(connection: sqlite3.Connection, edit: PlaceArtifacts) -> None:
    """Say where an experiment's files are to be, unless it has runs, or a place of its own."""
    connection.execute(_PLACE, (experiment_number(connection, edit.experiment_id)[0], edit.artifact_location))


def rename(connection: sqlite3.Connection, edit: RenameExperiment) -> None:
    """Rename an experiment.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it was deleted.
        ExperimentExists: another one has the name, perhaps a deleted one.
    """
    number = active_experiment(connection, edit.experiment_id)
    _require_free(connection, edit.name, number)
    connection.execute(_RENAME, (edit.name, edit.timestamp, number))


def delete(connection: sqlite3.Connection, edit: DeleteExperiment) -> None:
    """Delete an experiment and its runs, all of which can be restored.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it is deleted already.
    """
    _move(connection, edit.experiment_id, ACTIVE, DELETED, edit.timestamp)


def restore(connection: sqlite3.Connection, edit: RestoreExperiment) -> None:
    """Restore an experiment and all of its runs, also those that were deleted one by one before; as MLflow does.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it is not deleted.
    """
    _move(connection, edit.experiment_id, DELETED, ACTIVE, edit.timestamp)


def set_tags(connection: sqlite3.Connection, edit: SetExperimentTags) -> None:
    """Set tags of an experiment.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it was deleted.
    """
    number = active_experiment(connection, edit.experiment_id)
    set_texts(connection, "experiment_tags", "experiment_id", number, edit.values)


def delete_tag(connection: sqlite3.Connection, edit: DeleteExperimentTag) -> None:
    """Delete a tag of an experiment.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it was deleted.
        TagNotFound: it has no such tag.
    """
    number = active_experiment(connection, edit.experiment_id)
    if not connection.execute(_DELETE_TAG, (number, edit.key)).rowcount:
        raise TagNotFound("experiment", edit.experiment_id, edit.key)


def _require_free(connection: sqlite3.Connection, name: str, number: int = -1) -> None:
    row = connection.execute(_NAMED, (name, number)).fetchone()
    if row is not None:
        raise ExperimentExists(name, row[0])


def _move(connection: sqlite3.Connection, experiment_id: str, old: str, new: str, timestamp: int) -> None:
    number, stage = experiment_number(connection, experiment_id)
    if stage != old:
        raise NotActive("experiment", experiment_id, stage)
    connection.execute(_STAGE, (new, timestamp, number))
    connection.execute(_RUNS_STAGE, (new, number))
