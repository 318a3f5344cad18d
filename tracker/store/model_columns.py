"""What is ranked by the million, as columns: pieces of so many model numbers each, and the bytes of these. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError

# How many model numbers a piece spans.
CHUNK: Final = 8192
# Stands for a model that was saved at no step.
NO_STEP: Final = int(np.iinfo(np.int64).max)
_CRC_BYTES = 4
_OFFSETS = np.dtype("<u2")
_VALUES = np.dtype("<f8")
# experiment, run, step, hash of the params
_FACTS = np.dtype(("<i8", 4))


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
    facts = np.stack(models.columns[1:], axis=1).astype("<i8")
    return _framed(_offsets(chunk, models.model_nos), facts.tobytes())


def encode_scores(chunk: int, scores: ScoreColumns) -> bytes:
    """Return the bytes of one piece of values."""
    return _framed(_offsets(chunk, scores.model_nos), scores.values.astype(_VALUES).tobytes())


def decode_models(pieces: Sequence[tuple[int, bytes]]) -> ModelColumns:
    """Return the models of pieces, each with its number, by rising number.

    Raises:
        StoreError: a piece is damaged.
    """
    numbers, bodies = _unframed(pieces, _FACTS.itemsize)
    facts = np.frombuffer(b"".join(bodies), "<i8").reshape(-1, 4)
    return ModelColumns(numbers, *(np.ascontiguousarray(column) for column in facts.T))


def decode_scores(pieces: Sequence[tuple[int, bytes]]) -> ScoreColumns:
    """Return the values of pieces, each with its number, by rising number of the model.

    Raises:
        StoreError: a piece is damaged.
    """
    numbers, bodies = _unframed(pieces, _VALUES.itemsize)
    return ScoreColumns(numbers, np.frombuffer(b"".join(bodies), _VALUES))


def _offsets(chunk: int, model_nos: NDArray[np.int64]) -> bytes:
    return (model_nos - chunk * CHUNK).astype(_OFFSETS).tobytes()


def _framed(offsets: bytes, body: bytes) -> bytes:
    return zlib.crc32(body, zlib.crc32(offsets)).to_bytes(_CRC_BYTES, "little") + offsets + body


def _unframed(pieces: Sequence[tuple[int, bytes]], size: int) -> tuple[NDArray[np.int64], list[bytes]]:
    numbers, bodies = [np.empty(0, np.int64)], []
    for chunk, data in sorted(pieces):
        count, rest = divmod(len(data) - _CRC_BYTES, _OFFSETS.itemsize + size)
        if rest or zlib.crc32(data[_CRC_BYTES:]).to_bytes(_CRC_BYTES, "little") != data[:_CRC_BYTES]:
            raise StoreError(f"columns of checkpoints {chunk * CHUNK} and up are damaged")
        end = _CRC_BYTES + count * _OFFSETS.itemsize
        numbers.append(np.frombuffer(data[_CRC_BYTES:end], _OFFSETS).astype(np.int64) + chunk * CHUNK)
        bodies.append(data[end:])
    return np.concatenate(numbers), bodies
