"""Searches, counts and rankings, by the words that users of `Tracker` have for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

from ...client.registry import RegistrySearches
from ...entities import ModelInfo
from ...filter import DatasetFilter
from ...ranking import FrontOf, LastOf, TopOf
from ...tables import Page
from ..routes import Route
from ..seen import finds_of, registry_of
from ..service import Service
from .asking import route

T = TypeVar("T")
# A logged model's facts, and the dataset that it was searched by.
Model = tuple[ModelInfo, DatasetFilter | None]
Searches = RegistrySearches[Model]
Strings = tuple[str, ...]
OrderBy = tuple[str | Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class SearchExperiments:
    """Which experiments, in which order."""

    filter_string: str = ""
    order_by: OrderBy = ()
    max_results: int = 1000
    page_token: str | None = None
    fields: Strings | None = None


@dataclass(frozen=True, slots=True)
class SearchRuns(SearchExperiments):
    """Which runs, of which experiments, in which order."""

    experiment_ids: Strings | None = None
    experiment_names: Strings | None = None


@dataclass(frozen=True, slots=True)
class SearchModels(SearchRuns):
    """Which logged models, measured on what."""

    datasets: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CountExperiments:
    """Which experiments."""

    filter_string: str = ""


@dataclass(frozen=True, slots=True)
class CountRuns(CountExperiments):
    """Which runs."""

    experiment_ids: Strings | None = None
    experiment_names: Strings | None = None


@dataclass(frozen=True, slots=True)
class CountModels(CountRuns):
    """Which logged models."""

    datasets: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rank(CountRuns):
    """How to rank, and what; as `Searches.rank` has it."""

    metric: str | Mapping[str, str] = ""
    goal: str = "maximize"
    dataset: str | None = None
    any_digest: bool = False
    value: str = "latest"
    last_steps: int | None = None
    smooth: int | None = None
    weights: Mapping[str, float] | None = None
    constraints: Strings = ()
    seeds: str | Strings | None = None
    per: str | None = None
    parent_run_id: str | None = None
    top: int = 5
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Datasets:
    """Of which experiments."""

    experiment_ids: Strings | None = None


@dataclass(frozen=True, slots=True)
class PlanKeep:
    """Which checkpoints to keep, among which."""

    rules: tuple[TopOf | FrontOf | LastOf, ...] = ()
    budget: int | None = None
    experiment_names: Strings | None = None
    filter_string: str = ""


async def search_experiments(service: Service, asked: SearchExperiments) -> object:
    """Return the experiments that match, in order."""
    return await _page(Searches.search_experiments, service, asked)


async def search_runs(service: Service, asked: SearchRuns) -> object:
    """Return the runs that match, in order."""
    return await _page(Searches.search_runs, service, asked)


async def search_logged_models(service: Service, asked: SearchModels) -> object:
    """Return the logged models that match, in order."""
    found = await _found(Searches.search_logged_models, service, asked)
    return {"items": [info for info, _ in found], "next_page_token": found.next_page_token}


async def count_experiments(service: Service, asked: CountExperiments) -> object:
    """Count the experiments that match."""
    return await _found(Searches.count_experiments, service, asked)


async def count_runs(service: Service, asked: CountRuns) -> object:
    """Count the runs that match."""
    return await _found(Searches.count_runs, service, asked)


async def count_logged_models(service: Service, asked: CountModels) -> object:
    """Count the logged models that match."""
    return await _found(Searches.count_logged_models, service, asked)


async def datasets(service: Service, asked: Datasets) -> object:
    """Return the datasets that runs use or models were measured on, by name."""
    return await _found(Searches.datasets, service, asked)


async def rank(service: Service, asked: Rank) -> object:
    """Return the best checkpoints, the best first, and all that the ranking says."""
    found = await _found(Searches.rank, service, asked)
    return {
        "items": [info for info, _ in found],
        "searched_by": next((by for _, by in found), None),
        "ranking": found.ranking,
        "names": found.names,
        "datasets": found.datasets,
    }


async def plan_keep(service: Service, asked: PlanKeep) -> object:
    """Return a verdict on each checkpoint, whether to keep it; nothing is deleted."""
    return await _found(_verdicts, service, asked)


def routes() -> list[Route]:
    """Return the routes of searches."""
    return [
        route("search-experiments", SearchExperiments, search_experiments),
        route("search-runs", SearchRuns, search_runs),
        route("search-logged-models", SearchModels, search_logged_models),
        route("count-experiments", CountExperiments, count_experiments),
        route("count-runs", CountRuns, count_runs),
        route("count-logged-models", CountModels, count_logged_models),
        route("datasets", Datasets, datasets),
        route("rank", Rank, rank),
        route("plan-keep", PlanKeep, plan_keep),
    ]


async def _found(method: Callable[..., T], service: Service, asked: Any) -> T:  # noqa: ANN401  # any of the words
    """Call a search by its words, in a thread."""
    words = {each.name: getattr(asked, each.name) for each in fields(asked)}
    searches = Searches(finds_of(service), registry_of(service), lambda info, by: (info, by))
    return await service.read(("native", type(asked)), partial(method, searches, **words))


async def _page(method: Callable[..., Page[Any]], service: Service, asked: Any) -> object:  # noqa: ANN401  # any words
    found = await _found(method, service, asked)
    return {"items": found, "next_page_token": found.next_page_token}


def _verdicts(searches: Searches, rules: tuple[TopOf | FrontOf | LastOf, ...], **words: Any) -> object:  # noqa: ANN401  # as they are
    return searches.plan_keep(*rules, **words).verdicts
