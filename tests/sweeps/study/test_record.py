from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.samplers import Proposal
from sweeps.study import PastTrial, SweepRecord, TrialResult, Verdict, goal_of, past_trial, sweep_tags
from sweeps.study.record import (
    ATTEMPTS,
    REASON,
    STATE,
    TRIAL,
    VALUE,
    attempt_tags,
    flat,
    newest,
    reports,
    tag_text,
    trial_tags,
    verdict_tags,
)
from sweeps.trial import Cause, Outcome, TrialState
from tracker import RunInfo, RunStatus


def run_of(tags: Mapping[str, str], params: Mapping[str, object] | None = None) -> RunInfo:
    return RunInfo(
        run_id="r",
        name="digits",
        experiment_id="1",
        experiment="digits",
        parent_run_id=None,
        status=RunStatus.FINISHED,
        start_time=0,
        end_time=1,
        params=params or {},
        tags=tags,
        metrics={},
    )


class TestSweepRecord:
    @given(st.text(), st.sampled_from(["minimize", "maximize"]), st.none() | st.text(min_size=1))
    def test_is_what_the_tags_were_made_of(self, metric: str, goal: str, dataset: str | None) -> None:
        tags = sweep_tags({"method": "grid"}, seed=7, space="abc", metric=metric, goal=goal, dataset=dataset)
        record = SweepRecord.of_run(run_of(tags))
        assert (record.metric, record.goal, record.dataset) == (metric, goal, dataset)
        assert (record.sweep_id, record.name, record.status) == ("r", "digits", "FINISHED")

    def test_tags_are_text_and_keep_the_description(self) -> None:
        config = {"method": "grid", "parameters": {"a": {"values": [True, 1, 1.0, None]}}}
        tags = sweep_tags(config, seed=7, space="abc", metric="", goal="minimize", dataset=None)
        assert all(isinstance(value, str) for value in tags.values())
        assert repr(json.loads(tags["sweep.config"])) == repr(config)

    def test_goes_by_its_own_goal_for_its_own_metric_only(self) -> None:
        goals = goal_of("loss", "loss", "minimize"), goal_of("accuracy", "loss", "minimize")
        assert goals == ("minimize", "maximize")


class TestTrialResult:
    @given(st.integers(0, 10**6), st.sampled_from(TrialState), st.floats(allow_nan=False), st.text())
    def test_is_what_the_scheduler_wrote_down(self, number: int, state: TrialState, value: float, reason: str) -> None:
        tags = {TRIAL: str(number), STATE: str(state), VALUE: repr(value), REASON: reason}
        result = TrialResult.of_run(run_of(tags, {"lr": 0.1}))
        assert (result.number, result.state, result.reason) == (number, state, reason)
        assert repr(result.value) == repr(value)
        assert result.params == {"lr": 0.1}

    def test_of_a_trial_that_nobody_ended_is_running(self) -> None:
        result = TrialResult.of_run(run_of({TRIAL: "3"}))
        assert (result.state, result.value, result.reason) == (TrialState.RUNNING, None, "")

    def test_refuses_a_run_that_is_no_trial(self) -> None:
        with pytest.raises(KeyError):
            TrialResult.of_run(run_of({}))


def kept(*several: Mapping[str, object]) -> dict[str, str]:
    """Return what a run keeps of tags that were set one after the other."""
    return {key: str(value) for tags in several for key, value in tags.items()}


scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5)
params = st.dictionaries(st.text(min_size=1, max_size=3), scalars | st.dictionaries(st.text(max_size=3), scalars))
known = st.none() | st.floats(allow_nan=False, allow_infinity=False)


class TestPastTrial:
    @given(params, params, st.integers(0, 99))
    def test_of_a_new_trial_is_what_was_proposed(
        self, given_: dict[str, object], memo: dict[str, object], number: int
    ) -> None:
        proposal = Proposal(given_, memo)
        past = past_trial(run_of(kept(trial_tags(number, proposal))), [])
        assert past == PastTrial(number, proposal, TrialState.WAITING)
        assert repr(past.proposal) == repr(proposal)

    @given(st.sampled_from(TrialState), known, st.lists(st.sampled_from(Cause)), st.integers(0, 99), st.integers(1, 5))
    def test_is_what_its_last_end_said(
        self, state: TrialState, value: float | None, causes: list[Cause], order: int, attempts: int
    ) -> None:
        verdict = Verdict(3, attempts - 1, Outcome(state, "why"), value, tuple(causes), None, order)
        starts = list(range(attempts))
        written = trial_tags(3, Proposal({})), attempt_tags(starts), verdict_tags(verdict)
        past = past_trial(run_of(kept(*written)), [])
        assert past == PastTrial(3, Proposal({}), state, value, attempts - 1, tuple(causes), (), order)
        assert repr(past.value) == repr(value)

    def test_knows_nothing_of_how_an_earlier_attempt_ended(self) -> None:
        first = Verdict(0, 0, Outcome(TrialState.WAITING, "it raised", "Traceback"), 0.5, (Cause.CRASH,))
        second = Verdict(0, 1, Outcome(TrialState.COMPLETE), None, (Cause.CRASH,))
        run = run_of(kept(trial_tags(0, Proposal({})), verdict_tags(first), verdict_tags(second)))
        result = TrialResult.of_run(run)
        assert (result.state, result.value, result.reason) == (TrialState.COMPLETE, None, "")
        assert run.tags["trial.tail"] == ""

    def test_of_a_trial_that_was_killed_and_resumed_has_no_causes(self) -> None:
        killed = Verdict(0, 0, Outcome(TrialState.KILLED), None)
        again = Verdict(0, 1, Outcome(TrialState.COMPLETE), 1.0, order=1)
        run = run_of(kept(trial_tags(0, Proposal({})), verdict_tags(killed), verdict_tags(again)))
        assert past_trial(run, []).causes == ()

    @given(st.permutations([(1, 10, 0.5), (2, 20, 0.25), (1, 30, 0.125)]))
    def test_hears_reports_in_the_order_of_time(self, points: list[tuple[int, int, float]]) -> None:
        run = run_of({TRIAL: "0", ATTEMPTS: "[0, 25]"})
        assert past_trial(run, points).reports == ((1, 1, 0.5), (2, 2, 0.25), (1, 1, 0.125))


attempts = st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9).map(float)), max_size=6), max_size=5)


class TestReports:
    @given(attempts)
    def test_are_those_of_all_attempts_each_from_where_it_begins(self, attempts: list[list[tuple[int, float]]]) -> None:
        points, starts, clock = [], [], 0
        standing: list[tuple[int, float]] = []
        expected = []
        for attempt in attempts:
            starts.append(clock)
            # What an attempt finds of the earlier ones: all up to the first at its own first step or later.
            earlier = [step for step, _ in standing]
            first = attempt[0][0] if attempt else 99
            standing = standing[: next((place for place, step in enumerate(earlier) if step >= first), len(earlier))]
            for step, value in attempt:
                clock += 1
                points.append((step, clock, value))
                standing.append((step, value))
                expected.append((len(standing), step, value))
            clock += 1
        assert reports(points, starts) == expected
        assert newest(points, starts) == standing

    def test_of_a_run_without_attempts_stand_as_they_came(self) -> None:
        assert newest([(2, 5, 0.5), (1, 6, 0.25)], []) == [(2, 0.5), (1, 0.25)]


def test_nested_params_are_kept_by_dotted_names() -> None:
    assert flat({"a": {"b": 1, "c": {"d": 2}}, "e": {}}) == {"a.b": 1, "a.c.d": 2, "e": {}}


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_that_a_tag_can_hold(text: str) -> None:
    kept = tag_text(text)
    assert "\0" not in kept
    assert len(kept) == len(text)
    kept.encode()
    if text.isascii() and "\0" not in text:
        assert kept == text


def test_a_later_attempt_takes_back_why_an_earlier_one_failed() -> None:
    tags = trial_tags(0, Proposal({}))
    crashed = Outcome(TrialState.WAITING, "ValueError: lr", "a traceback", Cause.CRASH)
    for attempt, outcome in enumerate([crashed, Outcome(TrialState.COMPLETE)]):
        tags = {**tags, **attempt_tags([*range(attempt + 1)]), **verdict_tags(Verdict(0, attempt, outcome, 0.5))}
    trial = TrialResult.of_run(run_of({key: str(value) for key, value in tags.items()}))
    assert (trial.state, trial.reason, trial.value, trial.attempts) == (TrialState.COMPLETE, "", 0.5, 2)
