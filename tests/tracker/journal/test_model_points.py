"""Models' points as frames and back: every bit, on the right side of each act, wherever damage lies."""

from __future__ import annotations

import errno
import math
import os
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetRef
from tracker.entities.records import Act, DeleteModel, EndRun, MeasureModel, Record
from tracker.journal import (
    Journal,
    JournalFolder,
    Layout,
    ModelBlock,
    ModelLayout,
    Position,
    encode,
    model_bytes,
    open_part,
)
from tracker.journal import folder as folders
from tracker.journal.folder import DAMAGED, part_path
from tracker.journal.frames import MAGIC

RUNS = ("run a", "run b")
DATASETS = (None, DatasetRef("validation", "1"), DatasetRef("validation", "λ"))
FIRST, SECOND = "m-" + "0" * 32, "m-" + "0123456789abcdef" * 2

int64 = st.integers(-(2**63), 2**63 - 1)
reals = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324])
model_ids = st.binary(min_size=16, max_size=16).map(lambda data: f"m-{data.hex()}") | st.sampled_from([FIRST, SECOND])
calls = st.builds(
    MeasureModel,
    model_ids,
    st.sampled_from(RUNS),
    int64,
    int64,
    st.dictionaries(st.sampled_from(["loss", "acc", "λ"]), reals, max_size=3),
    st.sampled_from(DATASETS),
)
others: st.SearchStrategy[Record] = st.sampled_from([DeleteModel(FIRST, 1), DeleteModel(SECOND, 2), EndRun("r", "", 3)])


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def told(call: MeasureModel) -> tuple[object, ...]:
    values = [(key, bits(value)) for key, value in call.values.items()]
    return call.model_id, call.run_id, call.dataset, call.step, call.timestamp, values


def calls_of(block: ModelBlock) -> list[tuple[int, MeasureModel]]:
    """Give a block back as what was said, each with its place."""
    rows = zip(block.places.tolist(), block.model_ids, block.steps.tolist(), block.timestamps.tolist(), strict=True)
    return [
        (
            place,
            MeasureModel(model, block.run_id, step, time, dict(zip(block.keys, values, strict=True)), block.dataset),
        )
        for (place, model, step, time), values in zip(rows, block.values.T.tolist(), strict=True)
    ]


class Program:
    """Logs what models were measured at, as a client does."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self._layouts: dict[tuple[object, ...], ModelLayout] = {}

    def say(self, record: Record) -> None:
        if not isinstance(record, MeasureModel):
            self.journal.append(encode(record))
            return
        model, keys = model_bytes(record.model_id), tuple(record.values)
        assert model is not None
        layout = ModelLayout(record.run_id, keys, record.dataset)
        layout = self._layouts.setdefault((record.run_id, keys, record.dataset), layout)
        self.journal.points(layout, record.step, record.timestamp, (model, *record.values.values()))


class Reader:
    """Folds a folder, with a memory that does not outlive it; keeps what was said, act by act."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.positions: dict[str, Position] = {}
        # What was measured before each act and after the one before, in the order logged; the last is still open.
        self.measured: list[list[tuple[object, ...]]] = [[]]

    def fold(self) -> bool:
        folder = JournalFolder(self.path)
        pending = folder.read(self.positions)
        placed: list[tuple[int, MeasureModel]] = []
        for record in pending.records:
            if isinstance(record, ModelBlock):
                placed += calls_of(record)
            elif isinstance(record, Act):
                self._close(placed)
                self.measured.append([])
                placed = []
        self._close(placed)
        self.positions.update(pending.positions)
        folder.remove(pending)
        for journal_id in pending.gone:
            del self.positions[journal_id]
        return bool(pending)

    def _close(self, placed: list[tuple[int, MeasureModel]]) -> None:
        self.measured[-1] += [told(call) for _, call in sorted(placed, key=lambda each: each[0])]

    def fold_all(self) -> list[list[tuple[object, ...]]]:
        while self.fold():
            pass
        return self.measured


def expected(said: Iterable[Record | None]) -> list[list[tuple[object, ...]]]:
    measured: list[list[tuple[object, ...]]] = [[]]
    for record in said:
        if isinstance(record, MeasureModel):
            measured[-1].append(told(record))
        elif isinstance(record, Act):
            measured.append([])
    return measured


@given(
    st.lists(calls | others | st.none(), max_size=30), st.sampled_from([0, 300, 10**6]), st.sampled_from([100, 10**6])
)
def test_every_bit_comes_back_in_its_order_and_on_its_side_of_each_act(
    said: list[Record | None], part_bytes: int, layout_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_part, "PART_BYTES", part_bytes)
        patch.setattr(open_part, "LAYOUT_BYTES", layout_bytes)
        program, reader = Program(Path(name)), Reader(Path(name))
        for each in said:
            if each is None:
                # Each reading begins with an empty memory: layouts lie before where it begins.
                reader.fold()
            else:
                program.say(each)
        program.journal.close()
        assert reader.fold_all() == expected(said)
        assert list(Path(name).iterdir()) == []


@given(st.lists(st.tuples(calls, st.booleans()), min_size=1, max_size=12))
def test_what_waited_for_room_is_written_in_its_order(said: list[tuple[MeasureModel, bool]]) -> None:
    write = os.pwrite

    def full(file: int, data: bytes, offset: int) -> int:
        write(file, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        program = Program(Path(name))
        for call, has_room in said:
            patch.setattr(os, "pwrite", write if has_room else full)
            program.say(call)
            assert bool(program.journal.waiting) != has_room
        patch.setattr(os, "pwrite", write)
        program.journal.close()
        assert Reader(Path(name)).fold_all() == expected(call for call, _ in said)


def measurement(number: int) -> MeasureModel:
    values = {"acc": number / 3, "loss": -0.0}
    return MeasureModel(f"m-{number:032x}", "run a", number, 10 + number, values, DATASETS[1 + number // 3])


def test_damage_at_any_byte_costs_its_frame_or_what_its_layout_names_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Six calls, three by each of two layouts; a byte of each place is flipped in turn."""
    home = tmp_path / "home"
    program, said, frames = Program(home), [measurement(number) for number in range(6)], []
    for call in said:
        begin = max(program.journal.position.offset, len(MAGIC))
        program.say(call)
        frames.append((begin, program.journal.position.offset))
    program.journal.close()
    path = part_path(home, program.journal.journal_id, 1)
    whole = path.read_bytes()
    size = frames[1][1] - frames[1][0]
    for place in range(len(MAGIC), len(whole)):
        home = tmp_path / str(place)
        home.mkdir()
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        (home / path.name).write_bytes(damaged)
        hit = next(number for number, (begin, end) in enumerate(frames) if begin <= place < end)
        # The frame of a layout stands before that of the first call that names it.
        lost = {hit} if place >= frames[hit][1] - size else set(range(hit, hit + 3))
        caplog.clear()
        assert Reader(home).fold_all() == expected(call for number, call in enumerate(said) if number not in lost)
        assert all(DAMAGED in entry.name for entry in home.iterdir())
        assert len(caplog.messages) == len(list(home.iterdir())) == (2 if len(lost) > 1 else 1)


def test_of_a_torn_journal_the_whole_frames_are_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program, said, ends = Program(home), [measurement(number) for number in range(6)], []
    for call in said:
        program.say(call)
        ends.append(program.journal.position.offset)
    program.journal.close()
    path = part_path(home, program.journal.journal_id, 1)
    whole = path.read_bytes()
    for length in range(len(MAGIC), len(whole)):
        home = tmp_path / str(length)
        home.mkdir()
        (home / path.name).write_bytes(whole[:length])
        assert Reader(home).fold_all() == expected(said[: sum(end <= length for end in ends)])


def test_a_frame_that_names_a_layout_of_another_kind_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    of_run, of_model = Layout("run a", ("acc",)), ModelLayout("run a", ("acc",), None)
    journal.points(of_run, 1, 1, (0.5,))
    of_model.home, of_model.offset, of_model.until = of_run.home, of_run.offset, of_run.until
    journal.points(of_model, 1, 1, (bytes(16), 0.5))
    journal.close()
    pending = JournalFolder(tmp_path).read({})
    assert [block.values.tolist() for block in pending.blocks] == [[[0.5]]]
    assert pending.records == []
    assert "of a layout at byte 8" in caplog.text


def test_many_calls_alike_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that they are looked at together, and read in several goes."""
    monkeypatch.setattr(folders, "READ_BYTES", 20_000)
    said = [MeasureModel(f"m-{n:032x}", RUNS[n % 2], n, n, {"acc": n / 7}, None) for n in range(2000)]
    program = Program(tmp_path)
    for call in said:
        program.say(call)
    program.journal.close()
    assert Reader(tmp_path).fold_all() == expected(said)


@pytest.mark.parametrize("model_id", ["", "m-", "m-" + "A" * 32, "m-" + "0" * 31, "n-" + "0" * 32, FIRST + "\n"])
def test_an_id_that_its_bytes_would_not_give_back_has_none(model_id: str) -> None:
    assert model_bytes(model_id) is None


def test_some_calls_of_a_block_are_those_calls(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for number in range(3):
        program.say(measurement(number))
    program.journal.close()
    (block,) = JournalFolder(tmp_path).read({}).records
    assert isinstance(block, ModelBlock)
    some = [call for _, call in calls_of(block.where(np.array([True, False, True])))]
    assert [told(call) for call in some] == [told(measurement(0)), told(measurement(2))]
