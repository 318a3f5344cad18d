"""Reading curves back: from a cursor on, many at once, as they come, and in buckets."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import anyio
import numpy as np
import pytest

import tracker
from tracker.errors import InvalidInput, RunNotFound
from tracker.filter import DatasetFilter
from tracker.store.sqlite import SqliteStore


def test_with_its_cursor_only_what_is_new_is_read(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        assert opened.metric_history(run.run_id, "loss").cursor
        run.log({"loss": -0.0}, step=5)
        first = opened.metric_history(run.run_id, "loss")
        run.log({"loss": math.nan}, step=5)
        run.log({"loss": 1.0}, step=2)
        second = opened.metric_history(run.run_id, "loss", since=first.cursor)
        third = opened.metric_history(run.run_id, "loss", since=second.cursor)
    assert (first.steps.tolist(), np.signbit(first.values).tolist()) == ([5], [True])
    assert (second.steps.tolist(), np.isnan(second.values).tolist()) == ([2, 5], [False, True])
    assert len(third) == 0
    after = opened.metric_history(run.run_id, "loss", since=third.cursor)
    assert (len(after), after.cursor) == (0, third.cursor)


def test_a_cursor_of_nothing_gives_all_that_comes(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        nothing = opened.metric_history(run.run_id, "later")
        run.log({"later": 1.0})
        assert len(opened.metric_history(run.run_id, "later", since=nothing.cursor)) == 1


def test_a_cursor_outlives_its_program_and_the_merging_of_segments(store: Path) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("x")
        for step in range(10):
            run.log({"loss": step}, step=step)
            run.flush()
        cursor = opened.metric_history(run.run_id, "loss").cursor
        run.log({"loss": 10}, step=10)
        run.end()
    with tracker.open(store) as opened:
        assert opened.metric_history(run.run_id, "loss", since=cursor).steps.tolist() == [10]


def test_datasets_have_cursors_of_their_own(
    opened: tracker.Tracker, validation: tracker.Dataset, holdout: tracker.Dataset
) -> None:
    with opened.start_run("x") as run:
        model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=1)
        model.log({"acc": 0.5}, dataset=validation)
        all_of_them = opened.metric_history(run.run_id, "acc")
        model.log({"acc": 0.6}, dataset=holdout)
        model.log({"acc": 0.7}, dataset=validation)
    of_one = opened.metric_history(run.run_id, "acc", "validation", since=all_of_them.cursor)
    assert of_one.values.tolist() == [0.7]
    assert sorted(opened.metric_history(run.run_id, "acc", since=all_of_them.cursor).values) == [0.6, 0.7]


def test_curves_of_many_runs_are_read_at_once(opened: tracker.Tracker) -> None:
    runs = [opened.start_run("x") for _ in range(3)]
    for number, run in enumerate(runs):
        run.log({"loss": number, "acc": -number}, step=number)
    ids = [run.run_id for run in runs]
    found = opened.metric_histories(ids)
    assert {name: curve.values.tolist() for name, curve in found.items()} == {
        (run_id, key): [sign * number]
        for number, run_id in enumerate(ids)
        for key, sign in (("loss", 1.0), ("acc", -1.0))
    }
    runs[1].log({"loss": 9.0, "acc": 9.0, "other": 9.0})
    some = opened.metric_histories(ids, ["loss", "other", "never"], since=found.cursor)
    assert {name: curve.values.tolist() for name, curve in some.items()} == {
        (ids[1], "loss"): [9.0],
        (ids[1], "other"): [9.0],
    }
    # The cursor of one curve is that of many, and the other way round.
    assert len(opened.metric_history(ids[1], "acc", since=found.cursor)) == 1
    assert opened.metric_histories([ids[1]], ["acc"], since=opened.metric_history(ids[1], "acc").cursor) == {}
    for run in runs:
        run.end()


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "AQAAAAAA" * 3])
def test_what_is_no_cursor_is_refused(opened: tracker.Tracker, cursor: str) -> None:
    with opened.start_run("x") as run:
        run.log({"loss": 1.0})
        with pytest.raises(InvalidInput, match="cursor") as caught:
            opened.metric_history(run.run_id, "loss", since=cursor)
        with pytest.raises(InvalidInput):
            opened.metric_histories([run.run_id], since=cursor)
    assert "\n" not in str(caught.value)


def test_a_cursor_of_a_later_copy_is_ahead(store: Path, tmp_path: Path) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("x")
        run.log({"loss": 1.0})
        run.log({"loss": 2.0})
        cursor = opened.metric_history(run.run_id, "loss").cursor
        run.end()
    with tracker.open(tmp_path / "other") as other, tracker.attach(tmp_path / "other") as there:
        there.run(run.run_id, "x").log({"loss": 1.0})
        assert other.catch_up()
        with pytest.raises(InvalidInput, match="ahead of this store"):
            other.metric_history(run.run_id, "loss", since=cursor)


def test_who_is_not_there_is_named(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        assert opened.metric_histories([run.run_id]) == {}
        for nobody in ("nobody", "' OR 1=1 --"):
            with pytest.raises(RunNotFound, match=r"nobody|OR"):
                opened.metric_histories([run.run_id, nobody])
            with pytest.raises(RunNotFound):
                opened.metric_history(nobody, "loss", points=10)
        with pytest.raises(InvalidInput, match=r"run_ids is a list of texts, not one: write \['"):
            opened.metric_histories(run.run_id)
        with pytest.raises(InvalidInput, match="keys is a list"):
            opened.metric_histories([run.run_id], "loss")


def test_buckets_show_every_spike_and_every_gap(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        for step in range(1000):
            run.log({"loss": 1 / (step + 1)}, step=step)
        run.log({"loss": 100.0}, step=500)
        run.log({"loss": math.nan}, step=501)
        run.log({"loss": math.inf}, step=501)
        drawn = opened.metric_history(run.run_id, "loss", points=10)
        whole = opened.metric_history(run.run_id, "loss", points=5000)
    assert len(drawn) == 10
    assert drawn.counts.sum() == 1003 == len(whole)
    assert (drawn.maxs.max(), drawn.max_steps[drawn.maxs.argmax()]) == (100.0, 500)
    assert drawn.mins.min() == 1 / 1000
    assert (drawn.nans.sum(), drawn.plus_infs.sum(), drawn.minus_infs.sum()) == (1, 1, 0)
    assert (drawn.first_steps[0], drawn.last_steps[-1], drawn.lasts[-1]) == (0, 999, 1 / 1000)
    assert np.isnan(whole.mins).sum() == 2
    assert len(opened.metric_history(run.run_id, "never", points=10)) == 0


@pytest.mark.parametrize("points", [0, -1])
def test_buckets_are_at_least_one(opened: tracker.Tracker, points: int) -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        opened.metric_history("a", "loss", points=points)


def test_buckets_are_of_whole_curves(opened: tracker.Tracker) -> None:
    with pytest.raises(InvalidInput, match="leave out either points or since"):
        opened.metric_history("a", "loss", since="x", points=3)  # type: ignore[call-overload] # what is refused


def test_a_follower_gets_everything_once_and_ends_with_the_runs(store: Path) -> None:
    with tracker.open(store) as opened:
        runs = [opened.start_run("x") for _ in range(2)]
        got: dict[tuple[str, str], list[int]] = {(run.run_id, "loss"): [] for run in runs}
        runs[0].log({"loss": 0.0, "acc": 0.0}, step=0)
        following = opened.follow([run.run_id for run in runs], ["loss"], every=0.01)
        first = next(following)
        assert {name: curve.steps.tolist() for name, curve in first.items()} == {(runs[0].run_id, "loss"): [0]}

        def log() -> None:
            for step in range(1, 200):
                for run in runs:
                    run.log({"loss": step}, step=step)
            for run in runs:
                run.end()

        logging = threading.Thread(target=log)
        logging.start()
        for found in following:
            assert found
            for name, curve in found.items():
                got[name] += curve.steps.tolist()
        logging.join()
        assert got == {(run.run_id, "loss"): list(range(1, 200)) for run in runs}


def test_a_follower_goes_on_from_a_cursor_and_may_be_left(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        run.log({"loss": 1.0}, step=1)
        cursor = next(opened.follow([run.run_id])).cursor
        run.log({"loss": 2.0}, step=2)
        following = opened.follow([run.run_id], since=cursor)
        assert next(following)[run.run_id, "loss"].steps.tolist() == [2]
        following.close()  # type: ignore[attr-defined] # as leaving a loop does
        with pytest.raises(RunNotFound):
            next(opened.follow(["nobody"]))


@pytest.mark.anyio
async def test_an_async_follower_waits_for_what_comes(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        got: list[int] = []
        waiting = anyio.Event()

        async def follow() -> None:
            async for found in opened.follow([run.run_id], every=0.01):
                got.extend(found[run.run_id, "loss"].steps.tolist())
                waiting.set()

        async with anyio.create_task_group() as tasks:
            run.log({"loss": 1.0}, step=1)
            tasks.start_soon(follow)
            await waiting.wait()
            assert got == [1]
            run.log({"loss": 2.0}, step=2)
            run.end()
        assert got == [1, 2]


def test_a_run_has_a_summary_of_each_metric(opened: tracker.Tracker) -> None:
    with opened.start_run("x") as run:
        for step, value in [(1, 5.0), (2, -1.0), (3, math.inf), (2, 9.0), (4, 2.0)]:
            run.log({"loss": value, "nan": math.nan}, step=step)
        found = opened.get_run(run.run_id)
    loss, nan = found.summaries["loss"], found.summaries["nan"]
    assert (loss.points, loss.last, loss.last_step, loss.min, loss.min_step) == (5, 2.0, 4, -1.0, 2)
    assert (loss.max, loss.max_step) == (9.0, 2)
    assert (nan.points, nan.min_step, nan.max_step) == (5, None, None)
    assert all(math.isnan(value) for value in (nan.last, nan.min, nan.max))
    assert found.metrics["loss"] == loss.last
    assert list(found.metrics) == list(found.summaries)


@pytest.mark.anyio
async def test_many_curves_take_no_more_queries_than_one(store: Path) -> None:
    async with tracker.connect(store) as opened:
        runs = [await opened.start_run("x") for _ in range(20)]
        for run in runs:
            run.log({f"m{number}": number for number in range(30)})
        await opened.flush()
        said: list[str] = []
        inner = opened.engine.store
        # The writer asks the same connection for positions and fences, whenever it looks.
        assert isinstance(inner, SqliteStore)
        await inner._reader._connection.set_trace_callback(
            lambda sql: said.append(sql) if "FROM journals" not in sql and "fence > 0" not in sql else None
        )
        one = await inner.histories([runs[0].run_id], ["m0"])
        queries = len(said)
        found = await inner.histories([run.run_id for run in runs], None)
        assert (len(one), len(found), len(said)) == (1, 600, 2 * queries)
        assert queries <= 2
        assert len(await inner.history(runs[0].run_id, "m0", DatasetFilter("no such"))) == 0
