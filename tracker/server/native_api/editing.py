"""Edits of registered models: one route for each, since not everybody may do each.

A client that has no answer asks again, by the same ID, and is told what came of it the first time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

from ...client.registry import alias_of, registered_name_of
from ...client.values import tags_of
from ...entities.registry_edits import (
    AddVersion,
    CreateRegistered,
    DeleteRegistered,
    DeleteVersion,
    Done,
    MoveAlias,
    Once,
    RegistryEdit,
    RenameRegistered,
    SetRegisteredTags,
)
from ...errors import InvalidInput
from ...store.rest.registry_edits import EDIT_PATHS
from ..auth.roles import Owned
from ..concerns import Thing, registered_model
from ..mlflow_api import lineage
from ..mlflow_api.model_versions import name_and_origin
from ..routes import Permission, Route
from ..service import Service
from .asking import route

_MANAGED = {RenameRegistered, DeleteRegistered, DeleteVersion}
_EDIT_ID = re.compile(r"[0-9a-f]{32}")


async def carry_out(service: Service, asked: Once[RegistryEdit]) -> object:
    """Carry out an edit, unless it was by this ID; return what came of it."""
    if not _EDIT_ID.fullmatch(asked.edit_id):
        raise InvalidInput("an edit's ID is 32 hexadecimal digits")
    edit = asked.edit
    _require_names(edit)
    if isinstance(edit, AddVersion):
        source, run_id, model_id = await lineage.made_of(service, edit.source, edit.run_id, edit.model_id)
        edit = replace(edit, source=source, run_id=run_id, model_id=model_id)
    done = cast("Done", await service.edit(Once(asked.edit_id, edit)))
    if done.is_new:
        await _tell_roles(service, edit)
    return done.answer


def routes() -> list[Route]:
    """Return the routes of edits."""
    return [_route(kind, path) for kind, path in EDIT_PATHS.items()]


def _route(kind: type[RegistryEdit], path: str) -> Route:
    words: Any = Once[kind]  # type: ignore[valid-type]  # one of the union, told when it runs
    if kind is CreateRegistered:
        return route(path, words, carry_out, None, Permission.CREATE)
    return route(path, words, carry_out, _concerns, Permission.MANAGE if kind in _MANAGED else Permission.EDIT)


def _concerns(asked: Once[RegistryEdit]) -> list[Thing]:
    edit = asked.edit
    if isinstance(edit, AddVersion):
        return name_and_origin(edit)
    # What there is not by a name may have gone by this very edit, whose answer was lost: the store knows.
    return [registered_model(edit.name)._replace(may_be_new=isinstance(edit, RenameRegistered | DeleteRegistered))]


def _require_names(edit: RegistryEdit) -> None:
    """Check that what is new in an edit can be kept; the client has, and anybody may send anything.

    Raises:
        InvalidInput: it cannot.
    """
    match edit:
        case CreateRegistered():
            registered_name_of(edit.name)
            tags_of(edit.tags)
        case RenameRegistered():
            registered_name_of(edit.new_name)
        case SetRegisteredTags():
            tags_of(edit.values)
        case AddVersion():
            tags_of(edit.tags)
        case MoveAlias(version=int()):
            alias_of(edit.alias)


async def _tell_roles(service: Service, edit: RegistryEdit) -> None:
    """Let roles follow what was made, renamed or deleted."""
    match edit:
        case CreateRegistered():
            await service.made(Owned.REGISTERED_MODEL, edit.name)
        case RenameRegistered():
            await service.renamed(Owned.REGISTERED_MODEL, edit.name, edit.new_name)
        case DeleteRegistered():
            await service.gone(Owned.REGISTERED_MODEL, edit.name)
