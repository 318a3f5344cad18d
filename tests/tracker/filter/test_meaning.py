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
    Relative,
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


def points(*rows: tuple[int, int, float]) -> list[Point]:
    return [Point(value, step=step, timestamp=timestamp) for step, timestamp, value in rows]


# Steps, timestamps and values, in the order logged.
CURVE = points((0, 5, 0.9), (1, 6, math.nan), (2, 7, 0.2), (2, 7, 0.4), (2, 6, 0.1), (1, 9, math.inf), (5, 1, 0.5))
PARENT = Facts(
    {"run_id": "p", "run_name": "sweep"},
    {"seed": "3"},
    {"tracker.goal.loss": "minimize", "tracker.goal.acc": "better"},
    {"best": points((0, 0, 1.0))},
)
CHILDREN = [
    Facts({"run_name": "one", "status": "FINISHED"}, {"lr": "0.1"}, metrics={"acc": points((0, 0, 0.9))}),
    Facts({"run_name": "two", "status": "RUNNING"}, {"lr": "0.5"}, metrics={"acc": points((0, 0, 0.7))}),
]
TRIAL = Facts(
    {"run_id": "t"},
    {"lr": "0.1", "name": "adam"},
    {"tracker.goal.acc": "maximize"},
    {"loss": CURVE, "acc": CURVE, "other": CURVE, "broken": points((0, 0, math.nan))},
    relatives={Relative.PARENT: [PARENT], Relative.CHILD: CHILDREN},
)


class TestParts:
    @pytest.mark.parametrize(
        "text",
        [
            "metrics.loss = 0.5 AND metrics.loss.latest = 0.5 AND metrics.loss.last = 0.5",
            "metrics.loss.first = 0.9",
            "metrics.loss.min = 0.1",
            "metrics.loss.max = 0.9",
            "metrics.loss.best = 0.1",
            "metrics.acc.best = 0.9",
            "metrics.other.best IS NULL",
            "metrics.loss.at(2) = 0.4",
            "metrics.loss.at(1) = inf",
            "metrics.loss.at(3) IS NULL AND metrics.loss.at(-1) IS NULL",
            "metrics.broken.at(0) IS NOT NULL AND metrics.broken.at(0) != 1 AND NOT metrics.broken.at(0) = 1",
            "metrics.broken.first != 1 AND metrics.broken.last != 1 AND metrics.broken.latest != 1",
            "metrics.broken.min IS NULL AND metrics.broken.max IS NULL",
            "metrics.none.min IS NULL AND metrics.none.at(0) IS NULL",
            "params.lr.number = 0.1 AND params.lr.number IS NOT NULL",
            "params.name.number IS NULL AND params.none.number IS NULL AND params.name IS NOT NULL",
        ],
    )
    def test_of_a_run(self, text: str) -> None:
        assert evaluate(parse(text, Subject.RUNS), TRIAL)

    @pytest.mark.parametrize(
        "text",
        ["metrics.loss.at(3) != 1", "NOT metrics.broken.min = 1", "metrics.other.best != 1", "params.name.number != 1"],
    )
    def test_what_is_missing_never_matches(self, text: str) -> None:
        assert not evaluate(parse(text, Subject.RUNS), TRIAL)

    @pytest.mark.parametrize(
        ("text", "datasets"),
        [
            ("metrics.acc.latest = 0.7 AND metrics.acc.last = 0.4 AND metrics.acc.first = 0.9", []),
            ("metrics.acc.min = 0.4 AND metrics.acc.max = 0.9 AND metrics.acc.best = 0.9", []),
            ("metrics.acc.at(2) = 0.7 AND metrics.acc.at(9) IS NULL", []),
            ("metrics.acc.latest = 0.4 AND metrics.acc.max = 0.9", [DatasetFilter("v")]),
            ("metrics.acc.best = 0.4 AND metrics.acc.first = 0.4", [DatasetFilter("v", "2")]),
        ],
    )
    def test_of_a_model(self, text: str, datasets: list[DatasetFilter]) -> None:
        measured = [Point(0.9, "v", "1", 1, 1), Point(0.4, "v", "2", 2, 3), Point(0.7, timestamp=3, step=2)]
        model = Facts(metrics={"acc": measured}, relatives={Relative.RUN: [TRIAL], Relative.PARENT: [PARENT]})
        assert evaluate(parse(text, Subject.MODELS), model, datasets)

    def test_a_models_goal_may_be_said_by_its_runs_parent(self) -> None:
        run = Facts({"run_id": "r"})
        model = Facts(
            metrics={"loss": [Point(2.0), Point(1.0)]}, relatives={Relative.RUN: [run], Relative.PARENT: [PARENT]}
        )
        assert evaluate(parse("metrics.loss.best = 1", Subject.MODELS), model)


class TestRelatives:
    @pytest.mark.parametrize(
        "text",
        [
            "parent.run_name = 'sweep'",
            "parent.params.seed < 5",
            "parent.metrics.best.max = 1",
            "parent.tags.none IS NULL",
            "child.metrics.acc > 0.8",
            "child.metrics.acc < 0.8 AND child.metrics.acc > 0.8",
            "child(metrics.acc > 0.8 AND params.lr < 0.2)",
            "NOT child(metrics.acc > 0.8 AND params.lr > 0.2)",
            "NOT child(metrics.none > 0.8)",
            "child.status != 'FINISHED'",
            "child(NOT status = 'FINISHED')",
            "parent.run_id IS NOT NULL",
        ],
    )
    def test_holds(self, text: str) -> None:
        assert evaluate(parse(text, Subject.RUNS), TRIAL)

    @pytest.mark.parametrize(
        "text",
        [
            "child(metrics.acc > 0.8 AND params.lr > 0.2)",
            "NOT child.status = 'FINISHED'",
            "parent.tags.none != 'x'",
            "parent.run_id IS NULL",
        ],
    )
    def test_does_not_hold(self, text: str) -> None:
        assert not evaluate(parse(text, Subject.RUNS), TRIAL)

    @pytest.mark.parametrize("text", ["parent.run_id IS NULL", "parent.run_id IS NOT NULL", "child(status = 'x')"])
    def test_without_a_relative_it_is_unknown(self, text: str) -> None:
        assert not evaluate(parse(text, Subject.RUNS), PARENT)
        assert not evaluate(parse(f"NOT {text}", Subject.RUNS), PARENT)
        assert evaluate(parse(f"{text} OR run_name = 'sweep'", Subject.RUNS), PARENT)


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
            store.execute("INSERT INTO experiments VALUES (1, 'a1', 'active', 1, 1, ''), (2, 'b', 'active', 5, 5, '')")
            store.execute("INSERT INTO experiment_tags VALUES (1, 'team', 'x')")
            query = f"SELECT experiment_id FROM experiments WHERE {condition.text} ORDER BY {order.text}"
            assert [str(row[0]) for row in store.execute(query, condition.values)] == found
        assert {one.attributes["experiment_id"] for one in facts if evaluate(expression, one)} == set(found)
