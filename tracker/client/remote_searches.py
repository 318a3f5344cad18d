"""Searching and ranking behind a server: asked for in the user's words, which are looked at here first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..entities import DatasetRef, Experiment, ModelInfo, RunInfo
from ..filter import DatasetFilter, Subject
from ..journal.plain import read
from ..ranking import Keep, Ranking, Rule, Verdict, rank_by
from ..store.rest import Connection, RestRegistry
from ..tables import Page
from .queries import ITEMS, OrderBy, counted_value, dataset_filter, query_of, require_ids, several
from .rank import RankedModels
from .registry import KeepPlan, RegistrySearches

Model = TypeVar("Model")


class RemoteSearches(RegistrySearches[Model]):
    """Asks a server; what is asked for, and what is refused, is the same as of a store in a folder."""

    def __init__(self, connection: Connection, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> None:
        self.registry = RestRegistry(connection)
        self._ask = connection.ask
        self._model = model

    def search_experiments(
        self,
        *,
        filter_string: str = "",
        order_by: OrderBy = (),
        max_results: int = 1000,
        page_token: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Page[Experiment]:
        """Return the experiments that match, in order; newest first unless said otherwise."""
        words = _words(Subject.EXPERIMENTS, filter_string, order_by, max_results, page_token, fields)
        told = self._ask("search-experiments", **words)
        return Page(read(tuple[Experiment, ...], told["items"]), told["next_page_token"], of=Experiment, fields=fields)

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
        """Return the runs that match, in order; newest first unless said otherwise."""
        words = _words(Subject.RUNS, filter_string, order_by, max_results, page_token, fields)
        told = self._ask("search-runs", **words, **_scope(experiment_ids, experiment_names))
        return Page(read(tuple[RunInfo, ...], told["items"]), told["next_page_token"], of=RunInfo, fields=fields)

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
        """Return the logged models that match, in order; newest first unless said otherwise."""
        words = _words(Subject.MODELS, filter_string, order_by, max_results, page_token, fields)
        wanted = [dataset_filter(entry) for entry in datasets]
        scope = _scope(experiment_ids, experiment_names)
        told = self._ask("search-logged-models", **words, **scope, datasets=[dict(entry) for entry in datasets])
        searched_by = wanted[0] if len(wanted) == 1 else None
        models = [self._model(info, searched_by) for info in read(tuple[ModelInfo, ...], told["items"])]
        return Page(models, told["next_page_token"], of=ModelInfo, fields=fields)

    def search_registry(
        self,
        subject: Subject,
        filter_string: str,
        order_by: OrderBy,
        max_results: int,
        page_token: str | None,
        fields: Sequence[str] | None,
    ) -> Page[Any]:
        """Return the registered models that match, or the versions, by the subject; in order."""
        words = _words(subject, filter_string, order_by, max_results, page_token, fields)
        told = self._ask("search-registry", subject=subject.value, **words)
        kind = ITEMS[subject]
        return Page([read(kind, each) for each in told["items"]], told["next_page_token"], of=kind, fields=fields)

    def count_experiments(self, *, filter_string: str = "") -> int:
        """Count the experiments that match."""
        query_of(Subject.EXPERIMENTS, filter_string, (), None, (), 1, None)
        return int(self._ask("count-experiments", filter_string=filter_string))

    def count_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
    ) -> int:
        """Count the runs that match, as `search_runs` finds them."""
        query_of(Subject.RUNS, filter_string, (), None, (), 1, None)
        scope = _scope(experiment_ids, experiment_names)
        return int(self._ask("count-runs", **scope, filter_string=filter_string))

    def count_logged_models(
        self,
        experiment_ids: Sequence[str] | None = None,
        *,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
        datasets: Sequence[Mapping[str, str]] = (),
    ) -> int:
        """Count the logged models that match, as `search_logged_models` finds them."""
        wanted = [dataset_filter(entry) for entry in datasets]
        query_of(Subject.MODELS, filter_string, (), None, wanted, 1, None)
        words = {"filter_string": filter_string, "datasets": [dict(entry) for entry in datasets]}
        return int(self._ask("count-logged-models", **_scope(experiment_ids, experiment_names), **words))

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
        """Return the best checkpoints, the best first; they are ranked where they are stored."""
        counted = counted_value(value, last_steps)
        how: dict[str, Any] = {
            "goal": goal,
            "dataset": dataset,
            "any_digest": any_digest,
            "smooth": smooth,
            "weights": weights,
            "constraints": constraints,
            "seeds": seeds,
            "per": per,
            "top": top,
            "explain": explain,
        }
        rank_by(metric, value=counted, **how)
        query_of(Subject.MODELS, filter_string, (), None, (), 1, None)
        scope = {**_scope(experiment_ids, experiment_names), "filter_string": filter_string}
        words = {**how, "metric": metric, "value": value, "last_steps": last_steps, "parent_run_id": parent_run_id}
        return self._ranked(self._ask("rank", **words, **scope))

    def datasets(self, experiment_ids: Sequence[str] | None = None) -> list[DatasetRef]:
        """Return the datasets that runs use or models were measured on, by name."""
        told = self._ask("datasets", experiment_ids=None if experiment_ids is None else list(experiment_ids))
        return list(read(tuple[DatasetRef, ...], told))

    def plan_keep(
        self,
        *rules: Rule,
        budget: int | None = None,
        experiment_names: Sequence[str] | None = None,
        filter_string: str = "",
    ) -> KeepPlan:
        """Plan which checkpoints to keep; the plan is made where they are stored."""
        keep = Keep(rules, budget)
        query_of(Subject.MODELS, filter_string, (), None, (), 1, None)
        names = None if experiment_names is None else tuple(several("experiment_names", experiment_names))
        words = {"experiment_names": names, "filter_string": filter_string}
        verdicts = read(tuple[Verdict, ...], self._ask("plan-keep", rules=rules, budget=budget, **words))
        return KeepPlan(verdicts, budget, keep, names, filter_string)

    def _ranked(self, told: Any) -> RankedModels[Model]:  # noqa: ANN401  # any JSON
        by = read(DatasetFilter, told["searched_by"]) if told["searched_by"] else None
        models = [self._model(info, by) for info in read(tuple[ModelInfo, ...], told["items"])]
        datasets: dict[int, DatasetRef | None] = {
            int(number): read(DatasetRef, each) if each else None for number, each in told["datasets"].items()
        }
        return RankedModels(models, read(Ranking, told["ranking"]), read(dict[int, str], told["names"]), datasets)


def _words(
    subject: Subject,
    filter_string: str,
    order_by: OrderBy,
    max_results: int,
    page_token: str | None,
    fields: Sequence[str] | None,
) -> dict[str, object]:
    """Return what a search is asked for with, once it is found good."""
    query_of(subject, filter_string, order_by, None, (), max_results, None, fields)
    return {
        "filter_string": filter_string,
        "order_by": [order_by] if isinstance(order_by, str) else list(order_by),
        "max_results": max_results,
        "page_token": page_token,
        "fields": None if fields is None else list(fields),
    }


def _scope(ids: Sequence[str] | None, names: Sequence[str] | None) -> dict[str, object]:
    """Return which experiments are looked in."""
    return {
        "experiment_ids": None if ids is None else require_ids(ids),
        "experiment_names": None if names is None else list(names),
    }
