"""`tracker runs` and `tracker models`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..client import Tracker, open_tracker
from ..errors import ExperimentNotFound, InvalidInput
from .fitting import Choice
from .results import show, show_rest

_RUN = Choice("run_id", first=("name", "status", "experiment"), later=("start_time",))
_MODEL = Choice("model_id", first=("name", "step", "status"), later=("creation_timestamp",))


def runs(arguments: argparse.Namespace) -> None:
    """List runs."""
    with open_tracker(arguments.store, create=False) as tracker:
        page = tracker.search_runs(
            _experiment_ids(tracker, arguments.experiments),
            filter_string=arguments.filter,
            order_by=arguments.order_by,
            max_results=arguments.top,
            page_token=arguments.page_token,
        )
    show(arguments, page, _choice(_RUN, arguments))
    show_rest(page)


def models(arguments: argparse.Namespace) -> None:
    """List logged models."""
    wanted = _dataset(arguments.dataset) if arguments.dataset is not None else None
    with open_tracker(arguments.store, create=False) as tracker:
        page = tracker.search_logged_models(
            _experiment_ids(tracker, arguments.experiments),
            filter_string=arguments.filter,
            datasets=[wanted] if wanted else [],
            order_by=[_on_dataset(text, wanted) if wanted else text for text in arguments.order_by],
            max_results=arguments.top,
            page_token=arguments.page_token,
        )
    show(arguments, page, _choice(_MODEL, arguments))
    show_rest(page)


def _choice(choice: Choice, arguments: argparse.Namespace) -> Choice:
    return replace(choice, mentioned=[arguments.filter, *arguments.order_by])


def _experiment_ids(tracker: Tracker, wanted: Sequence[str]) -> list[str] | None:
    """Return the IDs of experiments that are given by name or by ID; None stands for all.

    Raises:
        ExperimentNotFound: neither a name nor an ID.
    """
    if not wanted:
        return None
    known = {each.name: each.experiment_id for each in tracker.search_experiments()}
    ids = set(known.values())
    for word in wanted:
        if word not in known and word not in ids:
            raise ExperimentNotFound(word, known)
    # Of an experiment whose name is the ID of another one, the name is meant.
    return [known.get(word, word) for word in wanted]


def _dataset(text: str) -> Mapping[str, str]:
    """Return what `NAME` or `NAME@DIGEST` asks for.

    Raises:
        InvalidInput: it has no name.
    """
    name, _, digest = text.partition("@")
    if not name:
        raise InvalidInput(f"--dataset {text!r}: give a dataset's name, or NAME@DIGEST")
    return {"dataset_name": name} | ({"dataset_digest": digest} if digest else {})


def _on_dataset(text: str, dataset: Mapping[str, str]) -> str | Mapping[str, object]:
    """Let an order by a metric mean the dataset that is asked for."""
    field, _, direction = text.strip().partition(" ")
    if not field.startswith("metrics.") or direction.strip().lower() not in {"", "asc", "desc"}:
        return text
    return {"field_name": field, "ascending": direction.strip().lower() != "desc", **dataset}
