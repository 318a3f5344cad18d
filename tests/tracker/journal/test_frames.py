"""Frames: many at once are found as one by one, and no bad one among them."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.journal import frames
from tracker.journal.crc import crc32_of_rows
from tracker.journal.frames import frame, whole_frames


def one_by_one(buffer: bytes) -> tuple[list[int], int]:
    begins: list[int] = []
    while (found := whole_frames(buffer, begins[-1] if begins else 0, 2))[0][len(begins[-1:]) :]:
        begins += found[0][len(begins[-1:]) :]
    return begins, found[1]


@given(st.integers(0, 40), st.integers(0, 70), st.randoms(use_true_random=False))
def test_the_crcs_of_rows_are_those_of_zlib(count: int, length: int, random: np.random.Generator) -> None:
    payloads = [bytes(random.choices(range(256), k=length)) for _ in range(count)]  # type: ignore[attr-defined]
    rows = np.frombuffer(b"".join(payloads), np.uint8).reshape(count, length)
    assert crc32_of_rows(rows).tolist() == [zlib.crc32(payload) for payload in payloads]


@pytest.mark.parametrize("lengths", [[8], [32], [104], [256], [264], [8, 8, 16], [800]])
@given(count=st.integers(0, 60), place=st.floats(0, 1), bit=st.integers(0, 7))
def test_many_at_once_are_found_as_one_by_one(lengths: list[int], count: int, place: float, bit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "_MANY", 8)
        sizes = (lengths * 20 + lengths[:1] * 40)[:count]
        buffer = bytearray(b"".join(frame(bytes([number % 251]) * size) for number, size in enumerate(sizes)))
        assert whole_frames(bytes(buffer)) == one_by_one(bytes(buffer))
        assert len(whole_frames(bytes(buffer))[0]) == count
        if buffer:
            buffer[int(place * (len(buffer) - 1))] ^= 1 << bit
            assert whole_frames(bytes(buffer)) == one_by_one(bytes(buffer))
            assert len(whole_frames(bytes(buffer))[0]) < count
        cut = bytes(buffer[: int(place * len(buffer))])
        assert whole_frames(cut) == one_by_one(cut)
