"""What came of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import tracker
from tracker import LoggedModel, RankedModels, RankOptions

from .study import TrialResult, goal_of
from .trial import TrialState
from .trials import Trials


@dataclass(frozen=True, slots=True)
class SweepResult:
    """A sweep that has ended: its trials by number, and how to pick from their checkpoints.

    `ended` says why it ended before its last trial; nothing if it did not. `seconds` is how long this execution took.
    """

    sweep_id: str
    name: str
    store: str
    metric: str
    goal: str
    dataset: str | None
    trials: Trials
    seconds: float
    interrupted: bool
    ended: str = ""

    @property
    def best_trial(self) -> TrialResult | None:
        """The trial that reached the best value of the sweep's metric; the earlier one of equals."""
        sign = -1.0 if self.goal == "maximize" else 1.0
        counting = {TrialState.COMPLETE, TrialState.PRUNED}
        valued = [trial for trial in self.trials if trial.value is not None and trial.state in counting]
        return min(valued, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)

    def count(self, state: TrialState) -> int:
        """Count the trials that ended in a state."""
        return sum(trial.state is state for trial in self.trials)

    def best(
        self,
        metric: str | None = None,
        dataset: str | None = None,
        *,
        goal: str | None = None,
    ) -> LoggedModel | None:
        """Return the best checkpoint; None if none has a finite value of the metric.

        The metric is the sweep's unless given, the dataset (`NAME` or `NAME@DIGEST`) too. The goal is the sweep's for
        its own metric; any other is maximized unless the goal is given.

        Raises:
            AmbiguousDataset: it was measured on several datasets and none is named.
            DatasetNotFound: no checkpoint was measured on the one that is named.
        """
        return next(iter(self.rank(metric, dataset, goal=goal, top=1)), None)

    def rank(
        self,
        metric: str | Mapping[str, str] | None = None,
        dataset: str | None = None,
        *,
        goal: str | None = None,
        top: int = 5,
        **how: Unpack[RankOptions],
    ) -> RankedModels[LoggedModel]:
        """Return the best checkpoints, the best first, as `best` does; `how` is what `Tracker.rank` takes besides."""
        by = metric or self.metric
        if isinstance(by, str):
            goal = goal or goal_of(by, self.metric, self.goal)
        with tracker.open(self.store, create=False) as store:
            return store.rank(
                by,
                goal=goal or "maximize",
                dataset=dataset or self.dataset,
                parent_run_id=self.sweep_id,
                top=top,
                **how,
            )
