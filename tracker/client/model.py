"""Logged models: saved checkpoints, measured and given back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from ..entities import DatasetInfo, DatasetRef, File, Measurement, ModelInfo, ModelStatus
from ..entities.records import LogInput
from ..errors import NotSupported, SaveFailed
from ..filter import DatasetFilter
from ..journal import ModelLayout
from ..system import milliseconds
from .desk import AsyncDesk, Desk
from .done import DONE, Done
from .recorder import Recorder
from .values import keys_of, numbers_of, step_of

Save = Callable[[Path], object]


class Context(TypedDict, total=False):
    """Datasets that the model's run is known to use, and the dataset that it was searched by."""

    known_inputs: set[DatasetRef]
    searched_by: DatasetFilter | None


class Measurable:
    """What a checkpoint is and can be told, wherever it came from."""

    def __init__(
        self,
        recorder: Recorder,
        info: ModelInfo,
        **context: Unpack[Context],
    ) -> None:
        self._recorder = recorder
        self._known_inputs = context.get("known_inputs", set())
        self.searched_by = context.get("searched_by")
        # Values, step and timestamp of what was logged through this object, the newest last; few are ever looked at.
        self._own: dict[ModelLayout, tuple[tuple[float, ...], int, int]] = {}
        self.info = info

    def __repr__(self) -> str:
        step = "" if self.step is None else f" step={self.step}"
        return f"<{type(self).__name__} {self.model_id} {self.name!r}{step}>"

    @property
    def model_id(self) -> str:
        """`m-` and 32 hex digits."""
        return self.info.model_id

    @property
    def uri(self) -> str:
        """`models:/m-…`."""
        return f"models:/{self.info.model_id}"

    @property
    def name(self) -> str:
        """The name given at `log_model`."""
        return self.info.name

    @property
    def run_id(self) -> str:
        """The run that made it."""
        return self.info.run_id

    @property
    def step(self) -> int | None:
        """The step of its run at which it was saved, if that was said."""
        return self.info.step

    @property
    def status(self) -> ModelStatus:
        """Whether its files are in place."""
        return self.info.status

    @property
    def params(self) -> Mapping[str, object]:
        """The params of its run, and its own."""
        return self.info.params

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.info.tags

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The newest value of each metric on each dataset, those logged through this object among them."""
        found = {_place(measured): measured for measured in self.info.measurements}
        own = {
            (key, layout.dataset): Measurement(key, value, step, timestamp, layout.dataset, self.run_id)
            for layout, (values, step, timestamp) in self._own.items()
            for key, value in zip(layout.keys, values, strict=True)
        }
        return tuple((found | own).values())

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metric values by name.

        Of a metric that was measured on several datasets, the plain name is the value on the dataset that this
        model was searched by; the others are `name@dataset`.
        """
        measured = self.measurements
        keys = [entry.key for entry in measured]
        return {
            (entry.key if keys.count(entry.key) == 1 else self._told_apart(entry)): entry.value for entry in measured
        }

    def _told_apart(self, entry: Measurement) -> str:
        if entry.dataset is None or self._is_chosen(entry):
            return entry.key
        return f"{entry.key}@{entry.dataset.name}"

    def _is_chosen(self, entry: Measurement) -> bool:
        return (
            self.searched_by is not None
            and entry.dataset is not None
            and entry.dataset.name == self.searched_by.name
            and self.searched_by.digest in {None, entry.dataset.digest}
        )

    def metric(self, key: str, dataset: str | None = None) -> float | None:
        """Return the newest value of a metric, on the dataset of that name if one is given; None if there is none."""
        fitting = [
            entry
            for entry in self.measurements
            if entry.key == key and (dataset is None or (entry.dataset is not None and entry.dataset.name == dataset))
        ]
        newest = max(fitting, key=lambda entry: (entry.timestamp, entry.step), default=None)
        return newest.value if newest else None

    def _log(self, metrics: Mapping[str, object], dataset: DatasetInfo | None, step: int | None) -> None:
        ref = dataset.ref if dataset else None
        layout, values = self._layout(metrics, ref), tuple(numbers_of(metrics))
        at = step_of(step if step is not None else self.step or 0)
        if dataset and ref not in self._known_inputs:
            self._recorder.record(LogInput(self.run_id, dataset, ""))
            self._known_inputs.add(dataset.ref)
        timestamp = milliseconds()
        self._recorder.measure(layout, self.model_id, at, timestamp, values)
        self._own.pop(layout, None)
        self._own[layout] = values, at, timestamp

    def _layout(self, metrics: Mapping[str, object], dataset: DatasetRef | None) -> ModelLayout:
        # A run has many checkpoints: names that were found good before are not looked at again.
        found = self._recorder.known_layout(self.run_id, dataset, tuple(metrics)) if type(metrics) is dict else None
        return found or self._recorder.layout(self.run_id, dataset, tuple(keys_of(metrics)))


class LoggedModel(Measurable):
    """A saved checkpoint."""

    def __init__(self, desk: Desk, info: ModelInfo, **context: Unpack[Context]) -> None:
        super().__init__(desk.recorder, info, **context)
        self._desk = desk

    @property
    def path(self) -> Path:
        """The folder in the store that holds its files; to be read only.

        If the store is behind a server, it is a folder of this machine's with copies of them, which are fetched first
        unless they are there already, whole.

        Raises:
            ArtifactDamaged: the server's copy is not what was logged.
            StoreUnavailable: the server cannot be reached.
        """
        return self._recorder.artifacts.folder(self.model_id, lambda: self._desk.files(self.model_id))

    def log(
        self,
        metrics: Mapping[str, object],
        *,
        dataset: DatasetInfo | None = None,
        step: int | None = None,
    ) -> None:
        """Log metrics of this checkpoint, measured on a dataset or on none.

        They are its run's metrics too. The step is the checkpoint's own unless given.

        Raises:
            InvalidMetric: a value is no number; nothing was logged then.
        """
        self._log(metrics, dataset, step)

    def download(self, destination: str | os.PathLike[str]) -> Path:
        """Copy the checkpoint's files into a folder, byte for byte; return that folder.

        Raises:
            ArtifactDamaged: the store's copy is not what was logged.
        """
        target = Path(destination)
        self._desk.fetch(self.model_id, target)
        return target


class AsyncLoggedModel(Measurable):
    """A saved checkpoint, for async code."""

    def __init__(self, desk: AsyncDesk, info: ModelInfo, **context: Unpack[Context]) -> None:
        super().__init__(desk.recorder, info, **context)
        self._desk = desk

    @property
    def path(self) -> Path:
        """The folder in the store that holds its files; to be read only.

        Raises:
            NotSupported: the store is behind a server, for which other tasks would have to wait; use `download`.
        """
        return self._recorder.artifacts.folder(self.model_id, self._refuse)

    def log(
        self,
        metrics: Mapping[str, object],
        *,
        dataset: DatasetInfo | None = None,
        step: int | None = None,
    ) -> Done:
        """Log metrics of this checkpoint, as `LoggedModel.log` does; awaiting it gives other tasks a turn."""
        self._log(metrics, dataset, step)
        return DONE

    async def download(self, destination: str | os.PathLike[str]) -> Path:
        """Copy the checkpoint's files into a folder, as `LoggedModel.download` does."""
        target = Path(destination)
        await self._desk.fetch(self.model_id, target)
        return target

    def _refuse(self) -> list[File]:
        raise NotSupported(f"the path of {self.model_id} in async code", "await its download(folder)")


def save_into(name: str, save: Save, folder: Path) -> None:
    """Let a save function fill an empty folder.

    It is called with the folder. One that would rather write a file (it cannot write to a folder's path) is
    called again with the path of a file in it, named like the checkpoint.

    Raises:
        SaveFailed: it wrote nothing there.
    """
    try:
        save(folder)
    except IsADirectoryError:
        save(folder / name)
    if all(path.is_dir() for path in folder.rglob("*")):
        raise SaveFailed(name, f"its save function wrote nothing into the folder {folder.name!r} that it was given")


def _place(measured: Measurement) -> tuple[str, DatasetRef | None]:
    return measured.key, measured.dataset
