"""Crowded stores, and every field against every threshold: where rules about ties meet, random filters seldom look.

Few metrics, steps and moments, and many points; goals on runs and on their parents; children that are deleted.
"""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tracker.filter import DatasetFilter, Facts, Point, Subject, evaluate, order_sql, ordered, parse, parse_order, where

from .worlds import Curve, Model, ModelPoint, Run, World, facts_of_model, facts_of_run, fill

VALUES = [-1.5, -0.5, 0.0, 0.5, 1.0, 2.0, math.inf, -math.inf, math.nan]
PARTS = ["", ".min", ".max", ".first", ".last", ".latest", ".best", ".at(0)", ".at(1)", ".at(2)"]
METRICS = [f"metrics.`a`{part}" for part in PARTS]
TESTS = ["IS NULL", "IS NOT NULL", "!= 7", "= inf", *(f">= {value}" for value in [-1.5, -0.5, 0, 0.5, 1, 2])]
RELATED = {Subject.RUNS: ["", "parent.", "child."], Subject.MODELS: ["", "run.", "parent."]}
ID = {Subject.RUNS: "run_id", Subject.MODELS: "model_id"}
SEEDS = range(12)


def crowded(seed: int) -> World:
    generator = random.Random(seed)  # noqa: S311

    def points(count: int) -> list[Point]:
        return [
            Point(generator.choice(VALUES), step=generator.randrange(3), timestamp=generator.randrange(2))
            for _ in range(count)
        ]

    def tags() -> dict[str, str]:
        goal = generator.choice([None, "minimize", "maximize", "lower"])
        return {} if goal is None else {"tracker.goal.a": goal}

    def run() -> Run:
        kinds = generator.sample([None, 0, 1, 2], generator.randint(1, 3))
        curves = [Curve("a", kind, [points(generator.randint(1, 4)) for _ in range(2)]) for kind in kinds]
        attributes: dict[str, object] = {
            "run_name": "",
            "status": "",
            "user_id": "",
            "experiment_id": "1",
            "start_time": 0,
        }
        parent = generator.choice([None, 0, 1, 2])
        param = generator.choice([{}, {"p": "0.5"}, {"p": "10"}, {"p": "x"}])
        return Run(attributes, param, tags(), curves, parent=parent, deleted=generator.random() < 0.4)

    def model() -> Model:
        measured = [ModelPoint("a", generator.choice([0, 1, 2]), point) for point in points(generator.randint(1, 7))]
        times = {"creation_timestamp": 0, "last_updated_timestamp": 0}
        attributes: dict[str, object] = {
            "name": "",
            "model_type": "",
            "status": "",
            "experiment_id": "1",
            "step": None,
            **times,
        }
        return Model(attributes, {}, {}, generator.randrange(8), measured)

    return World([run() for _ in range(8)], [model() for _ in range(10)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("subject", [Subject.RUNS, Subject.MODELS])
class TestCrowded:
    def test_every_field_against_every_threshold(
        self, new_store: Callable[[], sqlite3.Connection], subject: Subject, seed: int
    ) -> None:
        world = crowded(seed)
        fields = [prefix + metric for prefix in RELATED[subject] for metric in METRICS]
        texts = [f"{negation}{field} {test}" for field in fields for test in TESTS for negation in ("", "NOT ")]
        texts += [f"{prefix}params.`p`.number {test}" for prefix in RELATED[subject] for test in TESTS]
        with closing(new_store()) as store:
            fill(store, world)
            for datasets in [[], [DatasetFilter("v", "1")]] if subject is Subject.MODELS else [[]]:
                for text in texts:
                    self.judge(store, world, subject, text, datasets)

    def judge(
        self, store: sqlite3.Connection, world: World, subject: Subject, text: str, datasets: list[DatasetFilter]
    ) -> None:
        expression = parse(text, subject)
        condition = where(expression, datasets)
        query = f"SELECT {ID[subject]} FROM {subject.value} WHERE {condition.text}"
        found = {row[0] for row in store.execute(query, condition.values)}
        facts = facts_of(world, subject)
        assert found == {one.attributes[ID[subject]] for one in facts if evaluate(expression, one, datasets)}, text

    def test_every_order(self, new_store: Callable[[], sqlite3.Connection], subject: Subject, seed: int) -> None:
        world = crowded(seed)
        with closing(new_store()) as store:
            fill(store, world)
            for field in [*METRICS, "params.`p`", "params.`p`.number"]:
                for direction in ["ASC", "DESC"]:
                    order = parse_order([f"{field} {direction}"], subject)
                    sql = order_sql(order)
                    query = f"SELECT {ID[subject]} FROM {subject.value} ORDER BY {sql.text}"
                    expected = [one.attributes[ID[subject]] for one in ordered(facts_of(world, subject), order)]
                    assert [row[0] for row in store.execute(query, sql.values)] == expected, field


def facts_of(world: World, subject: Subject) -> list[Facts]:
    if subject is Subject.RUNS:
        return [facts_of_run(world, number) for number in range(len(world.runs))]
    return [facts_of_model(world, number) for number in range(len(world.models))]
