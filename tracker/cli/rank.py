"""`tracker rank`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..client import LoggedModel, Tracker, open_tracker
from ..errors import suggestion
from ..tables import Rows
from .fitting import Choice
from .goals import metrics_in, weights_in
from .results import require_forms, show
from .scope import dataset_of, found_experiments, names_in

_NEWEST = 100
# What is passed on as it was typed, if it was.
_PLAIN = ("dataset", "any_digest", "value", "last_steps", "smooth", "per", "explain")


def rank(arguments: argparse.Namespace) -> None:
    """Print the best checkpoints, the best first."""
    require_forms(arguments)
    metric = metrics_in(arguments.metric, arguments.goal)
    options = _how(arguments) | _goal(metric, arguments)
    with open_tracker(arguments.store, create=False) as tracker:
        among = _among(tracker, arguments)
        found = tracker.rank(metric, top=arguments.top, filter_string=arguments.filter, **options, **among)
        names = [metric] if isinstance(metric, str) else list(metric)
        nothing = "" if found else _nothing(tracker, names)
    if arguments.explain and found and not (arguments.json or arguments.csv or arguments.fields):
        print("\n".join(found.explained()))
    else:
        show(arguments, found, _choice(found, names), nothing)


def _choice(ranking: Rows[LoggedModel], names: Sequence[str]) -> Choice:
    """Show what the ranking says of each place before anything else: it is what was asked for."""
    said = [column.name for column in ranking.leading()]
    return Choice("model_id", first=("name", "step"), mentioned=[*said, *(f"metrics.{name}" for name in names)])


def _nothing(tracker: Tracker, names: Sequence[str]) -> str:
    """Say that nothing ranks, and what the newest checkpoints were measured by, if a metric is not among that."""
    known = {entry.key for model in tracker.search_logged_models(max_results=_NEWEST) for entry in model.measurements}
    unknown = [name for name in names if name not in known]
    hint = suggestion(unknown[0], known) if unknown else ""
    return f"nothing ranks by {' and '.join(map(repr, names))}{hint}"


def _goal(metric: str | dict[str, str], arguments: argparse.Namespace) -> dict[str, str]:
    """Return the goal of one metric; of several, each has its own by now."""
    return {"goal": arguments.goal} if isinstance(metric, str) and arguments.goal is not None else {}


def _how(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said about how to rank."""
    given = {name: getattr(arguments, name) for name in _PLAIN}
    # A zero or an empty text was typed, and is refused where it means something.
    options = {name: value for name, value in given.items() if value is not None and value is not False}
    if arguments.dataset is not None:
        dataset_of(arguments.dataset)
    if arguments.constraint:
        options["constraints"] = arguments.constraint
    if arguments.weights is not None:
        options["weights"] = weights_in(arguments.weights)
    if arguments.seeds is not None:
        options["seeds"] = names_in("--seeds", arguments.seeds, "seed")
    return options


def _among(tracker: Tracker, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said about which checkpoints are ranked."""
    among: dict[str, Any] = {}
    if arguments.experiment:
        among["experiment_names"] = [each.name for each in found_experiments(tracker, arguments.experiment)]
    if arguments.sweep is not None:
        # Among the trials of a sweep that is not there, nothing would rank, and nobody would know why.
        among["parent_run_id"] = tracker.get_run(arguments.sweep).run_id
    return among
