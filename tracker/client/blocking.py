"""The sync client: the async one, called in an event loop of a thread of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..entities import Buckets, File, Histories, History, Level, ModelInfo
from ..entities.records import RunAct
from ..errors import Closed
from ..filter import DatasetFilter
from .model import LoggedModel
from .recorder import Recorder
from .registered import Registry
from .registry import RegistrySearches
from .run import Run
from .tracker import DEFAULT_EXPERIMENT, AsyncTracker, connect
from .twin import Blocking

P = ParamSpec("P")
R = TypeVar("R")

# How often a forgotten tracker looks whether its program has ended.
_EXIT_SECONDS = 0.2


class _Direct(Generic[P, R]):
    """A search as a sync method: same words, same arguments; it runs where it is called, which takes microseconds."""

    def __init__(self, method: Callable[Concatenate[RegistrySearches[LoggedModel], P], R]) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type]  # for help(): it is called like one

    @overload
    def __get__(self, instance: None, owner: type[Tracker]) -> Self: ...
    @overload
    def __get__(self, instance: Tracker, owner: type[Tracker]) -> Callable[P, R]: ...
    def __get__(self, instance: Tracker | None, owner: type[Tracker]) -> Self | Callable[P, R]:
        if instance is None:
            return self

        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            found: R = getattr(_settled(instance), self._method.__name__)(*args, **kwargs)
            return found

        return call


def _settled(tracker: Tracker) -> RegistrySearches[LoggedModel]:
    if tracker.is_closed or not tracker.inner.engine.is_settled:
        tracker.call(tracker.inner.engine.settle)
    return tracker.searches


class StoreDesk:
    """The desk of what a tracker has given out; once that is closed, the store is opened again for the moment."""

    def __init__(self, tracker: Tracker) -> None:
        self.recorder = tracker.inner.desk.recorder
        self._tracker = tracker

    def flush(self, timeout: float) -> Level:
        """Wait until what this process has logged is stored, for at most so many seconds."""
        with self._open() as tracker:
            return tracker.flush(timeout)

    def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""
        with self._open() as tracker:
            return tracker.call(tracker.inner.desk.files, owner)

    def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        with self._open() as tracker:
            tracker.download(owner, target)

    def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        with self._open() as tracker:
            tracker.call(tracker.inner.desk.carry_out, act, what)

    def _open(self) -> contextlib.AbstractContextManager[Tracker]:
        if self._tracker.is_closed:
            return open_tracker(self.recorder.store, create=False, recorder=self.recorder)
        return contextlib.nullcontext(self._tracker)


class Tracker:
    """An open store; made by `open`."""

    def __init__(self, inner: AsyncTracker, portal: BlockingPortal, lifetimes: contextlib.ExitStack) -> None:
        self.inner = inner
        self.closed = threading.Event()
        self._process = os.getpid()
        self._portal = portal
        self._lifetimes = lifetimes
        self._desk = StoreDesk(self)
        self.searches = inner.engine.searches(self._model)
        self._registry = Registry(inner.registry, self.call)

    @property
    def registry(self) -> Registry:
        """The registered models: names under which logged models have versions, stages and aliases."""
        return self._registry

    @property
    def path(self) -> Path:
        """The store's folder; of one behind a server, where waits on this machine what is not stored yet."""
        return self.inner.path

    @property
    def store(self) -> str:
        """What opens it again: the folder, or the server's URL."""
        return self.inner.store

    @property
    def is_closed(self) -> bool:
        """Whether it can be used no more; a fork's child has none of its threads, so there it is closed too."""
        return self.closed.is_set() or self._process != os.getpid()

    get_run = _Direct(RegistrySearches[LoggedModel].get_run)
    get_logged_model = _Direct(RegistrySearches[LoggedModel].get_logged_model)
    search_experiments = _Direct(RegistrySearches[LoggedModel].search_experiments)
    search_runs = _Direct(RegistrySearches[LoggedModel].search_runs)
    search_logged_models = _Direct(RegistrySearches[LoggedModel].search_logged_models)
    count_experiments = _Direct(RegistrySearches[LoggedModel].count_experiments)
    count_runs = _Direct(RegistrySearches[LoggedModel].count_runs)
    count_logged_models = _Direct(RegistrySearches[LoggedModel].count_logged_models)
    rank = _Direct(RegistrySearches[LoggedModel].rank)
    children = _Direct(RegistrySearches[LoggedModel].children)
    datasets = _Direct(RegistrySearches[LoggedModel].datasets)
    registered_models = _Direct(RegistrySearches[LoggedModel].registered_models)
    promotions = _Direct(RegistrySearches[LoggedModel].promotions)
    plan_keep = _Direct(RegistrySearches[LoggedModel].plan_keep)
    promote_if_better = Blocking(AsyncTracker.promote_if_better)
    set_alias = Blocking(AsyncTracker.set_alias)
    delete_alias = Blocking(AsyncTracker.delete_alias)
    delete_logged_model = Blocking(AsyncTracker.delete_logged_model)
    carry_out = Blocking(AsyncTracker.carry_out)
    metric_histories = Blocking(AsyncTracker.metric_histories)
    download = Blocking(AsyncTracker.download)
    backup = Blocking(AsyncTracker.backup)
    flush = Blocking(AsyncTracker.flush)
    catch_up = Blocking(AsyncTracker.catch_up)

    def start_run(
        self,
        experiment: str = DEFAULT_EXPERIMENT,
        *,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        parent_run_id: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a run, or, with the ID of one that exists, go on with it.

        Raises:
            RunNotFound: there is no run of that ID.
            Conflict: one of its params has another value already.
        """
        begin = functools.partial(
            self.inner.start_run,
            experiment,
            name=name,
            params=params,
            tags=tags,
            parent_run_id=parent_run_id,
            run_id=run_id,
        )
        started = self.call(begin)
        return Run(self._desk, started.run_id, started.experiment, started.params)

    def call(self, method: Callable[..., Awaitable[R]], *args: object) -> R:
        """Call an async function in this tracker's event loop, and wait for it.

        Raises:
            Closed: the tracker is.
        """
        if self.is_closed:
            raise Closed("tracker")
        result: R = self._portal.call(method, *args)
        return result

    def before_close(self, call: Callable[[], object]) -> None:
        """Have something done first when this is closed."""
        self._lifetimes.callback(call)

    def close(self) -> None:
        """Wait until what was logged is stored, for ten seconds at most, and let go of the store."""
        if not self.is_closed:
            self.closed.set()
            self._lifetimes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @overload
    def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: str | None = None, points: None = None
    ) -> History: ...
    @overload
    def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: None = None, points: int
    ) -> Buckets: ...
    def metric_history(
        self, run_id: str, key: str, dataset: str | None = None, *, since: str | None = None, points: int | None = None
    ) -> History | Buckets:
        """Return one metric's curve, or its buckets, as `AsyncTracker.metric_history` does."""
        read: Callable[[], Awaitable[History | Buckets]] = functools.partial(
            self.inner.metric_history, run_id, key, dataset, since=since, points=points
        )
        return self.call(read)

    def follow(
        self,
        run_ids: Sequence[str],
        keys: Sequence[str] | None = None,
        *,
        since: str | None = None,
        every: float = 1.0,
    ) -> Iterator[Histories]:
        """Yield what is logged to these runs as it comes, as `AsyncTracker.follow` does."""
        following = cast("AsyncGenerator[Histories]", self.inner.follow(run_ids, keys, since=since, every=every))
        try:
            while (found := self.call(anext, following, None)) is not None:
                yield found
        finally:
            with contextlib.suppress(Closed):
                self.call(following.aclose)

    def _model(self, info: ModelInfo, searched_by: DatasetFilter | None) -> LoggedModel:
        return LoggedModel(self._desk, info, searched_by=searched_by)


def open_tracker(
    store: str | os.PathLike[str] | None = None,
    *,
    create: bool = True,
    recorder: Recorder | None = None,
) -> Tracker:
    """Open a store: a folder or a server's URL, else `TRACKER_STORE`, else `./tracker-store`.

    What earlier processes logged and could not store is folded in first. Use it as a context manager, or call
    `close`; a program that forgets both is closed when its main thread ends.

    Raises:
        StoreNotFound: there is none, and `create` is false.
        NotAStore, StoreTooNew, StoreReadOnly: by what is at the place.
    """
    with contextlib.ExitStack() as opening:
        portal = opening.enter_context(start_blocking_portal(name="tracker"))
        connection = connect(store, create=create, recorder=recorder)
        inner = opening.enter_context(portal.wrap_async_context_manager(connection))
        tracker = Tracker(inner, portal, opening.pop_all())
    threading.Thread(target=_close_at_exit, args=(tracker,), name="tracker-exit", daemon=False).start()
    return tracker


def _close_at_exit(tracker: Tracker) -> None:
    # Connections have threads that keep a process alive, and handlers of `atexit` run only after those ended.
    while not tracker.closed.wait(_EXIT_SECONDS):
        if not threading.main_thread().is_alive():
            tracker.close()
