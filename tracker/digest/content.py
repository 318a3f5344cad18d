"""The digest of named arrays: what they hold, whatever memory they hold it in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# 64 bits: a store would need some five billion datasets before two of them are likely to meet.
DIGEST_BYTES = 8

# Values that are read at once while hashing: the memory that a strided or byte-swapped array costs.
_PIECE = 1 << 18

# bool, signed, unsigned, float, complex, timedelta, datetime, bytes: their bytes are their values.
_PLAIN_KINDS = frozenset("biufcmMS")

# Python objects, text of one width for all, and numpy 2's text of any width.
_TEXT_KINDS = frozenset("OUT")


class Content:
    """A digest that grows by one named array at a time, in the order given.

    Each array is preceded by its key, dtype and shape, so no two sequences of arrays feed the same bytes.
    Values count bit for bit (0.0 and -0.0 differ); memory layout and byte order do not count.
    `dtypes` and `shapes` tell what was added, by key. `kind` sets digests of different origins apart.
    """

    def __init__(self, kind: str) -> None:
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES, person=kind.encode())
        self.dtypes: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def add(self, key: str, values: ArrayLike) -> None:
        """Add one array of any shape.

        Text is hashed as UTF-8, so it does not matter whether numpy keeps it as objects or at a fixed width.

        Raises:
            InvalidInput: the key was added before, or the values are no array of numbers, times or text.
        """
        if key in self.dtypes:
            msg = f"two arrays are named {key!r}; give each a name of its own"
            raise InvalidInput(msg)
        array = _as_array(key, values)
        is_text = array.dtype.kind in _TEXT_KINDS
        dtype = "str" if is_text else array.dtype.name
        header = json.dumps([key, dtype, array.shape]).encode()
        self._hash.update(len(header).to_bytes(8, "little"))
        self._hash.update(header)
        for piece in _text_bytes(key, array) if is_text else _plain_bytes(array):
            self._hash.update(piece)
        self.dtypes[key] = dtype
        self.shapes[key] = array.shape

    def hexdigest(self) -> str:
        """Give the digest of all that was added, as 16 hex characters."""
        return self._hash.hexdigest()

    @property
    def schema(self) -> str:
        """What was added, as compact JSON: `{key: {"dtype": …, "shape": […]}}`."""
        return compact_json({key: {"dtype": self.dtypes[key], "shape": self.shapes[key]} for key in self.dtypes})


def compact_json(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def _as_array(key: str, values: ArrayLike) -> NDArray[np.generic]:
    if isinstance(values, np.ma.MaskedArray):
        # numpy would drop the mask, and arrays that differ in what is masked would look alike
        msg = f"array {key!r} is a masked array; fill it first, as with .filled(0)"
        raise InvalidInput(msg)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        msg = f"array {key!r} cannot be read as an array: {reason}"
        raise InvalidInput(msg) from error
    kind = array.dtype.kind
    # An extended float's padding bytes are whatever was in memory before.
    if kind in _TEXT_KINDS or (kind in _PLAIN_KINDS and array.dtype.char not in "gG"):
        return array
    msg = f"array {key!r} has dtype {array.dtype}, which has no stable bytes; give numbers, times or text"
    raise InvalidInput(msg)


def _plain_bytes(array: NDArray[np.generic]) -> Iterator[memoryview]:
    """Read numbers and times in C order and as little-endian, a piece at a time."""
    pieces = np.nditer(
        array,
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=["readonly"],
        op_dtypes=array.dtype.newbyteorder("<"),
        order="C",
        casting="equiv",
        buffersize=_PIECE,
    )
    with pieces:
        for piece in pieces:
            yield np.ascontiguousarray(piece).view(np.uint8).data


def _text_bytes(key: str, array: NDArray[np.generic]) -> Iterator[bytes]:
    """Encode text: first the length of each element, then all of it."""
    elements = array.ravel(order="C").tolist()
    for position, element in enumerate(elements):
        if not isinstance(element, str):
            msg = (
                f"array {key!r} holds {type(element).__name__} at position {position}: "
                "arrays of objects can hold text only; convert, fill or drop it"
            )
            raise InvalidInput(msg)
    encoded = [element.encode("utf-8", "surrogatepass") for element in elements]
    yield np.array([len(text) for text in encoded], dtype="<i8").tobytes()
    yield b"".join(encoded)
