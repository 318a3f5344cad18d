"""Records made into columns by what their dataclass says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tracker.entities import DatasetRef
from tracker.tables import Column, ColumnType, record_columns


class Source(StrEnum):
    SEEDS = "seeds"


@dataclass(frozen=True)
class Lead:
    over: int
    noise: float | None = None
    source: Source | None = None

    @property
    def is_large(self) -> bool | None:
        return None if self.noise is None else self.over > self.noise


@dataclass(frozen=True)
class Place:
    place: int
    values: tuple[float, ...]
    named: Mapping[str, float]
    dataset: DatasetRef | None = None
    datasets: tuple[DatasetRef | None, ...] = ()
    lead: Lead | None = None
    _hidden: int = 0


VALIDATION = DatasetRef("validation", "a1")
PLACES = [
    Place(1, (0.5, 1.0), {"b": 1.0}, VALIDATION, (VALIDATION, None), Lead(3, 2.0, Source.SEEDS)),
    Place(2, (0.25, 2.0), {"a": 2.0}, None, (None, VALIDATION), None),
]


def test_each_fact_is_a_column_of_its_type() -> None:
    text, whole, number = ColumnType.TEXT, ColumnType.WHOLE, ColumnType.NUMBER
    assert record_columns(PLACES, Place, entries=["acc", "ms"]) == [
        Column("place", whole, [1, 2]),
        Column("values.acc", number, [0.5, 0.25]),
        Column("values.ms", number, [1.0, 2.0]),
        Column("named.a", number, [None, 2.0]),
        Column("named.b", number, [1.0, None]),
        Column("dataset", text, ["validation@a1", None]),
        Column("datasets.acc", text, ["validation@a1", None]),
        Column("datasets.ms", text, [None, "validation@a1"]),
        Column("lead.over", whole, [3, None]),
        Column("lead.noise", number, [2.0, None]),
        Column("lead.source", text, ["seeds", None]),
        Column("lead.is_large", ColumnType.TRUTH, [True, None]),
    ]


def test_what_no_record_has_is_no_column() -> None:
    names = [column.name for column in record_columns(PLACES[1:], Place, leave_out={"named", "datasets"})]
    assert names == ["place"]
    names = [column.name for column in record_columns(PLACES, Place, leave_out={"named", "lead.noise", "lead.source"})]
    assert names == ["place", "dataset", "lead.over", "lead.is_large"]
    without_noise = [Place(1, (), {}, lead=Lead(1))]
    names = [column.name for column in record_columns(without_noise, Place)]
    assert names == ["place", "lead.over"]


def test_no_records_still_have_the_columns_that_every_record_has() -> None:
    assert record_columns([], Place, entries=["acc"]) == [
        Column("place", ColumnType.WHOLE, []),
        Column("values.acc", ColumnType.NUMBER, []),
        Column("datasets.acc", ColumnType.TEXT, []),
    ]
