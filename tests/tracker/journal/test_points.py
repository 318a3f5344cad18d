"""Points as frames and back: every bit, in the order logged, whatever lies between and wherever reading begins."""

from __future__ import annotations

import errno
import math
import os
import struct
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities.records import EndRun
from tracker.journal import Block, Journal, JournalFolder, Layout, Position, encode, open_part
from tracker.journal import folder as folders
from tracker.journal.folder import part_path

Point = tuple[int, int, bytes]
Call = tuple[str, int, int, dict[str, float]]
Curves = dict[tuple[str, str], list[Point]]

int64 = st.integers(-(2**63), 2**63 - 1)
reals = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324])
calls = st.tuples(
    st.sampled_from(["run a", "run b"]),
    int64,
    int64,
    st.dictionaries(st.sampled_from(["loss", "acc", "λ"]), reals, max_size=3),
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def curves_of(blocks: Iterable[Block]) -> Curves:
    """Sort points into curves, in the order logged."""
    placed: dict[tuple[str, str], list[tuple[int, Point]]] = defaultdict(list)
    for block in blocks:
        for key, values in zip(block.keys, block.values.tolist(), strict=True):
            rows = zip(block.places.tolist(), block.steps.tolist(), block.timestamps.tolist(), values, strict=True)
            placed[block.run_id, key] += [(place, (step, time, bits(value))) for place, step, time, value in rows]
    return {curve: [point for _, point in sorted(rows, key=lambda row: row[0])] for curve, rows in placed.items()}


class Program:
    """Logs, and remembers what it logged."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.logged: Curves = defaultdict(list)
        self._layouts: dict[tuple[str, tuple[str, ...]], Layout] = {}

    def layout(self, run_id: str, keys: tuple[str, ...]) -> Layout:
        return self._layouts.setdefault((run_id, keys), Layout(run_id, keys))

    def log(self, run_id: str, step: int, timestamp: int, values: dict[str, float]) -> None:
        self.journal.points(self.layout(run_id, tuple(values)), step, timestamp, values.values())
        for key, value in values.items():
            self.logged[run_id, key].append((step, timestamp, bits(value)))

    def log_columns(self, run_id: str, steps: list[int], values: dict[str, list[float]]) -> None:
        columns = [np.array(column, dtype=np.float64) for column in values.values()]
        axis = np.array(steps, dtype=np.int64)
        self.journal.columns(self.layout(run_id, tuple(values)), axis, axis, columns)
        for key, column in values.items():
            self.logged[run_id, key] += [(s, s, bits(value)) for s, value in zip(steps, column, strict=True)]


class Reader:
    """Folds a folder as the writer does, with a memory that does not outlive it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.positions: dict[str, Position] = {}
        self.curves: Curves = defaultdict(list)

    def fold(self) -> bool:
        folder = JournalFolder(self.path)
        pending = folder.read(self.positions)
        for curve, points in curves_of(pending.blocks).items():
            self.curves[curve] += points
        self.positions.update(pending.positions)
        folder.remove(pending)
        for journal_id in pending.gone:
            del self.positions[journal_id]
        return bool(pending)

    def fold_all(self) -> Curves:
        while self.fold():
            pass
        return dict(self.curves)


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@given(st.lists(calls | st.none(), max_size=30), st.sampled_from([0, 300, 10**6]), st.sampled_from([100, 10**6]))
def test_every_bit_comes_back_in_the_order_logged(said: list[Call | None], part_bytes: int, layout_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_part, "PART_BYTES", part_bytes)
        patch.setattr(open_part, "LAYOUT_BYTES", layout_bytes)
        program, reader = Program(Path(name)), Reader(Path(name))
        for each in said:
            if each is None:
                # Each reading begins with an empty memory: layouts lie before where it begins.
                reader.fold()
                program.journal.append(encode(EndRun("run a", "FINISHED", 1)))
            else:
                program.log(*each)
        program.journal.close()
        assert reader.fold_all() == dict(program.logged)
        assert list(Path(name).iterdir()) == []


@given(st.lists(st.tuples(st.lists(st.tuples(int64, reals, reals), max_size=6), calls), max_size=6))
def test_columns_and_calls_keep_their_order(said: list[tuple[list[tuple[int, float, float]], Call]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        program = Program(Path(name))
        for rows, call in said:
            columns = {"loss": [row[1] for row in rows], "acc": [row[2] for row in rows]}
            program.log_columns("run a", [row[0] for row in rows], columns)
            program.log(*call)
        program.journal.close()
        found = Reader(Path(name)).fold_all()
        assert {curve: points for curve, points in found.items() if points} == {
            curve: points for curve, points in program.logged.items() if points
        }


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.sampled_from([errno.EFBIG, errno.ENOSPC]))
def test_what_waited_for_room_is_written_in_its_order(room: list[bool], failure: int) -> None:
    """A disk that fails, a piece of a frame at its worst moment, or a part that may not grow any more."""
    write = os.pwrite

    def failing(file: int, data: bytes, offset: int) -> int:
        if failure == errno.EFBIG:
            write(file, data[:5], offset)
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return write(file, data[: len(data) // 2], offset)

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        program, reader = Program(Path(name)), Reader(Path(name))
        for step, has_room in enumerate(room):
            patch.setattr(os, "pwrite", write if has_room else failing)
            program.log("run a", step, 0, {"loss": step / 7})
            program.log_columns("run b", [step, step + 1], {"acc": [0.5, step / 3]})
            assert bool(program.journal.waiting) != has_room
            reader.fold()
        patch.setattr(os, "pwrite", write)
        program.journal.retry()
        assert not program.journal.waiting
        program.journal.close()
        assert reader.fold_all() == dict(program.logged)
        assert list(Path(name).iterdir()) == []


def test_a_limit_that_no_part_can_keep_makes_no_parts_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite

    def limited(file: int, data: bytes, offset: int) -> int:
        if offset + len(data) > 200:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return write(file, data, offset)

    program = Program(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", limited)
        for step in range(10):
            program.log("run a", step, step, {"loss": 0.1})
        assert program.journal.waiting == 0  # a part for every two of them
        for step in range(10):
            program.log("run a", step, step, {f"metric {number}": 0.1 for number in range(20)})
        assert program.journal.waiting > 0
        assert len(list(tmp_path.iterdir())) < 10
    program.journal.retry()
    program.journal.close()
    assert Reader(tmp_path).fold_all() == dict(program.logged)


def test_what_waits_at_the_end_is_rescued_to_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    program = Program(home)
    program.log("run a", 1, 1, {"loss": 0.1})
    write = os.pwrite
    written_before = part_path(home, program.journal.journal_id, 1).stat().st_ino

    def no_room_at_home(file: int, data: bytes, offset: int) -> int:
        return full() if os.fstat(file).st_ino == written_before else write(file, data, offset)

    monkeypatch.setattr(os, "pwrite", no_room_at_home)
    program.log("run a", 2, 2, {"loss": 0.2})
    program.log_columns("run b", [3], {"acc": [0.3]})
    program.journal.close()
    (rescued,) = other.glob("tracker-rescue-*/*.journal")
    assert f"the last 2 calls are in {rescued.parent}" in caplog.text
    reader = Reader(home)
    assert reader.fold_all() == {("run a", "loss"): [(1, 1, bits(0.1))]}
    rescued.rename(home / rescued.name)  # as the message says
    assert reader.fold_all() == dict(program.logged)


def test_what_cannot_be_rescued_is_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = Program(tmp_path / "journals")
    program.log("run a", 1, 1, {"loss": 0.1})
    program.journal.close()
    assert "the last 1 calls are lost" in caplog.text


def test_what_cannot_be_kept_is_refused_and_leaves_nothing_behind_also_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(tmp_path)
    for case in ({"loss": "text"}, {"loss": 10**400}):
        with pytest.raises((struct.error, OverflowError)):
            program.log("run a", 1, 1, case)  # type: ignore[arg-type]  # as it comes
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises((struct.error, OverflowError)):
            program.log("run a", 2**63, 1, {"loss": 1.0})
        assert not program.journal.waiting
    program.log("run a", 1, 1, {"loss": 1.0})
    program.journal.close()
    assert Reader(tmp_path).fold_all() == {("run a", "loss"): [(1, 1, bits(1.0))]}


def test_a_damaged_layout_costs_the_points_that_name_it_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = Program(tmp_path)
    for step in range(4):
        program.log("run a", step, 0, {"loss": 0.5})
        program.log("run b", step, 0, {"acc": step / 3})
    program.journal.close()
    path = part_path(tmp_path, program.journal.journal_id, 1)
    data = bytearray(path.read_bytes())
    data[data.index(b"run a")] ^= 1
    path.write_bytes(data)
    assert Reader(tmp_path).fold_all() == {("run b", "acc"): program.logged["run b", "acc"]}
    assert "of a layout at byte 8 that is damaged" in caplog.text
    assert len(list(tmp_path.iterdir())) == 2  # the layout, and the points


def test_a_layout_is_written_again_so_that_damage_to_it_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_part, "LAYOUT_BYTES", 200)
    program = Program(tmp_path)
    for step in range(50):
        program.log("run a", step, 0, {"loss": step / 7})
    program.journal.close()
    path = part_path(tmp_path, program.journal.journal_id, 1)
    data = bytearray(path.read_bytes())
    assert data.count(b'"layout"') > 5
    data[data.index(b"run a")] ^= 1
    path.write_bytes(data)
    (found,) = Reader(tmp_path).fold_all().values()
    assert found == program.logged["run a", "loss"][-len(found) :]
    assert 40 < len(found) < 50


def test_a_reading_of_many_journals_is_bounded_over_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "READ_BYTES", 4000)
    monkeypatch.setattr(folders, "_LEAST_BYTES", 100)
    programs = [Program(tmp_path) for _ in range(8)]
    for program in programs:
        for step in range(100):
            program.log(program.journal.journal_id, step, 0, {"loss": step})
    assert JournalFolder(tmp_path).read({}).size < 6000
    logged = {curve: points for program in programs for curve, points in program.logged.items()}
    assert Reader(tmp_path).fold_all() == logged
    for program in programs:
        program.journal.close()
