"""Where a plain ORDER BY misleads: each trap with what SQLite itself would have put first."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest

from tracker.entities import DatasetRef
from tracker.errors import AmbiguousDataset
from tracker.ranking import (
    Candidates,
    Points,
    RankBy,
    Ranking,
    chosen_datasets,
    counted,
    rank_by,
    rank_candidates,
)


class Row(NamedTuple):
    model: int
    value: float
    step: int = 1
    timestamp: int = 0
    run: int = 0
    params: int = 0
    dataset: int = 1


@pytest.fixture(name="database")
def _database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE points ({', '.join(Row._fields)})")
        yield connection


def plain_first(database: sqlite3.Connection, rows: Sequence[Row], order: str = "value DESC") -> int:
    database.executemany(f"INSERT INTO points VALUES ({', '.join('?' * len(Row._fields))})", rows)
    first: int = database.execute(f"SELECT model FROM points ORDER BY {order} LIMIT 1").fetchone()[0]
    return first


def ranked(rows: Sequence[Row], by: RankBy) -> Ranking:
    """Rank models of one point or more, by those that count."""
    whole = [name for name in Row._fields if name != "value"]
    columns = {name: np.array([getattr(row, name) for row in rows], dtype=np.int64) for name in whole}
    values = np.array([row.value for row in rows])
    models, firsts = np.unique(columns["model"], return_index=True)
    owners = np.searchsorted(models, columns["model"])
    points = Points(owners, columns["step"], columns["timestamp"], values, columns["dataset"])
    found = counted(points, len(models), by.value, by.goals[0])
    candidates = Candidates(
        metrics=by.metrics,
        model_nos=models,
        run_nos=columns["run"][firsts],
        steps=columns["step"][firsts],
        values=found.values[:, None],
        dataset_nos=found.dataset_nos[:, None],
        groups=columns["params"][firsts],
    )
    return rank_candidates(candidates, by)


def first(rows: Sequence[Row], by: RankBy) -> int:
    return ranked(rows, by).places[0].model_no


def test_a_lucky_seed(database: sqlite3.Connection) -> None:
    steady = [Row(number, 0.90 + 0.001 * number, run=number, params=1) for number in range(5)]
    restless = [Row(10, 0.97, run=10, params=2), Row(11, 0.70, run=11, params=2), Row(12, 0.75, run=12, params=2)]
    rows = [*steady, *restless]
    assert plain_first(database, rows) == 10
    assert first(rows, rank_by("acc")) == 10
    ranking = ranked(rows, rank_by("acc", seeds="seed"))
    assert [place.model_no for place in ranking.places] == [4, 10]
    winner = ranking.places[0].group
    assert winner
    assert winner.bound
    assert winner.bound < winner.mean < 0.904


def test_a_lucky_seed_that_is_alone(database: sqlite3.Connection) -> None:
    rows = [
        Row(0, 0.90, run=0, params=1),
        Row(1, 0.91, run=1, params=1),
        Row(2, 0.99, run=2, params=2),
        Row(3, 0.95, run=3, params=3),
    ]
    assert plain_first(database, rows) == 2
    # Its mean is the best too: only that nothing is known of its spread puts it behind.
    assert plain_first(database, [], "(SELECT avg(value) FROM points AS p WHERE p.params = points.params) DESC") == 2
    ranking = ranked(rows, rank_by("acc", seeds="seed"))
    assert [place.model_no for place in ranking.places] == [1, 2, 3]
    assert [place.group and place.group.bound is None for place in ranking.places] == [False, True, True]


def test_a_lucky_seed_where_less_is_better(database: sqlite3.Connection) -> None:
    rows = [
        Row(0, 0.30, run=0, params=1),
        Row(1, 0.31, run=1, params=1),
        Row(2, 0.10, run=2, params=2),
        Row(3, 0.45, run=3, params=2),
    ]
    assert plain_first(database, rows, "value ASC") == 2
    winner = ranked(rows, rank_by("loss", goal="minimize", seeds="seed")).places[0]
    assert winner.model_no == 0
    assert winner.group
    assert winner.group.bound
    assert winner.group.bound > winner.group.mean


def test_one_seed_with_many_checkpoints_is_one_seed(database: sqlite3.Connection) -> None:
    many = [Row(number, 0.95, step=number, run=0, params=1) for number in range(9)]
    rows = [*many, Row(10, 0.90, run=1, params=2), Row(11, 0.91, run=2, params=2)]
    assert plain_first(database, rows) == 0
    assert first(rows, rank_by("acc", seeds="seed")) == 11


def test_not_a_number(database: sqlite3.Connection) -> None:
    rows = [Row(0, 0.5), Row(1, math.nan), Row(2, 0.4)]
    # SQLite keeps NaN as NULL, which it puts before all numbers.
    assert plain_first(database, rows, "value ASC") == 1
    ranking = ranked(rows, rank_by("loss", goal="minimize"))
    assert [place.model_no for place in ranking.places] == [2, 0]
    assert dict(ranking.left_out) == {"loss is NaN": 1}
    assert first(rows, rank_by("acc")) == 0


@pytest.mark.parametrize(
    ("infinity", "goal", "order"), [(math.inf, "maximize", "DESC"), (-math.inf, "minimize", "ASC")]
)
def test_infinity(database: sqlite3.Connection, infinity: float, goal: str, order: str) -> None:
    rows = [Row(0, 0.5), Row(1, infinity)]
    assert plain_first(database, rows, f"value {order}") == 1
    ranking = ranked(rows, rank_by("acc", goal=goal))
    assert [place.model_no for place in ranking.places] == [0]


def test_another_digest(database: sqlite3.Connection) -> None:
    rows = [Row(0, 0.80, dataset=1), Row(1, 0.99, dataset=2)]
    assert plain_first(database, rows) == 1
    old, new = DatasetRef("validation", "1"), DatasetRef("validation", "2")
    with pytest.raises(AmbiguousDataset, match="validation@1, validation@2"):
        chosen_datasets("acc", "validation", [old, new])
    assert chosen_datasets("acc", "validation@1", [old, new]) == (old,)
    assert first([row for row in rows if row.dataset == 1], rank_by("acc")) == 0
    # Who mixes them says so, and each place says what it was measured on.
    assert chosen_datasets("acc", "validation", [old, new], any_digest=True) == (old, new)
    mixed = ranked(rows, rank_by("acc", any_digest=True))
    assert [(place.model_no, place.dataset_nos) for place in mixed.places] == [(1, (2,)), (0, (1,))]


def test_the_newest_point_is_worse(database: sqlite3.Connection) -> None:
    rows = [
        Row(0, 0.99, step=1, timestamp=1),
        Row(0, 0.10, step=2, timestamp=2),
        Row(1, 0.50, step=1, timestamp=1),
        Row(1, 0.60, step=2, timestamp=2),
    ]
    assert plain_first(database, rows) == 0
    assert first(rows, rank_by("acc")) == 1
    assert first(rows, rank_by("acc", value="best")) == 0
    assert first(rows, rank_by("acc", value="mean:2")) == 1


def test_a_late_word_about_an_early_step(database: sqlite3.Connection) -> None:
    rows = [
        Row(0, 0.9, step=1, timestamp=9),
        Row(0, 0.2, step=5, timestamp=1),
        Row(1, 0.5, step=5, timestamp=5),
    ]
    assert plain_first(database, rows, "timestamp DESC, value DESC") == 0
    assert first(rows, rank_by("acc")) == 0
    assert first(rows, rank_by("acc", value="last")) == 1


def test_a_tie(database: sqlite3.Connection) -> None:
    rows = [Row(0, 0.9, step=30), Row(3, 0.9, step=10), Row(2, 0.9, step=10), Row(1, 0.8, step=1)]
    assert plain_first(database, rows) == 0
    ranking = ranked(rows, rank_by("acc"))
    assert [place.model_no for place in ranking.places] == [2, 3, 0, 1]


def test_values_that_only_look_equal_are_no_tie(database: sqlite3.Connection) -> None:
    rows = [Row(0, 0.3, step=1), Row(1, 0.1 + 0.2, step=2)]
    assert plain_first(database, rows, "round(value, 6) DESC, step") == 0
    assert first(rows, rank_by("acc")) == 1


def test_a_spike_in_a_noisy_curve(database: sqlite3.Connection) -> None:
    curve = [0.60, 0.70, 0.95, 0.72, 0.80, 0.84, 0.83, 0.85, 0.84]
    rows = [Row(number, value, step=number) for number, value in enumerate(curve)]
    assert plain_first(database, rows) == 2
    place = ranked(rows, rank_by("acc", smooth=3)).places[0]
    assert place.model_no in {6, 7, 8}
    assert place.values == (curve[place.model_no],)
    assert place.smoothed
    assert place.smoothed[0] < 0.85


def test_the_best_one_is_too_slow() -> None:
    values = np.array([[0.9, 30.0], [0.8, 10.0], [0.95, math.nan]])
    three = np.arange(3)
    candidates = Candidates(("acc", "latency_ms"), three, three, three, values)
    by = rank_by("acc", constraints=["latency_ms < 20"])
    assert [place.model_no for place in rank_candidates(candidates, by).places] == [1]


def test_one_run_fills_the_top(database: sqlite3.Connection) -> None:
    rows = [*(Row(number, 0.9 + number / 100, step=number, run=1) for number in range(5)), Row(9, 0.8, run=2)]
    assert plain_first(database, rows) == 4
    assert [place.run_no for place in ranked(rows, rank_by("acc", top=2)).places] == [1, 1]
    assert [place.model_no for place in ranked(rows, rank_by("acc", top=2, per="run")).places] == [4, 9]
