"""The metrics of logged models as columns, each dataset's values beside the others': pure.

Where the models at hand were measured by a metric on several datasets, the plain column `metrics.accuracy` holds each
model's newest value on the dataset that was searched by, or, where none was, its newest on any (as a search orders
by it); and each other dataset has a column of its own, `metrics.accuracy@validation`. Where two digests have one
name it is `metrics.accuracy@validation@a1b2c3d4`. A metric that is literally named so goes before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ..entities import DatasetRef, Measurement
from .column import Column, ColumnType

# Of one metric: for each model that has it, by its row, the newest value on each dataset.
Measured = Mapping[int, Sequence[Measurement]]


class Wanted(Protocol):
    """A dataset as a search names it; without a digest it is each of that name."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def digest(self) -> str | None:
        """Its digest, if that was said."""


def metric_columns(measurements: Sequence[Sequence[Measurement]], wanted: Wanted | None) -> list[Column]:
    """Return the columns of all metrics; `measurements` are those of each row, `wanted` what was searched by."""
    by_key: dict[str, dict[int, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for row, entries in enumerate(measurements):
        for entry in entries:
            by_key[entry.key][row].append(entry)
    labels = _labels(entry.dataset for entries in measurements for entry in entries)
    plain = {f"metrics.{key}" for key in by_key}
    columns = []
    for key, measured in sorted(by_key.items()):
        searched = _searched(measured, wanted)
        columns.append(_column(f"metrics.{key}", searched, len(measurements)))
        for label, on_it in _apart(measured, labels):
            if on_it != searched and (name := f"metrics.{key}@{label}") not in plain:
                columns.append(_column(name, on_it, len(measurements)))
    return columns


def _labels(datasets: Iterable[DatasetRef | None]) -> dict[DatasetRef, str]:
    """Return what tells datasets apart: the name alone where that is enough."""
    found = {dataset for dataset in datasets if dataset is not None}
    names = Counter(dataset.name for dataset in found)
    return {dataset: dataset.name if names[dataset.name] == 1 else str(dataset) for dataset in sorted(found)}


def _searched(measured: Measured, wanted: Wanted | None) -> Measured:
    """Narrow measurements to the dataset that was searched by, if any is on that one."""
    if wanted is None:
        return measured
    on_it = {row: [entry for entry in entries if _is_on(entry, wanted)] for row, entries in measured.items()}
    return on_it if any(on_it.values()) else measured


def _is_on(entry: Measurement, wanted: Wanted) -> bool:
    dataset = entry.dataset
    return dataset is not None and dataset.name == wanted.name and wanted.digest in {None, dataset.digest}


def _apart(measured: Measured, labels: Mapping[DatasetRef, str]) -> Iterator[tuple[str, Measured]]:
    """Yield the measurements on each dataset, if there are several; those on none have no column of their own."""
    found = {entry.dataset for entries in measured.values() for entry in entries}
    if len(found) > 1:
        for dataset, label in labels.items():
            if dataset in found:
                yield (
                    label,
                    {row: [each for each in entries if each.dataset == dataset] for row, entries in measured.items()},
                )


def _column(name: str, measured: Measured, height: int) -> Column:
    values: list[float | None] = [None] * height
    for row, entries in measured.items():
        if entries:
            values[row] = max(entries, key=lambda entry: (entry.timestamp, entry.step)).value
    return Column(name, ColumnType.NUMBER, values)
