"""64-bit words as bytes, by planes, and back: pure.

The words' bytes are sorted by significance: all lowest bytes, then all second lowest… So what is alike stands
together. A plane that is the same everywhere is one byte; one with a pattern is deflated; noise, such as a float's
last digits, is kept as it is, which costs no time to find out and none to read. Zeros that all words end with are
shifted out before: a float32 that became a float64 has 29.
"""

from __future__ import annotations

import math
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
# So few words are not looked at closely, for that takes several times as long as all else and saves little: a stream's
# small pieces are put together later.
FEW = 512
# How many bytes tell whether a plane is noise, and how many bits each of them may then hold.
_SAMPLE = 1024
_NOISE = 7.6
# About what a deflated plane takes beyond its bits: few bytes look less like noise than they are, for they do not
# show each value there is.
_OVERHEAD = 32
_WORD = 8
_BYTE = 8
# Where the counts of each plane's bytes begin, and c log2 c for each count.
_BEGINS = np.arange(_WORD) << _BYTE
_WEIGHTS = np.arange(_SAMPLE + 1) * np.log2(np.maximum(np.arange(_SAMPLE + 1), 1))


def encode(words: Words) -> bytes:
    """Return the bytes of at least one word."""
    shift = _trailing_zeros(words)
    words = words >> np.uint64(shift)
    table = _table(words)
    constant = (table == table[0]).all(axis=0).tolist()
    bits = [math.inf] * _WORD if len(words) <= FEW else _entropies(words).tolist()
    planes = (
        _PLANE.pack(_CONSTANT, 1) + plane[:1].tobytes() if is_constant else _encode_plane(plane, bit)
        for plane, is_constant, bit in zip(table.T, constant, bits, strict=True)
    )
    return bytes([shift]) + b"".join(planes)


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
    return float(_entropies(words).sum())


def _entropies(words: Words) -> NDArray[np.float64]:
    """Return about how many bits a byte of each plane takes."""
    table = _table(sample(words))
    counts = np.bincount((table + _BEGINS).reshape(-1), minlength=_WORD << _BYTE).reshape(_WORD, -1)
    bits: NDArray[np.float64] = np.log2(len(table)) - _WEIGHTS.take(counts).sum(axis=1) / len(table)
    return bits


def _table(words: Words) -> NDArray[np.uint8]:
    """Return the bytes of words, lowest first, a word a row."""
    return words.astype("<u8").view(np.uint8).reshape(-1, _WORD)


def _trailing_zeros(words: Words) -> int:
    """Return how many zeros all words end with."""
    bits = int(np.bitwise_or.reduce(words))
    return (bits & -bits).bit_length() - 1 if bits else 0


def _encode_plane(plane: NDArray[np.uint8], bits: float) -> bytes:
    data = plane.tobytes()
    if bits < min(_NOISE, _BYTE * (1 - _OVERHEAD / len(plane))):
        deflated = zlib.compress(data, _LEVEL)
        if len(deflated) < len(data):
            return _PLANE.pack(_DEFLATED, len(deflated)) + deflated
    return _PLANE.pack(_PLAIN, len(data)) + data


def _decode_plane(kind: int, data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(data) if kind == _DEFLATED else data, np.uint8)
