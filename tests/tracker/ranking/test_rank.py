"""What "best" means: pure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.entities import DatasetRef, Measurement, ModelInfo, ModelStatus
from tracker.errors import AmbiguousDataset, DatasetNotFound, InvalidInput
from tracker.ranking import GOALS, chosen_dataset, chosen_datasets, order_by, ranked

OLD, NEW, OTHER = DatasetRef("validation", "1"), DatasetRef("validation", "2"), DatasetRef("test", "3")
values = st.sampled_from([0.1, 0.5, -0.0, 0.0, math.nan, math.inf, -math.inf]) | st.floats()
scored = st.lists(st.tuples(st.none() | values, st.none() | st.integers(-2, 2)), max_size=12)


def model(number: int, step: int | None, *measured: Measurement) -> ModelInfo:
    return ModelInfo(f"m-{number}", "net", "0", "r", step, ModelStatus.READY, "", 0, 0, {}, {}, measured)


def score(value: float, dataset: DatasetRef | None = None, key: str = "acc", timestamp: int = 0) -> Measurement:
    return Measurement(key, value, 0, timestamp, dataset, "r")


def numbers(models: list[ModelInfo]) -> list[int]:
    return [int(each.model_id.removeprefix("m-")) for each in models]


@given(scored, st.sampled_from(GOALS))
def test_the_finite_ones_rank_by_value_then_step_then_order(
    found: list[tuple[float | None, int | None]], goal: str
) -> None:
    models = [
        model(number, step, *([] if value is None else [score(value)])) for number, (value, step) in enumerate(found)
    ]
    sign = -1 if goal == "maximize" else 1
    wanted = sorted(
        (sign * value, math.inf if step is None else step, number)
        for number, (value, step) in enumerate(found)
        if value is not None and math.isfinite(value)
    )
    assert numbers(ranked(models, "acc", goal, None)) == [number for _, _, number in wanted]


def test_only_the_chosen_dataset_and_metric_count() -> None:
    models = [
        model(0, 1, score(0.1, OLD), score(0.9, NEW)),
        model(1, 1, score(0.2, OLD), score(0.8, NEW)),
        model(2, 1, score(1.0, OTHER), score(1.0, OLD, key="f1")),
    ]
    assert numbers(ranked(models, "acc", "maximize", OLD)) == [1, 0]
    assert numbers(ranked(models, "acc", "maximize", NEW)) == [0, 1]
    assert numbers(ranked(models, "f1", "maximize", OLD)) == [2]
    assert numbers(ranked(models, "recall", "maximize", OLD)) == []


def test_the_newest_value_counts_even_if_it_is_no_number() -> None:
    models = [model(0, 1, score(0.9, timestamp=1), score(0.1, timestamp=2)), model(1, 1, score(0.5))]
    assert numbers(ranked(models, "acc", "maximize", None)) == [1, 0]
    gone = [model(0, 1, score(0.9, timestamp=1), score(math.nan, timestamp=2))]
    assert ranked(gone, "acc", "maximize", None) == []


@pytest.mark.parametrize(
    ("wanted", "measured_on", "chosen"),
    [
        (None, [], None),
        (None, [None], None),
        (None, [OLD], OLD),
        ("validation", [None, OLD, OTHER], OLD),
        ("validation@2", [OLD, NEW], NEW),
        ("test", [OLD, NEW, OTHER], OTHER),
    ],
)
def test_a_dataset_is_chosen_where_only_one_fits(
    wanted: str | None, measured_on: list[DatasetRef | None], chosen: DatasetRef | None
) -> None:
    assert chosen_dataset("acc", wanted, measured_on) == chosen


@pytest.mark.parametrize(
    ("wanted", "measured_on", "found"),
    [
        (None, [OLD, NEW], ("validation@1", "validation@2")),
        (None, [None, OTHER], ("no dataset", "test@3")),
        ("validation", [OLD, NEW, OTHER], ("validation@1", "validation@2")),
    ],
)
def test_where_several_fit_all_are_named(
    wanted: str | None, measured_on: list[DatasetRef | None], found: tuple[str, ...]
) -> None:
    with pytest.raises(AmbiguousDataset) as caught:
        chosen_dataset("acc", wanted, measured_on)
    assert caught.value.found == found


@pytest.mark.parametrize("wanted", ["training", "validation@9", "test@"])
def test_where_none_fits_it_is_named(wanted: str) -> None:
    with pytest.raises(DatasetNotFound, match=wanted):
        chosen_dataset("acc", wanted, [OLD, NEW])


def test_the_searchs_order_is_spelled_out() -> None:
    assert order_by("acc", "minimize", OLD) == [
        {"field_name": "metrics.acc", "ascending": True, "dataset_name": "validation", "dataset_digest": "1"},
        "attributes.step ASC",
        "attributes.model_no ASC",
    ]
    assert order_by("acc", "maximize", None)[0] == {"field_name": "metrics.acc", "ascending": False}


@pytest.mark.parametrize("goal", ["max", "", "MAXIMIZE"])
def test_there_are_two_goals(goal: str) -> None:
    with pytest.raises(InvalidInput, match="maximize or minimize"):
        order_by("acc", goal, None)


@pytest.mark.parametrize(
    ("wanted", "measured_on", "chosen"),
    [
        (None, [], ()),
        (None, [None], (None,)),
        (None, [OLD, NEW], (OLD, NEW)),
        ("validation", [None, OLD, NEW, OTHER], (OLD, NEW)),
        ("test", [OLD, NEW, OTHER], (OTHER,)),
    ],
)
def test_digests_of_one_name_are_mixed_where_that_is_said(
    wanted: str | None, measured_on: list[DatasetRef | None], chosen: tuple[DatasetRef | None, ...]
) -> None:
    assert chosen_datasets("acc", wanted, measured_on, any_digest=True) == chosen


def test_names_are_never_mixed() -> None:
    with pytest.raises(AmbiguousDataset):
        chosen_datasets("acc", None, [OLD, NEW, OTHER], any_digest=True)
    with pytest.raises(AmbiguousDataset):
        chosen_datasets("acc", None, [None, OLD], any_digest=True)
    with pytest.raises(DatasetNotFound):
        chosen_datasets("acc", "training", [OLD], any_digest=True)


def test_without_that_one_dataset_is_chosen() -> None:
    assert chosen_datasets("acc", "test", [OLD, OTHER]) == (OTHER,)
    assert chosen_datasets("acc", None, [None]) == (None,)
    assert chosen_datasets("acc", None, []) == ()
    with pytest.raises(AmbiguousDataset):
        chosen_datasets("acc", "validation", [OLD, NEW])
