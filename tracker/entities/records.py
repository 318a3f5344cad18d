"""What a program says to the store, one frozen record each: the journal's vocabulary.

Each record stands alone and names things by the IDs that its program made, so records of different programs
can be folded in any order: a run that is spoken of before it was started is made then, and completed later.
Acts are the exception: each is carried out on what is stored when its turn comes.
Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .artifact import File
from .dataset import DatasetInfo, DatasetRef


@dataclass(frozen=True, slots=True)
class StartRun:
    """A run begins, or begins again."""

    run_id: str
    experiment: str
    name: str
    parent_run_id: str | None
    start_time: int


@dataclass(frozen=True, slots=True)
class EndRun:
    """A run has ended."""

    run_id: str
    status: str
    end_time: int


@dataclass(frozen=True, slots=True)
class LogMetrics:
    """Values of one step; values may be NaN or infinite."""

    run_id: str
    step: int
    timestamp: int
    values: Mapping[str, float]


class PointOf(NamedTuple):
    """A point of a run, and of one of its models too if there is an ID; a dataset without a name is none."""

    key: str
    step: int
    timestamp: int
    value: float
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True, slots=True)
class LogPoints:
    """Points of a run, each with a step and a time of its own; an exact repeat of one is no further point."""

    run_id: str
    points: tuple[PointOf, ...]


@dataclass(frozen=True, slots=True)
class LogParams:
    """Params of a run: any JSON scalar, list or mapping."""

    run_id: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SetTags:
    """Tags of a run."""

    run_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LogInput:
    """A run uses a dataset; `context` says as what ("training", "validation"), or is empty."""

    run_id: str
    dataset: DatasetInfo
    context: str


@dataclass(frozen=True, slots=True)
class CreateModel:
    """A checkpoint's entry; its files follow. It starts with its run's params, and `params` are added."""

    model_id: str
    run_id: str
    name: str
    model_type: str
    step: int | None
    timestamp: int
    params: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishModel:
    """A checkpoint's files are in place, or will never be; journals of old do not say whose run it is of."""

    model_id: str
    status: str
    timestamp: int
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class MeasureModel:
    """Values of a checkpoint, on a dataset or on none."""

    model_id: str
    run_id: str
    step: int
    timestamp: int
    values: Mapping[str, float]
    dataset: DatasetRef | None


@dataclass(frozen=True, slots=True)
class AddFiles:
    """Files that are in place; `owner` is a run's or a logged model's ID, and `run_id` as with `FinishModel`."""

    owner: str
    files: tuple[File, ...]
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Promote:
    """A logged model is to be what an alias means, if it is better than the one that is: decided when this is stored.

    `dataset` None stands for what was measured on none.
    """

    promotion_id: str
    name: str
    alias: str
    model_id: str
    metric: str
    goal: str
    dataset: DatasetRef | None
    min_lead: float
    timestamp: int


@dataclass(frozen=True, slots=True)
class SetAlias:
    """An alias is to mean a version of a registered model, if there is one of that number."""

    name: str
    alias: str
    version: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class DeleteAlias:
    """An alias is to mean nothing any more."""

    name: str
    alias: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class DeleteModel:
    """A logged model is not wanted any more, nor its files; one that an alias means stays."""

    model_id: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Fence:
    """What attachments with a smaller token log into a run from now on is refused."""

    run_id: str
    token: int


@dataclass(frozen=True, slots=True)
class Rewind:
    """The run's own points from a step on that were logged before a time are taken back."""

    run_id: str
    step: int
    before: int


# What these do depends on what was said before, by whomever.
RunAct = Fence | Rewind
Act = Promote | SetAlias | DeleteAlias | DeleteModel | RunAct
Record = (
    StartRun
    | EndRun
    | LogMetrics
    | LogPoints
    | LogParams
    | SetTags
    | LogInput
    | CreateModel
    | FinishModel
    | MeasureModel
    | AddFiles
    | Act
)
