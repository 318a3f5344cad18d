"""The meaning of a filter in plain Python: the judge that the SQL is held to.

The logic has three values. A comparison with a field that is missing is unknown, NOT of the unknown is unknown,
AND and OR are unknown where it matters, and only what is true is found. So a missing key never matches,
neither `!=` nor `NOT … =`; only IS NULL finds it. A param that is not a number is missing to a comparison with
a number, and has no part `number`.

A field with several values (a model's metric, a dataset) fits if any one of them does: `metrics.loss != 1`
holds if some point is not 1, `NOT metrics.loss = 1` if there are points and none is. A metric that is NaN is
there: it equals nothing and is neither less nor greater, and so `!=`, NOT IN and NOT BETWEEN hold. Of a run's
metric the latest value counts, and of a metric with a part (see `parts`) the one value that the part is.

A condition on a relative holds if there is one for which it is true, and is unknown without any relative:
`NOT child(metrics.loss > 1)` holds for a run with children, of which none has a loss above 1.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .facts import Facts, Point
from .parts import LATEST, value_of
from .patterns import ascii_lower, matches
from .regular import found
from .tree import (
    And,
    Comparison,
    DatasetFilter,
    Entity,
    Expression,
    Field,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Related,
    Subject,
)
from .values import as_number

Truth = bool | None

# The parser has seen to it that both sides are texts or both are numbers.
ORDERINGS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def evaluate(expression: Expression, facts: Facts, datasets: Sequence[DatasetFilter] = ()) -> bool:
    """Whether a filter holds for a subject.

    With `datasets`, a logged model must have been measured on one of them, and only those measurements count.
    """
    if datasets and expression.subject is Subject.MODELS:
        facts = _measured_on(facts, datasets)
        if not facts.metrics:
            return False
    return expression.root is None or _truth(expression.root, facts, expression.subject) is True


def _measured_on(facts: Facts, datasets: Sequence[DatasetFilter]) -> Facts:
    kept: dict[str, list[Point]] = {}
    for key, points in facts.metrics.items():
        found = [point for point in points if any(map(point.is_on, datasets))]
        if found:
            kept[key] = found
    return replace(facts, metrics=kept)


def _truth(node: Node, facts: Facts, subject: Subject) -> Truth:
    match node:
        case And(children):
            return _not(_any(_not(_truth(child, facts, subject)) for child in children))
        case Or(children):
            return _any(_truth(child, facts, subject) for child in children)
        case Not(child):
            return _not(_truth(child, facts, subject))
        case Missing(field):
            return not _values(field, facts, subject)
        case Related(relative, inside):
            relatives = facts.relatives.get(relative, ())
            return any(_truth(inside, one, Subject.RUNS) is True for one in relatives) if relatives else None
        case Comparison():
            return _compare(node, facts, subject)


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _any(truths: Iterable[Truth]) -> Truth:
    found = set(truths)
    if True in found:
        return True
    return None if None in found else False


def _compare(comparison: Comparison, facts: Facts, subject: Subject) -> Truth:
    values = _values(comparison.field, facts, subject)
    if comparison.field.entity is Entity.PARAM and comparison.numeric:
        values = _numbers(values)
    if not values:
        return None
    return any(_fits(value, comparison) is not comparison.negated for value in values)


def _values(field: Field, facts: Facts, subject: Subject) -> Sequence[object]:
    value: object
    match field.entity:
        case Entity.METRIC if field.part is None and subject is Subject.MODELS:
            return [point.value for point in facts.metrics.get(field.key, ())]
        case Entity.DATASET:
            return [value for used in facts.datasets if (value := getattr(used, field.key))]
        case Entity.METRIC:
            value = value_of(field.key, field.part or LATEST, facts, subject)
        case Entity.ATTRIBUTE:
            value = facts.attributes.get(field.key)
        case Entity.PARAM:
            value = facts.params.get(field.key)
        case Entity.TAG:
            value = facts.tags.get(field.key)
    values = [] if value is None else [value]
    return _numbers(values) if field.entity is Entity.PARAM and field.part else values


def _numbers(values: Iterable[object]) -> list[float]:
    return [number for number in map(as_number, values) if number is not None]


def _fits(value: object, comparison: Comparison) -> bool:
    first = comparison.values[0]
    match comparison.operator:
        case Operator.EQUAL | Operator.IN:
            return value in comparison.values
        case Operator.BETWEEN:
            last = comparison.values[1]
            return ORDERINGS[Operator.AT_LEAST](value, first) and ORDERINGS[Operator.AT_MOST](value, last)
        case Operator.LIKE:
            return matches(str(value), str(first))
        case Operator.ILIKE:
            return matches(ascii_lower(str(value)), ascii_lower(str(first)))
        case Operator.REGEXP:
            return found(str(first), str(value)) is True
        case ordering:
            return ORDERINGS[ordering](value, first)
