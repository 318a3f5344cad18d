"""Run trials in worker processes, each used again for the next trial.

A worker has a session of its own, so a Ctrl-C in the terminal reaches only the scheduler, and it ends when the
scheduler does, however that ends: its line closes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from ..trial import Assignment, Outcome, TrialState
from .ending import describe_exit, read_tail, tail_of, thread_limits
from .interface import Control
from .packing import pack
from .target import FunctionTarget
from .worker import LINE_BYTES

_GRACE_SECONDS = 5.0
# What a line's other end raises when its process has ended.
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
# Nothing that lies in the working directory or in the environment may stand in for what the worker needs to start.
_START = "import sys; sys.path[:] = {path!r}; from sweeps.executors.worker import main; main()"


class ProcessesExecutor:
    """As many worker processes as trials run at once, started when they are first needed."""

    def __init__(self, target: FunctionTarget, parallel: int) -> None:
        self._target = pack(target)
        self._parallel = parallel
        self._idle: list[_Worker] = []
        self._lifetimes = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder = Path(self._lifetimes.enter_context(tempfile.TemporaryDirectory(prefix="sweeps-")))
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            for worker in self._idle:
                await worker.aclose()
            await self._lifetimes.aclose()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial in an idle worker, or in a new one."""
        output = self._folder / f"{assignment.number}.txt"
        try:
            worker = self._idle.pop() if self._idle else await _Worker.start(self._target, self._parallel)
        except OSError as problem:
            return Outcome(TrialState.FAILED, f"cannot start a process: {problem.strerror}")
        try:
            outcome = await worker.run(assignment, control, output)
        except BaseException:
            await worker.end()
            control.tail = read_tail(output)
            raise
        if outcome is None:
            reason = f"its process {describe_exit(await worker.end())}"
            return Outcome(TrialState.FAILED, reason, read_tail(output))
        self._idle.append(worker)
        if outcome.state is TrialState.FAILED:
            return replace(outcome, tail=tail_of(f"{read_tail(output)}\n{outcome.tail}".lstrip("\n")))
        return outcome


class _Worker:
    """One worker process, and the two lines to it."""

    def __init__(self, process: Process, target: str) -> None:
        assert process.stdout is not None  # noqa: S101  # started with a pipe
        self.process = process
        self._replies = BufferedByteReceiveStream(process.stdout)
        self._first: list[Mapping[str, object]] = [{"target": target}]

    @classmethod
    async def start(cls, target: str, parallel: int) -> Self:
        process = await anyio.open_process(
            [sys.executable, "-c", _START.format(path=list(map(str, sys.path)))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env={**thread_limits(parallel), **os.environ},
            start_new_session=True,
        )
        return cls(process, target)

    async def run(self, assignment: Assignment, control: Control, output: Path) -> Outcome | None:
        """Run one trial; None if the process ended before it could say how the trial did."""
        messages = [*self._first, {"run": _as_mapping(assignment), "output": str(output)}]
        self._first = []
        with suppress(*_GONE):
            for message in messages:
                await self._send(message)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pass_on_stop, control)
            outcome = await self._listen(control)
            tasks.cancel_scope.cancel()
        return outcome

    async def _listen(self, control: Control) -> Outcome | None:
        while True:
            try:
                line = await self._replies.receive_until(b"\n", LINE_BYTES)
            except (anyio.IncompleteRead, anyio.EndOfStream, *_GONE):
                return None
            message = json.loads(line)
            if "report" in message:
                control.report(message["report"])
            else:
                return Outcome(TrialState(message["state"]), message["reason"], message["tail"])

    async def _pass_on_stop(self, control: Control) -> None:
        await control.wait_stop()
        with suppress(*_GONE):
            await self._send({"stop": True})

    async def _send(self, message: Mapping[str, object]) -> None:
        assert self.process.stdin is not None  # noqa: S101  # started with a pipe
        await self.process.stdin.send(json.dumps(message).encode() + b"\n")

    async def end(self) -> int:
        """End the process, unless it has ended by itself, and all that it has started; return its exit code."""
        self._kill()
        with anyio.CancelScope(shield=True):
            await self.aclose()
        return self.process.returncode or 0

    async def aclose(self) -> None:
        """Close the line, which ends an idle worker."""
        if self.process.stdin is not None:
            await self.process.stdin.aclose()
        with anyio.move_on_after(_GRACE_SECONDS):
            await self.process.wait()
        self._kill()
        await self.process.aclose()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _as_mapping(assignment: Assignment) -> dict[str, Any]:
    return {name: getattr(assignment, name) for name in assignment.__slots__}
