"""The best checkpoints, the best first: by one metric, on one dataset, and never by what is no number."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import tracker
from tracker.errors import AmbiguousDataset, DatasetNotFound, ExperimentNotFound, InvalidFilter, InvalidInput


def save(folder: Path) -> None:
    (folder / "w").write_bytes(b"w")


@pytest.fixture
def run(opened: tracker.Tracker) -> tracker.Run:
    return opened.start_run("nets", params={"lr": 0.1})


def log_scores(
    run: tracker.Run, scores: Sequence[tuple[float | None, int | None]], dataset: tracker.Dataset | None = None
) -> list[str]:
    """Log a checkpoint for each (score, step), and return their IDs."""
    ids = []
    for score, step in scores:
        model = run.log_model("net", save, step=step)
        if score is not None:
            model.log({"acc": score}, dataset=dataset)
        ids.append(model.model_id)
    return ids


def ids_of(models: list[tracker.LoggedModel]) -> list[str]:
    return [model.model_id for model in models]


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_what_is_no_number_never_ranks(opened: tracker.Tracker, run: tracker.Run, goal: str) -> None:
    scores = [(math.nan, 0), (math.inf, 0), (0.5, 1), (-math.inf, 0), (None, 0), (0.25, 2), (-1e300, 3), (5e-324, 4)]
    ids = log_scores(run, scores)
    wanted = [ids[place] for place in (2, 5, 7, 6)]
    found = opened.rank("acc", goal=goal, top=20)
    assert ids_of(found) == (wanted if goal == "maximize" else wanted[::-1])


def test_of_equals_the_smaller_step_is_first_and_then_what_was_logged_first(
    opened: tracker.Tracker, run: tracker.Run
) -> None:
    ids = log_scores(run, [(0.5, 3), (0.5, 1), (0.5, None), (0.5, 1), (0.5, -1), (0.6, 9)])
    wanted = [ids[place] for place in (5, 4, 1, 3, 0, 2)]
    assert ids_of(opened.rank("acc", top=20)) == wanted
    assert ids_of(opened.rank("acc", goal="minimize", top=20)) == [*wanted[1:], wanted[0]]
    assert ids_of(opened.rank("acc", top=3)) == wanted[:3]


def test_a_ranking_equals_sorting(opened: tracker.Tracker, run: tracker.Run) -> None:
    rng = random.Random(7)  # noqa: S311  # no secret
    scores = [(rng.choice([0.1, 0.2, 0.3]), rng.randrange(5)) for _ in range(40)]
    ids = log_scores(run, scores)
    places = sorted(range(40), key=lambda place: (-scores[place][0], scores[place][1], place))
    assert ids_of(opened.rank("acc", top=40)) == [ids[place] for place in places]


def test_one_dataset_need_not_be_named(opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset) -> None:
    first, second = log_scores(run, [(0.1, 1), (0.2, 2)], validation)
    for dataset in (None, "validation", str(validation.ref)):
        assert ids_of(opened.rank("acc", dataset=dataset)) == [second, first]


def test_several_datasets_must_be_told_apart(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset, holdout: tracker.Dataset
) -> None:
    model, other = run.log_model("net", save, step=1), run.log_model("net", save, step=2)
    for each, here, there in ((model, 0.9, 0.1), (other, 0.8, 0.2)):
        each.log({"acc": here}, dataset=validation)
        each.log({"acc": there}, dataset=holdout)
    with pytest.raises(AmbiguousDataset, match="--dataset") as caught:
        opened.rank("acc")
    assert set(caught.value.found) == {str(validation.ref), str(holdout.ref)}
    assert ids_of(opened.rank("acc", dataset="validation")) == [model.model_id, other.model_id]
    (best, _) = opened.rank("acc", dataset="holdout")
    assert best.model_id == other.model_id
    # The plain name is the value on the dataset that was asked for.
    assert best.metrics == {"acc": 0.2, "acc@validation": 0.8}


def test_no_dataset_and_a_dataset_are_two(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset
) -> None:
    log_scores(run, [(0.9, 1)])
    (measured,) = log_scores(run, [(0.1, 1)], validation)
    with pytest.raises(AmbiguousDataset, match="no dataset"):
        opened.rank("acc")
    assert ids_of(opened.rank("acc", dataset="validation")) == [measured]


def test_two_digests_of_one_name_are_never_mixed(opened: tracker.Tracker, run: tracker.Run) -> None:
    old = tracker.Dataset.from_arrays("validation", x=[1, 2])
    new = tracker.Dataset.from_arrays("validation", x=[1, 2, 3])
    (before,) = log_scores(run, [(0.9, 1)], old)
    (after,) = log_scores(run, [(0.5, 1)], new)
    with pytest.raises(AmbiguousDataset, match="2 datasets"):
        opened.rank("acc", dataset="validation")
    assert ids_of(opened.rank("acc", dataset=f"validation@{old.digest}")) == [before]
    assert ids_of(opened.rank("acc", dataset=f"validation@{new.digest}")) == [after]


def test_an_unknown_dataset_is_named_with_what_there_is(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset
) -> None:
    log_scores(run, [(0.9, 1)], validation)
    with pytest.raises(DatasetNotFound, match=r"'validatoin'; did you mean 'validation'\?"):
        opened.rank("acc", dataset="validatoin")
    with pytest.raises(DatasetNotFound):
        opened.rank("acc", dataset="validation@0000")


def test_the_choice_is_narrowed_by_experiment_sweep_and_filter(
    opened: tracker.Tracker, run: tracker.Run, validation: tracker.Dataset, holdout: tracker.Dataset
) -> None:
    child = run.start_child(params={"depth": 2})
    (mine,) = log_scores(child, [(0.5, 1)], validation)
    (parents,) = log_scores(run, [(0.6, 1)], validation)
    (foreign,) = log_scores(opened.start_run("others"), [(0.7, 1)], validation)
    assert ids_of(opened.rank("acc")) == [foreign, parents, mine]
    assert ids_of(opened.rank("acc", experiment_names=["nets"])) == [parents, mine]
    assert ids_of(opened.rank("acc", parent_run_id=run.run_id)) == [mine]
    assert ids_of(opened.rank("acc", filter_string="params.lr > 0 OR params.depth = 2")) == [parents, mine]
    assert ids_of(opened.rank("acc", filter_string="params.lr > 0", parent_run_id=run.run_id)) == []
    # Another experiment's datasets make nothing ambiguous.
    log_scores(opened.start_run("others"), [(0.7, 1)], holdout)
    assert ids_of(opened.rank("acc", experiment_names=["nets"])) == [parents, mine]


def test_a_metric_that_nobody_logged_ranks_nothing(opened: tracker.Tracker, run: tracker.Run) -> None:
    assert opened.rank("acc") == []
    log_scores(run, [(0.5, 1)])
    assert opened.rank("f1") == []


def test_checkpoints_that_failed_to_save_never_rank(opened: tracker.Tracker, run: tracker.Run) -> None:
    with pytest.raises(InvalidInput):
        run.log_model("net", "no/such/file", step=1)
    (failed,) = opened.search_logged_models()
    failed.log({"acc": 1.0})
    (good,) = log_scores(run, [(0.5, 1)])
    assert ids_of(opened.rank("acc")) == [good]


@pytest.mark.parametrize("metric", ["acc@5", "val/acc", "ü b", "a.b", 'say "a"', "a`b"])
def test_a_metric_of_any_name_ranks(opened: tracker.Tracker, run: tracker.Run, metric: str) -> None:
    model = run.log_model("net", save, step=1)
    model.log({metric: 0.5})
    assert ids_of(opened.rank(metric)) == [model.model_id]


def test_what_makes_no_sense_is_refused(opened: tracker.Tracker) -> None:
    with pytest.raises(InvalidInput, match="maximise"):
        opened.rank("acc", goal="maximise")
    with pytest.raises(InvalidInput, match="top is 0"):
        opened.rank("acc", top=0)
    with pytest.raises(InvalidFilter):
        opened.rank("acc", filter_string="params.lr >")
    with pytest.raises(ExperimentNotFound):
        opened.rank("acc", experiment_names=["nowhere"])
