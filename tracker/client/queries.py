"""What users ask for, made into a query of the store, and its pages: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ..entities import Experiment, ModelInfo, ModelVersion, RegisteredModel, RunInfo, number_in
from ..errors import InvalidInput
from ..filter import DatasetFilter, Subject, decode_token, encode_token, fingerprint, parse, parse_order
from ..store.interface import FAMILIES, Found, Query
from ..system import milliseconds
from ..tables import Entity, Page

MAX_RESULTS = 50_000
# MLflow's clients ask for 10 000 versions at once, and its server gives up to so many.
MAX_VERSIONS = 200_000

T = TypeVar("T")
# What an item of a page is like, also of an empty one.
ITEMS: Mapping[Subject, Entity] = {
    Subject.RUNS: RunInfo,
    Subject.MODELS: ModelInfo,
    Subject.EXPERIMENTS: Experiment,
    Subject.REGISTERED_MODELS: RegisteredModel,
    Subject.MODEL_VERSIONS: ModelVersion,
}
OrderBy = str | Sequence[str | Mapping[str, object]]


class Paging:
    """How the results of one query make pages."""

    def __init__(self, subject: Subject, limit: int, query_print: str, fields: Sequence[str] | None) -> None:
        self._fields = fields
        self._subject = subject
        self._limit = limit
        self._print = query_print

    def of(self, found: Found[T]) -> Page[T]:
        """Make a page of what was found, with one place more than a page holds if there is a next one."""
        more = len(found.places) > self._limit
        token = encode_token(found.places[self._limit - 1], self._print) if more else None
        return Page(found.items, token, of=ITEMS[self._subject], fields=self._fields)


def query_of(
    subject: Subject,
    filter_string: str,
    order_by: OrderBy,
    experiment_ids: Sequence[str] | None,
    datasets: Sequence[DatasetFilter],
    max_results: int,
    page_token: str | None,
    fields: Sequence[str] | None = None,
) -> tuple[Query, Paging]:
    """Return a query and its place among the pages.

    Raises:
        InvalidInput: the filter, the order, the token or the number of results cannot be used.
    """
    most = MAX_VERSIONS if subject is Subject.MODEL_VERSIONS else MAX_RESULTS
    if not 1 <= max_results <= most:
        message = f"max_results is {max_results}; it must be from 1 to {most}"
        raise InvalidInput(message)
    clauses = [order_by] if isinstance(order_by, str) else list(order_by)
    query_print = fingerprint(filter_string, clauses, experiment_ids, datasets)
    after = decode_token(page_token, query_print) if page_token else None
    query = Query(
        where=parse(filter_string, subject, now=milliseconds()),
        order=parse_order(clauses, subject),
        experiment_ids=experiment_ids,
        datasets=datasets,
        limit=max_results,
        after=after,
        peek=True,
        families=FAMILIES if fields is None else families_of(several("fields", fields)),
    )
    return query, Paging(subject, max_results, query_print, fields)


def families_of(fields: Sequence[str]) -> frozenset[str]:
    """Return which of metrics, params and tags some fields are of."""
    return frozenset(field.partition(".")[0] for field in fields) & FAMILIES


def dataset_filter(entry: Mapping[str, str]) -> DatasetFilter:
    """Return what a mapping as MLflow's clients give it asks for.

    Raises:
        InvalidInput: it is another mapping.
    """
    unknown = set(entry) - {"dataset_name", "dataset_digest"}
    if unknown or not entry.get("dataset_name"):
        message = f"a dataset is given as {{'dataset_name': …, 'dataset_digest': …}}, not {dict(entry)!r}"
        raise InvalidInput(message)
    return DatasetFilter(entry["dataset_name"], entry.get("dataset_digest") or None)


def named_dataset(text: str) -> DatasetFilter:
    """Return what `NAME` or `NAME@DIGEST` asks for."""
    name, _, digest = text.partition("@")
    return DatasetFilter(name, digest or None)


def require_points(points: int, since: str | None) -> None:
    """Check that a curve can be drawn in so many buckets.

    Raises:
        InvalidInput: it cannot.
    """
    if points < 1:
        raise InvalidInput(f"points is {points}; it must be at least 1")
    if since is not None:
        raise InvalidInput("buckets are of a whole curve: leave out either points or since")


def several(what: str, names: Sequence[str]) -> list[str]:
    """Return a list of texts; a text is a sequence of texts too, and never meant as one.

    Raises:
        InvalidInput: it is one text.
    """
    if isinstance(names, str):
        raise InvalidInput(f"{what} is a list of texts, not one: write [{names!r}]")
    return list(names)


def counted_value(value: str, last_steps: int | None) -> str:
    """Return which value counts, in the ranking's words: `mean` and a number of steps are `mean:5`.

    Raises:
        InvalidInput: the number is missing, or goes with another value.
    """
    if value == "mean" and last_steps is not None:
        return f"mean:{last_steps}"
    if value == "mean" or last_steps is not None:
        raise InvalidInput("value='mean' and last_steps=N go together: the mean over the last N steps")
    return value


def require_ids(experiment_ids: Sequence[str]) -> list[str]:
    """Return IDs of experiments, which are whole numbers as texts.

    Raises:
        InvalidInput: one is not.
    """
    for number in several("experiment_ids", experiment_ids):
        if number_in(number) is None:
            raise InvalidInput(f"experiment_ids holds {number!r}, and an experiment's ID is a number as text, like '3'")
    return list(experiment_ids)


def quoted(text: str) -> str:
    """Return a text as a filter can hold it."""
    # Neither kind of quote can be escaped in the filter language, and no ID holds one.
    return "'" + text.replace("'", "") + "'"
