"""Records as bytes and back: what comes back is what went in, or nothing."""

from __future__ import annotations

import math
import struct
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetInfo, DatasetRef, File
from tracker.entities.records import (
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    EndRun,
    Fence,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    MeasureModel,
    Promote,
    Record,
    Rewind,
    SetAlias,
    SetTags,
    StartRun,
)
from tracker.errors import StoreError
from tracker.journal.codec import decode, encode
from tracker.journal.frames import ALIGNMENT, frame_bytes, json_frame, next_frame, payload_at, whole_frames
from tracker.journal.points import Layout

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
int64 = st.integers(-(2**63), 2**63 - 1)
reals = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7e308, float(2**53 + 1), 0.1])
values = st.dictionaries(texts, reals, max_size=4)
jsonable = st.recursive(
    st.none() | st.booleans() | int64 | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
params = st.dictionaries(texts, jsonable, max_size=3)
tags = st.dictionaries(texts, texts, max_size=3)
refs = st.builds(DatasetRef, texts, texts)
leads = st.floats(min_value=0, allow_infinity=False)
files = st.builds(File, texts, st.integers(0, 2**62), texts)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(StartRun, texts, texts, texts, st.none() | texts, int64),
    st.builds(EndRun, texts, texts, int64),
    st.builds(LogMetrics, texts, int64, int64, values),
    st.builds(LogParams, texts, params),
    st.builds(SetTags, texts, tags),
    st.builds(LogInput, texts, st.builds(DatasetInfo, texts, texts, texts, texts, texts, texts), texts),
    st.builds(CreateModel, texts, texts, texts, texts, st.none() | int64, int64, params, tags),
    st.builds(FinishModel, texts, texts, int64, texts),
    st.builds(MeasureModel, texts, texts, int64, int64, values, st.none() | refs),
    st.builds(AddFiles, texts, st.lists(files, max_size=3).map(tuple), texts),
    st.builds(Promote, texts, texts, texts, texts, texts, texts, st.none() | refs, leads, int64),
    st.builds(SetAlias, texts, texts, int64, int64),
    st.builds(DeleteAlias, texts, texts, int64),
    st.builds(DeleteModel, texts, int64),
    st.builds(Fence, texts, int64),
    st.builds(Rewind, texts, int64, int64),
)


def bits(value: object) -> object:
    """Make values comparable to the last bit: NaN equal to itself, -0.0 unlike 0.0, 1 unlike 1.0 and True."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: bits(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [bits(inner) for inner in value]
    return type(value), value


def content(record: Record) -> dict[str, object]:
    return {field.name: bits(getattr(record, field.name)) for field in fields(record)}


def read(buffer: bytes) -> list[Record]:
    found = [decode(payload_at(buffer, begin)) for begin in whole_frames(buffer)[0]]
    assert not any(isinstance(record, Layout) for record in found)
    return found  # type: ignore[return-value]  # no layouts, as asserted


@given(records)
def test_every_record_comes_back_as_it_was(record: Record) -> None:
    (found,) = read(encode(record))
    assert type(found) is type(record)
    assert content(found) == content(record)


def test_whole_numbers_come_back_as_floats() -> None:
    (found,) = read(encode(LogMetrics("r", 0, 0, {"a": 2, "b": 10**17})))
    assert isinstance(found, LogMetrics)
    assert [type(value) for value in found.values.values()] == [float, float]


@given(st.lists(records, max_size=4), st.data())
def test_of_a_torn_buffer_the_whole_frames_are_read(logged: list[Record], data: st.DataObject) -> None:
    frames = [encode(record) for record in logged]
    buffer = b"".join(frames)
    cut = data.draw(st.integers(0, len(buffer)))
    whole = sum(1 for index in range(len(frames)) if sum(map(len, frames[: index + 1])) <= cut)
    assert [content(found) for found in read(buffer[:cut])] == [content(record) for record in logged[:whole]]


@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_a_flipped_bit_hides_its_frame_and_never_gives_another_value(logged: list[Record], data: st.DataObject) -> None:
    frames = [encode(record) for record in logged]
    buffer = bytearray(b"".join(frames))
    place = data.draw(st.integers(0, len(buffer) - 1))
    buffer[place] ^= 1 << data.draw(st.integers(0, 7))
    whole = sum(1 for index in range(len(frames)) if sum(map(len, frames[: index + 1])) <= place)
    assert [content(found) for found in read(bytes(buffer))] == [content(record) for record in logged[:whole]]


@given(records, st.integers(1, 100))
def test_zeros_at_the_end_are_no_frames(record: Record, zeros: int) -> None:
    assert [content(found) for found in read(encode(record) + bytes(zeros))] == [content(record)]


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_none(buffer: bytes) -> None:
    begins, end = whole_frames(buffer)
    assert sum(frame_bytes(buffer, begin) for begin in begins) == end


@given(st.lists(records, min_size=2, max_size=4), st.data())
def test_behind_a_damaged_frame_the_next_good_one_is_found(logged: list[Record], data: st.DataObject) -> None:
    frames = [encode(record) for record in logged]
    damaged = bytearray(frames[0])
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert next_frame(bytes(damaged) + b"".join(frames[1:])) == len(damaged)
    assert next_frame(bytes(damaged)) is None


@given(records)
def test_frames_fill_words_and_their_length_is_told_from_their_head(record: Record) -> None:
    whole = encode(record)
    assert len(whole) % ALIGNMENT == 0
    assert frame_bytes(whole[:20], 0) == len(whole)
    assert frame_bytes(b"12345678" + whole, 8) == len(whole)
    assert frame_bytes(whole[:7], 0) == 0


@given(texts, st.lists(texts, max_size=4, unique=True))
def test_a_layout_comes_back_as_it_was(run_id: str, keys: list[str]) -> None:
    found = decode(payload_at(Layout(run_id, tuple(keys)).definition(), 0))
    assert isinstance(found, Layout)
    assert (found.run_id, found.keys) == (run_id, tuple(keys))


@pytest.mark.parametrize("content", [["tomorrow", 1, 2], ["end", "run", "FINISHED", 1, "and why"], [], 7])
def test_a_record_of_a_newer_version_is_refused_by_name(content: object) -> None:
    with pytest.raises(StoreError, match="upgrade"):
        decode(payload_at(json_frame(content), 0))
