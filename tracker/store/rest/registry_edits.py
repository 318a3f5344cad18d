"""Edits of registered models behind a server: each is carried out once, however often it has to be asked for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from ...entities.registry_edits import (
    AddVersion,
    CreateRegistered,
    DeleteRegistered,
    DeleteRegisteredTag,
    DeleteVersion,
    DescribeRegistered,
    MoveAlias,
    RegistryEdit,
    RenameRegistered,
    SetRegisteredTags,
    SetStage,
)
from ...errors import StoreUnavailable
from ...journal.plain import plain
from .connection import Connection

# Where each edit is asked for: one path for each, since not everybody may do each.
EDIT_PATHS: Mapping[type[RegistryEdit], str] = {
    CreateRegistered: "create-registered",
    RenameRegistered: "rename-registered",
    DescribeRegistered: "describe-registered",
    DeleteRegistered: "delete-registered",
    SetRegisteredTags: "set-registered-tags",
    DeleteRegisteredTag: "delete-registered-tag",
    AddVersion: "add-version",
    DeleteVersion: "delete-version",
    SetStage: "set-stage",
    MoveAlias: "move-alias",
}


def carry_out(connection: Connection, edit: RegistryEdit) -> object:
    """Carry out an edit, and return its answer.

    A server that has carried it out and whose answer was lost says the same again, so it is asked until it answers.

    Raises:
        TrackerError: it was refused, by what is stored.
        StoreUnavailable: no answer has come in time.
    """
    try:
        return connection.ask(EDIT_PATHS[type(edit)], edit_id=secrets.token_hex(16), edit=plain(edit))
    except StoreUnavailable as problem:
        doubt = "it may have been carried out all the same, so look before you ask for it again"
        raise StoreUnavailable(f"{problem}; {doubt}") from problem
