"""`tracker keep`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping

from ..client import CarriedOut, KeepPlan, open_tracker
from ..errors import InvalidInput
from ..ranking import GOALS, Checkpoint, FrontOf, LastOf, Rule, TopOf, Verdict
from .goals import metrics_in
from .manners import size, write_json
from .scope import dataset_of, found_experiments
from .terminal import print_table

_COUNTS = ("top", "per_run_best", "last", "per_run_last")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_BYTES = 3


def keep(arguments: argparse.Namespace) -> None:
    """Show which checkpoints stay and which go, and why; then delete those that go, unless it is a dry run."""
    rules = list(_rules(arguments))
    budget = None if arguments.budget is None else bytes_in(arguments.budget)
    if not rules and budget is None:
        raise InvalidInput("nothing says what to keep, so nothing is deleted; see tracker keep --help")
    with open_tracker(arguments.store, create=False) as tracker:
        names = [each.name for each in found_experiments(tracker, arguments.experiment)] or None
        plan = tracker.plan_keep(*rules, budget=budget, experiment_names=names, filter_string=arguments.filter)
        if not arguments.json:
            _print_plan(plan)
        done = None if arguments.dry_run else tracker.carry_out(plan)
    if arguments.json:
        write_json(_as_mapping(plan, done))
    else:
        _print_done(plan, done)


def bytes_in(text: str) -> int:
    """Return the bytes that `10GB`, `500 MB`, `1.5GiB` or `1000000` says.

    Raises:
        InvalidInput: it does not read so.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"--budget {text!r}: write a size such as 10GB, 500MB or 1.5GiB")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit.lower()])


def _rules(arguments: argparse.Namespace) -> Iterator[Rule]:
    _check(arguments)
    dataset = arguments.dataset
    for metric, goal in _goals(arguments.metric, arguments.goal).items():
        if arguments.top is not None:
            yield TopOf(metric, goal, arguments.top, dataset)
        if arguments.per_run_best is not None:
            yield TopOf(metric, goal, arguments.per_run_best, dataset, per_run=True)
    if arguments.front is not None:
        yield FrontOf(tuple(_goals(arguments.front, arguments.goal).items()), dataset)
    if arguments.last is not None:
        yield LastOf(arguments.last)
    if arguments.per_run_last is not None:
        yield LastOf(arguments.per_run_last, per_run=True)


def _check(arguments: argparse.Namespace) -> None:
    for name in _COUNTS:
        count = getattr(arguments, name)
        if count is not None and count < 1:
            raise InvalidInput(f"--{name.replace('_', '-')} {count}: keep at least 1")
    best = [f"--{name.replace('_', '-')}" for name in _COUNTS[:2] if getattr(arguments, name) is not None]
    if best and arguments.metric is None:
        raise InvalidInput(f"{best[0]} needs a --metric to rank by")
    if arguments.metric is not None and not best:
        raise InvalidInput("--metric needs --top or --per-run-best, which say how many to keep")
    ranks = arguments.metric is not None or arguments.front is not None
    if not ranks and (arguments.goal is not None or arguments.dataset is not None):
        raise InvalidInput("--goal and --dataset need a --metric or a --front")
    if arguments.dataset is not None:
        dataset_of(arguments.dataset)


def _goals(text: str | None, goal: str | None) -> Mapping[str, str]:
    if text is None:
        return {}
    found = metrics_in(text, goal)
    return {found: goal or GOALS[0]} if isinstance(found, str) else found


def _print_plan(plan: KeepPlan) -> None:
    rows = [_row(each) for each in plan.verdicts]
    if rows:
        print_table("", ["", "model_id", "step", "size", "why"], rows, {_BYTES})


def _row(verdict: Verdict) -> tuple[object, ...]:
    checkpoint = verdict.checkpoint
    word = "keep" if verdict.is_kept else "drop"
    return word, checkpoint.model_id, checkpoint.step, size(checkpoint.bytes), "; ".join(verdict.reasons)


def _print_done(plan: KeepPlan, done: CarriedOut | None) -> None:
    print(f"kept: {_total(plan.kept)}")
    if done is None:
        print(f"would be deleted: {_total(plan.dropped)}")
    else:
        print(f"deleted: {_total(done.deleted)}")
        for each, reason in done.left:
            print(f"left alone: {each.model_id}: {reason}")
    if not plan.is_within_budget:
        print(f"over the budget of {size(plan.budget or 0)}: what is pinned is more than that")


def _total(checkpoints: tuple[Checkpoint, ...]) -> str:
    return f"{len(checkpoints):,} with {size(sum(each.bytes for each in checkpoints))}"


def _as_mapping(plan: KeepPlan, done: CarriedOut | None) -> dict[str, object]:
    return {
        "dry_run": done is None,
        "keep": [_told(each) for each in plan.verdicts if each.is_kept],
        "drop": [_told(each) for each in plan.verdicts if not each.is_kept],
        "bytes_kept": plan.bytes_kept,
        "bytes_freed": done.bytes_freed if done else plan.bytes_freed,
        "is_within_budget": plan.is_within_budget,
        "deleted": [each.model_id for each in done.deleted] if done else [],
        "left": [{"model_id": each.model_id, "reason": reason} for each, reason in done.left] if done else [],
    }


def _told(verdict: Verdict) -> dict[str, object]:
    checkpoint = verdict.checkpoint
    return {
        "model_id": checkpoint.model_id,
        "run_id": checkpoint.run_id,
        "step": checkpoint.step,
        "bytes": checkpoint.bytes,
        "reasons": verdict.reasons,
    }
