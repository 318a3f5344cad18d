"""A scheduler's process: it resumes the one sweep of its store, or begins it, until it is killed.

As a program it is given an order in JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import sweeps
from sweeps import running
from sweeps.errors import SweepNotFound
from sweeps.scheduler import Event, Ledger, TrialEnded, TrialStarted
from sweeps.study import PastTrial
from tracker.errors import StoreNotFound
from tracker.journal.open_part import OpenPart

from .trials import EVENTS

NAME = "killed"
# How a record is left by a process that ends at it.
BEFORE, HALF, AFTER = ENDS = ("before", "half", "after")
WHOLE = "whole"

_UNIFORM = {"x": {"min": 0.0, "max": 1.0}, "y": {"values": [0, 1, 2]}}
_GRID = {"x": {"values": [step / 10 for step in range(10)]}, "y": {"values": [0, 1, 2]}}
# What of the search a sweep's name stands for.
SEARCHES: Mapping[str, Mapping[str, object]] = {
    "grid": {"method": "grid", "parameters": _GRID, "parallel": 2},
    "random": {"method": "random", "parameters": _UNIFORM, "parallel": 2},
    "tpe": {"method": "bayes", "parameters": _UNIFORM},
    "pruned": {"method": "bayes", "parameters": _UNIFORM, "pruner": {"type": "median", "startup": 3}},
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a scheduler is told.

    `dies_at` counts its journal's records: with the one of that number it ends, and `end` says how it leaves that.
    One that `forgets` is the control: it knows nothing of what was before it.
    """

    search: str
    executor: str
    store: str
    result: str
    trials: int
    seed: int
    dies_at: int | None = None
    end: str = AFTER
    forgets: bool = False


def sweep_of(order: Order) -> sweeps.Sweep:
    program = str(Path(__file__).with_name("trials.py"))
    return sweeps.Sweep(
        program if order.executor == "command" else f"{program}:train",
        metric="loss",
        name=NAME,
        run_cap=order.trials,
        seed=order.seed,
        executor=order.executor,
        # A trial of this sweep is killed more often than any that is meant well.
        retries={"signal": 1000, "lost": 1000},
        **SEARCHES[order.search],  # type: ignore[arg-type]  # as a user might
    )


def perform(order: Order) -> None:
    """Run the sweep to its end, and write down what came of it."""
    if order.dies_at is not None:
        die_at(order.dies_at, order.end)
    if order.forgets:
        forget()
    events = os.open(os.environ[EVENTS], os.O_WRONLY)

    def listen(event: Event) -> None:
        if isinstance(event, TrialStarted):
            os.write(events, f"launched {event.number} {event.attempt} 0\n".encode())
        elif isinstance(event, TrialEnded):
            os.write(events, f"{event.state} {event.number} 0 0\n".encode())

    try:
        result = sweeps.resume(NAME, store=order.store, listen=listen)
    except (SweepNotFound, StoreNotFound):
        result = sweeps.run(sweep_of(order), store=order.store, listen=listen)
    best = result.best_trial
    said = {"sweep_id": result.sweep_id, "best": None if best is None else best.number, "ended": result.ended}
    Path(order.result).write_text(json.dumps(said))


def die_at(number: int, end: str) -> None:
    """Let this process be killed with its journal's record of this number."""
    write = OpenPart.write
    left = number

    def write_or_die(part: OpenPart, frame: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0 and end == HALF:
            os.pwrite(part.file, frame[: len(frame) // 2], part.offset)
        if left > 0 or end == AFTER:
            write(part, frame)
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(OpenPart, "write", write_or_die)  # noqa: B010  # a method is put in another's place


def forget() -> None:
    """Let this process know only what it keeps in memory, as schedulers do that run a loop over their trials."""

    async def recall(_: Ledger) -> list[PastTrial]:
        return []

    setattr(Ledger, "recall", recall)  # noqa: B010  # a method is put in another's place
    setattr(running, "end_attempts", lambda _: 0)  # noqa: B010  # as above


def undisturbed(order: Order, store: Path, result: Path) -> Order:
    """Return the same sweep, in a store of its own, with nobody to kill it."""
    return replace(order, store=str(store), result=str(result), dies_at=None, forgets=False)


def perform_in_child(order: Order) -> int:
    """Perform an order in a child process; return its exit code as `subprocess` has it."""
    pid = os.fork()
    if pid == 0:
        try:
            perform(order)
        except BaseException:  # noqa: BLE001  # whatever it is, the test shall see it
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def perform_ending_at_every_record(order: Order) -> None:
    """For every record of the scheduler's, in a store of its own: end with it, then resume to the end.

    The stores are `order.store` with the record's number behind it, and the end; so are the results. A line is printed
    for each. The sweep that nobody disturbs has `WHOLE` there.
    """
    # Here and not in a child, which would have to load all that is loaded late, as the next ones would.
    perform(replace(order, store=f"{order.store}-{WHOLE}", result=f"{order.result}-{WHOLE}"))
    # The event loop's threads end a moment after it; what is forked must have none.
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join()
    for dies_at in count(1):
        for end in (HALF, AFTER):
            place = f"-{dies_at}-{end}"
            this = replace(order, store=order.store + place, result=order.result + place)
            code = perform_in_child(replace(this, dies_at=dies_at, end=end))
            if code == 0:
                return
            assert code == -signal.SIGKILL, place
            assert perform_in_child(this) == 0, place
            print(place, flush=True)  # noqa: T201  # the test reads it


if __name__ == "__main__":
    if sys.argv[1:2] == ["every"]:
        perform_ending_at_every_record(Order(**json.loads(sys.argv[2])))
    else:
        perform(Order(**json.loads(sys.argv[1])))
