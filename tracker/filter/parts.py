"""What a part of a metric is: one value out of its points, or none.

    latest     of a run the value of the greatest (step, timestamp, value), its models' points among them, of a logged
               model of the greatest (timestamp, step), as in MLflow; also what a bare name means where one is needed
    last       of the greatest (step, timestamp, value)
    first      of the least (step, timestamp); of several such points of a run the one that was logged first, of a
               logged model the one of the least value
    min, max   among the finite values
    best       min or max, by the goal that was said for the metric: by the tag `tracker.goal.<metric>` of the run
               (of a model: its run), or else of the run's parent
    at(n)      the last of step n

Where values are compared to tell such points apart, NaN counts as 0. A metric has no `min`, `max` and `best` without
finite values, no `best` without a goal, and no `at(n)` without a point of that step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .facts import Facts, Point
from .tree import Part, PartName, Relative, Subject
from .vocabulary import GOAL_TAG, MAXIMIZE, MINIMIZE

LATEST = Part(PartName.LATEST)
GOALS = {MINIMIZE: PartName.MIN, MAXIMIZE: PartName.MAX}


def value_of(metric: str, part: Part, facts: Facts, subject: Subject) -> float | None:
    """Return a part of a metric, which may be NaN; None if it is missing."""
    points = facts.metrics.get(metric, ())
    name = part.name
    if name is PartName.AT:
        points = [point for point in points if point.step == part.step]
    if name is PartName.BEST:
        best = _best(metric, facts, subject)
        return None if best is None else _extreme(points, best)
    if name in GOALS.values():
        return _extreme(points, name)
    if name is PartName.LATEST and subject is Subject.RUNS:
        lasts = [_placed(curve, PartName.LAST, subject) for curve in facts.curves.get(metric, (points,)) if curve]
        return max(lasts, key=_place).value if lasts else None
    return _placed(points, name, subject).value if points else None


def _best(metric: str, facts: Facts, subject: Subject) -> PartName | None:
    runs = facts.relatives.get(Relative.RUN, ()) if subject is Subject.MODELS else (facts,)
    said = (one.tags.get(GOAL_TAG + metric, "") for one in (*runs, *facts.relatives.get(Relative.PARENT, ())))
    return next((GOALS[goal] for goal in said if goal in GOALS), None)


def _extreme(points: Sequence[Point], name: PartName) -> float | None:
    finite = [point.value for point in points if math.isfinite(point.value)]
    if not finite:
        return None
    return min(finite) if name is PartName.MIN else max(finite)


def _placed(points: Sequence[Point], name: PartName, subject: Subject) -> Point:
    # What order cannot tell apart comes as it was logged; of a model's points also by dataset, those logged last first.
    if subject is Subject.RUNS:
        return min(points, key=_moment) if name is PartName.FIRST else max(reversed(points), key=_place)
    if name is PartName.LATEST:
        return max(points, key=lambda point: (point.timestamp, point.step))
    # A model's points have no order of their own in the store, so 0 goes before NaN.
    numbers_first = sorted(points, key=lambda point: math.isnan(point.value))
    return min(numbers_first, key=_place) if name is PartName.FIRST else max(numbers_first, key=_place)


def _moment(point: Point) -> tuple[int, int]:
    return point.step, point.timestamp


def _place(point: Point) -> tuple[int, int, float]:
    return point.step, point.timestamp, 0.0 if math.isnan(point.value) else point.value
