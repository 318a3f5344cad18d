"""What a part of a metric is: one value out of its points, or none.

    latest     of a run the value of the greatest (step, timestamp, value), of a logged model of the greatest
               (timestamp, step), as in MLflow; also what a bare name means where one value is needed
    last       of the greatest (step, timestamp, value)
    first      of the least (step, timestamp, value)
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
    if name is PartName.FIRST:
        return min(points, key=_place)
    if name is PartName.LATEST and subject is Subject.MODELS:
        # The store tells equal ones apart by their dataset, and by which was logged later: they come in that order.
        return max(points, key=lambda point: (point.timestamp, point.step))
    # Of a run's equal points, which are NaN and 0, the one that was logged later counts; of a model's the number.
    number_first = subject is Subject.MODELS
    return max(reversed(points), key=lambda point: (*_place(point), number_first and not math.isnan(point.value)))


def _place(point: Point) -> tuple[int, int, float]:
    return point.step, point.timestamp, 0.0 if math.isnan(point.value) else point.value
