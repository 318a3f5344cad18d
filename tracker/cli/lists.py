"""`tracker runs`, `tracker models` and `tracker experiments`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..client import open_tracker
from ..tables import Page
from .fitting import Choice
from .results import fields_of, require_forms, show, show_count, show_rest
from .scope import dataset_of, experiment_ids, require_dataset

# A metric, its key in quotes or without blanks, perhaps a part of it, and a direction.
_METRIC_ORDER = re.compile(
    r"""\s*(metrics?\.(?:`[^`]+`|"[^"]+"|'[^']+'|[^\s`"'])\S*?(?:\(\s*[+-]?\d+\s*\))?)(?:\s+(asc|desc))?\s*""",
    re.IGNORECASE,
)
_RUN = Choice("run_id", first=("name", "status", "experiment"), later=("start_time",))
_MODEL = Choice("model_id", first=("name", "step", "status"), later=("creation_timestamp",))
_EXPERIMENT = Choice("experiment_id", first=("name", "lifecycle_stage"), later=("creation_time", "last_update_time"))


def runs(arguments: argparse.Namespace) -> None:
    """List runs, or count them."""
    with open_tracker(arguments.store, create=False) as tracker:
        ids = experiment_ids(tracker, arguments.experiments)
        _show(
            arguments,
            partial(tracker.search_runs, ids, filter_string=arguments.filter, order_by=arguments.order_by),
            partial(tracker.count_runs, ids, filter_string=arguments.filter),
            _RUN,
        )


def models(arguments: argparse.Namespace) -> None:
    """List logged models, or count them."""
    wanted = None if arguments.dataset is None else dataset_of(arguments.dataset)
    datasets = [wanted] if wanted else []
    order_by = [_on_dataset(text, wanted) if wanted else text for text in arguments.order_by]
    with open_tracker(arguments.store, create=False) as tracker:
        if wanted:
            require_dataset(tracker, wanted)
        ids = experiment_ids(tracker, arguments.experiments)
        scope = partial(tracker.search_logged_models, ids, filter_string=arguments.filter, datasets=datasets)
        _show(
            arguments,
            partial(scope, order_by=order_by),
            partial(tracker.count_logged_models, ids, filter_string=arguments.filter, datasets=datasets),
            _MODEL,
        )


def experiments(arguments: argparse.Namespace) -> None:
    """List experiments, or count them."""
    with open_tracker(arguments.store, create=False) as tracker:
        _show(
            arguments,
            partial(tracker.search_experiments, filter_string=arguments.filter, order_by=arguments.order_by),
            partial(tracker.count_experiments, filter_string=arguments.filter),
            _EXPERIMENT,
        )


def _show(
    arguments: argparse.Namespace, search: Callable[..., Page[Any]], count: Callable[[], int], choice: Choice
) -> None:
    """Print a page of what is found, and how to get the next one; or only how many there are."""
    require_forms(arguments)
    if arguments.count:
        show_count(arguments, count())
        return
    page = search(max_results=arguments.top, page_token=arguments.page_token, fields=fields_of(arguments))
    show(arguments, page, replace(choice, mentioned=[arguments.filter, *arguments.order_by]))
    if page.next_page_token is not None:
        show_rest(page, count())


def _on_dataset(text: str, dataset: Mapping[str, str]) -> str | Mapping[str, object]:
    """Let an order by a metric mean the dataset that is asked for."""
    match = _METRIC_ORDER.fullmatch(text)
    if match is None:
        return text
    return {"field_name": match[1], "ascending": (match[2] or "").lower() != "desc", **dataset}
