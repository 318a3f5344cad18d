"""The meaning of an order in plain Python: the judge that the SQL is held to.

What is missing comes last, in both directions. A metric's numbers come first, infinities among them, and then NaN.
Params and tags are texts, by the bytes of their UTF-8. A model's metric is its newest point, by timestamp and then by
step, of the dataset asked for or of all; the first given wins a tie (the store gives them by `dataset_no`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

from .facts import Facts, Point
from .order import Order, Term
from .tree import Entity
from .values import as_number

Key = Callable[[Facts], object]


def ordered(items: Iterable[Facts], order: Order) -> list[Facts]:
    """Sort what is known of runs, models or experiments."""
    found = list(items)
    # Sorting is stable, so what matters most is applied last.
    for key, descending in reversed([pair for term in order.terms for pair in _keys(term)]):
        found = _sorted(found, key, descending=descending)
    return found


def _sorted(items: list[Facts], key: Key, *, descending: bool) -> list[Facts]:
    present = [facts for facts in items if key(facts) is not None]
    absent = [facts for facts in items if key(facts) is None]
    return sorted(present, key=key, reverse=descending) + absent  # type: ignore[arg-type]


def _keys(term: Term) -> list[tuple[Key, bool]]:
    name, descending = term.field.key, not term.ascending
    match term.field.entity:
        case Entity.METRIC:
            return [(partial(_number, term), descending), (partial(_is_missing, term), False)]
        case Entity.PARAM:
            return [(lambda facts: facts.params.get(name), descending)]
        case Entity.TAG:
            return [(lambda facts: facts.tags.get(name), descending)]
        case _ if name == "experiment_id":
            return [(lambda facts: as_number(facts.attributes.get(name)), descending)]
        case _:
            return [(lambda facts: facts.attributes.get(name), descending)]


def _number(term: Term, facts: Facts) -> float | None:
    point = _newest(term, facts)
    return None if point is None or math.isnan(point.value) else point.value


def _is_missing(term: Term, facts: Facts) -> bool:
    return _newest(term, facts) is None


def _newest(term: Term, facts: Facts) -> Point | None:
    points = facts.metrics.get(term.field.key, ())
    found = [point for point in points if term.dataset is None or point.is_on(term.dataset)]
    return max(found, key=lambda point: (point.timestamp, point.step), default=None)
