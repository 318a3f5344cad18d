"""Call a trial's function, and make an outcome of however it ends."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

from tracker import Attachment

from ..errors import TrialPruned
from ..trial import Assignment, Outcome, TrialState
from .ending import tail_of
from .handle import AsyncTrial, Line, Trial
from .target import is_async

Function = Callable[..., object]
Load = Callable[[], Function]


def call(load: Load, assignment: Assignment, line: Line, attachment: Attachment) -> Outcome:
    """Load and call a function, an async one in an event loop of its own; to fail at loading is to fail."""
    with _caught() as ending:
        function = load()
        if is_async(function):
            return anyio.run(call_here, lambda: function, assignment, line, attachment)
        _call(function, assignment, line, attachment)
    return ending[-1]


async def call_here(load: Load, assignment: Assignment, line: Line, attachment: Attachment) -> Outcome:
    """Load and call a function, or await an async one in this event loop."""
    with _caught() as ending:
        function = load()
        if is_async(function):
            await _await(function, assignment, line, attachment)
        else:
            _call(function, assignment, line, attachment)
    return ending[-1]


def _call(function: Function, assignment: Assignment, line: Line, attachment: Attachment) -> None:
    run = attachment.run(assignment.run_id, assignment.experiment, assignment.params)
    with run.as_current():
        function(Trial(assignment, line, run))


async def _await(function: Function, assignment: Assignment, line: Line, attachment: Attachment) -> None:
    run = attachment.async_run(assignment.run_id, assignment.experiment, assignment.params)
    with attachment.run(assignment.run_id, assignment.experiment, assignment.params).as_current():
        await function(AsyncTrial(assignment, line, run))  # type: ignore[misc]  # it is async


@contextmanager
def _caught() -> Iterator[list[Outcome]]:
    """Turn what the body raises into the last of the yielded outcomes."""
    ending = [Outcome(TrialState.COMPLETE)]
    try:
        yield ending
    except SystemExit as leaving:
        if leaving.code:
            number = isinstance(leaving.code, int)
            reason = f"exited with code {leaving.code}" if number else f"exited: {leaving.code}"
            ending.append(Outcome(TrialState.FAILED, reason))
    except Exception as error:  # noqa: BLE001  # a failed trial is a value: the sweep goes on
        if _is_pruned(error):
            ending.append(Outcome(TrialState.PRUNED))
        else:
            reason = " ".join("".join(traceback.format_exception_only(error)).split())
            ending.append(Outcome(TrialState.FAILED, reason, tail_of(traceback.format_exc())))


def _is_pruned(error: Exception) -> bool:
    """Say whether a trial ended since it was told to; a task group of its own may have wrapped that."""
    if isinstance(error, ExceptionGroup):
        return error.split(TrialPruned)[1] is None
    return isinstance(error, TrialPruned)
