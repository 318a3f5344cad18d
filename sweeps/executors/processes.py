"""Run trials in worker processes, each used again for the next attempt that wants the same environment.

A worker ends when the scheduler does, however that ends: its line closes. What a trial started and left ends with
its worker, since other trials of the worker may still use it, as they do a pool of processes that a library keeps.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from functools import partial
from typing import Self

import anyio

from ..trial import Assignment, Cause, Outcome, Report, TrialState
from .census import MARKER
from .child import Child
from .ending import read_tail, tail_of
from .folder import own_folder
from .interface import Control
from .line import WorkerLine
from .output import Output
from .packing import pack
from .target import FunctionTarget
from .warden import Warden, Watched, failure

# Between SIGTERM and SIGKILL, for a worker that did not end its trial in time; in seconds.
_LAST_SECONDS = 1.0
# Nothing that lies in the working directory or in the environment may stand in for what the worker needs to start.
_START = "import sys; sys.path[:] = {path!r}; from sweeps.executors.worker import main; main()"

# What two attempts have in common that one worker may run.
_Place = tuple[str, tuple[tuple[str, str], ...]]


class ProcessesExecutor:
    """As many worker processes as attempts run at once, started when they are first needed."""

    hears_all = True

    def __init__(self, target: FunctionTarget, parallel: float) -> None:
        self._target = pack(target)
        self._parallel = parallel
        self._idle: list[_Worker] = []
        self._busy = 0
        self._lifetimes = AsyncExitStack()
        self.warden = Warden()

    async def __aenter__(self) -> Self:
        self._folder = self._lifetimes.enter_context(own_folder())
        self._inherited = dict(os.environ)
        self._lifetimes.callback(self._hang_up)
        await self._lifetimes.enter_async_context(self.warden.at_work())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lifetimes.aclose()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run an attempt in an idle worker, or in a new one."""
        path = assignment.output or f"{self._folder}/{assignment.number}.txt"
        self._busy += 1
        with ExitStack() as files:
            files.callback(self._finish_one)
            try:
                output = files.enter_context(Output(path))
                worker = await self._worker(assignment)
            except OSError as problem:
                reason = f"cannot start a process: {problem.strerror}"
                return Outcome(TrialState.FAILED, reason, cause=Cause.START)
            worker.watched.output, worker.watched.memory = output, assignment.memory
            outcome = await self._conduct(worker, assignment, control, path)
            worker.watched.output = None
        if outcome.state is TrialState.COMPLETE:
            return outcome
        return replace(outcome, tail=tail_of(f"{read_tail(path)}\n{outcome.tail}".lstrip("\n")))

    async def _conduct(self, worker: _Worker, assignment: Assignment, control: Control, path: str) -> Outcome:
        try:
            outcome = await worker.run(assignment, control)
        except BaseException:
            await self._end(worker)
            control.tail = read_tail(path)
            raise
        if outcome is not None:
            worker.watched.memory = None
            self._idle.append(worker)
            return outcome
        code = await self._end(worker)
        return Outcome(TrialState.PRUNED) if control.stopping else failure("its process", code, "", worker.watched)

    async def _worker(self, assignment: Assignment) -> _Worker:
        """Return an idle worker with the attempt's environment, or a new one in the place of an idle one."""
        place = _place(assignment)
        for worker in [worker for worker in self._idle if worker.child.has_ended()]:
            self._idle.remove(worker)
            await self._end(worker)
        fitting = [worker for worker in self._idle if worker.place == place]
        if fitting:
            self._idle.remove(fitting[-1])
            return fitting[-1]
        while self._idle and len(self._idle) + self._busy > self._parallel:
            await self._end(self._idle.pop(0))
        return self._start(assignment, place)

    def _start(self, assignment: Assignment, place: _Place) -> _Worker:
        marker = self.warden.marker(assignment, worker=True)
        ours, theirs = socket.socketpair()
        try:
            child = Child.start(
                [sys.executable, "-c", _START.format(path=list(map(str, sys.path)))],
                stdin=theirs.fileno(),
                output=None,
                environment={**self._inherited, **assignment.environment, MARKER: marker},
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Worker(child, WorkerLine(ours), self.warden.add(child, marker), place, self._target)

    async def _end(self, worker: _Worker) -> int:
        code = await self.warden.end(worker.watched)
        worker.line.close()
        return code

    def _finish_one(self) -> None:
        self._busy -= 1

    def _hang_up(self) -> None:
        for worker in self._idle:
            worker.line.close()


class _Worker:
    """One worker process, and the line to it."""

    def __init__(self, child: Child, line: WorkerLine, watched: Watched, place: _Place, target: str) -> None:
        self.child = child
        self.line = line
        self.watched = watched
        self.place = place
        self._first: list[Mapping[str, object]] = [{"target": target}]

    async def run(self, assignment: Assignment, control: Control) -> Outcome | None:
        """Run one attempt; None if the process ended before it could say how that went."""
        assert self.watched.output is not None  # noqa: S101  # an attempt has one
        run = {name: getattr(assignment, name) for name in assignment.__slots__}
        messages = [*self._first, {"run": run, "output": self.watched.output.path}]
        self._first = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_for_end)
            for message in messages:
                await self.line.send(message)
            with control.when_told(partial(tasks.start_soon, self._stop, assignment.grace)):
                outcome = await self._listen(control)
            tasks.cancel_scope.cancel()
        return outcome

    async def _listen(self, control: Control) -> Outcome | None:
        while (message := await self.line.receive()) is not None:
            if "report" in message:
                stop = control.report(Report(*message["report"]))
                if "ask" in message:
                    await self.line.send({"answer": message["ask"], "stop": stop})
            elif "progress" in message:
                control.progress()
            else:
                cause = None if message["cause"] is None else Cause(message["cause"])
                return Outcome(TrialState(message["state"]), message["reason"], message["tail"], cause)
        return None

    async def _watch_for_end(self) -> None:
        await self.child.wait()
        self.line.finish()

    async def _stop(self, grace: float) -> None:
        await self.line.send({"stop": True})
        await anyio.sleep(grace)
        self.child.signal(signal.SIGTERM)
        await anyio.sleep(_LAST_SECONDS)
        self.child.signal(signal.SIGKILL)


def _place(assignment: Assignment) -> _Place:
    return assignment.sweep_id, tuple(sorted(assignment.environment.items()))
