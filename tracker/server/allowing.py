"""Whether a user may do what a request asks for: decided in one place, before its handler.

What a user may not read does not exist for them: it is answered as what there is not, with the same words. What they
may read and not change is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread

from ..errors import (
    ExperimentNotFound,
    FramesRefused,
    ModelNotFound,
    NotAllowed,
    RegisteredModelNotFound,
    RunNotFound,
    TrackerError,
)
from ..filter import Subject
from .auth.interface import Doorkeeper
from .auth.roles import STRANGER, Identity, Role, greatest
from .concerns import Concerns, Kind, Thing, what_may_be_read
from .problems import Problem
from .routes import Permission, Route
from .service import Service

_NEEDED = {Permission.READ: Role.READ, Permission.EDIT: Role.EDIT, Permission.MANAGE: Role.MANAGE}
_SUBJECTS = {Kind.RUN: Subject.RUNS, Kind.MODEL: Subject.MODELS}
_MISSING = {
    Kind.EXPERIMENT_NAME: "experiment",
    Kind.RUN: "run",
    Kind.MODEL: "logged model",
    Kind.REGISTERED_MODEL: "registered model",
}
# IDs are drawn by clients. One of another form may be what this server calls something of its own.
_NEW = {Kind.RUN: re.compile(r"[0-9a-f]{32}"), Kind.MODEL: re.compile(r"m-[0-9a-f]{32}")}


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
        raise NotAllowed
    if route.concerns is what_may_be_read:
        return
    things = await _things(route.concerns, route, asked)
    if not things:
        raise NotAllowed
    for thing, role in zip(things, await _roles(service, things), strict=True):
        if role is None and _may_be_made(thing):
            continue
        if role is None or not role.covers(Role.READ):
            raise _placed(thing, _missing(thing), _MISSING.get(thing.kind, ""))
        if not thing.read_only and not role.covers(needed):
            raise _placed(thing, NotAllowed())


async def _things(concerns: Concerns, route: Route, asked: object) -> list[Thing]:
    """Return what a request is about; a thread lists it where that may be long, as with journals."""
    return list(concerns(asked)) if route.reads is None else await to_thread.run_sync(lambda: list(concerns(asked)))


async def _roles(service: Service, things: Sequence[Thing]) -> list[Role | None]:
    """Return what whoever asks may do with each thing, None if there is no such thing."""
    homes: dict[str, str] = {}
    for kind, subject in _SUBJECTS.items():
        names = [thing.name for thing in things if thing.kind is kind]
        # No ID of a run is one of a logged model.
        homes |= await service.homes(subject, names) if names else {}
    return [await _role(service, thing, homes) for thing in things]


async def _role(service: Service, thing: Thing, homes: Mapping[str, str]) -> Role | None:
    viewer = service.viewer
    match thing.kind:
        case Kind.EXPERIMENT:
            return viewer.role_in(thing.name)
        case Kind.EXPERIMENT_NAME:
            found = await service.experiment_named(thing.name)
            return viewer.role_in(found.experiment_id) if found else None
        case Kind.RUN | Kind.MODEL:
            return viewer.role_in(homes[thing.name]) if thing.name in homes else None
        case Kind.REGISTERED_MODEL:
            return await _role_for_model(service, thing.name)
        case Kind.ANYBODYS:
            return Role.MANAGE
        case Kind.NOTHING:
            return Role.NONE


async def _role_for_model(service: Service, name: str) -> Role | None:
    origins = await service.origins(name)
    if name not in origins:
        return None
    if not service.viewer.reads_registered(name, origins[name]):
        return Role.NONE
    return greatest([service.viewer.registered_models.get(name, Role.NONE), Role.READ])


def _may_be_made(thing: Thing) -> bool:
    form = _NEW.get(thing.kind)
    return thing.may_be_new and (form is None or form.fullmatch(thing.name) is not None)


def _placed(thing: Thing, problem: Problem | TrackerError, missing: str = "") -> Problem | TrackerError:
    """Say of what a journal speaks of where that is."""
    return problem if thing.frames is None else FramesRefused(*thing.frames, str(problem), missing)


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
        case Kind.NOTHING | Kind.ANYBODYS:
            return Problem("RESOURCE_DOES_NOT_EXIST", "there is no such file")
