"""Small stores, any filter and any order: what SQLite finds is what the Python judges say.

The campaign judges 20 000 stores, each by several filters or by an order:

    python -m pytest -m campaign tests/tracker/filter/test_judge.py
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.filter import (
    DatasetFilter,
    Expression,
    Facts,
    Subject,
    evaluate,
    known_keys,
    literal_keys,
    order_sql,
    ordered,
    parse,
    parse_order,
    regexp,
    resolve,
    where,
)

from .wording import (
    DATASET_FILTERS,
    EXPERIMENT_FILTERS,
    EXPERIMENT_ORDERS,
    MEASURED_ORDERS,
    NOW,
    OrderBy,
    filters,
    orders,
    quoted,
)
from .worlds import (
    World,
    experiment_worlds,
    facts_of_experiment,
    facts_of_model,
    facts_of_run,
    fill,
    metric_keys,
    model_worlds,
    param_keys,
    run_worlds,
)

NewStore = Callable[[], sqlite3.Connection]
JUDGED = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
CAMPAIGN = settings(JUDGED, max_examples=5_000)

SOME_RUN_FILTERS = st.lists(filters(Subject.RUNS), min_size=1, max_size=6)
SOME_MODEL_FILTERS = st.lists(filters(Subject.MODELS), min_size=1, max_size=6)
RUN_ORDERS = orders(["start_time", "end_time", "run_name", "experiment_id", "parent_run_id"])
MODEL_ORDERS = orders(["step", "name", "source_run_id", "experiment_id"]) | MEASURED_ORDERS


def known(world: World, keys: frozenset[str]) -> set[str]:
    """Return those keys that there are: of params those that end in a param's part, and of metrics the others."""
    params = {key for key in param_keys(world) if key.endswith(".number")}
    metrics = {key for key in metric_keys(world) if not key.endswith(".number")}
    return (params | metrics) & keys


def settled(world: World, store: sqlite3.Connection, text: str, subject: Subject) -> Expression:
    expression = parse(text, subject, NOW)
    keys = literal_keys(expression)
    query = known_keys(keys)
    assert {row[0] for row in store.execute(query.text, query.values)} == known(world, keys)
    return resolve(expression, known(world, keys))


def judge_filters(
    store: sqlite3.Connection,
    world: World,
    subject: Subject,
    texts: Sequence[str],
    datasets: Sequence[DatasetFilter] = (),
) -> None:
    facts = facts_of(world, subject)
    fill(store, world)
    for text in texts:
        expression = settled(world, store, text, subject)
        condition = where(expression, datasets)
        query = f"SELECT {ID[subject]} FROM {subject.value} WHERE {condition.text}"
        found = {row[0] for row in store.execute(query, condition.values)}
        expected = {id_of(one, subject) for one in facts if evaluate(expression, one, datasets)}
        assert found == expected, text


def judge_order(store: sqlite3.Connection, world: World, subject: Subject, order_by: OrderBy) -> None:
    fill(store, world)
    order = parse_order(order_by, subject)
    order = resolve(order, known(world, literal_keys(order)))
    expected = [id_of(one, subject) for one in ordered(facts_of(world, subject), order)]
    sql = order_sql(order)
    query = f"SELECT {ID[subject]} FROM {subject.value} ORDER BY {sql.text}"
    assert [row[0] for row in store.execute(query, sql.values)] == expected


ID = {
    Subject.RUNS: "run_id",
    Subject.MODELS: "model_id",
    Subject.EXPERIMENTS: "CAST(experiment_id AS TEXT) AS experiment_id",
}


def id_of(facts: Facts, subject: Subject) -> object:
    return facts.attributes[ID[subject].rpartition(" ")[2]]


def facts_of(world: World, subject: Subject) -> list[Facts]:
    match subject:
        case Subject.RUNS:
            return [facts_of_run(world, number) for number in range(len(world.runs))]
        case Subject.MODELS:
            return [facts_of_model(world, number) for number in range(len(world.models))]
        case Subject.EXPERIMENTS:
            return [facts_of_experiment(world, number) for number in range(len(world.experiments))]
        case _:
            pytest.fail(f"{subject} are judged where they are kept")


class TestRuns:
    @JUDGED
    @given(run_worlds, SOME_RUN_FILTERS)
    def test_filters(self, new_store: NewStore, world: World, texts: list[str]) -> None:
        with closing(new_store()) as store:
            judge_filters(store, world, Subject.RUNS, texts)

    @JUDGED
    @given(run_worlds, RUN_ORDERS)
    def test_orders(self, new_store: NewStore, world: World, order_by: OrderBy) -> None:
        with closing(new_store()) as store:
            judge_order(store, world, Subject.RUNS, order_by)


class TestModels:
    @JUDGED
    @given(model_worlds, SOME_MODEL_FILTERS, DATASET_FILTERS)
    def test_filters(self, new_store: NewStore, world: World, texts: list[str], datasets: list[DatasetFilter]) -> None:
        with closing(new_store()) as store:
            judge_filters(store, world, Subject.MODELS, texts, datasets)

    @JUDGED
    @given(model_worlds, MODEL_ORDERS)
    def test_orders(self, new_store: NewStore, world: World, order_by: OrderBy) -> None:
        with closing(new_store()) as store:
            judge_order(store, world, Subject.MODELS, order_by)


class TestExperiments:
    @JUDGED
    @given(experiment_worlds, st.lists(EXPERIMENT_FILTERS, min_size=1, max_size=6))
    def test_filters(self, new_store: NewStore, world: World, texts: list[str]) -> None:
        with closing(new_store()) as store:
            judge_filters(store, world, Subject.EXPERIMENTS, texts)

    @JUDGED
    @given(experiment_worlds, EXPERIMENT_ORDERS)
    def test_orders(self, new_store: NewStore, world: World, order_by: OrderBy) -> None:
        with closing(new_store()) as store:
            judge_order(store, world, Subject.EXPERIMENTS, order_by)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
class TestCampaign:
    @CAMPAIGN
    @given(run_worlds, SOME_RUN_FILTERS)
    def test_filters_of_runs(self, new_store: NewStore, world: World, texts: list[str]) -> None:
        with closing(new_store()) as store:
            judge_filters(store, world, Subject.RUNS, texts)

    @CAMPAIGN
    @given(run_worlds, RUN_ORDERS)
    def test_orders_of_runs(self, new_store: NewStore, world: World, order_by: OrderBy) -> None:
        with closing(new_store()) as store:
            judge_order(store, world, Subject.RUNS, order_by)

    @CAMPAIGN
    @given(model_worlds, SOME_MODEL_FILTERS, DATASET_FILTERS)
    def test_filters_of_models(
        self, new_store: NewStore, world: World, texts: list[str], datasets: list[DatasetFilter]
    ) -> None:
        with closing(new_store()) as store:
            judge_filters(store, world, Subject.MODELS, texts, datasets)

    @CAMPAIGN
    @given(model_worlds, MODEL_ORDERS)
    def test_orders_of_models(self, new_store: NewStore, world: World, order_by: OrderBy) -> None:
        with closing(new_store()) as store:
            judge_order(store, world, Subject.MODELS, order_by)


@st.composite
def names_and_pattern(draw: st.DrawFn) -> tuple[list[str], str]:
    """Draw names, and a pattern that fits one of them or nearly does."""
    names = draw(st.lists(st.text("aAzÉé*?[]^-%_", max_size=5), min_size=1, max_size=8, unique=True))
    like = draw(st.sampled_from(names))
    changed = [draw(st.sampled_from([character, character.swapcase(), "_", "%", "?"])) for character in like]
    return names, "".join(changed)


class TestPatterns:
    @JUDGED
    @given(names_and_pattern(), st.sampled_from(["LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"]))
    def test_likes(self, new_store: NewStore, drawn: tuple[list[str], str], operator: str) -> None:
        names, pattern = drawn
        expression = parse(f"run_name {operator} {quoted(pattern)}", Subject.RUNS)
        with closing(new_store()) as store:
            store.execute("INSERT INTO experiments VALUES (1, 'e', 'active', 0, 0, '')")
            columns = "run_id, experiment_id, run_name, status, start_time"
            rows = [(f"r{number}", 1, name, "RUNNING", 0) for number, name in enumerate(names)]
            store.executemany(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?)", rows)
            condition = where(expression)
            query = f"SELECT run_name FROM runs WHERE {condition.text} ORDER BY run_no"
            found = [row[0] for row in store.execute(query, condition.values)]
        assert found == [name for name in names if evaluate(expression, Facts({"run_name": name}))]

    @JUDGED
    @given(
        st.lists(st.sampled_from(["a", "b", ".", "[^a]", "(a|bc)", "x*", "a+", "^", "$", r"\d"]), max_size=6),
        st.text("abcx1\n", max_size=8),
    )
    def test_regular_expressions_are_those_of_python_where_both_have_them(self, parts: list[str], text: str) -> None:
        pattern = "".join(parts)
        # Python's `$` fits before a last line's end too.
        expected = re.search(pattern.replace("$", r"\Z"), text) is not None
        assert regexp(pattern, text) is expected
