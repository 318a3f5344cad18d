"""Which of two a name means is settled by which names there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tracker.filter import Subject, known_keys, literal_keys, parse, parse_order, resolve
from tracker.filter.order import Term
from tracker.filter.tree import Comparison, Entity, Field, Node, Operator, Part, PartName, Related, Relative

LEAST = Field(Entity.METRIC, "loss", Part(PartName.MIN))
LITERAL = Field(Entity.METRIC, "loss.min")


def above(field: Field) -> Comparison:
    return Comparison(field, Operator.GREATER, (1,))


def settled(text: str, *known: str) -> Node | None:
    return resolve(parse(text, Subject.RUNS), set(known)).root


def test_a_metric_of_that_very_name_goes_first() -> None:
    assert settled("metrics.loss.min > 1", "loss.min") == above(LITERAL)
    assert settled("metrics.loss.min > 1", "loss") == above(LEAST)
    assert settled("metrics.`loss`.min > 1", "loss.min") == above(LEAST)
    assert settled("metrics.`loss.min` > 1") == above(LITERAL)


def test_a_param_too() -> None:
    number = Field(Entity.PARAM, "lr", Part(PartName.NUMBER))
    assert settled("params.lr.number > 1", "lr.number") == above(Field(Entity.PARAM, "lr.number"))
    assert settled("params.lr.number > 1") == above(number)


def test_wherever_it_stands() -> None:
    text = "NOT (child(metrics.loss.min > 1 OR metrics.loss.min IS NULL) AND parent.metrics.loss.min > 1)"
    expression = parse(text, Subject.RUNS)
    assert literal_keys(expression) == {"loss.min"}
    for known in ({"loss.min"}, set[str]()):
        whole = resolve(expression, known)
        assert literal_keys(whole) == frozenset()
        assert resolve(whole, {"loss.min"}) == whole
    assert settled("child.metrics.loss.min > 1") == Related(Relative.CHILD, above(LEAST))


def test_the_keys_that_are_to_be_looked_up() -> None:
    text = "metrics.a.min > 1 AND metrics.`b`.max > 1 AND metrics.c > 1 AND params.d.number > 1 AND metrics.e.at(1) > 1"
    assert literal_keys(parse(text, Subject.RUNS)) == {"a.min", "d.number"}
    assert literal_keys(parse("", Subject.RUNS)) == frozenset()


@pytest.mark.parametrize("entry", ["metrics.loss.min DESC", {"field_name": "metrics.loss.min", "ascending": False}])
def test_orders(entry: str | dict[str, object]) -> None:
    order = parse_order([entry], Subject.MODELS)
    assert literal_keys(order) == {"loss.min"}
    assert resolve(order, {"loss.min"}).terms[0] == Term(LITERAL, ascending=False)
    assert resolve(order, set()).terms[0] == Term(LEAST, ascending=False)


def test_what_has_nothing_open_is_itself() -> None:
    expression = parse("metrics.a > 1", Subject.RUNS)
    assert resolve(expression, {"a"}) is expression


def test_keys_are_looked_up_where_they_may_be(new_store: Callable[[], sqlite3.Connection]) -> None:
    keys = ["a.min", "b.min", "a.number", "b.number", "c.number", "it's.min"]
    query = known_keys(keys)
    assert "it's" not in query.text
    with closing(new_store()) as store:
        assert store.execute(query.text, query.values).fetchall() == []
        store.execute("INSERT INTO metric_keys (key) VALUES ('a.min'), ('c.number'), ('it''s.min')")
        store.execute("INSERT INTO run_params (run_no, key, value) VALUES (1, 'a.number', 'x'), (1, 'b.min', 'x')")
        store.execute("INSERT INTO model_params (model_no, key, value, hash) VALUES (1, 'b.number', 'x', 0)")
        found = {row[0] for row in store.execute(query.text, query.values)}
    assert found == {"a.min", "it's.min", "a.number", "b.number"}
