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


def call(load: Callable[[], Function], assignment: Assignment, line: Line, attachment: Attachment) -> Outcome:
    """Load and call a function, an async one in an event loop of its own; to fail at loading is to fail."""
    with _caught() as ending:
        function = load()
        if is_async(function):
            return anyio.run(call_async, function, assignment, line, attachment)
        run = attachment.run(assignment.run_id, assignment.experiment, assignment.params)
        with run.as_current():
            function(Trial(assignment, line, run))
    return ending[-1]


async def call_async(function: Function, assignment: Assignment, line: Line, attachment: Attachment) -> Outcome:
    """Await an async function."""
    run = attachment.async_run(assignment.run_id, assignment.experiment, assignment.params)
    with _caught() as ending:
        await function(AsyncTrial(assignment, line, run))  # type: ignore[misc]  # it is async
    return ending[-1]


@contextmanager
def _caught() -> Iterator[list[Outcome]]:
    """Turn what the body raises into the last of the yielded outcomes."""
    ending = [Outcome(TrialState.COMPLETE)]
    try:
        yield ending
    except TrialPruned:
        ending.append(Outcome(TrialState.PRUNED))
    except SystemExit as leaving:
        if leaving.code:
            ending.append(Outcome(TrialState.FAILED, f"exited with {leaving.code}"))
    except Exception as error:  # noqa: BLE001  # a failed trial is a value: the sweep goes on
        reason = "".join(traceback.format_exception_only(error)).strip()
        ending.append(Outcome(TrialState.FAILED, reason, tail_of(traceback.format_exc())))
