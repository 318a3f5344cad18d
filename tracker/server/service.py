"""What handlers ask of the store: to read, to edit, and to log what is then on the disk."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from anyio import to_thread

from ..client.engine import LocalEngine
from ..client.queries import query_of, require_ids
from ..client.tracker import AsyncTracker
from ..entities import Experiment, ModelInfo, RunInfo
from ..entities.edits import Edit
from ..entities.records import LogPoints, PointOf, Record
from ..errors import ExperimentExists, NotActive, NotSupported, RunNotFound
from ..filter import DatasetFilter, Entity, Subject, parse_order
from ..filter.tree import Comparison, Expression, Field, Operator
from ..journal import START, Layout, Position, encode
from ..store.interface import ACTIVE, Query
from ..tables import Page
from ..upkeep import journals
from .auth.interface import Doorkeeper
from .auth.roles import EVERYBODY, Identity, Owned
from .brief import Brief, busy_seconds
from .disk import Disk
from .http import Checked

T = TypeVar("T")
# How long a client waits for another process that writes.
SECONDS = 10.0
_ALL = ACTIVE | {"deleted"}
# No experiment's ID.
ANYWHERE = ""
# So many sets of metrics that runs log are known at once.
_LAYOUTS = 8192


class Logged:
    """How much was logged so far, and for each experiment how far the journal has come with it."""

    def __init__(self) -> None:
        self.points = 0
        self._ends: dict[str, Position] = {}

    def add(self, experiment_id: str, points: int, end: Position) -> None:
        """Count points of an experiment, or of nobody knows which."""
        self.points += points
        self._ends[experiment_id] = end

    def end(self, experiment_ids: Sequence[str]) -> Position:
        """Return where in the journal what was logged in these experiments ends."""
        return max(self._ends.get(each, START) for each in (ANYWHERE, *experiment_ids))


class Service:
    """An open store, as handlers use it.

    `artifact_root` is where clients keep the files of new experiments, if not with this server. `viewer` is who asks:
    what they may not read is not found. Without a `doorkeeper` nobody signs in, and anybody may do anything.
    """

    viewer: Identity = EVERYBODY
    doorkeeper: Doorkeeper | None = None

    def __init__(self, tracker: AsyncTracker, artifact_root: str = "", *, alone: bool = True) -> None:
        if not isinstance(tracker.engine, LocalEngine):
            raise NotSupported("being served", "serve the store's folder on its own machine")
        self.artifact_root = artifact_root
        self._alone = alone
        self._logged = Logged()
        self.tracker = tracker
        self.engine = tracker.engine
        self.store = tracker.engine.store
        self._brief = Brief(busy_seconds)
        self.checked = Checked()
        self._disk = Disk(self.engine.recorder.journal)
        self._layouts: dict[tuple[str, tuple[str, ...]], Layout] = {}

    @property
    def points(self) -> int:
        """How many points were logged."""
        return self._logged.points

    def seen_by(self, viewer: Identity) -> Service:
        """Return the same for one user."""
        seen = copy.copy(self)
        seen.viewer = viewer
        return seen

    async def edit(self, edit: Edit) -> object:
        """Carry out an edit; what another program has said and nobody has stored yet counts.

        Raises:
            TrackerError: it is refused.
        """
        try:
            return await self.engine.edit(edit)
        except ExperimentExists as taken:
            if await self.experiment(name=taken.name):
                raise
            # Names are of the whole store; more than that one is taken is not this user's to know.
            raise ExperimentExists(taken.name, "") from None

    async def made(self, owned: Owned, name: str) -> None:
        """Let whoever asks manage what they have made."""
        if self.doorkeeper is not None:
            await self.doorkeeper.own(self.viewer, owned, name)

    async def renamed(self, owned: Owned, name: str, new: str) -> None:
        """Keep all roles for something that has another name now."""
        if self.doorkeeper is not None:
            await self.doorkeeper.rename(owned, name, new)

    async def gone(self, owned: Owned, name: str) -> None:
        """Take away all roles for something that is no more."""
        if self.doorkeeper is not None:
            await self.doorkeeper.forget(owned, name)

    async def settle(self, experiment_ids: Sequence[str] | None = None) -> None:
        """Make all that was answered before visible to reading: by this process, or any that serves beside it.

        Who reads of some experiments only need not wait for what is logged in others.
        """
        if not self._alone:
            await self.engine.writer.catch_up(SECONDS)
        elif experiment_ids is None or not self.engine.writer.has_stored(self._logged.end(experiment_ids)):
            await self.engine.settle()

    async def read(self, kind: Hashable, function: Callable[[], T], experiment_ids: Sequence[str] | None = None) -> T:
        """Call a function that reads the store, or only what is in some experiments.

        All that was answered before is in what it finds. `kind` says what it reads, for calls of a kind take about as
        long.
        """
        await self.settle(experiment_ids)
        return await self.look(kind, function)

    async def look(self, kind: Hashable, function: Callable[[], T]) -> T:
        """Call a function that reads more of what was just found: what has come meanwhile need not be in it."""
        return await self._brief.call(kind, function)

    async def search(
        self,
        subject: Subject,
        text: str,
        order_by: Sequence[str | Mapping[str, object]],
        experiment_ids: Sequence[str] | None = None,
        *,
        datasets: Sequence[DatasetFilter] = (),
        most: int,
        token: str,
        stages: frozenset[str] = ACTIVE,
    ) -> Page[Any]:
        """Return a page of what matches, in order.

        Raises:
            InvalidInput: the filter, the order or the token cannot be used.
        """
        ids = None if experiment_ids is None else require_ids(experiment_ids)
        query, page = query_of(subject, text, order_by, ids, datasets, most, token or None)
        found = getattr(self.store.search, subject.value)
        kind = subject, text, str(order_by), most
        # The page's token is of what was asked for, and so goes on when a user's roles change.
        seen = replace(query, stages=stages, experiment_ids=self.viewer.narrowed(ids))
        return page.of(await self.read(kind, lambda: found(seen), seen.experiment_ids))

    async def uses(self, experiment_ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
        """Return the experiment, name, digest and context of each use of a dataset by active runs of experiments."""
        ids = self.viewer.narrowed(experiment_ids) or []
        return await self.read("uses", lambda: self.store.search.uses(ids))

    async def homes(self, subject: Subject, ids: Sequence[str]) -> dict[str, str]:
        """Return the experiments of runs or logged models by their IDs; what there is not is left out."""
        found = self.store.search.homes(subject, ids)
        if len(found) < len({*ids}):
            # Another program may have made one just now.
            await self.engine.writer.catch_up(SECONDS)
            found = self.store.search.homes(subject, ids)
        return found

    async def may_read(self, subject: Subject, name: str) -> bool:
        """Say whether whoever asks may read a run or a logged model, if there is one of that ID."""
        if self.viewer.reads_all:
            return True
        return any(map(self.viewer.reads, (await self.homes(subject, [name])).values()))

    async def readable_registered(self, name: str | None = None) -> set[str]:
        """Return the registered models that whoever asks may read, or the one of a name if it is such.

        They are those for which a role was given, and those whose versions all come from what may be read.
        """
        origins = await self.origins(name)
        return {each for each, homes in origins.items() if self.viewer.reads_registered(each, homes)}

    async def origins(self, name: str | None = None) -> dict[str, set[str | None]]:
        """Return the experiments that the versions of all registered models come from, or of one of a name."""
        return await self.read(("origins", name is None), lambda: self.store.search.origins(name))

    async def run(self, run_id: str) -> RunInfo | None:
        """Return a run, also a deleted one; None if there is none of that ID."""
        found: RunInfo | None = await self.one(Subject.RUNS, "run_id", run_id)
        if found is None and run_id:
            # Another program may have started it just now.
            await self.engine.writer.catch_up(SECONDS)
            found = await self.one(Subject.RUNS, "run_id", run_id)
        return found if found and self.viewer.reads(found.experiment_id) else None

    async def model(self, model_id: str) -> ModelInfo | None:
        """Return a logged model, also a deleted one; None if there is none of that ID."""
        found: ModelInfo | None = await self.one(Subject.MODELS, "model_id", model_id)
        return found if found and self.viewer.reads(found.experiment_id) else None

    async def experiment(self, *, experiment_id: str = "", name: str = "") -> Experiment | None:
        """Return an experiment by its ID or its name, also a deleted one; None if there is no such."""
        by = ("name", name) if name else ("experiment_id", experiment_id)
        found: Experiment | None = await self.one(Subject.EXPERIMENTS, *by)
        return found if found and self.viewer.reads(found.experiment_id) else None

    async def experiment_named(self, name: str) -> Experiment | None:
        """Return an experiment by its name, whoever may read it; None if there is no such."""
        found: Experiment | None = await self.one(Subject.EXPERIMENTS, "name", name)
        return found

    async def one(self, subject: Subject, attribute: str, value: str) -> Any:  # noqa: ANN401  # a run or an experiment
        """Return what has an attribute of that value, whoever may read it; None if nothing has."""
        where = Expression(subject, Comparison(Field(Entity.ATTRIBUTE, attribute), Operator.EQUAL, (value,)))
        query = Query(where, parse_order((), subject), limit=1, stages=_ALL)
        found = getattr(self.store.search, subject.value)
        return next(iter((await self.read((subject, attribute), lambda: found(query))).items), None)

    async def log(self, run_id: str, points: Sequence[PointOf]) -> None:
        """Log points of a run; they are on the disk when this returns, and whoever reads finds them.

        Raises:
            RunNotFound, NotActive: there is no such run, or it was deleted.
            Problem: the disk is full, or fails.
        """
        home = await self._require_active(run_id)
        journal = self.engine.recorder.journal
        keys, steps, timestamps, values, models, *_ = zip(*points, strict=True)
        if len({*steps}) == len({*timestamps}) == 1 and len({*keys}) == len(keys) and not any(models):
            journal.points(self._layout(run_id, keys), steps[0], timestamps[0], values)
        else:
            journal.append(encode(LogPoints(run_id, tuple(points))))
        # A run may measure a model of another experiment.
        self._logged.add(ANYWHERE if any(models) else home, len(points), journal.position)
        await self._disk.reached()

    async def bytes_waiting(self) -> int:
        """Return how many bytes of all journals are not folded into the store."""
        folder, folded = self.engine.folder.journals, await self.store.journal_positions()
        return sum(part.pending for part in await to_thread.run_sync(journals.parts, folder, folded))

    async def say(self, record: Record) -> None:
        """Log a record; it is on the disk when this returns, and whoever reads finds it.

        Raises:
            Problem: the disk is full, or fails.
        """
        self.engine.recorder.record(record)
        await self._disk.reached()

    async def _require_active(self, run_id: str) -> str:
        """Return the experiment of a run that may be written to."""
        found = self.store.search.stage(run_id)
        if found is None:
            # Another program may have started it just now.
            await self.engine.writer.catch_up(SECONDS)
            found = self.store.search.stage(run_id)
        if found is None:
            raise RunNotFound(run_id)
        stage, experiment_id = found
        if stage != "active":
            raise NotActive("run", run_id, stage)
        return experiment_id

    def _layout(self, run_id: str, keys: tuple[str, ...]) -> Layout:
        known = self._layouts.get((run_id, keys))
        if known is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            known = self._layouts[run_id, keys] = Layout(run_id, keys, once=True)
        return known
