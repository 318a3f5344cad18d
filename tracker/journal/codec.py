"""Records as bytes, and back: pure.

A journal is `MAGIC`, then frames. A frame is its payload's length and CRC-32 (two little-endian uint32), then
the payload: a JSON array of the record's tag and fields. JSON has no NaN and no infinities, so as a metric's
value they are the strings that MLflow's protocol uses for them.

A frame is good if its length fits and its CRC holds. What follows the last good frame is a tail: still being
written if the journal's owner lives, torn if not.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import orjson

from ..entities import DatasetInfo, DatasetRef, File
from ..entities.records import (
    AddFiles,
    CreateModel,
    EndRun,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    MeasureModel,
    Record,
    SetTags,
    StartRun,
)
from ..errors import StoreError

MAGIC = b"tracker\x01"
_HEADER = struct.Struct("<II")
_KINDS: dict[str, type[Any]] = {
    "start": StartRun,
    "end": EndRun,
    "metrics": LogMetrics,
    "params": LogParams,
    "tags": SetTags,
    "input": LogInput,
    "model": CreateModel,
    "finish": FinishModel,
    "measure": MeasureModel,
    "files": AddFiles,
}
_TAGS = {kind: tag for tag, kind in _KINDS.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _TAGS}


def encode(record: Record) -> bytes:
    """Return the record's frame."""
    kind = type(record)
    content = [getattr(record, name) for name in _FIELDS[kind]]
    if isinstance(record, LogMetrics | MeasureModel):
        content[_FIELDS[kind].index("values")] = portable(record.values)
    return frame(orjson.dumps([_TAGS[kind], *content]))


def encode_metrics(run_id: str, step: int, timestamp: int, values: Mapping[str, float]) -> bytes:
    """Return the frame of a `LogMetrics`, without making one: this is the hot path."""
    # One sum tells whether all are finite; an overflow only sends finite values down the slow path.
    if not math.isfinite(sum(values.values())):
        values = portable(values)  # type: ignore[assignment]
    return frame(orjson.dumps(("metrics", run_id, step, timestamp, values)))


def frame(payload: bytes) -> bytes:
    """Put length and CRC-32 before a payload."""
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def portable(values: Mapping[str, float]) -> dict[str, float | str]:
    """Replace what JSON cannot say by its name."""
    return {key: value if math.isfinite(value) else _name(value) for key, value in values.items()}


def _name(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def payloads(buffer: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each good frame's payload, and where the frame ends in the buffer; stop at the first bad one."""
    start = 0
    while start + _HEADER.size <= len(buffer):
        length, crc = _HEADER.unpack_from(buffer, start)
        end = start + _HEADER.size + length
        payload = buffer[start + _HEADER.size : end]
        # Zeros, as a power loss may leave them at the end, would be good frames of nothing.
        if not payload or len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield payload, end
        start = end


def first_frame_bytes(buffer: bytes) -> int:
    """Return how long the buffer's first frame is by its header, whole or not; 0 if that cannot be told."""
    start = len(MAGIC) if buffer.startswith(MAGIC) else 0
    if len(buffer) < start + _HEADER.size:
        return 0
    length, _ = _HEADER.unpack_from(buffer, start)
    return start + _HEADER.size + int(length)


def decode(payload: bytes) -> Record:
    """Rebuild the record of a payload.

    Raises:
        StoreError: a newer version wrote a kind of record that this one does not know.
    """
    tag, *content = orjson.loads(payload)
    try:
        return _BUILDERS.get(tag, _KINDS[tag])(*content)  # type: ignore[no-any-return]
    except (KeyError, TypeError) as problem:
        message = f"a newer version logged a record ({tag!r}) that is not known here: upgrade sweeps-tracker"
        raise StoreError(message) from problem


def _metrics(run_id: str, step: int, timestamp: int, values: dict[str, float]) -> LogMetrics:
    return LogMetrics(run_id, step, timestamp, _numbers(values))


def _measure(
    model_id: str,
    run_id: str,
    step: int,
    timestamp: int,
    values: dict[str, float],
    dataset: dict[str, str] | None,
) -> MeasureModel:
    ref = DatasetRef(**dataset) if dataset else None
    return MeasureModel(model_id, run_id, step, timestamp, _numbers(values), ref)


def _input(run_id: str, dataset: dict[str, str], context: str) -> LogInput:
    return LogInput(run_id, DatasetInfo(**dataset), context)


def _files(owner: str, files: list[dict[str, Any]]) -> AddFiles:
    return AddFiles(owner, tuple(File(**file) for file in files))


def _numbers(values: dict[str, float]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items()}


_BUILDERS: dict[str, Callable[..., Record]] = {
    "metrics": _metrics,
    "measure": _measure,
    "input": _input,
    "files": _files,
}
