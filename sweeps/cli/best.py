"""`sweeps best`."""

from __future__ import annotations

import argparse

import tracker
from tracker.cli.manners import write_json

from ..errors import MetricNeverLogged, SweepError
from ..study import SweepRecord, TrialResult, goal_of, is_trial
from .find import find_sweep
from .leaders import Leaders


def command(arguments: argparse.Namespace) -> None:
    """Print a sweep's best checkpoints; with --json the best as `sweeps run` gives it, and all in order."""
    if arguments.top < 1:
        raise SweepError(f"--top {arguments.top}: at least 1")
    with tracker.open(arguments.store, create=False) as store:
        sweep = SweepRecord.of_run(find_sweep(store, arguments.sweep))
        metric = arguments.metric or sweep.metric
        if not metric:
            raise SweepError(f"sweep {sweep.name!r} has no metric of its own; name one with --metric")
        goal = arguments.goal or goal_of(metric, sweep.metric, sweep.goal)
        children = store.children(sweep.sweep_id)
        if not any(metric in child.metrics for child in children):
            raise MetricNeverLogged(metric, {name for child in children for name in child.metrics})
        models = store.rank(
            metric,
            goal=goal,
            dataset=arguments.dataset or sweep.dataset,
            parent_run_id=sweep.sweep_id,
            top=arguments.top,
        )
    leaders = Leaders(
        models, metric, {child.run_id: TrialResult.of_run(child).number for child in filter(is_trial, children)}
    )
    if arguments.json:
        found = leaders.mappings()
        write_json(
            {
                "sweep_id": sweep.sweep_id,
                "name": sweep.name,
                "metric": metric,
                "goal": goal,
                "best": next(iter(found), None),
                "top": found,
            },
        )
    else:
        leaders.print()
