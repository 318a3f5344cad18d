"""What a store offers, in small interfaces; a store is their sum."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..entities import (
    Buckets,
    DatasetRef,
    Experiment,
    File,
    Histories,
    History,
    Measurement,
    ModelInfo,
    ModelVersion,
    RegisteredModel,
    RunInfo,
    RunLinks,
)
from ..entities.edits import Edit
from ..filter import DatasetFilter, Expression, Order, Place, Subject
from ..journal import Position
from ..ranking import Checkpoint, Promotion
from .batch import Batch
from .model_columns import ModelColumns, ScoreColumns

T = TypeVar("T")
FAMILIES = frozenset({"metrics", "params", "tags"})
# What was not deleted.
ACTIVE = frozenset({"active"})


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks for.

    `experiment_ids` None means all, and of the rest at most `limit` are given; with `peek` the place of one behind the
    last is told too. Only what is in one of the `stages` is found, and of that only the metrics, params and tags are
    read that `families` names. With `after` it is what stands behind that place of the order. With `finite` it is only
    what has a finite value of the metric that it is ordered by first.
    """

    where: Expression
    order: Order
    experiment_ids: Sequence[str] | None = None
    datasets: Sequence[DatasetFilter] = ()
    limit: int = 100
    after: Place | None = None
    finite: bool = False
    peek: bool = False
    families: frozenset[str] = FAMILIES
    stages: frozenset[str] = ACTIVE


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a search found, in order, and the place of each in that order; with `peek` perhaps one place more."""

    items: list[T]
    places: list[Place]


class Finds(Protocol):
    """Finding experiments, runs and logged models; plain functions that answer at once, from any thread.

    They may be called one after the other or several at a time.
    """

    def experiments(self, query: Query) -> Found[Experiment]:
        """Return the experiments that match, in order."""

    def runs(self, query: Query) -> Found[RunInfo]:
        """Return the runs that match, in order."""

    def models(self, query: Query) -> Found[ModelInfo]:
        """Return the logged models that match, in order."""

    def count(self, query: Query) -> int:
        """Count what matches, whatever the limit."""

    def experiment_ids(self) -> dict[str, str]:
        """Return the IDs of all experiments by their names."""

    def datasets(self, experiment_ids: Sequence[str] | None) -> list[DatasetRef]:
        """Return the datasets that runs of these experiments use or models were measured on, by name."""

    def rankable(self) -> AbstractContextManager[Rankable]:
        """Look at the store as it is now, to rank what is in it."""


class Search(Finds, Protocol):
    """Searching all that there is, as `Finds` does."""

    def registered_models(self, query: Query) -> Found[RegisteredModel]:
        """Return the registered models that match, in order; of experiments, datasets and stages nothing is asked."""

    def model_versions(self, query: Query) -> Found[ModelVersion]:
        """Return the versions of registered models that match, in order, as `registered_models` does."""

    def stage(self, run_id: str) -> tuple[str, str] | None:
        """Return a run's lifecycle stage, and its experiment's ID; None if there is no such run."""

    def homes(self, subject: Subject, ids: Sequence[str]) -> dict[str, str]:
        """Return the experiments' IDs of runs or logged models, also deleted ones; what there is not is left out."""

    def origins(self, name: str | None = None) -> dict[str, set[str | None]]:
        """Return, by the names of all registered models or of one, the experiments that their versions come from.

        None stands among them for a version that comes from no experiment of this store.
        """

    def links(self, run_ids: Sequence[str]) -> dict[str, RunLinks]:
        """Return what runs use and have made, by their IDs; a run of which nothing is known is left out."""

    def uses(self, experiment_ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
        """Return the experiment, name, digest and context of each use of a dataset by active runs of experiments."""

    def points_of(self, model_ids: Sequence[str]) -> dict[str, list[Measurement]]:
        """Return all that logged models were measured at, by their IDs."""


class Rankable(Protocol):
    """Reading what rankings need, of very many models at once; all of it as the store was at one time."""

    def measured_on(self, key: str, query: Query) -> dict[int, DatasetRef | None]:
        """Return the datasets that a metric of the matching models was measured on, by number; None is no dataset."""

    def best(self, query: Query) -> Found[ModelInfo]:
        """Return the logged models that match, in order."""

    def models(self, query: Query) -> ModelColumns:
        """Return the facts of all models that match, whatever the limit."""

    def scores(self, key: str, dataset_no: int, model_nos: NDArray[np.int64]) -> ScoreColumns:
        """Return the newest values of a metric on a dataset: those of some models, and perhaps of others."""

    def points(self, key: str, dataset_no: int, model_nos: NDArray[np.int64]) -> ModelPoints:
        """Return all points of a metric on a dataset of some models, by rising number of the model."""

    def texts(self, family: str, key: str, model_nos: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
        """Return the values of a param or a tag (the family: params, tags), and the place of each model's, else -1."""

    def parents(self) -> dict[int, str]:
        """Return the parent's ID of each run that has one, by the run's number."""

    def hashes(self, params: Sequence[str], model_nos: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the XOR of the hashes of some params of each model, 0 where it has none of them."""

    def by_number(self, numbers: Sequence[int]) -> list[ModelInfo]:
        """Return logged models by their numbers, in that order."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelPoints:
    """Points of one metric of many models, as columns of shape (points,); timestamps are milliseconds."""

    model_nos: NDArray[np.int64]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]


class Registry(Protocol):
    """Reading registered models, and what they keep; plain functions, as those of `Search`."""

    def registered_models(self) -> list[RegisteredModel]:
        """Return all, by name."""

    def registered_model(self, name: str) -> RegisteredModel | None:
        """Return one by its name; None if there is none of that name."""

    def version(self, name: str, wanted: str) -> ModelVersion | None:
        """Return a version by its number, `@alias`, `latest` or a stage, of which it is the newest; None if none is.

        A stage and `latest` may be written in any case.
        """

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a registered model, by number; none if there is no such model."""

    def promotions(self, name: str, alias: str | None = None) -> list[Promotion]:
        """Return what was decided about a registered model, or about one alias of it, in the order decided."""

    def promotion(self, promotion_id: str) -> Promotion | None:
        """Return one decision; None if it has not been made."""

    def deleted(self, model_ids: Collection[str]) -> set[str]:
        """Return those of some logged models that were deleted."""

    def pins(self, model_id: str) -> tuple[str, ...]:
        """Return which aliases mean a logged model, as `name@alias`."""

    def checkpoints(self, query: Query, keys: Collection[str]) -> list[Checkpoint]:
        """Return all logged models that a query asks for as checkpoints, with their values of some metrics."""


class Told(Protocol):
    """What one commit writes, as `Commits.commit` has it."""

    @property
    def batch(self) -> Batch:
        """What was said."""

    @property
    def positions(self) -> Mapping[str, Position]:
        """How far journals are folded in with it."""

    @property
    def gone(self) -> Sequence[str]:
        """Journals of which nothing is left."""


ToldT = TypeVar("ToldT", bound=Told)


class Commits(Protocol):
    """The writing side: only whoever holds the writer's lock may call it."""

    async def journal_positions(self) -> dict[str, Position]:
        """Return how far each journal of this folder is folded in."""

    async def received_positions(self, journal_ids: Collection[str]) -> dict[str, Position]:
        """Return how far clients' journals are stored, by their IDs; of one that nothing is stored of, nothing."""

    async def fences(self) -> dict[str, int]:
        """Return the least token of each run that only some holders may log into."""

    async def edit(self, asked: Sequence[Edit]) -> list[object]:
        """Carry out edits in one transaction; return the answer of each, or the error by which it was refused."""

    async def commit(self, batch: Batch, positions: Mapping[str, Position], gone: Sequence[str]) -> None:
        """Write a batch and the journals' positions in one transaction; returns when it is *stored*."""

    async def fold(self, read: Callable[[Mapping[str, Position], Mapping[str, int]], ToldT | None]) -> ToldT | None:
        """Commit what a function reads, given `journal_positions` and `fences`, and return it; None is nothing."""


class Runs(Protocol):
    """Reading runs' curves and files."""

    async def running(self, run_ids: Sequence[str]) -> bool:
        """Return whether any of these runs has not ended."""

    async def history(self, run_id: str, key: str, dataset: DatasetFilter | None, since: str | None = None) -> History:
        """Return a curve's points, or those since a cursor, sorted by step, then in the order logged.

        Without a dataset it is what the run logged itself, or, where that is nothing, what its models were
        measured at.

        Raises:
            RunNotFound: there is no run of that ID.
            InvalidInput: the cursor is not one that was given out.
        """

    async def histories(
        self, run_ids: Sequence[str], keys: Sequence[str] | None, since: str | None = None
    ) -> Histories:
        """Return the curves of many runs, as `history` does without a dataset; `keys` None means all metrics."""

    async def buckets(self, run_id: str, key: str, dataset: DatasetFilter | None, most: int) -> Buckets:
        """Return a curve in so many buckets, or fewer; the rule is that of `store.buckets`.

        Raises:
            RunNotFound: there is no run of that ID.
        """

    async def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""


class Reads(Runs, Protocol):
    """Reading, but for searches: those of a store behind a server are asked for in a user's words."""

    @property
    def registry(self) -> Registry:
        """What reads registered models."""

    async def aclose(self) -> None:
        """Let go of everything; nothing may be called afterwards."""


class Store(Commits, Reads, Protocol):
    """All of it."""

    @property
    def search(self) -> Search:
        """What searches it."""
