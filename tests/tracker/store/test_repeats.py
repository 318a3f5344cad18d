"""An exact repeat of a point is no further point, where a curve has each point once."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetRef
from tracker.entities.records import LogMetrics, LogPoints, MeasureModel, PointOf, Record, StartRun
from tracker.journal import Block, Journal, JournalFolder, Layout, encode
from tracker.store.batch import Batch
from tracker.store.repeats import may_repeat, without_repeats
from tracker.store.segments import Columns, columns
from tracker.store.sqlite import SqliteStore

RUN, MODEL = "a" * 32, "m-" + "1" * 32
TEST = DatasetRef("test", "22")

values = st.sampled_from([0.0, -0.0, 1.0, math.nan, -math.nan, math.inf])
small = st.tuples(st.integers(-2, 2), st.integers(0, 2), values)


def told(point: tuple[int, int, float]) -> tuple[object, ...]:
    step, timestamp, value = point
    return step, timestamp, "NaN" if math.isnan(value) else value


def made(points: list[tuple[int, int, float]]) -> Columns:
    return columns(*(list(column) for column in zip(*points, strict=True))) if points else columns([], [], [])


def rows(points: Columns) -> list[tuple[object, ...]]:
    listed = zip(points.steps.tolist(), points.timestamps.tolist(), points.values.tolist(), strict=True)
    return [told(point) for point in listed]


@given(st.lists(small, min_size=1, max_size=12), st.lists(small, max_size=12))
def test_each_point_is_kept_once(new: list[tuple[int, int, float]], known: list[tuple[int, int, float]]) -> None:
    seen = {told(point) for point in known}
    right = []
    for point in map(told, new):
        if point not in seen:
            seen.add(point)
            right.append(point)
    found = without_repeats(made(new), made(known))
    assert rows(found) == right
    last_step = max((step for step, _, _ in known), default=None)
    assert may_repeat(made(new), last_step) or len(found) == len(new)


@pytest.fixture
async def kept(tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteStore]:
    del anyio_backend
    await SqliteStore.create(tmp_path / "tracker.db")
    store = await SqliteStore.open(tmp_path / "tracker.db")
    await store.commit(Batch([StartRun(RUN, "digits", "first", None, 1)]), {}, [])
    yield store
    await store.aclose()


async def say(store: SqliteStore, *records: Record | Block) -> None:
    await store.commit(Batch(records), {}, [])


async def curve(store: SqliteStore, key: str = "loss") -> list[tuple[object, ...]]:
    found = await store.history(RUN, key, None)
    return rows(Columns(found.steps, found.timestamps, found.values))


@pytest.mark.anyio
class TestInAStore:
    async def test_what_is_sent_again_is_there_once(self, kept: SqliteStore) -> None:
        points = (PointOf("loss", 1, 10, 0.5), PointOf("loss", 2, 11, math.nan), PointOf("acc", 2, 11, 1.0))
        await say(kept, LogPoints(RUN, points))
        await say(kept, LogPoints(RUN, points), LogPoints(RUN, (*points, PointOf("loss", 2, 11, 0.25))))
        assert await curve(kept) == [(1, 10, 0.5), (2, 11, "NaN"), (2, 11, 0.25)]
        assert await curve(kept, "acc") == [(2, 11, 1.0)]

    async def test_the_control_has_it_twice(self, kept: SqliteStore) -> None:
        for _ in range(2):
            await say(kept, LogMetrics(RUN, 1, 10, {"loss": 0.5}))
        assert await curve(kept) == [(1, 10, 0.5)] * 2

    async def test_so_it_is_through_a_journal(self, kept: SqliteStore, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "journals")
        for _ in range(2):
            journal.points(Layout(RUN, ("loss",), once=True), 1, 10, [0.5])
            journal.append(encode(LogPoints(RUN, (PointOf("acc", 1, 10, -math.inf),))))
        pending = JournalFolder(tmp_path / "journals").read({}, {})
        await kept.commit(Batch(pending.records, pending.blocks), {}, [])
        assert await curve(kept) == [(1, 10, 0.5)]
        assert await curve(kept, "acc") == [(1, 10, -math.inf)]
        journal.close()

    async def test_a_model_is_measured_once_too(self, kept: SqliteStore) -> None:
        def measured(step: int, value: float) -> MeasureModel:
            return MeasureModel(MODEL, RUN, step, 10 + step, {"acc": value}, TEST)

        await say(kept, measured(1, 0.5))
        await say(kept, measured(1, 0.5), measured(1, 0.5), measured(2, math.nan), measured(2, math.nan))
        await say(kept, measured(1, 0.5), measured(1, 0.75))
        found = kept.search.points_of([MODEL])[MODEL]
        values = sorted(told((each.step, each.timestamp, each.value)) for each in found)
        assert values == [(1, 11, 0.5), (1, 11, 0.75), (2, 12, "NaN")]

    async def test_a_point_of_a_model_is_one_of_its_run(self, kept: SqliteStore) -> None:
        point = PointOf("acc", 3, 10, 0.5, MODEL, *("test", "22"))
        for _ in range(2):
            await say(kept, LogPoints(RUN, (point,)))
        assert await curve(kept, "acc") == [(3, 10, 0.5)]
        (measured,) = kept.search.points_of([MODEL])[MODEL]
        assert (measured.value, measured.step, measured.dataset, measured.run_id) == (0.5, 3, TEST, RUN)


def test_columns_of_one_layout_are_told_from_another() -> None:
    none = np.array([], dtype=np.int64)
    block = Block(RUN, ("loss",), none, none, none, np.empty((1, 0)), once=True)
    assert block.where(np.array([], dtype=np.bool_)).once
