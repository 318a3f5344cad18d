"""What is decided at once and answered, one frozen edit each: what a server does for its clients.

A record of the journal is said and forgotten; an edit is refused if what is stored does not allow it, and its answer
says what came of it. Times are milliseconds since the epoch; a None leaves things as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .dataset import DatasetInfo
from .registry_edits import Once, RegistryEdit

# The tag of an input that says what the dataset was used as: "training", "validation".
CONTEXT = "mlflow.data.context"


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    """A new experiment; the answer is its ID.

    Without a location of its own its files are below `artifact_root`, in a folder named for its ID.
    """

    name: str
    timestamp: int
    artifact_location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    artifact_root: str = ""


@dataclass(frozen=True, slots=True)
class PlaceArtifacts:
    """The files of an experiment are to be at another place; one that has runs keeps its own."""

    experiment_id: str
    artifact_location: str


@dataclass(frozen=True, slots=True)
class RenameExperiment:
    """An experiment is to have another name."""

    experiment_id: str
    name: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class DeleteExperiment:
    """An experiment is not wanted any more, nor are its runs."""

    experiment_id: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class RestoreExperiment:
    """A deleted experiment is wanted again, with all of its runs."""

    experiment_id: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class SetExperimentTags:
    """Tags of an experiment."""

    experiment_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteExperimentTag:
    """An experiment is to have a tag no more."""

    experiment_id: str
    key: str


@dataclass(frozen=True, slots=True)
class CreateRun:
    """A new run of an experiment."""

    run_id: str
    experiment_id: str
    name: str
    user_id: str
    start_time: int
    parent_run_id: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UpdateRun:
    """A run has another status, end or name."""

    run_id: str
    status: str | None = None
    end_time: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteRun:
    """A run is not wanted any more; its data stay, and are not written to."""

    run_id: str


@dataclass(frozen=True, slots=True)
class RestoreRun:
    """A deleted run is wanted again."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Describe:
    """Params and tags of a run: all of them, or none if a param has another value already."""

    run_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeleteRunTag:
    """A run is to have a tag no more."""

    run_id: str
    key: str


@dataclass(frozen=True, slots=True)
class RunInput:
    """A dataset that a run uses, and the tags of that use."""

    dataset: DatasetInfo
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddInputs:
    """Datasets and logged models that a run uses."""

    run_id: str
    datasets: tuple[RunInput, ...] = ()
    model_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddOutputs:
    """Logged models that a run has made, each at a step."""

    run_id: str
    models: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CreateModel:
    """A new logged model, of a run or of none; an empty run ID is none."""

    model_id: str
    experiment_id: str
    run_id: str
    name: str
    model_type: str
    timestamp: int
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishModel:
    """A logged model has another status."""

    model_id: str
    status: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class RemoveModel:
    """A logged model is not wanted any more; its files stay."""

    model_id: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class SetModelTags:
    """Tags of a logged model."""

    model_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteModelTag:
    """A logged model is to have a tag no more."""

    model_id: str
    key: str


@dataclass(frozen=True, slots=True)
class AddModelParams:
    """Params of a logged model that it has not yet."""

    model_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """A file of an owner's, or all in a folder of his, is to be forgotten; the answer is their paths."""

    owner: str
    path: str


Edit = (
    CreateExperiment
    | PlaceArtifacts
    | RenameExperiment
    | DeleteExperiment
    | RestoreExperiment
    | SetExperimentTags
    | DeleteExperimentTag
    | CreateRun
    | UpdateRun
    | DeleteRun
    | RestoreRun
    | Describe
    | DeleteRunTag
    | AddInputs
    | AddOutputs
    | CreateModel
    | FinishModel
    | RemoveModel
    | SetModelTags
    | DeleteModelTag
    | AddModelParams
    | RemoveFiles
    | RegistryEdit
    | Once[RegistryEdit]
)
