"""How good the best of 100 trials is: our TPE, Optuna's own study, and random search, on HPOBench's eight datasets.

Eight workers run at a time, in virtual time, by the tables' seconds. What is measured is the regret: how far the best
accuracy found is from the table's best, as a share of how far the table's median is; the mean over datasets and seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import optuna

from sweeps.samplers import Told, make_sampler
from sweeps.space import Space
from sweeps.trial import TrialState

from ..figures import Answer, Figure, at_most
from ..peers import work
from ..programs import Facts, Failed, run
from ..setting import Setting
from .tables import Ask, Point, Table, Tell, tabulated

TRIALS, WORKERS, SEEDS = 100, 8, 5
OURS, OPTUNA, RANDOM = "tpe", "Optuna's own study", "random search"
NAME = f"TPE's regret after {TRIALS} trials, {WORKERS} at a time"
REGRET = at_most(0.060, 0.050)
TIMES_OPTUNAS = at_most(1.25, 1.0)
TIMES_RANDOM = at_most(0.8, 0.6)

Make = Callable[[Mapping[str, int], int], tuple[Ask, Tell]]


def answer(setting: Setting) -> Answer:
    """Search in a process of its own; without peers there are no tables."""
    try:
        with setting.room() as room:
            tables = tabulated(setting, room)
            found = run("sweeping.tpe_quality", folder=room, rounds=SEEDS if setting.rounds > 1 else 1)
    except Failed as error:
        setting.say(f"  HPOBench: not measured: {error}")
        return Answer([Figure(NAME, "", None, REGRET, note=str(error))], {"missing": str(error)})
    return Answer(figures({who: found[who]["mean"] for who in MAKE}), {"tables": tables, **found})


def figures(means: Mapping[str, float]) -> list[Figure]:
    """Return our regret, and how many times Optuna's and random search's it is."""
    ours = means[OURS]
    beside = {OPTUNA: TIMES_OPTUNAS, RANDOM: TIMES_RANDOM}
    return [
        Figure(NAME, "", ours, REGRET),
        *(Figure(NAME, "", ours, target, who, means[who], ours / means[who]) for who, target in beside.items()),
    ]


def main() -> None:
    """Search all tables with all seeds."""
    asked = work.arguments(__doc__)
    work.answer({who: searched(asked.folder, make, asked.rounds) for who, make in MAKE.items()})


def searched(folder: Path, make: Make, seeds: int) -> Facts:
    """Return the regret of each dataset and seed, and its mean over datasets by seed."""
    regrets = {path.stem: regrets_of(path, make, seeds) for path in sorted(folder.glob("*.npy"))}
    by_seed = np.mean(list(regrets.values()), axis=0).tolist()
    return {"mean": statistics.fmean(by_seed), "by_seed": by_seed, "regrets": regrets}


def regrets_of(path: Path, make: Make, seeds: int) -> list[float]:
    """Return the regret of each seed."""
    table = Table.read(path)
    return [
        table.regret(max(table.search(*make(table.axes, seed), trials=TRIALS, workers=WORKERS)))
        for seed in range(seeds)
    ]


def by_us(method: str) -> Make:
    """Search with a sampler of ours."""

    def make(axes: Mapping[str, int], seed: int) -> tuple[Ask, Tell]:
        space = Space.from_parameters({name: {"min": 0, "max": length - 1} for name, length in axes.items()})
        sampler = make_sampler(method, None, space, "maximize", seed)

        def ask(number: int) -> Point:
            proposal = sampler.ask(number)
            return {name: int(str(value)) for name, value in (proposal.params if proposal else {}).items()}

        return ask, lambda number, accuracy: sampler.tell(number, Told(TrialState.COMPLETE, accuracy))

    return make


def by_optuna(axes: Mapping[str, int], seed: int) -> tuple[Ask, Tell]:
    """Search as Optuna would: with one sampler, whose random numbers go on from trial to trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    ranges: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.IntDistribution(0, length - 1) for name, length in axes.items()
    }

    def tell(number: int, accuracy: float) -> None:
        study.tell(number, accuracy)

    return lambda _: study.ask(ranges).params, tell


MAKE: Mapping[str, Make] = {OURS: by_us("bayes"), OPTUNA: by_optuna, RANDOM: by_us("random")}


if __name__ == "__main__":
    main()
