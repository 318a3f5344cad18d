"""Append to a journal and read the folder: what was appended is found, once, and in its order."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tracker.entities.records import LogMetrics, Record
from tracker.journal import Block, Journal, JournalFolder, ModelBlock, Position, encode, open_part
from tracker.journal import folder as folders
from tracker.journal import journal as journals
from tracker.journal.folder import DAMAGED, Pending, part_path
from tracker.journal.frames import MAGIC

Program = Callable[..., object]


def point(number: int) -> bytes:
    return encode(LogMetrics("run", number, 1000, {"loss": number / 8}))


def numbers(records: Iterable[Record | Block | ModelBlock]) -> list[int]:
    return [record.step for record in records if isinstance(record, LogMetrics)]


class Reader:
    """Fold a folder as the writer does, and keep what was read."""

    def __init__(self, path: Path) -> None:
        self.folder = JournalFolder(path)
        self.positions: dict[str, Position] = {}
        self.steps: list[int] = []
        self.reads = 0

    def fold(self) -> Pending:
        pending = self.folder.read(self.positions)
        self.steps += numbers(pending.records)
        self.positions.update(pending.positions)
        for journal_id in pending.gone:
            del self.positions[journal_id]
        self.folder.remove(pending)
        return pending

    def fold_all(self) -> list[int]:
        while self.fold():
            self.reads += 1
        return self.steps


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def parts(path: Path) -> list[str]:
    return sorted(entry.name.rpartition("-")[2] for entry in path.iterdir())


def test_nothing_is_made_before_the_first_append(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not reader.fold()
    journal.close()


def test_what_is_appended_is_read_at_once_and_once(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.append(point(number))
        reader.fold()
    assert not reader.fold()
    assert reader.steps == [0, 1, 2]
    assert reader.positions == {journal.journal_id: journal.position}
    assert reader.folder.unfolded(reader.positions) == 0
    journal.close()


def test_a_closed_journal_goes_when_it_is_read_and_its_position_after_it(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    assert reader.fold()
    assert len(parts(tmp_path)) == 1
    journal.close()
    assert reader.fold()
    assert parts(tmp_path) == []
    assert reader.positions
    assert reader.fold()
    assert reader.positions == {}
    assert reader.steps == [1]


def test_a_closed_journal_goes_on_in_a_new_part(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    journal.close()
    reader.fold_all()
    journal.append(point(2))
    journal.close()
    assert parts(tmp_path) == ["000002.journal"]
    assert reader.fold_all() == [1, 2]


def test_journals_of_several_owners_keep_each_its_order(tmp_path: Path, reader: Reader) -> None:
    first, second = Journal(tmp_path), Journal(tmp_path)
    for number in range(0, 10, 2):
        first.append(point(number))
        second.append(point(number + 1))
    steps = reader.fold_all()
    assert sorted(steps) == list(range(10))
    assert [step for step in steps if step % 2] == [1, 3, 5, 7, 9]
    first.close()
    second.close()


def test_a_new_part_is_begun_where_one_has_grown_large(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_part, "PART_BYTES", 200)
    journal = Journal(tmp_path)
    for number in range(20):
        journal.append(point(number))
    assert len(parts(tmp_path)) > 3
    assert reader.fold_all() == list(range(20))
    assert len(parts(tmp_path)) == 1  # the one that its owner still holds
    journal.close()
    assert reader.fold_all() == list(range(20))
    assert parts(tmp_path) == []


@pytest.mark.parametrize("read_bytes", [1, 50, 64, 100, 1000])
def test_however_little_is_read_at_a_time_all_of_it_is_read(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, read_bytes: int
) -> None:
    monkeypatch.setattr(open_part, "PART_BYTES", 200)
    monkeypatch.setattr(folders, "READ_BYTES", read_bytes)
    journal = Journal(tmp_path)
    for number in range(20):
        journal.append(point(number))
    journal.append(encode(LogMetrics("run", 20, 0, {"a" * 300: 1.0})))
    journal.append(point(21))
    journal.close()
    assert reader.fold_all() == list(range(22))
    assert parts(tmp_path) == []


@pytest.mark.parametrize("part_bytes", [1, 1_000_000])
def test_a_reading_says_whether_it_left_something(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    monkeypatch.setattr(open_part, "PART_BYTES", part_bytes)
    monkeypatch.setattr(folders, "READ_BYTES", 3 * len(point(0)))
    journal = Journal(tmp_path)
    for number in range(10):
        journal.append(point(number))
    told = []
    while pending := reader.fold():
        told.append(pending.is_cut)
    assert told[-1] is False
    assert all(told[: told.index(False)])
    assert len(told) > 2
    journal.append(point(10))
    assert not reader.fold().is_cut
    journal.close()


def test_a_frame_longer_than_what_is_read_at_a_time_is_read_whole(tmp_path: Path, reader: Reader) -> None:
    many = {f"metric {number:06d}": 0.1 + number for number in range(400_000)}
    journal = Journal(tmp_path)
    journal.append(encode(LogMetrics("run", 1, 0, many)))
    journal.append(point(2))
    assert journal.position.offset > folders.READ_BYTES
    first = reader.fold()
    assert [record.values for record in first.records if isinstance(record, LogMetrics)] == [many]
    assert reader.fold_all() == [1, 2]
    journal.close()


def cut(data: bytes) -> bytes:
    return data[:-5]


def flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 8]) + data[-4:]


def pad(data: bytes) -> bytes:
    return data[: -len(point(2))] + bytes(400)


@pytest.mark.parametrize("damage", [cut, flip, pad])
def test_of_a_torn_journal_the_whole_frames_are_read_and_the_rest_is_put_aside(
    tmp_path: Path,
    reader: Reader,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.append(point(number))
    journal.close()
    path = part_path(tmp_path, journal.journal_id, 1)
    path.write_bytes(damage(path.read_bytes()))
    assert reader.fold_all() == [0, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == [f"{path.name}.{len(MAGIC) + 2 * len(point(0))}{DAMAGED}"]
    (told,) = caplog.messages
    assert path.name in told


def test_what_follows_damage_in_a_part_is_read(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(folders, "READ_BYTES", 100)
    journal = Journal(tmp_path)
    for number in range(20):
        journal.append(point(number))
    journal.close()
    journal.append(point(20))
    journal.close()
    path = part_path(tmp_path, journal.journal_id, 1)
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + len(point(0)) + 20] ^= 1
    path.write_bytes(data)
    assert reader.fold_all() == [0, *range(2, 21)]
    begin = len(MAGIC) + len(point(0))
    (kept,) = tmp_path.iterdir()
    assert kept.name == f"{path.name}.{begin}{DAMAGED}"
    assert kept.read_bytes() == data[begin : begin + len(point(1))]
    assert f"{path}: {len(point(1))} bytes are damaged at byte {begin}" in caplog.text


def test_of_a_journal_whose_owner_lives_damage_is_passed_over_when_it_is_seen_again(
    tmp_path: Path, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.append(point(number))
    path = part_path(tmp_path, journal.journal_id, 1)
    with path.open("r+b") as file:
        file.seek(len(MAGIC) + len(point(0)) + 20)
        file.write(b"?")
    reader.fold()
    assert (reader.steps, caplog.messages) == ([0], [])  # it may be one that is being written
    assert reader.fold_all() == [0, 2]
    assert "damaged" in caplog.text
    journal.append(point(3))
    assert reader.fold_all() == [0, 2, 3]
    journal.close()


@pytest.mark.parametrize("head", [b"", MAGIC[:3], b"no journal at all"])
def test_a_part_that_is_hardly_one_is_put_aside(
    tmp_path: Path, reader: Reader, caplog: pytest.LogCaptureFixture, head: bytes
) -> None:
    path = part_path(tmp_path, "0" * 32, 1)
    path.write_bytes(head)
    assert reader.fold_all() == []
    assert not path.exists()
    assert bool(caplog.messages) == bool(head)


@pytest.mark.parametrize("name", ["notes.journal", "-1.journal", "a-b.journal", "0" * 32 + "-000001.journal.8.damaged"])
def test_what_is_no_part_is_left_alone(tmp_path: Path, reader: Reader, name: str) -> None:
    (tmp_path / name).write_text("not ours")
    journal = Journal(tmp_path)
    journal.append(point(1))
    journal.close()
    assert reader.fold_all() == [1]
    assert (tmp_path / name).read_text() == "not ours"


def test_a_tail_that_is_still_being_written_is_waited_for(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    whole = point(2)
    journal.append(whole[:7])
    reader.fold()
    assert not reader.fold()
    journal.append(whole[7:])
    assert reader.fold_all() == [1, 2]
    journal.close()


def test_a_tail_that_its_owner_left_behind_is_given_up(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    journal.append(point(2)[:7])
    reader.fold()
    assert len(parts(tmp_path)) == 1
    journal.close()
    assert reader.fold_all() == [1]
    assert parts(tmp_path) == [f"000001.journal.{len(MAGIC) + len(point(1))}{DAMAGED}"]


def test_a_part_that_comes_back_after_it_was_folded_is_not_read_again(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    journal.close()
    path = part_path(tmp_path, journal.journal_id, 1)
    shutil.copy(path, aside := tmp_path / "copy")
    reader.fold()
    assert not path.exists()
    aside.rename(path)  # as when the machine died before the removal was on the disk
    assert reader.fold_all() == [1]
    assert not path.exists()


def test_a_full_disk_loses_nothing_and_is_told_once(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = os.pwrite
    room = 200

    def full(file: int, data: bytes, offset: int) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken, room = data[:room], max(0, room - len(data))
        return write(file, taken, offset)

    monkeypatch.setattr(os, "pwrite", full)
    journal = Journal(tmp_path)
    for number in range(6):
        journal.append(point(number))
    assert journal.waiting
    before = reader.fold_all()[:]
    assert before == list(range(len(before)))
    assert len(before) < 6
    room = 1_000_000
    journal.append(point(6))
    assert not journal.waiting
    assert reader.fold_all() == list(range(7))
    assert len([text for text in caplog.messages if "waits in memory" in text]) == 1
    journal.close()


def test_what_waits_in_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journals, "WAITING_BYTES", 1000)
    journal = Journal(tmp_path / "is not there" / "journals")
    for number in range(100):
        journal.append(point(number))
    assert 0 < journal.waiting <= 1000
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    journal.close()


def test_a_folder_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    away = tmp_path / "away"
    journal = Journal(away / "journals")
    journal.append(point(1))
    assert journal.waiting
    away.mkdir()
    journal.retry()
    assert not journal.waiting
    assert Reader(away / "journals").fold_all() == [1]
    journal.close()


FORKS = """
    import os, sys
    from pathlib import Path
    from tracker.entities.records import LogMetrics
    from tracker.journal import Journal, encode

    def log(step):
        journal.append(encode(LogMetrics("run", step, 0, {"a": 1.0})))

    journal = Journal(Path(sys.argv[1]))
    log(0)
    parent = journal.journal_id
    child = os.fork()
    if child == 0:
        assert journal.journal_id != parent
        log(100)
        journal.sync()
        os._exit(0)
    log(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log(2)
    assert journal.journal_id == parent
    print(parent)
"""


def test_after_a_fork_each_process_has_a_journal_of_its_own(tmp_path: Path, run_python: Program) -> None:
    path = tmp_path / "journals"
    path.mkdir()
    run_python(FORKS, path)
    assert len(parts(path)) == 2
    steps = Reader(path).fold_all()
    assert sorted(steps) == [0, 1, 2, 100]
    assert [step for step in steps if step < 100] == [0, 1, 2]


def test_several_threads_append_whole_frames(tmp_path: Path, reader: Reader, run_python: Program) -> None:
    program = """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from pathlib import Path
        from tracker.entities.records import LogMetrics
        from tracker.journal import Journal, encode

        journal = Journal(Path(sys.argv[1]))
        def log(step):
            journal.append(encode(LogMetrics("run", step, 0, {"a": 1.0})))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(log, range(5000)))
    """
    run_python(program, tmp_path)
    assert sorted(reader.fold_all()) == list(range(5000))


def test_where_journals_end_and_what_is_not_folded_is_told(tmp_path: Path, reader: Reader) -> None:
    journal = Journal(tmp_path)
    journal.append(point(1))
    assert reader.folder.ends() == {journal.journal_id: journal.position}
    assert reader.folder.unfolded({}) == journal.position.offset
    reader.fold()
    journal.append(point(2))
    assert reader.folder.unfolded(reader.positions) == len(point(2))
    journal.close()
