"""Runs: what is logged into them can be read, as it was, and what is wrong is refused whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.errors import Closed, Conflict, InvalidInput, InvalidMetric, RunNotFound


def fail_with(run: tracker.Run, error: BaseException) -> None:
    with run:
        raise error


def test_a_new_run_is_running_in_its_experiment(opened: tracker.Tracker) -> None:
    run = opened.start_run("digits", name="by hand", params={"lr": 0.1}, tags={"a": 1})
    found = opened.get_run(run.run_id)
    assert (found.name, found.experiment, found.status) == ("by hand", "digits", tracker.RunStatus.RUNNING)
    assert (found.params, found.tags, found.metrics) == ({"lr": 0.1}, {"a": "1"}, {})
    assert (found.end_time, found.parent_run_id) == (None, None)
    assert len(run.run_id) == 32
    run.end()


def test_a_run_without_a_name_gets_one(opened: tracker.Tracker) -> None:
    with opened.start_run() as run:
        assert run.experiment == "Default"
    assert opened.get_run(run.run_id).name


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), tracker.RunStatus.FAILED),
        (tracker.TrackerError("x"), tracker.RunStatus.FAILED),
        (KeyboardInterrupt(), tracker.RunStatus.KILLED),
        (SystemExit(3), tracker.RunStatus.KILLED),
    ],
)
def test_a_runs_status_says_how_its_block_ended(
    opened: tracker.Tracker, error: BaseException, status: tracker.RunStatus
) -> None:
    run = opened.start_run("ends")
    with pytest.raises(type(error)) as caught:
        fail_with(run, error)
    assert caught.value is error
    found = opened.get_run(run.run_id)
    assert found.status == status
    assert found.end_time is not None
    assert found.end_time >= found.start_time


def test_a_run_that_ended_well_is_finished(opened: tracker.Tracker) -> None:
    with opened.start_run("ends") as run:
        pass
    assert opened.get_run(run.run_id).status == tracker.RunStatus.FINISHED


def test_a_status_given_in_the_block_stays(opened: tracker.Tracker) -> None:
    with opened.start_run("ends") as run:
        run.end("KILLED")
    assert opened.get_run(run.run_id).status == tracker.RunStatus.KILLED


def test_an_unknown_status_is_refused_and_the_run_goes_on(opened: tracker.Tracker) -> None:
    with opened.start_run("ends") as run:
        with pytest.raises(InvalidInput, match="done"):
            run.end("done")
        assert opened.get_run(run.run_id).status == tracker.RunStatus.RUNNING
    assert opened.get_run(run.run_id).status == tracker.RunStatus.FINISHED


def test_an_ended_run_is_not_entered_again_but_still_logged_into(opened: tracker.Tracker) -> None:
    with opened.start_run("ends") as run:
        pass
    with pytest.raises(Closed, match="run is closed"):
        fail_with(run, ValueError())
    run.log({"late": 1.0})
    assert opened.get_run(run.run_id).metrics == {"late": 1.0}


def test_curves_come_back_by_step_then_as_logged(opened: tracker.Tracker) -> None:
    logged = [(3, 0.1), (-(2**63), math.nan), (3, -0.0), (2**63 - 1, math.inf), (-5, 5e-324), (3, 0.1)]
    with opened.start_run("curves") as run:
        for step, value in logged:
            run.log({"loss": value}, step=step)
    found = opened.metric_history(run.run_id, "loss")
    wanted = sorted(logged, key=lambda point: point[0])
    assert found.steps.tolist() == [step for step, _ in wanted]
    assert found.values.tobytes() == np.array([value for _, value in wanted]).tobytes()
    assert [str(column.dtype) for column in (found.steps, found.timestamps, found.values)] == [
        "int64",
        "int64",
        "float64",
    ]
    assert (found.timestamps > 1_500_000_000_000).all()
    assert opened.get_run(run.run_id).metrics == {"loss": math.inf}


def test_the_last_value_is_that_of_the_highest_step(opened: tracker.Tracker) -> None:
    with opened.start_run("curves") as run:
        run.log({"loss": 1.0}, step=5)
        run.flush()
        run.log({"loss": 2.0}, step=4)
    assert opened.get_run(run.run_id).metrics == {"loss": 1.0}


def test_a_metric_that_was_never_logged_has_no_points(opened: tracker.Tracker) -> None:
    with opened.start_run("curves") as run:
        pass
    assert len(opened.metric_history(run.run_id, "loss")) == 0
    with pytest.raises(RunNotFound, match="'nobody'"):
        opened.metric_history("nobody", "loss")


@pytest.mark.parametrize("bad", ["0.3", [0.3], None])
def test_of_metrics_with_a_bad_one_nothing_is_logged(opened: tracker.Tracker, bad: object) -> None:
    with opened.start_run("bad") as run:
        run.log({"good": 1.0}, step=1)
        with pytest.raises(InvalidMetric, match="'bad'"):
            run.log({"good": 2.0, "bad": bad, "more": 3.0}, step=2)
        with pytest.raises(InvalidMetric, match="step"):
            run.log({"good": 2.0}, step=2**63)
    assert opened.get_run(run.run_id).metrics == {"good": 1.0}
    assert opened.metric_history(run.run_id, "good").steps.tolist() == [1]


def test_what_a_user_changes_after_logging_stays_as_it_was_logged(opened: tracker.Tracker) -> None:
    metrics = {"a": 1.0}
    with opened.start_run("later") as run:
        for value in (1.0, 2.0):
            metrics["a"] = value
            run.log(metrics, step=int(value))
        metrics["a"] = 3.0
    assert opened.metric_history(run.run_id, "a").values.tolist() == [1.0, 2.0]


def test_params_come_back_with_their_types(opened: tracker.Tracker) -> None:
    params: dict[str, object] = {"lr": 0.1, "n": 3, "flag": True, "none": None, "layers": [8, 4], "of": {"a": "b"}}
    with opened.start_run("params", params=params) as run:
        run.log_params({"later": np.int64(3), "text": "3"})
        assert run.params == {**params, "later": 3, "text": "3"}
    found = opened.get_run(run.run_id).params
    assert found == {**params, "later": 3, "text": "3"}
    assert {key: type(value) for key, value in found.items()} == {
        **{key: type(value) for key, value in params.items()},
        "later": int,
        "text": str,
    }


def test_a_param_that_changes_is_a_conflict_and_nothing_of_the_call_is_logged(opened: tracker.Tracker) -> None:
    with opened.start_run("params", params={"lr": 0.1, "shape": (1, 2)}) as run:
        run.log_params({"lr": 0.1, "shape": [1, 2], "n": 1})
        with pytest.raises(Conflict, match=r"'lr' is 0\.1 already and cannot become 0\.2"):
            run.log_params({"new": 1, "lr": 0.2})
    assert opened.get_run(run.run_id).params == {"lr": 0.1, "shape": [1, 2], "n": 1}


def test_params_that_cannot_be_kept_are_refused_before_the_run_begins(opened: tracker.Tracker) -> None:
    for params in ({"a": "\ud800"}, {"": 1}):
        with pytest.raises(InvalidInput):
            opened.start_run("params", params=params)
    assert opened.search_runs() == []


def test_the_last_value_of_a_tag_counts(opened: tracker.Tracker) -> None:
    with opened.start_run("tags", tags={"a": "1", "b": "1"}) as run:
        run.set_tags({"a": 2})
    assert opened.get_run(run.run_id).tags == {"a": "2", "b": "1"}


def test_children_are_runs_of_the_same_experiment(opened: tracker.Tracker) -> None:
    with opened.start_run("parents") as run:
        ids = []
        for fold in range(3):
            with run.start_child(params={"fold": fold}) as child:
                child.log({"acc": 0.5}, step=1)
                ids.append(child.run_id)
    found = opened.children(run.run_id)
    assert {entry.run_id for entry in found} == set(ids)
    assert {entry.params["fold"] for entry in found} == {0, 1, 2}
    assert {(entry.parent_run_id, entry.experiment) for entry in found} == {(run.run_id, "parents")}
    assert opened.children(ids[0]) == []


def test_a_run_goes_on_by_its_id(store: Path) -> None:
    with tracker.open(store) as opened, opened.start_run("again", name="first", params={"lr": 0.1}) as run:
        run.log({"loss": 1.0}, step=1)
    with tracker.open(store) as opened:
        before = opened.get_run(run.run_id)
        with opened.start_run(run_id=run.run_id, params={"more": 1}) as resumed:
            assert (resumed.run_id, resumed.experiment) == (run.run_id, "again")
            assert resumed.params == {"lr": 0.1, "more": 1}
            with pytest.raises(Conflict):
                resumed.log_params({"lr": 0.2})
            assert opened.get_run(run.run_id).status == tracker.RunStatus.RUNNING
            resumed.log({"loss": 0.5}, step=2)
        found = opened.get_run(run.run_id)
        assert (found.name, found.start_time, found.status) == ("first", before.start_time, "FINISHED")
        assert found.params == {"lr": 0.1, "more": 1}
        assert opened.metric_history(run.run_id, "loss").steps.tolist() == [1, 2]
        assert len(opened.search_runs()) == 1


def test_a_run_that_goes_on_refuses_a_changed_param(opened: tracker.Tracker) -> None:
    with opened.start_run("again", params={"lr": 0.1}) as run:
        pass
    with pytest.raises(Conflict, match="'lr'"):
        opened.start_run(run_id=run.run_id, params={"lr": 0.2})


def test_an_unknown_run_is_named(opened: tracker.Tracker) -> None:
    for wanted in ("nobody", 'it\'s "nobody"', "", "' OR 1 = 1"):
        with pytest.raises(RunNotFound) as caught:
            opened.get_run(wanted)
        assert repr(wanted) in str(caught.value)
        with pytest.raises(RunNotFound):
            opened.start_run(run_id=wanted)


def test_artifacts_are_kept_with_the_run(opened: tracker.Tracker, tmp_path: Path) -> None:
    plots = tmp_path / "plots"
    (plots / "deep").mkdir(parents=True)
    (plots / "a.png").write_bytes(b"\x89PNG")
    (plots / "deep" / "b.txt").write_bytes(b"b")
    with opened.start_run("files") as run:
        run.log_artifact(plots / "a.png")
        run.log_artifact(str(plots), under="all")
        with pytest.raises(InvalidInput, match="no file or folder"):
            run.log_artifact(tmp_path / "nothing")
        with pytest.raises(InvalidInput, match="below"):
            run.log_artifact(plots, under="../up")
    out = opened.download(run.run_id, tmp_path / "out")
    assert {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        "a.png": b"\x89PNG",
        "all/a.png": b"\x89PNG",
        "all/deep/b.txt": b"b",
    }
    assert (plots / "a.png").exists()


def test_datasets_are_known_by_the_run(opened: tracker.Tracker, validation: tracker.Dataset) -> None:
    with opened.start_run("data") as run:
        run.log_dataset(validation, context="validation")
    assert opened.datasets() == [validation.ref]
    found = opened.search_runs(filter_string="dataset.name = 'validation' AND dataset.context = 'validation'")
    assert [entry.run_id for entry in found] == [run.run_id]


def test_flush_says_that_all_is_stored(opened: tracker.Tracker) -> None:
    with opened.start_run("levels") as run:
        run.log({"a": 1.0})
        assert run.flush() == opened.flush() == tracker.Level.STORED


def test_a_run_outlives_its_tracker(store: Path) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("late")
    run.log({"loss": 1.0}, step=1)
    assert run.flush() == tracker.Level.STORED
    assert run.flush(0) == tracker.Level.STORED
    run.log({"loss": 2.0}, step=2)
    run.end()
    with pytest.raises(Closed):
        opened.get_run(run.run_id)
    with tracker.open(store) as again:
        assert again.metric_history(run.run_id, "loss").steps.tolist() == [1, 2]
        assert again.get_run(run.run_id).status == tracker.RunStatus.FINISHED


def test_runs_of_one_program_log_side_by_side(opened: tracker.Tracker) -> None:
    runs = [opened.start_run("side by side") for _ in range(5)]
    for step in range(10):
        for number, run in enumerate(runs):
            run.log({"n": number, f"only {number}": step}, step=step)
    for number, run in enumerate(runs):
        run.end()
        assert opened.get_run(run.run_id).metrics == {"n": number, f"only {number}": 9}


@pytest.mark.parametrize("show", [repr, str])
def test_a_run_shows_what_it_is(opened: tracker.Tracker, show: Callable[[object], str]) -> None:
    with opened.start_run("shown") as run:
        assert show(run) == f"<Run {run.run_id} in 'shown'>"
