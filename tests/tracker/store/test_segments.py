"""Columns as bytes and back: to the last bit, or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tracker.errors import StoreError
from tracker.store.segments import Columns, columns, concatenate, decode, encode

int64 = st.integers(-(2**63), 2**63 - 1)
wholes = int64 | st.sampled_from([-(2**63), 2**63 - 1, 0, -1, 1_700_000_000_000])
reals = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308])
points = st.lists(st.tuples(wholes, wholes, reals), max_size=30)
Point = tuple[int, int, float]


def made(found: list[Point]) -> Columns:
    return columns(*([point[place] for point in found] for place in range(3)))  # type: ignore[arg-type] # by place


def same(found: Columns, wanted: Columns) -> bool:
    pairs = [(getattr(found, name), getattr(wanted, name)) for name in ("steps", "timestamps", "values")]
    return all(left.dtype == right.dtype and left.tobytes() == right.tobytes() for left, right in pairs)


@given(points)
@example([])
@example([(-(2**63), 0, math.nan), (2**63 - 1, 0, -0.0)])
@example([(2**63 - 1, 2**63 - 1, 0.0), (-(2**63), -(2**63), 0.0), (2**63 - 1, 2**63 - 1, 0.0)])
def test_columns_come_back_as_they_were(found: list[Point]) -> None:
    assert same(decode(encode(made(found))), made(found))


@given(wholes, st.integers(-(2**40), 2**40) | wholes, st.integers(0, 50))
def test_progressions_come_back_even_where_they_wrap(start: int, stride: int, count: int) -> None:
    with np.errstate(over="ignore"):
        steps = np.int64(start) + np.arange(count, dtype=np.int64) * np.int64(stride)
    wanted = Columns(steps, steps, np.zeros(count))
    assert same(decode(encode(wanted)), wanted)


def test_a_nan_keeps_its_bits() -> None:
    odd = np.array([0x7FF8000000000123, 0xFFF8000000000000], dtype=np.uint64).view(np.float64)
    found = decode(encode(Columns(np.arange(2), np.arange(2), odd)))
    assert found.values.tobytes() == odd.tobytes()


@given(points, st.data())
def test_damaged_bytes_are_refused(found: list[Point], data: st.DataObject) -> None:
    whole = encode(made(found))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(StoreError, match=r"damaged|version"):
        decode(bytes(damaged))


@given(points, st.data())
def test_cut_bytes_are_refused(found: list[Point], data: st.DataObject) -> None:
    whole = encode(made(found))
    with pytest.raises(StoreError):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused(other: bytes) -> None:
    assume(not other.startswith(b"\x01"))
    with pytest.raises(StoreError):
        decode(other)


@given(st.lists(points, max_size=5))
def test_pieces_are_put_one_after_the_other(pieces: list[list[Point]]) -> None:
    whole = made([point for piece in pieces for point in piece])
    assert same(concatenate([made(piece) for piece in pieces]), whole)


def test_a_steady_curve_takes_about_the_bytes_of_its_values() -> None:
    count = 10_000
    steps = np.arange(count, dtype=np.int64)
    noise = np.random.default_rng(7).random(count)
    assert len(encode(Columns(steps, steps * 1000, noise))) < 8.01 * count
    assert len(encode(Columns(steps, steps * 1000, np.ones(count)))) < 0.2 * count


NOISE = np.random.default_rng(7)
CURVES: dict[str, Callable[[int], NDArray[np.float64]]] = {
    "noise": NOISE.random,
    "float32": lambda count: NOISE.random(count).astype(np.float32).astype(np.float64),
    "rounded": lambda count: NOISE.random(count).round(2),
    "walk": lambda count: 2 + NOISE.normal(size=count).cumsum() / 1000,
    "counter": lambda count: np.arange(count, dtype=np.float64),
    "constant": lambda count: np.full(count, -0.0),
}


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 511, 512, 513, 1024, 5000])
@pytest.mark.parametrize("kind", CURVES)
def test_however_they_are_written_for_their_number_columns_come_back(kind: str, count: int) -> None:
    timestamps = 1_700_000_000_000 + NOISE.integers(0, 100, count).cumsum()
    wanted = Columns(NOISE.permutation(count).astype(np.int64), timestamps, CURVES[kind](count))
    written = encode(wanted)
    assert same(decode(written), wanted)
    assert len(written) < 24 * count + 250
