"""64-bit words as bytes, by planes, and back: pure.

The words' bytes are sorted by significance: all lowest bytes, then all second lowest… So what is alike stands
together. A plane that is the same everywhere is one byte; one with a pattern is deflated; noise, such as a float's
last digits, is kept as it is, which costs no time to find out and none to read. Zeros that all words end with are
shifted out before: a float32 that became a float64 has 29.
"""

from __future__ import annotations

import struct
import zlib
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
_T = TypeVar("_T", bound=np.generic)

_PLANE = struct.Struct("<BI")
_CONSTANT, _PLAIN, _DEFLATED = range(3)
# Deflate's level: 1 is several times as fast as the default and a few per cent larger.
_LEVEL = 1
# How many bytes tell whether a plane is noise, and how many bits each of them may then hold.
_SAMPLE = 1024
_NOISE = 7.6
_WORD = 8


def encode(words: Words) -> bytes:
    """Return the bytes of at least one word."""
    shift = _trailing_zeros(words)
    table = (words >> np.uint64(shift)).astype("<u8").view(np.uint8).reshape(-1, _WORD)
    return bytes([shift]) + b"".join(_encode_plane(table[:, place]) for place in range(_WORD))


def decode(data: bytes, count: int) -> Words:
    """Return the words."""
    table = np.empty((count, _WORD), np.uint8)
    place = 1
    for number in range(_WORD):
        kind, length = _PLANE.unpack_from(data, place)
        place += _PLANE.size
        table[:, number] = _decode_plane(kind, data[place : place + length])
        place += length
    return table.reshape(-1).view("<u8") << np.uint64(data[0])


def sample(column: NDArray[_T]) -> NDArray[_T]:
    """Return a piece out of the middle that is large enough to tell what the column is like."""
    middle = max(0, (len(column) - _SAMPLE) // 2)
    return column[middle : middle + _SAMPLE]


def entropy(words: Words) -> float:
    """Estimate how many bits a word takes, by a sample."""
    table = sample(words).astype("<u8").view(np.uint8).reshape(-1, _WORD)
    return sum(_entropy(table[:, place]) for place in range(_WORD))


def _entropy(plane: NDArray[np.uint8]) -> float:
    """Return bits a byte."""
    counts = np.bincount(plane, minlength=1)
    shares = counts[counts > 0] / len(plane)
    return float(-(shares * np.log2(shares)).sum())


def _trailing_zeros(words: Words) -> int:
    """Return how many zeros all words end with."""
    bits = int(np.bitwise_or.reduce(words))
    return (bits & -bits).bit_length() - 1 if bits else 0


def _encode_plane(plane: NDArray[np.uint8]) -> bytes:
    if (plane == plane[0]).all():
        return _PLANE.pack(_CONSTANT, 1) + plane[:1].tobytes()
    data = plane.tobytes()
    if _entropy(sample(plane)) < _NOISE:
        deflated = zlib.compress(data, _LEVEL)
        if len(deflated) < len(data):
            return _PLANE.pack(_DEFLATED, len(deflated)) + deflated
    return _PLANE.pack(_PLAIN, len(data)) + data


def _decode_plane(kind: int, data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(data) if kind == _DEFLATED else data, np.uint8)
