"""What a sweep learns from earlier ones before it begins."""

from __future__ import annotations

from tracker import AsyncTracker, RunInfo

from .config import SweepConfig
from .errors import InvalidSweep
from .samplers import Sampler, Told
from .study import SweepRecord, TrialResult, is_trial
from .study.lookup import named
from .study.record import SWEEPS
from .trial import TrialState


async def learn(sampler: Sampler, config: SweepConfig, store: AsyncTracker) -> int:
    """Tell a sampler what the complete trials of the sweeps of `execution.warm_start` came to; return how many.

    Trials whose params do not lie in the space are passed over.

    Raises:
        SweepNotFound: there is no such sweep.
        InvalidSweep: it was for another metric.
    """
    if not config.execution.warm_start:
        return 0
    sweeps = await store.search_runs(filter_string=SWEEPS)
    learned = 0
    for wanted in config.execution.warm_start:
        sweep = named(sweeps, wanted)
        _require_comparable(sweep, config)
        for run in filter(is_trial, await store.children(sweep.run_id)):
            learned += _learn_from(TrialResult.of_run(run), sampler, config)
    return learned


def _require_comparable(sweep: RunInfo, config: SweepConfig) -> None:
    earlier = SweepRecord.of_run(sweep)
    metric = config.metric
    if metric is None or (earlier.metric, earlier.goal) != (metric.name, metric.goal):
        wanted = f"{metric.goal} {metric.name}" if metric else "nothing"
        problem = f"sweep {sweep.name!r} was to {earlier.goal} {earlier.metric or 'nothing'}, and this one {wanted}"
        raise InvalidSweep(f"{problem}; name one of the same metric", where="execution.warm_start")


def _learn_from(trial: TrialResult, sampler: Sampler, config: SweepConfig) -> bool:
    if trial.state is not TrialState.COMPLETE or trial.value is None or not config.space.contains(trial.params):
        return False
    sampler.learn(trial.params, Told(trial.state, trial.value))
    return True
