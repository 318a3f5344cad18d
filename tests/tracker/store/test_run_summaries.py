"""Packed metrics of runs: to bytes and back as rows give them, damage is seen, and no curve is ever ahead of them."""

from __future__ import annotations

import math
import pickle
import random
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.entities import DatasetRef, MetricSummary, RunInfo
from tracker.entities.records import EndRun, LogMetrics, MeasureModel, Record, StartRun
from tracker.errors import StoreError
from tracker.filter import Subject, parse, parse_order
from tracker.store.batch import Batch
from tracker.store.interface import Query
from tracker.store.run_summaries import Row, Summaries, gather, numbers_of, pack, summary, unpack
from tracker.store.sqlite import SqliteStore

REALS = st.none() | st.floats(allow_nan=False) | st.sampled_from([math.inf, -math.inf])
STEPS = st.integers(-(2**63), 2**63 - 1)
MAYBE = st.none() | STEPS
SUMMARIES = st.tuples(REALS, STEPS, STEPS, STEPS, REALS, MAYBE, REALS, MAYBE, REALS, MAYBE)
KEYS = st.integers(1, 2**32 - 1)
OWN = st.dictionaries(KEYS, SUMMARIES, max_size=6).map(lambda found: [(1, key, *row) for key, row in found.items()])
OF_MODELS = st.lists(st.tuples(st.just(1), KEYS, SUMMARIES).map(lambda row: (*row[:2], *row[2])), max_size=6).map(
    lambda rows: sorted(rows, key=lambda row: row[4:6])
)
RUN, OTHER = "a" * 32, "b" * 32
NEAR, FAR = DatasetRef("near", "1"), DatasetRef("far", "2")


def bits(value: float) -> object:
    return "NaN" if math.isnan(value) else struct.pack("<d", value)


def shown(found: MetricSummary) -> list[object]:
    return [bits(value) if isinstance(value, float) else value for value in found]


@given(OWN, OF_MODELS)
def test_bytes_give_back_what_was_gathered(own: list[Row], of_models: list[Row]) -> None:
    assume(own or of_models)
    mine = gather(own, of_models)[1]
    packed = unpack(pack(mine))
    key_nos = numbers_of(packed.keys)
    assert list(key_nos) == list(mine.latest)
    assert [bits(value) for value in packed.latest] == [bits(value) for value in mine.latest.values()]
    summaries = Summaries(packed.summaries)
    assert [shown(summaries(place)) for place in range(len(key_nos))] == [
        shown(summary(mine.rows[key_no])) for key_no in key_nos
    ]


def test_what_was_read_can_be_sent_to_another_process() -> None:
    mine = gather([(1, 7, 0.5, 1, 2, 3, 0.5, 2, 0.5, 2, 0.5, 2)], [])[1]
    sent: Summaries = pickle.loads(pickle.dumps(Summaries(unpack(pack(mine)).summaries)))  # noqa: S301  # made here
    assert sent(0) == summary(mine.rows[7])


@given(st.data())
def test_damage_is_seen(data: st.DataObject) -> None:
    whole = pack(gather([(1, key, 0.5, 1, 2, 3, None, None, 0.5, 2, 0.5, 2) for key in range(1, 4)], [])[1])
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    for damaged in (whole[:place], whole[:place] + flipped + whole[place + 1 :]):
        with pytest.raises(StoreError, match="damaged"):
            unpack(damaged)


START = StartRun(RUN, "digits", "one", None, 1)
END = EndRun(RUN, "FINISHED", 9)
# What may be said of a run, in any order: one metric only its models have, one only it has, one both.
SAID: list[Record] = [
    *(LogMetrics(RUN, step, 5, {"own": step / 8, "both": float(step)}) for step in (1, 3)),
    LogMetrics(RUN, 2, 5, {"own": math.nan, "both": -0.0}),
    LogMetrics(OTHER, 2, 5, {"own": 1.0}),
    *(MeasureModel("m-1", RUN, step, 7, {"acc": step / 4, "both": 0.5}, ref) for step in (1, 4) for ref in (NEAR, FAR)),
    END,
    START,
]


def ask(store: SqliteStore) -> list[RunInfo]:
    return store.search.runs(Query(parse("", Subject.RUNS), parse_order(["run_id"], Subject.RUNS), limit=9)).items


def figures(found: list[RunInfo]) -> object:
    return [
        (
            run.run_id,
            [(key, bits(value)) for key, value in run.metrics.items()],
            {key: shown(value) for key, value in run.summaries.items()},
        )
        for run in found
    ]


async def say(store: SqliteStore, records: list[Record]) -> None:
    await store.commit(Batch(records), {}, [])


def packed(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT run_no FROM run_summaries ORDER BY 1")]


async def made(path: Path) -> SqliteStore:
    await SqliteStore.create(path)
    return await SqliteStore.open(path)


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(20))
async def test_packed_or_not_a_search_finds_the_same(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "tracker.db"
    store = await made(path)
    draw = random.Random(seed)  # noqa: S311  # a choice, no secret
    for _ in range(12):
        await say(store, draw.choices(SAID, k=draw.randint(1, 4)))
        as_bytes = figures(ask(store))
        with closing(sqlite3.connect(path)) as connection, connection:
            kept = connection.execute("SELECT run_no, data FROM run_summaries").fetchall()
            connection.execute("DELETE FROM run_summaries")
        assert figures(ask(store)) == as_bytes
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany("INSERT INTO run_summaries VALUES (?, ?)", kept)
    await store.aclose()


@pytest.mark.anyio
async def test_a_run_is_packed_from_its_end_until_its_curves_change(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    store = await made(path)
    await say(store, [START, *SAID[:3]])
    assert packed(path) == []
    await say(store, [END])
    assert packed(path) == [1]
    await say(store, [SAID[3]])
    assert packed(path) == [1]
    await say(store, [SAID[4]])
    assert packed(path) == []
    await say(store, [SAID[0], END])
    assert packed(path) == [1]
    await store.aclose()


@pytest.mark.anyio
async def test_damaged_bytes_are_an_error_and_no_value(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    store = await made(path)
    await say(store, [START, SAID[0], END])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run_summaries SET data = substr(data, 1, 20)")
    with pytest.raises(StoreError, match="packed metrics are damaged"):
        ask(store)
    await store.aclose()
