"""Call a trial's function, and make an outcome of however it ends."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import anyio

from ..errors import TrialPruned
from ..trial import Assignment, Cause, Outcome, TrialState
from .earlier import Earlier, earlier_model
from .ending import is_short_of_memory, tail_of
from .handle import AsyncTrial, Trial
from .logbook import Line, Logbook
from .target import is_async

Function = Callable[..., object]
Load = Callable[[], Function]


def call(load: Load, assignment: Assignment, line: Line, logbook: Logbook) -> Outcome:
    """Load and call a function, an async one in an event loop of its own; to fail at loading is to fail."""
    with _caught() as ending:
        function = ending.loaded(load())
        if is_async(function):
            return anyio.run(call_here, lambda: function, assignment, line, logbook)
        _call(function, assignment, line, logbook)
    return ending.outcome


async def call_here(load: Load, assignment: Assignment, line: Line, logbook: Logbook) -> Outcome:
    """Load and call a function, or await an async one in this event loop."""
    with _caught() as ending:
        function = ending.loaded(load())
        if is_async(function):
            await _await(function, assignment, line, logbook)
        else:
            _call(function, assignment, line, logbook)
    return ending.outcome


def _call(function: Function, assignment: Assignment, line: Line, logbook: Logbook) -> None:
    with logbook.listening(assignment, line) as attachment, closing(Earlier(assignment)) as earlier:
        run = attachment.run(assignment.run_id, assignment.experiment, assignment.params)
        with run.as_current():
            function(Trial(assignment, line, run, earlier))


async def _await(function: Function, assignment: Assignment, line: Line, logbook: Logbook) -> None:
    place = assignment.run_id, assignment.experiment, assignment.params
    async with earlier_model(assignment) as model:
        with logbook.listening(assignment, line) as attachment, attachment.run(*place).as_current():
            trial = AsyncTrial(assignment, line, attachment.async_run(*place), model)
            await function(trial)  # type: ignore[misc]  # it is async


@dataclass
class _Ending:
    """How a call ended; until its function is loaded, a failure is one to start."""

    outcome: Outcome = field(default_factory=lambda: Outcome(TrialState.COMPLETE))
    cause: Cause = Cause.START

    def loaded(self, function: Function) -> Function:
        self.cause = Cause.CRASH
        return function

    def fail(self, reason: str, tail: str = "", cause: Cause | None = None) -> None:
        self.outcome = Outcome(TrialState.FAILED, reason, tail, cause or self.cause)


@contextmanager
def _caught() -> Iterator[_Ending]:
    """Turn what the body raises into the yielded ending's outcome."""
    ending = _Ending()
    try:
        yield ending
    except SystemExit as leaving:
        if leaving.code:
            number = isinstance(leaving.code, int)
            ending.fail(f"exited with code {leaving.code}" if number else f"exited: {leaving.code}")
    except Exception as error:  # noqa: BLE001  # a failed trial is a value: the sweep goes on
        if _is_pruned(error):
            ending.outcome = Outcome(TrialState.PRUNED)
        else:
            reason = " ".join("".join(traceback.format_exception_only(error)).split())
            cause = Cause.MEMORY if is_short_of_memory(error) else None
            ending.fail(reason, tail_of(traceback.format_exc()), cause)


def _is_pruned(error: Exception) -> bool:
    """Say whether a trial ended since it was told to; a task group of its own may have wrapped that."""
    if isinstance(error, ExceptionGroup):
        return error.split(TrialPruned)[1] is None
    return isinstance(error, TrialPruned)
