"""From an order to SQL over the SQLite schema; `ordered` says what is meant.

An order becomes keys: expressions that are compared one after the other and whose values say where a row stands, so
that the next page can begin behind the last row of this one. What may be missing has a key of its own in front, for
it comes last in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .order import Order, Term
from .schema import NULLABLE, Rows, Sql, attribute, joined, rows
from .tree import Entity, Subject, Value

# How a metric is there: as a number (an infinity too), as NaN, or not at all; they come in this order.
NUMBER, NAN, MISSING = range(3)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that rows are compared by."""

    sql: Sql
    ascending: bool = True


def order_keys(subject: Subject, terms: Sequence[Term]) -> list[Key]:
    """Write terms of an order as keys, for a query over the subject's table."""
    return [key for term in terms for key in _keys(subject, term)]


def order_by(keys: Sequence[Key]) -> Sql:
    """Write keys as what goes after ORDER BY."""
    return joined([Sql(f"{key.sql.text} {_direction(key)}", key.sql.values) for key in keys], ", ")


def order_sql(order: Order) -> Sql:
    """Write an order as what goes after ORDER BY, for a query over its subject's table."""
    return order_by(order_keys(order.subject, order.terms))


def behind(keys: Sequence[Key], place: Sequence[Value | None]) -> Sql:
    """Write the condition that a row stands behind a place, given by the value of each key."""
    (key, *others), (value, *values) = keys, place
    further = Sql(f"{key.sql.text} {'>' if key.ascending else '<'} ?", (*key.sql.values, value))
    if not others:
        return further
    same = Sql(f"{key.sql.text} IS ?", (*key.sql.values, value))
    rest = joined([same, behind(others, values)], " AND ")
    return joined([further, Sql(f"({rest.text})", rest.values)], " OR ", in_parentheses=True)


def _direction(key: Key) -> str:
    return "ASC" if key.ascending else "DESC"


def _keys(subject: Subject, term: Term) -> list[Key]:
    match term.field.entity:
        case Entity.ATTRIBUTE:
            return _attribute(subject, term)
        case Entity.METRIC:
            return _metric(subject, term)
        case _:
            found = rows(subject, term.field)
            return [_is_missing(found), Key(_value(found, found.column), term.ascending)]


def _attribute(subject: Subject, term: Term) -> list[Key]:
    name = term.field.key
    column = f"{subject.value}.experiment_id" if name == "experiment_id" else attribute(subject, name)
    key = Key(Sql(column), term.ascending)
    return [Key(Sql(f"({column} IS NULL)")), key] if name in NULLABLE[subject] else [key]


def _metric(subject: Subject, term: Term) -> list[Key]:
    found = rows(subject, term.field, (term.dataset,) if term.dataset else (), newest=True)
    # A value that is NULL is NaN here.
    kind = f"coalesce((SELECT {found.column} IS NULL FROM {found.source.text}{found.choice}), {MISSING})"
    return [Key(Sql(kind, found.source.values)), Key(_value(found, found.column), term.ascending)]


def _value(found: Rows, column: str) -> Sql:
    return Sql(f"(SELECT {column} FROM {found.source.text}{found.choice})", found.source.values)


def _is_missing(found: Rows) -> Key:
    return Key(Sql(f"(NOT EXISTS (SELECT 1 FROM {found.source.text}))", found.source.values))
