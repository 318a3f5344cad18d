"""How long TPE takes for a proposal after 100, 1,000 and 5,000 trials of ten params, beside Optuna's own study.

Optuna keeps one sampler, whose random numbers go on from trial to trial; ours are found again after a restart.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from sweeps.samplers import Proposal, Told, make_sampler
from sweeps.space import Space
from sweeps.trial import TrialState

from ..figures import Answer, Figure, at_most, compared
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting

AFTER = (100, 1000, 5000)
TIMES = 10
OPTUNA = "Optuna's own study"
RATIO = at_most(1.25, 1.0)
PARAMETERS: dict[str, object] = {
    **{f"x{number}": {"min": 0.0, "max": 1.0} for number in range(8)},
    "choice": {"values": ["a", "b", "c", "d"]},
    "width": {"min": 1, "max": 64},
}
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    **{f"x{number}": FloatDistribution(0.0, 1.0) for number in range(8)},
    "choice": CategoricalDistribution(range(4)),
    "width": IntDistribution(1, 64),
}

Step = Callable[[], float]


def answer(setting: Setting) -> Answer:
    """Ask in a process of its own."""
    with setting.room() as room:
        found = run("sweeping.ask_times", folder=room, rounds=setting.rounds)
    return Answer([figure for trials in AFTER for figure in figures(trials, found[str(trials)])], found)


def figures(trials: int, took: Facts) -> list[Figure]:
    """Return how long a proposal takes after so many trials, and how long it takes to restore them."""
    name = f"a proposal of TPE after {trials:,} trials"
    return [
        compared(name, "ms", took["ours"], OPTUNA, took["theirs"], RATIO),
        Figure(f"restoring {trials:,} trials", "ms", took["restored"]),
    ]


def main() -> None:
    """Ask several times after each number of trials, in turns."""
    rounds = work.arguments(__doc__).rounds
    work.answer({trials: asked(trials, TIMES * rounds) for trials in AFTER})


def asked(trials: int, times: int) -> Facts:
    """Return the milliseconds of so many proposals, the first one left out."""
    started = time.perf_counter()
    ours = by_us(trials)
    restored = 1000 * (time.perf_counter() - started)
    theirs = by_optuna(trials)
    took = [(ours(), theirs()) for _ in range(times + 1)][1:]
    return {"ours": [each[0] for each in took], "theirs": [each[1] for each in took], "restored": restored}


def by_us(trials: int) -> Step:
    """Restore a sampler of ours; return what asks it once and says how long that took."""
    space = Space.from_parameters(PARAMETERS)
    sampler = make_sampler("bayes", "tpe", space, "minimize", 7)
    generator = random.Random(7)  # noqa: S311  # figures, no secrets
    for number in range(trials):
        point = space.sample(generator)
        sampler.restore(number, Proposal(point, {"at": space.encode(point)}), told(generator))
    numbers = iter(range(trials, 10**9))

    def step() -> float:
        number = next(numbers)
        started = time.perf_counter()
        sampler.ask(number)
        took = time.perf_counter() - started
        sampler.tell(number, told(generator))
        return 1000 * took

    return step


def by_optuna(trials: int) -> Step:
    """Do the same with a study of Optuna."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
    generator, space = random.Random(7), Space.from_parameters(PARAMETERS)  # noqa: S311  # figures, no secrets
    for _ in range(trials):
        at = space.encode(space.sample(generator))
        study.add_trial(create_trial(params=at, distributions=DISTRIBUTIONS, value=told(generator).value))

    def step() -> float:
        started = time.perf_counter()
        trial = study.ask(DISTRIBUTIONS)
        took = time.perf_counter() - started
        study.tell(trial, told(generator).value)
        return 1000 * took

    return step


def told(generator: random.Random) -> Told:
    """Return a trial's end: how its value comes about makes no difference to how long things take."""
    return Told(TrialState.COMPLETE, generator.random())


if __name__ == "__main__":
    main()
