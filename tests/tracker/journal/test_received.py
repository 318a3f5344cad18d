"""What a stranger sends as a journal: taken once, from where it is new, and refused whole if any of it is bad."""

from __future__ import annotations

import random
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities.records import EndRun, LogMetrics, LogParams, Record
from tracker.errors import InvalidFrame, JournalGap
from tracker.journal import START, Journal, Layout, Position, Received, Sent, Spool, encode
from tracker.journal.frames import frame, json_frame
from tracker.journal.reading import Reading

RUN, JOURNAL = "a" * 32, "b" * 32


def sent_of(*frames: bytes, after: int = 8, part: int = 1, offset: int = 8) -> Sent:
    return Sent(JOURNAL, part, after, offset, b"".join(frames))


def steps(reading: Reading) -> list[int]:
    said = [each.step for each in reading.records if isinstance(each, LogMetrics)]
    return said + [step for block in reading.blocks for step in block.steps.tolist()]


def metrics(step: int) -> bytes:
    return encode(LogMetrics(RUN, step, 1, {"loss": 0.5}))


def test_what_is_stored_already_is_left_out() -> None:
    frames = [metrics(step) for step in range(5)]
    received = Received(sent_of(*frames, after=0))
    assert steps(received.beyond(START, 0)) == [0, 1, 2, 3, 4]
    assert steps(received.beyond(Position(1, 8 + len(frames[0]) + len(frames[1])), 0)) == [2, 3, 4]
    assert steps(received.beyond(received.sent.end, 0)) == []
    assert steps(received.beyond(Position(2, 8), 0)) == []


def test_a_gap_is_refused_with_the_place_from_which_to_go_on() -> None:
    received = Received(sent_of(metrics(0), after=800, offset=800))
    for stored in (START, Position(1, 8), Position(1, 792)):
        with pytest.raises(JournalGap) as caught:
            received.beyond(stored, 0)
        assert (caught.value.part, caught.value.offset) == stored
    # A later part is begun at its beginning only.
    assert steps(Received(sent_of(metrics(3), after=0, part=2)).beyond(Position(1, 400), 0)) == [3]


@pytest.mark.parametrize(
    "content",
    [
        ["metrics", RUN, "one", 1, {"loss": 1.0}],
        ["metrics", RUN, 2**63, 1, {"loss": 1.0}],
        ["metrics", RUN, 1, 1, {"loss": "high"}],
        ["metrics", RUN, 1, 1, {"": 1.0}],
        ["metrics", RUN, 1, 1, {"x" * 251: 1.0}],
        ["metrics", "", 1, 1, {"loss": 1.0}],
        ["metrics", "../../etc", 1, 1, {"loss": 1.0}],
        ["metrics", RUN, 1, 1],
        ["metrics", RUN, 1, 1, {}, 7],
        ["points", RUN, [["loss", 1]]],
        ["params", RUN, {"a": "b\0c"}],
        ["end", RUN, "GONE", 1],
        ["finish", "m-" + "1" * 32, "DONE", 1, RUN],
        ["files", "..", [{"path": "w", "size": 1, "sha256": "a" * 64}], RUN],
        ["files", RUN, [{"path": "../w", "size": 1, "sha256": "a" * 64}]],
        ["files", RUN, [{"path": "/w", "size": 1, "sha256": "a" * 64}]],
        ["files", RUN, [{"path": "w", "size": -1, "sha256": "a" * 64}]],
        ["files", RUN, [{"path": "w", "size": 1, "sha256": "short"}]],
        ["layout", RUN, ["loss", "loss"]],
        ["layout", RUN, []],
        ["layout", RUN],
        ["model layout", RUN, ["loss"], {"name": "x"}],
        ["__class__", RUN],
        [["layout"], RUN],
        [],
    ],
)
def test_a_record_that_cannot_be_stored_refuses_all_with_its_place(content: object) -> None:
    good = metrics(0)
    with pytest.raises(InvalidFrame) as caught:
        Received(sent_of(good, json_frame(content), good))
    assert caught.value.offset == 8 + len(good)


def test_points_must_be_as_long_as_their_layout_says() -> None:
    layout = Layout(RUN, ("a", "b"))
    layout.offset = 8
    define, good = layout.definition(), layout.points(1, 2, (3.0, 4.0))
    assert steps(Received(sent_of(define, good, after=0)).beyond(START, 0)) == [1]
    for payload in (
        good[8:-8],
        good[8:] + bytes(8),
        struct.pack("<II", 1, 8),
        struct.pack("<IIq", 2, 8, -1),
        struct.pack("<IIq", 2, 8, 2**62),
        struct.pack("<IIqqq", 3, 8, 1, 1, 1),
        struct.pack("<IIqqdd", 1, 16, 1, 1, 1.0, 1.0),
        struct.pack("<IIqqdd", 99, 8, 1, 1, 1.0, 1.0),
    ):
        with pytest.raises(InvalidFrame):
            Received(sent_of(define, frame(payload)))


@given(data=st.data())
def test_whatever_is_changed_is_noticed_or_can_be_read(data: st.DataObject) -> None:
    records: list[Record] = [
        LogMetrics(RUN, 1, 1, {"a": 1.0}),
        LogParams(RUN, {"x": [1, {"y": None}]}),
        EndRun(RUN, "FAILED", 3),
    ]
    whole = bytearray(b"".join(map(encode, records)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        # One who means it makes the CRC fit.
        begin = 0
        while begin + 8 <= len(whole):
            (length,) = struct.unpack_from("<I", whole, begin)
            payload = bytes(whole[begin + 8 : begin + 8 + length])
            struct.pack_into("<I", whole, begin + 4, zlib.crc32(payload))
            begin += 8 + max(length, 8)
    # Nothing else may be raised.
    with suppress(InvalidFrame):
        Received(sent_of(bytes(whole), after=0)).beyond(START, 0)


@given(seed=st.integers(0, 2**32))
def test_any_garbage_is_refused(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  # no secret
    with pytest.raises(InvalidFrame):
        Received(sent_of(draw.randbytes(draw.randrange(0, 64) * 8)))


def test_a_spool_goes_on_where_the_server_is_and_names_layouts_of_before(tmp_path: Path) -> None:
    journal, layout, spool = Journal(tmp_path), Layout(RUN, ("loss",)), Spool(tmp_path)
    stored, found, received = START, list[int](), 0
    for step in range(6):
        journal.points(layout, step, 1, (0.5,))
        if step % 2:
            (numbers,) = spool.journals().values()
            letter = spool.next_letter(journal.journal_id, numbers, stored)
            assert letter is not None
            reading = Received(letter.sent).beyond(stored, 0)
            found, stored, received = found + steps(reading), letter.sent.end, received + 1
    assert (found, received, stored) == ([0, 1, 2, 3, 4, 5], 3, journal.position)
    journal.close()
    assert spool.next_letter(journal.journal_id, numbers, stored) is None
    assert list(tmp_path.glob("*.journal")) == []


def test_a_letter_says_whether_more_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, spool = Journal(tmp_path), Spool(tmp_path)
    for step in range(4):
        journal.append(metrics(step))
    (numbers,) = spool.journals().values()
    whole = spool.next_letter(journal.journal_id, numbers)
    assert whole is not None
    assert not whole.parcel.has_more
    monkeypatch.setattr("tracker.journal.spool.SENT_BYTES", len(whole.sent.frames) // 2)
    half = spool.next_letter(journal.journal_id, numbers)
    assert half is not None
    assert half.parcel.has_more
    journal.close()


def test_a_claim_holds_for_as_long_as_its_journal_grows(tmp_path: Path) -> None:
    journal, spool = Journal(tmp_path), Spool(tmp_path)
    journal.append(metrics(0))
    (numbers,) = spool.journals().values()
    assert not spool.is_claimed(journal.journal_id, numbers)
    spool.claim(journal.journal_id)
    assert spool.is_claimed(journal.journal_id, numbers)
    journal.close()
    assert not spool.is_claimed(journal.journal_id, numbers)
    assert spool.next_letter(journal.journal_id, numbers, journal.position) is None
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_a_server_refuses_is_put_aside_and_the_rest_is_sent(tmp_path: Path) -> None:
    journal, spool = Journal(tmp_path), Spool(tmp_path)
    for content in (metrics(0), json_frame(["from tomorrow", 1]), metrics(2)):
        journal.append(content)
    journal.close()
    (numbers,) = spool.journals().values()
    letter = spool.next_letter(journal.journal_id, numbers)
    assert letter is not None
    with pytest.raises(InvalidFrame) as caught:
        Received(letter.sent)
    before = Received(letter.until(caught.value.offset))
    assert steps(before.beyond(START, 0)) == [0]
    spool.refuse(letter, caught.value)
    rest = spool.next_letter(journal.journal_id, numbers, before.sent.end)
    assert rest is not None
    assert steps(Received(rest.sent).beyond(before.sent.end, 0)) == [2]
    assert spool.next_letter(journal.journal_id, numbers, rest.sent.end) is None
    (aside,) = tmp_path.glob("*.damaged")
    assert b"from tomorrow" in aside.read_bytes()
