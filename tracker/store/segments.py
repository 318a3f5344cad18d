"""Columns as bytes, and back: pure.

A segment is a piece of one metric's curve: three columns of equal length, in the order logged. Its bytes are a
version, the number of points and a CRC-32, then the columns, each with the encoding that suits it and its
length:

- steps and timestamps: a start and a stride where they are an arithmetic progression (steps mostly are);
  else int64 differences, deflated
- values: float64 as they are, or their bytes shuffled by significance and deflated, whichever is smaller
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError

_HEAD = struct.Struct("<BII")
_COLUMN = struct.Struct("<BI")
_PROGRESSION = struct.Struct("<qq")
_VERSION = 1
_ARITHMETIC, _DIFFERENCES, _PLAIN, _SHUFFLED = range(4)
# Deflate's level: 1 is several times as fast as the default and a few per cent larger.
_LEVEL = 1
_DAMAGED = "a segment of a curve is damaged"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Points as columns of shape (points,): int64 steps, int64 timestamps in ms, float64 values."""

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)


def columns(steps: list[int], timestamps: list[int], values: list[float]) -> Columns:
    """Make columns of lists of equal length."""
    return Columns(
        np.array(steps, dtype=np.int64),
        np.array(timestamps, dtype=np.int64),
        np.array(values, dtype=np.float64),
    )


def concatenate(pieces: list[Columns]) -> Columns:
    """Put pieces one after the other; none gives no points."""
    if not pieces:
        return columns([], [], [])
    return Columns(
        np.concatenate([piece.steps for piece in pieces]),
        np.concatenate([piece.timestamps for piece in pieces]),
        np.concatenate([piece.values for piece in pieces]),
    )


def encode(points: Columns) -> bytes:
    """Return a segment's bytes."""
    body = _encode_whole(points.steps) + _encode_whole(points.timestamps) + _encode_real(points.values)
    return _HEAD.pack(_VERSION, len(points), zlib.crc32(body)) + body


def decode(data: bytes) -> Columns:
    """Return a segment's columns.

    Raises:
        StoreError: the bytes are damaged, or a newer version wrote them.
    """
    version, count, crc = _HEAD.unpack_from(data.ljust(_HEAD.size, b"\0"))
    body = memoryview(data)[_HEAD.size :]
    if data and version != _VERSION:
        raise StoreError(f"a segment is of a version ({version}) that is not known here")
    if len(data) <= _HEAD.size or zlib.crc32(body) != crc:
        raise StoreError(_DAMAGED)
    parts = []
    for _ in range(3):
        kind, length = _COLUMN.unpack_from(body)
        parts.append((kind, bytes(body[_COLUMN.size : _COLUMN.size + length])))
        body = body[_COLUMN.size + length :]
    steps, timestamps, values = parts
    reals = _decode_real(*values)
    # The number of points is the one thing that the CRC does not cover.
    if len(reals) != count:
        raise StoreError(_DAMAGED)
    return Columns(_decode_whole(*steps, count), _decode_whole(*timestamps, count), reals)


def _column(kind: int, data: bytes) -> bytes:
    return _COLUMN.pack(kind, len(data)) + data


def _encode_whole(column: NDArray[np.int64]) -> bytes:
    # Differences wrap around like the sums that undo them, so any int64 survives.
    differences = np.diff(column, prepend=np.int64(0))
    if len(column) == 0 or (differences[1:] == differences[1:2]).all():
        start = int(column[0]) if len(column) else 0
        stride = int(differences[1]) if len(column) > 1 else 0
        return _column(_ARITHMETIC, _PROGRESSION.pack(start, stride))
    return _column(_DIFFERENCES, zlib.compress(_shuffle(differences), _LEVEL))


def _decode_whole(kind: int, data: bytes, count: int) -> NDArray[np.int64]:
    if kind == _ARITHMETIC:
        start, stride = _PROGRESSION.unpack(data)
        with np.errstate(over="ignore"):
            return np.int64(start) + np.arange(count, dtype=np.int64) * np.int64(stride)
    return np.cumsum(_unshuffle(zlib.decompress(data)).view("<i8"), dtype=np.int64)


def _encode_real(column: NDArray[np.float64]) -> bytes:
    plain = column.astype("<f8").tobytes()
    shuffled = zlib.compress(_shuffle(column), _LEVEL)
    return _column(_SHUFFLED, shuffled) if len(shuffled) < len(plain) else _column(_PLAIN, plain)


def _decode_real(kind: int, data: bytes) -> NDArray[np.float64]:
    if kind == _PLAIN:
        return np.frombuffer(data, dtype="<f8").astype(np.float64)
    return _unshuffle(zlib.decompress(data)).view("<f8").astype(np.float64)


def _shuffle(column: NDArray[np.int64] | NDArray[np.float64]) -> bytes:
    """Put all first bytes together, then all second ones…: neighbours that are alike deflate better."""
    little = column.astype(column.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(-1, 8).T.tobytes()


def _unshuffle(data: bytes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.frombuffer(data, dtype=np.uint8).reshape(8, -1).T).reshape(-1)
