"""Where our answers are to be MLflow's and are not yet: the campaign fails for each of them, the default run does not.

What is the same by now, or is decided to stay, leaves this list; the file goes with the last.
"""

from __future__ import annotations

from .cases import NOWHERE, Case
from .differences import Difference, metric_keys
from .worlds import MODEL_METRICS, World


def _all(world: World, case: Case) -> frozenset[str]:
    return frozenset(world.identities(case.subject))


def _orders(case: Case) -> list[str]:
    return [entry if isinstance(entry, str) else str(entry["field_name"]) for entry in case.order_by]


def _by_param(world: World, case: Case) -> bool:
    del world
    return any(name.startswith("param") for name in _orders(case))


def _by_metric(world: World, case: Case) -> bool:
    """Tell orders in which infinities stand, which are logged for a run's metrics and for one of the models'."""
    del world
    return any(name.startswith("metric" if case.subject == "runs" else "metrics.odd") for name in _orders(case))


def _of_both(world: World, case: Case) -> bool:
    del world
    return case.subject == "runs" and bool(metric_keys(case) & set(MODEL_METRICS))


def _on_one_dataset(world: World, case: Case) -> bool:
    del world
    return len(case.datasets) == 1 and any(name.startswith("metrics.") for name in _orders(case))


def _has_datasets(world: World, case: Case) -> bool:
    del world
    return bool(case.datasets)


def _names_no_experiment(world: World, case: Case) -> bool:
    del world
    return NOWHERE in (case.experiments or ())


def _asks_for_artifacts(world: World, case: Case) -> bool:
    del world
    return "artifact_uri" in case.filter


def _orders_experiments(world: World, case: Case) -> bool:
    del world
    return case.subject == "experiments" and bool(case.order_by)


def _at_one_moment(world: World, case: Case) -> bool:
    return case.subject == "models" and bool(_tied_points(world, case))


def _tied_points(world: World, case: Case) -> frozenset[str]:
    """Find models with two points of one time and step, by two runs."""
    keys, found = metric_keys(case), set()
    for model in world.models:
        places = [(point.key, point.step, point.timestamp) for point in model.points if point.key in keys]
        if len(places) > len(set(places)):
            found.add(model.model_id)
    return frozenset(found)


NOT_YET = (
    Difference("order by a param", "numbers go first, texts after them", "2.7: as strings", _by_param, concerned=_all),
    Difference("infinities in an order", "they tie with NaN", "2.7: numbers, then NaN", _by_metric, concerned=_all),
    Difference(
        "a metric of a run and of its models",
        "what the run logged itself goes before what its models were measured at",
        "2.3: latest = maximum of (step, timestamp, value); with model_id the point goes to the run and to the model",
        _of_both,
        concerned=_all,
    ),
    Difference(
        "an order beside one dataset",
        "an order by a metric without a dataset means the one that is searched by",
        "2.9: within dataset_name / digest if given",
        _on_one_dataset,
        concerned=_all,
    ),
    Difference(
        "two runs at one moment",
        "of two points of one time and step the last logged counts",
        "2.9: greatest timestamp, then step, then smallest run_id",
        _at_one_moment,
        concerned=_tied_points,
    ),
    Difference(
        "a dataset that is not there",
        "an unknown name is refused, so that a slip is seen; MLflow finds nothing (undecided)",
        "2.9: the points must belong to one of them",
        _has_datasets,
        refusal="DatasetNotFound",
    ),
    Difference(
        "an experiment that is not there",
        "an unknown ID is refused, so that a slip is seen; MLflow finds nothing (undecided)",
        "2.7: unknown ids -> none",
        _names_no_experiment,
        refusal="ExperimentNotFound",
    ),
    Difference(
        "where a run's files are",
        "there is no such attribute",
        "2.7: attributes … artifact_uri",
        _asks_for_artifacts,
        refusal="InvalidFilter",
    ),
    Difference(
        "ties of experiments",
        "the newest goes first, and then the least ID",
        "not in 2.8: where an order is given MLflow ends it with experiment_id DESC, and with nothing else",
        _orders_experiments,
        concerned=_all,
    ),
)
