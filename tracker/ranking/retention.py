"""Which checkpoints to keep, as a plan that can be shown before anything is removed: pure.

Each rule names some to keep, and who is named by any is kept. Then a budget, if there is one, drops the worst until
the rest fits. What is pinned, by an alias on a registered model say, stays in any case. Without a budget, a rule that
names more keeps all that it kept before; a budget may drop others for it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..entities import DatasetRef, Measurement
from .keep import FrontOf, Keep, LastOf, Rule, TopOf
from .pareto import front
from .rank import chosen_dataset


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A logged model as retention sees it; `created` is in milliseconds since the epoch, `pinned` names its aliases."""

    model_id: str
    run_id: str
    step: int | None
    created: int
    bytes: int
    pinned: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a checkpoint is kept, and all the reasons for it."""

    checkpoint: Checkpoint
    is_kept: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A verdict on each checkpoint, the oldest first."""

    verdicts: tuple[Verdict, ...]
    budget: int | None

    @property
    def kept(self) -> tuple[Checkpoint, ...]:
        """Those that stay."""
        return tuple(each.checkpoint for each in self.verdicts if each.is_kept)

    @property
    def dropped(self) -> tuple[Checkpoint, ...]:
        """Those to remove."""
        return tuple(each.checkpoint for each in self.verdicts if not each.is_kept)

    @property
    def bytes_kept(self) -> int:
        """How much stays."""
        return sum(each.bytes for each in self.kept)

    @property
    def bytes_freed(self) -> int:
        """How much is won."""
        return sum(each.bytes for each in self.dropped)

    @property
    def is_within_budget(self) -> bool:
        """Whether what stays fits; what is pinned may be too much alone."""
        return self.budget is None or self.bytes_kept <= self.budget

    def lines(self) -> list[str]:
        """Tell the plan, a line for each checkpoint and one for all."""
        told = [
            f"{'keep' if each.is_kept else 'drop'} {each.checkpoint.model_id} ({each.checkpoint.bytes:,} bytes): "
            f"{'; '.join(each.reasons)}"
            for each in self.verdicts
        ]
        over = "" if self.is_within_budget else f"; what is pinned is more than the budget of {self.budget:,} bytes"
        counts = f"keep {len(self.kept)} with {self.bytes_kept:,} bytes, drop {len(self.dropped)}"
        return [*told, f"{counts} and free {self.bytes_freed:,} bytes{over}"]


def plan(checkpoints: Iterable[Checkpoint], keep: Keep) -> Plan:
    """Decide about each checkpoint; in which order they come does not matter.

    Raises:
        AmbiguousDataset: a metric of a front was measured on several datasets.
        DatasetNotFound: it was not measured on the one named.
    """
    everyone = sorted(checkpoints, key=_age)
    reasons: dict[str, list[str]] = {each.model_id: [f"pinned: {name}" for name in each.pinned] for each in everyone}
    for rule in keep.rules:
        for checkpoint, reason in _named(rule, everyone):
            reasons[checkpoint.model_id].append(reason)
    if not keep.rules:
        for each in everyone:
            reasons[each.model_id] = reasons[each.model_id] or ["there is room for it"]
    over = _over_budget([each for each in everyone if reasons[each.model_id]], keep, everyone)
    return Plan(tuple(_verdict(each, reasons[each.model_id], over) for each in everyone), keep.budget)


def _verdict(checkpoint: Checkpoint, reasons: Sequence[str], over: dict[str, str]) -> Verdict:
    if checkpoint.model_id in over:
        return Verdict(checkpoint, is_kept=False, reasons=(over[checkpoint.model_id],))
    return Verdict(checkpoint, is_kept=bool(reasons), reasons=tuple(reasons) or ("no rule keeps it",))


def _named(rule: Rule, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[Checkpoint, str]]:
    if isinstance(rule, TopOf):
        return _top(rule, checkpoints)
    return _front(rule, checkpoints) if isinstance(rule, FrontOf) else _last(rule, checkpoints)


def _top(rule: TopOf, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[Checkpoint, str]]:
    for dataset, order in _orders(rule, checkpoints):
        for run_id, of_run in _grouped(order, lambda each: each.run_id if rule.per_run else "").items():
            where = f"{f' on {dataset}' if dataset else ''}{f' in run {run_id}' if run_id else ''}"
            for place, each in enumerate(of_run[: rule.count], start=1):
                yield each, f"place {place} of {len(of_run)} by {rule.metric}{where}"


def _orders(rule: TopOf, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[str, list[Checkpoint]]]:
    """Yield each dataset that fits, and those that rank on it, the best first."""
    sign = -1.0 if rule.goal == "maximize" else 1.0
    for dataset in _datasets(rule.metric, checkpoints):
        if not _fits(dataset, rule.dataset):
            continue
        values = [_value(each, rule.metric, dataset) for each in checkpoints]
        # They come by age, which is what settles the last ties.
        keys = [(sign * value, _step(checkpoints[at]), at) for at, value in enumerate(values) if math.isfinite(value)]
        yield str(dataset) if dataset else "", [checkpoints[at] for _, _, at in sorted(keys)]


def _front(rule: FrontOf, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[Checkpoint, str]]:
    columns = []
    for metric, goal in rule.goals:
        among = _datasets(metric, checkpoints)
        dataset = chosen_dataset(metric, rule.dataset if len(among) > 1 else None, among)
        sign = -1.0 if goal == "maximize" else 1.0
        columns.append([sign * _value(each, metric, dataset) for each in checkpoints])
    points = np.array(columns, dtype=np.float64).T
    ranking = np.flatnonzero(np.isfinite(points).all(axis=1))
    names = ", ".join(metric for metric, _ in rule.goals)
    for place in ranking[front(points[ranking])]:
        yield checkpoints[int(place)], f"on the Pareto front of {names}"


def _last(rule: LastOf, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[Checkpoint, str]]:
    if not rule.per_run:
        for place, each in enumerate(checkpoints[: -rule.count - 1 : -1], start=1):
            yield each, f"number {place} from the end"
        return
    for run_id, of_run in _grouped(sorted(checkpoints, key=lambda each: (_step(each), *_age(each)))).items():
        for place, each in enumerate(of_run[: -rule.count - 1 : -1], start=1):
            yield each, f"number {place} from the end of run {run_id}"


def _over_budget(kept: Sequence[Checkpoint], keep: Keep, everyone: Sequence[Checkpoint]) -> dict[str, str]:
    """Say which of those kept so far do not fit, and why: the worst first, and none that is pinned."""
    total = sum(each.bytes for each in kept)
    if keep.budget is None or total <= keep.budget:
        return {}
    rule = next((each for each in keep.rules if isinstance(each, TopOf)), None)
    places = _best_places(rule, everyone) if rule else {}
    over = {}
    for each in sorted(kept, key=lambda each: (-places.get(each.model_id, math.inf), *_age(each))):
        if total <= keep.budget:
            break
        if not each.pinned:
            place = f"place {places[each.model_id]} by {rule.metric}" if rule and each.model_id in places else "its age"
            over[each.model_id] = f"over the budget of {keep.budget:,} bytes: dropped for {place}"
            total -= each.bytes
    return over


def _best_places(rule: TopOf, checkpoints: Sequence[Checkpoint]) -> dict[str, int]:
    """Return each one's place by a rule, whatever its count; of several datasets the best place."""
    places: dict[str, int] = {}
    for _, order in _orders(rule, checkpoints):
        for place, each in enumerate(order, start=1):
            places[each.model_id] = min(place, places.get(each.model_id, place))
    return places


def _datasets(metric: str, checkpoints: Sequence[Checkpoint]) -> list[DatasetRef | None]:
    found = {entry.dataset for each in checkpoints for entry in each.measurements if entry.key == metric}
    return sorted(found, key=lambda dataset: (dataset is not None, str(dataset)))


def _fits(dataset: DatasetRef | None, wanted: str | None) -> bool:
    name, _, digest = (wanted or "").partition("@")
    return wanted is None or (dataset is not None and dataset.name == name and digest in {"", dataset.digest})


def _value(checkpoint: Checkpoint, metric: str, dataset: DatasetRef | None) -> float:
    """Return the newest value on exactly that dataset, NaN if there is none; a negative zero is a zero."""
    fitting = [each for each in checkpoint.measurements if (each.key, each.dataset) == (metric, dataset)]
    newest = max(fitting, key=lambda each: (each.timestamp, each.step), default=None)
    return newest.value + 0.0 if newest else math.nan


def _grouped(
    checkpoints: Iterable[Checkpoint],
    label: Callable[[Checkpoint], str] = lambda each: each.run_id,
) -> dict[str, list[Checkpoint]]:
    groups: dict[str, list[Checkpoint]] = defaultdict(list)
    for each in checkpoints:
        groups[label(each)].append(each)
    return groups


def _step(checkpoint: Checkpoint) -> float:
    return math.inf if checkpoint.step is None else checkpoint.step


def _age(checkpoint: Checkpoint) -> tuple[int, str]:
    return checkpoint.created, checkpoint.model_id
