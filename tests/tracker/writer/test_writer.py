"""Fold journals into a store: everything, exactly once, whoever dies or holds things up on the way."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from tracker.entities import Level
from tracker.entities.edits import CreateExperiment, Edit
from tracker.entities.records import LogMetrics
from tracker.errors import ExperimentExists, RunNotFound, StoreError, StoreUnavailable
from tracker.journal import Journal, JournalFolder, Position, Received, Sent, encode
from tracker.journal.folder import Pending
from tracker.journal.frames import frame
from tracker.store.sqlite import SqliteStore, connection
from tracker.writer import Writer, WriterLock
from tracker.writer.receiving import Answer, Inbox

pytestmark = pytest.mark.anyio

RUN = "a" * 32


def point(step: int) -> bytes:
    return encode(LogMetrics(RUN, step, 1000, {"loss": step / 8}))


class Crashed(Exception):
    """The process is no more."""


class CrashesBeforeRemoving(JournalFolder):
    def remove(self, pending: Pending) -> None:
        if pending.spent:
            raise Crashed


class Place:
    """A store's folder, and writers into it."""

    def __init__(self, path: Path) -> None:
        self.journals = path / "journals"
        self.database = path / "tracker.db"
        self.lock = WriterLock(path / "lock")
        self.journal = Journal(self.journals)
        self._stores: list[SqliteStore] = []

    async def store(self) -> SqliteStore:
        store = await SqliteStore.open(self.database)
        self._stores.append(store)
        return store

    async def writer(self, folder: type[JournalFolder] = JournalFolder, own: Journal | None = None) -> Writer:
        return Writer(await self.store(), folder(self.journals), own or self.journal, self.lock)

    async def steps(self) -> list[int]:
        found: list[int] = []
        with contextlib.suppress(RunNotFound):
            found = (await (await self.store()).history(RUN, "loss", None)).steps.tolist()
        return found

    async def aclose(self) -> None:
        self.journal.close()
        for store in self._stores:
            await store.aclose()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    await anyio.Path(place.journals).mkdir()
    await SqliteStore.create(place.database)
    yield place
    await place.aclose()


async def test_what_is_folded_is_stored_once(place: Place) -> None:
    writer = await place.writer()
    assert not await writer.fold()
    for step in range(3):
        place.journal.append(point(step))
        assert await writer.fold()
        assert not await writer.fold()
        assert await place.steps() == list(range(step + 1))


async def test_two_writers_take_turns_and_store_everything_once(place: Place) -> None:
    other = Journal(place.journals)
    first, second = await place.writer(), await place.writer(own=other)
    for step in range(20):
        (place.journal if step % 2 else other).append(point(step))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first.fold)
            tasks.start_soon(second.fold)
    assert await first.flush(10) == await second.flush(10) == Level.STORED
    assert await place.steps() == list(range(20))
    other.close()


async def test_a_crash_between_commit_and_removal_stores_nothing_twice(place: Place) -> None:
    dying = await place.writer(CrashesBeforeRemoving)
    place.journal.append(point(1))
    place.journal.close()
    with pytest.raises(Crashed):
        await dying.fold()
    assert len(list(place.journals.iterdir())) == 1
    await (await place.writer()).drain()
    assert await place.steps() == [1]
    assert list(place.journals.iterdir()) == []


async def test_a_journal_that_comes_back_from_the_dead_is_not_stored_twice(place: Place, tmp_path: Path) -> None:
    writer = await place.writer()
    place.journal.append(point(1))
    place.journal.close()
    (path,) = place.journals.iterdir()
    shutil.copy(path, tmp_path / "copy")
    assert await writer.fold()
    assert list(place.journals.iterdir()) == []
    shutil.move(tmp_path / "copy", path)
    await writer.drain()
    assert await place.steps() == [1]
    assert list(place.journals.iterdir()) == []


async def test_a_crash_before_the_commit_loses_nothing(place: Place) -> None:
    writer = await place.writer()
    place.journal.append(point(1))
    with closing(sqlite3.connect(place.database)) as foreign, foreign:
        foreign.execute("ALTER TABLE segments RENAME TO away")
    with pytest.raises(StoreError, match="no such table: segments"):
        await writer.fold()
    assert await place.steps() == []
    with closing(sqlite3.connect(place.database)) as foreign, foreign:
        foreign.execute("ALTER TABLE away RENAME TO segments")
    await writer.drain()
    assert await place.steps() == [1]


async def test_flush_returns_when_what_was_logged_is_stored(place: Place) -> None:
    writer = await place.writer()
    assert await writer.flush(10) == Level.STORED
    place.journal.append(point(1))
    assert await writer.flush(10) == Level.STORED
    assert await place.steps() == [1]


async def test_flush_says_so_while_another_process_holds_the_lock(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    writer = await place.writer()
    place.journal.append(point(1))
    with place.lock.held():
        assert not await writer.fold()
        assert await writer.flush(0.05) == Level.SYNCED
        assert "another process is writing" in caplog.text
    assert await writer.flush(10) == Level.STORED
    assert await place.steps() == [1]


async def test_flush_is_content_if_another_process_has_folded_for_it(place: Place) -> None:
    writer, other = await place.writer(), await place.writer(own=Journal(place.journals))
    place.journal.append(point(1))
    await other.fold()
    with place.lock.held():
        assert await writer.flush(10) == Level.STORED


async def test_flush_of_a_closed_journal_that_was_folded_returns_at_once(place: Place) -> None:
    writer = await place.writer()
    place.journal.append(point(1))
    place.journal.close()
    await writer.drain()
    with place.lock.held():
        assert await writer.flush(10) == Level.STORED


async def test_flush_says_so_while_a_foreign_program_holds_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.02)
    writer = await place.writer()
    place.journal.append(point(1))
    with closing(sqlite3.connect(place.database, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        assert await writer.flush(0.1) == Level.SYNCED
        assert "in use by another program" in caplog.text
        foreign.execute("ROLLBACK")
    assert await writer.flush(10) == Level.STORED
    assert await place.steps() == [1]


async def test_flush_says_so_while_there_is_no_room_for_the_journal(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    homeless = Journal(tmp_path / "away" / "journals")
    writer = Writer(await place.store(), JournalFolder(place.journals), homeless, place.lock)
    homeless.append(point(1))
    assert await writer.flush(0.05) == Level.LOGGED
    assert "no room" in caplog.text
    homeless._folder = place.journals  # as when what the disk was is there again
    assert await writer.flush(10) == Level.STORED
    assert await place.steps() == [1]
    homeless.close()


async def until_steps(place: Place, wanted: list[int]) -> None:
    with anyio.fail_after(30):
        while await place.steps() != wanted:  # noqa: ASYNC110  # a store has no event to wait for
            await anyio.sleep(0.01)


async def test_the_background_folds_by_itself(place: Place) -> None:
    writer = await place.writer()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.run)
        place.journal.append(point(1))
        await until_steps(place, [1])
        place.journal.append(point(2))
        await until_steps(place, [1, 2])
        tasks.cancel_scope.cancel()


async def test_the_background_tells_a_problem_once_and_goes_on_when_it_is_over(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.001)
    monkeypatch.setattr("tracker.writer.rhythm.IDLE", 0.01)
    writer = await place.writer()
    place.journal.append(point(1))
    tries, often, fold = 0, anyio.Event(), writer.fold

    async def counted() -> object:
        nonlocal tries
        tries += 1
        if tries == 4:
            often.set()
        return await fold()

    monkeypatch.setattr(writer, "fold", counted)
    with closing(sqlite3.connect(place.database, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run)
            with anyio.fail_after(30):
                await often.wait()
            foreign.execute("ROLLBACK")
            await until_steps(place, [1])
            tasks.cancel_scope.cancel()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


async def test_a_defect_in_folding_is_told_and_ends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tracker.writer.rhythm.BUSY", 0.001)
    monkeypatch.setattr("tracker.writer.rhythm.IDLE", 0.001)
    writer = await place.writer()
    place.journal.append(point(1))
    tries, often, fold = 0, anyio.Event(), writer.fold

    async def broken_at_first(*until: Position) -> object:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise ZeroDivisionError
        often.set()
        return await fold(*until)

    monkeypatch.setattr(writer, "fold", broken_at_first)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.run)
        with anyio.fail_after(10):
            await often.wait()
        tasks.cancel_scope.cancel()
    assert len([record for record in caplog.records if record.exc_info]) == 1
    await writer.aclose(10)


async def test_catching_up_waits_for_every_processs_journal(place: Place) -> None:
    other = Journal(place.journals)
    writer = await place.writer()
    other.append(point(1))
    place.journal.append(point(2))
    with place.lock.held():
        assert not await writer.catch_up(0.05)
    assert await writer.catch_up(10)
    assert await place.steps() == [1, 2]
    other.close()
    assert await writer.catch_up(10)


async def test_catching_up_says_so_while_a_foreign_program_holds_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.001)
    writer = await place.writer()
    place.journal.append(point(1))
    with closing(sqlite3.connect(place.database, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        assert not await writer.catch_up(0.05)
        foreign.execute("ROLLBACK")
    assert await writer.catch_up(10)


async def test_a_record_of_a_newer_version_waits_for_that_version(place: Place) -> None:
    writer = await place.writer()
    place.journal.append(frame(b'["tomorrow"]'))
    with pytest.raises(StoreError, match="upgrade"):
        await writer.fold()
    assert await writer.flush(0.05) == Level.SYNCED
    assert len(list(place.journals.iterdir())) == 1


async def test_closing_stores_what_is_left_and_removes_the_journal(place: Place) -> None:
    writer = await place.writer()
    place.journal.append(point(1))
    assert await writer.aclose(10) == Level.STORED
    assert list(place.journals.iterdir()) == []
    store = await place.store()
    assert await store.journal_positions() == {}
    assert await place.steps() == [1]


async def test_a_cancelled_fold_is_finished_all_the_same(place: Place) -> None:
    writer = await place.writer()
    for step in range(2000):
        place.journal.append(point(step))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.fold)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await writer.drain()
    assert await place.steps() == list(range(2000))


class TestEdits:
    async def test_those_that_are_asked_for_at_one_time_share_a_transaction(self, place: Place) -> None:
        writer = await place.writer()
        batches: list[int] = []
        store = writer._store  # how many came at once is seen nowhere else
        carry_out = store.edit

        async def counted(asked: Sequence[Edit]) -> list[object]:
            batches.append(len(asked))
            return await carry_out(asked)

        store.edit = counted  # type: ignore[method-assign]
        made: list[object] = []

        async def create(name: str) -> None:
            made.append(await writer.edit(CreateExperiment(name, 1), 10))

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, f"e{number}")
        assert sorted(int(str(each)) for each in made) == list(range(1, 21))
        assert sum(batches) == 20
        assert len(batches) < 20

    async def test_one_that_is_refused_raises_for_itself_alone(self, place: Place) -> None:
        writer = await place.writer()
        await writer.edit(CreateExperiment("e", 1), 10)
        with pytest.raises(ExperimentExists):
            await writer.edit(CreateExperiment("e", 1), 10)
        assert await writer.edit(CreateExperiment("f", 1), 10) == "2"

    async def test_beside_another_writer_it_waits_and_then_is_not_done(self, place: Place) -> None:
        writer = await place.writer()
        with WriterLock(place.lock._path).held() as held:  # another process's
            assert held
            with pytest.raises(StoreUnavailable, match="nothing was changed"):
                await writer.edit(CreateExperiment("e", 1), 0.05)
        assert await writer.edit(CreateExperiment("e", 1), 10) == "1"


async def test_what_many_sent_at_once_is_stored_in_commits_that_are_bounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []

    class Counted(Inbox):
        async def store(self, received: Sequence[Received]) -> list[Answer]:
            batches.append(len(received))
            return await super().store(received)

    sent = [Received(Sent(f"{number:032x}", 1, 0, 8, point(number))) for number in range(6)]
    monkeypatch.setattr("tracker.writer.writer.Inbox", Counted)
    monkeypatch.setattr("tracker.writer.writer._RECEIVED_BYTES", 2 * len(sent[0].sent.frames))
    writer = await place.writer()
    async with anyio.create_task_group() as tasks:
        for each in sent:
            tasks.start_soon(writer.receive, each, 10)
    assert sum(batches) == 6
    assert max(batches) == 2
    assert await place.steps() == [0, 1, 2, 3, 4, 5]
