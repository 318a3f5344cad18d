"""`sweeps status`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import asdict

import tracker
from tracker import Tracker
from tracker.cli.manners import pairs, write_json
from tracker.cli.terminal import Line, live, print_lines, print_table

from ..study import TrialResult
from ..study.record import flat
from ..trial import TrialState
from .find import all_sweeps, find_sweep
from .progress import Progress, span
from .screen import screen
from .standing import Standing, SweepState, standing_of

# How often --watch looks again, in seconds.
_OFTEN = 1.0
# So many of the newest trials are listed, unless all are asked for.
_NEWEST = 40
_NO_LIMIT = 1000


def command(arguments: argparse.Namespace) -> None:
    """Print all sweeps, or how one stands, with its trials; with --watch for as long as it runs."""
    with tracker.open(arguments.store, create=False) as store:
        if arguments.sweep is None:
            _print_sweeps(store, as_json=arguments.json)
            return
        parent = find_sweep(store, arguments.sweep)
        standing = standing_of(store, parent)
        if arguments.watch:
            standing = _watch(store, standing)
        if arguments.json:
            write_json(_mapping(standing))
        else:
            _print(standing, everything=arguments.all)


def _print_sweeps(store: Tracker, *, as_json: bool) -> None:
    standings = [standing_of(store, run) for run in all_sweeps(store)]
    headings = ["name", "sweep_id", "state", "trials", "metric", "goal"]
    rows = [
        [each.record.name, each.record.sweep_id, each.state, len(each.runs), each.record.metric, each.record.goal]
        for each in standings
    ]
    if as_json:
        found = [dict(zip(headings, row, strict=True)) for row in rows]
        write_json([{**row, "status": each.record.status} for row, each in zip(found, standings, strict=True)])
    elif rows:
        print_table("", headings, rows)
    else:
        print("the store holds no sweep yet")


def _watch(store: Tracker, standing: Standing) -> Standing:
    """Show a sweep for as long as it runs, on a terminal as a screen, else as lines; return how it stands then."""
    seen = [standing]
    stream = sys.stderr

    def draw(height: int) -> list[Line]:
        return _screen(seen[-1], height)

    if stream.isatty():
        with live(draw, stream, stays=False):
            while _look_again(store, seen):
                pass
    else:
        said = ""
        while _look_again(store, seen):
            summary = seen[-1].progress().summary()
            if summary != said:
                stream.write(f"{summary}\n")
                stream.flush()
            said = summary
    return seen[-1]


def _look_again(store: Tracker, seen: list[Standing]) -> bool:
    """Look at a running sweep again after a while; return whether it runs."""
    if seen[-1].state is SweepState.RUNNING:
        time.sleep(_OFTEN)
        seen[:] = [standing_of(store, seen[-1].parent)]
    return seen[-1].state is SweepState.RUNNING


def _screen(standing: Standing, height: int) -> list[Line]:
    return [[(standing.record.sweep_id, ""), (f" · {standing.says()}", "bold")], *screen(standing.progress(), height)]


def _print(standing: Standing, *, everything: bool) -> None:
    print_lines(_screen(standing, _NO_LIMIT))
    trials = standing.trials
    listed = trials if everything else trials[-_NEWEST:]
    if not listed:
        return
    metric = standing.record.metric or "value"
    print()
    print_table(
        "",
        ["trial", "state", "attempts", metric, "took", "reason", "params"],
        [_row(trial, standing.state) for trial in listed],
    )
    if len(listed) < len(trials):
        print(f"… the newest {len(listed)} of {len(trials)} trials; --all lists all")


def _row(trial: TrialResult, sweep: SweepState) -> list[object]:
    took = None if trial.seconds is None else span(trial.seconds)
    # What ran when its scheduler went has ended with it.
    lost = trial.state is TrialState.RUNNING and sweep is not SweepState.RUNNING
    return [
        trial.number,
        "lost" if lost else trial.state,
        trial.attempts,
        trial.value,
        took,
        trial.reason,
        pairs(flat(trial.params)),
    ]


def _mapping(standing: Standing) -> dict[str, object]:
    progress = standing.progress()
    best = progress.best
    return {
        **asdict(standing.record),
        "state": standing.state,
        "pid": standing.pid,
        "ended": standing.why,
        "total": progress.total,
        "counts": dict(Counter(str(trial.state) for trial in standing.trials)),
        "retries": progress.retries,
        "seconds_left": progress.seconds_left if standing.state is SweepState.RUNNING else None,
        "best": None if best is None else {"trial": best.number, "value": best.value},
        "trials": [_trial(trial, progress) for trial in standing.trials],
    }


def _trial(trial: TrialResult, progress: Progress) -> dict[str, object]:
    """Return what JSON says of a trial: of one that runs also what it logged last, at which step."""
    running = progress.running.get(trial.number)
    now = (
        {}
        if running is None
        else {"latest": running.value, "step": running.step, "seconds": progress.clock() - running.since}
    )
    return {**asdict(trial), **now}
