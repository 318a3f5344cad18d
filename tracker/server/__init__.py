"""The server: MLflow's REST protocol, and a few routes of our own, over one store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ..client.tracker import connect
from . import openapi, probes
from .app import App
from .guard import LOOPBACK, Guard
from .mlflow_api import artifacts, experiments, logged_models, metrics, runs
from .routes import Route, Router
from .service import Service

__all__ = ["LOOPBACK", "all_routes", "make_app"]


def all_routes() -> list[Route]:
    """Return every route there is."""
    found = [
        route for room in (probes, experiments, runs, metrics, artifacts, logged_models) for route in room.routes()
    ]
    return [*found, openapi.describing(found)]


def make_app(store: str | Path | None, hosts: Sequence[str]) -> Guard:
    """Make the ASGI application of a store, for requests that name one of these hosts."""

    @asynccontextmanager
    async def opens() -> AsyncIterator[Service]:
        async with connect(store) as tracker:
            yield Service(tracker)

    return Guard(App(Router(all_routes()), opens), hosts)
