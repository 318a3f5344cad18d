"""What stopping early saves: epochs until one of the best configurations has been found, beside no stopping and Optuna.

243 configurations learn digits for 27 epochs (`digits_curves`). Four workers take them in a random order, in virtual
time. The budget is the number of epochs that all trials together had run when the first of the best 1 % (the two whose
loss is least after 27 epochs) had run all of its own. A rule that stops both of them is charged with all epochs of all
configurations. Each rule is given the same orders, and the ratio is the median over them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import optuna

from sweeps.config import Asha, EarlyTerminate, HyperbandRule, Median
from sweeps.pruners import Rule, make_pruner

from ..figures import Answer, at_most, compared
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting
from . import digits_curves
from .virtual import Curves, Listener, search

WORKERS, BEST, ORDERS = 4, 2, 40
NEVER, ASHA, OPTUNA = "no stopping", "ASHA", "Optuna's successive halving"
RULES: Mapping[str, Rule] = {
    ASHA: Asha(max_iter=digits_curves.EPOCHS),
    # From the third epoch on, as in W&B's own examples.
    "W&B's hyperband": EarlyTerminate(min_iter=3),
    "W&B's hyperband, not strict": EarlyTerminate(min_iter=3, strict=False),
    "hyperband": HyperbandRule(max_iter=digits_curves.EPOCHS),
    "median": Median(),
}
OF_NO_STOPPING = at_most(0.4, 0.37)
AS_OPTUNA = at_most(1.1, 1.0)


def answer(setting: Setting) -> Answer:
    """Search in a process of its own."""
    # Threads would cost more than they bring to so small matrices.
    found = run(
        "sweeping.asha_digits", folder=setting.folder, rounds=setting.rounds, environment={"OMP_NUM_THREADS": "1"}
    )
    title = f"epochs to one of the best {BEST} of {found['configurations']}"
    found["epochs"] = {
        name: [found["all"] if each is None else each for each in took] for name, took in found["epochs"].items()
    }
    spent = dict(found["epochs"])
    never = spent.pop(NEVER)
    return Answer(
        [
            *(
                compared(f"{title}, {name}", "epochs", took, NEVER, never, OF_NO_STOPPING if name == ASHA else None)
                for name, took in spent.items()
            ),
            compared(f"{title}, {ASHA}", "epochs", spent[ASHA], OPTUNA, spent[OPTUNA], AS_OPTUNA),
        ],
        found,
    )


def main() -> None:
    """Run every rule over the same orders."""
    asked = work.arguments(__doc__)
    curves = digits_curves.curves()
    found = compare(curves.tolist(), ORDERS * asked.rounds)
    work.answer({"configurations": len(curves), "all": curves.size, **found})


def compare(curves: Curves, orders: int) -> Facts:
    """Return the epochs that each rule took, by order; None where it found nothing, and how often that was."""
    finals = np.array([curve[-1] for curve in curves])
    best = set(np.argsort(finals)[:BEST].tolist())
    listeners: dict[str, Callable[[], Listener]] = {
        NEVER: Nobody,
        **{name: partial(Ours, rule) for name, rule in RULES.items()},
        OPTUNA: Optunas,
    }
    shuffled = [shuffle(len(curves), seed) for seed in range(orders)]
    epochs = {
        name: [search(order, curves, best, WORKERS, make()) for order in shuffled] for name, make in listeners.items()
    }
    return {"epochs": epochs, "never": {name: took.count(None) for name, took in epochs.items()}}


def shuffle(count: int, seed: int) -> Sequence[int]:
    """Return the numbers below a count in a random order."""
    return random.Random(seed).sample(range(count), count)  # noqa: S311  # orders, no secrets


class Nobody:
    """Stops nothing."""

    def report(self, number: int, epoch: int, loss: float) -> bool:  # noqa: ARG002  # nobody listens
        """Let it run."""
        return False

    def end(self, number: int, *, complete: bool) -> None:
        """Take no notice."""


class Ours:
    """A pruner of ours."""

    def __init__(self, rule: Rule) -> None:
        self._pruner = make_pruner(rule, "minimize")
        self.end = self._pruner.end

    def report(self, number: int, epoch: int, loss: float) -> bool:
        """Ask it."""
        return self._pruner.report(number, epoch, epoch, loss)


class Optunas:
    """Optuna's successive halving, in memory."""

    def __init__(self) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(
            pruner=optuna.pruners.SuccessiveHalvingPruner(reduction_factor=3, min_resource=1)
        )
        self._trials: dict[int, optuna.Trial] = {}

    def report(self, number: int, epoch: int, loss: float) -> bool:
        """Report to the study, and ask it."""
        if number not in self._trials:
            self._trials[number] = self._study.ask()
        self._trials[number].report(loss, epoch)
        return bool(self._trials[number].should_prune())

    def end(self, number: int, *, complete: bool) -> None:
        """Tell the study."""
        state = optuna.trial.TrialState.COMPLETE if complete else optuna.trial.TrialState.PRUNED
        self._study.tell(self._trials[number], 0.0 if complete else None, state)


if __name__ == "__main__":
    main()
