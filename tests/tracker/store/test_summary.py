"""A curve's summary, kept up piece by piece in the store, is the one that its whole history gives."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import anyio
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracker.entities import History
from tracker.entities.records import EndRun, LogMetrics
from tracker.store.batch import Batch
from tracker.store.sqlite import SqliteStore

RUN = "a" * 32
few = st.integers(-2, 2)
steps = few | st.sampled_from([-(2**63), 2**63 - 1])
reals = st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0, 1.0, -1.0, 5e-324]) | st.floats()
pieces = st.lists(st.lists(st.tuples(steps, few, reals), min_size=1, max_size=6), min_size=1, max_size=5)
Points = list[tuple[int, int, float]]

_SUMMARY = "SELECT points, last_step, last_timestamp, last_value, min_value, min_step, max_value, max_step FROM series"


class Summary(NamedTuple):
    points: int
    last: tuple[int, int, float]
    lowest: tuple[float, int] | None
    highest: tuple[float, int] | None


def comparable(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value


def recomputed(points: Points) -> Summary:
    finite = [(value, step) for step, _, value in points if math.isfinite(value)]
    return Summary(
        len(points),
        max((step, timestamp, comparable(value)) for step, timestamp, value in points),
        min(finite, key=lambda point: point[0], default=None),  # `min` and `max` take the first of equals
        max(finite, key=lambda point: point[0], default=None),
    )


async def kept(path: Path, logged: list[Points]) -> tuple[History, History]:
    """Commit each piece by itself; return the curve before and after its segments are merged."""
    await SqliteStore.create(path)
    store = await SqliteStore.open(path)
    for points in logged:
        await store.commit(Batch(LogMetrics(RUN, *point[:2], {"loss": point[2]}) for point in points), {}, [])
    before = await store.history(RUN, "loss", None)
    await store.commit(Batch([EndRun(RUN, "FINISHED", 9)]), {}, [])
    after = await store.history(RUN, "loss", None)
    await store.aclose()
    return before, after


def as_bytes(columns: History) -> list[bytes]:
    return [column.tobytes() for column in (columns.steps, columns.timestamps, columns.values)]


@settings(max_examples=40, deadline=None)
@given(pieces)
@example([[(1, 0, math.nan)], [(1, 0, 0.0)]])
@example([[(1, 0, 2.0)], [(1, 1, 2.0), (0, 5, 2.0)]])
@example([[(1, 0, math.inf)], [(2, 0, math.nan)], [(3, 0, 7.0)]])
def test_a_summary_equals_its_recomputation(logged: list[Points]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tracker.db"
        before, after = anyio.run(kept, path, logged)
        with closing(sqlite3.connect(path)) as connection:
            ((count, step, timestamp, last, low, low_step, high, high_step),) = connection.execute(_SUMMARY).fetchall()
            (segments,) = connection.execute("SELECT count(*) FROM segments").fetchone()
    points = [point for piece in logged for point in piece]
    found = Summary(
        count,
        (step, timestamp, comparable(last)),
        None if low is None else (low, low_step),
        None if high is None else (high, high_step),
    )
    assert found == recomputed(points)
    assert segments == 1
    ordered = sorted(points, key=lambda point: point[0])
    assert before.steps.tolist() == [point[0] for point in ordered]
    assert before.values.tobytes() == np.array([point[2] for point in ordered]).tobytes()
    assert as_bytes(before) == as_bytes(after)


@pytest.mark.parametrize("values", [[0.0, math.nan], [math.nan, 0.0]])
@pytest.mark.parametrize("together", [True, False])
def test_of_last_values_that_are_equal_the_later_one_counts(values: list[float], *, together: bool) -> None:
    points = [(1, 0, value) for value in values]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tracker.db"
        anyio.run(kept, path, [points] if together else [points[:1], points[1:]])
        with closing(sqlite3.connect(path)) as connection:
            ((last,),) = connection.execute("SELECT last_value FROM series").fetchall()
    assert last == (None if math.isnan(values[-1]) else values[-1])
