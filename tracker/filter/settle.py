"""Which of two a name means: `metrics.loss.min` is the least `loss`, unless a metric of the name `loss.min` is known.

So a filter of MLflow's, which has no parts, keeps its meaning. The same goes for `params.lr.number`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TypeVar

from .order import Order
from .tree import And, Comparison, Expression, Field, Missing, Node, Not, Or, Related

Whole = TypeVar("Whole", Expression, Order)


def literal_keys(whole: Expression | Order) -> frozenset[str]:
    """Return the keys that are to be looked up before `resolve`: of metrics, and of params where they end in `.number`.

    Most filters and orders have none, and are settled as they are.
    """
    return frozenset(field.literal for field in _fields_of(whole) if field.literal is not None)


def resolve(whole: Whole, known: AbstractSet[str]) -> Whole:
    """Settle a filter or an order, given which of its literal keys there are."""
    if not literal_keys(whole):
        return whole

    def settled(field: Field) -> Field:
        if field.literal is None:
            return field
        if field.literal in known:
            return Field(field.entity, field.literal)
        return Field(field.entity, field.key, field.part)

    if isinstance(whole, Order):
        terms = tuple(replace(term, field=settled(term.field)) for term in whole.terms)
        return replace(whole, terms=terms)
    return replace(whole, root=None if whole.root is None else _changed(whole.root, settled))


def _fields_of(whole: Expression | Order) -> Iterator[Field]:
    if isinstance(whole, Order):
        yield from (term.field for term in whole.terms)
    elif whole.root is not None:
        yield from _fields(whole.root)


def _fields(node: Node) -> Iterator[Field]:
    match node:
        case Comparison(field) | Missing(field):
            yield field
        case Not(child) | Related(_, child):
            yield from _fields(child)
        case And(children) | Or(children):
            for one in children:
                yield from _fields(one)


def _changed(node: Node, change: Callable[[Field], Field]) -> Node:
    match node:
        case Comparison() | Missing():
            return replace(node, field=change(node.field))
        case Not(child):
            return Not(_changed(child, change))
        case Related(relative, inside):
            return Related(relative, _changed(inside, change))
        case And(children):
            return And(tuple(_changed(child, change) for child in children))
        case Or(children):
            return Or(tuple(_changed(child, change) for child in children))
