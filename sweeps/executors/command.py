"""Run trials as commands: any program, which logs with `tracker.current_run()`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import Self

import anyio

from ..trial import Assignment, Cause, Outcome, TrialState
from .census import MARKER
from .child import Child
from .ending import read_tail
from .environment import params_for_wandb, script_variables
from .interface import Control
from .mailbox import Mailbox
from .output import Output
from .target import CommandTarget
from .warden import Warden, Watched, failure

_MEMORY = "/dev/shm"  # noqa: S108  # a folder of a name of its own is made in it


class CommandExecutor:
    """A process for each attempt, in a session of its own, which says what it logs by datagrams."""

    hears_all = False

    def __init__(self, target: CommandTarget, _: float) -> None:
        self._target = target
        self._lifetimes = AsyncExitStack()
        self.warden = Warden()

    async def __aenter__(self) -> Self:
        enter = self._lifetimes.enter_context
        self._folder, self._brief = (
            Path(enter(tempfile.TemporaryDirectory(prefix="sweeps-", dir=place))) for place in (None, _memory())
        )
        self._mailbox = enter(Mailbox())
        self._inherited = dict(os.environ)
        self._tasks = await self._lifetimes.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._mailbox.receive)
        self._lifetimes.callback(self._tasks.cancel_scope.cancel)
        await self._lifetimes.enter_async_context(self.warden.at_work())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lifetimes.aclose()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run an attempt's command to its end; what it has started ends with it."""
        path = Path(assignment.output or self._folder / f"{assignment.number}.txt")
        with ExitStack() as files:
            try:
                output = files.enter_context(Output(path))
                watched = self._start(assignment, output, files)
            except (OSError, ValueError) as problem:
                reason = f"cannot start {self._target}: {getattr(problem, 'strerror', None) or problem}"
                return Outcome(TrialState.FAILED, reason, cause=Cause.START)
            code, stopped = await self._conduct(watched, assignment, control, path)
        return self._outcome(watched, code, path, stopped=stopped)

    def _start(self, assignment: Assignment, output: Output, files: ExitStack) -> Watched:
        write = partial(self._write, f"{assignment.number}-{assignment.attempt}", files)
        marker = self.warden.marker(assignment)
        environment = {
            **self._inherited,
            **script_variables(assignment),
            **assignment.environment,
            **assignment.variables,
            MARKER: marker,
            "TRACKER_WATCH": self._mailbox.path,
            "WANDB_DIR": str(output.path.parent),
            "WANDB_SWEEP_PARAM_PATH": write("yaml", params_for_wandb(assignment.params)),
        }
        json_file = partial(_write_json, write, assignment.params)
        arguments = self._target.arguments(assignment.params, environment, json_file)
        child = Child.start(arguments, stdin=subprocess.DEVNULL, output=output.file, environment=environment)
        watched = self.warden.add(child, marker)
        watched.output, watched.memory = output, assignment.memory
        return watched

    def _write(self, name: str, files: ExitStack, kind: str, text: str) -> str:
        """Write a file that is there while an attempt runs, in memory if there is room; return its path."""
        path = self._brief / f"{name}.{kind}"
        try:
            _write_text(path, text)
        except OSError:
            path.unlink(missing_ok=True)
            path = self._folder / path.name
            _write_text(path, text)
        files.callback(path.unlink, missing_ok=True)
        return str(path)

    async def _conduct(
        self, watched: Watched, assignment: Assignment, control: Control, path: Path
    ) -> tuple[int, bool]:
        """Wait for a command's end; return its exit code, and whether it was told to stop before."""
        stopping = anyio.CancelScope()
        stop = partial(self._tasks.start_soon, _stop, watched.child, assignment.grace, stopping)
        with self._mailbox.listening(assignment, control):
            try:
                with control.when_told(stop):
                    await watched.child.wait()
            except BaseException:
                stopping.cancel()
                await self.warden.end(watched)
                control.tail = read_tail(path)
                raise
            stopped = control.stopping
            if stopped:
                stopping.cancel()
            # What it said last may not have been read.
            self._mailbox.read()
        return await self.warden.end(watched), stopped

    def _outcome(self, watched: Watched, code: int, output: Path, *, stopped: bool) -> Outcome:
        if code == 0 and not stopped:
            return Outcome(TrialState.COMPLETE)
        tail = read_tail(output)
        if stopped:
            return Outcome(TrialState.PRUNED, tail=tail)
        return failure(str(self._target), code, tail, watched)


def _write_json(write: Callable[[str, str], str], params: Mapping[str, object]) -> str:
    return write("json", json.dumps(dict(params)))


def _memory() -> str | None:
    """Return a folder in memory, where to make and remove a file is no work for a disk; None if none can be used."""
    return _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


def _write_text(path: Path, text: str) -> None:
    # By hand: the layers of `open` take as long as the rest of it.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


async def _stop(child: Child, grace: float, scope: anyio.CancelScope) -> None:
    """Tell a process to end, and end it if it has not by then; cancelled when it is gone, and its ID another's."""
    if scope.cancel_called:
        return
    with scope:
        child.signal(signal.SIGTERM)
        # One that is suspended could not hear of it.
        child.signal(signal.SIGCONT)
        await anyio.sleep(grace)
        child.signal(signal.SIGKILL)
