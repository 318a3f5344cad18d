"""Curves in the store equal lists of points in memory, whatever is logged, merged and read in between."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.tracker.store.test_buckets import listed, plain
from tracker.entities import DatasetRef, History
from tracker.entities.records import EndRun, LogMetrics, MeasureModel, StartRun
from tracker.errors import StoreError
from tracker.filter import DatasetFilter
from tracker.store import buckets
from tracker.store.batch import Batch
from tracker.store.sqlite import SqliteStore, curves, merge
from tracker.store.sqlite.connection import connect_writer

pytestmark = pytest.mark.anyio

RUNS = ["a" * 32, "b" * 32]
KEYS = ["loss", "acc"]
MODEL = "m-" + "1" * 32
DATASETS = [None, DatasetRef("test", "1"), DatasetRef("test", "2")]

Point = tuple[int, int, float]
# A series: its run, its key, and what models it is of, if any.
Name = tuple[str, str, int, DatasetRef | None]


@dataclass(frozen=True)
class Log:
    run: str
    key: str
    points: list[Point]


@dataclass(frozen=True)
class Measure:
    run: str
    key: str
    dataset: DatasetRef | None
    point: Point


@dataclass(frozen=True)
class Merge:
    ended: bool


@dataclass(frozen=True)
class Follow:
    follower: int


runs, keys = st.sampled_from(RUNS), st.sampled_from(KEYS)
values = st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0]) | st.floats(width=16)
point = st.tuples(st.integers(-2, 9) | st.sampled_from([-(2**63), 2**63 - 1]), st.integers(0, 3), values)
rising = st.integers(0, 40).flatmap(
    lambda begin: st.lists(values, max_size=30).map(lambda found: [(begin + n, n, v) for n, v in enumerate(found)])
)
operations = st.lists(
    st.builds(Log, runs, keys, st.lists(point, min_size=1, max_size=12) | rising.filter(bool))
    | st.builds(Measure, runs, keys, st.sampled_from(DATASETS), point)
    | st.builds(Merge, st.booleans())
    | st.builds(Follow, st.integers(0, 2)),
    max_size=25,
)


@dataclass
class Model:
    """The judge: all points of each series, in the order logged."""

    series: dict[Name, list[Point]] = field(default_factory=dict)

    def add(self, name: Name, points: list[Point]) -> None:
        self.series.setdefault(name, []).extend(points)

    def chosen(self, run: str, key: str, dataset: DatasetRef | None = None) -> list[Name]:
        found = [name for name in self.series if name[:2] == (run, key)]
        if dataset is not None:
            return [name for name in found if name[3] == dataset]
        return [name for name in found if not name[2]] or found

    def curve(self, names: list[Name], seen: dict[Name, int]) -> list[Point]:
        whole = [each for name in names for each in self.series[name][seen.get(name, 0) :]]
        return sorted(whole, key=lambda each: each[:2] if len(names) > 1 else each[:1])


def bits(points: list[Point]) -> list[tuple[int, int, bytes]]:
    return [(step, timestamp, np.float64(value).tobytes()) for step, timestamp, value in points]


def read(history: History) -> list[tuple[int, int, bytes]]:
    columns = (history.steps.tolist(), history.timestamps.tolist(), history.values.tolist())
    return bits(list(zip(*columns, strict=True)))


@dataclass
class Follower:
    """Reads what is new of all curves, and of one; keeps only its cursors."""

    all: str | None = None
    one: str | None = None
    seen_of_all: dict[Name, int] = field(default_factory=dict)
    seen_of_one: dict[Name, int] = field(default_factory=dict)

    async def follow(self, store: SqliteStore, model: Model) -> None:
        found = await store.histories(RUNS, None, self.all)
        wanted: dict[tuple[str, str], list[tuple[int, int, bytes]]] = {}
        for run in RUNS:
            for key in KEYS:
                names = model.chosen(run, key)
                wanted[run, key] = bits(model.curve(names, self.seen_of_all))
                self.seen_of_all |= {name: len(model.series[name]) for name in names}
        assert {name: read(curve) for name, curve in found.items()} == {n: c for n, c in wanted.items() if c}
        self.all = found.cursor
        names = model.chosen(RUNS[0], KEYS[0])
        # A cursor of many curves is one of each of them, too.
        one = await store.history(RUNS[0], KEYS[0], None, self.one)
        assert read(one) == bits(model.curve(names, self.seen_of_one))
        self.one, self.seen_of_one = found.cursor, {name: len(model.series[name]) for name in names}


async def check(store: SqliteStore, model: Model) -> None:
    for run in RUNS:
        for key in KEYS:
            for dataset in DATASETS:
                names = model.chosen(run, key, dataset)
                wanted = model.curve(names, {})
                asked = DatasetFilter(dataset.name, dataset.digest) if dataset else None
                assert read(await store.history(run, key, asked)) == bits(wanted)
                for most in (1, 2, 7, 1000):
                    drawn = await store.buckets(run, key, asked, most)
                    size = buckets.bucket_size(len(wanted), most)
                    assert listed(drawn) == plain([(step, value) for step, _, value in wanted], size)
                    assert len(drawn) <= most


async def play(path: Path, said: list[Log | Measure | Merge | Follow]) -> None:
    await SqliteStore.create(path)
    store, model, followers = await SqliteStore.open(path), Model(), [Follower() for _ in range(3)]
    writer = await connect_writer(path)
    try:
        await store.commit(Batch([StartRun(run, "x", run, None, 1) for run in RUNS]), {}, [])
        for each in said:
            match each:
                case Log(run, key, points):
                    await store.commit(Batch(LogMetrics(run, *p[:2], {key: p[2]}) for p in points), {}, [])
                    model.add((run, key, 0, None), points)
                case Measure(run, key, dataset, p):
                    await store.commit(Batch([MeasureModel(MODEL, run, *p[:2], {key: p[2]}, dataset)]), {}, [])
                    model.add((run, key, 1, dataset), [p])
                case Merge(ended=True):
                    await store.commit(Batch([EndRun(run, "FINISHED", 9) for run in RUNS]), {}, [])
                case Merge():
                    await writer.run("UPDATE series SET small_segments = 64")
                    await writer.call(merge.merge_overdue)
                case Follow(number):
                    await followers[number].follow(store, model)
        await check(store, model)
        for follower in followers:
            await follower.follow(store, model)
        assert await consistent(store)
    finally:
        await writer.aclose()
        await store.aclose()


async def consistent(store: SqliteStore) -> bool:
    """Say whether segments follow each other without a gap, and every outline has its segment."""
    rows = await store._reader.rows(  # what is kept is asked, not what is shown
        "SELECT first_point = sum(points) OVER (PARTITION BY series_no ORDER BY first_point) - points FROM segments"
    )
    wrong = await store._reader.value(
        "SELECT count(*) FROM outlines LEFT JOIN segments USING (segment_no) WHERE points IS NULL"
    )
    return all(row == (1,) for row in rows) and wrong == 0


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few points be many: large segments, outlines, several portions and threads."""
    monkeypatch.setattr(merge, "LARGE", 16)
    monkeypatch.setattr(merge, "MOST", 40)
    monkeypatch.setattr(merge, "_PORTION", 50)
    monkeypatch.setattr(merge, "_CURVES", 2)
    monkeypatch.setattr(buckets, "BLOCK", 4)
    monkeypatch.setattr(buckets, "FINE", 8)
    monkeypatch.setattr(curves, "_MANY_POINTS", 30)


def rises(begin: int, end: int) -> Log:
    return Log(RUNS[0], KEYS[0], [(step, 0, step / 8) for step in range(begin, end)])


steady = [rises(begin, begin + 9) for begin in range(0, 180, 9)]
uneven = [rises(begin, begin + 7) for begin in range(0, 140, 7)]
# Each of these is large, and in order; the second goes back before the first.
back = [rises(40, 80), rises(0, 40), Merge(ended=True)]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(operations)
@example(
    [*steady[:9], Merge(ended=False), *steady[9:12], Merge(ended=False), *steady[12:], Follow(0), Merge(ended=True)]
)
@example([steady[0], Follow(0), steady[1], Merge(ended=True), Follow(0), steady[2], Merge(ended=True), Follow(0)])
@example([Measure(RUNS[0], KEYS[0], DATASETS[1], (1, 1, 0.5)), Follow(0), steady[0], Follow(0), Follow(1)])
@example([Measure(RUNS[0], KEYS[0], DATASETS[1], (1, 2, 0.5)), Follow(0), Measure(RUNS[0], KEYS[0], None, (1, 1, 2.0))])
@example([steady[1], steady[0], *steady[2:], Merge(ended=True)])
@example(back)
@example([*uneven, Merge(ended=True)])
def test_whatever_is_said_curves_are_those_of_the_lists(said: list[Log | Measure | Merge | Follow]) -> None:
    with TemporaryDirectory() as folder:
        anyio.run(play, Path(folder) / "tracker.db", said)


async def drawn_with(path: Path, change: str) -> tuple[list[tuple[object, ...]], int]:
    """Log a curve, end its run, change what is kept of it, and draw it; return that, and how many rows changed."""
    await SqliteStore.create(path)
    store, writer = await SqliteStore.open(path), await connect_writer(path)
    try:
        await store.commit(Batch(LogMetrics(RUNS[0], step, 0, {"loss": step / 8}) for step in range(100)), {}, [])
        await store.commit(Batch([EndRun(RUNS[0], "FINISHED", 9)]), {}, [])
        await writer.run(change)
        return listed(await store.buckets(RUNS[0], "loss", None, 5)), int(str(await writer.value("SELECT changes()")))
    finally:
        await writer.aclose()
        await store.aclose()


WANTED = plain([(step, step / 8) for step in range(100)], 20)


async def test_of_a_large_curve_only_the_outline_is_read(tmp_path: Path) -> None:
    assert await drawn_with(tmp_path / "tracker.db", "UPDATE segments SET data = x'00'") == (WANTED, 1)


async def test_without_its_outline_a_curve_is_drawn_of_its_points(tmp_path: Path) -> None:
    assert await drawn_with(tmp_path / "tracker.db", "DELETE FROM outlines") == (WANTED, 1)


async def test_a_damaged_outline_is_told_and_the_curve_is_drawn_of_its_points(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await drawn_with(tmp_path / "tracker.db", "UPDATE outlines SET data = x'01abcd'") == (WANTED, 1)
    assert "outline of a curve is damaged; the curve is drawn of its points" in caplog.text


async def test_a_damaged_curve_that_is_large_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tracker.db"
    await SqliteStore.create(path)
    store, writer = await SqliteStore.open(path), await connect_writer(path)
    await store.commit(Batch(LogMetrics(RUNS[0], step, 0, {"loss": step / 8}) for step in range(100)), {}, [])
    await writer.run("UPDATE segments SET data = substr(data, 1, 20)")
    for _ in range(3):
        await store.commit(Batch([EndRun(RUNS[0], "FINISHED", 9)]), {}, [])
    with pytest.raises(StoreError, match="damaged"):
        await store.buckets(RUNS[0], "loss", None, 5)
    await writer.aclose()
    await store.aclose()
    assert caplog.text.count("it stays as it is") == 1
