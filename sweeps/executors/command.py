"""Run trials as commands: any program, which logs with `tracker.current_run()`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from typing import Self

import anyio

from ..trial import Assignment, Cause, Outcome, TrialState
from .census import MARKER
from .child import Child
from .ending import read_tail
from .environment import params_for_wandb, script_variables
from .folder import own_folder
from .interface import Control
from .mailbox import Mailbox
from .output import Output, Outputs, remove
from .target import CommandTarget
from .warden import Warden, Watched, failure

_MEMORY = "/dev/shm"  # noqa: S108  # a folder of a name of its own is made in it


class CommandExecutor:
    """A process for each attempt, in a session of its own, which says what it logs by datagrams."""

    hears_all = False

    def __init__(self, target: CommandTarget, _: float) -> None:
        self._target = target
        self._lifetimes = AsyncExitStack()
        # Of attempts that have ended: their files are written over, since to make and remove files takes longer.
        self._names: list[str] = []
        self._new_names = map(str, count())
        self.warden = Warden()

    async def __aenter__(self) -> Self:
        enter = self._lifetimes.enter_context
        self._folder, self._brief = (enter(own_folder(place)) for place in (None, _memory()))
        self._mailbox, self._outputs = enter(Mailbox()), enter(Outputs())
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
        path = assignment.output or f"{self._folder}/{assignment.number}.txt"
        name = self._names.pop() if self._names else next(self._new_names)
        output: Output | None = None
        watched: Watched | None = None
        try:
            try:
                output = self._outputs.open(path)
                watched = self._start(assignment, output, name)
            except (OSError, ValueError) as problem:
                reason = f"cannot start {self._target}: {getattr(problem, 'strerror', None) or problem}"
                return Outcome(TrialState.FAILED, reason, cause=Cause.START)
            code, stopped = await self._conduct(watched, assignment, control, output)
        finally:
            self._names.append(name)
            if output is not None:
                self._outputs.close(output, is_free=watched is not None and watched.has_left_nothing)
        return self._outcome(watched, code, path, stopped=stopped)

    def _start(self, assignment: Assignment, output: Output, name: str) -> Watched:
        write = partial(self._write, name)
        marker = self.warden.marker(assignment)
        environment = {
            **self._inherited,
            **script_variables(assignment),
            **assignment.environment,
            **assignment.variables,
            MARKER: marker,
            "TRACKER_WATCH": self._mailbox.path,
            "WANDB_DIR": output.path.rpartition(os.sep)[0],
            "WANDB_SWEEP_PARAM_PATH": write("yaml", params_for_wandb(assignment.params)),
        }
        json_file = partial(_write_json, write, assignment.params)
        arguments = self._target.arguments(assignment.params, environment, json_file)
        child = Child.start(arguments, stdin=subprocess.DEVNULL, output=output.file, environment=environment)
        watched = self.warden.add(child, marker)
        watched.output, watched.memory = output, assignment.memory
        return watched

    def _write(self, name: str, kind: str, text: str) -> str:
        """Write a file that stays as it is while an attempt runs, in memory if there is room; return its path."""
        path = f"{self._brief}/{name}.{kind}"
        try:
            _write_text(path, text)
        except OSError:
            remove(path)
            path = f"{self._folder}/{name}.{kind}"
            _write_text(path, text)
        return path

    async def _conduct(
        self, watched: Watched, assignment: Assignment, control: Control, output: Output
    ) -> tuple[int, bool]:
        """Wait for a command's end; return its exit code, and whether it was told to stop before."""
        stop = partial(self._tasks.start_soon, _stop, watched, assignment.grace)
        with self._mailbox.listening(assignment, control):
            try:
                with control.when_told(stop):
                    await watched.child.wait()
            except BaseException:
                await self.warden.end(watched)
                control.tail = read_tail(output.path)
                raise
            finally:
                if watched.stopping is not None:
                    watched.stopping.cancel()
            stopped = control.stopping
            # What it said last may not have been read.
            self._mailbox.read()
        return await self.warden.end(watched), stopped

    def _outcome(self, watched: Watched, code: int, output: str, *, stopped: bool) -> Outcome:
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


def _write_text(path: str, text: str) -> None:
    # By hand: the layers of `open` take as long as the rest of it.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


async def _stop(watched: Watched, grace: float) -> None:
    """Tell a process to end, and end it if it has not by then."""
    child = watched.child
    if child.has_ended():
        return
    with anyio.CancelScope() as watched.stopping:
        child.signal(signal.SIGTERM)
        # One that is suspended could not hear of it.
        child.signal(signal.SIGCONT)
        await anyio.sleep(grace)
        child.signal(signal.SIGKILL)
