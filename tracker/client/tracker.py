"""The async client: an open store, to start runs in and to search."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import anyio
from anyio import to_thread

from ..entities import Buckets, Histories, History, Level, ModelInfo
from ..errors import NotSupported
from ..filter import DatasetFilter
from . import engine as engines
from . import remote
from .backup import Backup, back_up
from .desk import EngineDesk
from .engine import CLOSE_SECONDS, Engine, LocalEngine
from .model import AsyncLoggedModel
from .place import ServerPlace, place_of
from .queries import named_dataset, require_points, several
from .recorder import Recorder
from .registered import AsyncRegistry
from .registering import Registering
from .registry import RegistrySearches
from .run import AsyncRun, refuse_changes, start
from .values import params_of

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_EXPERIMENT = "Default"


class _Threaded(Generic[P, R]):
    """A search as an async method: same words, same arguments; it runs in a thread of its own."""

    def __init__(self, method: Callable[Concatenate[RegistrySearches[AsyncLoggedModel], P], R]) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type]  # for help(): it is called like one

    @overload
    def __get__(self, instance: None, owner: type[AsyncTracker]) -> Self: ...
    @overload
    def __get__(self, instance: AsyncTracker, owner: type[AsyncTracker]) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(
        self, instance: AsyncTracker | None, owner: type[AsyncTracker]
    ) -> Self | Callable[P, Coroutine[Any, Any, R]]:
        if instance is None:
            return self

        @functools.wraps(self._method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            await instance.engine.settle()
            # By its name: a store behind a server has searches of its own.
            method: Callable[P, R] = getattr(instance.searches, self._method.__name__)
            return await to_thread.run_sync(functools.partial(method, *args, **kwargs))

        return call


class AsyncTracker(Registering):
    """An open store; made by `connect`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.desk = EngineDesk(engine)
        self.searches = engine.searches(self._model)
        self._registry = AsyncRegistry(self)

    @property
    def registry(self) -> AsyncRegistry:
        """The registered models: names under which logged models have versions, stages and aliases."""
        return self._registry

    @property
    def path(self) -> Path:
        """The store's folder; of one behind a server, where waits on this machine what is not stored yet."""
        return self.engine.path

    @property
    def store(self) -> str:
        """What opens it again: the folder, or the server's URL."""
        return str(self.engine.recorder.store)

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
            self.engine.recorder, experiment, name, params, tags, parent_run_id=parent_run_id, run_id=run_id
        )
        return AsyncRun(self.desk, started, experiment, {**known, **(params or {})})

    get_run = _Threaded(RegistrySearches[AsyncLoggedModel].get_run)
    get_logged_model = _Threaded(RegistrySearches[AsyncLoggedModel].get_logged_model)
    search_experiments = _Threaded(RegistrySearches[AsyncLoggedModel].search_experiments)
    search_runs = _Threaded(RegistrySearches[AsyncLoggedModel].search_runs)
    search_logged_models = _Threaded(RegistrySearches[AsyncLoggedModel].search_logged_models)
    count_experiments = _Threaded(RegistrySearches[AsyncLoggedModel].count_experiments)
    count_runs = _Threaded(RegistrySearches[AsyncLoggedModel].count_runs)
    count_logged_models = _Threaded(RegistrySearches[AsyncLoggedModel].count_logged_models)
    rank = _Threaded(RegistrySearches[AsyncLoggedModel].rank)
    children = _Threaded(RegistrySearches[AsyncLoggedModel].children)
    datasets = _Threaded(RegistrySearches[AsyncLoggedModel].datasets)
    registered_models = _Threaded(RegistrySearches[AsyncLoggedModel].registered_models)
    promotions = _Threaded(RegistrySearches[AsyncLoggedModel].promotions)
    plan_keep = _Threaded(RegistrySearches[AsyncLoggedModel].plan_keep)

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
        measured at. A metric that was never logged has no points. With `since`, the `cursor` of what was read before,
        it is only what was logged after that; of a run that was rewound meanwhile it is all. With `points` it is the
        curve in at most so many buckets, each with its least, its greatest and its last value: what a chart of so many
        pixels needs.

        Raises:
            RunNotFound: there is no run of that ID.
            InvalidInput: the cursor is not one that was given out, or `points` is not from 1 on.
        """
        wanted = named_dataset(dataset) if dataset else None
        if points is not None:
            require_points(points, since)
        await self.engine.settle()
        if points is None:
            return await self.engine.store.history(run_id, key, wanted, since)
        return await self.engine.store.buckets(run_id, key, wanted, points)

    async def metric_histories(
        self, run_ids: Sequence[str], keys: Sequence[str] | None = None, *, since: str | None = None
    ) -> Histories:
        """Return the curves of many runs by (run ID, key), each as `metric_history` does.

        Without keys it is the curves of all their metrics; a curve without points is left out. With `since`, the
        `cursor` of what was read before, it is only what was logged after that; runs and metrics that were
        not asked for before are given whole, and so are runs that were rewound meanwhile.

        Raises:
            RunNotFound: there is no run of one of the IDs.
            InvalidInput: the cursor is not one that was given out.
        """
        await self.engine.settle()
        return await self.engine.store.histories(
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

        Only a run that is rewound begins again: its curves are given whole then.

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
        if not isinstance(self.engine, LocalEngine):
            raise NotSupported("a backup", "run tracker backup on the server's machine")
        return await back_up(self.engine, destination, link=link)

    async def flush(self, timeout: float = CLOSE_SECONDS) -> Level:  # noqa: ASYNC109  # it returns a level
        """Wait until what this process has logged is stored, for at most so many seconds; return the level reached."""
        return await self.engine.writer.flush(timeout)

    async def catch_up(self, timeout: float = CLOSE_SECONDS) -> bool:  # noqa: ASYNC109  # it returns whether
        """Wait until what every process has logged into this store by now can be read here; return whether it can."""
        return await self.engine.writer.catch_up(timeout)

    def _model(self, info: ModelInfo, searched_by: DatasetFilter | None) -> AsyncLoggedModel:
        return AsyncLoggedModel(self.desk, info, searched_by=searched_by)

    async def _running(self, run_ids: Sequence[str]) -> bool:
        await self.engine.settle()
        return await self.engine.store.running(run_ids)


@contextlib.asynccontextmanager
async def connect(
    store: str | os.PathLike[str] | None = None,
    *,
    create: bool = True,
    recorder: Recorder | None = None,
) -> AsyncIterator[AsyncTracker]:
    """Open a store for async code: a folder or a server's URL, else `TRACKER_STORE`, else `./tracker-store`.

    What earlier processes logged and could not store is folded in first; what a server could not be sent is sent
    meanwhile. A server that cannot be reached just now is a warning, unless `create` is false: what is logged waits.

    Raises:
        StoreNotFound: there is none, and `create` is false.
        NotAStore, StoreTooNew, StoreReadOnly: by what is at the place.
        AccessRefused, MissingExtra: by the server, or for want of a library to speak to it.
    """
    place = place_of(store)
    opening = remote.opened if isinstance(place, ServerPlace) else engines.opened
    async with opening(place, create=create, recorder=recorder) as engine:  # type: ignore[arg-type]  # each its own
        yield AsyncTracker(engine)
