"""Edits: each decided on what is stored, by a function of its own; all in one transaction, or none of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....entities import edits, registry_edits
from ....errors import TrackerError
from ..plain import transaction
from . import experiments, models, once, registered, runs, versions

_FUNCTIONS: Mapping[type, Callable[[sqlite3.Connection, Any], object]] = {
    edits.CreateExperiment: experiments.create,
    edits.PlaceArtifacts: experiments.place,
    edits.RenameExperiment: experiments.rename,
    edits.DeleteExperiment: experiments.delete,
    edits.RestoreExperiment: experiments.restore,
    edits.SetExperimentTags: experiments.set_tags,
    edits.DeleteExperimentTag: experiments.delete_tag,
    edits.CreateRun: runs.create,
    edits.UpdateRun: runs.update,
    edits.DeleteRun: runs.delete,
    edits.RestoreRun: runs.restore,
    edits.Describe: runs.describe,
    edits.DeleteRunTag: runs.delete_tag,
    edits.AddInputs: runs.add_inputs,
    edits.AddOutputs: runs.add_outputs,
    edits.CreateModel: models.create,
    edits.FinishModel: models.finish,
    edits.RemoveModel: models.remove,
    edits.SetModelTags: models.set_tags,
    edits.DeleteModelTag: models.delete_tag,
    edits.AddModelParams: models.add_params,
    edits.RemoveFiles: models.remove_files,
    registry_edits.CreateRegistered: registered.create,
    registry_edits.RenameRegistered: registered.rename,
    registry_edits.DescribeRegistered: registered.describe,
    registry_edits.DeleteRegistered: registered.delete,
    registry_edits.SetRegisteredTags: registered.set_tags,
    registry_edits.DeleteRegisteredTag: registered.delete_tag,
    registry_edits.AddVersion: versions.add,
    registry_edits.DeleteVersion: versions.delete,
    registry_edits.SetStage: versions.set_stage,
    registry_edits.MoveAlias: versions.move_alias,
}


def carry_out(connection: sqlite3.Connection, asked: Sequence[object]) -> list[object]:
    """Carry out edits in one transaction; return the answer of each, or the error by which it was refused.

    One that is refused leaves no trace, and does not keep the others from being done.
    """
    answers: list[object] = []
    with transaction(connection):
        for edit in asked:
            connection.execute("SAVEPOINT edit")
            try:
                answers.append(_carry_out(connection, edit))
            except TrackerError as refusal:
                connection.execute("ROLLBACK TO edit")
                answers.append(refusal)
            connection.execute("RELEASE edit")
    return answers


def _carry_out(connection: sqlite3.Connection, edit: object) -> object:
    if isinstance(edit, registry_edits.Once):
        return once.carry_out(connection, edit, lambda: _carry_out(connection, edit.edit))
    return _FUNCTIONS[type(edit)](connection, edit)
