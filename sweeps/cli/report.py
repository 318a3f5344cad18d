"""What came of a sweep, as `sweeps run` and `sweeps resume` end with it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence

from tracker import LoggedModel
from tracker.cli.manners import INTERRUPTED, pairs, write_json
from tracker.cli.terminal import print_table
from tracker.errors import AmbiguousDataset, DatasetNotFound

from ..result import SweepResult
from ..scheduler.why import PREEMPTED
from ..study import TrialResult
from ..study.record import flat
from ..trial import TrialState
from .leaders import Leaders
from .troubles import Troubles

_TOP = 5
_PREEMPTED = 128 + signal.SIGTERM
_COUNTED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED)


def exit_code(result: SweepResult, why: str) -> int:
    """Return 0, or what says that the sweep was interrupted; `why` is the reason of the first interruption."""
    if not result.interrupted:
        return 0
    return _PREEMPTED if why == PREEMPTED.reason else INTERRUPTED


def report(result: SweepResult, *, as_json: bool) -> None:
    """Print what came of a sweep: its failures, its best checkpoints, and how to load the best."""
    numbers = {trial.run_id: trial.number for trial in result.trials}
    leaders = Leaders(_best(result), result.metric, numbers)
    if as_json:
        write_json(_mapping(result, leaders))
        return
    for line in failures(result.trials):
        print(line)
    print()
    if leaders.models:
        leaders.print()
        best = leaders.models[0]
        print("\nload the best with:\n")
        print("    import tracker")
        print(f'    tracker.open({result.store!r}).get_logged_model("{best.model_id}").download("best")')
    else:
        _print_trials(result)


def failures(trials: Sequence[TrialResult]) -> Iterator[str]:
    """Return a line for each reason by which trials failed, with their numbers."""
    troubles = Troubles()
    for trial in trials:
        if trial.state is TrialState.FAILED:
            troubles.add(trial.number, trial.reason, again=False)
    return map(str, troubles)


def _best(result: SweepResult) -> Sequence[LoggedModel]:
    """Return the best checkpoints; why there are none is said, but takes nothing from the sweep's success."""
    try:
        return result.rank(top=_TOP) if result.metric else []
    except (AmbiguousDataset, DatasetNotFound) as problem:
        sys.stderr.write(f"sweeps: checkpoints are not ranked: {problem}\n")
        return []


def _print_trials(result: SweepResult) -> None:
    """Print the best trials, for a sweep whose trials kept no checkpoints."""
    sign = -1.0 if result.goal == "maximize" else 1.0
    best = sorted((trial for trial in result.trials if trial.value is not None), key=lambda t: sign * (t.value or 0.0))
    shown_trials = best[:_TOP] or result.trials[:_TOP]
    print_table(
        f"best trials by {result.metric}" if best else "trials",
        ["trial", "state", result.metric or "value", "params"],
        [[t.number, t.state, t.value, pairs(flat(t.params))] for t in shown_trials],
    )
    print("\nno checkpoint is ranked; a trial keeps one by trial.log_model(name, save) and measures it by its log(…)")


def _mapping(result: SweepResult, leaders: Leaders) -> dict[str, object]:
    return {
        "sweep_id": result.sweep_id,
        "name": result.name,
        "store": result.store,
        "trials": {**{str(state): result.count(state) for state in _COUNTED}, "total": len(result.trials)},
        "seconds": round(result.seconds, 3),
        "interrupted": result.interrupted,
        "ended": result.ended,
        "best": next(iter(leaders.mappings()), None),
    }
