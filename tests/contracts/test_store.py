"""What every store keeps to, whatever it keeps things in."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tracker.entities import DatasetInfo, DatasetRef, File, ModelStatus, RunStatus
from tracker.entities.records import (
    AddFiles,
    CreateModel,
    EndRun,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    MeasureModel,
    Record,
    SetTags,
    StartRun,
)
from tracker.errors import InvalidInput, RunNotFound, StoreError
from tracker.filter import DatasetFilter, Place, Subject, parse, parse_order
from tracker.journal import Position
from tracker.store.batch import Batch
from tracker.store.interface import Query, Store

from .conftest import NewStore

pytestmark = pytest.mark.anyio

RUN, CHILD = "a" * 32, "b" * 32
MODEL, OTHER = "m-" + "1" * 32, "m-" + "2" * 32
TRAIN = DatasetInfo("train", "11", "local", "x.csv", '{"rows":3}', "")
TEST = DatasetInfo("test", "22")
START = StartRun(RUN, "digits", "first", None, 1000)
START_CHILD = StartRun(CHILD, "digits", "second", RUN, 2000)
PARAMS: dict[str, object] = {"lr": 0.1, "n": 3, "flag": True, "none": None, "layers": [1, 2], "name": "adam", "é": "ü"}


async def say(store: Store, *records: Record) -> None:
    await store.commit(Batch(records), {}, [])


def runs(text: str = "", order: Sequence[str] = (), limit: int = 100, after: Place | None = None) -> Query:
    return Query(parse(text, Subject.RUNS), parse_order(order, Subject.RUNS), limit=limit, after=after)


def models(text: str = "", order: Sequence[str] = ("creation_timestamp ASC",), limit: int = 100) -> Query:
    return Query(parse(text, Subject.MODELS), parse_order(order, Subject.MODELS), limit=limit)


def experiments(text: str = "", order: Sequence[str] = ("experiment_id",)) -> Query:
    return Query(parse(text, Subject.EXPERIMENTS), parse_order(order, Subject.EXPERIMENTS))


def measured_on(store: Store, key: str, query: Query) -> list[DatasetRef | None]:
    with store.search.rankable() as look:
        return list(look.measured_on(key, query).values())


def bits(value: float) -> object:
    return "NaN" if math.isnan(value) else struct.pack("<d", value)


async def test_a_new_store_holds_the_default_experiment_and_nothing_else(kept: Store) -> None:
    (default,) = kept.search.experiments(experiments()).items
    assert (default.experiment_id, default.name, default.lifecycle_stage) == ("0", "Default", "active")
    assert kept.search.runs(runs()).items == []
    assert kept.search.models(models()).items == []
    assert await kept.files(RUN) == []
    assert kept.search.datasets(None) == []
    assert measured_on(kept, "loss", models()) == []
    assert await kept.journal_positions() == {}
    assert await kept.histories([], None) == {}
    with pytest.raises(RunNotFound):
        await kept.history(RUN, "loss", None)
    with pytest.raises(RunNotFound):
        await kept.histories([RUN], None)


async def test_a_run_comes_back_as_it_was_told(kept: Store) -> None:
    await say(
        kept,
        START,
        LogParams(RUN, PARAMS),
        SetTags(RUN, {"owner": "me"}),
        SetTags(RUN, {"owner": "you", "é": ""}),
        LogMetrics(RUN, 1, 1001, {"loss": 0.5, "odd": math.nan}),
        LogMetrics(RUN, 2, 1002, {"loss": 0.25, "far": -math.inf}),
        EndRun(RUN, "FINISHED", 1003),
    )
    (run,) = kept.search.runs(runs()).items
    assert (run.run_id, run.name, run.experiment, run.parent_run_id) == (RUN, "first", "digits", None)
    assert (run.status, run.start_time, run.end_time) == (RunStatus.FINISHED, 1000, 1003)
    assert run.params == PARAMS
    assert [type(run.params[key]) for key in PARAMS] == [type(value) for value in PARAMS.values()]
    assert run.tags == {"owner": "you", "é": ""}
    assert {key: bits(value) for key, value in run.metrics.items()} == {
        "loss": bits(0.25),
        "odd": "NaN",
        "far": bits(-math.inf),
    }
    assert [experiment.name for experiment in kept.search.experiments(experiments()).items] == ["Default", "digits"]


async def test_a_run_that_is_spoken_of_before_it_was_started_is_completed_later(kept: Store) -> None:
    await say(
        kept,
        LogMetrics(RUN, 1, 1500, {"loss": 1.0}),
        LogParams(RUN, {"lr": 1}),
        CreateModel(MODEL, RUN, "net", "", 1, 1500),
    )
    (early,) = kept.search.runs(runs()).items
    assert early.experiment_id == "0"
    await say(kept, START)
    (run,) = kept.search.runs(runs()).items
    assert (run.name, run.experiment, run.start_time, run.status) == ("first", "digits", 1000, RunStatus.RUNNING)
    assert (run.params, run.metrics) == ({"lr": 1}, {"loss": 1.0})
    (model,) = kept.search.models(models()).items
    assert model.experiment_id == run.experiment_id


async def test_a_model_that_is_measured_before_it_was_created_is_completed_later(kept: Store) -> None:
    await say(kept, START, LogParams(RUN, {"lr": 1}), MeasureModel(MODEL, RUN, 3, 1500, {"acc": 0.5}, TEST.ref))
    await say(kept, CreateModel(MODEL, RUN, "net", "torch", 3, 1400, {"depth": 2}), FinishModel(MODEL, "READY", 1600))
    (model,) = kept.search.models(models()).items
    assert (model.name, model.model_type, model.step, model.status) == ("net", "torch", 3, ModelStatus.READY)
    assert (model.creation_timestamp, model.last_updated_timestamp) == (1400, 1600)
    assert model.params == {"lr": 1, "depth": 2}
    assert [(entry.key, entry.value, entry.dataset) for entry in model.measurements] == [("acc", 0.5, TEST.ref)]


async def test_a_run_that_begins_again_keeps_its_start(kept: Store) -> None:
    await say(kept, START, EndRun(RUN, "FAILED", 1500))
    await say(kept, replace(START, start_time=9000))
    (run,) = kept.search.runs(runs()).items
    assert (run.status, run.start_time, run.end_time) == (RunStatus.RUNNING, 1000, None)


async def test_the_first_value_of_a_param_stays(kept: Store) -> None:
    await say(kept, START, LogParams(RUN, {"lr": 1}))
    await say(kept, LogParams(RUN, {"lr": 2}))
    (run,) = kept.search.runs(runs()).items
    assert run.params == {"lr": 1}


EVERYTHING: list[Record] = [
    START,
    LogParams(RUN, PARAMS),
    LogInput(RUN, TRAIN, "training"),
    LogMetrics(RUN, 2, 1010, {"loss": 0.5, "x": math.nan}),
    LogMetrics(RUN, 1, 1011, {"loss": 0.75}),
    CreateModel(MODEL, RUN, "net", "", 1, 1012, {"own": 1}, {"kind": "best"}),
    AddFiles(MODEL, (File("w.bin", 3, "ab"), File("d/e.txt", 0, "cd"))),
    FinishModel(MODEL, "READY", 1013),
    MeasureModel(MODEL, RUN, 1, 1014, {"acc": 0.9, "f1": -0.0}, TEST.ref),
    MeasureModel(MODEL, RUN, 1, 1015, {"acc": 0.8}, TRAIN.ref),
    MeasureModel(MODEL, RUN, 1, 1016, {"acc": 0.7}, None),
    START_CHILD,
    LogMetrics(CHILD, -(2**63), 1017, {"loss": math.inf}),
    LogMetrics(CHILD, 2**63 - 1, 1018, {"loss": 5e-324}),
    LogMetrics(RUN, 2, 1010, {"loss": 0.5, "x": 1.0}),
    EndRun(CHILD, "KILLED", 1019),
    CreateModel(OTHER, CHILD, "net", "", None, 1020),
    FinishModel(OTHER, "UPLOAD_FAILED", 1021),
    SetTags(RUN, {"a": "b"}),
    EndRun(RUN, "FINISHED", 1022),
]


async def state(store: Store) -> object:
    curves = [
        (await store.history(run, key, dataset))
        for run in (RUN, CHILD)
        for key in ("loss", "x", "acc", "f1")
        for dataset in (None, DatasetFilter("test"), DatasetFilter("train", "11"))
    ]
    found = store.search.runs(runs(order=["start_time ASC"])).items
    return (
        [replace(run, metrics={key: bits(value) for key, value in run.metrics.items()}) for run in found],  # type: ignore[misc] # made comparable
        store.search.models(models()).items,
        [[column.tobytes() for column in (curve.steps, curve.timestamps, curve.values)] for curve in curves],
        [experiment.name for experiment in store.search.experiments(experiments()).items],
        [await store.files(owner) for owner in (RUN, MODEL)],
        store.search.datasets(None),
        measured_on(store, "acc", models()),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_however_records_are_cut_into_batches_the_store_is_the_same(
    kept: Store, new_store: NewStore, size: int
) -> None:
    whole = await new_store()
    await say(whole, *EVERYTHING)
    for start in range(0, len(EVERYTHING), size):
        await say(kept, *EVERYTHING[start : start + size])
    assert await state(kept) == await state(whole)


async def test_curves_are_sorted_by_step_then_in_the_order_logged(kept: Store) -> None:
    await say(kept, *(LogMetrics(RUN, step, 7, {"loss": value}) for step, value in [(3, 1.0), (1, 2.0), (3, 3.0)]))
    await say(kept, *(LogMetrics(RUN, step, 5, {"loss": value}) for step, value in [(3, 4.0), (-1, math.nan)]))
    curve = await kept.history(RUN, "loss", None)
    assert curve.steps.tolist() == [-1, 1, 3, 3, 3]
    assert curve.timestamps.tolist() == [5, 7, 7, 7, 5]
    assert [bits(value) for value in curve.values] == ["NaN", *(bits(value) for value in (2.0, 1.0, 3.0, 4.0))]


async def test_what_models_were_measured_at_is_a_curve_of_their_run(kept: Store) -> None:
    await say(kept, *EVERYTHING)
    assert (await kept.history(RUN, "acc", None)).values.tolist() == [0.9, 0.8, 0.7]
    assert (await kept.history(RUN, "acc", DatasetFilter("test"))).values.tolist() == [0.9]
    assert (await kept.history(RUN, "acc", DatasetFilter("train", "no such"))).values.tolist() == []
    (run,) = kept.search.runs(runs(f"run_id = '{RUN}'")).items
    assert run.metrics["acc"] in {0.9, 0.8, 0.7}


async def test_what_a_run_logged_itself_goes_before_what_its_models_were_measured_at(kept: Store) -> None:
    await say(kept, START, LogMetrics(RUN, 1, 5, {"acc": 0.1}), CreateModel(MODEL, RUN, "net", "", 9, 6))
    await say(kept, MeasureModel(MODEL, RUN, 9, 7, {"acc": 0.9}, None))
    assert (await kept.history(RUN, "acc", None)).values.tolist() == [0.1]
    (run,) = kept.search.runs(runs()).items
    assert run.summaries["acc"].last == run.summaries["acc"].first == 0.1
    assert run.metrics == {"acc": 0.9}  # the latest of both, as in MLflow
    await say(kept, LogMetrics(RUN, 9, 8, {"acc": 0.2}))
    (run,) = kept.search.runs(runs()).items
    assert run.metrics == {"acc": 0.2}


async def test_since_a_cursor_only_what_is_new_is_read(kept: Store) -> None:
    await say(kept, START, LogMetrics(RUN, 3, 5, {"a": 1.0}), MeasureModel(MODEL, RUN, 9, 7, {"b": 0.9}, TEST.ref))
    found = await kept.histories([RUN], None)
    assert {key: curve.values.tolist() for (_, key), curve in found.items()} == {"a": [1.0], "b": [0.9]}
    await say(kept, LogMetrics(RUN, 1, 5, {"a": 2.0}), LogMetrics(RUN, 2, 5, {"b": 3.0}), EndRun(RUN, "FINISHED", 9))
    assert (await kept.history(RUN, "a", None, found.cursor)).values.tolist() == [2.0]
    # What the run logs itself goes before what its models were measured at, and is all new.
    new = await kept.histories([RUN], ["a", "b"], found.cursor)
    assert {key: curve.values.tolist() for (_, key), curve in new.items()} == {"a": [2.0], "b": [3.0]}
    assert await kept.histories([RUN], None, new.cursor) == {}
    with pytest.raises(InvalidInput):
        await kept.history(RUN, "a", None, "forged")


async def test_a_curve_is_drawn_in_buckets(kept: Store) -> None:
    await say(kept, START, *(LogMetrics(RUN, step, 5, {"a": step / 2}) for step in range(10)))
    drawn = await kept.buckets(RUN, "a", None, 3)
    assert (drawn.counts.tolist(), drawn.mins.tolist()) == ([4, 4, 2], [0.0, 2.0, 4.0])
    assert (drawn.maxs.tolist(), drawn.lasts.tolist()) == ([1.5, 3.5, 4.5], [1.5, 3.5, 4.5])
    assert len(await kept.buckets(RUN, "b", None, 3)) == 0
    with pytest.raises(RunNotFound):
        await kept.buckets(CHILD, "a", None, 3)


async def test_runs_are_asked_whether_they_go_on(kept: Store) -> None:
    await say(kept, START, START_CHILD, EndRun(RUN, "FINISHED", 9))
    assert [await kept.running(ids) for ids in ([RUN], [CHILD], [RUN, CHILD], [])] == [False, True, True, False]


async def test_a_models_newest_value_on_each_dataset_counts(kept: Store) -> None:
    await say(kept, START, CreateModel(MODEL, RUN, "net", "", 1, 6))
    for timestamp, value in [(10, 0.1), (30, 0.3), (20, 0.2)]:
        await say(kept, MeasureModel(MODEL, RUN, 1, timestamp, {"acc": value}, TEST.ref))
    await say(kept, MeasureModel(MODEL, RUN, 1, 5, {"acc": math.nan}, None))
    (model,) = kept.search.models(models()).items
    assert {(entry.dataset, bits(entry.value), entry.timestamp) for entry in model.measurements} == {
        (TEST.ref, bits(0.3), 30),
        (None, "NaN", 5),
    }
    assert measured_on(kept, "acc", models()) == [None, TEST.ref]
    assert measured_on(kept, "f1", models()) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 5e-324, -1.7976931348623157e308, 0.1])
async def test_any_measured_value_comes_back(kept: Store, value: float) -> None:
    await say(kept, START, CreateModel(MODEL, RUN, "net", "", 1, 6), MeasureModel(MODEL, RUN, 1, 7, {"a": value}, None))
    (model,) = kept.search.models(models()).items
    assert [bits(entry.value) for entry in model.measurements] == [bits(value)]


async def test_searches_filter_order_and_page(kept: Store) -> None:
    for number in range(5):
        run_id = f"{number:032x}"
        await say(kept, StartRun(run_id, f"e{number % 2}", "r", None, number), LogParams(run_id, {"n": number}))
    found = kept.search.runs(runs("params.n >= 1", ["params.n DESC"], limit=2)).items
    assert [run.params["n"] for run in found] == [4, 3]
    ids = {experiment.name: experiment.experiment_id for experiment in kept.search.experiments(experiments()).items}
    within = kept.search.runs(replace(runs(order=["params.n ASC"]), experiment_ids=[ids["e1"]])).items
    assert [run.params["n"] for run in within] == [1, 3]
    assert kept.search.runs(replace(runs(), experiment_ids=[])).items == []


async def test_datasets_are_those_that_runs_use_or_models_were_measured_on(kept: Store) -> None:
    await say(kept, *EVERYTHING)
    assert kept.search.datasets(None) == [TEST.ref, TRAIN.ref]
    ids = {experiment.name: experiment.experiment_id for experiment in kept.search.experiments(experiments()).items}
    assert kept.search.datasets([ids["Default"]]) == []
    assert kept.search.datasets([ids["digits"]]) == [TEST.ref, TRAIN.ref]
    assert measured_on(kept, "acc", models()) == [None, TEST.ref, TRAIN.ref]
    assert measured_on(kept, "acc", models(f"model_id = '{OTHER}'")) == []


async def test_two_digests_are_two_datasets(kept: Store) -> None:
    old, new = DatasetRef("test", "1"), DatasetRef("test", "2")
    await say(kept, START, CreateModel(MODEL, RUN, "net", "", 1, 6))
    await say(kept, MeasureModel(MODEL, RUN, 1, 7, {"a": 1.0}, old), MeasureModel(MODEL, RUN, 1, 7, {"a": 2.0}, new))
    assert measured_on(kept, "a", models()) == [old, new]
    assert (await kept.history(RUN, "a", DatasetFilter("test", "2"))).values.tolist() == [2.0]


async def test_a_file_that_is_kept_again_replaces_the_first(kept: Store) -> None:
    await say(kept, AddFiles(RUN, (File("b", 1, "x"), File("a", 2, "y"))))
    await say(kept, AddFiles(RUN, (File("b", 9, "z"),)))
    assert await kept.files(RUN) == [File("a", 2, "y"), File("b", 9, "z")]


async def test_positions_are_kept_with_the_batch(kept: Store) -> None:
    await kept.commit(Batch([START]), {"j1": Position(1, 50), "j2": Position(1, 8)}, [])
    await kept.commit(Batch(), {"j1": Position(2, 8)}, ["j2", "was never there"])
    assert await kept.journal_positions() == {"j1": Position(2, 8)}


async def test_a_batch_is_kept_whole_or_not_at_all(kept: Store) -> None:
    broken = StartRun(None, "new", "r", None, 1)  # type: ignore[arg-type] # what no client says
    with pytest.raises(StoreError):
        await kept.commit(Batch([START, LogMetrics(RUN, 1, 1, {"a": 1.0}), broken]), {"j": Position(1, 50)}, [])
    assert [experiment.name for experiment in kept.search.experiments(experiments()).items] == ["Default"]
    assert kept.search.runs(runs()).items == []
    assert await kept.journal_positions() == {}
    await say(kept, START)
    assert len(kept.search.runs(runs()).items) == 1
