"""What filters mean, example by example; that SQL says the same is test_judge's to hold."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tracker.filter import (
    DatasetFilter,
    Facts,
    Input,
    Point,
    Sql,
    Subject,
    evaluate,
    order_sql,
    parse,
    parse_order,
    where,
)

RUN = Facts(
    attributes={"run_id": "r", "run_name": "Fast", "experiment_id": "3", "start_time": 10, "end_time": None},
    params={"lr": "0.1", "optimizer": "adam"},
    tags={"team": "Vision"},
    metrics={"loss": [Point(0.5)], "broken": [Point(math.nan)], "top": [Point(math.inf)]},
    datasets=[Input("mnist", "1", "train"), Input("mnist", "2")],
)
MODEL = Facts(
    attributes={"model_id": "m", "status": "READY"},
    metrics={"acc": [Point(0.9, "v", "1"), Point(0.4, "v", "2"), Point(0.7)], "loss": [Point(1.0, "w", "1")]},
)


class TestRuns:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "metrics.loss > 0.4 AND metrics.loss <= 0.5",
            "metrics.broken != 1",
            "metrics.broken NOT IN (1, 2)",
            "metrics.broken IS NOT NULL",
            "metrics.top > 1e300 AND metrics.top = inf",
            "params.lr < 0.11",
            "params.lr = 0.10",
            "params.lr = '0.1'",
            "params.lr IN (0.1, 5)",
            "params.optimizer LIKE 'ad%'",
            "params.optimizer ILIKE 'AD__'",
            "tags.team != 'vision'",
            "tags.none IS NULL",
            "run_name = 'Fast'",
            "experiment_id = 3",
            "experiment_id IN ('3', '4')",
            "end_time IS NULL",
            "start_time BETWEEN 10 AND 10.5",
            "dataset.name = 'mnist' AND dataset.digest = '2'",
            "dataset.digest != '1'",
            "dataset.context = 'train'",
            "NOT dataset.name = 'cifar'",
            "tags.none = 'x' OR metrics.loss = 0.5",
            "NOT (tags.none = 'x' AND metrics.loss = 1)",
        ],
    )
    def test_holds(self, text: str) -> None:
        assert evaluate(parse(text, Subject.RUNS), RUN)

    @pytest.mark.parametrize(
        "text",
        [
            "metrics.none != 1",
            "NOT metrics.none = 1",
            "NOT (metrics.none = 1 OR metrics.loss = 1)",
            "metrics.broken = 1 OR metrics.broken < 1 OR metrics.broken >= 1",
            "metrics.broken IS NULL",
            "params.lr = '0.10'",
            "params.optimizer != 5",
            "NOT params.optimizer = 5",
            "params.none NOT LIKE '%'",
            "tags.team LIKE 'vision'",
            "experiment_id = '03'",
            "end_time < 5 OR NOT end_time < 5",
            "NOT dataset.digest = '1'",
            "dataset.context != 'train'",
        ],
    )
    def test_does_not_hold(self, text: str) -> None:
        assert not evaluate(parse(text, Subject.RUNS), RUN)


class TestModels:
    @pytest.mark.parametrize(
        ("text", "datasets", "holds"),
        [
            ("metrics.acc > 0.8 AND metrics.acc < 0.5", [], True),
            ("NOT metrics.acc > 0.8", [], False),
            ("NOT metrics.acc > 0.95", [], True),
            ("metrics.acc > 0.8", [DatasetFilter("v", "1")], True),
            ("metrics.acc > 0.8", [DatasetFilter("v", "2")], False),
            ("metrics.acc > 0.8", [DatasetFilter("v")], True),
            ("metrics.acc > 0.8", [DatasetFilter("w"), DatasetFilter("v", "1")], True),
            ("metrics.acc = 0.7", [DatasetFilter("v")], False),
            ("metrics.acc IS NULL", [DatasetFilter("w")], True),
            ("", [DatasetFilter("w", "1")], True),
            ("", [DatasetFilter("x")], False),
            ("status = 'READY'", [DatasetFilter("x")], False),
        ],
    )
    def test_any_point_will_do(self, text: str, datasets: list[DatasetFilter], *, holds: bool) -> None:
        assert evaluate(parse(text, Subject.MODELS), MODEL, datasets) is holds


class TestSql:
    def test_a_source_run_is_looked_up_first(self, new_store: Callable[[], sqlite3.Connection]) -> None:
        condition = where(parse("source_run_id = 'r'", Subject.MODELS))
        with closing(new_store()) as store:
            query = f"EXPLAIN QUERY PLAN SELECT 1 FROM models WHERE {condition.text}"
            plan = " ".join(row[3] for row in store.execute(query, condition.values))
        assert "models_by_run" in plan

    def test_blank_text_is_true(self) -> None:
        assert where(parse("", Subject.RUNS)) == Sql("1")

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", ["2", "1"]),
            ("name LIKE 'a%'", ["1"]),
            ("experiment_id != '1'", ["2"]),
            ("tags.team = 'x' OR tags.team IS NULL", ["2", "1"]),
            ("creation_time >= 5", ["2"]),
        ],
    )
    def test_experiments(self, new_store: Callable[[], sqlite3.Connection], text: str, found: list[str]) -> None:
        facts = [
            Facts({"experiment_id": "1", "name": "a1", "creation_time": 1}, tags={"team": "x"}),
            Facts({"experiment_id": "2", "name": "b", "creation_time": 5}),
        ]
        expression = parse(text, Subject.EXPERIMENTS)
        condition, order = where(expression), order_sql(parse_order([], Subject.EXPERIMENTS))
        with closing(new_store()) as store:
            store.execute("INSERT INTO experiments VALUES (1, 'a1', 'active', 1, 1), (2, 'b', 'active', 5, 5)")
            store.execute("INSERT INTO experiment_tags VALUES (1, 'team', 'x')")
            query = f"SELECT experiment_id FROM experiments WHERE {condition.text} ORDER BY {order.text}"
            assert [str(row[0]) for row in store.execute(query, condition.values)] == found
        assert {one.attributes["experiment_id"] for one in facts if evaluate(expression, one)} == set(found)
