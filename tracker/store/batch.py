"""Records folded into rows: what one commit writes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from ..entities import RunStatus
from ..entities.records import (
    Act,
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    EndRun,
    Fence,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    LogPoints,
    MeasureModel,
    PointOf,
    Promote,
    Record,
    Rewind,
    SetAlias,
    SetTags,
    StartRun,
)
from ..filter import as_number
from ..journal import Block, ModelBlock
from .segments import Columns, columns, concatenate

NO_DATASET = ("", "")


class RunRow(NamedTuple):
    """What is said of a run at once; None leaves a column as it is."""

    run_id: str
    experiment: str | None
    name: str | None
    parent_run_id: str | None
    status: str | None
    start_time: int | None
    end_time: int | None


class ParamRow(NamedTuple):
    """A param of a run or a model: as text, as number, and as JSON where it was no text."""

    owner: str
    key: str
    value: str
    number: float | None
    json: str | None
    hash: int


class CurveKey(NamedTuple):
    """What names a curve: the run's own, or what its models were measured on."""

    run_id: str
    key: str
    of_model: int
    dataset_name: str
    dataset_digest: str


@dataclass(slots=True)
class Points:
    """One curve's new points, in the order logged."""

    steps: list[int] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: int, timestamp: int, value: float) -> None:
        """Add one point at the end."""
        self.steps.append(step)
        self.timestamps.append(timestamp)
        self.values.append(value)


class Piece(NamedTuple):
    """Some of a curve's new points, and the place of each in the order logged."""

    places: NDArray[np.int64]
    points: Columns


class ModelRow(NamedTuple):
    """A logged model as it is created."""

    model_id: str
    run_id: str
    name: str
    model_type: str
    step: int | None
    timestamp: int


class ModelPointRow(NamedTuple):
    """A measurement of a model; `value` is None for NaN."""

    model_id: str
    key: str
    dataset_name: str
    dataset_digest: str
    run_id: str
    value: float | None
    step: int
    timestamp: int


class Batch:
    """Rows to write in one transaction, in the order of what was said.

    What was said after an act is in a later chapter: it is written after the act was carried out. `refused` counts by
    run the calls that are not among the rows.
    """

    def __init__(
        self,
        records: Iterable[Record | Block | ModelBlock] = (),
        blocks: Iterable[Block] = (),
        refused: Mapping[str, int] | None = None,
    ) -> None:
        self.refused = refused or {}
        self.runs: list[RunRow] = []
        self.mentioned: dict[str, None] = {}
        self.params: list[ParamRow] = []
        self.tags: list[tuple[str, str, str]] = []
        self.datasets: list[tuple[str, str, str, str, str, str]] = []
        self.dataset_refs: dict[tuple[str, str], None] = {}
        self.inputs: list[tuple[str, str, str, str]] = []
        self.models: list[ModelRow] = []
        self.finished_models: list[tuple[str, str, int]] = []
        self.model_params: list[ParamRow] = []
        self.model_tags: list[tuple[str, str, str]] = []
        self.model_points: list[ModelPointRow] = []
        self.model_blocks: list[ModelBlock] = []
        self.curves: dict[CurveKey, Points] = {}
        # Curves in which an exact repeat of a point is no further one.
        self.once: set[CurveKey] = set()
        self.files: list[tuple[str, str, int, str]] = []
        self.acts: list[Act] = []
        self.later: list[Batch] = []
        self._pieces: dict[CurveKey, list[Piece]] = {}
        for record in records:
            self._chapter_of(record).add(record)
        for block in blocks:
            self.add_block(block)

    @property
    def chapters(self) -> tuple[Batch, ...]:
        """All parts, in their order, the first of which is this."""
        return self, *self.later

    def _chapter_of(self, record: Record | Block | ModelBlock) -> Batch:
        last = self.later[-1] if self.later else self
        if last.acts and not isinstance(record, Act):
            last = Batch()
            self.later.append(last)
        return last

    @property
    def experiments(self) -> dict[str, None]:
        """Names of the experiments that are spoken of."""
        return {row.experiment: None for row in self.runs if row.experiment is not None}

    @property
    def ended_runs(self) -> list[str]:
        """IDs of the runs that ended."""
        return [row.run_id for chapter in self.chapters for row in chapter.runs if row.end_time is not None]

    @property
    def lasting(self) -> float:
        """The share of the runs that are spoken of that go on."""
        spoken = {
            run for chapter in self.chapters for run in (*chapter.mentioned, *(row.run_id for row in chapter.runs))
        }
        return 1 - len(spoken.intersection(self.ended_runs)) / len(spoken) if spoken else 1.0

    @property
    def metric_keys(self) -> dict[str, None]:
        """Names of the metrics that have new points."""
        return {curve.key: None for curve in {**self.curves, **self._pieces}}

    @property
    def measured_models(self) -> dict[str, tuple[str, str, int]]:
        """Who was measured, by ID: the ID again, and by which run and when it was first."""
        said = [(point.model_id, point.run_id, point.timestamp) for point in self.model_points]
        if self.model_blocks:
            rows = [
                (model_id, block.run_id, timestamp)
                for block in self.model_blocks
                for model_id, timestamp in zip(block.model_ids, block.timestamps.tolist(), strict=True)
            ]
            order = np.argsort(np.concatenate([block.places for block in self.model_blocks]), kind="stable")
            said += [rows[place] for place in order.tolist()]
        # What was said first stays, as it does from one commit to the next.
        return {row[0]: row for row in reversed(said)}

    @singledispatchmethod
    def add(self, record: Record | Block | ModelBlock) -> None:
        """Fold one record in."""
        raise TypeError(type(record))

    @add.register
    def _(self, record: StartRun) -> None:
        row = RunRow(
            record.run_id,
            record.experiment,
            record.name,
            record.parent_run_id,
            RunStatus.RUNNING,
            record.start_time,
            None,
        )
        self.runs.append(row)

    @add.register
    def _(self, record: EndRun) -> None:
        self.runs.append(RunRow(record.run_id, None, None, None, record.status, None, record.end_time))

    @add.register
    def _(self, record: LogMetrics) -> None:
        self.mentioned[record.run_id] = None
        for key, value in record.values.items():
            self._curve(CurveKey(record.run_id, key, 0, *NO_DATASET)).add(record.step, record.timestamp, value)

    @add.register
    def _(self, record: LogPoints) -> None:
        self.mentioned[record.run_id] = None
        for point in record.points:
            curves = [CurveKey(record.run_id, point.key, 0, *NO_DATASET)]
            if point.model_id:
                self._measure(record.run_id, point)
                curves.append(CurveKey(record.run_id, point.key, 1, point.dataset_name, point.dataset_digest))
            self.once.update(curves)
            for curve in curves:
                self._curve(curve).add(*point[1:4])

    @add.register
    def _(self, record: LogParams) -> None:
        self.mentioned[record.run_id] = None
        self.params += param_rows(record.run_id, record.values)

    @add.register
    def _(self, record: SetTags) -> None:
        self.mentioned[record.run_id] = None
        self.tags += [(record.run_id, key, value) for key, value in record.values.items()]

    @add.register
    def _(self, record: LogInput) -> None:
        self.mentioned[record.run_id] = None
        data = record.dataset
        self.datasets.append((data.name, data.digest, data.source_type, data.source, data.schema, data.profile))
        self.inputs.append((record.run_id, data.name, data.digest, record.context))

    @add.register
    def _(self, record: CreateModel) -> None:
        self.mentioned[record.run_id] = None
        model = record.model_id
        self.models.append(
            ModelRow(model, record.run_id, record.name, record.model_type, record.step, record.timestamp),
        )
        self.model_params += param_rows(model, record.params)
        self.model_tags += [(model, key, value) for key, value in record.tags.items()]

    @add.register
    def _(self, record: FinishModel) -> None:
        self.finished_models.append((record.model_id, record.status, record.timestamp))

    @add.register
    def _(self, record: MeasureModel) -> None:
        self.mentioned[record.run_id] = None
        name, digest = (record.dataset.name, record.dataset.digest) if record.dataset else NO_DATASET
        for key, value in record.values.items():
            self._curve(CurveKey(record.run_id, key, 1, name, digest)).add(record.step, record.timestamp, value)
            point = PointOf(key, record.step, record.timestamp, value, record.model_id, name, digest)
            self._measure(record.run_id, point)

    @add.register
    def _(self, record: ModelBlock) -> None:
        self.mentioned[record.run_id] = None
        self.model_blocks.append(record)
        name, digest = (record.dataset.name, record.dataset.digest) if record.dataset else NO_DATASET
        self.dataset_refs[name, digest] = None
        self._add_pieces(record, 1, name, digest)

    @add.register
    def _(self, record: Block) -> None:
        self.add_block(record)

    @add.register
    def _(self, record: AddFiles) -> None:
        self.files += [(record.owner, file.path, file.size, file.sha256) for file in record.files]

    @add.register
    def _(self, record: Promote | SetAlias | DeleteAlias | DeleteModel) -> None:
        self.acts.append(record)

    @add.register
    def _(self, record: Fence | Rewind) -> None:
        self.mentioned[record.run_id] = None
        self.acts.append(record)

    def add_block(self, block: Block) -> None:
        """Fold points in that were logged as columns or as rows of one layout."""
        self.mentioned[block.run_id] = None
        self._add_pieces(block, 0, *NO_DATASET)

    def _add_pieces(self, block: Block | ModelBlock, of_model: int, name: str, digest: str) -> None:
        if not len(block.steps):
            return
        for key, values in zip(block.keys, block.values, strict=True):
            curve = CurveKey(block.run_id, key, of_model, name, digest)
            piece = Piece(block.places, Columns(block.steps, block.timestamps, values))
            self._pieces.setdefault(curve, []).append(piece)
            if isinstance(block, Block) and block.once:
                self.once.add(curve)

    def new_points(self) -> Iterator[tuple[CurveKey, Columns]]:
        """Give each curve's new points, in the order logged.

        Columns of steps that curves share are the same object in each.
        """
        for curve in {**self.curves, **self._pieces}:
            points = self.curves.get(curve)
            lists = [columns(points.steps, points.timestamps, points.values)] if points else []
            pieces = self._pieces.get(curve, [])
            yield curve, concatenate([*lists, *([_in_order(pieces)] if pieces else [])])

    def _measure(self, run_id: str, point: PointOf) -> None:
        value = None if math.isnan(point.value) else point.value
        where = point.model_id, point.key, point.dataset_name, point.dataset_digest, run_id
        self.dataset_refs[point.dataset_name, point.dataset_digest] = None
        self.model_points.append(ModelPointRow(*where, value, point.step, point.timestamp))

    def _curve(self, curve: CurveKey) -> Points:
        points = self.curves.get(curve)
        if points is None:
            points = self.curves[curve] = Points()
        return points


def _in_order(pieces: list[Piece]) -> Columns:
    points = concatenate([piece.points for piece in pieces])
    if len(pieces) == 1:
        return points
    order = np.argsort(np.concatenate([piece.places for piece in pieces]), kind="stable")
    return Columns(points.steps[order], points.timestamps[order], points.values[order])


def param_rows(owner: str, values: Mapping[str, object]) -> list[ParamRow]:
    """Make the rows of params; a text is kept as it is, anything else as its text and its JSON."""
    return [_param_row(owner, key, value) for key, value in values.items()]


def _param_row(owner: str, key: str, value: object) -> ParamRow:
    text, json = (value, None) if isinstance(value, str) else (str(value), orjson.dumps(value).decode())
    return ParamRow(owner, key, text, as_number(value), json, param_hash(key, text))


def param_hash(key: str, value: str) -> int:
    """Hash a param into 64 bits with a sign; the XOR of a model's says which models have equal params."""
    told = b"%d:%b%b" % (len(key), key.encode(), value.encode())
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "little", signed=True)


def param_value(value: str, json: str | None) -> object:
    """Give a param back as it was logged."""
    return value if json is None else orjson.loads(json)
