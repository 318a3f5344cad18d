from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import SweepError
from sweeps.samplers import Params, Proposal, Told, make_sampler
from sweeps.space import Space
from sweeps.study import Study
from sweeps.trial import TrialState, trial_seed

ENDS = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED)
COUNTING = (TrialState.COMPLETE, TrialState.PRUNED)
SIGN = {"minimize": 1.0, "maximize": -1.0}

values = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -0.0, 1.0, 1e308, 5e-324]))
# Ask for a trial, or tell how one of those that run has ended: which one, how, and with what value.
moves = st.lists(
    st.one_of(st.just(None), st.tuples(st.integers(0, 99), st.sampled_from(ENDS), values)),
    max_size=60,
)
goals = st.sampled_from(sorted(SIGN))


class Numbers:
    """A sampler that proposes its trials' numbers, `size` of them, and remembers what it was told."""

    quick = True

    def __init__(self, size: int | None = None) -> None:
        self.size = size
        self.asked: list[int] = []
        self.told: list[tuple[int, float | None]] = []

    def ask(self, number: int) -> Proposal | None:
        self.asked.append(number)
        return None if self.size is not None and number >= self.size else Proposal({"number": number})

    def take(self, number: int, params: Params) -> Proposal:
        raise NotImplementedError

    def tell(self, number: int, told: Told) -> None:
        self.told.append((number, told.value))

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        raise NotImplementedError

    def learn(self, params: Params, told: Told) -> None:
        raise NotImplementedError


def study_of(
    sampler: Numbers | None = None,
    *,
    goal: str = "minimize",
    run_cap: int | None = None,
    target: float | None = None,
    seed: int = 7,
) -> Study:
    return Study(sampler or Numbers(), goal=goal, seed=seed, run_cap=run_cap, target=target)


def photograph(study: Study) -> object:
    return [study.count(state) for state in TrialState], study.best_number, study.best_value, study.finished


class TestAnySequenceOfAsksAndTells:
    @given(moves, goals, st.none() | st.integers(1, 20), st.none() | st.integers(0, 20))
    def test_keeps_the_rules(
        self,
        moves: list[tuple[int, TrialState, float | None] | None],
        goal: str,
        run_cap: int | None,
        size: int | None,
    ) -> None:
        sampler = Numbers(size)
        study = study_of(sampler, goal=goal, run_cap=run_cap)
        asked: list[int] = []
        running: list[int] = []
        counted: list[float] = []
        for move in moves:
            if move is None:
                suggestion = study.ask()
                if suggestion is not None:
                    asked.append(suggestion.number)
                    running.append(suggestion.number)
            elif running:
                which, state, value = move
                number = running.pop(which % len(running))
                study.tell(number, state, value)
                if state in COUNTING and value is not None and math.isfinite(value):
                    counted.append(value)

            assert asked == list(range(len(asked)))
            assert len(asked) <= min(limit for limit in (run_cap, size, math.inf) if limit is not None)
            assert study.count(TrialState.RUNNING) == len(running)
            best = min(counted, key=lambda value: SIGN[goal] * value, default=None)
            assert study.best_value == best
        assert sum(study.count(state) for state in TrialState) == len(asked)
        assert sorted(number for number, _ in sampler.told) == sorted(set(asked) - set(running))

    @given(moves, goals)
    def test_teaches_the_sampler_only_what_counts(
        self, moves: list[tuple[int, TrialState, float | None] | None], goal: str
    ) -> None:
        sampler = Numbers()
        study = study_of(sampler, goal=goal)
        expected = []
        for number, move in enumerate(move for move in moves if move is not None):
            study.ask()
            _, state, value = move
            study.tell(number, state, value)
            counts = state in COUNTING and value is not None and math.isfinite(value)
            expected.append((number, value if counts else None))
        assert sampler.told == expected

    @given(st.integers(0, 12), st.integers(0, 5), st.sampled_from(ENDS), values)
    def test_an_illegal_end_raises_and_changes_nothing(
        self, asks: int, number: int, end: TrialState, value: float | None
    ) -> None:
        sampler = Numbers()
        study = study_of(sampler)
        for _ in range(asks):
            study.ask()
        if number < asks:
            study.tell(number, end, 1.0)
        before, told = photograph(study), list(sampler.told)
        for state in TrialState:
            if number < asks or state not in ENDS:
                with pytest.raises((SweepError, KeyError)):
                    study.tell(number, state, value)
            assert photograph(study) == before
            assert sampler.told == told

    @given(st.permutations(range(6)))
    def test_of_equal_values_the_one_told_first_stays_the_best(self, order: list[int]) -> None:
        study = study_of()
        for _ in order:
            study.ask()
        for number in order:
            study.tell(number, TrialState.COMPLETE, 1.0)
        assert study.best_number == order[0]


class TestBest:
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
    @pytest.mark.parametrize("goal", ["minimize", "maximize"])
    def test_is_never_a_value_that_is_not_finite(self, goal: str, value: float | None) -> None:
        study = study_of(goal=goal)
        for number, told in enumerate([value, 3.0, value]):
            study.ask()
            study.tell(number, TrialState.COMPLETE, told)
        assert (study.best_number, study.best_value) == (1, 3.0)

    @pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.KILLED])
    def test_is_never_of_a_trial_that_did_not_succeed(self, state: TrialState) -> None:
        study = study_of()
        study.ask()
        study.tell(0, state, 0.5)
        assert study.best_value is None

    def test_may_be_of_a_pruned_trial(self) -> None:
        study = study_of()
        study.ask()
        study.tell(0, TrialState.PRUNED, 0.5)
        assert study.best_value == 0.5


class TestLiveValue:
    def test_is_the_best_that_was_reported(self) -> None:
        study = study_of(goal="maximize")
        study.ask()
        for value in (0.1, 0.9, math.nan, math.inf, 0.5):
            study.report(0, value)
        assert study.live_value(0) == 0.9

    def test_does_not_count_before_the_trial_has_ended(self) -> None:
        study = study_of()
        study.ask()
        study.report(0, 0.1)
        assert study.best_value is None


class TestEnd:
    def test_comes_with_the_run_cap(self) -> None:
        study = study_of(run_cap=2)
        assert [bool(study.ask()) for _ in range(4)] == [True, True, False, False]
        assert study.finished

    def test_failed_trials_take_their_place_under_the_run_cap(self) -> None:
        study = study_of(run_cap=1)
        study.ask()
        study.tell(0, TrialState.FAILED, None)
        assert study.ask() is None

    def test_comes_when_the_sampler_has_no_more(self) -> None:
        sampler = Numbers(size=1)
        study = study_of(sampler)
        assert [bool(study.ask()) for _ in range(3)] == [True, False, False]
        assert sampler.asked == [0, 1]  # and it is not asked again

    def test_comes_when_it_is_stopped(self) -> None:
        study = study_of()
        study.ask()
        study.stop()
        assert study.ask() is None
        study.tell(0, TrialState.COMPLETE, 1.0)
        assert study.best_value == 1.0

    @pytest.mark.parametrize(
        ("goal", "value", "reached"),
        [
            ("minimize", 0.11, False),
            ("minimize", 0.1, True),
            ("minimize", 0.09, True),
            ("maximize", 0.09, False),
            ("maximize", 0.1, True),
            ("maximize", 0.11, True),
        ],
    )
    def test_comes_when_the_target_is_reached(self, goal: str, value: float, reached: bool) -> None:  # noqa: FBT001
        study = study_of(goal=goal, target=0.1)
        study.ask()
        study.tell(0, TrialState.COMPLETE, value)
        assert study.finished is reached

    @pytest.mark.parametrize(
        ("state", "value"),
        [(TrialState.FAILED, 0.0), (TrialState.KILLED, 0.0), (TrialState.COMPLETE, -math.inf)],
    )
    def test_does_not_come_by_a_target_that_was_not_reached_well(self, state: TrialState, value: float) -> None:
        study = study_of(target=0.1)
        study.ask()
        study.tell(0, state, value)
        assert not study.finished


class TestSeeds:
    @given(st.integers(0, 2**40), st.integers(1, 8))
    def test_of_trials_depend_on_seed_and_number_alone(self, seed: int, trials: int) -> None:
        study = study_of(seed=seed)
        suggestions = [study.ask() for _ in range(trials)]
        assert [s.seed for s in suggestions if s] == [trial_seed(seed, number) for number in range(trials)]


finite = st.dictionaries(
    st.sampled_from("abc"),
    st.lists(st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0, "x"])), min_size=1, max_size=4).map(
        lambda values: {"values": values}
    ),
    min_size=1,
)


class TestGrid:
    @given(finite, st.permutations(range(64)))
    def test_visits_every_point_once_and_then_ends(
        self, parameters: dict[str, dict[str, object]], order: list[int]
    ) -> None:
        space = Space.from_parameters(parameters)
        study = Study(
            make_sampler("grid", None, space, "minimize", seed=0), goal="minimize", seed=0, run_cap=None, target=None
        )
        visited = []
        while (suggestion := study.ask()) is not None:
            visited.append(repr(sorted(suggestion.params.items())))
            assert len(visited) <= 64
        assert len(visited) == space.size()
        assert len(set(visited)) == len(visited)
        assert study.finished
        # In whatever order the trials end, nothing more comes of it.
        for number in (number for number in order if number < len(visited)):
            study.tell(number, TrialState.COMPLETE, float(number))
        assert study.ask() is None
        assert study.best_number == 0
