"""Trivial trials through everything, two at a time, beside Optuna on SQLite and Ray Tune.

A trial logs ten metrics and a checkpoint of a kilobyte; random search proposes its one param. Ours: the clock runs
while `sweeps.run` does, from its call to its return: worker processes are started, each trial has a child run, and all
of it is stored, committed with FULL. What was kept is counted. Optuna's and Ray's clocks begin later (see there).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import sweeps
import tracker
from sweeps import run as run_sweep

from ..figures import Answer, Figure, at_least, compared
from ..peers import given_trial, work
from ..programs import Facts, Failed, run
from ..setting import Setting
from . import beside_optuna
from .functions import parameters, trivial

AT_ONCE = 2
# Shares of the trials of a sweep that is resumed: what takes ours, Optuna and Ray some seconds.
OURS, OPTUNAS, RAYS = 10, 50, 500
OPTUNA, RAY = "Optuna, SQLite", "Ray Tune"
PROCESSES, THREADS = "processes", "threads"
TIMES_OPTUNAS = at_least(5, 20)
TIMES_RAYS = at_least(200, 1000)


def answer(setting: Setting) -> Answer:
    """Let ours and Optuna take turns; Ray has one, since it takes so long."""
    rounds = [turns(setting) for _ in range(setting.rounds)]
    ray = by_ray(setting)
    rates = {name: [facts[name]["trials"] / facts[name]["seconds"] for facts in rounds] for name in rounds[0]}
    title, unit = "trivial trials through everything", "trials/s"
    theirs = rates[beside_optuna.EACH]
    figures = [
        compared(f"{title}, {PROCESSES}", unit, rates[PROCESSES], OPTUNA, theirs, TIMES_OPTUNAS),
        compared(
            f"{title}, {PROCESSES}",
            unit,
            rates[PROCESSES],
            f"{OPTUNA}, ten metrics as one attribute",
            rates[beside_optuna.ONE],
        ),
        beside_ray(f"{title}, {PROCESSES}", unit, rates[PROCESSES], ray),
        compared(f"{title}, {THREADS}", unit, rates[THREADS], OPTUNA, theirs),
    ]
    return Answer(figures, {"rounds": rounds, "ray": ray})


def turns(setting: Setting) -> Facts:
    """Give each its turn; return what each reported."""
    found = {}
    for mode in (PROCESSES, THREADS):
        with setting.room() as room:
            found[mode] = run("sweeping.trials", mode=mode, trials=max(AT_ONCE, setting.trials // OURS), folder=room)
    for mode in beside_optuna.MODES:
        with setting.room() as room:
            trials = max(AT_ONCE, setting.trials // OPTUNAS)
            found[mode] = run("sweeping.beside_optuna", mode=mode, trials=trials, folder=room)
    return found


def by_ray(setting: Setting) -> Facts:
    """Return what Ray reported, or why it did not."""
    if setting.peers is None:
        return {"missing": "peers were left out"}
    try:
        python = setting.peers.python("ray")
        with setting.room() as room:
            return run(
                "peers.trials_with_ray",
                python=python,
                environment={
                    "HOME": str(room),
                    "RAY_USAGE_STATS_ENABLED": "0",
                    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
                },
                trials=max(AT_ONCE, setting.trials // RAYS),
                folder=room,
            )
    except Failed as error:
        setting.say(f"  {RAY}: not measured: {error}")
        return {"missing": str(error)}


def beside_ray(name: str, unit: str, ours: Sequence[float], ray: Facts) -> Figure:
    """Compare with Ray's one turn, if it had one."""
    rate = statistics.median(ours)
    if "missing" in ray:
        return Figure(name, unit, rate, TIMES_RAYS, RAY, note=ray["missing"])
    theirs = ray["trials"] / ray["seconds"]
    return Figure(name, unit, rate, TIMES_RAYS, RAY, theirs, rate / theirs)


def main() -> None:
    """Run a sweep."""
    asked = work.arguments(__doc__)
    sweep = sweeps.Sweep(
        trivial, parameters=parameters(), metric=given_trial.METRIC, method="random", run_cap=asked.trials
    )
    started, cpu = time.monotonic(), time.process_time()
    result = run_sweep(sweep, store=asked.folder, parallel=AT_ONCE, executor=asked.mode, seed=work.SEED)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    with tracker.open(asked.folder, create=False) as store:
        runs = [trial.run_id for trial in result.trials if trial.value is not None]
        metrics = sum(len(store.get_run(run_id).metrics) for run_id in runs)
        models = len(store.search_logged_models(filter_string="status = 'READY'", max_results=asked.trials + 1))
    if (metrics, models) != (asked.trials * len(given_trial.metrics(0)), asked.trials):
        raise SystemExit(f"of {asked.trials} trials {metrics} metrics and {models} checkpoints were kept")
    work.answer({"trials": asked.trials, "seconds": seconds, "cpu": cpu})


if __name__ == "__main__":
    main()
