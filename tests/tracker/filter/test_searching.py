"""Whole searches, filter and order and pages, whichever way they are done: what the Python judges say, page by page.

The campaign judges 20 000 of them:

    python -m pytest -m campaign tests/tracker/filter/test_searching.py
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.filter import DatasetFilter, Subject, evaluate, literal_keys, ordered, parse, parse_order, resolve
from tracker.filter.schema import OWN_KEY
from tracker.store.interface import Query
from tracker.store.sqlite import plans

from .test_judge import (
    ID,
    JUDGED,
    MODEL_ORDERS,
    RUN_ORDERS,
    NewStore,
    facts_of,
    id_of,
    known,
)
from .wording import DATASET_FILTERS, EXPERIMENT_FILTERS, EXPERIMENT_ORDERS, NOW, OrderBy, filters
from .worlds import World, experiment_worlds, fill, model_worlds, run_worlds

CAMPAIGN = settings(JUDGED, max_examples=8_000)
# How few rows are driven, and how many steps a walk may take: as it is, only walks, no walk to its end.
WAYS = st.sampled_from([(plans.FEW, plans.STEPS), (-1, 10**9), (-1, 1)])
SIZES = st.integers(1, 7)


def expected(world: World, query: Query) -> list[object]:
    keys = known(world, literal_keys(query.where) | literal_keys(query.order))
    where, order = resolve(query.where, keys), resolve(query.order, keys)
    gone = {f"r{number}" for number, run in enumerate(world.runs) if run.deleted}
    found = [
        facts
        for facts in facts_of(world, where.subject)
        if evaluate(where, facts, query.datasets) and facts.attributes.get("run_id") not in gone
    ]
    return [id_of(facts, where.subject) for facts in ordered(found, order)]


def searched(store: sqlite3.Connection, query: Query) -> list[object]:
    """Walk all pages, and return the IDs."""
    subject = query.where.subject
    own = OWN_KEY[subject]
    ids = dict(store.execute(f"SELECT {own}, {ID[subject]} FROM {subject.value}"))
    found, after = [], None
    while True:
        query_ = Query(query.where, query.order, None, query.datasets, query.limit, after)
        rows = plans.find(store, query_)
        assert len(rows) <= query.limit
        found += [ids[row[0]] for row in rows]
        if len(rows) < query.limit:
            assert plans.count(store, query) == len(found)
            return found
        after = tuple(rows[-1][1:])


def judge(
    new_store: NewStore,
    world: World,
    subject: Subject,
    text: str,
    order_by: OrderBy,
    size: int,
    way: tuple[int, int],
    datasets: Sequence[DatasetFilter] = (),
) -> None:
    query = Query(parse(text, subject, NOW), parse_order(order_by, subject), None, datasets, size)
    with closing(new_store()) as store, patch.multiple(plans, FEW=way[0], STEPS=way[1]):
        fill(store, world)
        assert searched(store, query) == expected(world, query), (text, order_by)


RUNS = given(world=run_worlds, text=filters(Subject.RUNS), order_by=RUN_ORDERS, size=SIZES, way=WAYS)
MODELS = given(
    world=model_worlds,
    text=filters(Subject.MODELS),
    order_by=MODEL_ORDERS,
    size=SIZES,
    way=WAYS,
    datasets=DATASET_FILTERS,
)
EXPERIMENTS = given(world=experiment_worlds, text=EXPERIMENT_FILTERS, order_by=EXPERIMENT_ORDERS, size=SIZES, way=WAYS)


@JUDGED
@RUNS
def test_runs(new_store: NewStore, world: World, text: str, order_by: OrderBy, size: int, way: tuple[int, int]) -> None:
    judge(new_store, world, Subject.RUNS, text, order_by, size, way)


@JUDGED
@MODELS
def test_models(
    new_store: NewStore,
    world: World,
    text: str,
    order_by: OrderBy,
    size: int,
    way: tuple[int, int],
    datasets: list[DatasetFilter],
) -> None:
    judge(new_store, world, Subject.MODELS, text, order_by, size, way, datasets)


@JUDGED
@EXPERIMENTS
def test_experiments(
    new_store: NewStore, world: World, text: str, order_by: OrderBy, size: int, way: tuple[int, int]
) -> None:
    judge(new_store, world, Subject.EXPERIMENTS, text, order_by, size, way)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
class TestCampaign:
    @CAMPAIGN
    @RUNS
    def test_runs(
        self, new_store: NewStore, world: World, text: str, order_by: OrderBy, size: int, way: tuple[int, int]
    ) -> None:
        judge(new_store, world, Subject.RUNS, text, order_by, size, way)

    @CAMPAIGN
    @MODELS
    def test_models(
        self,
        new_store: NewStore,
        world: World,
        text: str,
        order_by: OrderBy,
        size: int,
        way: tuple[int, int],
        datasets: list[DatasetFilter],
    ) -> None:
        judge(new_store, world, Subject.MODELS, text, order_by, size, way, datasets)

    @settings(CAMPAIGN, max_examples=4_000)
    @EXPERIMENTS
    def test_experiments(
        self, new_store: NewStore, world: World, text: str, order_by: OrderBy, size: int, way: tuple[int, int]
    ) -> None:
        judge(new_store, world, Subject.EXPERIMENTS, text, order_by, size, way)
