"""What the trials of a study come to: counts, the best value, and whether that is reason enough to end."""

from __future__ import annotations

from collections import Counter

from ..trial import TrialState
from .rules import FIRST_FAILURES, Rules

COUNTING = frozenset({TrialState.COMPLETE, TrialState.PRUNED})


class Tally:
    """Counts trials as they end. Losses are values with their sign such that less is better."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.states: Counter[TrialState] = Counter()
        self.iterations = 0
        self.best_number: int | None = None
        self.best_value: float | None = None
        self._since_better = 0
        # For what is imputed: the newest and the worst value of a trial that counted.
        self._newest: float | None = None
        self._worst: float | None = None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return self.states.total()

    def add(self, number: int, state: TrialState, value: float | None) -> None:
        """Count a trial that has ended; `value` is finite, or None if it has none that counts."""
        self.states[state] += 1
        if state not in COUNTING:
            return
        plateau = self._rules.stop.plateau
        better = value is not None and self._is_better(value, plateau.delta if plateau else 0.0)
        self._since_better = 0 if better else self._since_better + 1
        if value is None:
            return
        # Of equals the earlier trial is the best, in whatever order they end.
        if self.best_number is None or self._rank(number, value) < self._rank(self.best_number, self.best_value or 0.0):
            self.best_number, self.best_value = number, value
        self._newest = value
        if self._worst is None or self._rules.loss(value) > self._rules.loss(self._worst):
            self._worst = value

    def imputed(self) -> float | None:
        """Return the value that a failed trial counts as for the sampler, if the sweep says that it has one."""
        return {None: None, "latest": self._newest, "best": self.best_value, "worst": self._worst}[self._rules.impute]

    def enough(self) -> str:
        """Say why nothing more should be launched; nothing if the search goes on."""
        target, plateau = self._rules.target, self._rules.stop.plateau
        if target is not None and self._reaches(target):
            return f"trial {self.best_number} reached the target {target:g}"
        if plateau is not None and self._since_better >= plateau.trials:
            return f"no better value in {self._since_better} trials"
        return self._failures()

    def overspent(self, seconds: float) -> str:
        """Say why even what runs should end, after so many seconds; nothing if there is time and budget left."""
        stop = self._rules.stop
        if stop.after is not None and seconds >= stop.after:
            return f"its {stop.after:g} s are over"
        if stop.steps is not None and self.iterations >= stop.steps:
            return f"its {stop.steps} steps are spent"
        return ""

    def _failures(self) -> str:
        failed, most = self.states[TrialState.FAILED], self._rules.max_failures
        if most is not None and most >= 1 and failed >= most:
            return "a trial failed" if failed == 1 else f"{failed} trials failed"
        if self.ended < FIRST_FAILURES:
            return ""
        if failed == self.ended:
            return f"the first {failed} trials all failed"
        if most is not None and most < 1 and failed / self.ended >= most:
            return f"{failed} of {self.ended} trials failed"
        return ""

    def _reaches(self, target: float) -> bool:
        return self.best_value is not None and self._rules.loss(self.best_value) <= self._rules.loss(target)

    def _rank(self, number: int, value: float) -> tuple[float, int]:
        return self._rules.loss(value), number

    def _is_better(self, value: float, delta: float) -> bool:
        return self.best_value is None or self._rules.loss(value) < self._rules.loss(self.best_value) - delta
