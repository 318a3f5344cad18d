from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import sweeps
import tracker
from sweeps.errors import InvalidSweep, MetricNeverLogged, NoTrialSucceeded, SweepError, TargetNotFound
from sweeps.trial import TrialState
from tracker.errors import AmbiguousDataset

pytestmark = pytest.mark.usefixtures("home")

Program = Callable[..., Path]
Parameters = dict[str, dict[str, object]]

GRID: Parameters = {"width": {"values": [32, 64]}, "depth": {"min": 1, "max": 3}}
MIXED: Parameters = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
    "width": {"values": [32, 64]},
}
PROGRAM = """
import argparse
import math

import tracker

validation = tracker.Dataset("validation", "a1b2c3d4")

def curve(lr, width):
    return [math.exp(-lr * 100 * step) + 1 / width for step in range(5)]

def train(trial):
    for step, loss in enumerate(curve(**trial.params)):
        trial.log({"loss": loss}, step=step)
        if step % 2 == 0:
            model = trial.log_model("net", lambda folder: (folder / "net").write_text("weights"), step=step)
            model.log({"error": abs(loss - 0.3)}, dataset=validation)

async def train_async(trial):
    for step, loss in enumerate(curve(**trial.params)):
        await trial.log({"loss": loss}, step=step)
        if step % 2 == 0:
            model = await trial.log_model("net", lambda folder: (folder / "net").write_text("weights"), step=step)
            await model.log({"error": abs(loss - 0.3)}, dataset=validation)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--width", type=int)
    run = tracker.current_run()
    class Trial:
        params = vars(parser.parse_args())
        log, log_model = run.log, run.log_model
    train(Trial)
"""


def log_width(trial: sweeps.Trial) -> None:
    trial.log({"width": float(str(trial.params["width"]))})


def grid(
    target: Callable[..., object], *, metric: str | None = None, seed: int | None = None, parallel: int | None = None
) -> sweeps.Sweep:
    return sweeps.Sweep(
        target,
        parameters=GRID,
        method="grid",
        metric=metric,
        goal="maximize",
        executor="inline",
        seed=seed,
        parallel=parallel,
    )


class TestWhatTheStoreSays:
    def test_a_grid_of_two_by_three_has_six_trials_as_child_runs(self) -> None:
        result = sweeps.run(grid(log_width, metric="width"), store="store", seed=7)
        with tracker.open("store", create=False) as store:
            parent = store.get_run(result.sweep_id)
            # Some start in the same millisecond, so the store does not tell their order.
            children = sorted(store.children(result.sweep_id), key=lambda child: int(child.tags["trial.number"]))
        assert (parent.name, parent.experiment, parent.status, parent.parent_run_id) == (
            "log_width",
            "log_width",
            "FINISHED",
            None,
        )
        assert parent.tags["sweep.kind"] == "sweep"
        assert (parent.tags["sweep.metric"], parent.tags["sweep.goal"]) == ("width", "maximize")
        assert parent.tags["sweep.seed"] == "7"
        points = [(depth, width) for depth in (1, 2, 3) for width in (32, 64)]
        assert [(child.params["depth"], child.params["width"]) for child in children] == points
        assert [child.name for child in children] == [f"trial-{number}" for number in range(6)]
        assert {child.status for child in children} == {"FINISHED"}
        assert [child.tags["trial.number"] for child in children] == [str(number) for number in range(6)]
        assert {child.tags["trial.state"] for child in children} == {"complete"}
        assert [float(child.tags["trial.value"]) for child in children] == [32, 64] * 3
        assert all(child.end_time is not None for child in [parent, *children])

    def test_the_result_says_the_same(self) -> None:
        result = sweeps.run(grid(log_width, metric="width"), store="store")
        assert [trial.number for trial in result.trials] == list(range(6))
        assert [trial.value for trial in result.trials] == [32, 64] * 3
        assert result.count(TrialState.COMPLETE) == 6
        assert result.best_trial == result.trials[1]  # the earlier one of equals
        assert (result.store, result.interrupted) == (str(Path("store").absolute()), False)
        assert result.best() is None  # no checkpoint was logged

    def test_params_that_python_takes_for_equal_come_back_as_they_were(self) -> None:
        values: list[object] = [True, 1, 1.0, "1", None, [1, 2.0], {"a": False}]
        sweep = sweeps.Sweep(lambda _: None, parameters={"x": {"values": values}}, method="grid", executor="inline")
        result = sweeps.run(sweep, store="store")
        assert [repr(trial.params["x"]) for trial in result.trials] == [repr(value) for value in values]

    def test_two_sweeps_of_one_name_are_two_sweeps(self) -> None:
        first, second = (sweeps.run(grid(log_width), store="store", trials=2) for _ in range(2))
        assert first.sweep_id != second.sweep_id
        assert (len(first.trials), len(second.trials)) == (2, 2)


class TestOneSeed:
    """One seed gives one result, whatever runs the trials."""

    @pytest.fixture
    def ways(self, program: Program) -> dict[str, sweeps.SweepResult]:
        path = program(PROGRAM)
        space: dict[str, object] = {}
        exec(compile(PROGRAM, str(path), "exec"), space)  # noqa: S102  # the functions themselves
        ways: dict[str, tuple[object, str]] = {
            "function": (space["train"], "inline"),
            "async": (space["train_async"], "inline"),
            "threads": (space["train"], "threads"),
            "by file": (f"{path}:train", "processes"),
            "async by file": (f"{path}:train_async", "processes"),
            "command": (path, "command"),
        }
        results = {}
        for way, (target, executor) in ways.items():
            sweep = sweeps.Sweep(
                target,  # type: ignore[arg-type]  # one of those
                parameters=MIXED,
                metric="loss",
                method="bayes",
                run_cap=12,
                executor=executor,
            )
            results[way] = sweeps.run(sweep, store=way, seed=7)
        return results

    def test_gives_equal_params_curves_and_best_checkpoints(self, ways: dict[str, sweeps.SweepResult]) -> None:
        def essence(result: sweeps.SweepResult) -> object:
            best = result.best("error", "validation")
            assert best is not None
            with tracker.open(result.store) as store:
                curves = [store.metric_history(trial.run_id, "loss") for trial in result.trials]
            return (
                [repr(sorted(trial.params.items())) for trial in result.trials],
                [(curve.steps.tolist(), curve.values.tolist()) for curve in curves],
                [trial.value for trial in result.trials],
                next(trial.number for trial in result.trials if trial.run_id == best.run_id),
                best.step,
                best.metrics["error"],
            )

        expected = essence(ways["function"])
        assert len(ways["function"].trials) == 12
        for way, result in ways.items():
            assert essence(result) == expected, way

    @pytest.mark.parametrize("method", ["grid", "random"])
    def test_gives_the_same_set_of_params_with_any_number_at_a_time(self, method: str) -> None:
        def params(parallel: int) -> list[str]:
            sweep = sweeps.Sweep(
                lambda _: None,
                parameters=GRID if method == "grid" else MIXED,
                method=method,
                run_cap=6,
                executor="threads",
            )
            result = sweeps.run(sweep, store=f"store-{parallel}", seed=7, parallel=parallel)
            return [repr(sorted(trial.params.items())) for trial in result.trials]

        assert params(1) == params(3)

    def test_is_drawn_and_kept_where_none_is_given(self) -> None:
        sweep = sweeps.Sweep(lambda _: None, parameters=MIXED, method="random", run_cap=3, executor="inline")
        first, second = (sweeps.run(sweep, store="store") for _ in range(2))
        assert [trial.params for trial in first.trials] != [trial.params for trial in second.trials]
        with tracker.open("store") as store:
            seed = int(store.get_run(first.sweep_id).tags["sweep.seed"])
        again = sweeps.run(sweep, store="store", seed=seed)
        assert [trial.params for trial in again.trials] == [trial.params for trial in first.trials]


class TestSettings:
    def test_of_the_call_take_precedence(self) -> None:
        sweep = grid(log_width, metric="width", seed=1, parallel=1)
        events: list[object] = []
        result = sweeps.run(
            sweep, store="store", seed=2, parallel=2, trials=3, executor="threads", listen=events.append
        )
        with tracker.open("store") as store:
            assert store.get_run(result.sweep_id).tags["sweep.seed"] == "2"
        assert len(result.trials) == 3
        assert "parallel=2" in repr(events[0])

    def test_may_be_all_that_a_file_may_say(self) -> None:
        sweep = sweeps.Sweep(
            log_width,
            parameters=GRID,
            metric={"name": "width", "goal": "maximize", "target": 64},
            method="random",
            run_cap=50,
            early_terminate={"type": "hyperband", "min_iter": 3},
            retries=1,
            executor="inline",
        )
        result = sweeps.run(sweep, store="store", seed=7)
        assert len(result.trials) < 50
        assert "reached the target 64" in result.ended

    def test_of_the_sweep_count_otherwise(self) -> None:
        result = sweeps.run(grid(log_width, seed=1), store="store")
        with tracker.open("store") as store:
            assert store.get_run(result.sweep_id).tags["sweep.seed"] == "1"

    def test_the_store_is_the_environments_unless_given(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sweep = grid(lambda _: None)
        assert sweeps.run(sweep).store == str(home / "tracker-store")
        monkeypatch.setenv("TRACKER_STORE", str(home / "other"))
        assert sweeps.run(sweep).store == str(home / "other")

    def test_a_sweep_runs_in_any_thread(self) -> None:
        results = []
        thread = threading.Thread(target=lambda: results.append(sweeps.run(grid(log_width), store="store")))
        thread.start()
        thread.join()
        assert len(results[0].trials) == 6

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ({"parallel": 0}, "parallel: 0 is too small; at least 1"),
            ({"trials": -1}, "trials: -1 is too small; at least 1"),
            ({"executor": "command"}, "execution.executor: 'command' cannot run a function"),
            ({"executor": "ray"}, "execution.executor: 'ray' cannot run a function"),
        ],
    )
    def test_that_cannot_be_are_refused_before_anything_is_made(
        self, home: Path, arguments: dict[str, object], problem: str
    ) -> None:
        with pytest.raises(InvalidSweep) as caught:
            sweeps.run(grid(log_width), store="store", **arguments)  # type: ignore[arg-type]  # as a user might
        assert str(caught.value).startswith(problem)
        assert not (home / "store").exists()

    def test_a_script_runs_as_a_command_only(self, program: Program, home: Path) -> None:
        sweep = sweeps.Sweep(program("pass"), parameters=GRID, method="grid")
        with pytest.raises(InvalidSweep, match="'threads' cannot run a command"):
            sweeps.run(sweep, store="store", executor="threads")
        assert not (home / "store").exists()

    def test_that_nobody_knows_are_refused_before_anything_is_made(self, home: Path) -> None:
        with pytest.raises(InvalidSweep, match=r"execution\.sampler: unknown sampler 'annealing'"):
            sweeps.Sweep(log_width, parameters=GRID, metric="width", method="bayes", sampler="annealing")
        assert not (home / "store").exists()


class TestSweepFile:
    def test_is_read_with_its_program_beside_it(self, program: Program, home: Path) -> None:
        program("def train(trial):\n    trial.log({'loss': trial.params['a']})\n", name="inner/train.py")
        (home / "inner" / "sweep.yaml").write_text(
            "program: train.py:train\nmethod: grid\nmetric: {name: loss}\nparameters: {a: {values: [3, 1, 2]}}\n"
        )
        sweep = sweeps.Sweep.from_file("inner/sweep.yaml")
        result = sweeps.run(sweep, store="store", executor="inline")
        assert sweep.name == "sweep"
        assert result.best_trial is not None
        assert (result.best_trial.number, result.best_trial.value) == (1, 1.0)

    def test_may_name_the_sweep_and_its_experiment(self, program: Program, home: Path) -> None:
        program("def train(trial): ...\n", name="train.py")
        (home / "sweep.yaml").write_text(
            "name: mine\nproject: ours\nprogram: train.py:train\nmethod: grid\nparameters: {a: {value: 1}}\n"
        )
        result = sweeps.run(sweeps.Sweep.from_file("sweep.yaml"), store="store", executor="inline")
        with tracker.open("store") as store:
            run = store.get_run(result.sweep_id)
        assert (result.name, run.name, run.experiment) == ("mine", "mine", "ours")

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("method: grid\nparameters: {a: {value: 1}}\n", TargetNotFound),
            ("program: none.py\nmethod: grid\nparameters: {a: {value: 1}}\n", TargetNotFound),
            ("program: train.py\nmethod: best\nparameters: {a: {value: 1}}\n", InvalidSweep),
        ],
    )
    def test_that_cannot_be_run_is_refused_when_it_is_read(
        self, home: Path, text: str, error: type[SweepError]
    ) -> None:
        (home / "sweep.yaml").write_text(text)
        with pytest.raises(error):
            sweeps.Sweep.from_file("sweep.yaml")


def named() -> None: ...


class TestName:
    def test_is_the_targets_unless_given(self, program: Program) -> None:
        path = program("def train(trial): ...\n")
        assert sweeps.Sweep(named, parameters=GRID, method="grid").name == "named"
        assert sweeps.Sweep(lambda _: None, parameters=GRID, method="grid").name == "lambda"
        assert sweeps.Sweep(f"{path}:train", parameters=GRID, method="grid").name == "train"
        assert sweeps.Sweep(path, parameters=GRID, method="grid").name == "program"
        assert sweeps.Sweep(named, parameters=GRID, method="grid", name="mine").name == "mine"


class TestOutcome:
    def test_a_metric_that_no_trial_logs_is_said_with_what_was_logged(self) -> None:
        with pytest.raises(MetricNeverLogged) as caught:
            sweeps.run(grid(log_width, metric="acuracy"), store="store")
        assert str(caught.value) == "no trial logged the metric 'acuracy'; logged were width"
        with tracker.open("store") as store:
            assert len(store.search_runs()) == 1 + 3  # more trials would not have brought it

    def test_a_metric_where_none_is_logged_is_said_so(self) -> None:
        with pytest.raises(MetricNeverLogged, match="no metric was logged at all"):
            sweeps.run(grid(lambda _: None, metric="width"), store="store")

    def test_a_metric_that_comes_late_is_no_mistake(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            if trial.number == 2:
                trial.log({"width": 1.0})

        result = sweeps.run(grid(train, metric="width"), store="store")
        assert len(result.trials) == 6
        assert result.best_trial == result.trials[2]

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_values_that_are_not_finite_make_no_best_trial(self, value: float) -> None:
        result = sweeps.run(grid(lambda trial: trial.log({"width": value}), metric="width"), store="store")
        assert result.best_trial is None
        assert {trial.value for trial in result.trials} == {None}

    def test_a_trials_value_is_its_best_finite_one(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            for step, value in enumerate([1.0, math.nan, 5.0, math.inf, 2.0]):
                trial.log({"width": value}, step=step)

        result = sweeps.run(grid(train, metric="width"), store="store", trials=1)
        assert result.trials[0].value == 5.0

    def test_a_trials_value_may_come_from_its_checkpoints(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            for step in range(3):
                model = trial.log_model("net", lambda folder: (folder / "w").write_text("x"), step=step)
                model.log({"width": float(step % 2)})

        result = sweeps.run(grid(train, metric="width"), store="store", trials=1)
        best = result.best()
        assert result.trials[0].value == 1.0
        assert best is not None
        assert best.step == 1

    def test_failed_trials_are_no_best_trial_whatever_they_logged(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            trial.log({"width": 10.0 - trial.number})
            if trial.number == 0:
                raise ValueError

        result = sweeps.run(grid(train, metric="width"), store="store")
        assert result.trials[0].value == 10.0
        assert result.best_trial == result.trials[1]

    def test_all_failed_is_an_error_with_the_last_reason_and_the_store_complete(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            raise ValueError(f"no lr in trial {trial.number}")

        with pytest.raises(NoTrialSucceeded, match="all 5 trials failed; the last one: ValueError: no lr in trial 4"):
            sweeps.run(grid(train), store="store")
        with tracker.open("store") as store:
            assert [str(run.status) for run in store.search_runs()].count("FAILED") == 5

    def test_the_target_ends_the_sweep(self) -> None:
        Path("train.py").write_text("def train(trial):\n    trial.log({'loss': 1.0 - trial.number / 10})\n")
        Path("sweep.yaml").write_text(
            "program: train.py:train\nmethod: random\nrun_cap: 9\nmetric: {name: loss, target: 0.8}\n"
            "parameters: {a: {min: 0.0, max: 1.0}}\n"
        )
        result = sweeps.run(sweeps.Sweep.from_file("sweep.yaml"), store="store", executor="inline")
        assert [trial.value for trial in result.trials] == [1.0, 0.9, 0.8]


class TestBest:
    @pytest.fixture
    def result(self) -> sweeps.SweepResult:
        def train(trial: sweeps.Trial) -> None:
            for step in range(2):
                model = trial.log_model("net", lambda folder: (folder / "w").write_text(f"{trial.number}"), step=step)
                for name, sign in (("validation", 1), ("test", -1)):
                    model.log({"width": sign * (trial.number + step / 2)}, dataset=tracker.Dataset(name, "a1b2c3d4"))

        return sweeps.run(grid(train, metric="width"), store="store")

    def test_is_the_first_of_the_ranking(self, result: sweeps.SweepResult, tmp_path: Path) -> None:
        best = result.best(dataset="validation")
        assert best is not None
        assert (best.run_id, best.step, best.metrics["width"]) == (result.trials[5].run_id, 1, 5.5)
        assert best.params == result.trials[5].params
        assert (best.download(tmp_path / "best") / "w").read_text() == "5"
        ranking = result.rank(dataset="validation", top=3)
        assert [model.metrics["width"] for model in ranking] == [5.5, 5.0, 4.5]

    def test_depends_on_the_dataset(self, result: sweeps.SweepResult) -> None:
        best = result.best(dataset="test")
        assert best is not None
        assert (best.run_id, best.step) == (result.trials[0].run_id, 0)

    def test_needs_the_dataset_where_there_are_several(self, result: sweeps.SweepResult) -> None:
        with pytest.raises(AmbiguousDataset):
            result.best()

    def test_is_of_this_sweep_only(self, result: sweeps.SweepResult) -> None:
        other = sweeps.run(grid(log_width, metric="width"), store="store")
        assert result.store == other.store
        assert other.best(dataset=None) is None

    def test_may_be_asked_for_when_the_store_was_moved_away(self, result: sweeps.SweepResult) -> None:
        Path("store").rename("moved")
        with pytest.raises(tracker.TrackerError, match="no store at"):
            result.best(dataset="validation")
        assert not Path("store").exists()


def test_a_sweep_runs_beside_a_folder_and_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweeps.Sweep(print, parameters=GRID, metric="loss")
    with pytest.raises(InvalidSweep, match="name a folder"):
        sweeps.run(sweep, store="http://127.0.0.1:1")
    monkeypatch.setenv("TRACKER_STORE", "http://127.0.0.1:1")
    with pytest.raises(InvalidSweep, match="name a folder"):
        sweeps.resume("last")
