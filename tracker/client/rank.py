"""Ranking checkpoints: from what a user asks for to columns, and from places back to checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..entities import DatasetRef, ModelInfo
from ..filter import DatasetFilter, Subject, parse_order
from ..filter import Place as SearchPlace
from ..ranking import (
    NO_LABEL,
    Candidates,
    Place,
    Points,
    RankBy,
    Ranking,
    chosen_datasets,
    counted,
    explained,
    order_by,
    rank_candidates,
)
from ..store.interface import Found, Query, Rankable
from ..store.model_columns import ModelColumns
from ..tables import Column, Rows, record_columns

# A sweep's name is not a number; that of a run is.
_SWEEP: Final = "sweep"
_RUN: Final = "run"
Model = TypeVar("Model")
Numbers = NDArray[np.int64]
Datasets = dict[int, DatasetRef | None]


class RankOptions(TypedDict, total=False):
    """How to rank, beside the metric, its goal and the dataset; `Searches.rank` says what each means."""

    any_digest: bool
    value: str
    last_steps: int | None
    smooth: int | None
    weights: Mapping[str, float] | None
    constraints: Sequence[str]
    seeds: str | Sequence[str] | None
    per: str | None
    filter_string: str
    explain: bool


class RankedModels(Rows[Model]):
    """Logged models in the order of a ranking, the best first.

    `places` says of each what it is ranked by, and of groups of seeds their figures; `ranking` also how many
    candidates there were, and why others do not rank.
    """

    def __init__(self, models: Sequence[Model], ranking: Ranking, names: Mapping[int, str], datasets: Datasets) -> None:
        super().__init__(models, of=ModelInfo)
        self.ranking = ranking
        self.names = names
        self.datasets = datasets

    @property
    def places(self) -> tuple[Place, ...]:
        """One for each model, in their order."""
        return self.ranking.places

    def explained(self) -> list[str]:
        """Say in lines what is ranked, what each place has on the next one, and whether that is within noise."""
        shown = {number: str(ref) if ref else "no dataset" for number, ref in self.datasets.items()}
        return explained(self.ranking, self.names, shown)

    def leading(self) -> Sequence[Column]:
        """Return the columns that say what is ranked by."""
        left_out = {"model_no", "run_no", "dataset_nos", "step", "group.label", "lead.over"}
        return record_columns(self.places, Place, entries=self.ranking.by.metrics, leave_out=left_out)


def rank(
    look: Rankable,
    by: RankBy,
    query: Query,
    model: Callable[[ModelInfo, DatasetFilter | None], Model],
) -> RankedModels[Model]:
    """Rank what a query matches, whatever its order and limit.

    Raises:
        AmbiguousDataset: there are several datasets to rank by.
        DatasetNotFound: no checkpoint was measured on the one that was asked for.
    """
    return _Ranker(look, by, query).rank(model)


class _Ranker:
    """One ranking, of the store as it was at one time."""

    def __init__(self, look: Rankable, by: RankBy, query: Query) -> None:
        self._look = look
        self._by = by
        self._query = query
        self._datasets: Datasets = {}
        self._numbers = {metric: self._dataset_numbers(metric) for metric in by.needed}

    def rank(self, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> RankedModels[Model]:
        if self._by.is_plain:
            found = self._best()
            ranking = Ranking(self._by, _places(found, self._numbers[self._by.metrics[0]]), None, {})
            infos = dict(zip((place.model_no for place in ranking.places), found.items, strict=True))
        else:
            ranking = rank_candidates(self._candidates(), self._by)
            infos = dict(zip(ranking.model_nos, self._look.by_number(ranking.model_nos), strict=True))
        names = {number: f"{info.name} {info.model_id}" for number, info in infos.items()}
        models = [model(infos[place.model_no], self._searched_by()) for place in ranking.places]
        return RankedModels(models, ranking, names, self._datasets)

    def _best(self) -> Found[ModelInfo]:
        """Walk along the index of one metric: no other checkpoint is looked at."""
        metric, goal = self._by.metrics[0], self._by.goals[0]
        numbers = self._numbers[metric]
        order = parse_order(order_by(metric, goal, self._datasets[numbers[0]] if numbers else None), Subject.MODELS)
        return self._look.best(replace(self._query, order=order, limit=self._by.top, finite=True, peek=False))

    def _dataset_numbers(self, metric: str) -> list[int]:
        """Choose the datasets of a metric; one that only goes with the first may be measured on none in particular."""
        measured = self._look.measured_on(metric, self._query)
        self._datasets.update(measured)
        wanted: str | None = self._by.dataset
        if metric != self._by.metrics[0] and not any(_is_named(ref, wanted) for ref in measured.values()):
            if 0 in measured:
                return [0]
            wanted = None
        chosen = chosen_datasets(metric, wanted, list(measured.values()), any_digest=self._by.any_digest)
        return [number for number, ref in measured.items() if ref in chosen]

    def _searched_by(self) -> DatasetFilter | None:
        refs = [self._datasets[number] for number in self._numbers[self._by.metrics[0]]]
        only = refs[0] if len(refs) == 1 else None
        return DatasetFilter(only.name, only.digest) if only else None

    # --- columns

    def _candidates(self) -> Candidates:
        by, facts = self._by, self._look.models(self._query)
        columns = [self._values(metric, facts.model_nos) for metric in by.needed]
        values, measured, datasets = (np.stack(parts, axis=1) for parts in zip(*columns, strict=True))
        groups, seeds = self._repetitions(facts) if by.seeds else (None, None)
        return Candidates(
            metrics=by.needed,
            model_nos=facts.model_nos,
            run_nos=facts.run_nos,
            steps=facts.steps,
            values=values,
            measured=measured,
            dataset_nos=datasets,
            labels=self._labels(facts) if by.per and by.per != _RUN else None,
            groups=groups,
            seeds=seeds,
        )

    def _values(self, metric: str, model_nos: Numbers) -> tuple[NDArray[np.float64], NDArray[np.bool_], Numbers]:
        """Return what counts of a metric, where there is anything, and which dataset it is from."""
        numbers, counting = self._numbers[metric], self._by.counting_of(metric)
        if len(numbers) == 1 and counting.kind == "latest":
            values, there = self._look.scores(metric, numbers[0], model_nos).of(model_nos)
            return values, there, np.full(len(model_nos), numbers[0])
        goals = dict(zip(self._by.metrics, self._by.goals, strict=True))
        found = counted(self._points(metric, model_nos), len(model_nos), counting, goals.get(metric, "maximize"))
        return found.values, found.points > 0, found.dataset_nos

    def _points(self, metric: str, model_nos: Numbers) -> Points:
        parts = [(number, self._look.points(metric, number, model_nos)) for number in self._numbers[metric]]
        return Points(
            np.searchsorted(model_nos, _joined([each.model_nos for _, each in parts])),
            _joined([each.steps for _, each in parts]),
            _joined([each.timestamps for _, each in parts]),
            np.concatenate([np.empty(0), *(each.values for _, each in parts)]),
            _joined([np.full(len(each.steps), number) for number, each in parts]),
        )

    def _repetitions(self, facts: ModelColumns) -> tuple[Numbers, Numbers]:
        """Return what is equal for equal params but for the seed, and what tells seeds apart: else each run is one."""
        seeds = self._look.hashes(self._by.seeds, facts.model_nos)
        groups = np.where(facts.params_hashes == 0, NO_LABEL, facts.params_hashes ^ seeds)
        return groups, np.where(seeds == 0, facts.run_nos, seeds)

    def _labels(self, facts: ModelColumns) -> Numbers:
        """Number what the best is chosen of: sweeps, or the values of a param or a tag."""
        if self._by.per == _SWEEP:
            parents = self._look.parents()
            numbers = {parent: number for number, parent in enumerate(dict.fromkeys(parents.values()))}
            runs, places = np.unique(facts.run_nos, return_inverse=True)
            known = [numbers[parents[run]] if run in parents else NO_LABEL for run in runs.tolist()]
            return np.array(known, dtype=np.int64)[places]
        family, _, key = str(self._by.per).partition(".")
        _, labels = self._look.texts(family, key, facts.model_nos)
        return np.where(labels < 0, NO_LABEL, labels)


def _is_named(ref: DatasetRef | None, wanted: str | None) -> bool:
    name, _, digest = (wanted or "").partition("@")
    return wanted is None or (ref is not None and ref.name == name and digest in {"", ref.digest})


def _joined(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate([np.empty(0, np.int64), *parts])


def _places(found: Found[ModelInfo], dataset_nos: Sequence[int]) -> tuple[Place, ...]:
    """Read the places of what was found along an index: kind, value, whether there is no step, step, number."""
    return tuple(_place(number, place, dataset_nos) for number, place in enumerate(found.places, start=1))


def _place(number: int, found: SearchPlace, dataset_nos: Sequence[int]) -> Place:
    _, value, _, step, model_no, *_ = found
    return Place(number, model_no, None, step, (value,), tuple(dataset_nos[:1]))  # type: ignore[arg-type]  # by the order
