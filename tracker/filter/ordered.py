"""The meaning of an order in plain Python: the judge that the SQL is held to.

What is missing comes last, in both directions. Of a metric the numbers come first, infinities too, and then NaN. Params
and tags are texts, in the order of their bytes; a param's part `number` is a number. A metric without a part is its
latest value (see `parts`); with a dataset, only what was measured on that counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from .facts import Facts
from .order import Order, Term
from .parts import LATEST, value_of
from .tree import Entity, Subject
from .values import as_number

Key = Callable[[Facts], object]


def ordered(items: Iterable[Facts], order: Order) -> list[Facts]:
    """Sort what is known of runs, models or experiments."""
    found = list(items)
    keys = [(key, not term.ascending) for term in order.terms for key in _keys(order.subject, term)]
    # Sorting is stable, so what matters most is applied last.
    for key, descending in reversed(keys):
        found = _sorted(found, key, descending=descending)
    return found


def _sorted(items: list[Facts], key: Key, *, descending: bool) -> list[Facts]:
    present = [facts for facts in items if key(facts) is not None]
    absent = [facts for facts in items if key(facts) is None]
    return sorted(present, key=key, reverse=descending) + absent  # type: ignore[arg-type]


def _keys(subject: Subject, term: Term) -> list[Key]:
    name = term.field.key
    match term.field.entity:
        case Entity.METRIC:
            return [partial(_number, subject, term), partial(_is_there, subject, term)]
        case Entity.PARAM if term.field.part:
            return [lambda facts: as_number(facts.params.get(name))]
        case Entity.PARAM:
            return [lambda facts: facts.params.get(name)]
        case Entity.TAG:
            return [lambda facts: facts.tags.get(name)]
        case _ if name == "experiment_id":
            return [lambda facts: as_number(facts.attributes.get(name))]
        case _:
            return [lambda facts: facts.attributes.get(name)]


def _number(subject: Subject, term: Term, facts: Facts) -> float | None:
    value = _value(subject, term, facts)
    return None if value is None or math.isnan(value) else value


def _is_there(subject: Subject, term: Term, facts: Facts) -> bool | None:
    return None if _value(subject, term, facts) is None else True


def _value(subject: Subject, term: Term, facts: Facts) -> float | None:
    name, dataset = term.field.key, term.dataset
    if dataset:
        points = [point for point in facts.metrics.get(name, ()) if point.is_on(dataset)]
        facts = replace(facts, metrics={name: points})
    return value_of(name, term.field.part or LATEST, facts, subject)
