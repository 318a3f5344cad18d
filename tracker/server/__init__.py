"""The server: MLflow's REST protocol, and a few routes of our own, over one store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from ..client.tracker import connect
from ..entities.edits import PlaceArtifacts
from . import me, openapi, probes
from .app import App
from .auth.interface import Doorkeeper
from .guard import LOOPBACK, Guard
from .guard import App as Asgi
from .meter import Meter
from .mlflow_api import artifacts, experiments, logged_models, metrics, model_versions, registered_models, runs
from .modes import Mode, in_mode
from .native_api import curves, editing, files, journals, registry, registry_search, search
from .observing import Observer, Seen
from .root_path import Below
from .routes import Route, Router
from .service import Service

_MLFLOW = (experiments, runs, metrics, artifacts, logged_models, registered_models, model_versions)
_ROOMS = (probes, me, *_MLFLOW, journals, search, registry, registry_search, editing, curves, files)

__all__ = ["LOOPBACK", "Manner", "Meter", "Mode", "all_routes", "make_app"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a store is served.

    `root_path` is where a proxy puts the server, such as `/tracker`; `artifact_root` a URI that new experiments keep
    their files below, if not with this server; `watchers` are told of every request; `workers` is the number of
    processes that serve. `doorkeeper` opens what says who may do what, in each of them; without one, anybody may do
    anything.
    """

    hosts: Sequence[str] = tuple(LOOPBACK)
    mode: Mode = Mode.ALL
    root_path: str = ""
    artifact_root: str = ""
    watchers: Sequence[Callable[[Seen], None]] = ()
    workers: int = 1
    doorkeeper: Callable[[], AbstractContextManager[Doorkeeper]] | None = None
    meter: Meter = field(default_factory=Meter)


def all_routes(manner: Manner | None = None) -> list[Route]:
    """Return every route there is."""
    manner = manner or Manner()
    found = [manner.meter.route(), *(route for room in _ROOMS for route in room.routes())]
    return in_mode([*found, openapi.describing(found, manner.root_path)], manner.mode)


def make_app(store: str | Path | None, manner: Manner) -> Asgi:
    """Make the ASGI application of a store."""

    @asynccontextmanager
    async def opens() -> AsyncIterator[Service]:
        async with connect(store) as tracker:
            service = Service(tracker, manner.artifact_root, alone=manner.workers == 1)
            if manner.artifact_root:
                await service.edit(PlaceArtifacts("0", f"{manner.artifact_root}/0"))
            with manner.doorkeeper() if manner.doorkeeper else nullcontext() as service.doorkeeper:
                yield service

    app = Guard(App(Router(all_routes(manner)), opens), manner.hosts)
    watched = Observer(app, [manner.meter, *manner.watchers])
    return Below(watched, manner.root_path) if manner.root_path else watched
