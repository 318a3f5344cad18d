"""Searches: what matches, in order, page by page, and errors that say what there is instead."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import tracker
from tracker.errors import (
    ExperimentNotFound,
    InvalidFilter,
    InvalidInput,
    InvalidPageToken,
    TrackerError,
)
from tracker.filter import encode_token, fingerprint


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"w")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with ten runs in two experiments, each with a checkpoint that was measured on two datasets."""
    path = tmp_path_factory.mktemp("filled") / "store"
    validation = tracker.Dataset.from_arrays("validation", x=[1, 2])
    holdout = tracker.Dataset.from_arrays("holdout", x=[3])
    with tracker.open(path) as opened:
        for number in range(10):
            with opened.start_run(f"e{number % 2}", name=f"run {number}", params={"n": number, "kind": "a"}) as run:
                run.log({"loss": 1 / (number + 1)}, step=number)
                model = run.log_model("net", save, step=number)
                model.log({"acc": number / 10}, dataset=validation, step=1)
                model.log({"acc": 1 - number / 10}, dataset=holdout, step=2)
    return path


@pytest.fixture
def found(filled: Path) -> Iterator[tracker.Tracker]:
    with tracker.open(filled, create=False) as opened:
        yield opened


def test_runs_come_the_newest_first(found: tracker.Tracker) -> None:
    assert [run.params["n"] for run in found.search_runs()] == list(range(9, -1, -1))


def test_runs_are_filtered_and_ordered(found: tracker.Tracker) -> None:
    runs = found.search_runs(
        experiment_names=["e1"], filter_string="metrics.loss < 0.3 AND params.kind = 'a'", order_by="params.n"
    )
    assert [run.params["n"] for run in runs] == [3, 5, 7, 9]
    assert {run.experiment for run in runs} == {"e1"}
    ids = {experiment.name: experiment.experiment_id for experiment in found.search_experiments()}
    by_id = found.search_runs([ids["e1"]], order_by=["params.n DESC"], max_results=2)
    assert [run.params["n"] for run in by_id] == [9, 7]
    both = found.search_runs([ids["e0"]], experiment_names=["e1"])
    assert len(both) == 10


def test_models_are_found_as_the_readme_says(found: tracker.Tracker) -> None:
    (digest,) = [ref.digest for ref in found.datasets() if ref.name == "validation"]
    validation = {"dataset_name": "validation", "dataset_digest": digest}
    models = found.search_logged_models(
        experiment_names=["e1"],
        filter_string="metrics.acc > 0.2 AND params.kind = 'a'",
        datasets=[validation],
        order_by=[{"field_name": "metrics.acc", "ascending": False, **validation}],
        max_results=2,
    )
    assert [model.step for model in models] == [9, 7]
    assert models[0].metrics == {"acc": 0.9, "acc@holdout": pytest.approx(0.1)}
    assert models.next_page_token is not None


def test_a_metric_in_the_order_means_the_dataset_that_is_named_there(found: tracker.Tracker) -> None:
    for name, wanted in (("validation", [9, 8, 7]), ("holdout", [0, 1, 2])):
        models = found.search_logged_models(
            order_by=[{"field_name": "metrics.acc", "ascending": False, "dataset_name": name}],
            max_results=3,
        )
        assert [model.step for model in models] == wanted


def test_a_metric_in_the_order_without_a_dataset_means_the_newest_value_as_in_mlflow(found: tracker.Tracker) -> None:
    models = found.search_logged_models(
        datasets=[{"dataset_name": "validation"}],
        order_by=[{"field_name": "metrics.acc", "ascending": False}],
        max_results=3,
    )
    assert [model.step for model in models] == [0, 1, 2]


@pytest.mark.parametrize("size", [1, 3, 9, 10, 11])
def test_walking_the_pages_sees_each_once_and_in_order(found: tracker.Tracker, size: int) -> None:
    seen, token, pages = [], None, 0
    while True:
        page = found.search_logged_models(
            filter_string="params.kind = 'a'", order_by="step ASC", max_results=size, page_token=token
        )
        assert len(page) <= size
        seen += [model.step for model in page]
        pages += 1
        token = page.next_page_token
        if token is None:
            break
    assert seen == list(range(10))
    assert pages == -(-10 // size)


def test_runs_have_pages_too(found: tracker.Tracker) -> None:
    first = found.search_runs(max_results=6)
    second = found.search_runs(max_results=6, page_token=first.next_page_token)
    assert [run.params["n"] for run in [*first, *second]] == list(range(9, -1, -1))
    assert second.next_page_token is None


def test_a_token_of_another_query_is_refused(found: tracker.Tracker) -> None:
    token = found.search_logged_models(max_results=3).next_page_token
    for other in ({"filter_string": "params.n > 2"}, {"order_by": "step"}, {"experiment_names": ["e0"]}):
        with pytest.raises(InvalidPageToken):
            found.search_logged_models(max_results=3, page_token=token, **other)


@pytest.mark.parametrize("token", ["x", "!", "e30", "a" * 300, "WzMsICJ4Il0"])
def test_a_made_up_token_is_refused(found: tracker.Tracker, token: str) -> None:
    with pytest.raises(InvalidPageToken, match="start again"):
        found.search_logged_models(page_token=token)
    with pytest.raises(InvalidPageToken):
        found.search_runs(page_token=token)


@pytest.mark.parametrize("count", [0, -1, 50_001])
def test_a_page_has_a_size(found: tracker.Tracker, count: int) -> None:
    for search in (found.search_runs, found.search_logged_models):
        with pytest.raises(InvalidInput, match=f"max_results is {count}; it must be from 1 to 50000"):
            search(max_results=count)


def test_an_unknown_experiment_is_named_with_what_there_is(found: tracker.Tracker) -> None:
    for search in (found.search_runs, found.search_logged_models):
        with pytest.raises(ExperimentNotFound, match=r"'nowhere'; there is Default, e0, e1$"):
            search(experiment_names=["e0", "nowhere"])
        assert search(["99"]) == []  # as in MLflow
        for number in ("e0", "", "-1", "٣", "9" * 30):
            with pytest.raises(InvalidInput, match="experiment_ids holds"):
                search([number])


@pytest.mark.parametrize(
    ("dataset", "error", "text"),
    [
        ({"dataset_digest": "0"}, InvalidInput, "dataset_name"),
        ({"name": "validation"}, InvalidInput, "dataset_name"),
        ({"dataset_name": "validation", "split": "x"}, InvalidInput, "split"),
    ],
)
def test_what_names_no_dataset_is_refused(
    found: tracker.Tracker, dataset: Mapping[str, str], error: type[TrackerError], text: str
) -> None:
    with pytest.raises(error, match=text):
        found.search_logged_models(datasets=[dataset])


def test_an_unknown_dataset_finds_nothing_as_in_mlflow(found: tracker.Tracker) -> None:
    for entry in ({"dataset_name": "validaton"}, {"dataset_name": "validation", "dataset_digest": "0"}):
        assert found.search_logged_models(datasets=[entry]) == []


@pytest.mark.parametrize("order", ["run_name", "metrics.loss", "params.n", "params.n.number", "end_time", "start_time"])
@pytest.mark.parametrize(
    "place",
    [
        (),
        ("x",),
        (None,) * 3,
        (None,) * 4,
        (1, 2, 3, 4),
        ("a", "b", "c"),
        (0, None, "x", "y"),
        ("x", 1, 1, "z"),
        (9,) * 9,
    ],
)
def test_a_place_that_is_made_up_finds_something_or_is_refused(
    found: tracker.Tracker, order: str, place: tuple[str | int | None, ...]
) -> None:
    token = encode_token(place, fingerprint("", [order], None, ()))
    with contextlib.suppress(InvalidPageToken):
        assert len(found.search_runs(order_by=[order], page_token=token)) <= 10


def test_a_filter_that_does_not_parse_shows_where(found: tracker.Tracker) -> None:
    with pytest.raises(InvalidFilter) as caught:
        found.search_runs(filter_string="metrics.loss >> 3")
    assert str(caught.value).splitlines()[1:3] == ["  metrics.loss >> 3", "                ^"]
    with pytest.raises(InvalidFilter):
        found.search_logged_models(order_by="metrics.acc SIDEWAYS")


def test_experiments_are_searched_like_runs(found: tracker.Tracker) -> None:
    oldest_first = found.search_experiments(order_by="experiment_id")
    assert [experiment.name for experiment in oldest_first] == ["Default", "e0", "e1"]
    assert [each.name for each in found.search_experiments(filter_string="name LIKE 'e%'", order_by="name DESC")] == [
        "e1",
        "e0",
    ]
    first = found.search_experiments(max_results=2)
    second = found.search_experiments(max_results=2, page_token=first.next_page_token)
    assert sorted(each.name for each in [*first, *second]) == ["Default", "e0", "e1"]


def test_datasets_come_by_name(found: tracker.Tracker) -> None:
    assert [ref.name for ref in found.datasets()] == ["holdout", "validation"]


def test_a_page_is_a_list(found: tracker.Tracker) -> None:
    page = found.search_runs(max_results=3)
    assert isinstance(page, list)
    assert len(page) == 3
