"""What a run's metrics come to: gathered of the rows of its curves, and packed into bytes once it has ended. Pure.

A search gives back many runs with many metrics each, of which a row has ten figures: making these in Python takes far
longer than finding them. Of bytes, all latest values of a run are made at once, and its summaries only when one of them
is looked at.

The bytes are a CRC-32, the number of metrics, their numbers and their latest values; then, deflated, which steps of the
summaries are missing, and the summaries as columns.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import Any, Final, NamedTuple

from ..entities import MetricSummary
from ..errors import StoreError

# The numbers of a run and a metric, then these columns of `series`.
Row = tuple[Any, ...]
COLUMNS: Final = """last_value, points, last_step, last_timestamp, min_value, min_step, max_value, max_step,
    first_value, first_step"""

_KINDS = "dqqqdqdqdq"
_BEFORE = 2
# Which of the columns are steps that may be missing, each with its bit.
_STEPS = {5: 1, 7: 2, 9: 4}
_CRC = struct.Struct("<I")
_COUNT = struct.Struct("<I")
# The usual one takes three times as long for a tenth less.
_LEVEL = 1


class Gathered:
    """One run's metrics by their numbers: the latest value of each, its age, and the row of its summary."""

    __slots__ = ("ages", "latest", "rows")

    def __init__(self) -> None:
        self.latest: dict[int, float] = {}
        self.ages: dict[int, tuple[int, int, float]] = {}
        self.rows: dict[int, Row] = {}


def gather(own: Iterable[Row], of_models: Sequence[Row]) -> dict[int, Gathered]:
    """Gather by run what runs have logged, and what their models were measured at, the newest last."""
    found: dict[int, Gathered] = defaultdict(Gathered)
    for row in own:
        mine, key_no = found[row[0]], row[1]
        mine.latest[key_no] = real(row[2])
        mine.rows[key_no] = row
    known = {run_no: set(mine.rows) for run_no, mine in found.items()} if of_models else {}
    for row in of_models:
        _measured(found[row[0]], row, known.get(row[0], ()))
    return found


def _measured(mine: Gathered, row: Row, own: Container[int]) -> None:
    key_no = row[1]
    before = mine.rows.get(key_no)
    # As in MLflow, what models were measured at is their run's too; its curve is its own, where it has one.
    if key_no not in own:
        mine.rows[key_no] = row
    if key_no not in mine.latest or _age(row) > mine.ages.get(key_no, _age(before or row)):
        mine.latest[key_no] = real(row[2])
        mine.ages[key_no] = _age(row)


def _age(row: Row) -> tuple[int, int, float]:
    return row[4], row[5], row[2] or 0.0


def summary(row: Row) -> MetricSummary:
    """Return a row's summary."""
    _, _, last, points, last_step, last_timestamp, low, low_step, high, high_step, first, first_step = row
    return MetricSummary(
        points,
        real(last),
        last_step,
        last_timestamp,
        real(low),
        low_step,
        real(high),
        high_step,
        real(first),
        first_step,
    )


def real(value: float | None) -> float:
    """Return a value as it was logged: where there is none in a row, it is NaN."""
    return math.nan if value is None else value


class Packed(NamedTuple):
    """One run's metrics: the bytes of their numbers, their latest values, and their summaries, deflated."""

    keys: bytes
    latest: tuple[float, ...]
    summaries: bytes


def pack(mine: Gathered) -> bytes:
    """Return the bytes of one run's metrics."""
    count = len(mine.latest)
    keys = struct.pack(f"<{count}I", *mine.latest)
    latest = struct.pack(f"<{count}d", *mine.latest.values())
    summaries = _columns([mine.rows[key_no][_BEFORE:] for key_no in mine.latest])
    body = _COUNT.pack(count) + keys + latest + zlib.compress(summaries, _LEVEL)
    return _CRC.pack(zlib.crc32(body)) + body


def unpack(data: bytes) -> Packed:
    """Return one run's metrics.

    Raises:
        StoreError: the bytes are damaged.
    """
    body = data[_CRC.size :]
    if len(body) < _COUNT.size or zlib.crc32(body) != _CRC.unpack_from(data)[0]:
        raise StoreError("a run's packed metrics are damaged")
    (count,) = _COUNT.unpack_from(body)
    values = _COUNT.size + 4 * count
    end = values + 8 * count
    latest = _reals(struct.unpack(f"<{count}d", body[values:end]))
    return Packed(body[_COUNT.size : values], latest, body[end:])


def differences(data: bytes, mine: Gathered) -> set[int]:
    """Return the numbers of the metrics that bytes tell otherwise than the curves; all if the bytes are damaged."""
    try:
        packed = unpack(data)
    except StoreError:
        return set(mine.latest)
    summaries = Summaries(packed.summaries)
    told = {
        key_no: (value, summaries(place))
        for place, (key_no, value) in enumerate(zip(numbers_of(packed.keys), packed.latest, strict=True))
    }
    right = {key_no: (value, summary(mine.rows[key_no])) for key_no, value in mine.latest.items()}
    return {key_no for key_no in told.keys() | right.keys() if told.get(key_no) != right.get(key_no)}


def numbers_of(keys: bytes) -> tuple[int, ...]:
    """Return the metrics' numbers out of their bytes."""
    return struct.unpack(f"<{len(keys) // 4}I", keys)


class Summaries:
    """One run's summaries by their places; inflated when the first is asked for."""

    __slots__ = ("_data", "_figures")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._figures: list[tuple[Any, ...]] | None = None

    def __call__(self, place: int) -> MetricSummary:
        """Return one."""
        if self._figures is None:
            self._figures = _figures(zlib.decompress(self._data))
        return MetricSummary(*self._figures[place])


def _columns(rows: Sequence[Row]) -> bytes:
    missing = bytes(sum(bit for place, bit in _STEPS.items() if row[place] is None) for row in rows)
    columns = zip(_KINDS, zip(*rows, strict=True), strict=True)
    return missing + b"".join(struct.pack(f"<{len(rows)}{kind}", *_filled(kind, column)) for kind, column in columns)


def _filled(kind: str, column: Sequence[Any]) -> Iterable[float]:
    if None not in column:
        return column
    return [(math.nan if kind == "d" else 0) if value is None else value for value in column]


def _figures(data: bytes) -> list[tuple[Any, ...]]:
    """Return what summaries are made of, in the order of their fields."""
    count = len(data) // (1 + 8 * len(_KINDS))
    columns: list[Sequence[Any]] = []
    for place, kind in enumerate(_KINDS):
        column = struct.unpack_from(f"<{count}{kind}", data, count * (1 + 8 * place))
        columns.append(_reals(column) if kind == "d" else column)
    missing = data[:count]
    for place, bit in _STEPS.items() if any(missing) else ():
        columns[place] = [None if mask & bit else step for mask, step in zip(missing, columns[place], strict=True)]
    last, points, *rest = columns
    return list(zip(points, last, *rest, strict=True))


def _reals(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return values with the one NaN that is equal to itself in a summary."""
    # A sum is NaN wherever one of the values is.
    return tuple(math.nan if math.isnan(value) else value for value in values) if math.isnan(sum(values)) else values
