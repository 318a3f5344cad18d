"""The store as a user sees it: what they may not read is not in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..entities import DatasetRef, Experiment, ModelInfo, ModelVersion, RegisteredModel, RunInfo
from ..filter import Subject
from ..ranking import Checkpoint, Promotion
from ..store.interface import Finds, Found, ModelPoints, Query, Rankable, Registry, Search
from ..store.model_columns import ModelColumns, ScoreColumns
from .auth.roles import Identity
from .service import Service

Numbers = NDArray[np.int64]
Narrow = Callable[[Query], Query]
# What stands for an alias of what somebody may not read.
_HIDDEN = "what an alias means that is not yours to see"


def finds_of(service: Service) -> Finds:
    """Return what finds that whoever asks may read."""
    search, viewer = service.store.search, service.viewer
    return search if viewer.reads_all else _Finds(search, viewer)


def registry_of(service: Service) -> Registry:
    """Return the registered models that whoever asks may read."""
    store, viewer = service.store, service.viewer
    return store.registry if viewer.reads_all else _Registry(store.registry, store.search, viewer)


class _Finds:
    """Finds only what belongs to experiments that a user may read."""

    def __init__(self, search: Search, viewer: Identity) -> None:
        self._search = search
        self._viewer = viewer

    def experiments(self, query: Query) -> Found[Experiment]:
        return self._search.experiments(self._narrowed(query))

    def runs(self, query: Query) -> Found[RunInfo]:
        return self._search.runs(self._narrowed(query))

    def models(self, query: Query) -> Found[ModelInfo]:
        return self._search.models(self._narrowed(query))

    def count(self, query: Query) -> int:
        return self._search.count(self._narrowed(query))

    def experiment_ids(self) -> dict[str, str]:
        return {name: each for name, each in self._search.experiment_ids().items() if self._viewer.reads(each)}

    def datasets(self, experiment_ids: Sequence[str] | None) -> list[DatasetRef]:
        return self._search.datasets(self._viewer.narrowed(experiment_ids))

    @contextmanager
    def rankable(self) -> Iterator[Rankable]:
        with self._search.rankable() as look:
            yield _Rankable(look, self._narrowed)

    def _narrowed(self, query: Query) -> Query:
        return replace(query, experiment_ids=self._viewer.narrowed(query.experiment_ids))


class _Rankable:
    """Finds only what belongs to experiments that a user may read; by number they are asked for what was found."""

    def __init__(self, look: Rankable, narrowed: Narrow) -> None:
        self._look = look
        self._narrowed = narrowed

    def measured_on(self, key: str, query: Query) -> dict[int, DatasetRef | None]:
        return self._look.measured_on(key, self._narrowed(query))

    def best(self, query: Query) -> Found[ModelInfo]:
        return self._look.best(self._narrowed(query))

    def models(self, query: Query) -> ModelColumns:
        return self._look.models(self._narrowed(query))

    def scores(self, key: str, dataset_no: int, model_nos: Numbers) -> ScoreColumns:
        return self._look.scores(key, dataset_no, model_nos)

    def points(self, key: str, dataset_no: int, model_nos: Numbers) -> ModelPoints:
        return self._look.points(key, dataset_no, model_nos)

    def texts(self, family: str, key: str, model_nos: Numbers) -> tuple[list[str], Numbers]:
        return self._look.texts(family, key, model_nos)

    def parents(self) -> dict[int, str]:
        return self._look.parents()

    def hashes(self, params: Sequence[str], model_nos: Numbers) -> Numbers:
        return self._look.hashes(params, model_nos)

    def by_number(self, numbers: Sequence[int]) -> list[ModelInfo]:
        return self._look.by_number(numbers)


class _Registry:
    """Tells only of registered models that a user may read, and of logged models of experiments that they may."""

    def __init__(self, registry: Registry, search: Search, viewer: Identity) -> None:
        self._registry = registry
        self._search = search
        self._viewer = viewer

    def registered_models(self) -> list[RegisteredModel]:
        readable = self._readable()
        return [each for each in self._registry.registered_models() if each.name in readable]

    def registered_model(self, name: str) -> RegisteredModel | None:
        return self._registry.registered_model(name) if self._readable(name) else None

    def versions(self, name: str) -> list[ModelVersion]:
        return self._registry.versions(name) if self._readable(name) else []

    def version(self, name: str, wanted: str) -> ModelVersion | None:
        return self._registry.version(name, wanted) if self._readable(name) else None

    def promotions(self, name: str, alias: str | None = None) -> list[Promotion]:
        return self._registry.promotions(name, alias) if self._readable(name) else []

    def promotion(self, promotion_id: str) -> Promotion | None:
        found = self._registry.promotion(promotion_id)
        return found if found and self._readable(found.name) else None

    def deleted(self, model_ids: Collection[str]) -> set[str]:
        homes = self._search.homes(Subject.MODELS, list(model_ids))
        return self._registry.deleted([each for each, home in homes.items() if self._viewer.reads(home)])

    def pins(self, model_id: str) -> tuple[str, ...]:
        homes: Mapping[str, str] = self._search.homes(Subject.MODELS, [model_id])
        if not any(map(self._viewer.reads, homes.values())):
            return ()
        return _shown(self._registry.pins(model_id), self._readable())

    def checkpoints(self, query: Query, keys: Collection[str]) -> list[Checkpoint]:
        readable = self._readable()
        seen = replace(query, experiment_ids=self._viewer.narrowed(query.experiment_ids))
        found = self._registry.checkpoints(seen, keys)
        return [replace(each, pinned=_shown(each.pinned, readable)) for each in found]

    def _readable(self, name: str | None = None) -> set[str]:
        origins = self._search.origins(name)
        return {each for each, homes in origins.items() if self._viewer.reads_registered(each, homes)}


def _shown(pins: Iterable[str], readable: Collection[str]) -> tuple[str, ...]:
    """Return aliases as `name@alias`, but for names that are not to be seen."""
    return tuple(pin if pin.rpartition("@")[0] in readable else _HIDDEN for pin in pins)
