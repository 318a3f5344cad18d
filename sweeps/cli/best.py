"""`sweeps best`."""

from __future__ import annotations

import argparse

import tracker
from tracker.cli.manners import write_json

from ..errors import MetricNeverLogged, SweepError
from ..study import SweepRecord, TrialResult
from .find import find_sweep
from .leaders import Leaders


def command(arguments: argparse.Namespace) -> None:
    """Print a sweep's best checkpoints; with --json a list, the best first."""
    if arguments.top < 1:
        raise SweepError(f"--top {arguments.top}: at least 1")
    with tracker.open(arguments.store, create=False) as store:
        sweep = SweepRecord.of_run(find_sweep(store, arguments.sweep))
        metric = arguments.metric or sweep.metric
        if not metric:
            raise SweepError(f"sweep {sweep.name!r} has no metric of its own; name one with --metric")
        children = store.children(sweep.sweep_id)
        if not any(metric in child.metrics for child in children):
            raise MetricNeverLogged(metric, {name for child in children for name in child.metrics})
        models = store.rank(
            metric,
            goal=sweep.goal_of(metric),
            dataset=arguments.dataset or sweep.dataset,
            parent_run_id=sweep.sweep_id,
            top=arguments.top,
        )
    leaders = Leaders(models, metric, {child.run_id: TrialResult.of_run(child).number for child in children})
    if arguments.json:
        write_json(leaders.mappings())
    else:
        leaders.print()
