"""Who takes the place of whom, and the reason in one line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetRef
from tracker.errors import InvalidInput
from tracker.ranking import GOALS, Decision, Standing, decide_promotion

ONE, TWO = DatasetRef("validation", "1"), DatasetRef("validation", "2")


def decide(new: float | None, old: float | None, goal: str = "maximize", min_lead: float = 0.0) -> Decision:
    return decide_promotion(Standing("m-new", "acc", new, ONE), Standing("m-old", "acc", old, ONE), goal, min_lead)


@pytest.mark.parametrize(
    ("decision", "promote", "reason"),
    [
        (decide(0.9, 0.8), True, "better by 0.1: acc 0.9 against 0.8 on validation@1, maximize"),
        (decide(0.8, 0.9), False, "worse by 0.1: acc 0.8 against 0.9 on validation@1, maximize"),
        (decide(0.8, 0.9, "minimize"), True, "better by 0.1: acc 0.8 against 0.9 on validation@1, minimize"),
        (decide(0.9, 0.9), False, "equal, so the incumbent stays: acc 0.9 against 0.9 on validation@1, maximize"),
        (decide(0.0, -0.0), False, "equal, so the incumbent stays: acc 0.0 against -0.0 on validation@1, maximize"),
        (decide(0.9, 0.8, min_lead=0.1), True, "better by 0.1: acc 0.9 against 0.8 on validation@1, maximize"),
        (
            decide(0.9, 0.8, min_lead=0.2),
            False,
            "better by 0.1, which is less than 0.2: acc 0.9 against 0.8 on validation@1, maximize",
        ),
        (decide(math.nan, 0.8), False, "m-new has acc nan on validation@1, which never ranks"),
        (decide(math.inf, 0.8), False, "m-new has acc inf on validation@1, which never ranks"),
        (decide(None, 0.8), False, "m-new has no acc on validation@1, which never ranks"),
        (
            decide(0.1, math.nan),
            True,
            "m-old has acc nan on validation@1, which never ranks; m-new has acc 0.1 on validation@1",
        ),
        (
            decide(0.1, None),
            False,
            "m-old has no acc on validation@1: measure it first, there is nothing to compare with",
        ),
        (
            decide_promotion(
                Standing("m-new", "acc", 1.0, DatasetRef("test", "2")), Standing("m-old", "acc", 0.8, ONE)
            ),
            False,
            "m-new has acc 1.0 on test@2, but m-old has acc 0.8 on validation@1: different datasets are not compared",
        ),
        (decide_promotion(Standing("m-new", "acc", 0.9), None), True, "there is no incumbent; m-new has acc 0.9"),
        (
            decide_promotion(Standing("m-new", "acc", 0.9), Standing("m-new", "acc", 0.8)),
            False,
            "m-new is the incumbent already",
        ),
    ],
)
def test_each_case_has_its_reason(decision: Decision, promote: bool, reason: str) -> None:  # noqa: FBT001
    assert (decision.promote, decision.reason) == (promote, reason)


def test_two_digests_of_one_name_are_not_compared() -> None:
    assert not decide_promotion(Standing("m-new", "acc", 0.9, TWO), Standing("m-old", "acc", 0.8, ONE)).promote


def test_the_lead_is_that_of_the_numbers_as_written() -> None:
    # In floats 0.9 - 0.8 is less than 0.1.
    assert 0.9 - 0.8 < 0.1
    assert decide(0.9, 0.8, min_lead=0.1).lead == 0.1


numbers = st.none() | st.floats()


@given(numbers, numbers, st.sampled_from(GOALS), st.sampled_from([0.0, 0.1, 2.0]))
def test_no_two_take_each_others_place(one: float | None, other: float | None, goal: str, min_lead: float) -> None:
    there, back = decide(one, other, goal, min_lead), decide(other, one, goal, min_lead)
    assert not (there.promote and back.promote)
    assert "\n" not in there.reason
    if there.lead is not None and back.lead is not None:
        assert there.lead == -back.lead
        assert there.promote == (there.lead > 0 and there.lead >= min_lead)


@pytest.mark.parametrize("min_lead", [-0.1, math.nan, math.inf])
def test_the_least_lead_is_a_number(min_lead: float) -> None:
    with pytest.raises(InvalidInput, match="min_lead"):
        decide(0.9, 0.8, min_lead=min_lead)


def test_two_metrics_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="'acc' and 'f1'"):
        decide_promotion(Standing("m-new", "acc", 0.9), Standing("m-old", "f1", 0.8))


def test_a_goal_is_needed() -> None:
    with pytest.raises(InvalidInput, match="maximize or minimize"):
        decide(0.9, 0.8, "best")
