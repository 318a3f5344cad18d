"""The ranking by all that a user can say, beside a second one in plain Python that knows no columns."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Hashable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidInput
from tracker.ranking import GOALS, NO_LABEL, NO_STEP, Candidates, Constraint, Place, RankBy, rank_by, rank_candidates
from tracker.ranking.student import quantile

METRICS = ("acc", "loss", "size")


class Model(NamedTuple):
    number: int
    run: int
    step: int | None
    values: tuple[float | None, ...]
    dataset: int = 0
    label: int | None = 0
    group: int | None = 0
    seed: int = 0


numbers = st.integers(-3, 3).map(lambda eighths: eighths / 8) | st.sampled_from([math.nan, math.inf, -math.inf])
labels = st.none() | st.integers(0, 2)
models = st.builds(
    Model,
    st.just(0),
    st.integers(0, 3),
    st.none() | st.integers(-1, 4),
    st.tuples(*[st.none() | numbers] * 3),
    st.integers(0, 1),
    labels,
    labels,
    st.integers(0, 2),
)
model_sets = st.lists(models, max_size=24).map(
    lambda found: [each._replace(number=number) for number, each in enumerate(found)]
)


def candidates(found: Sequence[Model], metrics: tuple[str, ...] = METRICS) -> Candidates:
    def ints(values: Sequence[int | None], missing: int = NO_LABEL) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([missing if value is None else value for value in values], dtype=np.int64)

    table = [[math.nan if value is None else value for value in each.values] for each in found]
    return Candidates(
        metrics=metrics,
        model_nos=ints([each.number for each in found]),
        run_nos=ints([each.run for each in found]),
        steps=ints([each.step for each in found], NO_STEP),
        values=np.array(table, dtype=np.float64).reshape(len(found), len(metrics)),
        measured=np.array([[value is not None for value in each.values] for each in found], dtype=np.bool_).reshape(
            len(found), len(metrics)
        ),
        dataset_nos=np.repeat(ints([each.dataset for each in found])[:, None], len(metrics), axis=1),
        labels=ints([each.label for each in found]),
        groups=ints([each.group for each in found]),
        seeds=ints([each.seed for each in found]),
    )


class Judge:
    """Rank a few models, one by one."""

    def __init__(self, found: Sequence[Model], by: RankBy) -> None:
        self.found, self.by = found, by
        self.ranking = [each for each in found if self.may_rank(each)]

    def may_rank(self, model: Model) -> bool:
        values = [self.value(model, metric) for metric in self.by.metrics]
        return (
            all(value is not None and math.isfinite(value) for value in values)
            and all(self.keeps(model, each) for each in self.by.constraints)
            and not (self.by.smooth and model.step is None)
            and not (self.by.per and model.label is None)
            and not (self.by.seeds and model.group is None)
        )

    @staticmethod
    def value(model: Model, metric: str) -> float | None:
        return model.values[METRICS.index(metric)]

    def keeps(self, model: Model, constraint: Constraint) -> bool:
        value = self.value(model, constraint.metric)
        if value is None or math.isnan(value):
            return False
        is_less, is_equal = value < constraint.bound, value == constraint.bound
        return {
            "<": is_less,
            "<=": is_less or is_equal,
            ">": not is_less and not is_equal,
            ">=": not is_less,
            "=": is_equal,
            "!=": not is_equal,
        }[constraint.operator]

    def smoothed(self, model: Model, metric: str) -> Fraction:
        value = self.value(model, metric)
        assert value is not None
        if not self.by.smooth:
            return Fraction(value)
        curve = [
            (each.step, each.number, Fraction(other))
            for each in self.found
            if each.step is not None and (each.run, each.dataset) == (model.run, model.dataset)
            for other in [self.value(each, metric)]
            if other is not None and math.isfinite(other)
        ]
        curve.sort()
        place, half = [number for _, number, _ in curve].index(model.number), self.by.smooth // 2
        window = [each for _, _, each in curve[max(0, place - half) : place + half + 1]]
        return sum(window) / Fraction(len(window))

    def cost(self, model: Model, metric: str) -> Fraction:
        sign = -1 if self.by.goals[self.by.metrics.index(metric)] == "maximize" else 1
        return sign * self.smoothed(model, metric)

    def weighed(self, model: Model) -> Fraction:
        assert self.by.weights
        parts = []
        for metric, weight in zip(self.by.metrics, self.by.weights, strict=True):
            costs = [self.cost(each, metric) for each in self.ranking]
            width = max(costs) - min(costs)
            part = (max(costs) - self.cost(model, metric)) / width if width else Fraction(1)
            parts.append(Fraction(weight) * part)
        return -sum(parts, Fraction(0)) / sum(map(Fraction, self.by.weights))

    def key(self, model: Model) -> tuple[Fraction, float, int]:
        cost = self.weighed(model) if self.by.weights else self.cost(model, self.by.metrics[0])
        return cost, self.step(model), model.number

    @staticmethod
    def step(model: Model) -> float:
        return math.inf if model.step is None else model.step

    def order(self) -> list[Model]:
        order = sorted(self.ranking, key=self.key)
        if self.by.per:
            met: set[Hashable] = set()
            order = [each for each in order if each.label not in met and not met.add(each.label)]  # type: ignore[func-returns-value]
        return order

    def numbers(self) -> list[int]:
        return [each.number for each in self.order()][: self.by.top]

    def dominates(self, one: Model, other: Model) -> bool:
        pairs = [(self.cost(one, metric), self.cost(other, metric)) for metric in self.by.metrics]
        return all(mine <= theirs for mine, theirs in pairs) and any(mine < theirs for mine, theirs in pairs)

    def fronts(self) -> list[tuple[int, int]]:
        result: list[tuple[int, int]] = []
        rest, number = list(self.ranking), 1
        while rest:
            on_front = [each for each in rest if not any(self.dominates(other, each) for other in rest)]
            on_front.sort(key=lambda each: (*(self.cost(each, metric) for metric in self.by.metrics), *self.key(each)))
            result += [(number, each.number) for each in on_front]
            rest, number = [each for each in rest if each not in on_front], number + 1
        return result[: self.by.top]

    def groups(self) -> dict[int | None, dict[int, Model]]:
        result: dict[int | None, dict[int, Model]] = defaultdict(dict)
        for model in sorted(self.ranking, key=self.key):
            result[model.group].setdefault(model.seed, model)
        return result


def model_nos(places: Sequence[Place]) -> list[int]:
    return [place.model_no for place in places]


constraints = st.lists(
    st.tuples(st.sampled_from(METRICS), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.integers(-2, 2)).map(
        lambda parts: f"{parts[0]} {parts[1]} {parts[2] / 8}"
    ),
    max_size=2,
)
tops = st.integers(1, 30)


@given(model_sets, st.sampled_from(GOALS), constraints, st.sampled_from([None, "params.width"]), tops)
def test_the_order_by_one_metric_is_the_judges(
    found: list[Model], goal: str, rules: list[str], per: str | None, top: int
) -> None:
    by = rank_by("acc", goal=goal, constraints=rules, per=per, top=top)
    judge = Judge(found, by)
    ranking = rank_candidates(candidates(found), by)
    assert model_nos(ranking.places) == judge.numbers()
    assert [place.place for place in ranking.places] == list(range(1, len(ranking.places) + 1))
    assert ranking.candidates == len(found)
    assert sum(ranking.left_out.values()) == len(found) - len(judge.ranking)


@given(model_sets, st.sampled_from(GOALS), tops)
def test_fronts_are_the_judges(found: list[Model], goal: str, top: int) -> None:
    by = rank_by({"acc": goal, "loss": "minimize"}, top=top, explain=True)
    judge = Judge(found, by)
    places = rank_candidates(candidates(found), by).places
    assert [(place.front, place.model_no) for place in places] == judge.fronts()
    for place in places:
        beaten = [each for each in judge.ranking if judge.dominates(found[place.model_no], each)]
        assert place.dominates == len(beaten)


@given(
    model_sets, st.sampled_from(GOALS), st.sampled_from([1, 3, 5, 9]), st.sampled_from([None, {"acc": 2, "size": 1}])
)
def test_smoothed_and_weighed_ones_come_in_the_order_of_their_costs(
    found: list[Model], goal: str, smooth: int, weights: dict[str, float] | None
) -> None:
    metric = {"acc": goal, "size": "minimize"} if weights else {"acc": goal}
    by = rank_by(metric, smooth=smooth, weights=weights, top=30)
    judge = Judge(found, by)
    places = rank_candidates(candidates(found), by).places
    assert sorted(model_nos(places)) == sorted(each.number for each in judge.ranking)
    costs = [float(judge.key(found[place.model_no])[0]) for place in places]
    # What is equal in fractions may differ in the last bits of floats.
    assert all(one <= other + 1e-12 for one, other in pairwise(costs))
    for place in places:
        model = found[place.model_no]
        assert place.values == tuple(judge.value(model, each) for each in by.metrics)
        if smooth > 1:
            assert place.smoothed == pytest.approx([float(judge.smoothed(model, each)) for each in by.metrics])
        if weights:
            assert place.score == pytest.approx(-float(judge.weighed(model)))


@given(model_sets, st.sampled_from(GOALS))
def test_groups_of_seeds_are_the_judges(found: list[Model], goal: str) -> None:
    by = rank_by("acc", goal=goal, seeds="seed", top=30)
    judge = Judge(found, by)
    places = rank_candidates(candidates(found), by).places
    assert {place.group.label for place in places if place.group} == set(judge.groups())
    pessimistic = []
    for place in places:
        group = place.group
        assert group
        members = judge.groups()[group.label]
        assert group.seeds == len(members)
        assert group.left_out == len({each.seed for each in found if each.group == group.label}) - len(members)
        assert place.model_no == min(members.values(), key=judge.key).number
        values = [judge.value(each, "acc") or 0.0 for each in members.values()]
        assert group.mean == pytest.approx(statistics.fmean(values), abs=1e-12)
        if len(values) == 1:
            assert (group.deviation, group.error, group.bound) == (None, None, None)
            pessimistic.append((1, 0.0))
            continue
        sign = -1 if goal == "maximize" else 1
        error = statistics.stdev(values) / math.sqrt(len(values))
        bound = statistics.fmean(values) + sign * quantile(0.95, len(values) - 1) * error
        assert group.error == pytest.approx(error, abs=1e-12)
        assert group.bound == pytest.approx(bound, abs=1e-9)
        pessimistic.append((0, round(sign * bound, 9)))
    assert pessimistic == sorted(pessimistic)


@given(
    model_sets,
    st.randoms(use_true_random=False),
    st.sampled_from(
        [
            rank_by("acc", top=30, explain=True),
            rank_by("acc", goal="minimize", per="run", smooth=3, top=30, explain=True),
            rank_by("acc", seeds="seed", top=30, explain=True),
            rank_by({"acc": "maximize", "loss": "minimize"}, top=30, explain=True),
            rank_by({"acc": "maximize", "loss": "minimize"}, weights={"acc": 1, "loss": 1}, smooth=5, explain=True),
        ]
    ),
)
def test_the_order_in_which_candidates_come_does_not_matter(found: list[Model], random: object, by: RankBy) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert repr(rank_candidates(candidates(shuffled), by).places) == repr(rank_candidates(candidates(found), by).places)


def test_those_left_out_are_counted_by_the_first_reason() -> None:
    found = [
        Model(0, 0, 1, (0.5, None, 10.0)),
        Model(1, 0, 1, (math.nan, 0.0, 10.0)),
        Model(2, 0, 1, (None, 0.0, 10.0)),
        Model(3, 0, 1, (-math.inf, 0.0, 99.0)),
        Model(4, 0, 1, (0.6, 0.0, 99.0)),
        Model(5, 0, 1, (0.6, 0.0, None)),
        Model(6, 0, None, (0.6, 0.0, 1.0)),
        Model(7, 0, 1, (0.6, 0.0, 1.0), label=None),
    ]
    by = rank_by("acc", constraints=["size < 20"], smooth=3, per="tags.team")
    ranking = rank_candidates(candidates(found), by)
    assert model_nos(ranking.places) == [0]
    assert dict(ranking.left_out) == {
        "acc is missing": 1,
        "acc is NaN": 1,
        "acc is infinite": 1,
        "not size < 20": 2,
        "no step, so no neighbours to smooth with": 1,
        "no tags.team": 1,
    }


def test_labels_and_groups_must_come_with_the_candidates() -> None:
    two = np.arange(2)
    bare = Candidates(("acc",), two, two, two, np.array([[0.5], [0.6]]))
    assert model_nos(rank_candidates(bare, rank_by("acc", per="run")).places) == [1, 0]
    with pytest.raises(InvalidInput, match="each sweep"):
        rank_candidates(bare, rank_by("acc", per="sweep"))
    with pytest.raises(InvalidInput, match="no groups"):
        rank_candidates(bare, rank_by("acc", seeds="seed"))


def test_nothing_to_rank_is_no_error() -> None:
    for by in (rank_by("acc"), rank_by("acc", seeds="seed"), rank_by({"acc": "maximize", "loss": "minimize"})):
        assert rank_candidates(candidates([]), by).places == ()


def test_huge_values_rank_and_warn_of_nothing() -> None:
    found = [
        Model(number, number, 1, (sign * 1.7e308, 0.0, 0.0), seed=number) for number, sign in enumerate([1, -1, 1])
    ]
    for by in (
        rank_by("acc", explain=True),
        rank_by("acc", smooth=3, explain=True),
        rank_by("acc", seeds="seed", explain=True),
        rank_by({"acc": "maximize", "loss": "minimize"}, weights={"acc": 1, "loss": 1}, explain=True),
    ):
        assert rank_candidates(candidates(found), by).places[0].model_no == 0


def test_a_constant_curve_stays_constant_so_that_its_first_checkpoint_wins() -> None:
    found = [Model(number, 0, number, (0.1, 0.0, 0.0)) for number in range(7)]
    ranking = rank_candidates(candidates(found), rank_by("acc", smooth=5, top=7))
    assert model_nos(ranking.places) == list(range(7))
    assert {place.smoothed for place in ranking.places} == {(0.1,)}


def test_groups_and_seeds_of_any_number_are_told_apart() -> None:
    # These two pairs are one number to the quick way of telling pairs apart.
    pairs = [(0, 1), (-7046029254386353131, 0)]
    found = [
        Model(number, number, 1, (0.5, 0.0, 0.0), group=group, seed=seed)
        for number, (group, seed) in enumerate(pairs * 3)
    ]
    places = rank_candidates(candidates(found), rank_by("acc", seeds="seed")).places
    assert [place.group and place.group.seeds for place in places] == [1, 1]


@pytest.mark.parametrize("top", [1, 2, 3, 4, 9])
def test_many_equal_values_still_fill_the_top(top: int) -> None:
    found = [Model(number, 0, -number % 7, (number % 2 / 2, 0.0, 0.0)) for number in range(60)]
    by = rank_by("acc", top=top)
    assert model_nos(rank_candidates(candidates(found), by).places) == Judge(found, by).numbers()


def test_each_dataset_has_its_own_curve() -> None:
    found = [Model(number, 0, number, (number / 8, 0.0, 0.0), dataset=number % 2) for number in range(6)]
    places = rank_candidates(candidates(found), rank_by("acc", smooth=3, top=6)).places
    assert {place.model_no: place.averaged for place in places} == {
        0: (2,),
        1: (2,),
        2: (3,),
        3: (3,),
        4: (2,),
        5: (2,),
    }
    assert {place.model_no: place.smoothed for place in places}[2] == (0.25,)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=", "!="])
def test_nan_and_nothing_keep_to_no_constraint(operator: str) -> None:
    found = [Model(0, 0, 1, (0.5, math.nan, 0.0)), Model(1, 0, 1, (0.5, None, 0.0))]
    assert rank_candidates(candidates(found), rank_by("acc", constraints=[f"loss {operator} 1"])).places == ()
