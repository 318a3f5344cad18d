"""`sweeps status`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

import tracker
from tracker import Tracker
from tracker.cli.manners import pairs, write_json
from tracker.cli.terminal import print_table

from ..study import SweepRecord, TrialResult, is_trial
from .find import all_sweeps, find_sweep


def command(arguments: argparse.Namespace) -> None:
    """Print all sweeps, or the trials of one."""
    with tracker.open(arguments.store, create=False) as store:
        if arguments.sweep is None:
            _print_sweeps(store, as_json=arguments.json)
        else:
            _print_trials(store, arguments.sweep, as_json=arguments.json)


def _print_sweeps(store: Tracker, *, as_json: bool) -> None:
    rows = []
    for run in all_sweeps(store):
        trials = [TrialResult.of_run(child) for child in store.children(run.run_id) if is_trial(child)]
        record = SweepRecord.of_run(run)
        rows.append([record.name, record.sweep_id, record.status, len(trials), record.metric, record.goal])
    headings = ["name", "sweep_id", "status", "trials", "metric", "goal"]
    if as_json:
        write_json([dict(zip(headings, row, strict=True)) for row in rows])
    elif rows:
        print_table("", headings, rows)
    else:
        print("the store holds no sweep yet")


def _print_trials(store: Tracker, wanted: str, *, as_json: bool) -> None:
    run = find_sweep(store, wanted)
    record = SweepRecord.of_run(run)
    children = filter(is_trial, store.children(run.run_id))
    trials = sorted(map(TrialResult.of_run, children), key=lambda trial: trial.number)
    if as_json:
        write_json({**asdict(record), "trials": [asdict(trial) for trial in trials]})
        return
    print_table(
        f"{record.name} ({record.sweep_id}): {record.status}",
        ["trial", "state", record.metric or "value", "reason", "params"],
        [[trial.number, trial.state, trial.value, trial.reason, pairs(trial.params)] for trial in trials],
    )
