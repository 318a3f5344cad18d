"""Cursors: how much of each curve a reader has seen. Pure.

A cursor is the base64 of a version, a CRC-32, and for each series a hash of what names it and the number of its
points that were seen. It holds no place in a file: it stays good when segments are merged, and in a copy of the store.
It is no secret and is not signed, since it can only say what is not to be sent again.
"""

from __future__ import annotations

import struct
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b

import orjson

from ..errors import InvalidInput

_HEAD = struct.Struct("<BI")
_SEEN = struct.Struct("<8sQ")
_VERSION = 1
_FORGED = "the cursor is not one that was given out; read once without `since` to get one"

Seen = Mapping[bytes, int]


def series_name(
    run_id: str, key: str, of_model: int, dataset_name: str, dataset_digest: str, rewinds: int = 0
) -> bytes:
    """Return the eight bytes that a series is known by in a cursor.

    It is known by others each time that points of its run were taken back: it is read anew then.
    """
    named = orjson.dumps([run_id, key, of_model, dataset_name, dataset_digest, *([rewinds] if rewinds else [])])
    return blake2b(named, digest_size=8).digest()


def encode_cursor(seen: Seen) -> str:
    """Make a cursor of the number of points seen of each series."""
    body = b"".join(_SEEN.pack(name, points) for name, points in seen.items())
    return urlsafe_b64encode(_HEAD.pack(_VERSION, zlib.crc32(body)) + body).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Seen:
    """Return the number of points seen of each series; without a cursor nothing was.

    Raises:
        InvalidInput: it is anything but what `encode_cursor` made.
    """
    if cursor is None:
        return {}
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        version, crc = _HEAD.unpack_from(data)
        seen: dict[bytes, int] = dict(_SEEN.iter_unpack(data[_HEAD.size :]))
    except (TypeError, ValueError, struct.error):
        raise InvalidInput(_FORGED) from None
    if version != _VERSION or crc != zlib.crc32(data[_HEAD.size :]):
        raise InvalidInput(_FORGED)
    return seen
