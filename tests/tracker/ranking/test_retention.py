"""Plans of what to keep: what holds for each of them, and small ones in full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetRef, Measurement
from tracker.errors import AmbiguousDataset, DatasetNotFound, InvalidInput
from tracker.ranking import Checkpoint, FrontOf, Keep, LastOf, Plan, TopOf, plan

ONE, TWO = DatasetRef("validation", "1"), DatasetRef("validation", "2")
values = st.sampled_from([0.1, 0.2, 0.3, 0.4, math.nan, math.inf, -math.inf])


def measured(key: str, value: float, dataset: DatasetRef | None = ONE, timestamp: int = 0) -> Measurement:
    return Measurement(key, value, 0, timestamp, dataset, "r")


measurements = st.lists(
    st.builds(measured, st.sampled_from(["acc", "size"]), values, st.sampled_from([None, ONE, TWO])),
    max_size=4,
    unique_by=lambda each: (each.key, each.dataset),
).map(tuple)
checkpoints = st.lists(
    st.builds(
        Checkpoint,
        st.just(""),
        st.sampled_from(["r1", "r2"]),
        st.none() | st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 100),
        st.sampled_from([(), (), ("champion",)]),
        measurements,
    ),
    max_size=12,
).map(lambda found: [replace(each, model_id=f"m-{number}") for number, each in enumerate(found)])
tops = st.builds(
    TopOf,
    st.sampled_from(["acc", "size"]),
    st.sampled_from(["maximize", "minimize"]),
    st.integers(1, 4),
    st.sampled_from([None, "validation", "validation@2"]),
    st.booleans(),
)
rules = st.lists(tops | st.builds(LastOf, st.integers(1, 4), st.booleans()), max_size=3).map(tuple)
keeps = st.builds(Keep, rules.filter(bool), st.none() | st.integers(0, 400)) | st.builds(
    Keep, st.just(()), st.integers(0, 400)
)


def ids(found: Sequence[Checkpoint]) -> set[str]:
    return {each.model_id for each in found}


def one_more(keep: Keep) -> Keep:
    grown = [replace(rule, count=rule.count + 1) for rule in keep.rules if not isinstance(rule, FrontOf)]
    return Keep(tuple(grown), keep.budget)


@given(checkpoints, keeps)
def test_what_is_pinned_stays(found: list[Checkpoint], keep: Keep) -> None:
    made = plan(found, keep)
    assert not any(each.pinned for each in made.dropped)
    assert ids(made.kept) | ids(made.dropped) == ids(found)
    assert made.bytes_kept + made.bytes_freed == sum(each.bytes for each in found)
    assert all(verdict.reasons for verdict in made.verdicts)


@given(checkpoints, keeps)
def test_what_stays_fits_unless_the_pinned_ones_do_not(found: list[Checkpoint], keep: Keep) -> None:
    made = plan(found, keep)
    if keep.budget is not None and not made.is_within_budget:
        assert all(each.pinned for each in made.kept)
        assert sum(each.bytes for each in found if each.pinned) > keep.budget


@given(checkpoints, keeps)
def test_the_budget_drops_no_more_than_it_must(found: list[Checkpoint], keep: Keep) -> None:
    free = plan(found, replace(keep, budget=None)) if keep.rules else None
    kept_by_rules = ids(free.kept) if free else ids(found)
    made = plan(found, keep)
    assert ids(made.kept) <= kept_by_rules
    dropped_for_room = [each for each in made.dropped if each.model_id in kept_by_rules]
    if keep.budget is not None and dropped_for_room:
        # The last one that was dropped is the best of them, and with it the rest did not fit.
        assert any(made.bytes_kept + each.bytes > keep.budget for each in dropped_for_room)
    if keep.budget is None or sum(each.bytes for each in found if each.model_id in kept_by_rules) <= keep.budget:
        assert not dropped_for_room


@given(checkpoints, rules.filter(bool))
def test_who_keeps_more_drops_none_besides(found: list[Checkpoint], some: tuple[TopOf | LastOf, ...]) -> None:
    keep = Keep(some)
    assert ids(plan(found, keep).kept) <= ids(plan(found, one_more(keep)).kept)


@given(checkpoints, keeps, st.integers(0, 400))
def test_who_has_more_room_drops_none_besides(found: list[Checkpoint], keep: Keep, more: int) -> None:
    if keep.budget is not None:
        wider = plan(found, replace(keep, budget=keep.budget + more))
        assert ids(plan(found, keep).kept) <= ids(wider.kept)


@given(checkpoints, keeps, st.randoms(use_true_random=False))
def test_the_order_in_which_they_come_does_not_matter(found: list[Checkpoint], keep: Keep, random: Random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert plan(shuffled, keep).lines() == plan(found, keep).lines()


def of_run(number: int, acc: float, *, run: str = "r1", step: int | None = None, size: float = 0.0) -> Checkpoint:
    measurements = (measured("acc", acc), measured("size", size, None))
    step = number if step is None else step
    return Checkpoint(f"m-{number}", run, step, created=number, bytes=100, measurements=measurements)


FIVE = [
    of_run(0, 0.5),
    of_run(1, 0.9),
    of_run(2, 0.9, step=1, run="r2"),
    of_run(3, math.nan),
    of_run(4, 0.7, run="r2"),
]


def kept(*rules: TopOf | FrontOf | LastOf, budget: int | None = None) -> list[str]:
    return [each.model_id for each in plan(FIVE, Keep(rules, budget)).kept]


def test_each_rule_keeps_what_it_names() -> None:
    assert kept(TopOf("acc", count=2)) == ["m-1", "m-2"]
    assert kept(TopOf("acc", "minimize")) == ["m-0"]
    assert kept(TopOf("acc", count=9)) == ["m-0", "m-1", "m-2", "m-4"]
    assert kept(TopOf("acc", per_run=True)) == ["m-1", "m-2"]
    assert kept(TopOf("acc", dataset="test")) == []
    assert kept(LastOf(2)) == ["m-3", "m-4"]
    assert kept(LastOf(1, per_run=True), TopOf("acc")) == ["m-1", "m-3", "m-4"]
    assert kept(budget=250) == ["m-3", "m-4"]


def test_a_budget_drops_the_worst_first_and_says_why() -> None:
    pinned = replace(FIVE[0], pinned=("champion",))
    made = plan([pinned, *FIVE[1:]], Keep((TopOf("acc", count=4), LastOf(1)), budget=250))
    assert made.lines() == [
        "keep m-0 (100 bytes): pinned: champion; place 4 of 4 by acc on validation@1",
        "keep m-1 (100 bytes): place 1 of 4 by acc on validation@1",
        "drop m-2 (100 bytes): over the budget of 250 bytes: dropped for place 2 by acc",
        "drop m-3 (100 bytes): no rule keeps it",
        "drop m-4 (100 bytes): over the budget of 250 bytes: dropped for place 3 by acc",
        "keep 2 with 200 bytes, drop 3 and free 300 bytes",
    ]


def test_what_is_pinned_may_be_too_much_alone() -> None:
    made = plan([replace(FIVE[0], pinned=("champion",))], Keep(budget=10))
    assert not made.is_within_budget
    assert made.lines()[-1].endswith("what is pinned is more than the budget of 10 bytes")


def test_each_dataset_has_its_own_best() -> None:
    found = [
        replace(FIVE[0], measurements=(measured("acc", 0.9, ONE), measured("acc", 0.1, TWO))),
        replace(FIVE[1], measurements=(measured("acc", 0.8, ONE), measured("acc", 0.2, TWO))),
        replace(FIVE[2], measurements=(measured("acc", 1.0, ONE, timestamp=1), measured("acc", 0.0, ONE, timestamp=2))),
    ]
    assert ids(plan(found, Keep((TopOf("acc"),))).kept) == {"m-0", "m-1"}
    assert ids(plan(found, Keep((TopOf("acc", dataset="validation@2"),))).kept) == {"m-1"}


def test_of_equal_ones_the_smaller_step_is_kept_then_the_older_one() -> None:
    found = [of_run(0, 0.9, step=9), of_run(1, 0.9, step=3), of_run(2, 0.9, step=3)]
    assert ids(plan(found, Keep((TopOf("acc"),))).kept) == {"m-1"}


def test_the_front_takes_each_metric_from_where_it_was_measured() -> None:
    found = [of_run(0, 0.9, size=3.0), of_run(1, 0.8, size=2.0), of_run(2, 0.7, size=2.5), of_run(3, math.nan)]
    keep = Keep((FrontOf((("acc", "maximize"), ("size", "minimize"))),))
    made = plan(found, keep)
    assert ids(made.kept) == {"m-0", "m-1"}
    assert made.verdicts[0].reasons == ("on the Pareto front of acc, size",)
    found.append(replace(FIVE[4], measurements=(measured("acc", 1.0, TWO), measured("size", 1.0, None))))
    with pytest.raises(AmbiguousDataset):
        plan(found, keep)
    front = FrontOf((("acc", "maximize"), ("size", "minimize")), dataset="validation@1")
    assert ids(plan(found, Keep((front,))).kept) == {"m-0", "m-1"}
    with pytest.raises(DatasetNotFound):
        plan(found, Keep((replace(front, dataset="test"),)))


def test_nothing_to_plan_is_no_error() -> None:
    goals = (("acc", "maximize"), ("size", "minimize"))
    assert plan([], Keep((TopOf("acc"), FrontOf(goals), LastOf(1)), budget=1)) == Plan((), 1)


@pytest.mark.parametrize(
    ("rules", "budget", "told"),
    [
        ((), None, "a rule or a budget"),
        ((), -1, "-1 bytes"),
        ((TopOf("acc", count=0),), None, "at least 1"),
        ((LastOf(0),), None, "at least 1"),
        ((TopOf("acc", "best"),), None, "maximize or minimize"),
        ((FrontOf((("acc", "maximize"),)),), None, "two metrics"),
        ((FrontOf((("acc", "maximize"), ("size", "small"))),), None, "maximize or minimize"),
    ],
)
def test_what_cannot_be_used_is_refused(
    rules: tuple[TopOf | FrontOf | LastOf, ...], budget: int | None, told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        Keep(rules, budget)
