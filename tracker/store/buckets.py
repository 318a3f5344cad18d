"""A curve in few buckets that show every spike: pure.

The points of a curve, sorted by step and then in the order logged, are cut into buckets of equal count (the last one
may have fewer). Equal counts and not equal ranges of steps: one step far away, or a program that names no steps, then
leaves the rest of the curve as it is. Each extreme has its exact step, so that it is drawn in its place however wide
its bucket is.

Large segments are kept with an outline: the same figures for every `BLOCK` points, counted from the curve's first
point. Where buckets are so large that they can be made of whole blocks, the points themselves are not read. A
bucket's size depends on the number of points alone, so the buckets are the same whatever is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..entities import Buckets
from ..errors import StoreError
from .segments import Columns

BLOCK = 128
# Buckets of more points than this are made of whole blocks: at most a fifth fewer buckets than asked for.
FINE = 4 * BLOCK
_VERSION = b"\x01"
_LEVEL = 1

# One row for each block. `start` counts points from the curve's first one. The least and greatest value are over
# finite values, infinite where there is none; their steps are those of the first point that reached them.
ROW = np.dtype(
    [
        ("start", "<i8"),
        ("count", "<i8"),
        ("first_step", "<i8"),
        ("last_step", "<i8"),
        ("min", "<f8"),
        ("min_step", "<i8"),
        ("max", "<f8"),
        ("max_step", "<i8"),
        ("last", "<f8"),
        ("nans", "<i8"),
        ("plus_infs", "<i8"),
        ("minus_infs", "<i8"),
    ],
)
Rows = NDArray[Any]


def bucket_size(total: int, most: int) -> int:
    """Return how many points of so many go into each of at most so many buckets."""
    size = max(1, -(-total // most))
    return size if size <= FINE else -(-size // BLOCK) * BLOCK


def is_coarse(total: int, most: int) -> bool:
    """Return whether buckets are made of whole blocks."""
    return bucket_size(total, most) > FINE


def is_in_order(steps: NDArray[np.int64]) -> bool:
    """Return whether steps never go back."""
    return bool((steps[1:] >= steps[:-1]).all())


def blocks(points: Columns, size: int, first_point: int = 0) -> Rows:
    """Return one row for every so many points, counted from the curve's first one; their steps never go back."""
    head = min(-first_point % size, len(points))
    tail = (len(points) - head) // size * size + head
    pieces = [(0, head, head), (head, tail, size), (tail, len(points), len(points) - tail)]
    rows = [
        _rows(points.steps[begin:end].reshape(-1, width), points.values[begin:end].reshape(-1, width))
        for begin, end, width in pieces
        if end > begin
    ]
    whole = np.concatenate(rows) if rows else np.empty(0, ROW)
    whole["start"] = first_point + np.cumsum(whole["count"]) - whole["count"]
    return whole


def _rows(steps: NDArray[np.int64], values: NDArray[np.float64]) -> Rows:
    """Return one row for each row of points, both of shape (rows, points)."""
    rows = np.zeros(len(steps), ROW)
    rows["count"] = steps.shape[1]
    rows["first_step"], rows["last_step"], rows["last"] = steps[:, 0], steps[:, -1], values[:, -1]
    low = high = values
    finite = np.isfinite(values)
    if not finite.all():
        low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
        rows["nans"] = np.isnan(values).sum(axis=1)
        rows["plus_infs"], rows["minus_infs"] = (values == np.inf).sum(axis=1), (values == -np.inf).sum(axis=1)
    every = np.arange(len(steps))
    for name, comparable, place in (("min", low, low.argmin(axis=1)), ("max", high, high.argmax(axis=1))):
        rows[name], rows[f"{name}_step"] = comparable[every, place], steps[every, place]
    return rows


def joined(rows: Rows, size: int) -> Rows:
    """Join a whole curve's rows to rows of so many points each; none of them may reach across a border."""
    bounds = np.flatnonzero(np.diff(rows["start"] // size, prepend=-1))
    if len(bounds) == len(rows):
        return rows
    ends = np.append(bounds[1:], len(rows)) - 1
    whole = rows[bounds]
    for name in ("count", "nans", "plus_infs", "minus_infs"):
        whole[name] = np.add.reduceat(rows[name], bounds)
    for name in ("last_step", "last"):
        whole[name] = rows[name][ends]
    for name, extreme in (("min", np.minimum), ("max", np.maximum)):
        reached = np.repeat(extreme.reduceat(rows[name], bounds), np.diff(bounds, append=len(rows)))
        hits = np.flatnonzero(rows[name] == reached)
        places = hits[np.searchsorted(hits, bounds)]
        whole[name], whole[f"{name}_step"] = rows[name][places], rows[f"{name}_step"][places]
    return whole


def buckets(rows: Rows) -> Buckets:
    """Give rows as columns; where no value is finite, the least and the greatest are NaN."""
    finite = rows["count"] > rows["nans"] + rows["plus_infs"] + rows["minus_infs"]
    column = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()}
    return Buckets(
        first_steps=column["first_step"],
        last_steps=column["last_step"],
        counts=column["count"],
        mins=np.where(finite, column["min"], np.nan),
        min_steps=column["min_step"],
        maxs=np.where(finite, column["max"], np.nan),
        max_steps=column["max_step"],
        lasts=column["last"],
        nans=column["nans"],
        plus_infs=column["plus_infs"],
        minus_infs=column["minus_infs"],
    )


def encode_outline(points: Columns, first_point: int) -> bytes:
    """Return the outline of a segment as bytes; empty if its steps go back, since its points are not in order then."""
    if not is_in_order(points.steps):
        return b""
    return _VERSION + zlib.compress(blocks(points, BLOCK, first_point).tobytes(), _LEVEL)


def decode_outlines(outlines: Sequence[bytes]) -> Rows:
    """Return the rows of outlines, one after the other.

    Raises:
        StoreError: the bytes are damaged, or a newer version wrote them.
    """
    if any(outline[:1] != _VERSION for outline in outlines):
        raise StoreError("an outline of a curve is damaged, or of a version that is not known here")
    try:
        # Deflate's own checksum covers the rows.
        return np.frombuffer(b"".join([zlib.decompress(outline[1:]) for outline in outlines]), ROW)
    except (zlib.error, ValueError):
        raise StoreError("an outline of a curve is damaged") from None
