"""Runs: what a program logs into."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from operator import index
from pathlib import Path
from types import TracebackType
from typing import Self, SupportsIndex

from anyio import to_thread

from ..artifacts.local import copy_into
from ..entities import DatasetInfo, DatasetRef, Level, ModelInfo, ModelStatus, RunStatus
from ..entities.records import (
    AddFiles,
    CreateModel,
    EndRun,
    Fence,
    FinishModel,
    LogInput,
    LogParams,
    Record,
    Rewind,
    SetTags,
    StartRun,
)
from ..errors import Closed, Conflict, InvalidInput
from ..journal import Layout
from ..system import milliseconds
from . import names
from .columns import Column, columns_of
from .desk import AsyncDesk, Desk
from .done import DONE, Done
from .engine import CLOSE_SECONDS
from .model import AsyncLoggedModel, LoggedModel, Save, save_into
from .recorder import Recorder
from .values import PLAIN, keys_of, model_name_of, name_of, numbers_of, params_of, plain, step_of, tags_of, token_of

# The run of the innermost `with` block.
entered: ContextVar[Run | None] = ContextVar("entered", default=None)


_STATUSES = frozenset(RunStatus)
# So many sets of metrics that are logged together are known at once; one that was forgotten is made again.
_LAYOUTS = 4096


class Loggable:
    """The part of a run that is the same in sync and async code: everything that only appends to the journal."""

    def __init__(self, recorder: Recorder, run_id: str, experiment: str, params: Mapping[str, object]) -> None:
        self._recorder = recorder
        self._journal = recorder.journal
        self._watch = recorder.watch
        self._params = dict(params)
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._known_inputs: set[DatasetRef] = set()
        self._ended = False
        self.run_id = run_id
        self.experiment = experiment

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.run_id} in {self.experiment!r}>"

    @property
    def params(self) -> Mapping[str, object]:
        """The params logged through this object, and those it started with."""
        return self._params

    def log(self, metrics: Mapping[str, object], step: int = 0) -> None:
        """Log metrics of one step.

        It returns when they are in the journal: within microseconds, whatever state the store is in.

        Raises:
            InvalidMetric: a name or a value cannot be kept; nothing was logged then.
        """
        # Users call this a million times: names that were found good before are not looked at again.
        layout = self._layouts.get(tuple(metrics)) if type(metrics) is dict else None
        if layout is None:
            layout = self._layout(keys_of(metrics))
        values = metrics.values()
        if PLAIN.issuperset(map(type, values)):
            try:
                self._journal.points(layout, step, milliseconds(), values)  # type: ignore[arg-type]  # plain numbers
            except (struct.error, OverflowError):
                pass  # what is wrong is found out below
            else:
                if self._watch is not None:
                    self._tell(layout, values, step)  # type: ignore[arg-type]  # plain numbers
                return
        numbers = numbers_of(metrics)
        self._journal.points(layout, step_of(step), milliseconds(), numbers)
        self._tell(layout, numbers, step)

    def _log_batch(
        self,
        columns: Mapping[str, Column],
        steps: Sequence[int] | Column | None,
        timestamps: Sequence[int] | Column | None,
    ) -> None:
        batch = columns_of(columns, steps, timestamps, milliseconds())
        layout, values = self._layout(batch.values), list(batch.values.values())
        self._journal.columns(layout, batch.steps, batch.timestamps, values)
        if len(batch.steps):
            self._tell(layout, [column[-1] for column in values], batch.steps[-1])

    def _tell(self, layout: Layout, values: Iterable[float], step: SupportsIndex) -> None:
        """Tell whoever watches what was logged."""
        if self._watch is not None:
            named = dict(zip(layout.keys, map(float, values), strict=True))
            self._watch(self.run_id, named, index(step), None)

    def _layout(self, names: Iterable[str]) -> Layout:
        """Return the layout of metrics with good names."""
        keys = tuple(names)
        if keys not in self._layouts:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            self._layouts[keys] = Layout(self.run_id, keys)
        return self._layouts[keys]

    def _log_params(self, params: Mapping[str, object]) -> None:
        values = params_of(params)
        refuse_changes(self._params, values)
        self._recorder.record(LogParams(self.run_id, values))
        self._params.update(values)

    def _set_tags(self, tags: Mapping[str, object]) -> None:
        self._recorder.record(SetTags(self.run_id, tags_of(tags)))

    def _log_dataset(self, dataset: DatasetInfo, context: str) -> None:
        self._known_inputs.add(dataset.ref)
        self._recorder.record(LogInput(self.run_id, dataset, context))

    def _log_artifact(self, path: str | os.PathLike[str], under: str) -> None:
        with self._recorder.artifacts.stage() as staged:
            copy_into(Path(path), staged)
            self._recorder.record(AddFiles(self.run_id, self._recorder.artifacts.keep(self.run_id, staged, under)))

    def _end(self, status: str, tags: Mapping[str, object] | None = None) -> None:
        if status not in _STATUSES:
            raise InvalidInput(f"a run's status is one of {', '.join(RunStatus)}, not {status!r}")
        records: list[Record] = [SetTags(self.run_id, tags_of(tags))] if tags else []
        if not self._ended:
            self._ended = True
            records.append(EndRun(self.run_id, status, milliseconds()))
        self._recorder.record(*records)

    def _rewind(self, step: int, before: int) -> Rewind:
        return Rewind(self.run_id, step_of(step), step_of(before))

    def _create_model(
        self,
        name: str,
        save: Save | str | os.PathLike[str],
        step: int | None,
        model_type: str,
        params: Mapping[str, object] | None,
        tags: Mapping[str, object] | None,
    ) -> ModelInfo:
        own_params, own_tags = params_of(params or {}), tags_of(tags or {})
        info = ModelInfo(
            model_id=names.new_model_id(),
            name=model_name_of(name),
            experiment_id="",
            run_id=self.run_id,
            step=None if step is None else step_of(step),
            status=ModelStatus.READY,
            model_type=model_type,
            creation_timestamp=milliseconds(),
            last_updated_timestamp=milliseconds(),
            params={**self._params, **own_params},
            tags=own_tags,
            measurements=(),
        )
        created = info.creation_timestamp
        self._recorder.record(
            CreateModel(info.model_id, self.run_id, info.name, model_type, info.step, created, own_params, own_tags),
        )
        self._save_model(info, save)
        return info

    def _save_model(self, info: ModelInfo, save: Save | str | os.PathLike[str]) -> None:
        status = ModelStatus.UPLOAD_FAILED
        try:
            with self._recorder.artifacts.stage() as staged:
                save_into(info.name, save if callable(save) else partial(copy_into, Path(save)), staged)
                files = self._recorder.artifacts.keep(info.model_id, staged)
                # Said while the staged folder is there: it shows that these files are still to be spoken of.
                self._recorder.record(AddFiles(info.model_id, files, self.run_id))
            status = ModelStatus.READY
        finally:
            self._recorder.record(FinishModel(info.model_id, status, milliseconds(), self.run_id))


class Run(Loggable):
    """A run: log into it from anywhere; as a context manager it ends with its block."""

    def __init__(self, desk: Desk, run_id: str, experiment: str, params: Mapping[str, object]) -> None:
        super().__init__(desk.recorder, run_id, experiment, params)
        self._desk = desk

    def log_batch(
        self,
        columns: Mapping[str, Column],
        steps: Sequence[int] | Column | None = None,
        timestamps: Sequence[int] | Column | None = None,
    ) -> None:
        """Log many steps at once: all of them or, if anything is wrong, none.

        Args:
            columns: values of each metric, of shape (points,); whatever NumPy makes float64 of.
            steps: whole numbers of shape (points,), in any order; 0, 1, 2, … if they are left out.
            timestamps: milliseconds since the epoch, of shape (points,); now if they are left out.

        Raises:
            InvalidMetric: a name, a column or the steps cannot be kept.
        """
        self._log_batch(columns, steps, timestamps)

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log params; what JSON cannot say is kept as its text.

        Raises:
            Conflict: a param has another value already; nothing was logged then.
        """
        self._log_params(params)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags; the last value counts."""
        self._set_tags(tags)

    def log_dataset(self, dataset: DatasetInfo, context: str = "") -> None:
        """Say that this run uses a dataset, and as what ("training", "validation", …)."""
        self._log_dataset(dataset, context)

    def log_artifact(self, path: str | os.PathLike[str], under: str = "") -> None:
        """Keep a copy of a file, or of a folder's content, with this run, in the folder `under`."""
        self._log_artifact(path, under)

    def log_model(
        self,
        name: str,
        save: Save | str | os.PathLike[str],
        *,
        step: int | None = None,
        model_type: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> LoggedModel:
        """Save a checkpoint.

        `save` is a function that writes into the empty folder it is called with, or the path of a file or folder
        to copy. The checkpoint has its run's params, and `params`.

        Raises:
            SaveFailed: the function wrote nothing. What it raises itself passes through; either way the
                checkpoint is marked as failed and never ranked.
        """
        info = self._create_model(name, save, step, model_type, params, tags)
        return LoggedModel(self._desk, info, known_inputs=self._known_inputs)

    def start_child(
        self,
        *,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Start a child run in the same experiment."""
        run_id = start(self._recorder, self.experiment, name, params, tags, parent_run_id=self.run_id)
        return Run(self._desk, run_id, self.experiment, params or {})

    def flush(self, timeout: float = CLOSE_SECONDS) -> Level:
        """Wait until what this process has logged is stored, for at most so many seconds; return the level reached."""
        return self._desk.flush(timeout)

    def end(self, status: str = RunStatus.FINISHED, *, tags: Mapping[str, object] | None = None) -> None:
        """End the run, and set tags that say how; what is logged later is kept all the same."""
        self._end(status, tags)

    def fence(self, token: int) -> None:
        """Refuse what attachments with a smaller token log into this run from now on, whatever it is.

        So a worker that was thought dead and comes back cannot write into a run that another one has taken over. What
        was logged before, by whomever, is stored first; when this returns, the fence is. It is raised only, never
        lowered. Who opened the store itself, and did not attach to it, is never refused.

        Raises:
            InvalidInput: the token is no whole number from 0 on.
            StoreUnavailable: the store cannot be written just now.
        """
        self._desk.carry_out(Fence(self.run_id, token_of(token)), f"the fence of run {self.run_id}")

    def rewind(self, step: int, before: int) -> None:
        """Take back what was logged into this run from a step on before a time, in milliseconds since 1970.

        For a run that begins again at a step: what the earlier attempt logged from there on is superseded. Curves,
        their summaries and latest values are then as if these points had never been logged; whoever reads since a
        cursor is given the run's curves whole again. Logged models stay, and what they were measured at. A point's
        time is its timestamp. W&B rewinds a run so too, to a step (`wandb.init(resume_from=...)`); MLflow cannot.

        Raises:
            InvalidMetric: the step or the time is no whole number of 64 bits.
            StoreUnavailable: the store cannot be written just now.
        """
        self._desk.carry_out(self._rewind(step, before), f"the rewind of run {self.run_id}")

    @contextmanager
    def as_current(self) -> Iterator[Self]:
        """Make it what `current_run()` returns within the block, and leave it running afterwards."""
        outer = entered.set(self)
        try:
            yield self
        finally:
            entered.reset(outer)

    def __enter__(self) -> Self:
        if self._ended:
            raise Closed("run")
        self._outer = entered.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        entered.reset(self._outer)
        self._end(status_of(kind))
        self.flush()


class AsyncRun(Loggable):
    """A run for async code. What only appends to the journal is done at once; awaiting it gives others a turn."""

    def __init__(self, desk: AsyncDesk, run_id: str, experiment: str, params: Mapping[str, object]) -> None:
        super().__init__(desk.recorder, run_id, experiment, params)
        self._desk = desk

    def log(self, metrics: Mapping[str, object], step: int = 0) -> Done:  # type: ignore[override]  # to be awaited
        """Log metrics of one step, as `Run.log` does."""
        super().log(metrics, step)
        return DONE

    def log_batch(
        self,
        columns: Mapping[str, Column],
        steps: Sequence[int] | Column | None = None,
        timestamps: Sequence[int] | Column | None = None,
    ) -> Done:
        """Log many steps at once, as `Run.log_batch` does."""
        self._log_batch(columns, steps, timestamps)
        return DONE

    def log_params(self, params: Mapping[str, object]) -> Done:
        """Log params, as `Run.log_params` does."""
        self._log_params(params)
        return DONE

    def set_tags(self, tags: Mapping[str, object]) -> Done:
        """Set tags; the last value counts."""
        self._set_tags(tags)
        return DONE

    def log_dataset(self, dataset: DatasetInfo, context: str = "") -> Done:
        """Say that this run uses a dataset, and as what."""
        self._log_dataset(dataset, context)
        return DONE

    async def log_artifact(self, path: str | os.PathLike[str], under: str = "") -> None:
        """Keep a copy of a file or a folder, as `Run.log_artifact` does."""
        await to_thread.run_sync(self._log_artifact, path, under)

    async def log_model(
        self,
        name: str,
        save: Save | str | os.PathLike[str],
        *,
        step: int | None = None,
        model_type: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> AsyncLoggedModel:
        """Save a checkpoint, as `Run.log_model` does; `save` runs in a thread."""
        info = await to_thread.run_sync(self._create_model, name, save, step, model_type, params, tags)
        return AsyncLoggedModel(self._desk, info, known_inputs=self._known_inputs)

    def start_child(
        self,
        *,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> AsyncRun:
        """Start a child run in the same experiment."""
        run_id = start(self._recorder, self.experiment, name, params, tags, parent_run_id=self.run_id)
        return AsyncRun(self._desk, run_id, self.experiment, params or {})

    async def flush(self, timeout: float = CLOSE_SECONDS) -> Level:  # noqa: ASYNC109  # it returns a level
        """Wait until what this process has logged is stored, as `Run.flush` does."""
        return await self._desk.flush(timeout)

    def end(self, status: str = RunStatus.FINISHED, *, tags: Mapping[str, object] | None = None) -> Done:
        """End the run, as `Run.end` does."""
        self._end(status, tags)
        return DONE

    async def fence(self, token: int) -> None:
        """Refuse what attachments with a smaller token log into this run from now on, as `Run.fence` does."""
        await self._desk.carry_out(Fence(self.run_id, token_of(token)), f"the fence of run {self.run_id}")

    async def rewind(self, step: int, before: int) -> None:
        """Take back what was logged into this run from a step on before a time, as `Run.rewind` does."""
        await self._desk.carry_out(self._rewind(step, before), f"the rewind of run {self.run_id}")

    async def __aenter__(self) -> Self:
        if self._ended:
            raise Closed("run")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._end(status_of(kind))
        await self.flush()


def start(
    recorder: Recorder,
    experiment: str,
    name: str | None,
    params: Mapping[str, object] | None,
    tags: Mapping[str, object] | None,
    *,
    parent_run_id: str | None = None,
    run_id: str | None = None,
) -> str:
    """Log that a run begins, with its params and tags; return its ID. Nothing is logged if anything is wrong."""
    run_id = run_id or names.new_run_id()
    name = name_of(name, "run") if name else names.run_name()
    values, texts = params_of(params or {}), tags_of(tags or {})
    records: list[Record] = [StartRun(run_id, name_of(experiment, "experiment"), name, parent_run_id, milliseconds())]
    if values:
        records.append(LogParams(run_id, values))
    if texts:
        records.append(SetTags(run_id, texts))
    recorder.record(*records)
    return run_id


def refuse_changes(known: Mapping[str, object], values: Mapping[str, object]) -> None:
    """Check that params which have a value already keep it.

    Raises:
        Conflict: one would change.
    """
    for key, value in values.items():
        if key in known and plain(known[key]) != value:
            message = f"param {key!r} is {known[key]!r} already and cannot become {value!r}"
            raise Conflict(message)


def status_of(kind: type[BaseException] | None) -> RunStatus:
    """Say how a block ended: as it should, with an error, or because it was told to."""
    if kind is None:
        return RunStatus.FINISHED
    return RunStatus.FAILED if issubclass(kind, Exception) else RunStatus.KILLED
