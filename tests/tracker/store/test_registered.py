"""Searching registered models and versions, page by page: held to what the filter and the order mean in Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.entities import ModelVersion, RegisteredModel, Stage
from tracker.entities.registry_edits import (
    AddVersion,
    CreateRegistered,
    DeleteVersion,
    MoveAlias,
    SetRegisteredTags,
    SetStage,
)
from tracker.errors import InvalidPageToken
from tracker.filter import Facts, Subject, evaluate, ordered, parse, parse_order
from tracker.store.interface import Found, Query
from tracker.store.sqlite import SqliteStore, edits
from tracker.store.sqlite.functions import SEARCHING, offer
from tracker.store.sqlite.registered import all_models, search_models, search_versions

pytestmark = pytest.mark.anyio
MODELS, VERSIONS = Subject.REGISTERED_MODELS, Subject.MODEL_VERSIONS
NAMES = ["net", "Net", "été", "a b", "it's"]
RUN = "a" * 32
TAGS = st.dictionaries(st.sampled_from(["a", "b c"]), st.sampled_from(["x", "X", "", "1"]))


@dataclass(frozen=True)
class World:
    """Registered models: for each name its tags, and its versions with their source, run, tags, time and stage."""

    models: dict[str, tuple[dict[str, str], list[tuple[str, str, dict[str, str], int, Stage]]]]
    deleted: bool


WORLDS = st.builds(
    World,
    st.dictionaries(
        st.sampled_from(NAMES),
        st.tuples(
            TAGS,
            st.lists(
                st.tuples(
                    st.sampled_from(["s3://b/x", "dbfs:/y"]),
                    st.sampled_from(["", RUN, "b" * 32]),
                    TAGS,
                    st.integers(1, 4),
                    st.sampled_from(list(Stage)),
                ),
                max_size=3,
            ),
        ),
    ),
    st.booleans(),
)
TESTS = [
    *(f"name {test}" for test in ["= 'net'", "!= 'net'", "LIKE 'n%'", "ILIKE 'N%'", "IN ('net', 'a b')", "> 'b'"]),
    *(f"tags.a {test}" for test in ["= 'x'", "!= 'x'", "ILIKE 'X'", "IS NULL", "IS NOT NULL", "NOT IN ('x', '1')"]),
    "tags.`b c` = ''",
    "last_updated_timestamp >= 3",
    "NOT (creation_timestamp = 2 OR tag.a =~ '^x')",
]
OF_VERSIONS = [
    *(f"version_number {test}" for test in ["> 1", "= 2", "BETWEEN 2 AND 3", "IN (1, 3)"]),
    *(f"run_id {test}" for test in [f"= '{RUN}'", f"!= '{RUN}'", "= ''", f"NOT IN ('{RUN}')"]),
    "source_path LIKE 's3%'",
    "stage = 'Production'",
    "model_id = ''",
]
ORDERS = ["name", "name DESC", "last_updated_timestamp DESC", "creation_timestamp", "tags.a", "tags.a DESC"]
JUDGED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def filters(tests: Sequence[str]) -> st.SearchStrategy[str]:
    one = st.sampled_from(tests)
    return st.one_of(
        st.just(""), one, st.builds("{} AND {}".format, one, one), st.builds("NOT {} OR {}".format, one, one)
    )


@pytest.fixture
async def store(tmp_path: Path, anyio_backend: str) -> Path:
    del anyio_backend
    await SqliteStore.create(tmp_path / "tracker.db")
    return tmp_path / "tracker.db"


def filled(path: Path, world: World) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with closing(sqlite3.connect(path)) as empty:
        empty.backup(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    offer(connection, SEARCHING)
    asked: list[object] = []
    for name, (tags, versions) in world.models.items():
        asked.append(CreateRegistered(name, 1, tags=tags))
        for number, (source, run_id, own, timestamp, stage) in enumerate(versions, 1):
            asked.append(AddVersion(name, source, timestamp, run_id=run_id, tags=own))
            asked.append(SetStage(name, number, stage, archive=False, timestamp=timestamp))
            asked.append(MoveAlias(name, "last", number))
        if world.deleted and len(versions) > 1:
            asked.append(DeleteVersion(name, 1, 2))
    edits.carry_out(connection, asked)
    return connection


def facts(found: RegisteredModel | ModelVersion) -> Facts:
    told = asdict(found)
    if isinstance(found, ModelVersion):
        told |= {"version_number": found.version, "source_path": found.source, "stage": str(found.stage)}
        # As in MLflow: a version without a run has an empty run ID, which `!=` finds.
        told |= {"run_id": found.run_id or "", "model_id": found.model_id or ""}
    return Facts({key: value for key, value in told.items() if isinstance(value, str | int)}, tags=dict(found.tags))


def paged(connection: sqlite3.Connection, query: Query) -> Iterator[RegisteredModel | ModelVersion]:
    while True:
        found: Found[RegisteredModel] | Found[ModelVersion]
        if query.where.subject is MODELS:
            found = search_models(connection, query)
        else:
            found = search_versions(connection, query)
        yield from found.items
        if len(found.places) <= query.limit:
            return
        query = replace(query, after=tuple(found.places[query.limit - 1]))


def judge(path: Path, world: World, subject: Subject, text: str, order_by: list[str], limit: int) -> None:
    query = Query(parse(text, subject), parse_order(order_by, subject), limit=limit, peek=True)
    with closing(filled(path, world)) as connection:
        models = all_models(connection)
        known = models if subject is MODELS else [version for each in models for version in each.versions]
        matching = [told for told in map(facts, known) if evaluate(query.where, told)]
        found = list(paged(connection, query))
        assert [facts(each) for each in found] == ordered(matching, query.order)
        assert all(each in known for each in found)


@JUDGED
@given(WORLDS, filters(TESTS), st.lists(st.sampled_from(ORDERS), max_size=2), st.integers(1, 3))
def test_models(store: Path, world: World, text: str, order_by: list[str], limit: int) -> None:
    judge(store, world, MODELS, text, order_by, limit)


@JUDGED
@given(
    WORLDS,
    filters([*TESTS, *OF_VERSIONS]),
    st.lists(st.sampled_from([*ORDERS, "version_number DESC", "run_id", "stage"]), max_size=2),
    st.integers(1, 3),
)
def test_versions(store: Path, world: World, text: str, order_by: list[str], limit: int) -> None:
    judge(store, world, VERSIONS, text, order_by, limit)


def test_what_is_found_is_whole(store: Path) -> None:
    world = World(
        {"net": ({"a": "x"}, [("s3://b", RUN, {"b": "y"}, 3, Stage.STAGING), ("t", "", {}, 4, Stage.NONE)])},
        deleted=False,
    )
    with closing(filled(store, world)) as connection:
        edits.carry_out(connection, [SetRegisteredTags("net", 2, {"c": "z"})])
        (model,) = search_models(connection, Query(parse("", MODELS), parse_order((), MODELS))).items
        versions = search_versions(connection, Query(parse("", VERSIONS), parse_order(["version"], VERSIONS))).items
    assert (model.tags, model.aliases, list(model.versions)) == ({"a": "x"}, {"last": 2}, versions)
    assert [(each.tags, each.aliases, each.stage) for each in versions] == [
        ({"b": "y"}, (), "Staging"),
        ({"c": "z"}, ("last",), "None"),
    ]


@pytest.mark.parametrize("subject", [MODELS, VERSIONS])
def test_a_place_of_another_order_is_refused(store: Path, subject: Subject) -> None:
    query = Query(parse("", subject), parse_order((), subject), after=("x",) * 9)
    search = search_models if subject is MODELS else search_versions
    with closing(filled(store, World({}, deleted=False))) as connection, pytest.raises(InvalidPageToken):
        search(connection, query)
