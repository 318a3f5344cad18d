"""What is answered, as shapes: whoever reads `/openapi.json` knows them from there, and tests hold answers to them."""

from __future__ import annotations

from typing import Literal

from ..fields import UNSET, Answer, Unset

# What is not finite is a text.
Number = float | Literal["NaN", "Infinity", "-Infinity"]
Stage = Literal["active", "deleted"]
Status = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
ModelStatus = Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


class Nothing(Answer):
    """It is done; there is nothing to say."""


class KeyValue(Answer):
    """A param or a tag."""

    key: str
    value: str


class Metric(Answer):
    """A point."""

    key: str
    value: Number
    timestamp: int
    step: int


class RunMetric(Metric):
    """A point, and whose it is."""

    run_id: str


class ModelMetric(Metric):
    """A point of a logged model, and on which dataset it was measured."""

    model_id: str
    run_id: str | Unset = UNSET
    dataset_name: str | Unset = UNSET
    dataset_digest: str | Unset = UNSET


class Experiment(Answer):
    """An experiment; times are milliseconds since the epoch."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: Stage
    last_update_time: int
    creation_time: int
    tags: tuple[KeyValue, ...] | Unset = UNSET


class OneExperiment(Answer):
    """An experiment."""

    experiment: Experiment


class ExperimentMade(Answer):
    """A new experiment's ID."""

    experiment_id: str


class Experiments(Answer):
    """A page of experiments."""

    experiments: tuple[Experiment, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET


class DatasetSummary(Answer):
    """A dataset that runs of an experiment use."""

    experiment_id: str
    name: str
    digest: str
    context: str | Unset = UNSET


class DatasetSummaries(Answer):
    """Datasets."""

    dataset_summaries: tuple[DatasetSummary, ...] | Unset = UNSET


class RunInfo(Answer):
    """A run without its data; times are milliseconds since the epoch."""

    run_uuid: str
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: Status
    start_time: int
    artifact_uri: str
    lifecycle_stage: Stage
    end_time: int | Unset = UNSET


class RunData(Answer):
    """What a run has logged: of each metric the latest point."""

    metrics: tuple[Metric, ...] | Unset = UNSET
    params: tuple[KeyValue, ...] | Unset = UNSET
    tags: tuple[KeyValue, ...] | Unset = UNSET


class Dataset(Answer):
    """A dataset."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | Unset = UNSET
    profile: str | Unset = UNSET


class DatasetInput(Answer):
    """A dataset that a run uses."""

    dataset: Dataset
    tags: tuple[KeyValue, ...] | Unset = UNSET


class ModelInput(Answer):
    """A logged model that a run uses."""

    model_id: str


class ModelOutput(Answer):
    """A logged model that a run has made."""

    model_id: str
    step: int


class RunInputs(Answer):
    """What a run uses."""

    dataset_inputs: tuple[DatasetInput, ...] | Unset = UNSET
    model_inputs: tuple[ModelInput, ...] | Unset = UNSET


class RunOutputs(Answer):
    """What a run has made."""

    model_outputs: tuple[ModelOutput, ...] | Unset = UNSET


class Run(Answer):
    """A run."""

    info: RunInfo
    data: RunData
    inputs: RunInputs | Unset = UNSET
    outputs: RunOutputs | Unset = UNSET


class OneRun(Answer):
    """A run."""

    run: Run


class RunUpdated(Answer):
    """What has become of a run."""

    run_info: RunInfo


class Runs(Answer):
    """A page of runs."""

    runs: tuple[Run, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET


class Metrics(Answer):
    """A page of points."""

    metrics: tuple[Metric, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET


class RunMetrics(Answer):
    """Points of several runs."""

    metrics: tuple[RunMetric, ...] | Unset = UNSET


class LoggedModelInfo(Answer):
    """A logged model without its data; times are milliseconds since the epoch."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: ModelStatus
    model_type: str | Unset = UNSET
    source_run_id: str | Unset = UNSET
    tags: tuple[KeyValue, ...] | Unset = UNSET


class LoggedModelData(Answer):
    """A logged model's params, and every point that was measured with it."""

    params: tuple[KeyValue, ...] | Unset = UNSET
    metrics: tuple[ModelMetric, ...] | Unset = UNSET


class LoggedModel(Answer):
    """A logged model."""

    info: LoggedModelInfo
    data: LoggedModelData


class OneLoggedModel(Answer):
    """A logged model."""

    model: LoggedModel


class LoggedModels(Answer):
    """A page of logged models."""

    models: tuple[LoggedModel, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET


class FileInfo(Answer):
    """A file, or a folder, which has no size."""

    path: str
    is_dir: bool
    file_size: int | Unset = UNSET


class Files(Answer):
    """What is in a folder, by names relative to it."""

    files: tuple[FileInfo, ...] | Unset = UNSET


class FilesBelow(Files, kw_only=True):
    """What is in a folder, by names relative to the root."""

    root_uri: str


class ServerInfo(Answer):
    """What the server can do."""

    store_type: str
    workspaces_enabled: bool
    trace_archival_enabled: bool
    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    features_enabled: dict[str, bool]
