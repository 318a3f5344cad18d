"""The newest points of models: columns decide as a loop does, and frames are stored as records are."""

from __future__ import annotations

import math
import sqlite3
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.entities import DatasetRef
from tracker.entities.records import CreateModel, DeleteModel, MeasureModel, Promote, Record
from tracker.journal import Journal, JournalFolder, ModelLayout, encode, model_bytes
from tracker.store.batch import Batch
from tracker.store.model_points import points, settled
from tracker.store.sqlite import SqliteStore

Row = tuple[int, int, int, int, float | None, int, int]

small = st.integers(0, 2)
int64 = st.integers(-(2**63), 2**63 - 1)
values = st.none() | st.floats(allow_nan=False) | st.just(-0.0)
rows = st.lists(st.tuples(small, small, small, small, values, small | int64, small | int64), max_size=20)

MODELS = ["m-" + digit * 32 for digit in "012"]
RUNS = ["a" * 32, "b" * 32]
DATASETS = [None, DatasetRef("validation", "1"), DatasetRef("validation", "2")]
measured: st.SearchStrategy[Record] = st.builds(
    MeasureModel,
    st.sampled_from(MODELS),
    st.sampled_from(RUNS),
    small | int64,
    small,
    st.dictionaries(st.sampled_from(["acc", "loss"]), st.floats() | st.just(-0.0), min_size=1, max_size=2),
    st.sampled_from(DATASETS),
)
others: st.SearchStrategy[Record] = st.one_of(
    st.builds(CreateModel, st.sampled_from(MODELS), st.sampled_from(RUNS), st.just("net"), st.just(""), small, small),
    st.builds(DeleteModel, st.sampled_from(MODELS), small),
    st.builds(
        Promote,
        st.uuids().map(str),
        st.just("best"),
        st.just("champion"),
        st.sampled_from(MODELS),
        st.just("acc"),
        st.just("maximize"),
        st.sampled_from(DATASETS),
        st.just(0.0),
        small,
    ),
)
# By names: which number something gets is nobody's business.
_POINT = "JOIN models USING (model_no) JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no)"
_CURVE = "JOIN runs USING (run_no) JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no)"
TABLES = [
    f"""SELECT model_id, key, digest, run_id, value, p.step, timestamp FROM model_scores AS p {_POINT}
        JOIN runs ON runs.run_no = p.run_no ORDER BY 1, 2, 3""",
    f"""SELECT model_id, key, digest, run_id, value, p.step, timestamp FROM older_points AS p {_POINT}
        JOIN runs ON runs.run_no = p.run_no ORDER BY 1, 2, 3, point_no""",
    f"""SELECT run_id, key, of_model, digest, points, last_value, last_step, min_value, max_value, first_value
        FROM series {_CURVE} ORDER BY 1, 2, 3, 4""",
    f"""SELECT run_id, key, of_model, digest, first_point, data
        FROM segments JOIN series USING (series_no) {_CURVE} ORDER BY 1, 2, 3, 4, 5""",
    """SELECT model_id, run_id, models.name, models.status, models.lifecycle_stage
        FROM models JOIN runs USING (run_no) ORDER BY 1""",
    "SELECT promotion_id, version, promoted, reason, candidate_value, incumbent_value FROM promotions ORDER BY 1",
]


def by_loop(known: Iterable[Row], added: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Decide point by point, in the order logged."""
    newest = {row[:3]: row for row in known}
    new: dict[tuple[int, ...], Row] = {}
    older: list[Row] = []
    # What was said last at each time and step: whoever says it again says nothing.
    last = {(*row[:3], *row[5:]): told(row) for row in newest.values()}
    for row in added:
        place = (*row[:3], *row[5:])
        if last.get(place) == told(row):
            continue
        last[place] = told(row)
        other = newest.get(row[:3])
        if other is not None and (other[6], other[5]) > (row[6], row[5]):
            older.append(row)
            continue
        older += [other] if other is not None else []
        newest[row[:3]] = new[row[:3]] = row
    return list(new.values()), older


def told(row: Row) -> tuple[object, ...]:
    return tuple("NaN" if each is None or math.isnan(each) else each for each in row)


def exact(found: Iterable[Sequence[float | None]]) -> list[tuple[object, ...]]:
    return [tuple(struct.pack("<d", each) if isinstance(each, float) else each for each in row) for row in found]


def missing(found: Iterable[Sequence[float | None]]) -> Iterator[list[float | None]]:
    """What is NaN in a column is None in a row."""
    for row in found:
        yield [None if each is not None and math.isnan(each) else each for each in row]


def sort(found: Iterable[Row]) -> list[Row]:
    """By name, time and step; of equals in the order given."""
    return sorted(found, key=lambda row: (row[:3], row[6], row[5]))


@given(rows, rows)
def test_columns_decide_what_is_newest_as_a_loop_does(known: list[Row], added: list[Row]) -> None:
    known = list({row[:3]: row for row in known}.values())
    newest, older = by_loop(known, added)
    found = settled(points(known), points(added))
    assert exact(missing(found[0].rows())) == exact(sort(newest))
    assert exact(missing(found[1].rows())) == exact(sort(older))


def as_frames(said: Iterable[Record], folder: Path) -> Batch:
    """Say it as a client does, and read it as the writer does."""
    journal = Journal(folder)
    layouts: dict[tuple[object, ...], ModelLayout] = {}
    for record in said:
        if not isinstance(record, MeasureModel):
            journal.append(encode(record))
            continue
        model, keys = model_bytes(record.model_id), tuple(record.values)
        assert model is not None
        named = record.run_id, keys, record.dataset
        layout = layouts.setdefault(named, ModelLayout(*named))
        journal.points(layout, record.step, record.timestamp, (model, *record.values.values()))
    journal.close()
    pending = JournalFolder(folder).read({})
    assert not any(isinstance(record, MeasureModel) for record in pending.records)
    return Batch(pending.records, pending.blocks)


async def stored(path: Path, batches: Sequence[Batch]) -> list[list[tuple[object, ...]]]:
    await SqliteStore.create(path)
    store = await SqliteStore.open(path)
    for batch in batches:
        await store.commit(batch, {}, [])
    await store.aclose()
    with closing(sqlite3.connect(path)) as connection:
        return [exact(connection.execute(table)) for table in TABLES]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(measured | measured | others, max_size=12), max_size=3))
def test_frames_are_stored_as_the_records_of_older_journals_are(said: list[list[Record]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = [as_frames(records, folder / str(number)) for number, records in enumerate(said)]
        found = anyio.run(stored, folder / "frames.db", frames)
        assert found == anyio.run(stored, folder / "records.db", [Batch(records) for records in said])


def test_a_model_that_nobody_has_created_is_of_the_run_that_measured_it_first(tmp_path: Path) -> None:
    said = [MeasureModel(MODELS[0], run_id, 0, 0, {"acc": 1.0}, None) for run_id in RUNS]
    ways = {
        "frames": [as_frames(said, tmp_path / "journals")],
        "records": [Batch(said)],
        "commits": [Batch([record]) for record in said],
    }
    for name, batches in ways.items():
        models = anyio.run(stored, tmp_path / f"{name}.db", batches)[4]
        assert (name, models) == (name, [(MODELS[0], RUNS[0], "", "PENDING", "active")])


@pytest.mark.anyio
async def test_an_alias_means_what_was_best_when_it_was_decided(tmp_path: Path) -> None:
    """What a model is measured at after a decision is said to be no part of it, though both are read at once."""

    def promote(promotion_id: str) -> Promote:
        return Promote(promotion_id, "best", "champion", MODELS[0], "acc", "maximize", None, 0.0, 9)

    said: list[Record] = [
        CreateModel(MODELS[0], RUNS[0], "net", "", 1, 1),
        MeasureModel(MODELS[0], RUNS[0], 1, 1, {"acc": 0.25}, None),
        promote("first"),
        MeasureModel(MODELS[0], RUNS[0], 1, 2, {"acc": 0.5}, None),
        promote("second"),
        MeasureModel(MODELS[0], RUNS[0], 1, 3, {"acc": 0.75}, None),
    ]
    *_, promotions = await stored(tmp_path / "tracker.db", [as_frames(said, tmp_path / "journals")])
    decided = {row[0]: row[4] for row in promotions}
    assert decided == {"first": struct.pack("<d", 0.25), "second": struct.pack("<d", 0.5)}
