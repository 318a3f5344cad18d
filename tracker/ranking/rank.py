"""The order of checkpoints by one metric.

Better values come first. NaN, infinities and missing values never rank, in either direction. Of equal values the one
of the smaller step comes first, for it took less training; then the one that was logged first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ..entities import DatasetRef, Measurement, ModelInfo
from ..errors import AmbiguousDataset, DatasetNotFound, InvalidInput

GOALS = ("maximize", "minimize")


def chosen_dataset(
    metric: str,
    wanted: str | None,
    measured_on: Sequence[DatasetRef | None],
) -> DatasetRef | None:
    """Choose the dataset to rank by among those that the metric was measured on; None stands for no dataset.

    `wanted` is a name, or name and digest with an `@` between them. Two digests are two datasets and are never
    mixed.

    Raises:
        AmbiguousDataset: several fit.
        DatasetNotFound: none has that name.
    """
    name, _, digest = (wanted or "").partition("@")
    fitting = [
        each
        for each in measured_on
        if wanted is None or (each is not None and each.name == name and digest in {"", each.digest})
    ]
    if len(fitting) > 1:
        raise AmbiguousDataset(metric, (str(each) if each else "no dataset" for each in fitting))
    if wanted is not None and not fitting:
        raise DatasetNotFound(wanted, {each.name for each in measured_on if each})
    return fitting[0] if fitting else None


def chosen_datasets(
    metric: str,
    wanted: str | None,
    measured_on: Sequence[DatasetRef | None],
    *,
    any_digest: bool = False,
) -> tuple[DatasetRef | None, ...]:
    """Choose the datasets to rank by: one, or with `any_digest` all digests of one name.

    Raises:
        AmbiguousDataset: several fit; with `any_digest`, several names do.
        DatasetNotFound: none has that name.
    """
    names = {each.name if each else None for each in measured_on}
    if wanted is None and any_digest and len(names) == 1:
        return tuple(measured_on)
    if wanted is None or not any_digest:
        fitting = chosen_dataset(metric, wanted, measured_on)
        return (fitting,) if measured_on else ()
    if wanted not in names:
        raise DatasetNotFound(wanted, {name for name in names if name})
    return tuple(each for each in measured_on if each and each.name == wanted)


def order_by(metric: str, goal: str, dataset: DatasetRef | None) -> list[str | Mapping[str, object]]:
    """Return the search order that ranks.

    Raises:
        InvalidInput: the goal is neither to maximize nor to minimize.
    """
    require_goal(goal)
    place = {"dataset_name": dataset.name, "dataset_digest": dataset.digest} if dataset else {}
    best: dict[str, object] = {"field_name": f"metrics.{metric}", "ascending": goal == "minimize", **place}
    return [best, "attributes.step ASC", "attributes.model_no ASC"]


def ranked(
    models: Iterable[ModelInfo],
    metric: str,
    goal: str,
    dataset: DatasetRef | None,
) -> list[ModelInfo]:
    """Return those models that rank, the best first; `models` come in the order logged.

    This is the same order as `order_by`'s, by another way: each is the other's judge.
    """
    sign = -1.0 if goal == "maximize" else 1.0
    valued = [(value, model) for model in models if (value := _value(model, metric, dataset)) is not None]
    valued.sort(key=lambda pair: (sign * pair[0], math.inf if pair[1].step is None else pair[1].step))
    return [model for _, model in valued]


def require_goal(goal: str) -> None:
    """Check a goal.

    Raises:
        InvalidInput: it is neither to maximize nor to minimize.
    """
    if goal not in GOALS:
        raise InvalidInput(f"the goal is {goal!r}; it must be {' or '.join(GOALS)}")


def _value(model: ModelInfo, metric: str, dataset: DatasetRef | None) -> float | None:
    fitting = [entry for entry in model.measurements if entry.key == metric and dataset in {None, entry.dataset}]
    newest: Measurement | None = max(fitting, key=lambda entry: (entry.timestamp, entry.step), default=None)
    return newest.value if newest and math.isfinite(newest.value) else None
