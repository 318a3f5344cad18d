"""Searching and ranking: plain functions that both clients offer, each in its own way of waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from ..entities import DatasetRef, Experiment, ModelInfo, RunInfo
from ..errors import ExperimentNotFound, ModelNotFound, RunNotFound
from ..filter import DatasetFilter, Subject
from ..ranking import rank_by
from ..store.interface import Finds, Found, Query
from ..tables import Page
from .queries import MAX_RESULTS, OrderBy, counted_value, dataset_filter, query_of, quoted, require_ids
from .rank import RankedModels, rank

Model = TypeVar("Model")


class Searches(Generic[Model]):
    """Asks a store; everything that this process has logged is in it by then.

    `model` makes what a client gives out of a logged model's facts and the dataset that it was searched by.
    """

    def __init__(self, search: Finds, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> None:
        self._search = search
        self._model = model

    def get_run(self, run_id: str) -> RunInfo:
        """Return a run.

        Raises:
            RunNotFound: there is none of that ID.
        """
        found = self.search_runs(filter_string=f"run_id = {quoted(run_id)}", max_results=1)
        if not found:
            raise RunNotFound(run_id)
        return found[0]

    def get_logged_model(self, model_id: str) -> Model:
        """Return a logged model, by its ID or its URI.

        Raises:
            ModelNotFound: there is none of that ID.
        """
        wanted = model_id.removeprefix("models:/")
        found = self.search_logged_models(filter_string=f"model_id = {quoted(wanted)}", max_results=1)
        if not found:
            raise ModelNotFound(model_id)
        return found[0]

    def search_experiments(
        self,
        *,
        filter_string: str = "",
        order_by: OrderBy = (),
        max_results: int = 1000,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[Experiment]:
        """Return the experiments that match, in order; newest first unless said otherwise.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
        """
        query, page = query_of(Subject.EXPERIMENTS, filter_string, order_by, None, (), max_results, page_token, fields)
        return page.of(self._search.experiments(query))

    def search_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        order_by: OrderBy = (),
        max_results: int = 1000,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[RunInfo]:
        """Return the runs that match, in order; newest first unless said otherwise.

        With `fields`, such as `name`, `metrics.loss` or `params`, tables have these columns, and of metrics, params and
        tags only those are read that are named.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
            ExperimentNotFound: by a name that no experiment has.
        """
        ids = self._experiment_ids(experiment_ids, experiment_names)
        query, page = query_of(Subject.RUNS, filter_string, order_by, ids, (), max_results, page_token, fields)
        return page.of(self._search.runs(query))

    def search_logged_models(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        datasets: Sequence[Mapping[str, str]] = (),
        order_by: OrderBy = (),
        max_results: int = 100,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[Model]:
        """Return the logged models that match, in order; newest first unless said otherwise.

        `datasets` are mappings with `dataset_name` and perhaps `dataset_digest`: metrics in the filter then mean values
        measured on one of them. An order by a metric is by its newest value, on any dataset unless the entry has a
        `dataset_name`, and perhaps a `dataset_digest`, itself; as in MLflow.

        Raises:
            InvalidFilter: the filter or the order does not parse; the message shows where.
            ExperimentNotFound: by a name that no experiment has.
        """
        ids = self._experiment_ids(experiment_ids, experiment_names)
        wanted = [dataset_filter(entry) for entry in datasets]
        query, page = query_of(Subject.MODELS, filter_string, order_by, ids, wanted, max_results, page_token, fields)
        return page.of(self._models(query, wanted[0] if len(wanted) == 1 else None))

    def count_experiments(self, *, filter_string: str = "") -> int:
        """Count the experiments that match."""
        query, _ = query_of(Subject.EXPERIMENTS, filter_string, (), None, (), 1, None)
        return self._search.count(query)

    def count_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
    ) -> int:
        """Count the runs that match, as `search_runs` finds them."""
        ids = self._experiment_ids(experiment_ids, experiment_names)
        query, _ = query_of(Subject.RUNS, filter_string, (), ids, (), 1, None)
        return self._search.count(query)

    def count_logged_models(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        datasets: Sequence[Mapping[str, str]] = (),
    ) -> int:
        """Count the logged models that match, as `search_logged_models` finds them."""
        ids = self._experiment_ids(experiment_ids, experiment_names)
        wanted = [dataset_filter(entry) for entry in datasets]
        query, _ = query_of(Subject.MODELS, filter_string, (), ids, wanted, 1, None)
        return self._search.count(query)

    def rank(  # noqa: PLR0913  # a user's words, one each
        self,
        metric: str | Mapping[str, str],
        *,
        goal: str = "maximize",
        dataset: str | None = None,
        any_digest: bool = False,
        value: str = "latest",
        last_steps: int | None = None,
        smooth: int | None = None,
        weights: Mapping[str, float] | None = None,
        constraints: Sequence[str] = (),
        seeds: str | Sequence[str] | None = None,
        per: str | None = None,
        experiment_ids: Sequence[str] | None = None,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        parent_run_id: str | None = None,
        top: int = 5,
        explain: bool = False,
    ) -> RankedModels[Model]:
        """Return the best checkpoints, the best first; the rules are those of `tracker.ranking`.

        `metric` is one name, or a mapping of names to goals: several make Pareto fronts, or with `weights` one score.
        `dataset` is `NAME` or `NAME@DIGEST`; it may be left out if the metric was measured on one dataset only, and
        with `any_digest` all digests of one name count. `value` says which of a checkpoint's points counts: the
        `latest`, the `last` step's, the `best`, or the `mean` over the `last_steps`. `smooth` takes the mean over so
        many neighbouring checkpoints of a run first. `constraints` are texts such as `latency_ms < 20`. `seeds` names
        params that only tell repetitions apart: then groups are ranked, by what their mean is at least. `per` takes
        only the best of each `run`, `sweep`, `params.NAME` or `tags.NAME`. `parent_run_id` narrows the choice to the
        runs of one sweep. With `explain` each place says what it has on the next one, and whether that is noise.
        Checkpoints without their files are left out; so are NaN, infinities and missing values.

        Raises:
            AmbiguousDataset: there are several datasets to rank by.
            DatasetNotFound: no checkpoint was measured on that one.
            InvalidFilter: the filter does not parse; the message shows where.
            InvalidInput: something else that was asked for cannot be.
        """
        by = rank_by(
            metric,
            goal=goal,
            dataset=dataset,
            any_digest=any_digest,
            value=counted_value(value, last_steps),
            smooth=smooth,
            weights=weights,
            constraints=constraints,
            seeds=seeds,
            per=per,
            top=top,
            explain=explain,
        )
        ids = self._experiment_ids(experiment_ids, experiment_names)
        of_sweep = f"parent_run_id = {quoted(parent_run_id)}" if parent_run_id else ""
        clauses = [f"({clause})" for clause in ("status = 'READY'", of_sweep, filter_string) if clause.strip()]
        query, _ = query_of(Subject.MODELS, " AND ".join(clauses), (), ids, (), 1, None)
        with self._search.rankable() as look:
            return rank(look, by, query, self._model)

    def children(self, run_id: str) -> list[RunInfo]:
        """Return all child runs of a run, the first started first."""
        found: list[RunInfo] = []
        token = None
        while True:
            page = self.search_runs(
                filter_string=f"parent_run_id = {quoted(run_id)}",
                order_by="start_time ASC",
                max_results=MAX_RESULTS,
                page_token=token,
            )
            found += page
            token = page.next_page_token
            if token is None:
                return found

    def datasets(self, experiment_ids: Sequence[str] | None = None) -> list[DatasetRef]:
        """Return the datasets that runs use or models were measured on, by name."""
        return self._search.datasets(experiment_ids)

    def _models(self, query: Query, searched_by: DatasetFilter | None) -> Found[Model]:
        found = self._search.models(query)
        return Found([self._model(info, searched_by) for info in found.items], found.places)

    def _experiment_ids(self, ids: Sequence[str] | None, names: Sequence[str] | None) -> Sequence[str] | None:
        """Return the IDs to search in; one that no experiment has finds nothing, as in MLflow."""
        if ids is None and names is None:
            return None
        known = self._search.experiment_ids() if names else {}
        for name in names or ():
            if name not in known:
                raise ExperimentNotFound(name, known)
        return [*require_ids(ids or ()), *(known[name] for name in names or ())]
