from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.study import SweepRecord, TrialResult, goal_of, sweep_tags
from sweeps.study.record import REASON, STATE, TRIAL, VALUE, tag_text
from sweeps.trial import TrialState
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


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_that_a_tag_can_hold(text: str) -> None:
    kept = tag_text(text)
    assert "\0" not in kept
    assert len(kept) == len(text)
    kept.encode()
    if text.isascii() and "\0" not in text:
        assert kept == text
