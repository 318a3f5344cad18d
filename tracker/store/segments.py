"""Columns as bytes, and back: pure.

A segment is a piece of one metric's curve: three columns of equal length, in the order logged. Its bytes are a
version, the number of points and a CRC-32, then the columns, each with the encoding that suits it and its
length:

- steps and timestamps: a start and a stride where they are an arithmetic progression (steps mostly are);
  else their differences, by planes
- values: their bits by planes, or the differences of their bits, whichever seems to be smaller
- any column of few points: as it is
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from . import planes

_HEAD = struct.Struct("<BII")
_COLUMN = struct.Struct("<BI")
_PROGRESSION = struct.Struct("<qq")
_FIRST = struct.Struct("<Q")
_VERSION = 2
# Version 1's CRC did not cover the number of points.
_OLD_VERSION = 1
# Kinds of columns; version 2 writes no deflated and no shuffled ones.
_ARITHMETIC, _DEFLATED, _PLAIN, _SHUFFLED, _PLANES, _DIFFERENCES = range(6)
# So few points are not worth the time that it takes to make them smaller: they will be merged with others.
_FEW = 128
_DAMAGED = "a segment of a curve is damaged"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Points as columns of shape (points,): int64 steps, int64 timestamps in ms, float64 values."""

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    def between(self, begin: int, end: int) -> Columns:
        """Return some of the points, by their places."""
        return Columns(self.steps[begin:end], self.timestamps[begin:end], self.values[begin:end])


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
    if len(pieces) == 1:
        return pieces[0]
    return Columns(
        np.concatenate([piece.steps for piece in pieces]),
        np.concatenate([piece.timestamps for piece in pieces]),
        np.concatenate([piece.values for piece in pieces]),
    )


def encode(points: Columns) -> bytes:
    """Return a segment's bytes."""
    return encode_values(points, encode_axes(points))


def encode_axes(points: Columns) -> bytes:
    """Return the bytes of steps and timestamps, which curves that were logged together share."""
    return _encode_whole(points.steps) + _encode_whole(points.timestamps)


def encode_values(points: Columns, axes: bytes) -> bytes:
    """Return a segment's bytes, given those of its steps and timestamps."""
    body = axes + _encode_real(points.values)
    return _HEAD.pack(_VERSION, len(points), _crc(_VERSION, len(points), body)) + body


def decode(data: bytes) -> Columns:
    """Return a segment's columns.

    Raises:
        StoreError: the bytes are damaged, or a newer version wrote them.
    """
    version, count, crc = _HEAD.unpack_from(data.ljust(_HEAD.size, b"\0"))
    body = memoryview(data)[_HEAD.size :]
    if data and version not in {_OLD_VERSION, _VERSION}:
        raise StoreError(f"a segment is of a version ({version}) that is not known here")
    if len(data) <= _HEAD.size or _crc(version, count, body) != crc:
        raise StoreError(_DAMAGED)
    parts = []
    for _ in range(3):
        kind, length = _COLUMN.unpack_from(body)
        parts.append((kind, bytes(body[_COLUMN.size : _COLUMN.size + length])))
        body = body[_COLUMN.size + length :]
    steps, timestamps, values = parts
    reals = _decode_real(*values, count)
    # In version 1 the number of points is the one thing that the CRC does not cover.
    if len(reals) != count:
        raise StoreError(_DAMAGED)
    return Columns(_decode_whole(*steps, count), _decode_whole(*timestamps, count), reals)


def _crc(version: int, count: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, count if version == _VERSION else 0)


def _column(kind: int, data: bytes) -> bytes:
    return _COLUMN.pack(kind, len(data)) + data


def _encode_whole(column: NDArray[np.int64]) -> bytes:
    if len(column) <= _FEW:
        return _column(_PLAIN, column.astype("<i8").tobytes())
    stride = int(column[1]) - int(column[0])
    if (np.diff(column) == stride).all():
        return _column(_ARITHMETIC, _PROGRESSION.pack(int(column[0]), stride))
    return _encode_differences(column.view(np.uint64))


def _decode_whole(kind: int, data: bytes, count: int) -> NDArray[np.int64]:
    if kind == _PLAIN:
        return np.frombuffer(data, dtype="<i8").astype(np.int64)
    if kind == _ARITHMETIC:
        start, stride = _PROGRESSION.unpack(data)
        with np.errstate(over="ignore"):
            return np.int64(start) + np.arange(count, dtype=np.int64) * np.int64(stride)
    if kind == _DIFFERENCES:
        return _decode_differences(data, count).view(np.int64)
    return np.cumsum(_unshuffle(zlib.decompress(data)).view("<i8"), dtype=np.int64)


def _encode_real(column: NDArray[np.float64]) -> bytes:
    if len(column) <= _FEW:
        return _column(_PLAIN, column.astype("<f8").tobytes())
    bits = np.ascontiguousarray(column).view(np.uint64)
    if len(bits) > planes.FEW and planes.entropy(_differences(planes.sample(bits))) < planes.entropy(bits):
        return _encode_differences(bits)
    return _column(_PLANES, planes.encode(bits))


def _decode_real(kind: int, data: bytes, count: int) -> NDArray[np.float64]:
    if kind == _PLAIN:
        return np.frombuffer(data, dtype="<f8").astype(np.float64)
    if kind == _PLANES:
        return planes.decode(data, count).view(np.float64)
    if kind == _DIFFERENCES:
        return _decode_differences(data, count).view(np.float64)
    return _unshuffle(zlib.decompress(data)).view("<f8").astype(np.float64)


def _encode_differences(words: planes.Words) -> bytes:
    return _column(_DIFFERENCES, _FIRST.pack(int(words[0])) + planes.encode(_differences(words)))


def _decode_differences(data: bytes, count: int) -> planes.Words:
    folded = planes.decode(data[_FIRST.size :], count)
    differences = (folded >> np.uint64(1)) ^ (np.uint64(0) - (folded & np.uint64(1)))
    differences[0] = _FIRST.unpack_from(data)[0]
    return np.cumsum(differences, dtype=np.uint64)


def _differences(words: planes.Words) -> planes.Words:
    """Return 0, then each word's difference to the one before, with the sign as the lowest bit.

    They wrap around like the sums that undo them, so any word survives.
    """
    signed = np.diff(words, prepend=words[:1]).view(np.int64)
    return (signed << 1 ^ signed >> 63).view(np.uint64)


def _unshuffle(data: bytes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.frombuffer(data, dtype=np.uint8).reshape(8, -1).T).reshape(-1)
