"""Who may rank, and why the others may not: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .candidates import NO_LABEL, NO_STEP, Candidates
from .ordering import Places
from .rank_by import Constraint, RankBy

Mask = NDArray[np.bool_]
_COMPARISONS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "!=": np.not_equal,
}


class Eligible(NamedTuple):
    """Where those stand that may rank, and how many others there are by the first reason found."""

    places: Places
    left_out: dict[str, int]


def eligible(candidates: Candidates, by: RankBy) -> Eligible:
    """Choose those that may rank: a finite value of every metric, every constraint kept, and a label if one is needed.

    NaN and infinities rank in neither direction.
    """
    is_in = np.ones(len(candidates), dtype=np.bool_)
    left_out = {}
    for reason, is_out in _reasons(candidates, by):
        count = int(np.count_nonzero(is_in & is_out))
        if count:
            left_out[reason] = count
        is_in &= ~is_out
    return Eligible(np.flatnonzero(is_in), left_out)


def _reasons(candidates: Candidates, by: RankBy) -> Iterator[tuple[str, Mask]]:
    for metric in by.metrics:
        values = candidates.column(metric)
        yield f"{metric} is missing", ~candidates.is_measured(metric)
        yield f"{metric} is NaN", np.isnan(values)
        yield f"{metric} is infinite", np.isinf(values)
    for each in by.constraints:
        yield f"not {each}", ~_keeps(candidates, each)
    if by.smooth:
        yield "no step, so no neighbours to smooth with", candidates.steps == NO_STEP
    if by.per:
        yield f"no {by.per}", candidates.labels_of(by.per) == NO_LABEL
    if by.seeds:
        yield "no params to group by", candidates.repetitions()[0] == NO_LABEL


def _keeps(candidates: Candidates, constraint: Constraint) -> Mask:
    values = candidates.column(constraint.metric)
    result: Mask = _COMPARISONS[constraint.operator](values, constraint.bound) & ~np.isnan(values)
    return result
