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
from pathlib import Path
from typing import Any, Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from ..trial import Assignment, Outcome, TrialState
from .ending import describe_exit, read_tail, thread_limits
from .interface import Control
from .packing import pack
from .target import FunctionTarget
from .worker import LINE_BYTES

_GRACE_SECONDS = 5.0


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
        worker = self._idle.pop() if self._idle else await _Worker.start(self._target, self._parallel)
        try:
            outcome = await worker.run(assignment, control, output)
        except BaseException:
            worker.kill()
            with anyio.CancelScope(shield=True):
                await worker.aclose()
            raise
        if outcome is not None:
            self._idle.append(worker)
            return outcome
        code = await worker.process.wait()
        return Outcome(TrialState.FAILED, f"its process {describe_exit(code)}", read_tail(output))


class _Worker:
    """One worker process, and the two lines to it."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101  # started with a pipe
        self.process = process
        self._replies = BufferedByteReceiveStream(process.stdout)

    @classmethod
    async def start(cls, target: str, parallel: int) -> Self:
        process = await anyio.open_process(
            [sys.executable, "-m", "sweeps.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env={
                **thread_limits(parallel),
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            },
            start_new_session=True,
        )
        worker = cls(process)
        await worker._send({"target": target, "path": sys.path})
        return worker

    async def run(self, assignment: Assignment, control: Control, output: Path) -> Outcome | None:
        """Run one trial; None if the process ended before it could say how the trial did."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._send({"run": _as_mapping(assignment), "output": str(output)})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pass_on_stop, control)
            outcome = await self._listen(control)
            tasks.cancel_scope.cancel()
        return outcome

    async def _listen(self, control: Control) -> Outcome | None:
        while True:
            try:
                line = await self._replies.receive_until(b"\n", LINE_BYTES)
            except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError):
                return None
            message = json.loads(line)
            if "report" in message:
                control.report(message["report"])
            else:
                return Outcome(TrialState(message["state"]), message["reason"], message["tail"])

    async def _pass_on_stop(self, control: Control) -> None:
        await control.wait_stop()
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._send({"stop": True})

    async def _send(self, message: Mapping[str, object]) -> None:
        assert self.process.stdin is not None  # noqa: S101  # started with a pipe
        await self.process.stdin.send(json.dumps(message).encode() + b"\n")

    def kill(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """Close the line, which ends an idle worker."""
        if self.process.stdin is not None:
            await self.process.stdin.aclose()
        with anyio.move_on_after(_GRACE_SECONDS):
            await self.process.wait()
        self.kill()
        await self.process.aclose()


def _as_mapping(assignment: Assignment) -> dict[str, Any]:
    return {name: getattr(assignment, name) for name in assignment.__slots__}
