from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import SweepError
from sweeps.trial import TRANSITIONS, TrialState, follow, trial_seed

FINAL = {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED}


class TestTransitions:
    def test_every_state_has_a_row(self) -> None:
        assert set(TRANSITIONS) == set(TrialState)

    def test_nothing_follows_a_final_state(self) -> None:
        assert {state for state in TrialState if state.final} == FINAL

    def test_a_trial_runs_before_it_ends_unless_the_sweep_ends_first_and_may_run_again(self) -> None:
        assert TRANSITIONS[TrialState.WAITING] == {TrialState.RUNNING, TrialState.KILLED}
        assert TRANSITIONS[TrialState.RUNNING] == FINAL | {TrialState.WAITING}

    @pytest.mark.parametrize(("state", "following"), list(itertools.product(TrialState, TrialState)))
    def test_follow_allows_what_the_table_says_and_nothing_else(self, state: TrialState, following: TrialState) -> None:
        if following in TRANSITIONS[state]:
            assert follow(state, following) is following
        else:
            with pytest.raises(SweepError, match=f"a trial that is {state} cannot become {following}"):
                follow(state, following)


class TestTrialSeed:
    def test_stays_what_it_was_in_every_version(self) -> None:
        # A sweep that is run again with its seed must draw what it drew, whatever was released in between.
        assert [trial_seed(7, number) for number in range(4)] == [1145793638, 758406135, 2133560917, 708825980]
        assert trial_seed(0, 0) == 320040295

    @given(st.integers(0, 2**64), st.integers(0, 10**6))
    def test_fits_where_seeds_go(self, seed: int, number: int) -> None:
        assert 0 <= trial_seed(seed, number) < 2**31

    def test_differs_between_neighbours(self) -> None:
        seeds = {trial_seed(seed, number) for seed in range(20) for number in range(100)}
        assert len(seeds) == 2000
