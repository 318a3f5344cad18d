"""For every filter and order of MLflow's grammar we return the same IDs, in the same order, on the same pages.

The default run holds us to what MLflow once answered (`mlflow_facts.json` says which version). The campaign asks the
real one, in an environment of its own, about several worlds, and says how many answers were compared and which of the
known differences it met:

    PEER_ENVIRONMENTS=DIR python -m pytest -m campaign -s tests/acceptance/peers

`PEER_SEED` makes other worlds; `PEER_KEEP=1` writes the file anew.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import tracker

from .cases import PICKED, SUBJECTS, Case, make_cases
from .differences import DIFFERENCES
from .facts import KEPT, Facts, gather
from .ours import Searcher, write
from .peer import ask_mlflow
from .verdicts import Compared, Verdicts, judge
from .worlds import World, make_world

SEED = os.environ.get("PEER_SEED", "1")
WORLDS, CASES = 5, 60
# A small world, and few cases: what the default run takes.
KEPT_SEED, KEPT_RUNS, KEPT_MODELS, KEPT_CASES = "kept", 14, 18, 48
BOTH = ("runs", "models")


@dataclass(frozen=True)
class Held:
    """What MLflow answered, and an open store of ours that holds the same world."""

    facts: Facts
    theirs: dict[str, Any]
    ours: tracker.Tracker

    def compare(self, subject: str, twist: Callable[[Case], Case] = lambda case: case) -> Iterator[Compared]:
        """Answer a subject's cases, each perhaps twisted before it is asked here."""
        searcher, facts = Searcher(self.ours, self.facts.world), self.facts
        for case, theirs, other in zip(facts.cases, facts.answers, facts.in_other_words, strict=True):
            if case.subject == subject:
                yield Compared(facts.world, case, theirs, other, searcher.answer(twist(case)))


def all_cases(seed: str, world: World, count: int) -> list[Case]:
    return [*PICKED, *(case for subject in SUBJECTS for case in make_cases(seed, subject, world, count))]


# --- held to the facts


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    facts = Facts.load()
    store = tmp_path_factory.mktemp("kept") / "store"
    write(facts.world, store)
    with tracker.open(store) as t:
        yield Held(facts, {}, t)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_we_answer_what_mlflow_once_answered(kept: Held, subject: str) -> None:
    require_search(kept.ours, subject)
    verdicts = judge(kept.compare(subject), DIFFERENCES)
    verdicts.require()
    assert verdicts.compared > KEPT_CASES // 2


def require_search(t: tracker.Tracker, subject: str) -> None:
    if subject == "experiments" and "filter_string" not in inspect.signature(t.search_experiments).parameters:
        pytest.skip("experiments cannot be searched yet")


def by_id_last_to_first(case: Case) -> Case:
    """Break ties by the ID, the greatest first."""
    last: dict[str, str | dict[str, Any]] = {
        "runs": "run_id DESC",
        "models": {"field_name": "model_id", "ascending": False},
    }
    return replace(case, order_by=[*case.order_by, last[case.subject]])


def finding_the_missing(case: Case) -> Case:
    """Find what lacks a param, too."""
    return replace(case, filter=case.filter and f"({case.filter}) OR params.lr != 'none' OR params.lr IS NULL")


def with_other_bounds(case: Case) -> Case:
    """Read every comparison as one with equality."""
    return replace(case, filter=case.filter.replace("!=", "=").replace("<", "<=").replace(">", ">=").replace("==", "="))


def upside_down(case: Case) -> Case:
    """Turn each order round."""
    return replace(case, order_by=[_turned(entry) for entry in case.order_by])


def _turned(entry: Any) -> Any:  # noqa: ANN401  # a text or a mapping, as it came
    if not isinstance(entry, str):
        return {**entry, "ascending": not entry.get("ascending", True)}
    words = entry.rsplit(maxsplit=1)
    if words[-1].upper() == "DESC":
        return words[0]
    return f"{words[0] if words[-1].upper() == 'ASC' else entry} DESC"


def on_larger_pages(case: Case) -> Case:
    """Give one more on each page."""
    return replace(case, max_results=case.max_results + 1)


TWISTS = (by_id_last_to_first, finding_the_missing, with_other_bounds, upside_down, on_larger_pages)


@pytest.mark.parametrize("subject", BOTH)
@pytest.mark.parametrize("twist", TWISTS)
def test_a_wrong_answer_is_a_fault(kept: Held, subject: str, twist: Callable[[Case], Case]) -> None:
    assert judge(kept.compare(subject, twist), DIFFERENCES).faults


# --- the real one


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Held]]:
    found: list[Held] = []
    for number in range(WORLDS):
        seed, folder = f"{SEED}/{number}", tmp_path_factory.mktemp("world")
        world = make_world(seed)
        facts, theirs = gather(world, all_cases(seed, world, CASES), folder)
        write(world, folder / "store")
        found.append(Held(facts, theirs, tracker.open(folder / "store")))
    yield found
    for held in found:
        held.ours.close()


def total(found: Sequence[Verdicts]) -> Verdicts:
    whole = Verdicts()
    for each in found:
        whole.same += each.same
        whole.refused += each.refused
        whole.answered += each.answered
        whole.met += each.met
        whole.faults += each.faults
    return whole


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_we_answer_what_mlflow_answers(worlds: list[Held], subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    require_search(worlds[0].ours, subject)
    verdicts = total([judge(held.compare(subject), DIFFERENCES) for held in worlds])
    with capsys.disabled():
        print(f"\nMLflow {worlds[0].facts.version}, seed {SEED}, {WORLDS} worlds")  # noqa: T201  # what was compared
        print(verdicts.report(subject))  # noqa: T201
    verdicts.require()
    assert verdicts.compared >= WORLDS * CASES * 2 // 3


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_both_hold_the_same(worlds: list[Held]) -> None:
    for held in worlds:
        world, theirs = held.facts.world, held.theirs
        assert theirs["runs"].keys() == {run.run_id for run in world.runs}
        for run in held.ours.search_runs():
            params, tags, status = theirs["runs"][run.run_id]
            made = {
                "mlflow.runName": run.name,
                **({"mlflow.parentRunId": run.parent_run_id} if run.parent_run_id else {}),
            }
            assert (params, tags, status) == (texts(run.params), {**run.tags, **made}, run.status)
        models = {model.model_id: model for model in held.ours.search_logged_models(max_results=1000)}
        assert theirs["models"].keys() == models.keys()
        for identity, model in models.items():
            assert theirs["models"][identity][:2] == [texts(model.params), model.tags]


def texts(params: Any) -> dict[str, str]:  # noqa: ANN401  # a mapping of any values
    return {key: str(value) for key, value in params.items()}


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_every_difference_is_met(worlds: list[Held]) -> None:
    met = total([judge(held.compare(subject)) for held in worlds for subject in BOTH]).met
    assert set(met) == set(DIFFERENCES)


# Filters that are asked for and that MLflow refuses; those that begin with a model's words are of model search.
MORE = {
    "runs": (
        "metrics.loss > 0 OR params.lr = '0.1'",
        "NOT metrics.loss > 0",
        "(metrics.loss > 0)",
        "metrics.loss BETWEEN 0 AND 1",
        "metrics.loss IN (0.5, 1)",
        "metrics.loss IS NULL",
        "params.lr < 0.1",
        "params.lr IN ('0.1', '1')",
        "run_name IN ('first')",
        "experiment_id = '1'",
        "end_time IS NULL",
        "metrics.val/loss > 0",
        "metrics.x-y > 0",
        "METRICS.loss > 0",
        "metrics.loss == 0.5",
        "metrics.loss <> 0.5",
    ),
    "models": (
        "metrics.acc > 0 OR params.lr = '0.1'",
        "NOT metrics.acc > 0",
        "(metrics.acc > 0)",
        "metrics.acc IN (0.5, 1)",
        "params.opt IS NULL",
        "metric.acc > 0",
        "params.lr < 0.1",
    ),
    "experiments": ("name = 'digits' OR name = 'a b'", "name IN ('digits')", "name like 'd%'", "NOT name = 'digits'"),
}


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_what_mlflow_refuses_is_answered_here(tmp_path: Path, kept: Held) -> None:
    subjects = SUBJECTS if "filter_string" in inspect.signature(kept.ours.search_experiments).parameters else BOTH
    cases = [Case(subject, text) for subject in subjects for text in MORE[subject]]
    said = ask_mlflow(kept.facts.world, cases, tmp_path)
    searcher = Searcher(kept.ours, kept.facts.world)
    assert [case.filter for case, answer in zip(cases, said.answers, strict=True) if "pages" in answer] == []
    assert [case.filter for case in cases if "pages" not in searcher.answer(case)] == []


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_the_facts_are_what_mlflow_answers(tmp_path: Path) -> None:
    world = make_world(KEPT_SEED, KEPT_RUNS, KEPT_MODELS)
    found, _ = gather(world, all_cases(KEPT_SEED, world, KEPT_CASES), tmp_path)
    found.save(tmp_path / "facts.json")
    if os.environ.get("PEER_KEEP"):
        found.save(KEPT)
    assert (tmp_path / "facts.json").read_text("utf-8") == KEPT.read_text("utf-8")
