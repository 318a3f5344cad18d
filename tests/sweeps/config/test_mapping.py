from __future__ import annotations

from collections.abc import Mapping

import pytest

from sweeps.config import EarlyTerminate, Execution, Metric, Retries, SweepConfig, from_mapping
from sweeps.config.interface import Lines
from sweeps.errors import InvalidSweep
from sweeps.space import Space

PARAMETERS = {"lr": {"min": 0.001, "max": 0.1}}
LEAST: Mapping[str, object] = {"method": "random", "parameters": PARAMETERS}
LOSS = {"name": "loss"}


def problem_of(data: object) -> str:
    with pytest.raises(InvalidSweep) as raised:
        from_mapping(data)
    message = str(raised.value)
    assert "\n" not in message
    return message


class TestReading:
    def test_the_least(self) -> None:
        assert from_mapping(LEAST) == SweepConfig("random", Space.from_parameters(PARAMETERS))

    def test_everything(self) -> None:
        config = from_mapping(
            {
                "name": "digits",
                "description": "by hand",
                "project": "mnist",
                "program": "train.py",
                "command": ["python", "${program}", "--n", 3, True, "${args}"],
                "method": "bayes",
                "metric": {"name": "accuracy", "goal": "maximize", "target": "0.99"},
                "parameters": PARAMETERS,
                "run_cap": 64,
                "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2, "eta": 4.5, "strict": False},
                "execution": {
                    "parallel": 4,
                    "seed": 0,
                    "sampler": "tpe",
                    "executor": "processes",
                    "dataset": "validation",
                    "timeout": "1h30m",
                    "retries": 2,
                },
            }
        )
        assert config == SweepConfig(
            method="bayes",
            space=Space.from_parameters(PARAMETERS),
            metric=Metric("accuracy", "maximize", 0.99),
            program="train.py",
            command=("python", "${program}", "--n", "3", "True", "${args}"),
            name="digits",
            description="by hand",
            project="mnist",
            run_cap=64,
            early_terminate=EarlyTerminate(None, 27, 2, 4.5, strict=False),
            execution=Execution(
                parallel=4,
                seed=0,
                sampler="tpe",
                executor="processes",
                dataset="validation",
                timeout=5400.0,
                retries=Retries(2),
            ),
        )

    def test_what_means_nothing_on_one_machine_is_left_alone(self) -> None:
        extra = {
            "entity": "me",
            "controller": {"type": "local"},
            "kind": "sweep",
            "apiVersion": "1",
            "job": "a/b/c:v0",
            "image_uri": "img",
        }
        assert from_mapping({**LEAST, **extra}) == from_mapping(LEAST)

    def test_a_key_left_empty_is_a_key_left_out(self) -> None:
        empty = dict.fromkeys(("name", "command", "metric", "run_cap", "early_terminate", "execution"))
        assert from_mapping({**LEAST, **empty}) == from_mapping(LEAST)

    def test_defaults_are_those_of_wandb(self) -> None:
        config = from_mapping(
            {**LEAST, "metric": LOSS, "early_terminate": {"type": "hyperband", "min_iter": 3}, "execution": {}}
        )
        assert config.metric == Metric("loss", "minimize", None)
        assert config.early_terminate == EarlyTerminate(min_iter=3, eta=3, strict=True)
        assert config.execution == Execution(parallel=None, retries=Retries(0, {}))

    @pytest.mark.parametrize(
        ("written", "seconds"),
        [
            (30, 30),
            (0.5, 0.5),
            ("30", 30),
            ("1e3", 1000),
            ("45s", 45),
            ("30m", 1800),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("2d", 172800),
            ("1.5h", 5400),
            ("1D2H3M4S", 93784),
        ],
    )
    def test_lengths_of_time(self, written: object, seconds: float) -> None:
        assert from_mapping({**LEAST, "execution": {"timeout": written}}).execution.timeout == seconds


HYPERBAND = {"type": "hyperband", "min_iter": 3}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"parametres": 1}, "unknown key 'parametres'; did you mean 'parameters'?"),
        ({"metrik": 1}, "unknown key 'metrik'; did you mean 'metric'?"),
        ({"a\nb": 1}, "unknown key 'a\\nb'; known are name, description, project, program, command, method, metric,"),
        ({3: 1}, "unknown key 3; known are"),
        ({"metrics": [LOSS]}, "metrics: is not supported yet; name one metric under metric"),
        (
            {"scheduler": {"engine": "optuna"}},
            "scheduler: is not supported yet; remove it and write method: bayes; its algorithm goes under execution.sa",
        ),
        ({"method": None}, "needs a method; write method: and one of grid, random, bayes"),
        (
            {"method": "custom"},
            "method: custom leaves the search to W&B's service; write bayes, with its sampler under execution.sampler",
        ),
        ({"method": "bayesian"}, "method: unknown method 'bayesian'; did you mean 'bayes'?"),
        ({"method": "xyz"}, "method: unknown method 'xyz'; known are grid, random, bayes"),
        ({"method": ["grid"]}, "method: must be text, not a list"),
        ({"method": "bayes"}, "method: bayes needs a metric; write metric: {name: loss, goal: minimize}"),
        ({"method": "grid"}, "parameters.lr: grid search needs a finite list, and uniform has no end of values;"),
        ({"parameters": None}, "parameters: must be a mapping such as {lr: {min: 0.001, max: 0.1}}, not nothing"),
        ({"parameters": {}}, "parameters: names no parameter; write at least one, such as lr: {min: 0.001, max: 0.1}"),
        ({"parameters": {"lr": 3}}, "parameters.lr: a bare value does not say what it is; write {value: 3}"),
        ({"metric": "loss"}, "metric: must be a mapping, not text; write its keys below it, indented"),
        ({"metric": {}}, "metric: needs a name; write the name that the trials log it by"),
        ({"metric": {"nam": "loss"}}, "metric.nam: unknown key 'nam'; did you mean 'name'?"),
        ({"metric": {"name": 3}}, "metric.name: must be text, not a number; put 3 in quotes"),
        ({"metric": {"name": " "}}, "metric.name: is empty; write some text or remove the key"),
        ({"metric": LOSS | {"goal": "max"}}, "metric.goal: unknown goal 'max'; known are minimize, maximize"),
        ({"metric": LOSS | {"goal": "Maximise"}}, "metric.goal: unknown goal 'Maximise'; did you mean 'maximize'?"),
        ({"metric": LOSS | {"target": "low"}}, "metric.target: must be a number, not 'low'"),
        ({"metric": LOSS | {"target": float("nan")}}, "metric.target: must be a finite number, not nan"),
        (
            {"metric": LOSS | {"impute": "worse"}},
            "metric.impute: unknown impute 'worse'; did you mean 'worst'?",
        ),
        ({"program": 3}, "program: must be text, not a number; put 3 in quotes"),
        ({"name": "a\0b"}, "name: 'a\\x00b' holds a character that cannot be written; remove it"),
        ({"command": ["\ud800"]}, "command[0]: '\\ud800' holds a character that cannot be written; remove it"),
        ({"name": True}, "name: must be text, not true or false; put true in quotes"),
        ({"run_cap": 0}, "run_cap: must be at least 1, not 0; raise it"),
        ({"run_cap": 1.5}, "run_cap: must be a whole number, not 1.5"),
        ({"run_cap": "many"}, "run_cap: must be a number, not 'many'"),
        ({"run_cap": True}, "run_cap: must be a number, not true or false"),
        (
            {"command": "python train.py"},
            'command: must be a list, not text; write such as ["${interpreter}", "${program}", "${args}"]',
        ),
        ({"command": []}, "command: is empty; list the program and its arguments, or remove the key"),
        ({"command": ["python", None]}, "command[1]: must be text, not nothing"),
        ({"command": ["${arg}"]}, "command[0]: unknown macro '${arg}'; did you mean '${args}'?"),
        (
            {"command": ["${args_jsonfile}"]},
            "command[0]: unknown macro '${args_jsonfile}'; did you mean '${args_json_file}'?",
        ),
        (
            {"early_terminate": HYPERBAND},
            "early_terminate: needs a metric to compare trials by; write metric: {name: loss, goal: minimize}",
        ),
        (
            {"early_terminate": 3},
            "early_terminate: must be a mapping, not a number; it needs a type; write type: hyperband",
        ),
        ({"early_terminate": {"min_iter": 3}}, "early_terminate: needs a type; write type: hyperband"),
        (
            {"early_terminate": HYPERBAND | {"type": "median"}},
            "early_terminate.type: W&B knows no 'median'; write it in our own block, execution: {pruner: {type: med",
        ),
        (
            {"early_terminate": {"type": "hyperband"}},
            "early_terminate: needs either min_iter, or max_iter with s; it has neither",
        ),
        (
            {"early_terminate": HYPERBAND | {"max_iter": 9, "s": 2}},
            "early_terminate: needs either min_iter, or max_iter with s; it has min_iter, max_iter, s",
        ),
        (
            {"early_terminate": {"type": "hyperband", "max_iter": 9}},
            "early_terminate: needs either min_iter, or max_iter with s; it has max_iter",
        ),
        (
            {"early_terminate": HYPERBAND | {"min_iter": 0}},
            "early_terminate.min_iter: must be at least 1, not 0; raise it",
        ),
        (
            {"early_terminate": HYPERBAND | {"eta": 1}},
            "early_terminate.eta: must be above 1, not 1; raise it",
        ),
        (
            {"early_terminate": HYPERBAND | {"strict": "yes"}},
            "early_terminate.strict: must be true or false, not 'yes'; write one of these without quotes",
        ),
        (
            {"early_terminate": HYPERBAND | {"mn_iter": 1}},
            "early_terminate.mn_iter: unknown key 'mn_iter'; did you mean 'min_iter'?",
        ),
        ({"execution": [4]}, "execution: must be a mapping, not a list; write its keys below it, indented"),
        ({"execution": {"paralel": 4}}, "execution.paralel: unknown key 'paralel'; did you mean 'parallel'?"),
        ({"execution": {"parallel": 0}}, "execution.parallel: must be at least 1, not 0; raise it"),
        ({"execution": {"seed": -1}}, "execution.seed: must be at least 0, not -1; raise it"),
        ({"execution": {"retries": -1}}, "execution.retries: must be at least 0, not -1; raise it"),
        ({"execution": {"sampler": 3}}, "execution.sampler: must be text, not a number; put 3 in quotes"),
        ({"execution": {"executor": "process"}}, "execution.executor: unknown executor 'process'; did you mean"),
        (
            {"execution": {"executor": "ray"}},
            "execution.executor: ray is not supported yet; write one of inline, threads, processes, command",
        ),
        (
            {"execution": {"keep": {"top": 5}}},
            "execution.keep: is not supported yet; remove it; every checkpoint is kept",
        ),
        (
            {"execution": {"timeout": "soon"}},
            "execution.timeout: 'soon' is no length of time; write seconds, or a length such as 45s, 30m or 1h30m",
        ),
        (
            {"execution": {"timeout": ""}},
            "execution.timeout: '' is no length of time; write seconds, or a length such as 45s, 30m or 1h30m",
        ),
        (
            {"execution": {"timeout": 0}},
            "execution.timeout: must be longer than 0 seconds, not 0; raise it, or remove the key",
        ),
        (
            {"execution": {"timeout": "0s"}},
            "execution.timeout: must be longer than 0 seconds, not '0s'; raise it, or remove the key",
        ),
        ({"execution": {"timeout": "9" * 400 + "s"}}, "execution.timeout: must be a finite number, not inf"),
        ({"execution": {"timeout": True}}, "execution.timeout: must be a number, not true or false"),
        ({"execution": {"timeout": float("inf")}}, "execution.timeout: must be a finite number, not inf"),
    ],
)
def test_faults(extra: Mapping[str, object], message: str) -> None:
    found = problem_of({**LEAST, **extra})
    assert found == message or (found.startswith(message) and message.endswith(("are", ",", ";", "mean", ".sa", "med")))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "holds a list; a sweep is a mapping with at least method and parameters"),
        ("method", "holds text; a sweep is a mapping with at least method and parameters"),
        (None, "holds nothing; a sweep is a mapping with at least method and parameters"),
        ({}, "needs a method; write method: and one of grid, random, bayes"),
        (
            {"method": "random"},
            "needs parameters; write at least one, such as parameters: {lr: {min: 0.001, max: 0.1}}",
        ),
    ],
)
def test_faults_of_the_whole(data: object, message: str) -> None:
    assert problem_of(data) == message


class TestPlacing:
    LINES = Lines(
        {"parameters": 2, "parameters.lr": 3, "parameters.lr.values": 4, "parameters.lr.values[1]": 6, "x": 9}
    )

    @pytest.mark.parametrize(
        ("where", "line"),
        [
            ("parameters.lr.values[1][0].a", 6),
            ("parameters.lr.values[7]", 4),
            ("parameters.lr.min", 3),
            ("parameters.width", 2),
            ("method", None),
            ("", None),
        ],
    )
    def test_finds_the_longest_part_that_was_written(self, where: str, line: int | None) -> None:
        assert self.LINES(where) == line

    def test_a_fault_is_given_its_source_and_line(self) -> None:
        with pytest.raises(InvalidSweep) as raised:
            from_mapping({**LEAST, "parameters": {"lr": {"min": 3}}}, source="s.yaml", lines=self.LINES)
        assert str(raised.value) == "s.yaml:3: parameters.lr: int_uniform needs max; write min and max"
        assert (raised.value.source, raised.value.line, raised.value.where) == ("s.yaml", 3, "parameters.lr")

    def test_an_unknown_key_has_the_line_of_the_key(self) -> None:
        with pytest.raises(InvalidSweep) as raised:
            from_mapping({**LEAST, "x": 1}, source="s.yaml", lines=self.LINES)
        assert str(raised.value).startswith("s.yaml:9: unknown key 'x'; known are ")

    def test_a_fault_without_lines_has_its_source(self) -> None:
        with pytest.raises(InvalidSweep, match=r"^s\.json: run_cap: must be at least 1, not 0; raise it$"):
            from_mapping({**LEAST, "run_cap": 0}, source="s.json")

    def test_a_fault_is_raised_once(self) -> None:
        with pytest.raises(InvalidSweep) as raised:
            from_mapping({**LEAST, "run_cap": 0})
        assert raised.value.__suppress_context__
