"""What is ranked by the million, as columns: pieces of so many model numbers each, and the bytes of these. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from ..ranking import NO_STEP

# How many model numbers a piece spans.
CHUNK: Final = 8192
_CRC_BYTES = 4
_OFFSET = np.dtype("<u2")


@dataclass(frozen=True, slots=True, eq=False)
class ModelColumns:
    """Facts of models that may rank, by rising number, as int64 columns of shape (models,)."""

    model_nos: NDArray[np.int64]
    experiment_ids: NDArray[np.int64]
    run_nos: NDArray[np.int64]
    steps: NDArray[np.int64]
    params_hashes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.model_nos)

    def where(self, chosen: NDArray[np.bool_]) -> ModelColumns:
        """Return some of them."""
        return ModelColumns(*(column[chosen] for column in self.columns))

    @property
    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """All columns, in the order of the fields."""
        return self.model_nos, self.experiment_ids, self.run_nos, self.steps, self.params_hashes


def joined_models(parts: Sequence[ModelColumns]) -> ModelColumns:
    """Put parts together, by rising number."""
    if len(parts) == 1:
        return parts[0]
    whole = [np.concatenate(columns) for columns in zip(*(part.columns for part in parts), strict=True)]
    return ModelColumns(*_rising(whole))


@dataclass(frozen=True, slots=True, eq=False)
class ScoreColumns:
    """The newest values of one metric on one dataset, by rising number of the model: columns of shape (models,)."""

    model_nos: NDArray[np.int64]
    values: NDArray[np.float64]

    def of(self, model_nos: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the values of some models, by rising number, and which of them have one."""
        if np.array_equal(model_nos, self.model_nos):
            return self.values, np.ones(len(model_nos), dtype=np.bool_)
        if not len(self.model_nos):
            return np.full(len(model_nos), np.nan), np.zeros(len(model_nos), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self.model_nos, model_nos), len(self.model_nos) - 1)
        there = self.model_nos[places] == model_nos
        return np.where(there, self.values[places], np.nan), there


def joined_scores(parts: Sequence[ScoreColumns]) -> ScoreColumns:
    """Put parts together, by rising number."""
    if len(parts) == 1:
        return parts[0]
    numbers, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("model_nos", "values"))
    return ScoreColumns(*_rising([numbers, values]))


def _rising(columns: list[NDArray[Any]]) -> list[NDArray[Any]]:
    if (columns[0][1:] > columns[0][:-1]).all():
        return columns
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def model_columns(rows: Iterable[Sequence[int | None]]) -> ModelColumns:
    """Make columns of rows: number, experiment, run, step, hash of the params."""
    found = [[NO_STEP if value is None else value for value in row] for row in rows]
    table = np.array(found, dtype=np.int64).reshape(-1, 5)
    return ModelColumns(*(np.ascontiguousarray(column) for column in table.T))


def score_columns(rows: Iterable[tuple[int, float | None]]) -> ScoreColumns:
    """Make columns of rows: the model's number and its value, None for NaN."""
    found = list(rows)
    numbers = np.fromiter((row[0] for row in found), np.int64, len(found))
    # NumPy reads None as NaN here.
    return ScoreColumns(numbers, np.array([row[1] for row in found], dtype=np.float64))


def encode_models(chunk: int, models: ModelColumns) -> bytes:
    """Return the bytes of the facts of one piece's models."""
    return _framed(chunk, models.model_nos, models.columns[1:])


def encode_scores(chunk: int, scores: ScoreColumns) -> bytes:
    """Return the bytes of one piece of values."""
    return _framed(chunk, scores.model_nos, [scores.values])


def decode_models(pieces: Sequence[tuple[int, bytes]]) -> ModelColumns:
    """Return the models of pieces, each with its number, by rising number.

    Raises:
        StoreError: a piece is damaged.
    """
    numbers, experiment_ids, run_nos, steps, hashes = _unframed(pieces, [np.dtype("<i8")] * 4)
    return ModelColumns(numbers, experiment_ids, run_nos, steps, hashes)


def decode_scores(pieces: Sequence[tuple[int, bytes]]) -> ScoreColumns:
    """Return the values of pieces, each with its number, by rising number of the model.

    Raises:
        StoreError: a piece is damaged.
    """
    numbers, values = _unframed(pieces, [np.dtype("<f8")])
    return ScoreColumns(numbers, values)


def _framed(chunk: int, model_nos: NDArray[np.int64], columns: Iterable[NDArray[Any]]) -> bytes:
    offsets = (model_nos - chunk * CHUNK).astype(_OFFSET)
    body = b"".join([offsets.tobytes(), *(column.tobytes() for column in columns)])
    return zlib.crc32(body).to_bytes(_CRC_BYTES, "little") + body


def _unframed(pieces: Sequence[tuple[int, bytes]], kinds: Sequence[np.dtype[Any]]) -> list[NDArray[Any]]:
    """Return the numbers and then the columns of pieces, each column made once and filled piece by piece."""
    size = _OFFSET.itemsize + sum(kind.itemsize for kind in kinds)
    counts = [(len(data) - _CRC_BYTES) // size for _, data in pieces]
    whole = [np.empty(sum(counts), kind) for kind in [np.dtype(np.int64), *kinds]]
    begin = 0
    for count, (chunk, data) in sorted(zip(counts, pieces, strict=True), key=lambda each: each[1][0]):
        _check(chunk, data, count * size)
        place, end = _CRC_BYTES, begin + count
        np.add(np.frombuffer(data, _OFFSET, count, place), np.int64(chunk * CHUNK), out=whole[0][begin:end])
        place += count * _OFFSET.itemsize
        for column, kind in zip(whole[1:], kinds, strict=True):
            column[begin:end] = np.frombuffer(data, kind, count, place)
            place += count * kind.itemsize
        begin = end
    return whole


def _check(chunk: int, data: bytes, expected: int) -> None:
    body = memoryview(data)[_CRC_BYTES:]
    if len(body) != expected or zlib.crc32(body).to_bytes(_CRC_BYTES, "little") != data[:_CRC_BYTES]:
        raise StoreError(f"columns of checkpoints {chunk * CHUNK} and up are damaged")
