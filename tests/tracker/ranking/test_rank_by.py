"""What a user may say about how to rank, and what is refused in one line."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tracker.errors import InvalidInput
from tracker.ranking import Constraint, Counting, RankBy, rank_by

TWO = {"acc": "maximize", "loss": "minimize"}


def test_one_metric_is_plain() -> None:
    by = rank_by("acc", goal="minimize", dataset="validation@1", top=3)
    assert (by.metrics, by.goals, by.dataset, by.top) == (("acc",), ("minimize",), "validation@1", 3)
    assert by.is_plain
    assert not by.is_front


@pytest.mark.parametrize(
    "by",
    [
        rank_by("acc", value="best"),
        rank_by("acc", smooth=3),
        rank_by("acc", constraints=["loss < 1"]),
        rank_by("acc", per="run"),
        rank_by("acc", seeds="seed"),
        rank_by("acc", explain=True),
        rank_by("acc", any_digest=True),
        rank_by(TWO),
        rank_by(TWO, weights={"acc": 1, "loss": 2}),
    ],
)
def test_whatever_else_is_said_is_not_plain(by: RankBy) -> None:
    assert not by.is_plain


def test_several_metrics_make_a_front_unless_they_are_weighed() -> None:
    assert rank_by(TWO).is_front
    weighed = rank_by(TWO, weights={"loss": 3, "acc": 1})
    assert not weighed.is_front
    assert weighed.weights == (1.0, 3.0)


def test_a_window_of_one_smooths_nothing() -> None:
    assert rank_by("acc", smooth=1).is_plain


@pytest.mark.parametrize(
    ("text", "counting"),
    [
        ("latest", Counting("latest")),
        ("last", Counting("last")),
        ("best", Counting("best")),
        ("mean:5", Counting("mean", 5)),
    ],
)
def test_what_counts_is_one_word(text: str, counting: Counting) -> None:
    assert rank_by("acc", value=text).value == counting
    assert str(counting) == text


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("latency_ms < 20", Constraint("latency_ms", "<", 20.0)),
        ("latency_ms<=2e1", Constraint("latency_ms", "<=", 20.0)),
        (" size/MB  != -1.5 ", Constraint("size/MB", "!=", -1.5)),
        ("my metric = 0", Constraint("my metric", "=", 0.0)),
        ("metrics.acc >= .5", Constraint("acc", ">=", 0.5)),
        ("`metrics.acc` > 0", Constraint("metrics.acc", ">", 0.0)),
        ('"a < b" > 0', Constraint("a < b", ">", 0.0)),
        ("gap < inf", Constraint("gap", "<", math.inf)),
    ],
)
def test_a_constraint_is_a_metric_an_operator_and_a_number(text: str, constraint: Constraint) -> None:
    assert rank_by("acc", constraints=[text]).constraints == (constraint,)


def test_it_knows_the_metrics_that_it_needs_and_what_of_them_counts() -> None:
    by = rank_by(TWO, value="best", constraints=["loss < 1", "size < 9", "size > 1"])
    assert by.needed == ("acc", "loss", "size")
    # Nobody said whether much or little size is best.
    assert [by.counting_of(metric).kind for metric in by.needed] == ["best", "best", "latest"]
    assert rank_by("acc", value="last", constraints=["size < 9"]).counting_of("size") == Counting("last")


def test_a_trial_is_a_run() -> None:
    assert rank_by("acc", per="trial").per == "run"
    assert rank_by("acc", per="params.width").per == "params.width"
    assert rank_by("acc", seeds=["seed", "fold"]).seeds == ("seed", "fold")


@pytest.mark.parametrize(
    ("say", "told"),
    [
        (lambda: rank_by("acc", goal="max"), "maximize or minimize"),
        (lambda: rank_by({"acc": "up"}), "maximize or minimize"),
        (lambda: rank_by(""), "give a name"),
        (lambda: rank_by({}), "give a name"),
        (lambda: rank_by(TWO, goal="minimize"), "has its own"),
        (lambda: rank_by("acc", value="newest"), "latest, last, best or mean:N"),
        (lambda: rank_by("acc", value="mean"), "mean:5"),
        (lambda: rank_by("acc", value="mean:0"), "mean:5"),
        (lambda: rank_by("acc", value="last:3"), "mean:5"),
        (lambda: rank_by("acc", smooth=4), "odd"),
        (lambda: rank_by("acc", smooth=-1), "odd"),
        (lambda: rank_by("acc", weights={"acc": 1}), "several metrics"),
        (lambda: rank_by(TWO, weights={"acc": 1}), "'acc', 'loss'"),
        (lambda: rank_by(TWO, weights={"acc": 1, "loss": 0}), "positive"),
        (lambda: rank_by(TWO, weights={"acc": 1, "loss": math.nan}), "positive"),
        (lambda: rank_by("acc", constraints="a < 1"), "write"),
        (lambda: rank_by("acc", constraints=["a == 1"]), "latency_ms < 20"),
        (lambda: rank_by("acc", constraints=["a < b"]), "latency_ms < 20"),
        (lambda: rank_by("acc", constraints=["a < nan"]), "latency_ms < 20"),
        (lambda: rank_by("acc", constraints=["< 1"]), "latency_ms < 20"),
        (lambda: rank_by("acc", per="width"), r"params\.NAME"),
        (lambda: rank_by("acc", per="params."), r"params\.NAME"),
        (lambda: rank_by(TWO, per="run"), "give weights"),
        (lambda: rank_by(TWO, seeds="seed"), "give weights"),
        (lambda: rank_by("acc", per="run", seeds="seed"), "leave one"),
        (lambda: rank_by("acc", dataset="v@1", any_digest=True), "leave one"),
        (lambda: rank_by("acc", confidence=0.5), "between 0.5 and 1"),
        (lambda: rank_by("acc", top=0), "at least 1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(say: Callable[[], RankBy], told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        say()
    assert "\n" not in str(caught.value)
