"""Whether a user may do what a request asks for: decided in one place, before its handler.

What a user may not read does not exist for them: it is answered as what there is not, with the same words. What they
may read and not change is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ExperimentNotFound, ModelNotFound, RegisteredModelNotFound, RunNotFound, TrackerError
from ..filter import Subject
from .auth.interface import Doorkeeper
from .auth.roles import STRANGER, Identity, Role, greatest
from .concerns import Kind, Thing, what_may_be_read
from .problems import Problem
from .routes import Permission, Route
from .service import Service

_NEEDED = {Permission.READ: Role.READ, Permission.EDIT: Role.EDIT, Permission.MANAGE: Role.MANAGE}
_SUBJECTS = {Kind.RUN: Subject.RUNS, Kind.MODEL: Subject.MODELS}
_DENIED = "you may not do that here; ask whoever manages it, or an admin, for the role"


async def identify(doorkeeper: Doorkeeper, route: Route, scope: Mapping[str, Any]) -> Identity:
    """Return who sends a request.

    Raises:
        Problem: the route is not for anyone, and they have not signed in.
    """
    return STRANGER if route.permission is Permission.ANYONE else await doorkeeper.admit(scope)


async def require(service: Service, route: Route, asked: object) -> None:
    """Check that whoever asks may do what they ask for.

    Raises:
        Problem, TrackerError: there is no such thing, or they may not.
    """
    viewer = service.viewer
    if viewer.is_admin or route.permission in {Permission.ANYONE, Permission.SIGNED_IN, Permission.CREATE}:
        return
    needed = _NEEDED.get(route.permission)
    if needed is None or route.concerns is None:
        raise _denied()
    if route.concerns is what_may_be_read:
        return
    things = list(route.concerns(asked))
    roles = [(thing, await _role(service, thing)) for thing in things]
    for thing, role in roles:
        if not role.covers(Role.READ):
            raise _missing(thing)
    if not things or not all(role.covers(Role.READ if thing.read_only else needed) for thing, role in roles):
        raise _denied()


async def _role(service: Service, thing: Thing) -> Role:
    viewer = service.viewer
    match thing.kind:
        case Kind.EXPERIMENT:
            return viewer.role_in(thing.name)
        case Kind.EXPERIMENT_NAME:
            found = await service.experiment(name=thing.name)
            return viewer.role_in(found.experiment_id) if found else Role.NONE
        case Kind.RUN | Kind.MODEL:
            homes = await service.homes(_SUBJECTS[thing.kind], [thing.name])
            return viewer.role_in(homes[thing.name]) if thing.name in homes else Role.NONE
        case Kind.REGISTERED_MODEL:
            return await _role_for_model(service, thing.name)
        case Kind.NOTHING:
            return Role.NONE


async def _role_for_model(service: Service, name: str) -> Role:
    may_read = name in await service.readable_registered(name)
    given = service.viewer.registered_models.get(name, Role.NONE)
    return greatest([given, Role.READ]) if may_read else Role.NONE


def _missing(thing: Thing) -> Problem | TrackerError:
    match thing.kind:
        case Kind.EXPERIMENT:
            return ExperimentNotFound(thing.name)
        case Kind.EXPERIMENT_NAME:
            return Problem("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with name {thing.name!r}")
        case Kind.RUN:
            return RunNotFound(thing.name)
        case Kind.MODEL:
            return ModelNotFound(thing.name)
        case Kind.REGISTERED_MODEL:
            return RegisteredModelNotFound(thing.name)
        case Kind.NOTHING:
            return Problem("RESOURCE_DOES_NOT_EXIST", "there is no such file")


def _denied() -> Problem:
    return Problem("PERMISSION_DENIED", _DENIED)
