"""The Pareto front: those that no other one beats in every respect. Pure.

One point dominates another if it is nowhere worse and somewhere better (less is better here). Equal points do not
dominate each other, so they are on the front together. In lexicographic order whoever dominates comes first, which
leaves one coordinate less to compare (Kung, Luccio, Preparata 1975): two coordinates need a running minimum, three a
divide and conquer whose halves are merged by one. For more than three, points sorted by their sum are held against
the front found so far (Chomicki, Godfrey, Gryz, Liang 2003). Before all that a grid drops most points unseen, in the
role of LESS's elimination filter (Godfrey, Shipley, Gryz 2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .ordering import Places, order_of

Points: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Number = TypeVar("Number", np.float64, np.int64, np.int32)

# Fewer points than these are sorted sooner than put on a grid.
_FEW = 5_000
_CELLS = 2**18
_SAMPLE = 4_096
# Fine bins of equal width, from which the grid's bins of about equal count are put together.
_FINE = 2**18
# Neighbours in lexicographic order are compared one by one up to this distance; a power of two.
_NEAR = 16
_BLOCK = 512


def front(points: Points) -> Mask:
    """Say of each point whether it is on the front; `points` has the shape (n, coordinates), finite, less is better."""
    columns = [np.ascontiguousarray(column) + 0.0 for column in points.T]
    on_front = np.zeros(len(points), dtype=np.bool_)
    alive = _not_shadowed(columns)
    on_front[alive] = _front_of_all([column[alive] for column in columns])
    return on_front


def fronts(points: Points, count: int) -> NDArray[np.int64]:
    """Number the fronts, from 1: the second is the front of what the first leaves, and so on (Deb and others 2002).

    It stops after the front with which at least `count` points are numbered; all others get 0.
    """
    numbers = np.zeros(len(points), dtype=np.int64)
    rest = _with_fewer_dominators(points, count)
    found = 0
    for number in range(1, len(points) + 1):
        if found >= min(count, len(points)):
            break
        on_front = front(points[rest])
        numbers[rest[on_front]] = number
        found += int(np.count_nonzero(on_front))
        rest = rest[~on_front]
    return numbers


def _front_of_all(columns: Sequence[Points]) -> Mask:
    """Find the front with no grid before it."""
    order = order_of(columns)
    in_order = [column[order] for column in columns]
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in in_order])
    distinct = [column[is_new] for column in in_order]
    result = np.empty(len(order), dtype=np.bool_)
    result[order] = ~_dominated(distinct)[np.cumsum(is_new) - 1]
    return result


def _dominated(columns: Sequence[Points]) -> Mask:
    """Say which of distinct points in lexicographic order an earlier one dominates."""
    if len(columns) == 1:
        return np.arange(len(columns[0])) > 0
    if len(columns) == 2:  # noqa: PLR2004  # a line, not yet a plane
        result = np.zeros(len(columns[1]), dtype=np.bool_)
        result[1:] = np.minimum.accumulate(columns[1])[:-1] <= columns[1][1:]
        return result
    return _dominated_in_space(columns) if len(columns) == 3 else _dominated_in_blocks(columns)  # noqa: PLR2004


def _dominated_in_space(columns: Sequence[Points]) -> Mask:
    """Say which points of three coordinates an earlier one in lexicographic order dominates.

    Points are numbered in that order and arranged by y. Each level splits every stretch of numbers into two halves,
    which keep the arrangement; the least z that the left half has had so far decides about the right one. Stretches
    that are near enough to each other are compared directly.
    """
    _, y, z = columns
    size = max(_NEAR, 1 << (len(y) - 1).bit_length())
    numbers = np.arange(size, dtype=np.int32)
    numbers[: len(y)] = order_of([y])
    heights = np.full(size, np.inf)
    heights[: len(y)] = z[numbers[: len(y)]]
    result = np.zeros(size, dtype=np.bool_)
    half = size // 2
    while half >= _NEAR:
        stretches, of_stretch = numbers.reshape(-1, 2 * half), heights.reshape(-1, 2 * half)
        is_left = (stretches & half) == 0
        least = np.minimum.accumulate(np.where(is_left, of_stretch, np.inf), axis=1)
        result[stretches[~is_left & (least <= of_stretch)]] = True
        numbers, heights = _in_halves(stretches, is_left), _in_halves(of_stretch, is_left)
        half //= 2
    return result[: len(y)] | _dominated_by_neighbours(y, z)


def _in_halves(values: NDArray[Number], is_left: Mask) -> NDArray[Number]:
    """Put each row's left ones before its right ones; every row has as many of both."""
    rows = len(values)
    pair = np.stack((values[is_left].reshape(rows, -1), values[~is_left].reshape(rows, -1)), axis=1)
    return pair.reshape(-1)


def _dominated_by_neighbours(y: Points, z: Points) -> Mask:
    result = np.zeros(len(y), dtype=np.bool_)
    for distance in range(1, min(_NEAR, len(y))):
        result[distance:] |= (y[:-distance] <= y[distance:]) & (z[:-distance] <= z[distance:])
    return result


def _dominated_in_blocks(columns: Sequence[Points]) -> Mask:
    """Say which of distinct points another one dominates, block by block in the order of their sums.

    Rounding keeps the order of sums, or makes them equal; then the lexicographic order in which they come decides.
    """
    points = np.stack(columns, axis=1)
    order = order_of([np.add.reduce([column * 2.0**-8 for column in columns])])
    result = np.ones(len(points), dtype=np.bool_)
    found = points[:0]
    for begin in range(0, len(order), _BLOCK):
        block = order[begin : begin + _BLOCK]
        for start in range(0, len(found), _BLOCK):
            block = block[~_any_below(found[start : start + _BLOCK], points[block])]
        block = block[~_any_below(points[block], points[block])]
        result[block] = False
        found = np.concatenate((found, points[block]))
    return result


def _any_below(few: Points, others: Points) -> Mask:
    """Say which of the others one of a few points dominates; equal ones are the same point."""
    below = np.ones((len(few), len(others)), dtype=np.bool_)
    differs = np.zeros_like(below)
    for mine, theirs in zip(few.T, others.T, strict=True):
        below &= mine[:, None] <= theirs
        differs |= mine[:, None] != theirs
    result: Mask = np.logical_or.reduce(below & differs, axis=0)
    return result


def _not_shadowed(columns: Sequence[Points]) -> Places:
    """Drop points that one with a smaller first coordinate and in a lower bin of every other coordinate dominates."""
    if len(columns[0]) < _FEW or len(columns) == 1:
        return np.arange(len(columns[0]))
    cells, shape = _grid(columns[1:])
    least = np.full(int(np.prod(shape)), np.inf)
    np.minimum.at(least, cells, columns[0])
    table = least.reshape(shape)
    for axis in range(table.ndim):
        table = np.minimum.accumulate(table, axis=axis)
    return np.flatnonzero(columns[0] < _one_lower(table, np.inf).reshape(-1)[cells])


def _with_fewer_dominators(points: Points, count: int) -> Places:
    """Drop points for which at least `count` others are in a lower bin of every coordinate.

    Each of those comes on an earlier front, so the dropped ones are not among the first `count`.
    """
    if len(points) < _FEW:
        return np.arange(len(points))
    cells, shape = _grid([np.ascontiguousarray(column) for column in points.T])
    table = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
    for axis in range(table.ndim):
        table = np.add.accumulate(table, axis=axis)
    return np.flatnonzero(_one_lower(table, 0).reshape(-1)[cells] < count)


def _one_lower(table: NDArray[Number], outside: float) -> NDArray[Number]:
    """Return the table moved up by one along each axis, so that a place holds what is strictly below it."""
    result = np.full_like(table, outside)
    result[(slice(1, None),) * table.ndim] = table[(slice(None, -1),) * table.ndim]
    return result


def _grid(columns: Sequence[Points]) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Put points on a grid; return each one's cell, and how many bins there are along each axis."""
    bins = max(2, int(_CELLS ** (1 / len(columns)) + 0.5))
    cells = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        cells *= bins
        cells += _binned(column, bins)
    return cells, (bins,) * len(columns)


def _binned(column: Points, bins: int) -> NDArray[np.int64]:
    """Sort values into bins of about equal count; a greater value is never in a lower bin.

    The counts are a sample's; values beyond it go into the outermost bins.
    """
    evenly = _by_magnitude(column)
    sample = np.sort(evenly[:: max(1, len(column) // _SAMPLE)])
    low, high = sample[0], sample[-1]
    if low == high:
        return np.zeros(len(column), dtype=np.int64)
    scale = (_FINE - 1) / (high - low)
    edges = ((sample[:: max(1, len(sample) // bins)] - low) * scale).astype(np.int64)[1:bins]
    bin_of = np.searchsorted(edges, np.arange(_FINE), side="right")
    result: NDArray[np.int64] = bin_of[((np.clip(evenly, low, high) - low) * scale).astype(np.int64)]
    return result


def _by_magnitude(column: Points) -> Points:
    """Return numbers in the same order, about evenly apart for values of any magnitude and either sign.

    They are the bits of the values, which sort like the values but for the sign; what rounding makes equal is near.
    """
    bits = column.view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits).astype(np.float64)
