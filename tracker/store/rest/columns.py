"""Columns of numbers as bytes, and back: pure.

The length of a JSON text (uint64, little-endian), that text, blanks up to a multiple of eight bytes, then the columns
one after the other. The JSON says `{"head": …, "columns": [["<i8", 3], …]}`: of each column its type and its length.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ...errors import StoreError

Column = NDArray[np.int64] | NDArray[np.float64]
_LENGTH = struct.Struct("<Q")
_WIDTH = 8
_TYPES = ("<i8", "<f8")


def pack(head: object, columns: Sequence[Column]) -> bytes:
    """Return what is said of some columns, and the columns."""
    told = [("<f8" if each.dtype.kind == "f" else "<i8", len(each)) for each in columns]
    text = orjson.dumps({"head": head, "columns": told})
    text = text.ljust(-(-len(text) // _WIDTH) * _WIDTH)
    data = [each.astype(kind, copy=False).tobytes() for each, (kind, _) in zip(columns, told, strict=True)]
    return b"".join([_LENGTH.pack(len(text)), text, *data])


def unpack(data: bytes) -> tuple[Any, list[Any]]:
    """Return what is said of columns, and the columns.

    Raises:
        StoreError: these are no such bytes.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        told = orjson.loads(data[_WIDTH : _WIDTH + length])
        columns, begin = [], _WIDTH + length
        for kind, count in told["columns"]:
            columns.append(
                np.frombuffer(data, _TYPES[_TYPES.index(kind)], count, begin).copy() if count else _empty(kind)
            )
            begin += _WIDTH * count
        return told["head"], columns
    except (struct.error, ValueError, KeyError, TypeError) as problem:
        raise StoreError(f"a server answered with no columns: {problem}") from problem


def _empty(kind: str) -> NDArray[Any]:
    return np.empty(0, kind)
