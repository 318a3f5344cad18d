"""What edits of all kinds share: to find what they are about, or to refuse."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ....entities import number_in
from ....errors import ExperimentNotFound, NotActive, RunNotFound

DELETED, ACTIVE = "deleted", "active"

_EXPERIMENT = "SELECT experiment_id, lifecycle_stage FROM experiments WHERE experiment_id = ?"
_RUN = "SELECT run_no, lifecycle_stage FROM runs WHERE run_id = ? AND run_no > 0 AND run_name <> ''"


def experiment_number(connection: sqlite3.Connection, experiment_id: str) -> tuple[int, str]:
    """Return an experiment's number and its stage.

    Raises:
        ExperimentNotFound: there is none of that ID.
    """
    number = number_in(experiment_id)
    row = None if number is None else connection.execute(_EXPERIMENT, (number,)).fetchone()
    if row is None:
        raise ExperimentNotFound(experiment_id)
    return row[0], row[1]


def active_experiment(connection: sqlite3.Connection, experiment_id: str) -> int:
    """Return the number of an experiment that may be written to.

    Raises:
        ExperimentNotFound, NotActive: there is none of that ID, or it was deleted.
    """
    number, stage = experiment_number(connection, experiment_id)
    if stage != ACTIVE:
        raise NotActive("experiment", experiment_id, stage)
    return number


def run_number(connection: sqlite3.Connection, run_id: str) -> tuple[int, str]:
    """Return a run's number and its stage.

    Raises:
        RunNotFound: there is none of that ID.
    """
    row = connection.execute(_RUN, (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(run_id)
    return row[0], row[1]


def active_run(connection: sqlite3.Connection, run_id: str) -> int:
    """Return the number of a run that may be written to.

    Raises:
        RunNotFound, NotActive: there is none of that ID, or it was deleted.
    """
    number, stage = run_number(connection, run_id)
    if stage != ACTIVE:
        raise NotActive("run", run_id, stage)
    return number


def set_texts(connection: sqlite3.Connection, table: str, owner: str, number: int, texts: Mapping[str, str]) -> None:
    """Set tags in a table, whose column `owner` says whose."""
    sql = f"INSERT INTO {table} ({owner}, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
    connection.executemany(sql, [(number, key, value) for key, value in texts.items()])
