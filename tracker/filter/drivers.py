"""Which parts of a filter an index can find rows by: a query may begin there instead of looking at every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .schema import KEY_NO, OWN_KEY, SINGULAR, Sql
from .sql import plain_test
from .tree import Comparison, Entity, Expression, Operator, Subject, conjuncts

_FOUND_BY_VALUE = frozenset({Operator.EQUAL, Operator.IN})
_FOUND_BY_NUMBER = _FOUND_BY_VALUE | {
    Operator.LESS,
    Operator.AT_MOST,
    Operator.GREATER,
    Operator.AT_LEAST,
    Operator.BETWEEN,
}
_TIMES = frozenset({"start_time", "creation_timestamp"})
# A run's or a model's numbers by the ID of a run.
_OF_RUN = {
    (Subject.RUNS, "run_id"): "SELECT r.run_no AS number FROM runs AS r WHERE {}",
    (Subject.MODELS, "source_run_id"): (
        "SELECT m.model_no AS number FROM runs AS r CROSS JOIN models AS m ON m.run_no = r.run_no WHERE {}"
    ),
    (Subject.MODELS, "parent_run_id"): (
        "SELECT m.model_no AS number FROM runs AS r CROSS JOIN models AS m ON m.run_no = r.run_no WHERE {}"
    ),
    (Subject.MODELS, "model_id"): "SELECT r.model_no AS number FROM models AS r WHERE {}",
    (Subject.RUNS, "parent_run_id"): "SELECT r.run_no AS number FROM runs AS r WHERE {}",
}


def drivers(expression: Expression) -> list[Sql]:
    """Write queries that find by an index, in a column `number`, at least every row for which a filter holds.

    Each stands for one of the conditions that must all hold; there may be none. A row may come up more than once.
    """
    return [
        found
        for node in conjuncts(expression)
        if isinstance(node, Comparison) and not node.negated
        for found in _driver(expression.subject, node)
    ]


def _driver(subject: Subject, node: Comparison) -> Iterator[Sql]:
    match node.field.entity:
        case Entity.ATTRIBUTE:
            yield from _by_attribute(subject, node)
        case Entity.METRIC if node.field.part is None and node.operator in _FOUND_BY_NUMBER:
            yield _by_run_metric(node) if subject is Subject.RUNS else _by_model_metric(node)
        case Entity.PARAM if node.operator in (_FOUND_BY_NUMBER if node.numeric else _FOUND_BY_VALUE):
            yield _by_text(subject, node, "t.number" if node.numeric else "t.value")
        case Entity.TAG if node.operator in _FOUND_BY_VALUE and subject is not Subject.EXPERIMENTS:
            yield _by_text(subject, node, "t.value")


def _by_attribute(subject: Subject, node: Comparison) -> Iterator[Sql]:
    name = node.field.key
    by_run = _OF_RUN.get((subject, name))
    if by_run and node.operator in _FOUND_BY_VALUE:
        column = "run_id" if name == "source_run_id" else name
        yield _filled(by_run, plain_test(f"r.{column}", node))
    elif name in _TIMES and node.operator in _FOUND_BY_NUMBER:
        query = f"SELECT t.{OWN_KEY[subject]} AS number FROM {subject.value} AS t WHERE {{}}"
        yield _filled(query, plain_test(f"t.{name}", node))


def _filled(query: str, test: Sql) -> Sql:
    return Sql(query.format(test.text), test.values)


def _by_text(subject: Subject, node: Comparison, column: str) -> Sql:
    table, test = f"{SINGULAR[subject]}_{node.field.entity}", plain_test(column, node)
    # Said so that an index over numbers alone may be used.
    there = " AND t.number IS NOT NULL" if node.numeric else ""
    return Sql(
        f"SELECT t.{OWN_KEY[subject]} AS number FROM {table} AS t WHERE t.key = ?{there} AND {test.text}",
        (node.field.key, *test.values),
    )


def _by_run_metric(node: Comparison) -> Sql:
    test = plain_test("s.last_value", node)
    return Sql(
        f"SELECT s.run_no AS number FROM series AS s WHERE s.key_no = {KEY_NO} AND s.of_model IN (0, 1)"
        f" AND {test.text}",
        (node.field.key, *test.values),
    )


def _by_model_metric(node: Comparison) -> Sql:
    parts: Sequence[Sql] = [_by_points(node, "model_scores"), _by_points(node, "older_points")]
    return Sql(" UNION ALL ".join(part.text for part in parts), tuple(value for part in parts for value in part.values))


def _by_points(node: Comparison, table: str) -> Sql:
    test = plain_test("s.value", node)
    return Sql(
        f"SELECT s.model_no AS number FROM {table} AS s WHERE s.key_no = {KEY_NO}"
        f" AND s.dataset_no IN (SELECT d.dataset_no FROM datasets AS d) AND {test.text}",
        (node.field.key, *test.values),
    )
