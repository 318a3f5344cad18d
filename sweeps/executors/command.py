"""Run trials as commands: any program, which logs with `tracker.current_run()`."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

import anyio
from anyio.abc import Process

from ..trial import Assignment, Outcome, TrialState
from .ending import describe_exit, read_tail, thread_limits
from .interface import Control
from .target import CommandTarget

# How long a command may take to end after it was told to, by SIGINT and then by SIGTERM, in seconds each.
_GRACE_SECONDS = 5.0


class CommandExecutor:
    """A process for each trial, in a session of its own: a Ctrl-C in the terminal reaches only the scheduler."""

    def __init__(self, target: CommandTarget, parallel: int) -> None:
        self._target = target
        self._parallel = parallel
        self._lifetimes = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder = Path(self._lifetimes.enter_context(tempfile.TemporaryDirectory(prefix="sweeps-")))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lifetimes.aclose()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial's command to its end; what it has started ends with it."""
        output = self._folder / f"{assignment.number}.txt"
        with output.open("wb") as file:
            try:
                process = await self._start(assignment, file.fileno())
            except OSError as problem:
                return Outcome(TrialState.FAILED, f"cannot start {self._target}: {problem.strerror}")
            async with process:
                try:
                    code = await self._wait(process, control)
                except BaseException:
                    control.tail = read_tail(output)
                    raise
                finally:
                    _signal_group(process, signal.SIGKILL)
        return self._outcome(code, control, output)

    async def _start(self, assignment: Assignment, output: int) -> Process:
        environment = {**thread_limits(self._parallel), **os.environ, **_variables(assignment)}
        arguments = self._target.arguments(assignment.params, environment)
        return await anyio.open_process(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    async def _wait(self, process: Process, control: Control) -> int:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_when_told, process, control)
            code = await process.wait()
            tasks.cancel_scope.cancel()
        return code

    def _outcome(self, code: int, control: Control, output: Path) -> Outcome:
        if control.stopping:
            return Outcome(TrialState.PRUNED)
        if code == 0:
            return Outcome(TrialState.COMPLETE)
        return Outcome(TrialState.FAILED, f"{self._target} {describe_exit(code)}", read_tail(output))


def _variables(assignment: Assignment) -> dict[str, str]:
    return {
        "TRACKER_STORE": assignment.store,
        "TRACKER_RUN_ID": assignment.run_id,
        "TRACKER_EXPERIMENT": assignment.experiment,
        "SWEEPS_TRIAL": str(assignment.number),
        "SWEEPS_TRIAL_SEED": str(assignment.seed),
    }


async def _stop_when_told(process: Process, control: Control) -> None:
    await control.wait_stop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        _signal_group(process, number)
        await anyio.sleep(_GRACE_SECONDS)


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
