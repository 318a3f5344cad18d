"""`sweeps run`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tracker import LoggedModel
from tracker.cli.manners import INTERRUPTED, pairs, shown, write_json
from tracker.cli.terminal import print_table
from tracker.errors import AmbiguousDataset, DatasetNotFound

from ..errors import SweepError
from ..examples import find_example
from ..result import SweepResult
from ..running import run
from ..sweep import Sweep
from ..trial import TrialState
from .leaders import Leaders
from .progress import shown_on

_TOP = 5


def command(arguments: argparse.Namespace) -> int:
    """Run a sweep and print what came of it; or copy an example out."""
    if arguments.write is not None:
        _write(arguments.what, Path(arguments.write))
        return 0
    sweep = _find(arguments.what)
    with shown_on(sys.stderr if arguments.json else sys.stdout) as listen:
        result = run(
            sweep,
            store=arguments.store,
            parallel=arguments.parallel,
            trials=arguments.trials,
            seed=arguments.seed,
            listen=listen,
        )
    _report(result, as_json=arguments.json)
    return INTERRUPTED if result.interrupted else 0


def _find(what: str) -> Sweep:
    path = Path(what)
    if path.exists() or path.suffix in {".yaml", ".yml", ".json", ".toml"}:
        return Sweep.from_file(path)
    example = find_example(what)
    example.require()
    return Sweep.from_file(example.file)


def _write(what: str, folder: Path) -> None:
    try:
        written = find_example(what).write(folder)
    except OSError as problem:
        raise SweepError(f"cannot write into {folder}: {problem.strerror}") from problem
    for path in written:
        print(path)


def _report(result: SweepResult, *, as_json: bool) -> None:
    numbers = {trial.run_id: trial.number for trial in result.trials}
    leaders = Leaders(_best(result), result.metric, numbers)
    if as_json:
        write_json(_mapping(result, leaders))
        return
    for trial in result.trials:
        if trial.state is TrialState.FAILED:
            print(f"trial {trial.number} failed: {shown(trial.reason)}")
    print()
    if leaders.models:
        leaders.print()
        best = leaders.models[0]
        print("\nload the best with:\n")
        print("    import tracker")
        print(f'    tracker.open({result.store!r}).get_logged_model("{best.model_id}").download("best")')
    else:
        _print_trials(result)


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
        [[t.number, t.state, t.value, pairs(t.params)] for t in shown_trials],
    )
    print("\nno checkpoint is ranked; a trial keeps one by trial.log_model(name, save) and measures it by its log(…)")


def _mapping(result: SweepResult, leaders: Leaders) -> dict[str, object]:
    counts = {str(state): result.count(state) for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)}
    return {
        "sweep_id": result.sweep_id,
        "name": result.name,
        "store": result.store,
        "trials": {**counts, "total": len(result.trials)},
        "seconds": round(result.seconds, 3),
        "best": next(iter(leaders.mappings()), None),
    }
