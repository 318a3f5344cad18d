"""The async client: the same words, awaited; nothing blocks, and cancelling leaves nothing half done."""

from __future__ import annotations

import threading
from pathlib import Path

import anyio
import pytest

import tracker
from tracker.errors import Closed, ExperimentNotFound, InvalidMetric, NotAStore, RunNotFound, SaveFailed, StoreNotFound

pytestmark = pytest.mark.anyio


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"w")


def save_nothing(folder: Path) -> None:
    del folder


async def fail_with(run: tracker.AsyncRun, error: BaseException) -> None:
    async with run:
        raise error


async def test_runs_end_as_their_blocks_do(store: Path) -> None:
    async with tracker.connect(store) as opened:
        async with await opened.start_run("ends") as good:
            await good.log({"a": 1.0}, step=1)
        bad = await opened.start_run("ends")
        with pytest.raises(ZeroDivisionError):
            await fail_with(bad, ZeroDivisionError())
        stopped = await opened.start_run("ends")
        with anyio.CancelScope() as scope:
            async with stopped:
                scope.cancel()
                await anyio.sleep_forever()
        found = [(await opened.get_run(run.run_id)).status for run in (good, bad, stopped)]
        assert found == ["FINISHED", "FAILED", "KILLED"]
        with pytest.raises(Closed):
            await fail_with(good, ZeroDivisionError())


async def test_instant_calls_need_no_awaiting(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        run.log({"a": 1.0}, step=1)
        run.log_params({"p": 1})
        run.set_tags({"t": 1})
        run.end()
        found = await opened.get_run(run.run_id)
        assert (found.metrics, found.params, found.tags, found.status) == ({"a": 1.0}, {"p": 1}, {"t": "1"}, "FINISHED")


async def test_awaiting_gives_other_tasks_a_turn(store: Path) -> None:
    said = []

    async def speak() -> None:
        said.append("turn")

    async with tracker.connect(store) as opened, anyio.create_task_group() as tasks:
        run = await opened.start_run("x")
        tasks.start_soon(speak)
        run.log({"a": 1.0})
        assert said == []
        await run.log({"a": 2.0}, step=1)
        assert said == ["turn"]


async def test_many_tasks_log_side_by_side(store: Path) -> None:
    async def log(number: int) -> None:
        async with run.start_child(params={"n": number}) as child:
            for step in range(20):
                await child.log({"a": number + step}, step=step)
            model = await child.log_model("net", save, step=number)
            await model.log({"acc": number / 10})

    async with tracker.connect(store) as opened, await opened.start_run("tasks") as run:
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(log, number)
        children = await opened.children(run.run_id)
        assert {child.params["n"]: child.metrics["a"] for child in children} == {n: n + 19 for n in range(10)}
        assert [model.step for model in await opened.rank("acc", parent_run_id=run.run_id, top=3)] == [9, 8, 7]


async def test_saving_runs_in_a_thread(store: Path, tmp_path: Path) -> None:
    threads = []

    def note(folder: Path) -> None:
        threads.append(threading.current_thread())
        save(folder)

    async with tracker.connect(store) as opened, await opened.start_run("x") as run:
        model = await run.log_model("net", note)
        await run.log_artifact(model.path / "w", under="copy")
        assert threads[0] is not threading.current_thread()
        assert await anyio.Path(await model.download(tmp_path / "out") / "w").read_bytes() == b"w"
        await opened.download(run.run_id, tmp_path / "of run")
        assert await anyio.Path(tmp_path / "of run" / "copy" / "w").read_bytes() == b"w"


async def test_errors_are_those_of_sync_code(store: Path, tmp_path: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        with pytest.raises(InvalidMetric):
            run.log({"a": "text"})
        with pytest.raises(SaveFailed):
            await run.log_model("net", save_nothing)
        with pytest.raises(RunNotFound):
            await opened.get_run("nobody")
        with pytest.raises(ExperimentNotFound):
            await opened.search_runs(experiment_names=["nowhere"])
    with pytest.raises(StoreNotFound):
        async with tracker.connect(tmp_path / "nowhere", create=False):
            pass
    await (anyio.Path(tmp_path) / "file").write_text("x")
    with pytest.raises(NotAStore):
        async with tracker.connect(tmp_path / "file"):
            pass


async def test_what_the_body_raises_comes_out_as_it_is(store: Path) -> None:
    error = ZeroDivisionError()

    async def fail() -> None:
        async with tracker.connect(store):
            raise error

    with pytest.raises(ZeroDivisionError) as caught:
        await fail()
    assert caught.value is error


async def test_a_cancelled_body_loses_nothing(store: Path) -> None:
    run_id = ""
    with anyio.CancelScope() as scope:
        async with tracker.connect(store) as opened:
            run = await opened.start_run("x")
            run_id = run.run_id
            for step in range(500):
                run.log({"a": step}, step=step)
            scope.cancel()
            await anyio.sleep_forever()
    async with tracker.connect(store) as opened:
        assert (await opened.metric_history(run_id, "a")).steps.tolist() == list(range(500))


async def test_a_cancelled_search_leaves_the_store_usable(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        for step in range(50):
            run.log({"a": step}, step=step)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(opened.search_runs)
                    await anyio.lowlevel.checkpoint()
                    scope.cancel()
        assert (await opened.metric_history(run.run_id, "a")).steps.tolist() == list(range(50))


async def test_several_stores_may_be_open_at_once(tmp_path: Path) -> None:
    async with tracker.connect(tmp_path / "a") as first, tracker.connect(tmp_path / "b") as second:
        run = await first.start_run("x")
        assert (await first.get_run(run.run_id)).experiment == "x"
        assert await second.search_runs() == []


async def test_an_attached_async_run_flushes_through_the_store(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        with tracker.attach(store) as there:
            same = there.async_run(run.run_id, "x")
            await same.log({"a": 1.0}, step=1)
            assert await same.flush() == tracker.Level.STORED
            model = await same.log_model("net", save)
            assert (await model.download(store.parent / "out")) == store.parent / "out"
        assert (await opened.get_run(run.run_id)).metrics == {"a": 1.0}
