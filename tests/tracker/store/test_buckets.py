"""Buckets equal what a slow and plain program makes of the same points, however these are kept."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import fields
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracker.entities import Buckets
from tracker.errors import StoreError
from tracker.store import buckets
from tracker.store.buckets import BLOCK, bucket_size, decode_outlines, encode_outline
from tracker.store.segments import Columns

reals = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 5e-324]) | st.floats(width=16)
points = st.lists(st.tuples(st.integers(-3, 3) | st.sampled_from([-(2**63), 2**63 - 1]), reals), max_size=40)
Points = list[tuple[int, float]]


def plain(found: Points, size: int) -> list[tuple[object, ...]]:
    """Make buckets in the plainest way: the judge."""
    ordered = sorted(found, key=lambda point: point[0])
    return [one(ordered[start : start + size]) for start in range(0, len(ordered), size)]


def one(bucket: Points) -> tuple[object, ...]:
    finite = [point for point in bucket if math.isfinite(point[1])]
    low = min(finite, key=lambda point: point[1], default=(bucket[0][0], math.nan))
    high = max(finite, key=lambda point: point[1], default=(bucket[0][0], math.nan))
    values = [value for _, value in bucket]
    return (
        bucket[0][0],
        bucket[-1][0],
        len(bucket),
        *(bits(low[1]), low[0]),
        *(bits(high[1]), high[0]),
        bits(values[-1]),
        sum(map(math.isnan, values)),
        values.count(math.inf),
        values.count(-math.inf),
    )


def bits(value: float) -> object:
    return "NaN" if math.isnan(value) else (value, math.copysign(1, value))


def listed(found: Buckets) -> list[tuple[object, ...]]:
    columns = [getattr(found, each.name).tolist() for each in fields(Buckets)]
    return [
        tuple(bits(value) if isinstance(value, float) else value for value in row) for row in zip(*columns, strict=True)
    ]


def made(found: Points) -> Columns:
    ordered = sorted(found, key=lambda point: point[0])
    steps = np.array([step for step, _ in ordered], np.int64)
    return Columns(steps, steps, np.array([value for _, value in ordered], np.float64))


@given(points, st.integers(1, 50))
@example([(0, math.nan), (0, -0.0), (0, 0.0)], 1)
@example([(0, 0.0), (0, -0.0), (1, math.inf)], 3)
def test_buckets_are_those_of_the_plain_way(found: Points, size: int) -> None:
    assert listed(buckets.buckets(buckets.blocks(made(found), size=size))) == plain(found, size)


@given(st.lists(st.lists(reals, min_size=1, max_size=12), min_size=1, max_size=5), st.integers(1, 5), st.integers(1, 4))
@example([[1.0], [2.0, 3.0, 4.0]], 2, 1)
@example([[-0.0, math.nan, 0.0], [0.0, -0.0, math.inf], [math.nan]], 2, 2)
def test_blocks_of_any_pieces_join_to_the_same_buckets(pieces: list[list[float]], block: int, times: int) -> None:
    found = list(enumerate(value for piece in pieces for value in piece))
    ends = list(accumulate(map(len, pieces)))
    rows = [buckets.blocks(made(found[begin:end]), block, begin) for begin, end in pairwise([0, *ends])]
    assert listed(buckets.buckets(buckets.joined(np.concatenate(rows), block * times))) == plain(found, block * times)


@given(st.integers(0, 10**9), st.integers(1, 5000))
def test_there_are_never_more_buckets_than_asked_for_and_not_many_fewer(total: int, most: int) -> None:
    size = bucket_size(total, most)
    made = -(-total // size)
    assert made <= most
    assert size == 1 or size < total / most * 1.25 + 1
    if total <= most:
        assert size == 1
    if buckets.is_coarse(total, most):
        assert size % BLOCK == 0


@given(points, st.integers(0, 300))
def test_an_outline_comes_back_as_it_was(found: Points, first_point: int) -> None:
    whole = made(found)
    rows = buckets.blocks(whole, BLOCK, first_point)
    assert decode_outlines([encode_outline(whole, first_point)]).tobytes() == rows.tobytes()


def test_of_steps_that_go_back_there_is_no_outline() -> None:
    steps = np.array([1, 3, 2])
    assert encode_outline(Columns(steps, steps, steps / 2), 0) == b""


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_outline_is_refused(data: st.DataObject) -> None:
    points = made([(step, step / 7) for step in range(300)])
    whole = bytearray(encode_outline(points, 5))
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(StoreError):
        # Deflate ignores a few bits of its head; whatever is read is right.
        assert decode_outlines([bytes(whole)]).tobytes() == buckets.blocks(points, BLOCK, 5).tobytes()


def test_no_spike_is_missed() -> None:
    values = np.sin(np.arange(1_000_000) / 1e4)
    values[[123_457, 999_999]] = 77.0, -77.0
    steps = np.arange(1_000_000) * 3
    found = buckets.buckets(
        buckets.joined(buckets.blocks(Columns(steps, steps, values), BLOCK), bucket_size(len(values), 1000))
    )
    assert len(found) <= 1000
    assert found.maxs.max() == 77.0
    assert found.max_steps[found.maxs.argmax()] == 3 * 123_457
    assert found.min_steps[found.mins.argmin()] == 3 * 999_999
    assert found.counts.sum() == 1_000_000


@pytest.mark.parametrize("outline", [b"\x02abc", b"x"])
def test_another_versions_outline_is_refused(outline: bytes) -> None:
    with pytest.raises(StoreError):
        decode_outlines([outline])
