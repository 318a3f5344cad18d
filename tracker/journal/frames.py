"""Frames: how payloads follow one another in a journal. Pure.

A part of a journal is `MAGIC`, then frames. A frame is its payload's length and CRC-32 (two little-endian uint32),
then the payload. Payloads fill multiples of eight bytes, so frames begin at such places: that is where to look for the
next one when one is damaged, and numbers can be read where they lie.

A frame is good if its length fits and its CRC holds. What follows the last good frame is a tail: still being
written if the journal's owner lives, torn if not.
"""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import orjson
from numpy.typing import NDArray

from .crc import crc32_of_rows

MAGIC = b"tracker\x02"
# Version 1 had JSON payloads only, of any length.
OLD_MAGIC = b"tracker\x01"
ALIGNMENT = 8
_HEADER = struct.Struct("<II")
header = _HEADER.pack
# So many frames in a row, none of them longer than that, are worth a look at all that follow at once.
_MANY = 256
_SHORT = 256


def frame(payload: bytes) -> bytes:
    """Put length and CRC-32 before a payload that fills a multiple of eight bytes."""
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def json_frame(content: object) -> bytes:
    """Return the frame of a JSON payload; blanks fill it up."""
    payload = orjson.dumps(content)
    return frame(payload.ljust(-(-len(payload) // ALIGNMENT) * ALIGNMENT))


def whole_frames(buffer: bytes, start: int = 0, most: int = sys.maxsize) -> tuple[list[int], int]:
    """Return where good frames begin, from `start` up to the first bad one, and where that would begin."""
    begins: list[int] = []
    view, size, head = memoryview(buffer), len(buffer), _HEADER.size
    unpack, crc32 = _HEADER.unpack_from, zlib.crc32
    look = _MANY
    while start + head <= size and len(begins) < most:
        length, crc = unpack(buffer, start)
        end = start + head + length
        # Zeros, as a power loss may leave them at the end, would be good frames of nothing.
        if not length or end > size or crc32(view[start + head : end]) != crc:
            break
        begins.append(start)
        start = end
        if len(begins) == look:
            start = _pass_alike(buffer, start, length, begins)
            look = len(begins) + _MANY
    return begins, start


def _pass_alike(buffer: bytes, start: int, length: int, begins: list[int]) -> int:
    """Note where good frames begin that follow at `start` and are all of one length; return where the next would.

    A program that logs the same metrics again and again fills its journal with such frames.
    """
    width = _HEADER.size + length
    if length > _SHORT or start + _MANY * width > len(buffer):
        return start
    table = np.frombuffer(buffer, np.uint8, (len(buffer) - start) // width * width, start).reshape(-1, width)
    heads = np.ascontiguousarray(table[:, : _HEADER.size]).view("<u4")
    alike = _count_true(heads[:, 0] == length)
    if alike < _MANY:
        return start
    good = _count_true(crc32_of_rows(table[:alike, _HEADER.size :]) == heads[:alike, 1])
    end = start + good * width
    begins.extend(range(start, end, width))
    return end


def _count_true(flags: NDArray[np.bool_]) -> int:
    """Count how many are true before the first that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def payload_at(buffer: bytes, start: int) -> bytes:
    """Return the payload of the good frame that begins there."""
    length, _ = _HEADER.unpack_from(buffer, start)
    return buffer[start + _HEADER.size : start + _HEADER.size + length]


def next_frame(buffer: bytes) -> int | None:
    """Return where the next good frame begins behind the bad one at the start of a buffer, if there is any."""
    words = np.frombuffer(buffer, dtype="<u4", count=len(buffer) // 4)
    places = np.arange(ALIGNMENT, len(buffer) - _HEADER.size, ALIGNMENT)
    lengths = words[places // 4].astype(np.int64)
    plausible = (lengths > 0) & (lengths % ALIGNMENT == 0) & (places + _HEADER.size + lengths <= len(buffer))
    return next((place for place in places[plausible].tolist() if whole_frames(buffer, place, 1)[0]), None)


def frame_bytes(buffer: bytes, start: int) -> int:
    """Return how long the frame at `start` is by its header, whole or not; 0 if that cannot be told."""
    if len(buffer) < start + _HEADER.size:
        return 0
    length, _ = _HEADER.unpack_from(buffer, start)
    return _HEADER.size + int(length)
