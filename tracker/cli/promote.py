"""`tracker promote`."""

from __future__ import annotations

import argparse

from ..client import Tracker, open_tracker
from ..ranking import GOALS, Decision, Standing
from .manners import shown, write_json
from .scope import dataset_of


def promote(arguments: argparse.Namespace) -> None:
    """Give an alias to a logged model if it is better than the one that has it, and print the decision."""
    if arguments.dataset is not None:
        dataset_of(arguments.dataset)
    with open_tracker(arguments.store, create=False) as tracker:
        decision = tracker.promote_if_better(
            arguments.model,
            arguments.name,
            alias=arguments.alias,
            metric=arguments.metric,
            goal=GOALS[0] if arguments.goal is None else arguments.goal,
            dataset=arguments.dataset,
            min_lead=arguments.min_lead,
        )
        version = _version(tracker, arguments, decision) if decision.promote else None
    if arguments.json:
        write_json(_as_mapping(arguments, decision, version))
    else:
        verdict = f"promoted to {version}" if decision.promote else "not promoted"
        print(f"{shown(arguments.name)}@{arguments.alias}: {verdict}: {shown(decision.reason)}")


def _version(tracker: Tracker, arguments: argparse.Namespace, decision: Decision) -> int | None:
    """Return which version the candidate is; others may have been promoted since."""
    found = tracker.promotions(arguments.name, arguments.alias)
    of_candidate = (each.version for each in reversed(found) if each.decision.candidate == decision.candidate)
    return next(of_candidate, None)


def _as_mapping(arguments: argparse.Namespace, decision: Decision, version: int | None) -> dict[str, object]:
    return {
        "name": arguments.name,
        "alias": arguments.alias,
        "promoted": decision.promote,
        "reason": decision.reason,
        "version": version,
        "metric": decision.candidate.metric,
        "goal": decision.goal,
        "min_lead": decision.min_lead,
        "lead": decision.lead,
        "candidate": _standing(decision.candidate),
        "incumbent": _standing(decision.incumbent) if decision.incumbent else None,
    }


def _standing(standing: Standing) -> dict[str, object]:
    dataset = standing.dataset
    return {
        "model_id": standing.model_id,
        "value": standing.value,
        "dataset": {"name": dataset.name, "digest": dataset.digest} if dataset else None,
    }
