"""Points as bytes, and back: what is logged a million times. Pure.

A layout says which run and which metrics the values of a frame belong to, by name and in order. It is written once,
as a JSON frame `["layout", run_id, [key, …]]`, and again after a while, so that damage to it costs little; frames of
points name it by the place where it begins in their part. A `true` behind the keys says that an exact repeat of a point
is no further one. A layout of what a run's models were measured on is
`["model layout", run_id, [key, …], {dataset} or null]`. Payloads, all numbers little-endian and eight bytes long but
for the first two, which are uint32:

- points: kind 1, layout, step, timestamp, then a float64 for each key: one call of `log`
- columns: kind 2, layout, number of points n, then n steps, n timestamps, and n float64 for each key in turn
- a model's points: kind 3, layout, step, timestamp, the 16 bytes of the model's ID, then a float64 for each key

Every float64 is kept as it is, NaN and -0.0 among them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..entities import DatasetRef
from .frames import ALIGNMENT, frame, header, json_frame

LAYOUT: Final = "layout"
MODEL_LAYOUT: Final = "model layout"
_POINTS: Final = 1
_COLUMNS: Final = 2
_MODEL_POINTS: Final = 3
_JSON: Final = ord("[")
_COLUMNS_HEAD = struct.Struct("<IIq")
_LOW = 0xFFFFFFFF
# What a model's ID is as a rule, and how many of its digits are kept as bytes.
_MODEL_ID = re.compile("m-([0-9a-f]{32})")
_DIGITS = 32


class Layout:
    """A run and the names of metrics, in order; `Journal` notes here where it wrote it, and until where that holds."""

    __slots__ = ("home", "keys", "kind", "offset", "once", "pack", "run_id", "until")

    def __init__(self, run_id: str, keys: tuple[str, ...], *, once: bool = False) -> None:
        self.run_id = run_id
        self.keys = keys
        self.once = once
        self.kind = _POINTS
        self.pack = _packer(f"<IIqq{len(keys)}d")
        self.home: object = None
        self.offset = 0
        self.until = 0

    def definition(self) -> bytes:
        """Return the frame that defines it."""
        return json_frame((LAYOUT, self.run_id, self.keys, *([True] if self.once else [])))

    def names(self, kind: int) -> bool:
        """Say whether frames of a kind can name it."""
        return kind in {_POINTS, _COLUMNS}

    def points(self, step: int, timestamp: int, values: Iterable[float | bytes]) -> bytes:
        """Return the frame of one call's points."""
        payload = self.pack(self.kind, self.offset, step, timestamp, *values)
        return header(len(payload), crc32(payload)) + payload

    def columns(
        self,
        steps: NDArray[np.int64],
        timestamps: NDArray[np.int64],
        values: Sequence[NDArray[np.float64]],
    ) -> bytes:
        """Return the frame of columns of equal length, one of values for each key."""
        head = _COLUMNS_HEAD.pack(_COLUMNS, self.offset, len(steps))
        return frame(b"".join([head, steps.tobytes(), timestamps.tobytes(), *(each.tobytes() for each in values)]))


class ModelLayout(Layout):
    """A run's layout of what its models were measured on; before the values of a call stand the model's bytes."""

    __slots__ = ("dataset",)

    def __init__(self, run_id: str, keys: tuple[str, ...], dataset: DatasetRef | None) -> None:
        super().__init__(run_id, keys)
        self.dataset = dataset
        self.kind = _MODEL_POINTS
        self.pack = _packer(f"<IIqq{_DIGITS // 2}s{len(keys)}d")

    def definition(self) -> bytes:
        """Return the frame that defines it."""
        return json_frame((MODEL_LAYOUT, self.run_id, self.keys, self.dataset))

    def names(self, kind: int) -> bool:
        """Say whether frames of a kind can name it."""
        return kind == _MODEL_POINTS


def model_bytes(model_id: str) -> bytes | None:
    """Return what a model goes by in a frame; None where its ID is not `m-` and 32 hex digits: a stranger's."""
    found = _MODEL_ID.fullmatch(model_id)
    return bytes.fromhex(found[1]) if found else None


@lru_cache(maxsize=64)
def _packer(form: str) -> Callable[..., bytes]:
    return struct.Struct(form).pack


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Points of one layout: columns of shape (points,) and values of shape (keys, points).

    `places` tells the order logged, also between blocks that were read together. With `once` an exact repeat of a
    point is no further one.
    """

    run_id: str
    keys: tuple[str, ...]
    places: NDArray[np.int64]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    once: bool = False

    def where(self, chosen: NDArray[np.bool_]) -> Block:
        """Return some of its points."""
        columns = self.places[chosen], self.steps[chosen], self.timestamps[chosen]
        return Block(self.run_id, self.keys, *columns, self.values[:, chosen], self.once)


@dataclass(frozen=True, slots=True, eq=False)
class ModelBlock:
    """Points of one run's models on one dataset: a model's ID for each call, columns and values as in `Block`."""

    run_id: str
    keys: tuple[str, ...]
    dataset: DatasetRef | None
    model_ids: list[str]
    places: NDArray[np.int64]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> ModelBlock:
        """Return some of its calls."""
        model_ids = [self.model_ids[place] for place in np.flatnonzero(chosen).tolist()]
        columns = self.places[chosen], self.steps[chosen], self.timestamps[chosen]
        return ModelBlock(self.run_id, self.keys, self.dataset, model_ids, *columns, self.values[:, chosen])


class Group(NamedTuple):
    """Frames of one kind and one layout: their places among the frames they were found with, shape (frames,)."""

    kind: int
    layout: int
    members: NDArray[np.int64]


def of_points(buffer: bytes, begins: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each frame whether it holds points, and no JSON."""
    kinds: NDArray[np.uint8] = np.frombuffer(buffer, dtype=np.uint8)[begins + ALIGNMENT]
    return np.not_equal(kinds, _JSON)


def groups(buffer: bytes, begins: NDArray[np.int64]) -> list[Group]:
    """Sort good frames of points by kind and layout, given where each begins."""
    heads = _words(buffer)[begins // ALIGNMENT + 1]
    order = np.argsort(heads, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(heads[order])) + 1) if len(order) else []
    return [Group(int(heads[part[0]]) & _LOW, int(heads[part[0]]) >> 32 & _LOW, part) for part in parts]


def payload_words(buffer: bytes, begins: NDArray[np.int64], kind: int, layout: Layout) -> NDArray[np.int64]:
    """Return how long frames of one kind and layout must be, in words of eight bytes without their headers."""
    words, keys, rows = _words(buffer), len(layout.keys), begins // ALIGNMENT
    if kind == _COLUMNS:
        # One that is too short to have a count fits by no count, as do a negative one and one beyond all bounds.
        counts = words[np.minimum(rows + 2, len(words) - 1)]
        counts = np.where(counts >> 32, -1, counts)
        return 2 + (2 + keys) * counts
    return np.full(len(begins), (3 if kind == _POINTS else 5) + keys)


def blocks(
    buffer: bytes,
    begins: NDArray[np.int64],
    kind: int,
    layout: Layout,
    places: NDArray[np.int64],
) -> Iterator[Block]:
    """Read frames of one kind and layout, given where each begins, and its place in the order logged."""
    words, keys, rows = _words(buffer), len(layout.keys), begins // ALIGNMENT
    if kind == _POINTS:
        values = words.view("<f8")[rows + np.arange(4, 4 + keys)[:, None]]
        yield Block(layout.run_id, layout.keys, places, words[rows + 2], words[rows + 3], values, layout.once)
        return
    for place, row in zip(places.tolist(), rows.tolist(), strict=True):
        count = int(words[row + 2])
        table = words[row + 3 : row + 3 + (2 + keys) * count].reshape(2 + keys, count)
        yield Block(layout.run_id, layout.keys, np.full(count, place), table[0], table[1], table[2:].view("<f8"))


def model_block(buffer: bytes, begins: NDArray[np.int64], layout: ModelLayout, places: NDArray[np.int64]) -> ModelBlock:
    """Read frames of models' points of one layout, given where each begins, and its place in the order logged."""
    words, rows = _words(buffer), begins // ALIGNMENT
    digits = words[rows[:, None] + np.arange(4, 6)].tobytes().hex()
    model_ids = [f"m-{digits[place : place + _DIGITS]}" for place in range(0, len(digits), _DIGITS)]
    values = words.view("<f8")[rows + np.arange(6, 6 + len(layout.keys))[:, None]]
    named = layout.run_id, layout.keys, layout.dataset
    return ModelBlock(*named, model_ids, places, words[rows + 2], words[rows + 3], values)


def _words(buffer: bytes) -> NDArray[np.int64]:
    return np.frombuffer(buffer, dtype="<i8", count=len(buffer) // ALIGNMENT)
