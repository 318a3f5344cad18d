"""The async client: an open store, to start runs in and to search."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import anyio

from ..entities import Buckets, DatasetRef, Experiment, Histories, History, Level, ModelInfo, RunInfo
from ..errors import DatasetNotFound, ExperimentNotFound, ModelNotFound, RunNotFound
from ..filter import DatasetFilter, Subject, parse_order
from ..ranking import chosen_dataset, ranked
from ..ranking import order_by as ranking_order
from ..tables import Page
from . import engine as engines
from .backup import Backup, back_up
from .desk import EngineDesk
from .engine import CLOSE_SECONDS, Engine
from .folder import StoreFolder
from .model import AsyncLoggedModel
from .queries import (
    MAX_RESULTS,
    OrderBy,
    dataset_filter,
    named_dataset,
    query_of,
    quoted,
    require_points,
    several,
)
from .recorder import Recorder
from .run import AsyncRun, refuse_changes, start
from .values import params_of

DEFAULT_EXPERIMENT = "Default"


class AsyncTracker:
    """An open store; made by `connect`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.desk = EngineDesk(engine)

    @property
    def path(self) -> Path:
        """The store's folder."""
        return self._engine.path

    async def start_run(
        self,
        experiment: str = DEFAULT_EXPERIMENT,
        *,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        parent_run_id: str | None = None,
        run_id: str | None = None,
    ) -> AsyncRun:
        """Start a run, or, with the ID of one that exists, go on with it.

        Raises:
            RunNotFound: there is no run of that ID.
            Conflict: one of its params has another value already.
        """
        known: Mapping[str, object] = {}
        if run_id is not None:
            found = await self.get_run(run_id)
            experiment, name, known = found.experiment, found.name, found.params
            parent_run_id = found.parent_run_id
            refuse_changes(known, params_of(params or {}))
        started = start(
            self._engine.recorder, experiment, name, params, tags, parent_run_id=parent_run_id, run_id=run_id
        )
        return AsyncRun(self.desk, started, experiment, {**known, **(params or {})})

    async def get_run(self, run_id: str) -> RunInfo:
        """Return a run.

        Raises:
            RunNotFound: there is none of that ID.
        """
        found = await self.search_runs(filter_string=f"run_id = {quoted(run_id)}", max_results=1)
        if not found:
            raise RunNotFound(run_id)
        return found[0]

    async def get_logged_model(self, model_id: str) -> AsyncLoggedModel:
        """Return a logged model, by its ID or its URI.

        Raises:
            ModelNotFound: there is none of that ID.
        """
        wanted = model_id.removeprefix("models:/")
        found = await self.search_logged_models(filter_string=f"model_id = {quoted(wanted)}", max_results=1)
        if not found:
            raise ModelNotFound(model_id)
        return found[0]

    async def search_experiments(self) -> list[Experiment]:
        """Return all experiments, oldest first."""
        await self._engine.settle()
        return await self._engine.store.experiments()

    async def search_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        order_by: OrderBy = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[RunInfo]:
        """Return the runs that match, in order; newest first unless said otherwise.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
            ExperimentNotFound: by a name that no experiment has.
        """
        ids = await self._experiment_ids(experiment_ids, experiment_names)
        query, page = query_of(Subject.RUNS, filter_string, order_by, ids, (), max_results, page_token)
        return page.of(await self._engine.store.search_runs(query))

    async def search_logged_models(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        datasets: Sequence[Mapping[str, str]] = (),
        order_by: OrderBy = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[AsyncLoggedModel]:
        """Return the logged models that match, in order; newest first unless said otherwise.

        `datasets` are mappings with `dataset_name` and perhaps `dataset_digest`: metrics in the filter then mean
        values measured on one of them, and metrics in the order too if there is just one.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
            ExperimentNotFound, DatasetNotFound: by a name that nothing has.
        """
        ids = await self._experiment_ids(experiment_ids, experiment_names)
        wanted = [dataset_filter(entry) for entry in datasets]
        await self._require_datasets(wanted, ids)
        query, page = query_of(Subject.MODELS, filter_string, order_by, ids, wanted, max_results, page_token)
        searched_by = wanted[0] if len(wanted) == 1 else None
        return page.of([self._model(info, searched_by) for info in await self._engine.store.search_models(query)])

    async def rank(
        self,
        metric: str,
        *,
        goal: str = "maximize",
        dataset: str | None = None,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        parent_run_id: str | None = None,
        top: int = 5,
    ) -> list[AsyncLoggedModel]:
        """Return the best checkpoints by a metric, the best first; the rule is that of `tracker.ranking`.

        `dataset` is `NAME` or `NAME@DIGEST`; it may be left out if the metric was measured on one dataset only.
        `parent_run_id` narrows the choice to the runs of one sweep. Checkpoints without their files are left out.

        Raises:
            AmbiguousDataset: there are several datasets to rank by.
            DatasetNotFound: no checkpoint was measured on that one.
            InvalidFilter: the filter does not parse; the message shows where.
        """
        ids = await self._experiment_ids(None, experiment_names)
        of_sweep = f"parent_run_id = {quoted(parent_run_id)}" if parent_run_id else ""
        clauses = [f"({clause})" for clause in ("status = 'READY'", of_sweep, filter_string) if clause.strip()]
        query, _ = query_of(Subject.MODELS, " AND ".join(clauses), (), ids, (), top, None)
        chosen = chosen_dataset(metric, dataset, await self._engine.store.measured_on(metric, query))
        order = parse_order(ranking_order(metric, goal, chosen), Subject.MODELS)
        found = await self._engine.store.search_models(replace(query, order=order, limit=top))
        searched_by = DatasetFilter(chosen.name, chosen.digest) if chosen else None
        return [self._model(info, searched_by) for info in ranked(found, metric, goal, chosen)]

    async def children(self, run_id: str) -> list[RunInfo]:
        """Return all child runs of a run, the first started first."""
        found: list[RunInfo] = []
        token = None
        while True:
            page = await self.search_runs(
                filter_string=f"parent_run_id = {quoted(run_id)}",
                order_by="start_time ASC",
                max_results=MAX_RESULTS,
                page_token=token,
            )
            found += page
            token = page.next_page_token
            if token is None:
                return found

    @overload
    async def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: str | None = None, points: None = None
    ) -> History: ...
    @overload
    async def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: None = None, points: int
    ) -> Buckets: ...
    async def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: str | None = None, points: int | None = None
    ) -> History | Buckets:
        """Return one metric's curve as NumPy columns, sorted by step, then in the order logged.

        Without a dataset it is what the run logged itself, or, where that is nothing, what its checkpoints were
        measured at. A metric that was never logged has no points. With `since`, the `cursor` of what was read
        before, it is only what was logged after that. With `points` it is the curve in at most so many buckets, each
        with its least, its greatest and its last value: what a chart of so many pixels needs.

        Raises:
            RunNotFound: there is no run of that ID.
            InvalidInput: the cursor is not one that was given out, or `points` is not from 1 on.
        """
        wanted = named_dataset(dataset) if dataset else None
        if points is not None:
            require_points(points, since)
        await self._engine.settle()
        if points is None:
            return await self._engine.store.history(run_id, key, wanted, since)
        return await self._engine.store.buckets(run_id, key, wanted, points)

    async def metric_histories(
        self, run_ids: Sequence[str], keys: Sequence[str] | None = None, *, since: str | None = None
    ) -> Histories:
        """Return the curves of many runs by (run ID, key), each as `metric_history` does.

        Without keys it is the curves of all their metrics; a curve without points is left out. With `since`, the
        `cursor` of what was read before, it is only what was logged after that; runs and metrics that were
        not asked for before are given whole.

        Raises:
            RunNotFound: there is no run of one of the IDs.
            InvalidInput: the cursor is not one that was given out.
        """
        await self._engine.settle()
        return await self._engine.store.histories(
            several("run_ids", run_ids), None if keys is None else several("keys", keys), since
        )

    async def follow(
        self,
        run_ids: Sequence[str],
        keys: Sequence[str] | None = None,
        *,
        since: str | None = None,
        every: float = 1.0,
    ) -> AsyncIterator[Histories]:
        """Yield what is logged to these runs as it comes: first what is there, then what is new, never twice.

        It looks every so many seconds, and ends when all of the runs have ended and all was given.

        Raises:
            RunNotFound: there is no run of one of the IDs.
        """
        while True:
            # Asked first: what a run logged before its end is read then.
            ended = not await self._running(run_ids)
            found = await self.metric_histories(run_ids, keys, since=since)
            since = found.cursor
            if found:
                yield found
            elif ended:
                return
            else:
                await anyio.sleep(every)

    async def datasets(self, experiment_ids: Sequence[str] | None = None) -> list[DatasetRef]:
        """Return the datasets that runs use or models were measured on, by name."""
        await self._engine.settle()
        return await self._engine.store.datasets(experiment_ids)

    async def download(self, owner: str, destination: str | os.PathLike[str]) -> Path:
        """Copy the files of a run or a logged model, by its ID, into a folder; return that folder."""
        target = Path(destination)
        await self.desk.fetch(owner, target)
        return target

    async def backup(self, destination: str | os.PathLike[str], *, link: bool = False) -> Backup:
        """Copy the store into a new folder while programs go on logging, as `tracker backup` does.

        With `link` files are the same ones by another name where the disk is the same, and take no room.

        Raises:
            InvalidInput: there is something at the destination already, or it lies in the store.
            BackupFailed: the disk is full, say; nothing is at the destination then.
        """
        return await back_up(self._engine, destination, link=link)

    async def flush(self, timeout: float = CLOSE_SECONDS) -> Level:  # noqa: ASYNC109  # it returns a level
        """Wait until what this process has logged is stored, for at most so many seconds; return the level reached."""
        return await self._engine.writer.flush(timeout)

    async def catch_up(self, timeout: float = CLOSE_SECONDS) -> bool:  # noqa: ASYNC109  # it returns whether
        """Wait until what every process has logged into this store by now can be read here; return whether it can."""
        return await self._engine.writer.catch_up(timeout)

    async def _running(self, run_ids: Sequence[str]) -> bool:
        await self._engine.settle()
        return await self._engine.store.running(run_ids)

    def _model(self, info: ModelInfo, searched_by: DatasetFilter | None) -> AsyncLoggedModel:
        return AsyncLoggedModel(self.desk, info, searched_by=searched_by)

    async def _experiment_ids(self, ids: Sequence[str] | None, names: Sequence[str] | None) -> Sequence[str] | None:
        await self._engine.settle()
        if ids is None and names is None:
            return None
        known = {entry.name: entry.experiment_id for entry in await self._engine.store.experiments()}
        for name in names or ():
            if name not in known:
                raise ExperimentNotFound(name, known)
        for number in ids or ():
            if number not in known.values():
                raise ExperimentNotFound(number, known.values())
        return [*(ids or ()), *(known[name] for name in names or ())]

    async def _require_datasets(self, wanted: Sequence[DatasetFilter], ids: Sequence[str] | None) -> None:
        if not wanted:
            return
        known = await self._engine.store.datasets(ids)
        for entry in wanted:
            digests = {ref.digest for ref in known if ref.name == entry.name}
            if not digests:
                raise DatasetNotFound(entry.name, {ref.name for ref in known})
            if entry.digest is not None and entry.digest not in digests:
                raise DatasetNotFound(f"{entry.name}@{entry.digest}", {f"{entry.name}@{each}" for each in digests})


@contextlib.asynccontextmanager
async def connect(
    store: str | os.PathLike[str] | None = None,
    *,
    create: bool = True,
    recorder: Recorder | None = None,
) -> AsyncIterator[AsyncTracker]:
    """Open a store for async code: a folder, else `TRACKER_STORE`, else `./tracker-store`.

    What earlier processes logged and could not store is folded in first.

    Raises:
        StoreNotFound: there is none, and `create` is false.
        NotAStore, StoreTooNew, StoreReadOnly: by what is at the place.
    """
    async with engines.opened(StoreFolder.named(store), create=create, recorder=recorder) as engine:
        yield AsyncTracker(engine)
