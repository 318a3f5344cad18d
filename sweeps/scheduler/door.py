"""Where trials log with MLflow: its REST protocol, on a port of this machine, by a token for each attempt.

A program that logs with MLflow, or is logged by its autologging, finds in its environment where to log and into which
run; so it needs no change. The port is taken when a sweep begins; the server comes up at the first connection, so
that a sweep whose trials do not use it pays nothing for it.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import anyio
from anyio import to_thread

from tracker import AsyncTracker

from ..executors import Control
from ..trial import Assignment, Report

_HOST = "127.0.0.1"
_WAITING = 1024
_NEEDED = ("httptools", "msgspec", "starlette", "uvicorn")


class Point(Protocol):
    """A point, as the server tells of it."""

    @property
    def key(self) -> str:
        """The metric's name."""

    @property
    def step(self) -> int:
        """The step."""

    @property
    def value(self) -> float:
        """The value."""

    @property
    def model_id(self) -> str:
        """The checkpoint that was measured; empty where the run itself was."""


class Door:
    """Lets attempts log with MLflow while they run; one that is shut lets nobody."""

    def __init__(self, store: AsyncTracker, sweep_id: str) -> None:
        self._store = store
        self._sweep_id = sweep_id
        self._experiment_id = ""
        self._guests: dict[str, _Guest] = {}
        self._uri = ""
        self._past_proxies: dict[str, str] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Stand open within the block, if what the server needs is installed."""
        if not all(map(find_spec, _NEEDED)):
            yield
            return
        self._experiment_id = (await self._store.get_run(self._sweep_id)).experiment_id
        self._past_proxies = _past_proxies(os.environ)
        with socket.create_server((_HOST, 0), backlog=_WAITING) as listening:
            self._uri = f"http://{_HOST}:{listening.getsockname()[1]}"
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._serve, listening)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()

    async def _serve(self, listening: socket.socket) -> None:
        await anyio.wait_readable(listening)
        server = await to_thread.run_sync(import_module, "tracker.server.embedded")
        await server.serve(self._store, self._experiment_id, self._guests, listening)

    @contextmanager
    def open_to(self, assignment: Assignment, control: Control) -> Iterator[Assignment]:
        """Let an attempt in within the block; its assignment says how it gets there."""
        if not self._uri:
            yield assignment
            return
        token = secrets.token_hex()
        self._guests[token] = _Guest(assignment, control)
        try:
            yield replace(assignment, variables=self._variables(assignment, token))
        finally:
            del self._guests[token]

    def _variables(self, assignment: Assignment, token: str) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": self._uri,
            "MLFLOW_REGISTRY_URI": self._uri,
            "MLFLOW_TRACKING_TOKEN": token,
            # They would go before the token.
            "MLFLOW_TRACKING_USERNAME": "",
            "MLFLOW_TRACKING_PASSWORD": "",
            "MLFLOW_EXPERIMENT_ID": self._experiment_id,
            "MLFLOW_RUN_ID": assignment.run_id,
            **self._past_proxies,
        }


class _Guest:
    """An attempt, as the server knows it."""

    def __init__(self, assignment: Assignment, control: Control) -> None:
        self.run_id = assignment.run_id
        self.metric = assignment.metric
        self._control = control

    def hear(self, points: Sequence[Point]) -> None:
        """Hear what the attempt has logged."""
        for point in points:
            if point.key == self.metric:
                self._control.report(Report(point.value, point.step, own=not point.model_id))
        self._control.progress()


def _past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a program that reaches the world by a proxy reaches this machine without it."""
    names = {name.lower(): value for name, value in environment.items() if name.lower().endswith("_proxy")}
    if not names:
        return {}
    past = ",".join(filter(None, [names.get("no_proxy", ""), _HOST]))
    return {"NO_PROXY": past, "no_proxy": past}
