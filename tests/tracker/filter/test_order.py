from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from tracker.errors import InvalidFilter
from tracker.filter import DatasetFilter, Facts, Point, Subject, order_sql, ordered, parse_order
from tracker.filter.order import DEFAULTS, Term
from tracker.filter.tree import Entity, Field

LOSS = Field(Entity.METRIC, "loss")


def terms(*order_by: str | Mapping[str, object], subject: Subject = Subject.MODELS) -> tuple[Term, ...]:
    order = parse_order(order_by, subject)
    assert order.terms[-2:] == DEFAULTS[subject]
    return order.terms[:-2]


class TestTexts:
    @pytest.mark.parametrize("subject", [Subject.RUNS, Subject.MODELS])
    @pytest.mark.parametrize(
        ("text", "ascending"),
        [
            ("metrics.loss", True),
            ("metric.loss ASC", True),
            ("metrics.`loss` asc", True),
            ('  metrics."loss"   DESC ', False),
            ("metrics.loss desc", False),
        ],
    )
    def test_directions(self, text: str, subject: Subject, *, ascending: bool) -> None:
        assert terms(text, subject=subject) == (Term(LOSS, ascending),)

    def test_several(self) -> None:
        found = terms("params.lr", "tags.`a b` DESC", "created", '"Run name" desc', subject=Subject.RUNS)
        assert found == (
            Term(Field(Entity.PARAM, "lr")),
            Term(Field(Entity.TAG, "a b"), ascending=False),
            Term(Field(Entity.ATTRIBUTE, "start_time")),
            Term(Field(Entity.ATTRIBUTE, "run_name"), ascending=False),
        )

    @pytest.mark.parametrize(
        ("text", "position", "problem"),
        [
            ("", 0, "expected a field"),
            ("metrics.loss DOWN", 13, "expected ASC, DESC or the end, found 'DOWN'"),
            ("metrics.loss DESC, status", 17, "expected ASC, DESC or the end, found ','"),
            ("DESC", 0, "unknown attribute 'DESC'"),
            ("loss", 0, "unknown attribute 'loss'"),
            ("metrcs.loss", 0, "did you mean 'metrics'?"),
            ("dataset.name", 0, "a dataset cannot be sorted by"),
            ("metrics.loss; DROP TABLE runs", 12, "unexpected character ';'"),
        ],
    )
    def test_refusals(self, text: str, position: int, problem: str) -> None:
        with pytest.raises(InvalidFilter) as caught:
            parse_order([text], Subject.RUNS)
        assert problem in caught.value.problem
        assert caught.value.position == position

    def test_a_text_alone_is_one_entry(self) -> None:
        assert parse_order("metrics.loss", Subject.RUNS) == parse_order(["metrics.loss"], Subject.RUNS)

    def test_too_many(self) -> None:
        with pytest.raises(InvalidFilter, match="at most 50 things can be sorted by, not 51"):
            parse_order(["status"] * 51, Subject.RUNS)


class TestMappings:
    @pytest.mark.parametrize(
        ("entry", "term"),
        [
            ({"field_name": "metrics.loss"}, Term(LOSS)),
            ({"field_name": "metrics.loss", "ascending": None, "dataset_name": None}, Term(LOSS)),
            ({"field_name": "metrics.`loss`", "ascending": False}, Term(LOSS, ascending=False)),
            ({"field_name": "metrics.val loss"}, Term(Field(Entity.METRIC, "val loss"))),
            ({"field_name": "metrics.f`1"}, Term(Field(Entity.METRIC, "f`1"))),
            ({"field_name": "creation_time"}, Term(Field(Entity.ATTRIBUTE, "creation_timestamp"))),
            ({"field_name": "attributes.name"}, Term(Field(Entity.ATTRIBUTE, "name"))),
            ({"field_name": "metrics.loss", "dataset_name": "v"}, Term(LOSS, dataset=DatasetFilter("v"))),
            (
                {"field_name": "metrics.loss", "dataset_name": "v", "dataset_digest": "1"},
                Term(LOSS, dataset=DatasetFilter("v", "1")),
            ),
        ],
    )
    def test_mlflows_form(self, entry: Mapping[str, object], term: Term) -> None:
        assert terms(entry) == (term,)

    @pytest.mark.parametrize(
        ("entry", "problem"),
        [
            ({}, "field_name must say in text what to sort by"),
            ({"field_name": 5}, "field_name must say in text what to sort by"),
            ({"field_name": "metrics.loss", "ascending": "no"}, "ascending must be true or false"),
            ({"field_name": "metrics.loss", "asc": True}, "unknown key 'asc'; there is ascending, dataset_digest"),
            ({"field_name": "metrics.loss", "dataset_digest": "1"}, "dataset_digest needs a dataset_name too"),
            ({"field_name": "metrics.loss", "dataset_name": 5}, "dataset_name and dataset_digest are texts"),
            ({"field_name": "name", "dataset_name": "v"}, "only a logged model's metric"),
            ({"field_name": "name DESC"}, "expected the end, found 'DESC'"),
            ({"field_name": "nam"}, "did you mean 'name'?"),
            ({"field_name": ""}, "expected a field"),
            (5, "an order is a text or a mapping with a field_name"),
            (None, "an order is a text or a mapping with a field_name"),
        ],
    )
    def test_refusals(self, entry: object, problem: str) -> None:
        with pytest.raises(InvalidFilter) as caught:
            parse_order([entry], Subject.MODELS)  # type: ignore[list-item]  # bad input is the point
        assert problem in caught.value.problem

    def test_runs_are_not_measured_on_datasets(self) -> None:
        with pytest.raises(InvalidFilter, match="only a logged model's metric"):
            parse_order([{"field_name": "metrics.loss", "dataset_name": "v"}], Subject.RUNS)


class TestMeaning:
    @pytest.mark.parametrize(("direction", "expected"), [("ASC", "dbacen"), ("DESC", "ecabdn")])
    def test_numbers_then_nan_then_what_is_missing(self, direction: str, expected: str) -> None:
        values = {"a": 1.0, "b": -2.0, "c": 3.0, "d": -math.inf, "e": math.inf, "n": math.nan}
        items = [
            Facts({"run_id": run_id, "start_time": 0}, metrics={"loss": [Point(value)]})
            for run_id, value in reversed(values.items())
        ]
        items.insert(0, Facts({"run_id": "0", "start_time": 9}))
        found = ordered(items, parse_order([f"metrics.loss {direction}"], Subject.RUNS))
        assert "".join(str(one.attributes["run_id"]) for one in found) == expected + "0"

    def test_the_newest_run_is_first_and_then_the_id_decides(self) -> None:
        items = [Facts({"run_id": run_id, "start_time": time}) for run_id, time in [("b", 1), ("a", 1), ("c", 2)]]
        found = ordered(items, parse_order([], Subject.RUNS))
        assert [one.attributes["run_id"] for one in found] == ["c", "a", "b"]

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("params.x", ["10", "1e3", "9", "SGD", "adam"]),
            ("params.x.number", ["9", "10", "1e3", "SGD", "adam"]),
            ("params.x.number DESC", ["1e3", "10", "9", "SGD", "adam"]),
        ],
    )
    def test_params_are_sorted_as_texts_or_as_numbers(self, written: str, expected: list[str]) -> None:
        items = [Facts({"run_id": text, "start_time": 0}, params={"x": text}) for text in expected]
        found = ordered(reversed(items), parse_order([written, "run_id"], Subject.RUNS))
        assert [one.attributes["run_id"] for one in found] == expected

    def test_a_models_metric_is_its_newest_point_on_the_dataset(self) -> None:
        old, new = Point(0.9, "v", "1", timestamp=1, step=9), Point(0.1, "v", "1", timestamp=2)
        other = Point(0.5, "w", "1", timestamp=3)
        items = [
            Facts({"model_id": "first", "creation_timestamp": 0}, metrics={"loss": [old, new, other]}),
            Facts({"model_id": "second", "creation_timestamp": 0}, metrics={"loss": [Point(0.3, "v", "2")]}),
        ]
        on_v = {"field_name": "metrics.loss", "ascending": False, "dataset_name": "v"}
        found = ordered(items, parse_order([on_v], Subject.MODELS))
        assert [one.attributes["model_id"] for one in found] == ["second", "first"]
        found = ordered(items, parse_order(["metrics.loss DESC"], Subject.MODELS))
        assert [one.attributes["model_id"] for one in found] == ["first", "second"]


class TestSql:
    def test_keys_and_names_are_bound(self) -> None:
        entry = {"field_name": "metrics.x'y", "dataset_name": "a'b", "dataset_digest": "c'd"}
        sql = order_sql(parse_order([entry, "params.`p'q` DESC", "tags.`r's`"], Subject.MODELS))
        assert not any(word in sql.text for word in ("x'y", "a'b", "c'd", "p'q", "r's"))
        assert sql.text.count("?") == len(sql.values)
        on_dataset = "x'y", """[["a'b", "c'd"]]"""
        assert sql.values == (*on_dataset, *on_dataset, "p'q", "p'q", "r's", "r's")

    def test_the_default_can_walk_an_index(self) -> None:
        assert order_sql(parse_order([], Subject.RUNS)).text == "runs.start_time DESC, runs.run_id ASC"
