"""The ranking of candidates by all that a user can say: pure.

Those that may rank (`eligible`) get costs, of which less is better: after smoothing, and as one score if there are
weights. Of equal costs the one of the smaller step comes first, for it took less training; then the one that was
logged first. A Pareto front is followed by the fronts of what it leaves, until there are as many places as wanted;
within a front the first metric named decides, then the next one, then the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .candidates import NO_STEP, Candidates
from .eligible import eligible
from .leads import with_leads
from .ordering import Places, begins_of, best_of_each, order_of
from .pareto import fronts
from .places import Place, Ranking, SeedGroup
from .rank_by import RankBy
from .seeds import SeedGroups, seed_groups
from .smoothing import Smoothed, smoothed
from .weighing import weighed


def rank_candidates(candidates: Candidates, by: RankBy) -> Ranking:
    """Rank candidates whose values are those that count (see `counted`), of the metrics that `by.needed` names."""
    found = eligible(candidates, by)
    if not len(found.places):
        return Ranking(by, (), len(candidates), found.left_out)
    field = _Field.of(candidates, by, found.places)
    if by.is_front:
        places = _by_fronts(field)
    elif by.seeds:
        places = _with_leads(field, _by_groups(field))
    else:
        places = _with_leads(field, _by_cost(field))
    return Ranking(by, tuple(places[: by.top]), len(candidates), found.left_out)


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """Those that may rank: where they stand among the candidates, and the costs of each, a column for each metric."""

    candidates: Candidates
    by: RankBy
    members: Places
    costs: tuple[NDArray[np.float64], ...]
    smooth: tuple[Smoothed, ...] | None
    scores: NDArray[np.float64] | None

    @classmethod
    def of(cls, candidates: Candidates, by: RankBy, members: Places) -> _Field:
        smooth = tuple(smoothed(candidates, each, by.smooth) for each in by.metrics) if by.smooth else None
        columns = [each.values for each in smooth] if smooth else [candidates.column(each) for each in by.metrics]
        signs = [-1.0 if goal == "maximize" else 1.0 for goal in by.goals]
        costs = tuple(np.float64(sign) * column[members] for sign, column in zip(signs, columns, strict=True))
        scores = weighed(costs, by.weights) if by.weights else None
        return cls(candidates, by, members, costs, smooth, scores)

    @property
    def keys(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """What one order is made by: the cost, then the step, then the order logged."""
        cost = self.costs[0] if self.scores is None else -self.scores
        return cost, *self.ties

    @property
    def ties(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.candidates.steps[self.members], self.candidates.model_nos[self.members]

    @property
    def wanted(self) -> int:
        """How many places to find: one more than asked for, so that the last one knows what it beats."""
        return self.by.top + 1

    def places(self, order: Places) -> list[Place]:
        return [self._place(number, int(place)) for number, place in enumerate(order, start=1)]

    def _place(self, number: int, member: int) -> Place:
        all_, at, metrics = self.candidates, int(self.members[member]), self.by.metrics
        step = int(all_.steps[at])
        return Place(
            place=number,
            model_no=int(all_.model_nos[at]),
            run_no=int(all_.run_nos[at]),
            step=None if step == NO_STEP else step,
            values=tuple(float(all_.values[at, all_.metrics.index(each)]) for each in metrics),
            dataset_nos=tuple(int(all_.datasets(each)[at]) for each in metrics),
            smoothed=tuple(float(each.values[at]) for each in self.smooth) if self.smooth else None,
            averaged=tuple(int(each.counts[at]) for each in self.smooth) if self.smooth else None,
            score=None if self.scores is None else float(self.scores[member]),
        )

    def merits(self) -> NDArray[np.float64] | None:
        """Return what is ranked by, before smoothing, of each candidate; None if that is not known."""
        if self.scores is None:
            return self.candidates.column(self.by.metrics[0])
        if self.smooth:
            return None
        result = np.full(len(self.candidates), np.nan)
        result[self.members] = self.scores
        return result


def _with_leads(field: _Field, places: list[Place]) -> list[Place]:
    return with_leads(places, field.candidates, field.by, field.merits()) if field.by.explain else places


def _by_cost(field: _Field) -> list[Place]:
    if not field.by.per:
        return field.places(order_of(field.keys, field.wanted))
    labels = field.candidates.labels_of(field.by.per)[field.members]
    together = np.argsort(labels)
    best = best_of_each(field.keys, together, begins_of(labels[together]))
    cost, *ties = field.keys
    return field.places(best[order_of((cost[best], *(key[best] for key in ties)), field.wanted)])


def _by_fronts(field: _Field) -> list[Place]:
    numbers = fronts(np.stack(field.costs, axis=1), field.by.top)
    members = np.flatnonzero(numbers)
    costs = [column[members] for column in field.costs]
    ties = [column[members] for column in field.ties]
    order = members[order_of((numbers[members], *costs, *ties), field.by.top)]
    places = field.places(order)
    return [
        replace(place, front=int(numbers[member]), dominates=_dominated_by(field, member) if field.by.explain else None)
        for place, member in zip(places, order, strict=True)
    ]


def _dominated_by(field: _Field, member: np.int64) -> int:
    is_worse = np.logical_and.reduce([costs >= costs[member] for costs in field.costs])
    is_equal = np.logical_and.reduce([costs == costs[member] for costs in field.costs])
    return int(np.count_nonzero(is_worse & ~is_equal))


def _by_groups(field: _Field) -> list[Place]:
    labels, seeds = field.candidates.repetitions()
    members = field.members
    groups = seed_groups(labels[members], seeds[members], field.keys, field.by.confidence, field.wanted)
    everywhere = _seeds_of_each(labels, seeds, groups.labels)
    sign = -1.0 if field.scores is not None or field.by.goals[0] == "maximize" else 1.0
    return [
        replace(place, group=_seed_group(groups, number, everywhere, sign))
        for number, place in enumerate(field.places(groups.models))
    ]


def _seeds_of_each(
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    wanted: NDArray[np.int64],
) -> dict[int, int]:
    """Count the seeds of some groups, whether they rank or not."""
    among = np.isin(labels, wanted)
    pairs = np.unique(np.stack((labels[among], seeds[among]), axis=1), axis=0)
    return {int(label): int(count) for label, count in zip(*np.unique(pairs[:, 0], return_counts=True), strict=True)}


def _seed_group(groups: SeedGroups, number: int, everywhere: dict[int, int], sign: float) -> SeedGroup:
    label, seeds = int(groups.labels[number]), int(groups.seeds[number])
    return SeedGroup(
        label=label,
        seeds=seeds,
        left_out=everywhere[label] - seeds,
        mean=sign * float(groups.means[number]) + 0.0,
        deviation=_known(groups.deviations[number]),
        error=_known(groups.errors[number]),
        bound=_known(sign * groups.bounds[number] + 0.0),
    )


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
