"""A server within a program that has a store open: for what it runs itself, each by a token of its own.

Whoever signs in by a token is a guest, with a run that is theirs. What guests are used to say of experiments is taken
in good part: whichever they name, it is the one of their run, for they are told which run to use, and MLflow's client
refuses a run of another experiment than the one that its program names. A run that they make beside (autologging ends
theirs with the first fit, and what follows begins another) is a child of theirs, and the metric that is waited for
counts there as well.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Protocol

from ..client.tracker import AsyncTracker
from ..entities import Experiment
from ..entities.edits import CreateRun, Edit
from ..entities.records import PointOf
from . import LOOPBACK, all_routes
from .app import App
from .auth.credentials import credentials_of, unauthenticated
from .guard import Guard
from .problems import Problem
from .replies import problem_reply
from .routes import Router
from .service import Service
from .serving import serve_within


class Guest(Protocol):
    """Who has a token."""

    @property
    def run_id(self) -> str:
        """The run that is theirs."""

    @property
    def metric(self) -> str:
        """The metric that is waited for, in whichever run of theirs it is logged."""

    def hear(self, points: Sequence[PointOf]) -> None:
        """Hear of points that were logged into their run."""


async def serve(
    tracker: AsyncTracker, experiment_id: str, guests: Mapping[str, Guest], listening: socket.socket
) -> None:
    """Serve guests, by their tokens, until cancelled; one that is taken out of the mapping is a guest no more."""
    house = _House(tracker, experiment_id)
    await serve_within(Guard(_Door(house, App(Router(all_routes())), guests), LOOPBACK), listening)


class _Door:
    """Lets guests in, and nobody else."""

    def __init__(self, house: _House, app: App, guests: Mapping[str, Guest]) -> None:
        self._house = house
        self._app = app
        self._guests = guests

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        try:
            _guest.set(self._admit(scope["headers"]))
        except Problem as problem:
            await problem_reply(problem).send(scope, send)
            return
        await self._app.answer(self._house, scope, receive, send)

    def _admit(self, headers: Sequence[tuple[bytes, bytes]]) -> Guest:
        guest = self._guests.get(credentials_of(headers).secret)
        if guest is None:
            raise unauthenticated("this server is for the trials of a sweep, while they run")
        return guest


class _House(Service):
    """An open store, as guests find it."""

    def __init__(self, tracker: AsyncTracker, experiment_id: str) -> None:
        super().__init__(tracker)
        self._experiment_id = experiment_id

    async def experiment(self, *, experiment_id: str = "", name: str = "") -> Experiment | None:
        if name:
            experiment_id = self._experiment_id
        return await super().experiment(experiment_id=experiment_id)

    async def edit(self, edit: Edit) -> object:
        if isinstance(edit, CreateRun) and edit.parent_run_id is None:
            edit = replace(edit, experiment_id=self._experiment_id, parent_run_id=_guest.get().run_id)
        return await super().edit(edit)

    async def log(self, run_id: str, points: Sequence[PointOf]) -> None:
        await super().log(run_id, points)
        guest = _guest.get()
        if run_id != guest.run_id:
            points = [PointOf(*each[:4]) for each in points if each.key == guest.metric]
            if points:
                await super().log(guest.run_id, points)
        guest.hear(points)


_guest: ContextVar[Guest] = ContextVar("guest")
